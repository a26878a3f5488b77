"""Planning a message: its channel, its row and its intention, in the transaction of its cause.

A key says which message it is, so that whatever causes it twice sends it once. Planning a message
that nobody can be reached by is no error: there is none then.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from bookra.engine.messages import store
from bookra.engine.messages.model import Channel
from bookra.engine.messages.recipients import channel_for, recipient, the_business
from bookra.engine.messages.store import Message, NewMessage
from bookra.engine.messages.wording import the_template
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import MessagePayload, SendMail, SendMessage
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.providers import account
from bookra.ids import new_id


class Visit(Protocol):
    """What planning needs to know of a booking."""

    @property
    def id(self) -> UUID:
        """Its id."""

    @property
    def customer_id(self) -> UUID:
        """Whose it is."""


def plan(
    tx: Tx, booking: Visit, template: str, *, once_key: str, due_at: datetime | None = None
) -> UUID | None:
    """Plan a message to a booking's customer; returns its id, None when there is none to send.

    None also when there is a message with ``once_key`` already.
    """
    reader = recipient(tx, booking.customer_id)
    channel = channel_for(tx, the_template(template), reader)
    if channel is None:
        return None
    new = NewMessage(
        new_id(),
        once_key,
        template,
        channel,
        booking_id=booking.id,
        customer_id=booking.customer_id,
    )
    return written(tx, new, due_at)


def plan_answer(tx: Tx, customer_id: UUID, template: str, *, once_key: str) -> UUID | None:
    """Plan the answer to what a customer has just written by WhatsApp."""
    if account(tx, Channel.WHATSAPP.value) is None:
        return None
    new = NewMessage(new_id(), once_key, template, Channel.WHATSAPP, customer_id=customer_id)
    return written(tx, new)


def plan_trouble(tx: Tx, provider: str) -> UUID | None:
    """Tell the business by mail that a provider refuses its access; once a day and provider."""
    if provider == Channel.MAIL.value:
        return None
    template = the_template("account_trouble")
    channel = channel_for(tx, template, the_business(tx.tenant))
    if channel is None:
        return None
    day = tx.now.astimezone(tx.tenant.zone).date()
    return written(tx, NewMessage(new_id(), f"account:{provider}:{day}", template.name, channel))


def fall_back(tx: Tx, message: Message) -> UUID | None:
    """Plan a mail in place of a WhatsApp message that did not get through, if one can be sent."""
    if message.channel is not Channel.WHATSAPP or message.customer_id is None:
        return None
    template, reader = message.kind, recipient(tx, message.customer_id)
    by_mail = Channel.MAIL in template.channels and account(tx, Channel.MAIL.value) is not None
    if not by_mail or not reader.takes(template, Channel.MAIL):
        return None
    new = NewMessage(
        new_id(),
        store.instead_key(message.id),
        message.template,
        Channel.MAIL,
        booking_id=message.booking_id,
        order_id=message.order_id,
        customer_id=message.customer_id,
        instead_of=message.id,
    )
    return written(tx, new)


def payload_of(message: Message | NewMessage) -> MessagePayload:
    """Return what the outbox holds of a message."""
    kind = SendMessage if message.channel is Channel.WHATSAPP else SendMail
    return kind(message.booking_id, message.template, message.id)


def written(tx: Tx, new: NewMessage, due_at: datetime | None = None) -> UUID | None:
    """Write a message and its intention; None when there is one with its key."""
    if not store.insert(tx, new):
        return None
    emit(tx, payload_of(new), due_at=due_at)
    tx.concerns("message", new.id)
    return new.id
