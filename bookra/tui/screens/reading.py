"""Dialogs that only tell something: all keys, why a time is not free, a booking opened."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from bookra.engine.bookings.day import DayBlock
from bookra.tui import actions, describe
from bookra.tui.actions import Action, Table
from bookra.tui.actions.day import named as named_verbs
from bookra.tui.actions.program import SCREENS
from bookra.tui.describe import line, lines
from bookra.tui.front import Front
from bookra.tui.messages import DetailLoaded, ReasonsFound, Refused
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean
from bookra.tui.widgets.day_grid.cursor import Pointed

_CLOSES: list[BindingType] = [
    Binding("enter", "back", "Close", show=False),
    Binding("q", "back", "Close", show=False),
]


class HelpDialog(Dialog[None]):
    """Every key, by what it is for."""

    HORIZONTAL_BREAKPOINTS = [(0, "-slim"), (114, "-broad")]  # noqa: RUF012  as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-low"), (36, "-high"), (60, "-tall")]  # noqa: RUF012
    HINTS = (("j k", "more"), ("esc", "close"))
    BINDINGS: ClassVar[list[BindingType]] = [
        *_CLOSES,
        Binding("question_mark", "back", "Close", show=False, id="help"),
        Binding("down,j,pagedown", "scroll(8)", show=False),
        Binding("up,k,pageup", "scroll(-8)", show=False),
    ]

    def __init__(self, front: Front, table: Table) -> None:
        super().__init__(front, "Keys")
        self._table = table

    def body(self) -> Sequence[Widget]:
        """List the screen's action table in two columns of about the same height."""
        groups = list(actions.groups(self._table).items())
        heights = [3 if title == SCREENS else len(group) + 2 for title, group in groups]
        half = next(n for n in range(len(groups)) if sum(heights[: n + 1]) * 2 >= sum(heights))
        columns = (groups[: half + 1], groups[half + 1 :])
        return [Static(self._column(column), markup=False) for column in columns]

    def on_resize(self) -> None:
        """Name the keys that show more only where there is more."""
        self.call_after_refresh(self._name_keys)

    def _name_keys(self) -> None:
        more = self.query_one(".dialog-body").max_scroll_y > 0
        self.show_hints(*self.HINTS[0 if more else 1 :])

    def action_scroll(self, rows: int) -> None:
        """Show more, where the terminal is too low for all of it."""
        self.query_one(".dialog-body").scroll_relative(y=rows, animate=False)

    def _column(self, groups: Sequence[tuple[str, Sequence[Action]]]) -> Content:
        rows: list[Content] = []
        for title, group in groups:
            rows += [line()] if rows else []
            rows.append(line((title, "bold")))
            if title == SCREENS:
                rows.append(self._screens(group))
                continue
            for one in group:
                rows.append(line((f"{self.front.key(one):<7}", "bold $text-accent"), one.help))
        return lines(rows)

    def _screens(self, group: Sequence[Action]) -> Content:
        """Name the screens in one line, by their numbers where those are their keys."""
        between = f" {self.front.look.glyphs.divider} "
        if self.front.keys.keys().isdisjoint(one.id for one in group):
            names = between.join(one.word for one in group)
            return line((f"{'1-6':<7}", "bold $text-accent"), names)
        return line(between.join(f"{self.front.key(one)} {one.word}" for one in group))


class CommandsDialog(Dialog[None]):
    """What was done at this desk, as the commands that do the same."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *_CLOSES,
        Binding("exclamation_mark", "back", "Close", show=False, id="command"),
    ]

    def __init__(self, front: Front) -> None:
        super().__init__(front, "As commands")

    def body(self) -> Sequence[Widget]:
        """List them, the newest first."""
        found = [line(clean(command)) for command in self.front.sitting.commands[:12]]
        return [Static(lines(found or [line("Nothing was done yet")]), markup=False)]


class WhyDialog(Dialog[None]):
    """What keeps a time from being booked, in order, and what would open it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *_CLOSES,
        Binding("y", "back", "Close", show=False, id="why"),
    ]

    def __init__(self, front: Front, pointed: Pointed) -> None:
        look = front.look
        super().__init__(front, f"Why not {look.time(pointed.at)} with {pointed.staff_name}?")
        self._pointed = pointed

    def body(self) -> Sequence[Widget]:
        """Leave room for the reasons, which are on their way."""
        return [Static("Asking …", markup=False)]

    def on_mount(self) -> None:
        """Ask for the reasons."""
        call = partial(self.front.desk.why, None, self._pointed.staff, self._pointed.at)
        self.front.work.ask(self, "why", call, lambda ticket, r: ReasonsFound(ticket, tuple(r)))

    def on_reasons_found(self, message: ReasonsFound) -> None:
        """Number the reasons."""
        numbered = [
            line((f"{number}  ", "bold $text-accent"), clean(reason))
            for number, reason in enumerate(message.reasons, start=1)
        ]
        free = line((self.front.look.glyphs.live, "$text-success"), "  Nothing: it is free")
        self.query_one(".dialog-body Static", Static).update(lines(numbered or [free]))

    def on_refused(self, message: Refused) -> None:
        """Say why there is no answer."""
        self.query_one(".dialog-body Static", Static).update("")
        self.refuse(message.error)


class DetailDialog(Dialog[str]):
    """A booking with its client and its money. Answers with the verb that was chosen here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *_CLOSES,
        *(
            Binding(action.keys, f"verb('{action.name}')", action.help, show=False, id=action.id)
            for action in actions.DAY
            if action.needs_booking
        ),
    ]

    def __init__(self, front: Front, block: DayBlock, staff: str) -> None:
        super().__init__(front, "Booking")
        self._block = block
        self._staff = staff

    def body(self) -> Sequence[Widget]:
        """Show what the day knows already."""
        known = describe.booking(self.front.look, self._block, self._staff)
        return [Static(lines(known), markup=False)]

    def on_mount(self) -> None:
        """Open the booking for the rest."""
        due = self._block.due.minor > 0
        verbs = [actions.by_id()[name] for name in named_verbs(self._block.status, due=due)]
        named = [(self.front.key(one), (one.word or one.help).lower()) for one in verbs]
        self.show_hints(*named, ("esc", "close"))
        call = partial(self.front.desk.detail, self._block.code)
        self.front.work.ask(self, "detail", call, DetailLoaded)

    def on_detail_loaded(self, message: DetailLoaded) -> None:
        """Show all of it."""
        content = lines(describe.opened(self.front.look, message.detail))
        self.query_one(".dialog-body Static", Static).update(content)

    def on_refused(self, message: Refused) -> None:
        """Say why it can't be opened; what the day knows stays."""
        self.refuse(message.error)

    def action_verb(self, verb: str) -> None:
        """Close, and do the verb to this booking."""
        self.dismiss(verb)
