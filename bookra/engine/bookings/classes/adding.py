"""Adding sessions of a class: one, or one every so often, all of them or none.

Locks: every person and unit that any of them could take, at once and before the first claims.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from bookra import clock
from bookra.engine.availability.sessions import Session, find_class, session_by_id, sessions_at
from bookra.engine.availability.starts import Performer
from bookra.engine.bookings.classes.time import Wanted, queue_for_time, take_time
from bookra.engine.bookings.recurring.recurrence import Every, wanted_days
from bookra.engine.catalog.model import Service
from bookra.engine.runtime import Tx
from bookra.errors import BookraError, ConflictError, InvalidInputError
from bookra.ids import booking_code, new_id

MAX_CAPACITY = 1000
CODE_ATTEMPTS = 8

INSERT = text(
    """
    INSERT INTO sessions (tenant_id, id, code, service_id, staff_id, starts_at, ends_at, capacity,
                          created_at)
    VALUES (:tenant_id, :id, :code, :service_id, :staff_id, :starts_at, :ends_at, :capacity, :now)
    ON CONFLICT (tenant_id, code) DO NOTHING
    """
)


@dataclass(frozen=True, slots=True)
class NewClass:
    """What sessions are added with: one at ``at``, or ``count`` of them, one ``every`` so often.

    ``capacity`` None is the service's own; ``anyway`` sets working hours aside.
    """

    service: str
    staff: str
    at: datetime
    capacity: int | None = None
    every: Every | None = None
    count: int = 1
    anyway: bool = False


class _Conflict(NamedTuple):
    """A session that can't be added, and why."""

    start: str
    code: str
    message: str


def add_sessions(tx: Tx, new: NewClass) -> list[Session]:
    """Add sessions of a class, all of them or none; those that exist already stay as they are.

    Raises InvalidInputError for the past and for what is no class, ConflictError ``slot_taken`` or
    ``not_offered`` for one session, ``class_conflicts`` with each of several that can't be added.
    """
    service = find_class(tx, new.service)
    capacity = checked_capacity(service.capacity if new.capacity is None else new.capacity)
    times, conflicts = _times(tx, new)
    wanted = [Wanted(service.slug, new.staff, at, new.anyway) for at in times]
    queue_for_time(tx, wanted)
    added: list[Session] = []
    for each in wanted:
        try:
            added.append(_add(tx, service, each, capacity))
        except BookraError as error:
            if new.every is None:
                raise
            start = clock.rfc3339(each.at, tx.tenant.zone)
            conflicts.append(_Conflict(start, error.code, error.message))
    if conflicts:
        raise _conflicts(service, conflicts, new.count)
    return added


def checked_capacity(capacity: int | None) -> int:
    """Return a number of seats that a session may have; raises InvalidInputError."""
    if capacity is None or not 1 <= capacity <= MAX_CAPACITY:
        raise InvalidInputError("bad_capacity", f"A class has 1 to {MAX_CAPACITY} seats")
    return capacity


def _times(tx: Tx, new: NewClass) -> tuple[list[datetime], list[_Conflict]]:
    """Return when the sessions start, at the same wall time each day, and which days can't be."""
    if new.every is None:
        return [new.at], []
    local, zone = new.at.astimezone(tx.tenant.zone), tx.tenant.zone
    days = wanted_days(local.date(), new.every, count=new.count, until=None)
    times, conflicts = [new.at], []
    for day in days[1:]:
        start = f"{day}T{local:%H:%M}:00"
        try:
            if day.date is None:
                message = f"There is no {day}: the month is too short"
                raise InvalidInputError("day_missing", message)
            times.append(clock.resolve(datetime.combine(day.date, local.time()), zone))
        except InvalidInputError as error:
            conflicts.append(_Conflict(start, error.code, error.message))
    return times, conflicts


def _add(tx: Tx, service: Service, wanted: Wanted, capacity: int) -> Session:
    """Add one session, or return the one that is there with just these settings."""
    for known in sessions_at(tx, service, wanted.staff, wanted.at):
        if known.capacity == capacity:
            return known
        raise ConflictError(
            "exists",
            f"{known.code} is the same class with {known.capacity} seats",
            hint=f"Change it: bookra class set {known.code} --capacity {capacity}",
            details={"code": known.code},
        )

    def write(performer: Performer, end: datetime) -> UUID:
        return _insert(tx, service, performer, wanted.at, end, capacity)

    session = session_by_id(tx, take_time(tx, wanted, write))
    tx.concerns("session", session.id)
    return session


def _insert(
    tx: Tx, service: Service, performer: Performer, start: datetime, end: datetime, capacity: int
) -> UUID:
    session_id = new_id()
    for attempt in range(CODE_ATTEMPTS):
        inserted = tx.run(
            INSERT,
            id=session_id,
            code=booking_code(f"{tx.tenant.code_prefix}C", 4 + attempt // 2),
            service_id=service.id,
            staff_id=performer.person.id,
            starts_at=start,
            ends_at=end,
            capacity=capacity,
            now=tx.now,
        )
        if inserted:
            return session_id
    raise AssertionError("no free class code in eight tries of growing length")


def _conflicts(service: Service, conflicts: list[_Conflict], count: int) -> ConflictError:
    conflicts = sorted(conflicts)
    shown = "; ".join(f"{found.start[:10]}: {found.message}" for found in conflicts)
    return ConflictError(
        "class_conflicts",
        f"{len(conflicts)} of {count} classes can't take place, so none was added. {shown}",
        hint=f"Choose another time, or somebody else for {service.name}",
        details={"conflicts": [found._asdict() for found in conflicts]},
    )
