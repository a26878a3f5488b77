"""What an absence meets, in words: the visits and classes that are in its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from bookra import clock
from bookra.engine.availability.away import Bookable
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError

SHOWN = 12
"""How many of those in the way a message names; the details have them all."""

SESSION = text(
    """
    SELECT x.code, x.starts_at, s.name AS service,
           (SELECT count(*) FROM seats t
             WHERE t.tenant_id = x.tenant_id AND t.session_id = x.id)::int AS seats
      FROM sessions x JOIN services s ON s.tenant_id = x.tenant_id AND s.id = x.service_id
     WHERE x.tenant_id = :tenant_id AND x.id = :id
    """
)


@dataclass(frozen=True, slots=True)
class InTheWay:
    """What an absence meets: a visit, or a class with so many seats sold."""

    code: str
    status: str
    starts_at: datetime
    service: str
    customer: str | None
    seats: int | None = None


def refuse_all(
    tx: Tx, bookable: Bookable, bookings: Sequence[Booking], sessions: Sequence[UUID]
) -> None:
    """Raise ConflictError (``in_the_way``) that lists visits and classes, if there are any."""
    found = listed(tx, bookings, sessions)
    if not found:
        return
    shown = [_line(tx, one) for one in found[:SHOWN]]
    if len(found) > SHOWN:
        shown.append(f"and {len(found) - SHOWN} more")
    raise ConflictError(
        "in_the_way",
        f"{bookable.name} is booked then; nothing was written:\n  " + "\n  ".join(shown),
        hint="Add --displace to put visits into a queue with proposals: bookra displaced list",
        details={"in_the_way": [_details(tx, one) for one in found]},
    )


def listed(tx: Tx, bookings: Sequence[Booking], sessions: Sequence[UUID]) -> list[InTheWay]:
    """Return visits and classes as what is in the way, by time."""
    found = [_visit(booking) for booking in bookings] + [_class(tx, one) for one in sessions]
    return sorted(found, key=lambda one: (one.starts_at, one.code))


def refuse_immovable(
    tx: Tx, bookable: Bookable, bookings: Sequence[Booking], sessions: Sequence[UUID]
) -> None:
    """Raise for what can't be displaced: a visit that is going on, and a class."""
    for booking in bookings:
        if booking.status is Status.IN_SERVICE:
            raise ConflictError(
                "in_service",
                f"{booking.code} ({booking.customer}) is in service with {bookable.name} now",
                hint=f"Complete it first: bookra booking complete {booking.code}",
                details={"in_the_way": [_details(tx, _visit(booking))]},
            )
    for session_id in sessions:
        found = _class(tx, session_id)
        raise ConflictError(
            "class_in_the_way",
            f"The class {_line(tx, found)} needs {bookable.name} then",
            hint=f"Move or cancel it first: bookra class cancel {found.code}",
            details={"in_the_way": [_details(tx, _class(tx, one)) for one in sessions]},
        )


def _visit(booking: Booking) -> InTheWay:
    services = ", ".join(line.service_name for line in booking.lines)
    return InTheWay(
        booking.code, booking.status.value, booking.starts_at, services, booking.customer
    )


def _class(tx: Tx, session_id: UUID) -> InTheWay:
    row = tx.row(SESSION, id=session_id)
    assert row is not None
    return InTheWay(row.code, "class", row.starts_at, row.service, None, row.seats)


def _line(tx: Tx, found: InTheWay) -> str:
    local = found.starts_at.astimezone(tx.tenant.zone)
    who = found.customer or f"{found.seats} seats sold"
    return f"{found.code}  {local:%a %d %b %H:%M}  {found.service}, {who} ({found.status})"


def _details(tx: Tx, found: InTheWay) -> dict[str, object]:
    """Return what is in the way as scripts get it."""
    details: dict[str, object] = {
        "code": found.code,
        "status": found.status,
        "start": clock.rfc3339(found.starts_at, tx.tenant.zone),
        "service": found.service,
        "customer": found.customer,
    }
    return details if found.seats is None else {**details, "seats": found.seats}
