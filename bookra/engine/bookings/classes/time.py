"""The time that a class takes of its teacher and of one unit of each pool it needs.

Checked by the rules that booking a visit goes by, except for those that bind customers alone:
notice, horizon, the grid and daily limits. ``anyway`` also sets aside when people work and when
the class is offered; what is allocated, never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from bookra import clock
from bookra.engine.availability import starts, why
from bookra.engine.availability.asked import visit_of
from bookra.engine.availability.starts import Performer
from bookra.engine.availability.store import load_window
from bookra.engine.availability.visits import Claim, Planned
from bookra.engine.availability.why import Reason
from bookra.engine.availability.window import Window
from bookra.engine.bookings.holds import release_lapsed_in_the_way
from bookra.engine.bookings.locks import lock_bookables
from bookra.engine.bookings.refusing import TAKEN
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.auditing import keep
from bookra.errors import BookraError, ConflictError, InvalidInputError
from bookra.ids import new_id

FOR_CUSTOMERS = frozenset({"notice", "horizon", "granularity", "limit"})
HOURS = frozenset({"outside_shift", "closed", "service_hours", "external_busy"})
ROUNDS = 3
"""How often another room is looked for when somebody has just taken the one that was free."""

REACH = timedelta(days=1)

ALLOCATE = text(
    """
    INSERT INTO allocations (tenant_id, id, bookable_id, starts_at, ends_at, kind, session_id)
    VALUES (:tenant_id, :id, :bookable_id, :starts_at, :ends_at, 'session', :session_id)
    ON CONFLICT ON CONSTRAINT allocations_no_overlap DO NOTHING
    """
)
RELEASE = text("DELETE FROM allocations WHERE tenant_id = :tenant_id AND session_id = :session_id")


Write = Callable[[Performer, datetime], UUID]
"""Writes the session that the claims refer to, given who gives it and when it ends."""


class Wanted(NamedTuple):
    """A class that is to take place: which, by whom, when."""

    service: str
    staff: str
    at: datetime
    anyway: bool = False


def queue_for_time(tx: Tx, wanted: Iterable[Wanted]) -> None:
    """Lock all people and units that some classes could take, once, before any of them claims.

    Lapsed holds on them expire between the first class and the last.
    """
    by_teacher: dict[tuple[str, str], list[Wanted]] = {}
    for each in wanted:
        by_teacher.setdefault((each.service, each.staff), []).append(each)
    bookables: set[UUID] = set()
    for classes in by_teacher.values():
        window = _window(tx, classes[0])
        ids = [person.id for person in window.staff] + [unit.id for unit in window.units]
        times = [each.at for each in classes]
        release_lapsed_in_the_way(tx, ids, min(times) - REACH, max(times) + REACH)
        bookables.update(ids)
    lock_bookables(tx, bookables)


def take_time(tx: Tx, wanted: Wanted, write: Write) -> UUID:
    """Write a session and claim its teacher and a free unit of each pool; returns its id.

    The caller has locked them (``queue_for_time``). Raises InvalidInputError ``past``,
    ConflictError ``slot_taken`` or ``not_offered`` with every reason.
    """
    for _ in range(ROUNDS):
        window = _window(tx, wanted)
        performer = _check(window, wanted)
        savepoint = tx.connection.begin_nested()
        session_id = write(performer, wanted.at + timedelta(minutes=performer.service.minutes))
        if all(_allocate(tx, claim, session_id) for claim in _claims(window, performer, wanted)):
            keep(tx, savepoint)
            return session_id
        savepoint.rollback()
    raise ConflictError("slot_taken", "Somebody keeps taking that time", hint="Look at: bookra day")


def give_time_back(tx: Tx, session_id: UUID) -> None:
    """Free the teacher and the units of a session."""
    tx.run(RELEASE, session_id=session_id)


def _window(tx: Tx, wanted: Wanted) -> Window:
    visit = visit_of(wanted.service, wanted.staff)
    day = clock.local_day(wanted.at, tx.tenant.zone)
    return load_window(tx, visit, day, 1, explaining=True)


def _check(window: Window, wanted: Wanted) -> Performer:
    """Return who gives the class, or raise for the first reason why they can't."""
    person = window.staff[0]
    set_aside = FOR_CUSTOMERS | HOURS if wanted.anyway else FOR_CUSTOMERS
    reasons = why.reasons(window, person, clock.to_epoch(wanted.at))
    refused = [reason for reason in reasons if reason.rule not in set_aside]
    if refused:
        raise _refusal(refused)
    return starts.performers(window, 0)[0]


def _refusal(refused: list[Reason]) -> BookraError:
    first = refused[0]
    if first.rule == "past":
        return InvalidInputError("past", first.message, hint="Choose a later time")
    hint = f"It would need {first.opens_if}"
    if all(reason.rule in HOURS for reason in refused):
        hint += ", or --anyway"
    return ConflictError(
        "slot_taken" if first.rule in TAKEN else "not_offered",
        first.message,
        hint=hint,
        details={"reasons": [{"rule": r.rule, "message": r.message} for r in refused]},
    )


def _claims(window: Window, performer: Performer, wanted: Wanted) -> list[Claim]:
    """Return what the class takes: the first free unit of each pool, in the order of the slugs."""
    start, service = clock.to_epoch(wanted.at), performer.service
    units = []
    for need in service.needs:
        blocks = service.blocks_of(need.span)
        if not blocks:
            continue
        unit = next(
            unit
            for unit in starts.units_for(window, need, performer.person)
            if any(low <= start <= high for low, high in starts.unit_fits(window, unit, blocks))
        )
        units.append((unit, blocks))
    claims = Planned(performer, start, tuple(units)).claims()
    return sorted(claims, key=lambda claim: (str(claim.bookable_id), claim.start))


def _allocate(tx: Tx, claim: Claim, session_id: UUID) -> bool:
    return bool(
        tx.run(
            ALLOCATE,
            id=new_id(),
            bookable_id=claim.bookable_id,
            starts_at=clock.from_epoch(claim.start),
            ends_at=clock.from_epoch(claim.end),
            session_id=session_id,
        )
    )
