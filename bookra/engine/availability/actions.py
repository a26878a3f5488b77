"""Verbs of availability: list slots and explain a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import NamedTuple

from bookra import clock
from bookra.engine.availability import slots, why
from bookra.engine.availability.store import load_window
from bookra.engine.availability.window import Window
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError
from bookra.money import Money

NEAREST = 3
NEAREST_DAYS = 14
MAX_DAYS = 366


class Slot(NamedTuple):
    """An open start: the visit's span, who performs it, and the price as the catalogue has it.

    A tuple, since a month of many people has tens of thousands.
    """

    start: datetime
    end: datetime
    staff: str
    service: str
    price: Money


@dataclass(frozen=True, slots=True)
class Answer:
    """Why a time is free or not. ``nearest`` holds the closest open starts of the same person."""

    free: bool
    reasons: tuple[why.Reason, ...]
    nearest: tuple[Slot, ...]


def find_slots(
    tx: Tx, service: str, staff: str | None, first_day: date, days: int, limit: int | None = None
) -> list[Slot]:
    """Return open starts by time and then staff, in one round trip. ``staff`` None is anybody."""
    if not 1 <= days <= MAX_DAYS:
        raise InvalidInputError("bad_days", f"{days} days is not between 1 and {MAX_DAYS}")
    window = load_window(tx, service, staff, first_day, days)
    return list(islice(_slots(window, slots.free_at(window).items()), limit))


def explain_start(tx: Tx, service: str, staff: str, at: datetime) -> Answer:
    """Return why ``at`` is free or not for a person, with the nearest open starts."""
    window = window_at(tx, service, staff, at)
    person = window.staff[0]
    refused = why.reasons(window, person, clock.to_epoch(at))
    return Answer(not refused, tuple(refused), nearest(tx, service, staff, at) if refused else ())


def window_at(tx: Tx, service: str, staff: str | None, at: datetime) -> Window:
    """Return the window of the local day of ``at``."""
    return load_window(tx, service, staff, clock.local_day(at, tx.tenant.zone), 1)


def nearest(tx: Tx, service: str, staff: str | None, at: datetime) -> tuple[Slot, ...]:
    """Return the open starts closest to ``at``, from the day before until two weeks after."""
    today = clock.local_day(tx.now, tx.tenant.zone)
    first = max(today, clock.local_day(at, tx.tenant.zone) - timedelta(days=1))
    window = load_window(tx, service, staff, first, NEAREST_DAYS)
    wanted = clock.to_epoch(at)
    closest = sorted(slots.open_starts(window), key=lambda start: (abs(start[0] - wanted), start))
    return tuple(_slots(window, [(start, [index]) for start, index in sorted(closest[:NEAREST])]))


def _slots(window: Window, free_at: Iterable[tuple[int, list[int]]]) -> Iterator[Slot]:
    """Yield the slots of starts and who is free at them; slots of one time share its instants."""
    service, price = window.service.slug, window.service.price
    length = timedelta(minutes=window.service.minutes)
    names = [person.slug for person in window.staff]
    for epoch, free in free_at:
        start = clock.from_epoch(epoch)
        end = start + length
        for index in free:
            yield Slot(start, end, names[index], service, price)
