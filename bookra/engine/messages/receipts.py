"""The mail that brings a customer their invoice, once it is issued."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from bookra.engine.messages.model import Channel
from bookra.engine.messages.planning import written
from bookra.engine.messages.recipients import channel_for, recipient
from bookra.engine.messages.store import NewMessage
from bookra.engine.messages.wording import the_template
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.providers import account
from bookra.ids import new_id

RECEIPT = "receipt"

CUSTOMER = text(
    """
    SELECT customer_id FROM bookings WHERE tenant_id = :tenant_id AND id = :booking_id
     UNION ALL
    SELECT customer_id FROM orders WHERE tenant_id = :tenant_id AND id = :order_id
    """
)


def bring_invoice(
    tx: Tx, invoice_id: UUID, booking_id: UUID | None, order_id: UUID | None
) -> UUID | None:
    """Plan the mail of an invoice, once; None when there is nobody to send it to."""
    if account(tx, Channel.MAIL.value) is None:
        return None
    row = tx.row(CUSTOMER, booking_id=booking_id, order_id=order_id)
    if row is None or row.customer_id is None:
        return None
    channel = channel_for(tx, the_template(RECEIPT), recipient(tx, row.customer_id))
    if channel is None:
        return None
    new = NewMessage(
        new_id(),
        f"{RECEIPT}:{invoice_id}",
        RECEIPT,
        channel,
        booking_id=booking_id,
        order_id=order_id,
        customer_id=row.customer_id,
    )
    return written(tx, new)
