"""The day sheet as lines of text: columns that keep their place whatever people are called. Pure.

Every text is made safe to show first, and measured in cells, not in characters.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len

from bookra.engine.reports.day_sheet import DaySheet, SheetPerson, SheetVisit
from bookra.tui.glyphs import word
from bookra.tui.look import Look
from bookra.tui.text import clean, fit, pad

WIDTH = 78
_TIME, _CLIENT, _DUE = 13, 26, 11
_SERVICE = WIDTH - _TIME - _CLIENT - _DUE - 3
_ASIDE = " " * (_TIME + 1)


def sheet_lines(found: DaySheet, *, ascii_only: bool = False) -> Iterator[str]:
    """Return the sheet's lines, without line ends, at most ``WIDTH`` cells wide."""
    look = Look(found.tenant.zone, found.tenant.currency, ascii_only)
    yield clean(found.tenant.name)
    yield f"{look.day(found.day)} {found.day.year}"
    visits = f"{found.visits} visit{'' if found.visits == 1 else 's'}"
    booked, due = f"{look.money(found.booked)} booked", f"{look.money(found.due)} to be paid"
    yield look.joined(visits, booked, due, f"as of {look.time(found.read_at)}")
    for person in found.people:
        yield ""
        yield from _person(look, person)
    if not found.people:
        yield ""
        yield "Nobody works on this day."


def _person(look: Look, one: SheetPerson) -> Iterator[str]:
    shifts = ", ".join(look.span(start, end) for start, end in one.shifts) or "not here"
    name = fit(clean(one.name), WIDTH - cell_len(shifts) - 2, look.glyphs.ellipsis)
    yield pad(name, WIDTH - cell_len(shifts)) + shifts
    yield look.glyphs.head_rule * WIDTH
    for visit in one.visits:
        yield from _visit(look, visit)
    if not one.visits:
        yield "No visits"


def _visit(look: Look, one: SheetVisit) -> Iterator[str]:
    ellipsis = look.glyphs.ellipsis
    due = look.money(one.due) if one.due is not None and one.due.minor > 0 else ""
    cells = (
        pad(look.span(one.starts_at, one.ends_at), _TIME),
        pad(fit(clean(one.customer), _CLIENT, ellipsis), _CLIENT),
        pad(fit(clean(one.service), _SERVICE, ellipsis), _SERVICE),
        f"{due:>{_DUE}}",
    )
    yield " ".join(cells).rstrip()
    state = "" if one.status in ("confirmed", "class") else word(one.status)
    aside = look.joined(one.code, one.phone, state)
    yield _ASIDE + aside
    for guest in one.guests:
        seats = f"{look.glyphs.times}{guest.seats}" if guest.seats > 1 else ""
        who = " ".join(filter(None, (clean(guest.name), seats)))
        yield from _wrapped(look.joined(who, guest.phone))
    if one.notes:
        yield from _wrapped(clean(one.notes))


def _wrapped(text: str) -> Iterator[str]:
    """Break a text at blanks; a word longer than the line is broken where the line ends."""
    room, row = WIDTH - len(_ASIDE), ""
    for given in text.split(" "):
        part = given
        if row and cell_len(row) + 1 + cell_len(part) > room:
            yield _ASIDE + row
            row = ""
        while cell_len(part) > room:
            head = pad(part, room).rstrip()
            yield _ASIDE + head
            part = part[len(head) :]
        row = f"{row} {part}" if row else part
    if row:
        yield _ASIDE + row
