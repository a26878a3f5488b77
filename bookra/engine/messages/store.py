"""Rows of messages: each is one message, once by its key. What it says is not in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.messages.model import Channel, MessageStatus, Template, goes_forward
from bookra.engine.messages.wording import the_template
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError

COLUMNS = """
    SELECT m.id, m.once_key, m.template, m.channel, m.booking_id, m.order_id, m.customer_id,
           m.status, m.provider_ref, m.error_code, m.instead_of, m.created_at, m.status_at,
           b.code AS booking, o.code AS "order"
      FROM messages m
      LEFT JOIN bookings b ON b.tenant_id = m.tenant_id AND b.id = m.booking_id
      LEFT JOIN orders o ON o.tenant_id = m.tenant_id AND o.id = m.order_id
     WHERE m.tenant_id = :tenant_id
"""
INSERT = text(
    """
    INSERT INTO messages (tenant_id, id, once_key, template, channel, booking_id, order_id,
                          customer_id, instead_of, created_at, status_at)
    VALUES (:tenant_id, :id, :once_key, :template, :channel, :booking_id, :order_id,
            :customer_id, :instead_of, :now, :now)
    ON CONFLICT (tenant_id, once_key) DO NOTHING
    """
)
ONE = text(COLUMNS + " AND m.id = :id")
LOCKED = text(COLUMNS + " AND m.id = :id FOR NO KEY UPDATE OF m")
BY_KEY = text(COLUMNS + " AND m.once_key = :once_key")
BY_REF = text(COLUMNS + " AND m.provider_ref = :provider_ref FOR NO KEY UPDATE OF m")
LIST = text(
    COLUMNS
    + """
       AND (CAST(:booking_id AS uuid) IS NULL OR m.booking_id = :booking_id)
       AND (CAST(:status AS text) IS NULL OR m.status = :status)
     ORDER BY m.created_at DESC, m.id DESC LIMIT :limit
    """
)
BOOKING = text("SELECT id FROM bookings WHERE tenant_id = :tenant_id AND code = :code")
UPDATE = text(
    """
    UPDATE messages
       SET status = :status, provider_ref = COALESCE(:provider_ref, provider_ref),
           error_code = COALESCE(:error_code, error_code), status_at = :now,
           changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)


@dataclass(frozen=True, slots=True)
class Message:
    """One message, without its text. ``booking`` and ``order`` are codes.

    ``once_key`` says which one it is; ``instead_of`` is the message that did not get through.
    """

    id: UUID
    once_key: str
    template: str
    channel: Channel
    booking_id: UUID | None
    order_id: UUID | None
    customer_id: UUID | None
    status: MessageStatus
    provider_ref: str | None
    error_code: str | None
    instead_of: UUID | None
    created_at: datetime
    status_at: datetime
    booking: str | None
    order: str | None

    @property
    def kind(self) -> Template:
        """The message's template."""
        return the_template(self.template)


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to write down. ``id`` is the caller's to choose."""

    id: UUID
    once_key: str
    template: str
    channel: Channel
    booking_id: UUID | None = None
    order_id: UUID | None = None
    customer_id: UUID | None = None
    instead_of: UUID | None = None


def insert(tx: Tx, new: NewMessage) -> bool:
    """Write a message down; False when there is one with its key."""
    written = tx.run(
        INSERT,
        id=new.id,
        once_key=new.once_key,
        template=new.template,
        channel=new.channel.value,
        booking_id=new.booking_id,
        order_id=new.order_id,
        customer_id=new.customer_id,
        instead_of=new.instead_of,
        now=tx.now,
    )
    return bool(written)


def message_by_id(tx: Tx, message_id: UUID) -> Message:
    """Return a message; raises NotFoundError (``unknown_message``)."""
    return _found(tx.row(ONE, id=message_id), message_id)


def locked(tx: Tx, message_id: UUID) -> Message:
    """Return a message and lock its row; raises NotFoundError (``unknown_message``)."""
    return _found(tx.row(LOCKED, id=message_id), message_id)


def message_by_key(tx: Tx, once_key: str) -> Message | None:
    """Return the message with a key, if there is one."""
    row = tx.row(BY_KEY, once_key=once_key)
    return None if row is None else _message(row)


def locked_by_ref(tx: Tx, provider_ref: str) -> Message | None:
    """Return the message that the provider knows by an id, and lock its row."""
    row = tx.row(BY_REF, provider_ref=provider_ref)
    return None if row is None else _message(row)


def sent_instead(tx: Tx, message: Message) -> Message | None:
    """Return the message that was planned because this one did not get through."""
    return message_by_key(tx, instead_key(message.id))


def instead_key(message_id: UUID) -> str:
    """Return the key of the message that stands in for another one."""
    return f"instead:{message_id}"


def messages(
    tx: Tx, *, booking: str | None = None, status: str | None = None, limit: int = 200
) -> list[Message]:
    """Return messages, the newest first: of one booking, by its code, or in one state."""
    booking_id = None
    if booking is not None:
        row = tx.row(BOOKING, code=booking.strip().upper())
        if row is None:
            raise NotFoundError("unknown_booking", f"There is no booking {booking}")
        booking_id = row.id
    rows = tx.rows(LIST, booking_id=booking_id, status=status, limit=limit)
    return [_message(row) for row in rows]


def advance(
    tx: Tx,
    message: Message,
    status: MessageStatus,
    *,
    provider_ref: str | None = None,
    error_code: str | None = None,
) -> bool:
    """Bring a message forward; False, and nothing written, when it is further already."""
    if not goes_forward(message.status, status):
        return False
    _write(tx, message.id, status, provider_ref, error_code)
    return True


def try_again(tx: Tx, message: Message) -> None:
    """Mark a message as on its way, whatever became of it: a person said so, or it never left."""
    _write(tx, message.id, MessageStatus.SENDING, None, None)


def _write(
    tx: Tx, message_id: UUID, status: MessageStatus, ref: str | None, error_code: str | None
) -> None:
    tx.run(
        UPDATE,
        id=message_id,
        status=status.value,
        provider_ref=ref,
        error_code=error_code,
        now=tx.now,
    )


def _found(row: Row[Any] | None, message_id: UUID) -> Message:
    if row is None:
        raise NotFoundError(
            "unknown_message",
            f"There is no message {message_id}",
            hint="List them: bookra message list",
        )
    return _message(row)


def _message(row: Row[Any]) -> Message:
    values = dict(row._mapping)
    values["channel"] = Channel(row.channel)
    values["status"] = MessageStatus(row.status)
    return Message(**values)
