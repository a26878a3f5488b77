"""The day's keys: what is done with bookings and time, and how the cursor moves."""

from __future__ import annotations

from bookra.tui.actions.action import Action, Table

BOOKINGS, DAYS, MOVES = "Bookings", "Days", "Move around"

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
        "booking.again", "b", "b", "again", "Book again, in the usual weeks", BOOKINGS,
        "Book again", writes=True, needs_booking=True,
    ),
    Action(
        "booking.cancel", "c", "c", "cancel", "Cancel the booking", BOOKINGS, "Cancel",
        writes=True, needs_booking=True,
    ),
    Action(
        "booking.walk-in", "a", "a", "walk_in", "Walk-in: whoever is free first, now", BOOKINGS,
        "Walk-in", writes=True,
    ),
    Action(
        "booking.move", "m", "m", "move", "Move the booking", BOOKINGS, "Move",
        writes=True, needs_booking=True,
    ),
    Action(
        "booking.swap", "s", "s", "swap", "Swap it with another booking", BOOKINGS,
        writes=True, needs_booking=True,
    ),
    Action(
        "booking.no-show", "N", "N", "no_show", "Note a no-show", BOOKINGS,
        writes=True, needs_booking=True,
    ),
    Action(
        "booking.note", "t", "t", "note", "Write a note on the visit", BOOKINGS,
        writes=True, needs_booking=True,
    ),
    Action(
        "booking.done", "d", "d", "done", "The visit is over", BOOKINGS, "Done",
        writes=True, needs_booking=True,
    ),
    Action(
        "booking.open", "enter", "⏎", "open", "Open; on free time, book", BOOKINGS,
        "Open",
    ),
    Action(
        "waitlist.fill", "w", "w", "fill", "Who waits for this time?", BOOKINGS, "Waitlist",
        writes=True,
    ),
    Action("why", "y", "y", "why", "Why is this not free?", BOOKINGS, "Why not"),
    Action(
        "time-off", "o", "o", "time_off", "Time off for the person at the cursor", DAYS,
        "Time off", writes=True,
    ),
    Action(
        "time-off.remove", "O", "O", "time_on", "Remove time off or a block at the cursor", DAYS,
        writes=True,
    ),
    Action("repair", "R", "R", "repair", "Day repair: who lost their time", DAYS, writes=True),
    Action("day.sheet", "p", "p", "sheet", "Print or save the day sheet", DAYS, "Sheet"),
    Action(
        "inspect", "I", "I", "inspect", "All about what is here, over the grid", MOVES
    ),
    Action("jump", "g", "g", "jump", "Jump to a booking by its letters", MOVES),
    Action("day.previous", "left_square_bracket", "[", "day(-1)", "The day before", DAYS, "Day"),
    Action("day.next", "right_square_bracket", "]", "day(1)", "The day after", DAYS, "Day"),
    Action("day.now", "full_stop", ".", "now", "Today, now", DAYS, "Now"),
    Action(
        "view", "v", "v", "view", "Next view: days of one person, week, rooms", DAYS, "View"
    ),
    Action("zoom.in", "plus,equals_sign", "+", "zoom(1)", "Show time larger", DAYS, "Zoom"),
    Action("zoom.out", "minus", "-", "zoom(-1)", "Show time smaller", DAYS, "Zoom"),
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

BAR = (
    "booking.new", "booking.check-in", "booking.check-out", "booking.move", "booking.cancel",
    "booking.walk-in", "booking.open", "why", "waitlist.fill", "time-off",
    "day.previous", "day.next", "day.now", "view", "zoom.in", "zoom.out",
    "day.sheet", "quit",
)  # fmt: skip
"""The footer, most needed first: what does not fit is left out from the end. Equal words join."""

TABLE = Table("day", DAY, BAR)

MOVABLE = frozenset({"held", "confirmed", "checked_in", "displaced"})
"""States of a booking that may go elsewhere."""
FITS = {
    "booking.check-in": frozenset({"confirmed"}),
    "booking.check-out": frozenset(
        {"held", "confirmed", "checked_in", "in_service", "completed", "class"}
    ),
    "booking.done": frozenset({"confirmed", "checked_in", "in_service"}),
    "booking.move": MOVABLE,
    "booking.swap": MOVABLE,
    "booking.cancel": MOVABLE,
    "booking.no-show": frozenset({"confirmed"}),
}
"""The states of a booking in which a verb can be done; the others can in any."""
NAMED = (
    "booking.check-in", "booking.check-out", "booking.cancel", "booking.done", "booking.move",
    "booking.again",
)  # fmt: skip
MOST_NAMED = 3


def named(status: str, *, due: bool) -> tuple[str, ...]:
    """Return what comes next for an opened booking, by ids; once it is over and paid, another."""
    over = status == "completed" and not due
    fitting = [name for name in NAMED if status in FITS.get(name, (status,))]
    return tuple(fitting[-1:] if over else fitting[:MOST_NAMED])
