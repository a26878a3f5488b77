"""What could become of a displaced visit: the open starts of all who could perform it instead.

An option is what booking would accept by now, notice left aside: a skill, working hours, a free
unit, the same place, the price that was agreed on. Nothing is reserved for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from bookra import clock
from bookra.engine.availability import slots, starts
from bookra.engine.availability.asked import visit_of
from bookra.engine.availability.sessions import class_slots
from bookra.engine.availability.store import load_window
from bookra.engine.availability.window import LineWish, Window
from bookra.engine.bookings import statements
from bookra.engine.bookings.displacement.proposals import Lost, Option, Proposal, proposals
from bookra.engine.bookings.model import Booking, Line
from bookra.engine.bookings.placing import as_sold
from bookra.engine.bookings.pricing import line_price
from bookra.engine.bookings.writing import tax_of
from bookra.engine.runtime import Tx
from bookra.errors import BookraError, ConflictError, NotFoundError
from bookra.money import Money

BEFORE_DAYS, SEARCH_DAYS = 2, 23
"""Another time is looked for from so many days before the visit, for so many days."""


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
    ids = {row.id for row in tx.rows(statements.LOST_LINES, booking_id=booking.id)}
    return tuple(line for line in booking.lines if line.id in ids)


def searched(tx: Tx, lines: Iterable[Line]) -> tuple[datetime, datetime]:
    """Return the span in which anything that is proposed for the lines can lie."""
    days = [_first_day(tx, line) for line in lines]
    first, last = min(days), max(days) + timedelta(days=SEARCH_DAYS + 1)
    return (
        clock.from_epoch(clock.opening(first, 0, tx.tenant.zone)),
        clock.from_epoch(clock.opening(last, 0, tx.tenant.zone)),
    )


def _first_day(tx: Tx, line: Line) -> date:
    zone = tx.tenant.zone
    wanted = clock.local_day(line.starts_at, zone) - timedelta(days=BEFORE_DAYS)
    return max(wanted, clock.local_day(tx.now, zone))


def _options(tx: Tx, line: Line, lost: Lost) -> list[Option]:
    """Return the open starts of everybody who could perform a line, at its time and near it."""
    day, days, now = _first_day(tx, line), SEARCH_DAYS, clock.to_epoch(tx.now)
    if lost.fixed:
        day, days = clock.local_day(line.starts_at, tx.tenant.zone), 1
    try:
        window = load_window(tx, visit_of(line.service, None)._replace(sold=True), day, days)
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
    tax_bps = tax_of(tx, window.service)
    own = _gross(tx, window.service.at_level(line.level).price, tax_bps)
    found = {}
    for who in starts.performers(window, 0):
        price = _gross(tx, who.service.price, tax_bps)
        same = price in (agreed, own)
        if None in here or who.person.location_id in {None, *here}:
            difference = Money(0, price.currency) if same else price - own
            found[who.person.slug] = (price, difference)
    return found


def _gross(tx: Tx, price: Money, tax_bps: int) -> Money:
    split = line_price(price, tax_bps, inclusive=tx.tenant.tax_inclusive)
    return split.net + split.tax


def _without_notice(window: Window) -> Window:
    """Return the window as if nothing needed notice: the visit was agreed on long ago."""
    service, staff = window.lines[0]
    return replace(window, lines=(LineWish(replace(service, notice_minutes=0), staff),))


def _seats(tx: Tx, booking: Booking, line: Line) -> list[Option]:
    """Return the sessions of a class that have seats for the whole booking."""
    try:
        found = class_slots(tx, line.service, None, _first_day(tx, line), SEARCH_DAYS)
    except BookraError:
        return []
    agreed = line.net + line.tax
    return [
        Option(clock.to_epoch(slot.start), slot.staff, price, price - agreed)
        for slot in found
        if (slot.seats_free or 0) >= len(booking.lines)
        for price in (_gross(tx, slot.price, line.tax_bps),)
    ]
