"""A day in sentences: times, people and states in words that a screen reader speaks well. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from bookra.clock import WEEKDAY_NAMES
from bookra.engine.bookings.day import DayBlock, DaySnapshot
from bookra.tui.describe import note_line
from bookra.tui.desk import BookingDetail, CustomerChoice
from bookra.tui.desk.booking import ClassSeats
from bookra.tui.glyphs import word
from bookra.tui.look import Look
from bookra.tui.text import clean

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def day(found: date) -> str:
    """Return ``Monday 23 November 2026``."""
    weekday = WEEKDAY_NAMES[found.weekday()].capitalize()
    return f"{weekday} {found.day} {_MONTHS[found.month - 1]} {found.year}"


def span(look: Look, start: datetime, end: datetime) -> str:
    """Return ``10:00 to 10:45``."""
    return f"{look.time(start)} to {look.time(end)}"


def agenda(look: Look, found: DaySnapshot, blocks: Sequence[DayBlock], today: date) -> list[str]:
    """Return the day: what it is, who is there, and its visits by time with their numbers."""
    is_today = ", today" if found.day == today else ""
    count = f"{len(blocks)} visit{'' if len(blocks) == 1 else 's'}" if blocks else "No visits"
    booked = f", {look.money(found.totals.booked)} booked" if blocks else ""
    names = {column.slug: column.name for column in found.columns}
    there = [
        f"{clean(column.name)} {' and '.join(span(look, a, b) for a, b in column.shifts)}"
        for column in found.columns
        if column.shifts
    ]
    return [
        f"{day(found.day)}{is_today}. {count}{booked}.",
        f"Working: {'; '.join(there)}." if there else "Nobody works on this day.",
        *(
            f"{number}. {visit(look, block, names.get(block.staff, block.staff))}"
            for number, block in enumerate(blocks, start=1)
        ),
    ]


def visit(look: Look, block: DayBlock, staff: str) -> str:
    """Return a visit in a line."""
    due = f", {look.money(block.due)} to pay" if block.due.minor > 0 else ""
    who = f"{clean(staff)}: {clean(block.customer)}, {clean(block.service)}"
    when = span(look, block.starts_at, block.ends_at)
    return f"{when}, {who}, {word(block.status).lower()}{due}."


def opened(look: Look, found: BookingDetail) -> list[str]:
    """Return a booking that was opened."""
    who = found.customer
    when = span(look, found.starts_at, found.ends_at)
    what = f"{clean(found.service)} with {clean(found.staff)}"
    paid = f"paid {look.money(found.paid)}, to pay {look.money(found.due)}"
    contact = ", ".join(clean(text) for text in (who.phone, who.email) if text)
    missed = f"{found.no_shows} no-show{'s' * (found.no_shows > 1)} before."
    return [
        f"{found.code}: {clean(who.name)}, {what}, {when}, {word(found.status).lower()}.",
        f"Price {look.money(found.price)}, {paid}.",
        *([f"Contact: {contact}."] if contact else []),
        *([missed] if found.no_shows else []),
        *([f"Note: {note_line(found.notes)}"] if found.notes else []),
    ]


def seats(look: Look, found: ClassSeats) -> list[str]:
    """Return a class with who sits in it."""
    when = span(look, found.starts_at, found.ends_at)
    price = look.money(found.price)
    return [
        f"{found.code}: {clean(found.service)} with {clean(found.staff)}, {when}.",
        f"{len(found.taken)} of {found.capacity} seats are taken. A seat costs {price}.",
        *(
            f"{clean(one.customer)}, {one.code}, {word(one.status).lower()}"
            f"{f', {look.money(one.due)} to pay' if one.due.minor > 0 else ''}."
            for one in found.taken
        ),
    ]


def client(found: CustomerChoice) -> str:
    """Return a client in a line."""
    contact = ", ".join(clean(text) for text in (found.phone, found.email) if text)
    visits = "first visit" if not found.visits else f"{found.visits} visits"
    return ", ".join(part for part in (clean(found.name), contact, visits) if part)
