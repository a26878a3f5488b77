"""Every key of the front desk, once: bindings, footer, help and palette are read from here.

Desk verbs are plain letters: control keys collide with terminals, tmux and editors. Each
binding has an id, so that it can be remapped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that the operator can do.

    ``keys`` are Textual's names, ``shown`` is what a person reads. ``word`` stands in the
    footer (none: not shown there), ``help`` in the help and the palette. ``writes`` actions
    are refused while the desk is read-only or its data old; ``needs_booking`` ones on free time.
    """

    id: str
    keys: str
    shown: str
    run: str
    help: str
    group: str
    word: str = ""
    writes: bool = False
    needs_booking: bool = False

    def binding(self) -> Binding:
        """Return this action as Textual binds it."""
        return Binding(
            self.keys, self.run, self.word or self.help, key_display=self.shown, id=self.id
        )

    def key(self, *, ascii_only: bool) -> str:
        """Return the key as a person reads it."""
        return _PLAIN_KEYS.get(self.shown, self.shown) if ascii_only else self.shown

    @property
    def name(self) -> str:
        """The action's method, without arguments."""
        return self.run.partition("(")[0]


_PLAIN_KEYS = {"⏎": "Enter", "⇧tab": "S-tab", "↑ k": "k", "↓ j": "j", "← h": "h", "→ l": "l"}
BOOKINGS, DAYS, MOVES, PROGRAM = "Bookings", "Days", "Move around", "Program"

DAY = (
    Action("booking.new", "n", "n", "new", "Book at the cursor", BOOKINGS, "Book", writes=True),
    Action(
        "booking.check-in", "i", "i", "check_in", "Check the client in", BOOKINGS, "Check in",
        writes=True, needs_booking=True,
    ),
    Action(
        "booking.check-out", "x", "x", "check_out", "Check out: take what is due", BOOKINGS,
        "Check out", writes=True, needs_booking=True,
    ),
    Action(
        "booking.cancel", "c", "c", "cancel", "Cancel the booking", BOOKINGS, "Cancel",
        writes=True, needs_booking=True,
    ),
    Action(
        "booking.open", "enter", "⏎", "open", "Open; on free time, book", BOOKINGS,
        "Open",
    ),
    Action("why", "y", "y", "why", "Why is this not free?", BOOKINGS, "Why not"),
    Action("day.previous", "left_square_bracket", "[", "day(-1)", "The day before", DAYS, "Day"),
    Action("day.next", "right_square_bracket", "]", "day(1)", "The day after", DAYS, "Day"),
    Action("day.now", "full_stop", ".", "now", "Today, now", DAYS, "Now"),
    Action("zoom.in", "plus,equals_sign", "+", "zoom(1)", "Show time larger", DAYS, "Zoom"),
    Action("zoom.out", "minus", "-", "zoom(-1)", "Show time smaller", DAYS, "Zoom"),
    Action("lock", "L", "L", "lock", "Lock and unlock writing", PROGRAM),
    Action("help", "question_mark", "?", "help", "All keys", PROGRAM, "Keys"),
    Action("quit", "q", "q", "quit", "Leave the front desk", PROGRAM, "Quit"),
)  # fmt: skip
"""What the day screen does."""

GRID = (
    Action("move.up", "up,k", "↑ k", "move(0,-1)", "Up one row", MOVES),
    Action("move.down", "down,j", "↓ j", "move(0,1)", "Down one row", MOVES),
    Action("move.left", "left,h", "← h", "move(-1,0)", "To the person at the left", MOVES),
    Action("move.right", "right,l", "→ l", "move(1,0)", "To the person at the right", MOVES),
    Action("move.hop", "tab", "tab", "hop(1)", "Next booking", MOVES),
    Action("move.hop-back", "shift+tab", "⇧tab", "hop(-1)", "Previous booking", MOVES),
    Action("move.page-up", "pageup", "pgup", "move(0,-8)", "Up eight rows", MOVES),
    Action("move.page-down", "pagedown", "pgdn", "move(0,8)", "Down eight rows", MOVES),
    Action("move.first", "home", "home", "edge(-1)", "Start of the day", MOVES),
    Action("move.last", "end", "end", "edge(1)", "End of the day", MOVES),
)
"""How the cursor moves on the grid."""

APP = (Action("palette", "colon", ":  ^p", "app.command_palette", "Search all commands", PROGRAM),)
"""What works on every screen."""

BAR_ORDER = (
    "booking.new", "booking.check-in", "booking.check-out", "booking.cancel", "booking.open", "why",
    "day.previous", "day.next", "day.now", "zoom.in", "zoom.out", "quit",
)  # fmt: skip
"""The footer, most needed first: what does not fit is left out from the end. Equal words join."""


def bindings(actions: Iterable[Action]) -> list[BindingType]:
    """Return Textual bindings for some actions."""
    return [action.binding() for action in actions]


def by_id() -> dict[str, Action]:
    """Return every action by its id."""
    return {action.id: action for action in (*DAY, *GRID, *APP)}


def groups(*titles: str) -> dict[str, list[Action]]:
    """Return the actions under some group titles, in the order of the table."""
    found: dict[str, list[Action]] = {title: [] for title in titles}
    for action in by_id().values():
        if action.group in found:
            found[action.group].append(action)
    return found
