"""The tab of a visit: every payment of it lands here, whatever it is paid with, and is posted once.

Revenue is recognised when the whole price is paid, or when the visit is done with a deposit; what
was paid before is owed until then. The caller has locked the booking.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from bookra.engine.bookings import statements
from bookra.engine.bookings import store as bookings
from bookra.engine.bookings.model import Booking, Item, Status
from bookra.engine.ledger import chart
from bookra.engine.ledger.rules import sales
from bookra.engine.ledger.rules.sales import Fact, Sale, Tender
from bookra.engine.ledger.store import post
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import IssueInvoice, SplitCommission
from bookra.engine.runtime import Tx
from bookra.money import allocate


def receive(tx: Tx, booking: Booking, tender: Tender, key: str, memo: str = "") -> UUID:
    """Post a payment of at most what is due, once by ``key``; returns its entry.

    It is a deposit while the price is not paid in full, revenue once it is; of a visit that is
    done, a payment of what the client owes for it. A tip may come alone. Raises ValueError for
    more than is due: the caller has refused that in words.
    """
    due = still_due(booking)
    if tender.amount_minor > due:
        raise ValueError(f"{tender.amount_minor} is more than the {due} due for {booking.code}")
    fact = fact_of(tx, booking, key, memo)
    if booking.recognised_at is not None:
        entry_id, _ = post(tx, sales.payment_of_rest(fact, tender))
        return entry_id
    if tender.amount_minor < due or not tender.amount_minor:
        entry_id, fresh = post(tx, sales.deposit(fact, tender))
        if fresh and booking.status is Status.COMPLETED:
            finish(tx, bookings.booking_by_id(tx, booking.id))
        return entry_id
    draft = sales.payment_in_full(fact, tender, sales_of(booking), booking.paid.minor)
    entry_id, fresh = post(tx, draft)
    if fresh:
        _recognised(tx, booking)
    return entry_id


def finish(tx: Tx, booking: Booking) -> bool:
    """Recognise a visit that is done though not paid in full; False when there is nothing to do.

    Only one with a deposit, or one that costs nothing after its discount: a visit of which nothing
    was paid is recognised when it is.
    """
    sold = sales_of(booking)
    free = not booking.price and any(sale.discount_minor for sale in sold)
    if booking.recognised_at is not None or not (booking.paid or free):
        return False
    fact = fact_of(tx, booking, f"sale:{booking.id}")
    post(tx, sales.done_with_deposit(fact, sold, booking.paid.minor))
    _recognised(tx, booking)
    return True


def settle_up(tx: Tx, booking: Booking) -> Booking:
    """Recognise a visit whose price has come down to what is paid, or to nothing once it is done.

    Returns the booking as it is then.
    """
    settled = booking.paid or booking.status is Status.COMPLETED
    if settled and not still_due(booking) and finish(tx, booking):
        return bookings.booking_by_id(tx, booking.id)
    return booking


def still_due(booking: Booking) -> int:
    """Return what the price is more than what was paid, whatever became of the visit."""
    return max(0, booking.price.minor - booking.paid.minor)


def sales_of(booking: Booking) -> list[Sale]:
    """Return what a booking sells, by line and then by item, for the posting rules."""
    lines = [
        Sale(
            line.id,
            line.staff,
            line.net.minor,
            line.tax.minor,
            line.tax_bps,
            line.discount_minor,
        )
        for line in booking.lines
    ]
    return lines + [sale_of(item) for item in booking.items]


def sale_of(item: Item) -> Sale:
    """Return what a sold item is to the posting rules: goods, or an add-on to a service."""
    return Sale(
        None,
        item.staff,
        item.net.minor,
        item.tax.minor,
        item.tax_bps,
        item.discount_minor,
        item.id,
        chart.PRODUCTS if item.kind == "product" else chart.SERVICES,
    )


def tips_of(booking: Booking, tip_minor: int) -> Mapping[str, int]:
    """Split a tip between those who perform the visit, by the price of what they do."""
    weights = tip_weights(booking)
    shares = allocate(tip_minor, list(weights.values()))
    return {staff: part for staff, part in zip(weights, shares, strict=True) if part}


def tip_weights(booking: Booking) -> dict[str, int]:
    """Return the price of what each performs of a visit, in minor units by staff slug."""
    weights: dict[str, int] = {}
    for line in booking.lines:
        weights[line.staff] = weights.get(line.staff, 0) + line.net.minor + line.tax.minor
    return weights


def fact_of(tx: Tx, booking: Booking, key: str, memo: str = "") -> Fact:
    """Return what an entry about a booking says of itself."""
    return Fact(key, tx.now, booking.paid.currency, booking.id, memo=memo)


def emit_paid(tx: Tx, booking_id: UUID) -> None:
    """Emit what recognised revenue causes: its invoice and its commission."""
    emit(tx, IssueInvoice(booking_id))
    emit(tx, SplitCommission(booking_id))


def _recognised(tx: Tx, booking: Booking) -> None:
    tx.run(statements.RECOGNISED, id=booking.id, now=tx.now)
    emit_paid(tx, booking.id)
