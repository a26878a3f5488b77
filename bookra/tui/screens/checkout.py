"""Check-out: the bill, a way to pay, a tip if there is one. Three keys in cash: `x` `c` ⏎.

Parts are paid one after the other: the bill comes back with the rest. Prices are the desk's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from bookra.engine.bookings.day import DayBlock
from bookra.errors import BookraError
from bookra.tui.describe import line, lines
from bookra.tui.desk import Done
from bookra.tui.desk.booking import Again
from bookra.tui.desk.checkout import ProductChoice, Tab
from bookra.tui.front import Front
from bookra.tui.messages import Refused, Written
from bookra.tui.messages_booking import AgainFound, ProductsLoaded, TabLoaded
from bookra.tui.screens import checkout_steps, checkout_words
from bookra.tui.screens.checkout_fields import PaymentFields
from bookra.tui.screens.checkout_steps import METHODS, Entries, Offered
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean
from bookra.tui.work import WRITES


class CheckOutDialog(Dialog[Written]):
    """Takes what a booking owes, all at once or in parts."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding("plus" if key == "+" else key, f"way('{key}')", show=False) for key in METHODS),
        Binding("enter", "submit", show=False),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("tab", "field(1)", show=False, priority=True),
        Binding("shift+tab", "field(-1)", show=False, priority=True),
        Binding("b", "again", show=False),
    ]

    def __init__(self, front: Front, block: DayBlock) -> None:
        super().__init__(front, f"Check out {front.look.glyphs.divider} {clean(block.customer)}")
        self._block = block
        self._tab: Tab | None = None
        self._again: Again | None = None
        self._step = ""
        self._then: Callable[[Tab], None] | None = None
        self._products: tuple[ProductChoice, ...] = ()
        self._offered: list[Offered] = []
        self._last: Written | None = None

    def body(self) -> Sequence[Widget]:
        """Put the bill above the fields of a way to pay, and the ways below."""
        choices = OptionList(id="choices", compact=True, markup=False)
        choices.can_focus = False
        choices.display = False
        bill, ways = Static("Reading …", id="bill", markup=False), Static(id="paying", markup=False)
        return [bill, ways, PaymentFields(), choices]

    def on_mount(self) -> None:
        """Open the bill: others may have taken money for it meanwhile."""
        self._read()
        call = partial(self.front.desk.again, self._block.code)
        self.front.work.ask(self, "again", call, AgainFound)

    def _read(self) -> None:
        self.front.work.ask(self, "tab", partial(self.front.desk.tab, self._block.code), TabLoaded)

    def changed(self, subjects: tuple[str, ...]) -> None:
        """Read the bill again: it may have been paid elsewhere."""
        del subjects
        if self.is_current and not self.front.work.busy(WRITES) and self._last is None:
            self._read()

    def on_again_found(self, message: AgainFound) -> None:
        """Remember when the client would come next, to offer it."""
        self._again = message.again
        self._show()

    def on_tab_loaded(self, message: TabLoaded) -> None:
        """Show the bill; after a payment, close if it was the last one."""
        self._tab, last, self._last = message.tab, self._last, None
        if last is not None and not message.tab.due and self._step != "price":
            self._close(last)
            return
        if last is not None:
            self.app.base.written(last)  # type: ignore[attr-defined]
            self._enter("")
        self._show()
        then, self._then = self._then, None
        if then is not None:
            then(message.tab)

    def _close(self, last: Written) -> None:
        offer = checkout_words.next_visit(self.front.look, self._again)
        self.dismiss(Written(last.ticket, last.done, f"{last.said}{offer}"))

    # Steps

    def action_way(self, key: str) -> None:
        """Choose a way to pay, or what is changed of the bill."""
        if self._step:
            return
        if self._tab is None:
            self._then = lambda _: self.action_way(key)  # pressed before the bill came
        elif key in checkout_words.unusable(self._tab):
            self.say(checkout_words.why_unusable(self._tab, key), "$text-warning")
        else:
            self._enter(METHODS[key])

    def _enter(self, step: str) -> None:
        self._step = step
        self.say("")
        self.query_one(PaymentFields).begin(step)
        self.query_one("#paying").display = not step
        if step == "goods" and not self._products:
            call = self.front.desk.products
            self.front.work.ask(
                self, "products", call, lambda ticket, p: ProductsLoaded(ticket, tuple(p))
            )
        self._show()

    def on_products_loaded(self, message: ProductsLoaded) -> None:
        """List what is sold."""
        self._products = message.products
        self._show()

    def leave(self) -> None:
        """Go back to the bill; from the bill, close."""
        if self._step:
            self._enter("")
        else:
            self.dismiss(None)

    def action_move(self, step: int) -> None:
        """Go along the list; where there is none, to the next field."""
        choices = self.query_one("#choices", OptionList)
        if choices.display:
            (choices.action_cursor_down if step > 0 else choices.action_cursor_up)()
        else:
            self.action_field(step)

    def action_field(self, step: int) -> None:
        """Go to the next field."""
        self.query_one(PaymentFields).go(step)

    def on_input_changed(self) -> None:
        """Add what is typed to the bill, and say what can't be."""
        doubt = self._entries().doubt(self.front.look, self._tab, self._step)
        self.say(doubt, "$text-warning")
        self._show()

    def on_input_submitted(self) -> None:
        """Do what was chosen."""
        self.action_submit()

    def action_submit(self) -> None:
        """Take the payment, or change the bill; with nothing due, end the visit."""
        tab = self._tab
        if tab is None:
            return
        if not self._step:
            self._finish(tab)
            return
        try:
            call, said = self._entries().verb(self.front.desk, self.front.look, tab, self._step)
        except BookraError as error:
            self.refuse(error)
            return
        self._write(call, said)

    def _finish(self, tab: Tab) -> None:
        """Note that the visit is over once nothing is due."""
        if tab.due:
            self.say("Choose how it is paid", "$text-warning")
        elif tab.begun and not tab.done:
            said = f"{clean(tab.customer.name)} is done"
            self._write(partial(self.front.desk.complete, tab.code), said)
        else:
            self.dismiss(None)

    def action_again(self) -> None:
        """Book the next visit, once this one is paid."""
        if not self._step and self._tab is not None and not self._tab.due:
            self._book_again()

    # What the desk answers

    def _write(self, call: Callable[[], Done], said: str) -> None:
        self.say("Writing …")
        self.front.work.ask(self, WRITES, call, lambda ticket, done: Written(ticket, done, said))

    def on_written(self, message: Written) -> None:
        """Wait for what Stripe says, or read the bill again."""
        tab = self._tab
        if self._step in ("link", "card") and tab is not None:
            from bookra.tui.screens.checkout_waiting import WaitingDialog

            self.app.base.written(message)  # type: ignore[attr-defined]
            before = tab.asked.id if tab.asked and tab.asked.state == "failed" else ""
            self._enter("")
            self.query_one(".dialog").visible = False  # a smaller box is to lie on nothing
            waiting = WaitingDialog(self.front, tab, before, self._again)
            self.app.push_screen(waiting, self._waited)
        elif tab is not None and not self._step:
            self._close(message)
        else:
            self._last = message
            self._step = "price" if self._step in ("discount", "goods") else self._step
            self._read()

    def _waited(self, answer: str | None) -> None:
        """Go on after the wait: the visit is done, or paid in another way."""
        self.query_one(".dialog").visible = True
        if answer == "failed":
            self._read()
            self.say("It was declined. Take it in another way", "$text-error")
        elif answer is None:
            self.dismiss(None)
        elif answer == "again":
            self._book_again()
        else:
            self._then = lambda tab: None if tab.due else self._finish(tab)
            self._read()

    def _book_again(self) -> None:
        from bookra.tui.screens.rebook import RebookDialog

        base = self.app.base  # type: ignore[attr-defined]
        dialog = RebookDialog(self.front, self._block, self._again)
        self.dismiss(None)
        base.call_later(self.app.push_screen, dialog, base.written)

    def on_refused(self, message: Refused) -> None:
        """Say what went wrong; nothing that was typed is lost."""
        if message.lane != "again":
            last, self._last = self._last, None
            if last is not None:
                self.dismiss(last)  # it was taken; only the bill can't be read again
            else:
                self.refuse(message.error)

    # What is shown

    @property
    def _width(self) -> int:
        """Cells of a line of the bill: those of the box, once it is laid out."""
        room = self.query_one("#bill").container_size.width
        return min(room or checkout_words.WIDTH, checkout_words.WIDTH)

    def on_resize(self) -> None:
        """Write the bill as wide as there is room now."""
        if self.is_mounted:
            self._show()

    def _entries(self) -> Entries:
        index, offered = self.query_one("#choices", OptionList).highlighted, self._offered
        chosen = offered[index].what if index is not None and index < len(offered) else None
        return self.query_one(PaymentFields).entries(chosen)

    def _show(self) -> None:
        tab, look = self._tab, self.front.look
        if tab is None:
            return
        entries = self._entries() if self._step else Entries()
        tip, part = entries.sums(tab)
        width = self._width
        parts = entries.parts(tab)
        rows = checkout_words.bill(look, tab, tip, part, parts, width)
        self.query_one("#bill", Static).update(lines(rows))
        self._show_choices(tab)
        self.query_one(PaymentFields).offer_shares(look, tab, self._step)
        ways = checkout_words.ways(look, tab, width)
        self.query_one("#paying", Static).update(lines([line(), *ways]))
        if self._step:
            self.show_hints(*checkout_steps.keys(look, self._step, shared=bool(parts)))
        elif tab.due:
            self.show_hints(("esc", "close"))
        else:
            again = [("b", "book again")] if self._again is not None else []
            self.show_hints((look.glyphs.enter, "done"), *again, ("esc", "close"))

    def _show_choices(self, tab: Tab) -> None:
        choices, typed = self.query_one("#choices", OptionList), self.query_one("#entry", Input)
        found = checkout_steps.offered(
            self.front.look, self._step, tab, self._products, typed.value
        )
        choices.display = bool(found)
        if found != self._offered:
            self._offered = found
            choices.set_options([Option(each.said) for each in found])
            choices.highlighted = 0 if found else None
