"""Taking back what was done on the grid: moves, swaps, arrivals, no-shows, time off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bookra.engine.availability.absences import find_bookable
from bookra.engine.availability.away import TIME_OFF, Absence
from bookra.engine.bookings import moving, taking_back
from bookra.engine.bookings.displacement.displacing import add_absence
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError
from bookra.ids import new_id
from bookra.tui.desk import Done
from bookra.tui.engine_desk.counter import local, words
from bookra.tui.engine_desk.noting import renoted


def _moved(tx: Tx, code: str, line: str, staff: str, at: str) -> Done:
    """Put a line back to where it was."""
    start = datetime.fromisoformat(at)
    moving.move(tx, code, start, staff=staff, line=int(line))
    back = ("--at", local(tx, start), "--staff", staff, "--line", line)
    return Done(code, words("booking", "move", code, *back))


def _swapped(tx: Tx, code: str, other: str) -> Done:
    moving.swap(tx, code, other)
    return Done(code, words("booking", "swap", code, other))


def _checked_in(tx: Tx, code: str) -> Done:
    taking_back.undo_check_in(tx, code)
    return Done(code, words("booking", "show", code))


def _absent(tx: Tx, code: str) -> Done:
    taking_back.undo_no_show(tx, code)
    return Done(code, words("booking", "show", code))


def _taken_off(tx: Tx, absence: str, *codes: str) -> Done:
    """Remove time off, with what it displaced back in its place."""
    taking_back.undo_absence(tx, absence, TIME_OFF, codes)
    return Done(absence, words("time-off", "remove", absence))


def _off_again(tx: Tx, slug: str, kind: str, first: str, last: str, reason: str) -> Done:
    """Write an absence again that was removed; who was booked there meanwhile is in its way."""
    bookable = find_bookable(tx, slug)
    start, until = datetime.fromisoformat(first), datetime.fromisoformat(last)
    wanted = Absence(new_id(), slug, bookable.name, kind, start, until, reason)
    try:
        add_absence(tx, bookable, wanted)
    except ConflictError as error:
        hint = "Move what is booked then first, or leave the time free"
        raise ConflictError(error.code, error.message, hint=hint, details=error.details) from error
    why = ("--reason", reason) if reason else ()
    span = (f"{at.astimezone(bookable.zone):%Y-%m-%dT%H:%M}" for at in (start, until))
    return Done(slug, words(kind, "add", slug, "--from", next(span), "--to", next(span), *why))


GRID_UNDONE: dict[str, Callable[..., Done]] = {
    "unmove": _moved,
    "unswap": _swapped,
    "undo-check-in": _checked_in,
    "undo-no-show": _absent,
    "take-on": _taken_off,
    "off-again": _off_again,
    "renote": renoted,
}
"""The verbs on the grid, by the names that their undo carries."""
