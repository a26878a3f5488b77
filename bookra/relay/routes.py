"""Which call each topic makes, and what its answer changes here. No transaction is open in a call.

``deliver`` asks the engine for the facts as they are now, makes one call and returns its outcome.
``applied`` is what a delivered effect writes, in the same transaction that settles its row.
"""

from __future__ import annotations

from collections.abc import Callable

from bookra.engine.commissions.split import claw_back, split
from bookra.engine.invoices.actions import credit, issue
from bookra.engine.messages import receipts
from bookra.engine.outbox import topics
from bookra.engine.runtime import Tx
from bookra.relay import (
    calendar_routes,
    dispute_routes,
    message_routes,
    payment_routes,
    refund_routes,
)
from bookra.relay.delivery import Route

ROUTES: dict[str, Route] = {
    **payment_routes.ROUTES,
    **refund_routes.ROUTES,
    **dispute_routes.ROUTES,
    **calendar_routes.ROUTES,
    **message_routes.ROUTES,
}


def _split(tx: Tx, payload: topics.Payload) -> object:
    assert isinstance(payload, topics.SplitCommission)
    return split(tx, payload.booking_id, payload.order_id)


def _claw_back(tx: Tx, payload: topics.Payload) -> object:
    assert isinstance(payload, topics.ClawBackCommission)
    return claw_back(tx, payload.booking_id, payload.order_id, payload.refund_key)


def _issue(tx: Tx, payload: topics.Payload) -> object:
    assert isinstance(payload, topics.IssueInvoice)
    invoice = issue(tx, payload.booking_id, payload.order_id)
    return receipts.bring_invoice(tx, invoice.id, payload.booking_id, payload.order_id)


def _credit(tx: Tx, payload: topics.Payload) -> object:
    assert isinstance(payload, topics.CreditInvoice)
    return credit(tx, payload.booking_id, payload.order_id, payload.refund_key)


LOCAL: dict[str, Callable[[Tx, topics.Payload], object]] = {
    "invoice.issue": _issue,
    "invoice.credit": _credit,
    "commission.split": _split,
    "commission.clawback": _claw_back,
}
"""Effects on our own tables: done and settled in one transaction, so exactly once."""
