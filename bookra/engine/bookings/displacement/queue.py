"""The queue of displaced visits: why each lost its time, what is proposed, and the approval.

Proposals (``proposing``) are worked out when somebody looks, and nothing is reserved for them.
Approving one is a move: it claims the time, and tells the customer.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from bookra import clock
from bookra.engine.availability.asked import visit_of
from bookra.engine.bookings import holds, statements, store
from bookra.engine.bookings.displacement.proposals import Proposal
from bookra.engine.bookings.displacement.proposing import lost_lines, propose, searched
from bookra.engine.bookings.locks import lock_bookables
from bookra.engine.bookings.model import Booking, Line, Status
from bookra.engine.bookings.moving import move, window_people
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.auditing import part
from bookra.errors import ConflictError, InvalidInputError, NotFoundError

QUEUE_DAYS = 31
"""How long ago a visit may have been that still waits in the queue."""

WHY = text(
    """
    SELECT c.facts, a.kind, a.reason
      FROM booking_changes c
      LEFT JOIN absences a ON a.tenant_id = c.tenant_id
       AND a.id = CAST(c.facts ->> 'absence' AS uuid)
     WHERE c.tenant_id = :tenant_id AND c.booking_id = :booking_id AND c.kind = 'displaced'
     ORDER BY c.id DESC LIMIT 1
    """
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A displaced visit. ``lines`` are those that have lost their time."""

    booking: Booking
    lines: tuple[Line, ...]
    reason: str
    proposals: tuple[Proposal, ...]


def waiting(tx: Tx, *, since: datetime | None = None, any_price: bool = False) -> list[Waiting]:
    """Return the displaced visits, by start, each with its proposals."""
    earliest = since or tx.now - timedelta(days=QUEUE_DAYS)
    found = store.bookings_between(tx, earliest, None, status=Status.DISPLACED)
    return [_waiting(tx, booking, any_price=any_price) for booking in found]


def codes(tx: Tx) -> list[str]:
    """Return the codes of the displaced visits, by start."""
    earliest = tx.now - timedelta(days=QUEUE_DAYS)
    found = store.bookings_between(tx, earliest, None, status=Status.DISPLACED)
    return [booking.code for booking in found]


def waiting_by_code(tx: Tx, code: str, *, any_price: bool = False) -> Waiting:
    """Return one displaced visit; raises ConflictError (``not_displaced``)."""
    return _waiting(tx, _displaced(store.booking_by_code(tx, code)), any_price=any_price)


def resolve(
    tx: Tx, code: str, *, choose: int | None = None, any_price: bool = False
) -> tuple[Booking, tuple[Proposal, ...]]:
    """Approve a proposal, by its number, or the best for each lost line; returns those taken.

    The customer is told once no line is lost any more. Raises ConflictError (``not_displaced``,
    ``no_proposal``), InvalidInputError (``unknown_proposal``), and what ``move`` raises.
    """
    booking = _displaced(store.locked_by_code(tx, code))
    _queue_for_everybody(tx, booking)
    if choose is not None:
        chosen = _numbered(propose(tx, booking, any_price=any_price), choose)
        return _approve(tx, booking, chosen), (chosen,)
    taken: list[Proposal] = []
    while booking.status is Status.DISPLACED:
        booking, proposal = _approve_best(tx, booking, any_price=any_price)
        taken.append(proposal)
    return booking, tuple(taken)


def _waiting(tx: Tx, booking: Booking, *, any_price: bool) -> Waiting:
    return Waiting(
        booking,
        lost_lines(tx, booking),
        _reason(tx, booking.id),
        tuple(propose(tx, booking, any_price=any_price)),
    )


def _reason(tx: Tx, booking_id: UUID) -> str:
    row = tx.row(WHY, booking_id=booking_id)
    if row is None:
        return ""
    if "absence" not in row.facts:
        return "class cancelled" if "session" in row.facts else ""
    if row.kind is None:
        return "an absence that was removed since"
    what = row.kind.replace("-", " ")
    return f"{what}: {row.reason}" if row.reason else what


def _displaced(booking: Booking) -> Booking:
    if booking.status is not Status.DISPLACED:
        raise ConflictError(
            "not_displaced",
            f"{booking.code} is {booking.status.value.replace('_', ' ')}, not displaced",
            hint="See who waits: bookra displaced list",
            details={"code": booking.code, "status": booking.status.value},
        )
    return booking


def _queue_for_everybody(tx: Tx, booking: Booking) -> None:
    """Lock, at once and in order, all whom any proposal could claim: several moves may follow.

    The bookings of lapsed holds that could be in the way are locked before the bookables, and give
    their time up after: who takes it waits for us, and must not have what we still wait for.
    """
    lines = [line for line in lost_lines(tx, booking) if line.session_id is None]
    ids = {row.bookable_id for row in tx.rows(statements.BOOKABLES_OF, bookings=[booking.id])}
    for line in lines:
        with suppress(NotFoundError, ConflictError):  # nobody performs it: nothing is proposed
            ids |= window_people(
                tx, visit_of(line.service, None)._replace(sold=True), line.starts_at
            )
    if lines and ids:
        start, until = searched(tx, lines)
        people = sorted(ids)
        lapsed = tx.rows(
            holds.LAPSED_IN_THE_WAY,
            bookables=people,
            start=start,
            until=until,
            subjects=[],
            days=[],
            now=tx.now,
        )
        lock_bookables(tx, people)
        holds.expire(tx, (row.id for row in lapsed))


def _numbered(found: Sequence[Proposal], number: int) -> Proposal:
    for proposal in found:
        if proposal.number == number:
            return proposal
    raise InvalidInputError(
        "unknown_proposal",
        f"There is no proposal {number}; there are {len(found)}",
        hint="They may have changed. Look again: bookra displaced list",
    )


def _approve_best(tx: Tx, booking: Booking, *, any_price: bool) -> tuple[Booking, Proposal]:
    """Approve the first proposal for the first lost line that nobody else has taken by now."""
    lost = lost_lines(tx, booking)
    for proposal in propose(tx, booking, any_price=any_price):
        if proposal.line == lost[0].position:
            try:
                with part(tx):
                    return _approve(tx, booking, proposal), proposal
            except ConflictError:
                continue
    dearer = "" if any_price else " at the agreed price"
    raise ConflictError(
        "no_proposal",
        f"Nothing is free for {booking.code} ({booking.customer}){dearer}",
        hint=f"Move it: bookra booking move {booking.code} --at T, or try --any-price",
        details={"code": booking.code},
    )


def _approve(tx: Tx, booking: Booking, proposal: Proposal) -> Booking:
    at = clock.from_epoch(proposal.start)
    return move(tx, booking.code, at, staff=proposal.staff, line=proposal.line)
