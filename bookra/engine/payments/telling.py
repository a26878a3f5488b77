"""What a message tells, as of now, and whether that is still true when its turn comes.

A message is planned with ids alone. Its words are found here again just before it is sent, so that
it never speaks of a visit that was cancelled, moved or paid meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import text

from bookra.engine.bookings.announcing import message
from bookra.engine.bookings.model import OCCUPYING, Booking, Status
from bookra.engine.bookings.store import booking_by_id
from bookra.engine.messages.recipients import Recipient, recipient, the_business
from bookra.engine.messages.reminders import still_reminds
from bookra.engine.messages.store import Message, message_by_id
from bookra.engine.messages.wording import Facts, the_template
from bookra.engine.outbox.topics import REMINDER
from bookra.engine.payments import operations
from bookra.engine.payments.operations import Operation, operation_ref
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError

STANDS = OCCUPYING | {Status.COMPLETED, Status.NO_SHOW}
"""States in which a visit took or takes place when it says it does."""

LINK = "payment_link"

STATE = text(
    "SELECT state, state_why FROM provider_accounts"
    " WHERE tenant_id = :tenant_id AND provider = :provider"
)
ORDER = text("SELECT code FROM orders WHERE tenant_id = :tenant_id AND id = :id")
NAMES = {"stripe": "Stripe", "google": "Google", "whatsapp": "WhatsApp", "mail": "E-mail"}


@dataclass(frozen=True, slots=True)
class Told:
    """A message's reader and facts. ``true`` is False when it must not be sent any more."""

    reader: Recipient
    facts: Facts
    booking: Booking | None = None
    true: bool = True


def told(tx: Tx, planned: Message) -> Told:
    """Return what a message tells now; raises NotFoundError when its subject is gone."""
    if planned.kind.to_business:
        return _trouble(tx, planned)
    if planned.instead_of is not None:
        planned = replace(planned, once_key=message_by_id(tx, planned.instead_of).once_key)
    if planned.booking_id is not None:
        return _of_visit(tx, planned, booking_by_id(tx, planned.booking_id))
    if planned.customer_id is None:
        raise NotFoundError("unknown_customer", f"The message {planned.id} is to nobody")
    reader = recipient(tx, planned.customer_id)
    facts = _facts(tx, reader)
    if planned.order_id is not None:
        order = tx.row(ORDER, id=planned.order_id)
        facts = replace(facts, code=order.code if order else "")
    return Told(reader, facts)


def visit_facts(tx: Tx, booking: Booking, reader: Recipient) -> Facts:
    """Return what there is to tell of a booking."""
    return replace(
        _facts(tx, reader),
        services=", ".join(dict.fromkeys(line.service_name for line in booking.lines)),
        starts_at=booking.starts_at,
        code=booking.code,
        amount=booking.due or booking.price,
        link=booking.payment_url or "",
        staff=", ".join(dict.fromkeys(line.staff_name for line in booking.lines)),
    )


def bring_page(tx: Tx, operation_id: UUID) -> None:
    """Plan the message that brings a customer the page on which to pay; once for each page."""
    asked = operations.operation(tx, operation_id)
    if asked.booking_id is not None and asked.kind != "setup":
        message(tx, booking_by_id(tx, asked.booking_id), LINK, key=_link_key(operation_id))


def _link_key(operation_id: UUID) -> str:
    return f"{LINK}:{operation_id}"


def _of_visit(tx: Tx, planned: Message, booking: Booking) -> Told:
    reader = recipient(tx, booking.customer_id)
    facts = visit_facts(tx, booking, reader)
    if planned.template == LINK:
        asked = _asked(tx, planned)
        if asked is not None:
            facts = replace(facts, amount=asked.amount, link=asked.url or "")
            payable = asked.state == "open" and (
                asked.expires_at is None or asked.expires_at > tx.now
            )
            return Told(reader, facts, booking, payable)
    true = still_true(tx, planned.template, planned.once_key, booking)
    return Told(reader, facts, booking, true)


def still_true(tx: Tx, template: str, once_key: str, booking: Booking) -> bool:
    """Tell whether a message says how things are with a visit."""
    if template == REMINDER:
        coming = booking.status is Status.CONFIRMED and booking.starts_at > tx.now
        return coming and still_reminds(once_key, booking.id, booking.starts_at)
    if template == "waitlist_offer":
        ends = booking.hold_expires_at
        return booking.status is Status.HELD and ends is not None and ends > tx.now
    if template == "booking_cancelled":
        return booking.status not in OCCUPYING
    if template == LINK:
        return bool(booking.payment_url) and bool(booking.due)
    return not the_template(template).stands or booking.status in STANDS


def _asked(tx: Tx, planned: Message) -> Operation | None:
    """Return the operation whose page a message brings; None for one that was sent by hand."""
    found = operation_ref(planned.once_key.rpartition(":")[2])
    if found is None or planned.once_key != _link_key(found):
        return None
    return operations.operation(tx, found)


def _trouble(tx: Tx, planned: Message) -> Told:
    provider = planned.once_key.split(":")[1]
    row = tx.row(STATE, provider=provider)
    reader = the_business(tx.tenant)
    facts = replace(
        _facts(tx, reader),
        account=NAMES.get(provider, provider),
        why=(row.state_why if row else "") or "–",
    )
    return Told(reader, facts, None, row is not None and row.state != "active")


def _facts(tx: Tx, reader: Recipient) -> Facts:
    tenant = tx.tenant
    return Facts(
        reader.name,
        tenant.name,
        tenant.zone,
        country=tenant.country,
        address=tenant.brand.address,
    )
