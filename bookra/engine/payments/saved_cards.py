"""Saved cards at work: asked for with the customer's consent, charged later without them.

A charge is asked for by a durable operation; whether the bank agrees is known when the relay
settles it. Locks the booking.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from bookra.engine.bookings import holds
from bookra.engine.bookings import store as bookings
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import ChargeCard, RequestPayment
from bookra.engine.payments import links, operations, store
from bookra.engine.payments.asked import ALL, Asked, Part, checked
from bookra.engine.payments.cards import SavedCard, cards_of, the_card
from bookra.engine.payments.operations import NewOperation
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError
from bookra.money import Money

LIVE_SETUP = text(
    """
    SELECT id FROM operations
     WHERE tenant_id = :tenant_id AND customer_id = :customer_id AND kind = 'setup'
       AND state IN ('new', 'open') AND expires_at > :now
     ORDER BY id DESC LIMIT 1
    """
)


def request_setup(tx: Tx, customer_id: UUID) -> UUID:
    """Ask for a page on which the customer saves a card; returns its operation.

    Asking again while a page is open changes nothing. Raises ConflictError (``stripe_not_set``).
    """
    operations.stripe_account(tx)
    live = tx.row(LIVE_SETUP, customer_id=customer_id, now=tx.now)
    if live is not None:
        return UUID(str(live.id))
    until = tx.now + links.OPEN_SESSION
    nothing = Money(0, tx.tenant.currency)
    new = NewOperation("setup", nothing, customer_id=customer_id, purpose="setup", expires_at=until)
    operation_id = operations.begin(tx, new)
    emit(tx, RequestPayment(None, operation_id))
    return operation_id


def pay(
    tx: Tx,
    code: str,
    asked: Asked = ALL,
    *,
    last4: str | None = None,
    deposit: bool = False,
) -> Booking:
    """Have a saved card charged for what a booking owes, or a part; ``deposit`` where one is due.

    Asking again while the same charge is on its way changes nothing; another one raises
    ConflictError (``payment_in_flight``). Raises what ``checked`` and ``the_card`` raise.
    """
    booking = bookings.locked_by_code(tx, code)
    card = the_card(tx, booking.customer_id, last4)
    wanted, purpose = asked, "balance"
    if deposit and (required := links.deposit_due(tx, booking)):
        wanted, purpose = Asked(required, wanted.tip, wanted.tips), "deposit"
    part = checked(tx, booking, wanted)
    amount = Money(part.price_minor + part.tip_minor, booking.paid.currency)
    if not _in_flight(tx, booking, amount):
        fee = links.part_fee(tx, booking, part.price_minor)
        _charge(tx, booking, card, part, purpose, fee)
    return bookings.booking_by_id(tx, booking.id)


def charge(tx: Tx, booking: Booking, amount: Money, purpose: str) -> UUID:
    """Have the newest saved card of a booking's customer charged; returns the operation.

    ``purpose`` is ``no-show`` or ``late-cancel`` for a fee, which pays nothing of the price. The
    caller has locked the booking. Raises NotFoundError (``no_saved_card``).
    """
    card = the_card(tx, booking.customer_id)
    fee = operations.platform_fee(operations.stripe_account(tx), amount)
    return _charge(tx, booking, card, Part(amount.minor, 0, {}), purpose, fee)


def can_charge(tx: Tx, customer_id: UUID) -> bool:
    """Tell whether a customer has a saved card, and Stripe lets the business charge it now."""
    return operations.takes_payments(tx) and bool(cards_of(tx, customer_id))


def charge_order(
    tx: Tx, order_id: UUID, customer_id: UUID, amount: Money, net: Money | None = None
) -> UUID:
    """Have the newest saved card of a customer charged for an order; returns the operation.

    ``net`` is the amount without its tax, where that is another: the platform's share is of it.
    The caller has locked the order. Raises NotFoundError (``no_saved_card``).
    """
    card = the_card(tx, customer_id)
    new = NewOperation(
        "saved-card",
        amount,
        order_id=order_id,
        customer_id=customer_id,
        saved_card_id=card.id,
        purpose="order",
        platform_fee=operations.platform_fee(operations.stripe_account(tx), net or amount),
    )
    operation_id = operations.begin(tx, new)
    emit(tx, ChargeCard(None, operation_id))
    return operation_id


def declined(tx: Tx, operation_id: UUID, code: str, intent_ref: str | None = None) -> str:
    """Note that a saved card was not charged, and why; a slot that was held for it is free again.

    Returns ``declined``, or ``known``. A booking that has another page open keeps its hold.
    """
    wanted = operations.operation(tx, operation_id)
    booking = None
    if wanted.booking_id is not None:
        booking = bookings.locked_by_id(tx, wanted.booking_id)
    if not operations.settled(tx, wanted.id, "failed", failure=code, ref=intent_ref):
        return "known"
    if booking is not None and booking.status is Status.HELD and not _has_page(tx, booking):
        holds.expire(tx, [booking.id])
    return "declined"


def _charge(
    tx: Tx, booking: Booking, card: SavedCard, part: Part, purpose: str, fee: Money
) -> UUID:
    new = NewOperation(
        "saved-card",
        Money(part.price_minor + part.tip_minor, booking.paid.currency),
        booking_id=booking.id,
        customer_id=booking.customer_id,
        saved_card_id=card.id,
        purpose=purpose,
        tip_minor=part.tip_minor,
        tips=part.tips,
        platform_fee=fee,
    )
    operation_id = operations.begin(tx, new)
    emit(tx, ChargeCard(booking.id, operation_id))
    return operation_id


def _has_page(tx: Tx, booking: Booking) -> bool:
    return bool(tx.rows(store.OPEN_PAGES, booking_id=booking.id))


def _in_flight(tx: Tx, booking: Booking, amount: Money) -> bool:
    """Tell whether this very charge is on its way; refuse another beside it."""
    row = tx.row(store.CARD_IN_FLIGHT, booking_id=booking.id)
    if row is None:
        return False
    if row.amount_minor != amount.minor:
        raise ConflictError(
            "payment_in_flight",
            f"A saved card is being charged for {booking.code} already",
            hint=f"Wait for it: bookra booking show {booking.code}",
            details={"code": booking.code},
        )
    return True
