"""Selling goods without a visit, paying for any order in one way or another, cancelling it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from bookra.engine.orders import paying, store
from bookra.engine.orders.model import RETAIL, Order
from bookra.engine.payments.taking import COUNTER
from bookra.engine.prices.items import Wanted, insert_item, item_price
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError
from bookra.money import Money

PAY_LATER = "later"
METHODS = ("cash", "terminal", "link", "saved-card", PAY_LATER)

VOID_CARD = text(
    """
    UPDATE gift_cards SET state = 'void', changed_by = session_user
     WHERE tenant_id = :tenant_id AND order_id = :order_id AND state = 'pending'
    """
)
VOID_PACKAGE = text(
    """
    UPDATE packages SET state = 'void', changed_by = session_user
     WHERE tenant_id = :tenant_id AND order_id = :order_id AND state = 'pending'
    """
)
# A member who never paid is none; of a member who owes a period, that period is waived.
VOID_MEMBER = text(
    """
    UPDATE memberships SET state = CASE state WHEN 'pending' THEN 'cancelled' ELSE 'active' END,
                           changed_by = session_user
     WHERE tenant_id = :tenant_id AND state IN ('pending', 'past-due')
       AND id IN (SELECT k.membership_id FROM packages k
                   WHERE k.tenant_id = :tenant_id AND k.order_id = :order_id)
    """
)


def sell_goods(
    tx: Tx, wanted: Sequence[Wanted], customer_id: UUID | None, method: str, tip: Money | None
) -> Order:
    """Sell goods over the counter, or by link: one order, its items, its payment.

    Raises NotFoundError for no such product or person, ConflictError (``not_offered``), and what
    paying raises.
    """
    prices = [item_price(tx, each) for each in wanted]
    total = sum(price.net.minor + price.tax.minor for price in prices)
    if not total:
        raise InvalidInputError("bad_amount", "An order costs something", hint="oil:1")
    amount = Money(total, tx.tenant.currency)
    order_id = store.insert_order(tx, RETAIL, amount, customer_id)
    for each in wanted:
        insert_item(tx, each, order_id=order_id)
    return pay_by(tx, store.order_by_id(tx, order_id).code, method, tip)


def pay_by(tx: Tx, code: str, method: str, tip: Money | None = None) -> Order:
    """Pay an order by one of ``METHODS``; ``later`` leaves it open. A tip is for the counter."""
    if tip and method not in COUNTER:
        raise InvalidInputError("bad_tip", "A tip for an order is taken in cash or by terminal")
    if method == PAY_LATER:
        return store.order_by_code(tx, code)
    if method == "link":
        return paying.request_link(tx, code)
    if method == "saved-card":
        return paying.charge_saved_card(tx, code)
    return paying.take(tx, code, method, tip)


def cancel_order(tx: Tx, code: str) -> Order:
    """Cancel an order that is not paid; what it would have bought is void.

    Raises ConflictError: ``already_paid``, ``illegal_state``, and ``payment_in_flight`` while a
    card is being charged.
    """
    order = paying.locked_payable(tx, code)
    if paying.in_flight(tx, order):
        raise ConflictError(
            "payment_in_flight",
            f"A saved card is being charged for {order.code}",
            hint="Wait for the relay: bookra relay drain",
            details={"code": order.code},
        )
    for statement in (VOID_MEMBER, VOID_CARD, VOID_PACKAGE):
        tx.run(statement, order_id=order.id)
    store.set_state(tx, order, "cancelled")
    paying.close_pages(tx, order)
    return store.order_by_id(tx, order.id)
