"""Why a visit can't be had, as errors: the first reason, the hint, and the nearest free slots."""

from __future__ import annotations

from datetime import datetime

from bookra import clock
from bookra.engine.availability.actions import explain_visit, nearest_visits
from bookra.engine.availability.answers import Slot
from bookra.engine.availability.asked import VisitWish
from bookra.engine.availability.why import Reason
from bookra.engine.availability.window import Window
from bookra.engine.runtime import Tx
from bookra.errors import BookraError, ConflictError, InvalidInputError

TAKEN = frozenset({"busy", "hold", "buffer", "resource"})
"""Rules that somebody else's booking makes: the slot was there, and is taken."""


def refusal(tx: Tx, visit: VisitWish, at: datetime, window: Window | None = None) -> BookraError:
    """Return the error for a start that is not open, in a window loaded with names or afresh."""
    answer = explain_visit(tx, visit, at, window)
    if not answer.reasons:
        return slot_taken(tx, visit, at, "Somebody was quicker")
    first = answer.reasons[0]
    if first.rule == "past":
        return InvalidInputError("past", first.message, hint="Choose a later time")
    if first.rule in TAKEN:
        return slot_taken(tx, visit, at, first.message, answer.nearest)
    return not_offered(tx, visit, answer.reasons, answer.nearest)


def slot_taken(
    tx: Tx,
    visit: VisitWish,
    at: datetime,
    message: str,
    free: tuple[Slot, ...] | None = None,
) -> ConflictError:
    """Return the conflict of a slot that somebody else has, with the next free ones."""
    if free is None:
        free = nearest_visits(tx, visit, at)
    times = ", ".join(f"{slot.start.astimezone(tx.tenant.zone):%a %H:%M}" for slot in free)
    staff = f" --staff {visit.first.staff}" if visit.first.staff else ""
    return ConflictError(
        "slot_taken",
        f"{message}." + (f" Next free: {times}" if free else " Nothing is free near it"),
        hint=f"Try: bookra slots {visit.first.service}{staff}",
        details={"nearest": [slot_details(tx, slot) for slot in free]},
    )


def not_offered(
    tx: Tx, visit: VisitWish, reasons: tuple[Reason, ...], free: tuple[Slot, ...]
) -> ConflictError:
    """Return the conflict of a start that a rule forbids, with every reason."""
    first = reasons[0]
    return ConflictError(
        "not_offered",
        first.message,
        hint=f"It would need {first.opens_if}. See: bookra slots {visit.first.service}",
        details={
            "reasons": [{"rule": r.rule, "message": r.message} for r in reasons],
            "nearest": [slot_details(tx, slot) for slot in free],
        },
    )


def slot_details(tx: Tx, slot: Slot) -> dict[str, object]:
    """Return a slot as scripts get it: JSON-ready."""
    return {
        "start": clock.rfc3339(slot.start, tx.tenant.zone),
        "end": clock.rfc3339(slot.end, tx.tenant.zone),
        "staff": slot.staff,
        "service": slot.service,
        "price": {"amount_minor": slot.price.minor, "currency": slot.price.currency},
    }
