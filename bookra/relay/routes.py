"""Which call each topic makes, and what its answer changes here. No transaction is open in a call.

``deliver`` asks the engine for the facts as they are now, makes one call and returns its outcome.
``applied`` is what a delivered effect writes, in the same transaction that settles its row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bookra.engine.bookings.model import Booking, Status
from bookra.engine.bookings.store import booking_by_id
from bookra.engine.commissions.split import claw_back, split
from bookra.engine.invoices.actions import credit, issue
from bookra.engine.outbox import topics
from bookra.engine.people.customers import customer_by_id
from bookra.engine.runtime import Tenant, Tx
from bookra.relay import calendar_routes, dispute_routes, payment_routes, refund_routes
from bookra.relay.calendar_routes import SHOWN_IN_CALENDAR
from bookra.relay.delivery import SKIPPED, Delivery, Route
from bookra.relay.outcome import Outcome
from bookra.relay.providers.whatsapp import TemplateMessage

STANDS = frozenset({"booking_confirmed", "booking_moved", "series_confirmed"})
"""Messages that say when a visit takes place: untrue once it does not."""


def send_message(delivery: Delivery) -> Outcome:
    """Send a template message; one that is no longer true is not sent."""
    payload = delivery.payload
    assert isinstance(payload, topics.SendMessage)
    booking, customer, tenant = delivery.ask(
        lambda tx: _addressed(tx, booking_by_id(tx, payload.visit_id))
    )
    if _stale(payload.template, booking) or customer.phone is None:
        return SKIPPED
    account, whatsapp = delivery.clients.whatsapp(delivery.item.tenant)
    message = TemplateMessage(
        to_e164=customer.phone,
        name=payload.template,
        language=customer.language or tenant.brand.language,
        parameters=(
            customer.name,
            tenant.name,
            ", ".join(line.service_name for line in booking.lines),
            f"{booking.starts_at.astimezone(tenant.zone):%d.%m.%Y %H:%M}",
            booking.code,
        ),
        booking_code=booking.code,
    )
    return delivery.called(account, lambda: whatsapp.send(message))


def _stale(template: str, booking: Booking) -> bool:
    """Tell whether a message is no longer true: its booking is not what it says any more."""
    if template == "waitlist_offer":
        return booking.status is not Status.HELD
    return template in STANDS and booking.status not in SHOWN_IN_CALENDAR


def _addressed(tx: Tx, booking: Booking) -> tuple[Booking, Any, Tenant]:
    return booking, customer_by_id(tx, booking.customer_id), tx.tenant


ROUTES: dict[str, Route] = {
    **payment_routes.ROUTES,
    **refund_routes.ROUTES,
    **dispute_routes.ROUTES,
    **calendar_routes.ROUTES,
    "message.send": Route(send_message),
}


def _split(tx: Tx, payload: topics.Payload) -> object:
    assert isinstance(payload, topics.SplitCommission)
    return split(tx, payload.booking_id, payload.order_id)


def _claw_back(tx: Tx, payload: topics.Payload) -> object:
    assert isinstance(payload, topics.ClawBackCommission)
    return claw_back(tx, payload.booking_id, payload.order_id, payload.refund_key)


def _issue(tx: Tx, payload: topics.Payload) -> object:
    assert isinstance(payload, topics.IssueInvoice)
    return issue(tx, payload.booking_id, payload.order_id)


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
