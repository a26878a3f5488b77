"""Payment of orders: in full, once, in any way. Paying brings what was bought to life.

Goods are revenue when they are paid; a gift card, a package and a member's period are owed until
they are used. Locks the order, then what it buys.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text

from bookra.engine.ledger.rules import sales, value
from bookra.engine.ledger.rules.sales import Fact, Sale, Tender
from bookra.engine.ledger.store import post
from bookra.engine.orders import store
from bookra.engine.orders.model import RETAIL, Order
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import (
    CancelPayment,
    IssueInvoice,
    RequestPayment,
    SplitCommission,
)
from bookra.engine.payments import operations, saved_cards
from bookra.engine.payments.links import OPEN_SESSION
from bookra.engine.payments.operations import NewOperation, Operation
from bookra.engine.payments.refunding import give_back
from bookra.engine.payments.settling import Charge, captured
from bookra.engine.payments.tab import sale_of
from bookra.engine.payments.taking import COUNTER
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError
from bookra.ids import new_id
from bookra.money import Money, allocate

ACTIVATE_CARD = text(
    """
    UPDATE gift_cards SET state = 'active', balance_minor = initial_minor,
                          changed_by = session_user
     WHERE tenant_id = :tenant_id AND order_id = :order_id AND state = 'pending'
    """
)
ACTIVATE_PACKAGE = text(
    """
    UPDATE packages SET state = 'active', changed_by = session_user
     WHERE tenant_id = :tenant_id AND order_id = :order_id AND state = 'pending'
    """
)
# An active member's row is written too: billing, which holds it, must not take them for owing.
ACTIVATE_MEMBER = text(
    """
    UPDATE memberships SET state = 'active', changed_by = session_user
     WHERE tenant_id = :tenant_id AND state IN ('pending', 'past-due', 'active')
       AND id IN (SELECT k.membership_id FROM packages k
                   WHERE k.tenant_id = :tenant_id AND k.order_id = :order_id)
    """
)


def take(tx: Tx, code: str, method: str, tip: Money | None = None) -> Order:
    """Take an order's whole amount in ``cash`` or by ``terminal``; a tip goes to who sold it.

    Raises ConflictError ``already_paid``, ``illegal_state``; InvalidInputError ``bad_method``,
    ``bad_tip``.
    """
    if method not in COUNTER:
        raise InvalidInputError("bad_method", f"'{method}' is no way to pay at the counter")
    order = locked_payable(tx, code)
    return receive(tx, order, Tender(method, order.amount.minor, _tips(tx, order, tip)))


def request_link(tx: Tx, code: str) -> Order:
    """Ask for the page on which an order is paid; the relay opens it.

    Asking again while it is live changes nothing. Raises ConflictError (``stripe_not_set``) and
    what ``take`` raises.
    """
    order = locked_payable(tx, code)
    stripe = operations.stripe_account(tx)
    if tx.row(store.LIVE_PAGE, order_id=order.id, now=tx.now) is None:
        new = NewOperation(
            "checkout",
            order.amount,
            order_id=order.id,
            customer_id=order.customer_id,
            purpose="order",
            platform_fee=operations.platform_fee(stripe, order.net),
            expires_at=tx.now + OPEN_SESSION,
        )
        emit(tx, RequestPayment(None, operations.begin(tx, new)))
    return store.order_by_id(tx, order.id)


def charge_saved_card(tx: Tx, code: str) -> Order:
    """Have the customer's saved card charged for an order; the relay does it, and settles it.

    Raises NotFoundError (``no_saved_card``) and what ``request_link`` raises.
    """
    order = locked_payable(tx, code)
    if order.customer_id is None:
        raise ConflictError(
            "no_customer", f"{order.code} names no customer whose card could be charged"
        )
    if not in_flight(tx, order):
        saved_cards.charge_order(tx, order.id, order.customer_id, order.amount, order.net)
    return store.order_by_id(tx, order.id)


def settle(tx: Tx, operation: Operation, charge: Charge) -> str:
    """Post a captured charge of an order; returns ``paid``, ``known`` or ``refunding``.

    Money for an order that is paid or cancelled by now, or of another amount, is given back.
    """
    assert operation.order_id is not None
    order = store.locked_by_id(tx, operation.order_id)
    charge_id = captured(tx, operation, charge)
    if charge_id is None:
        return "known"
    if order.state != "open" or not charge.amount == operation.amount == order.amount:
        return give_back(tx, operation, charge_id, charge.charge_ref, charge.amount)
    receive(tx, order, Tender("card", order.amount.minor, {}), f"charge:{charge.charge_ref}")
    return "paid"


def receive(tx: Tx, order: Order, tender: Tender, key: str | None = None) -> Order:
    """Post the payment of a whole order that the caller has locked, and emit what it causes."""
    fact = Fact(
        key or f"{tender.method}:{new_id()}", tx.now, order.amount.currency, order_id=order.id
    )
    if order.kind == RETAIL:
        post(tx, sales.payment_in_full(fact, tender, sales_of(order)))
        emit(tx, SplitCommission(None, order.id))
    else:
        post(tx, value.value_sold(fact, tender, order.kind))
        for statement in (ACTIVATE_CARD, ACTIVATE_PACKAGE, ACTIVATE_MEMBER):
            tx.run(statement, order_id=order.id)
    store.set_state(tx, order, "paid")
    emit(tx, IssueInvoice(None, order.id))
    close_pages(tx, order)
    return store.order_by_id(tx, order.id)


def close_pages(tx: Tx, order: Order) -> None:
    """Ask for an order's payment pages to be closed: nobody shall pay it again."""
    for page in tx.rows(store.OPEN_PAGES, order_id=order.id):
        emit(tx, CancelPayment(None, page.id))


def in_flight(tx: Tx, order: Order) -> bool:
    """Tell whether a saved card is being charged for an order at this moment."""
    return any(
        each.kind == "saved-card" and each.state in ("new", "open")
        for each in operations.operations_of(tx, order_id=order.id)
    )


def locked_payable(tx: Tx, code: str) -> Order:
    """Return an order that can be paid, its row locked."""
    order = store.locked_by_code(tx, code)
    if order.state == "paid":
        raise ConflictError(
            "already_paid",
            f"{order.code} is paid: {order.amount}",
            hint=f"Look at it: bookra order show {order.code}",
            details={"code": order.code},
        )
    if order.state != "open":
        raise ConflictError(
            "illegal_state",
            f"{order.code} is {order.state}: there is nothing to pay",
            details={"code": order.code, "status": order.state},
        )
    return order


def sales_of(order: Order) -> list[Sale]:
    """Return what an order of goods sells, for the posting rules."""
    return [sale_of(item) for item in order.items]


def _tips(tx: Tx, order: Order, tip: Money | None) -> Mapping[str, int]:
    if tip is None or not tip:
        return {}
    weights: dict[str, int] = {}
    for item in order.items:
        if item.staff:
            weights[item.staff] = weights.get(item.staff, 0) + item.net.minor + item.tax.minor
    if tip.minor < 0 or tip.currency != tx.tenant.currency or not weights:
        why = "names nobody who sold it" if not weights else f"takes no tip of {tip}"
        raise InvalidInputError("bad_tip", f"{order.code} {why}")
    shares = allocate(tip.minor, list(weights.values()))
    return {staff: part for staff, part in zip(weights, shares, strict=True) if part}
