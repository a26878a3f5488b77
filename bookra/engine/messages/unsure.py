"""Messages that may or may not have gone out: what a rule decides, and what waits for a person.

- One that certainly never left is sent after all.
- A reminder is not sent again: two are worse than none.
- What a visit needs is sent by mail after a few minutes, where there is an address.
- The rest stays ``unknown``, for the provider's word or an operator.
"""

from __future__ import annotations

from datetime import timedelta

from bookra.engine.messages import store
from bookra.engine.messages.model import OUT, MessageStatus
from bookra.engine.messages.planning import fall_back
from bookra.engine.messages.store import Message
from bookra.engine.outbox.resolving import InDoubt, in_doubt, send_after_all, settle_doubt
from bookra.engine.outbox.topics import AT_MOST_ONCE, MessagePayload
from bookra.engine.runtime import Tx

PATIENCE = timedelta(minutes=5)
"""How long the provider's word is waited for: most statuses come within seconds."""


def resolve(tx: Tx) -> int:
    """Resolve what a rule can decide of the tenant's messages in doubt; returns how many."""
    return sum(_resolved(tx, row) for row in in_doubt(tx, AT_MOST_ONCE))


def _resolved(tx: Tx, row: InDoubt) -> bool:
    payload = row.payload
    if not isinstance(payload, MessagePayload) or payload.message_id is None:
        return False  # written before messages had rows: only a person can know
    message = store.locked(tx, payload.message_id)
    if message.status is MessageStatus.PLANNED:
        return send_after_all(tx, row)
    store.advance(tx, message, MessageStatus.UNKNOWN)
    decided = _decision(tx, message, row)
    if decided is not None:
        outcome, reference = decided
        settle_doubt(tx, row, outcome, reference)
        tx.concerns("message", message.id)
    return decided is not None


def _decision(tx: Tx, message: Message, row: InDoubt) -> tuple[str, str] | None:
    """Return the outcome to settle a row with, and its reason; None leaves it in doubt."""
    if message.status in OUT:
        return "delivered", message.provider_ref or ""
    if message.status in (MessageStatus.FAILED, MessageStatus.SKIPPED):
        return "discarded", message.error_code or message.status.value
    if message.kind.unasked:
        return "discarded", "in doubt: a reminder is not sent twice"
    if tx.now - row.since < PATIENCE:
        return None
    if fall_back(tx, message) is not None:
        return "discarded", "in doubt: sent by mail instead"
    return None
