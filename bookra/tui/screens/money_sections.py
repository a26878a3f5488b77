"""The sections of the money, their keys, and the periods of its takings. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from bookra.tui.desk.money import Period
from bookra.tui.widgets.sections import Section

SECTIONS = (
    Section("takings", "money.takings", "Takings", "section('takings')"),
    Section("entries", "money.entries", "Entries", "section('entries')"),
    Section("drawer", "money.drawer", "Cash drawer", "section('drawer')"),
    Section("day-end", "money.day-end", "Close of day", "section('day-end')"),
)
MANAGERS = (
    Section("bank", "money.bank", "Bank", "bank"),
    Section("pay", "money.pay", "Pay", "pay"),
)
OWN_KEYS = {
    "drawer.open": {"drawer"},
    "drawer.count": {"drawer"},
    "money.save": {"day-end"},
    "money.prove": {"bank"},
    "money.back": {"takings", "day-end"},
    "money.forth": {"takings", "day-end"},
    "money.now": {"takings", "day-end"},
    "money.day": {"takings"},
    "money.week": {"takings"},
    "money.month": {"takings"},
}
"""In which sections an action does something at once; elsewhere its key leads there first."""

NOTHING = {
    "takings": "There is nothing to open: nothing was sold in this time",
    "entries": "There is nothing to open: nothing was posted yet",
    "drawer": "There is nothing to open: nothing was done with the drawer yet",
    "bank": "There is nothing to open: Stripe has paid nothing to the bank yet",
    "pay": "There is nothing to open: there are no pay runs yet",
}
"""Why the open key does nothing in a section without rows."""


def period_of(day: date, step: str) -> Period:
    """Return the day, the week from Monday or the month that a day is in."""
    if step == "week":
        first = day - timedelta(days=day.weekday())
        return Period(first, first + timedelta(days=6), step)
    if step == "month":
        first = day.replace(day=1)
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        return Period(first, last, step)
    return Period(day, day)
