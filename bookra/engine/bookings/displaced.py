"""The queue of displaced visits: why each lost its time, what is proposed, and the approval.

A proposal is what booking would accept by now, notice left aside: a skill, working hours, a free
unit, the same place, the price that was agreed on. Nothing is reserved for it; approving it is a
move, which claims the time and tells the customer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from bookra import clock
from bookra.engine.availability import slots, starts
from bookra.engine.availability.asked import visit_of
from bookra.engine.availability.sessions import class_slots
from bookra.engine.availability.store import load_window
from bookra.engine.availability.window import LineWish, Window
from bookra.engine.bookings import store
from bookra.engine.bookings.model import Booking, Line, Status
from bookra.engine.bookings.moving import move
from bookra.engine.bookings.placing import as_sold
from bookra.engine.bookings.pricing import line_price
from bookra.engine.bookings.proposals import Lost, Option, Proposal, proposals
from bookra.engine.runtime import Tx
from bookra.errors import BookraError, ConflictError, InvalidInputError, NotFoundError
from bookra.money import Money

QUEUE_DAYS = 31
"""How long ago a visit may have been that still waits in the queue."""

BEFORE_DAYS, SEARCH_DAYS = 2, 23
"""Another time is looked for from so many days before the visit, for so many days."""

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
    if choose is not None:
        chosen = _numbered(propose(tx, booking, any_price=any_price), choose)
        return _approve(tx, booking, chosen), (chosen,)
    taken: list[Proposal] = []
    while booking.status is Status.DISPLACED:
        booking, proposal = _approve_best(tx, booking, any_price=any_price)
        taken.append(proposal)
    return booking, tuple(taken)


def propose(tx: Tx, booking: Booking, *, any_price: bool = False) -> list[Proposal]:
    """Return the proposals for each lost line of a visit, numbered through."""
    found: list[Proposal] = []
    for line in lost_lines(tx, booking):
        lost = Lost(
            line.position,
            clock.to_epoch(line.starts_at),
            clock.to_epoch(line.ends_at),
            line.staff,
            requested=line.requested,
            fixed=len(booking.lines) > 1 and line.session_id is None,
        )
        options = _seats(tx, booking, line) if line.session_id else _options(tx, line, lost)
        found += proposals(lost, options, any_price=any_price, first_number=len(found) + 1)
        if line.session_id is not None:
            break  # the seats of a booking move together
    return found


def lost_lines(tx: Tx, booking: Booking) -> tuple[Line, ...]:
    """Return the lines of a booking that have lost their time or their seat, in order."""
    ids = {row.id for row in tx.rows(store.LOST_LINES, booking_id=booking.id)}
    return tuple(line for line in booking.lines if line.id in ids)


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
                with tx.connection.begin_nested():
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


def _options(tx: Tx, line: Line, lost: Lost) -> list[Option]:
    """Return the open starts of everybody who could perform a line, at its time and near it."""
    zone, now = tx.tenant.zone, clock.to_epoch(tx.now)
    day = clock.local_day(line.starts_at, zone)
    if not lost.fixed:
        day = max(day - timedelta(days=BEFORE_DAYS), clock.local_day(tx.now, zone))
    try:
        window = load_window(
            tx, visit_of(line.service, None), day, 1 if lost.fixed else SEARCH_DAYS
        )
    except (NotFoundError, ConflictError):
        return []  # the service is sold no longer, or nobody is left who performs it
    prices = _prices(tx, window, line)
    agreeable = _without_notice(as_sold(window, [line]))
    return [
        Option(start, staff, *prices[staff])
        for start, staff in {*_at(agreeable, lost.start), *_elsewhere(agreeable, lost, prices)}
        if start >= now and staff in prices
    ]


def _at(window: Window, start: int) -> Iterator[tuple[int, str]]:
    """Yield who can begin at just that time, whatever the grid is by now."""
    for who in starts.performers(window, 0):
        if any(low <= start <= high for low, high in starts.start_spans(window, who)):
            yield start, who.person.slug


def _elsewhere(
    window: Window, lost: Lost, prices: Mapping[str, tuple[Money, Money]]
) -> Iterator[tuple[int, str]]:
    """Yield the starts on the grid: of the same person, and of the colleague nearest in price."""
    if lost.fixed:
        return
    nearest = sorted(prices, key=lambda slug: (abs(prices[slug][1].minor), slug))
    rank = {slug: number for number, slug in enumerate(nearest) if slug != lost.staff}
    for start, free in slots.free_at(window).items():
        names = [window.staff[index].slug for index in free]
        if lost.staff in names:
            yield start, lost.staff
        others = [slug for slug in names if slug in rank]
        if others:
            yield start, min(others, key=rank.__getitem__)


def _prices(tx: Tx, window: Window, line: Line) -> dict[str, tuple[Money, Money]]:
    """Return what each performer where the visit takes place costs, and how much above agreed.

    The agreed price is compared with, or what the line's own level costs by now: when the
    catalogue has changed since, the same level is no other price.
    """
    here = {person.location_id for person in window.staff if person.slug == line.staff} or {None}
    agreed = line.net + line.tax
    own = _gross(tx, window.service.at_level(line.level).price)
    found = {}
    for who in starts.performers(window, 0):
        price = _gross(tx, who.service.price)
        same = price in (agreed, own)
        if None in here or who.person.location_id in {None, *here}:
            difference = Money(0, price.currency) if same else price - own
            found[who.person.slug] = (price, difference)
    return found


def _gross(tx: Tx, price: Money) -> Money:
    split = line_price(price, tx.tenant.tax_bps, inclusive=tx.tenant.tax_inclusive)
    return split.net + split.tax


def _without_notice(window: Window) -> Window:
    """Return the window as if nothing needed notice: the visit was agreed on long ago."""
    service, staff = window.lines[0]
    return replace(window, lines=(LineWish(replace(service, notice_minutes=0), staff),))


def _seats(tx: Tx, booking: Booking, line: Line) -> list[Option]:
    """Return the sessions of a class that have seats for the whole booking."""
    first = max(
        clock.local_day(line.starts_at, tx.tenant.zone) - timedelta(days=BEFORE_DAYS),
        clock.local_day(tx.now, tx.tenant.zone),
    )
    try:
        found = class_slots(tx, line.service, None, first, SEARCH_DAYS)
    except BookraError:
        return []
    agreed = line.net + line.tax
    return [
        Option(clock.to_epoch(slot.start), slot.staff, price, price - agreed)
        for slot in found
        if (slot.seats_free or 0) >= len(booking.lines)
        for price in (_gross(tx, slot.price),)
    ]
