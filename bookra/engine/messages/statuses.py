"""What a provider says of a message after it took it: kept as it came, merged forward only.

It may come before the answer to our own call, twice, in any order, or for a message of which
nobody here knows whether it went out: then it is the proof that it did.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from bookra.engine.messages import store
from bookra.engine.messages.model import MessageStatus
from bookra.engine.messages.planning import fall_back, payload_of
from bookra.engine.messages.store import Message
from bookra.engine.outbox.resolving import doubt_of, settle_doubt
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError
from bookra.ids import new_id

SAID = frozenset({"sent", "delivered", "read", "failed"})
IN_DOUBT = frozenset({MessageStatus.SENDING, MessageStatus.UNKNOWN})

KEEP = text(
    """
    INSERT INTO message_statuses (tenant_id, id, provider_ref, status, error_code, happened_at)
    VALUES (:tenant_id, :id, :provider_ref, :status, :error_code, :happened_at)
    ON CONFLICT (tenant_id, provider_ref, status) DO NOTHING
    """
)
KEPT = text(
    "SELECT status, error_code FROM message_statuses"
    " WHERE tenant_id = :tenant_id AND provider_ref = :provider_ref"
)


def note_status(
    tx: Tx,
    provider_ref: str,
    status: str,
    happened_at: datetime,
    error_code: str | None = None,
    *,
    opaque: str = "",
) -> None:
    """Note a status; ``opaque`` is what we gave along (``opaque_of``), as it came back.

    Locks the message. A status that the program does not know is left alone. One that says that
    the message failed plans an e-mail in its place, where one can be sent.
    """
    if status not in SAID:
        return
    tx.run(
        KEEP,
        id=new_id(),
        provider_ref=provider_ref,
        status=status,
        error_code=error_code,
        happened_at=happened_at,
    )
    message = store.locked_by_ref(tx, provider_ref) or _in_doubt(tx, opaque)
    if message is not None:
        _merge(tx, message, provider_ref, MessageStatus(status), error_code)


def merge_kept(tx: Tx, message_id: UUID, provider_ref: str) -> None:
    """Merge what was said of a message before it was known here by ``provider_ref``."""
    for row in tx.rows(KEPT, provider_ref=provider_ref):
        message = store.locked(tx, message_id)
        _merge(tx, message, provider_ref, MessageStatus(row.status), row.error_code)


def opaque_of(code: str, message_id: UUID) -> str:
    """Return what travels with a message and comes back with its statuses."""
    return f"{code}/{message_id}"


def _merge(
    tx: Tx, message: Message, ref: str, status: MessageStatus, error_code: str | None
) -> None:
    if message.status in IN_DOUBT and (row := doubt_of(tx, payload_of(message))) is not None:
        settle_doubt(tx, row, "delivered", ref)
    moved = store.advance(tx, message, status, provider_ref=ref, error_code=error_code)
    if moved and status is MessageStatus.FAILED:
        fall_back(tx, message)
    if moved:
        tx.concerns("message", message.id)


def _in_doubt(tx: Tx, opaque: str) -> Message | None:
    """Return the message that an opaque text names, if it waits for just this answer."""
    try:
        message = store.locked(tx, UUID(opaque.rpartition("/")[2]))
    except (ValueError, NotFoundError):
        return None
    return message if message.status in IN_DOUBT and message.provider_ref is None else None
