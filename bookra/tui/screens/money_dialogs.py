"""Dialogs of the money: counting the drawer, and saving the close of a day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from bookra.errors import BookraError
from bookra.money import Money, parse_amount
from bookra.tui.describe import line, lines
from bookra.tui.desk import Done
from bookra.tui.desk.money_values import DayEnd, Drawer, PayRun
from bookra.tui.front import Front
from bookra.tui.messages import Refused, Written
from bookra.tui.messages_money import DrawerRead
from bookra.tui.screens import day_end_text
from bookra.tui.screens import money_text as text
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean
from bookra.tui.work import WRITES

TITLES = {
    "open": "Open the drawer",
    "count": "Count the drawer",
    "close": "Count and close the drawer",
}


class DrawerDialog(Dialog[Written]):
    """Opens, counts or closes the drawer. The difference is shown before anything is posted."""

    def __init__(self, front: Front, verb: str, drawer: Drawer | None) -> None:
        super().__init__(front, TITLES[verb])
        self._verb = verb
        self._drawer = drawer

    def body(self) -> Sequence[Widget]:
        """Ask for what lies in it; at the close also for what stays there."""
        cash = _field("cash", "What lies in it, such as 100.00")
        left = _field("left", "What stays in it: all of it")
        left.display = False
        return [Static(self._content(), id="count", markup=False), cash, left]

    def on_mount(self) -> None:
        """Begin with the count, and look what should be there by now."""
        self.query_one("#cash", Input).focus()
        self._hint()
        self.front.work.ask(self, "drawer", self.front.desk.drawer, DrawerRead)

    def on_drawer_read(self, message: DrawerRead) -> None:
        """Show what the ledger expects now: others take cash meanwhile."""
        self._drawer = message.drawer
        self._show()

    def on_input_changed(self) -> None:
        """Show what comes of what is typed."""
        self.say("")
        self._show()

    def on_input_submitted(self) -> None:
        """Go to the next field, or do it."""
        try:
            cash, left = self._amount("cash"), self._amount("left")
        except BookraError as error:
            self.refuse(error)
            return
        if cash is None:
            self.say("Count it first, and write what lies in it", "$text-warning")
            return
        stays = self.query_one("#left", Input)
        if self._verb == "close" and not stays.display:
            stays.display = True
            stays.focus()
            self._hint()
            return
        self._write(cash, left)

    def _write(self, cash: Money, left: Money | None) -> None:
        self.say(f"Writing {self.front.look.glyphs.ellipsis}")
        desk, look = self.front.desk, self.front.look
        calls: dict[str, tuple[Callable[[], Done], str]] = {
            "open": (partial(desk.open_drawer, cash), "The drawer is open with"),
            "count": (partial(desk.count_drawer, cash), "Counted:"),
            "close": (partial(desk.close_drawer, cash, left), "The drawer is closed with"),
        }
        call, said = calls[self._verb]
        told = f"{said} {look.money(cash)}"
        self.front.work.ask(self, WRITES, call, lambda ticket, done: Written(ticket, done, told))

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)

    def on_refused(self, message: Refused) -> None:
        """Say what went wrong; nothing that was typed is lost."""
        self.refuse(message.error)

    def leave(self) -> None:
        """Go back to the count, or close."""
        stays = self.query_one("#left", Input)
        if not stays.display:
            super().leave()
            return
        stays.value, stays.display = "", False
        self.query_one("#cash", Input).focus()
        self._hint()

    def _amount(self, field: str) -> Money | None:
        typed = self.query_one(f"#{field}", Input).value.strip()
        return parse_amount(typed, self.front.brand.currency) if typed else None

    def _hint(self) -> None:
        last = self._verb != "close" or self.query_one("#left", Input).display
        done = {"open": "open it", "count": "post it", "close": "close it"}[self._verb]
        self.show_hints((self.front.look.glyphs.enter, done if last else "next"), ("esc", "back"))

    def _show(self) -> None:
        self.query_one("#count", Static).update(self._content())

    def _content(self) -> Content:
        look, found = self.front.look, self._drawer
        expected = found.expected if found else None
        rows = []
        if self._verb != "open" and expected is not None:
            rows.append(_labelled("Should hold", look.money(expected)))
        try:
            cash = self._amount("cash") if self.is_mounted else None
            left = self._amount("left") if self.is_mounted else None
        except BookraError as error:
            return lines([*rows, line((error.message, "$text-warning"))])
        if cash is not None and rows and expected is not None:
            rows += [_labelled("Counted", look.money(cash)), text.difference(look, cash, expected)]
        elif cash is not None:
            rows.append(_labelled("Float", look.money(cash)))
        if cash is not None and left is not None:
            rows.append(self._banked(cash, left))
        return lines(
            rows or [line(("Count what lies in it before the first client", "$text-muted"))]
        )

    def _banked(self, cash: Money, left: Money) -> Content:
        if left.minor > cash.minor:
            return line(("More can't stay in it than was counted", "$text-warning"))
        return _labelled("To the bank", self.front.look.money(cash - left))


class SaveDialog(Dialog[Written]):
    """Saves the close of a day as text, for its owner alone: it names who owes money."""

    def __init__(self, front: Front, end: DayEnd) -> None:
        super().__init__(front, "Save the close of day")
        self._end = end

    def body(self) -> Sequence[Widget]:
        """Propose a name in the current folder."""
        field = _field("path", "The file")
        field.value = f"close-{self._end.day.isoformat()}.txt"
        return [Static(line(("As text, in this file:", "$text-muted")), markup=False), field]

    def on_mount(self) -> None:
        """Begin behind the name."""
        self.query_one("#path", Input).focus()
        self.show_hints((self.front.look.glyphs.enter, "save"), ("esc", "back"))

    def on_input_submitted(self) -> None:
        """Write it."""
        typed = self.query_one("#path", Input).value.strip()
        if not typed:
            self.say("Name the file", "$text-warning")
            return
        content = lines(day_end_text.day_end(self.front.look, self._end)).plain
        text_of = "\n".join(row.rstrip() for row in content.split("\n")) + "\n"
        call = partial(self.front.desk.save_day_end, self._end.day, Path(typed), text_of)
        self.front.work.ask(
            self, WRITES, call, lambda ticket, done: Written(ticket, done, f"Saved as {typed}")
        )

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)

    def on_refused(self, message: Refused) -> None:
        """Say what went wrong; the name is kept."""
        self.refuse(message.error)


class PayRunDialog(Dialog[None]):
    """What a person's pay of a period is made of, and the command that comes next."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "back", "Close", show=False),
        Binding("q", "back", "Close", show=False),
    ]

    def __init__(self, front: Front, run: PayRun) -> None:
        super().__init__(front, f"{clean(run.name)} {front.look.glyphs.divider} {run.period}")
        self._run = run

    def body(self) -> Sequence[Widget]:
        """List its parts."""
        run, look = self._run, self.front.look
        parts = (
            ("Earned", run.earned),
            ("Tips", run.tips),
            ("Taken back", run.clawback),
            ("Chair rent", run.rent),
            ("Carried", run.carried),
            ("To pay", run.net),
        )
        rows = [_labelled(label, look.money(amount)) for label, amount in parts]
        state = f"{text.word(run.state)}{look.also(run.method)}"
        paid = look.also(text.moment(look, run.paid_at)) if run.paid_at else ""
        return [Static(lines([*rows, line(), line(f"{state}{paid}"), *self._next()]), markup=False)]

    def _next(self) -> list[Content]:
        command = {
            "draft": f"bookra payout approve {self._run.period}",
            "approved": f"bookra payout pay {self._run.period} --method bank",
        }.get(self._run.state)
        return [line(("Next: ", "$text-muted"), (command, "$text-accent"))] if command else []


def _field(id_: str, placeholder: str) -> Input:
    field = Input(placeholder=placeholder, id=id_, compact=True, select_on_focus=False)
    field.cursor_blink = False
    return field


def _labelled(label: str, amount: str) -> Content:
    return line((f"{label:<12}", "$text-muted"), (f"{amount:>14}", "bold"))
