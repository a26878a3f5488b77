"""Why there is no seat in a class: the rule that refuses, and the next classes that have seats."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from bookra.engine.availability.sessions import (
    Session,
    class_nearest,
    day_and_time,
    refusals,
    sessions_at,
)
from bookra.engine.availability.why import Reason
from bookra.engine.bookings.refusing import slot_details
from bookra.engine.catalog.model import Service
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError


class Asked(NamedTuple):
    """What somebody wants of a class; ``seats`` is how many more they need."""

    service: Service
    staff: str | None
    at: datetime
    seats: int


def check(tx: Tx, asked: Asked, found: list[Session]) -> None:
    """Raise for the first rule that refuses."""
    refused = refusals(tx, asked.service, asked.staff, asked.at, found, asked.seats)
    if not refused:
        return
    first = refused[0]
    if first.rule == "past":
        raise InvalidInputError("past", first.message, hint="Choose a later time")
    raise _conflict(tx, asked, first, "class_full" if first.rule == "class_full" else "not_offered")


def too_late(tx: Tx, asked: Asked) -> ConflictError:
    """Return what has become of a class that could be booked a moment ago, or raise it."""
    check(tx, asked, sessions_at(tx, asked.service, asked.staff, asked.at))
    message = f"{asked.service.name} {day_and_time(tx, asked.at)} has just been filled"
    return _conflict(tx, asked, Reason("class_full", message, ""), "class_full")


def _conflict(tx: Tx, asked: Asked, reason: Reason, code: str) -> ConflictError:
    near = class_nearest(tx, asked.service.slug, asked.staff, asked.at, asked.seats)
    times = ", ".join(day_and_time(tx, slot.start) for slot in near)
    return ConflictError(
        code,
        f"{reason.message}." + (f" Seats left: {times}" if near else " No other class has seats"),
        hint=f"See: bookra slots {asked.service.slug} --days 30",
        details={
            "reasons": [{"rule": reason.rule, "message": reason.message}],
            "nearest": [slot_details(tx, slot) for slot in near],
        },
    )
