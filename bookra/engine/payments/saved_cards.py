"""Saved cards: kept at Stripe with the customer's consent, charged later without the customer.

Only Stripe's references, the brand, the last four digits and the expiry are stored here. A charge
is asked for by a durable operation; whether the bank agrees is known when the relay settles it.
Locks the booking.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.bookings import holds
from bookra.engine.bookings import store as bookings
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import ChargeCard, DetachCard, RequestPayment
from bookra.engine.payments import links, operations, store
from bookra.engine.payments.asked import ALL, Asked, Part, checked
from bookra.engine.payments.operations import NewOperation
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, NotFoundError
from bookra.ids import new_id
from bookra.money import Money

CARDS = text(
    """
    SELECT id, customer_id, customer_ref, method_ref, brand, last4, expires_on, state, created_at
      FROM saved_cards
     WHERE tenant_id = :tenant_id AND customer_id = :customer_id AND state = 'active'
     ORDER BY created_at DESC, id DESC
    """
)
CARD = text(
    """
    SELECT id, customer_id, customer_ref, method_ref, brand, last4, expires_on, state, created_at
      FROM saved_cards WHERE tenant_id = :tenant_id AND id = :id
    """
)
KEEP = text(
    """
    INSERT INTO saved_cards (tenant_id, id, customer_id, customer_ref, method_ref, brand, last4,
                             expires_on, created_at)
    VALUES (:tenant_id, :id, :customer_id, :customer_ref, :method_ref, :brand, :last4,
            :expires_on, :now)
    ON CONFLICT (tenant_id, method_ref) DO NOTHING
    """
)
REMOVE = text(
    """
    UPDATE saved_cards SET state = 'removed', changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND state = 'active'
    """
)
LIVE_SETUP = text(
    """
    SELECT id FROM operations
     WHERE tenant_id = :tenant_id AND customer_id = :customer_id AND kind = 'setup'
       AND state IN ('new', 'open') AND expires_at > :now
     ORDER BY id DESC LIMIT 1
    """
)
CUSTOMER_REF = text(
    """
    SELECT customer_ref FROM saved_cards
     WHERE tenant_id = :tenant_id AND customer_id = :customer_id AND created_at <= :at
     ORDER BY created_at DESC, id DESC LIMIT 1
    """
)


@dataclass(frozen=True, slots=True)
class KeptCard:
    """A card as Stripe keeps it for later: its references, and what is printed on a receipt."""

    customer_ref: str
    method_ref: str
    brand: str
    last4: str
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class SavedCard:
    """A customer's card. ``expires_on`` is the last day on which it is good."""

    id: UUID
    customer_id: UUID
    customer_ref: str
    method_ref: str
    brand: str
    last4: str
    expires_on: date | None
    state: str
    created_at: datetime


def cards_of(tx: Tx, customer_id: UUID) -> list[SavedCard]:
    """Return a customer's cards, the newest first."""
    return [_card(row) for row in tx.rows(CARDS, customer_id=customer_id)]


def the_card(tx: Tx, customer_id: UUID, last4: str | None = None) -> SavedCard:
    """Return the newest card, or the one that ends in ``last4`` (or has that id).

    Raises NotFoundError (``no_saved_card``).
    """
    for card in cards_of(tx, customer_id):
        if last4 is None or last4 in (card.last4, str(card.id)):
            return card
    which = f" that ends in {last4}" if last4 else ""
    raise NotFoundError(
        "no_saved_card",
        f"The customer has no saved card{which}",
        hint="Ask for one: bookra customer card add CUSTOMER; or send a link: bookra pay … --link",
    )


def card_by_id(tx: Tx, card_id: UUID) -> SavedCard:
    """Return a card, removed ones too; raises NotFoundError (``no_saved_card``)."""
    row = tx.row(CARD, id=card_id)
    if row is None:
        raise NotFoundError("no_saved_card", f"There is no saved card {card_id}")
    return _card(row)


def customer_ref(tx: Tx, customer_id: UUID | None, at: datetime) -> str | None:
    """Return by which id Stripe knew a customer ``at`` an instant; None while it didn't."""
    row = tx.row(CUSTOMER_REF, customer_id=customer_id, at=at) if customer_id else None
    return str(row.customer_ref) if row else None


def keep(tx: Tx, customer_id: UUID, card: KeptCard) -> bool:
    """Note a card that Stripe keeps for a customer; False when it was known."""
    fresh = tx.run(
        KEEP,
        id=new_id(),
        customer_id=customer_id,
        customer_ref=card.customer_ref,
        method_ref=card.method_ref,
        brand=card.brand,
        last4=card.last4,
        expires_on=card.expires_on,
        now=tx.now,
    )
    tx.concerns("customer", customer_id)
    return bool(fresh)


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


def remove(tx: Tx, card: SavedCard) -> None:
    """Take a card out of use at once, and have Stripe forget it."""
    if tx.run(REMOVE, id=card.id):
        emit(tx, DetachCard(None, card.id))
        tx.concerns("customer", card.customer_id)


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


def _card(row: Row[Any]) -> SavedCard:
    return SavedCard(
        row.id,
        row.customer_id,
        row.customer_ref,
        row.method_ref,
        row.brand,
        row.last4,
        row.expires_on,
        row.state,
        row.created_at,
    )
