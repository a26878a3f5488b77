"""What a customer agreed to: a row each time, in the words that they were shown, never changed.

Whether messages go out has one place, the customer's opting out; consent to messages goes there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from bookra.engine.messages import replies
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError
from bookra.ids import new_id

KINDS = ("messages", "marketing", "photos", "health")
LONGEST_WORDING = 4_000

INSERT = text(
    """
    INSERT INTO consents (tenant_id, id, customer_id, kind, given, wording)
    VALUES (:tenant_id, :id, :customer_id, :kind, :given, :wording)
    """
)
# Ids follow time, also within one transaction.
ALL = text(
    """
    SELECT kind, given, wording, recorded_at, recorded_by FROM consents
     WHERE tenant_id = :tenant_id AND customer_id = :customer_id
     ORDER BY recorded_at DESC, id DESC
    """
)
LOCK = text(
    "SELECT id FROM customers WHERE tenant_id = :tenant_id AND id = :customer_id FOR NO KEY UPDATE"
)


@dataclass(frozen=True, slots=True)
class Consent:
    """One statement of a customer's. ``wording`` is what they were shown, perhaps empty."""

    kind: str
    given: bool
    wording: str
    recorded_at: datetime
    recorded_by: str


def record(tx: Tx, customer_id: UUID, kind: str, *, given: bool, wording: str = "") -> bool:
    """Write down that a customer agrees, or no longer does; False when that is known already.

    Of ``messages`` it also stops them all, or starts them again. Locks the customer. Raises
    InvalidInputError (``bad_consent``).
    """
    words = wording.strip()
    if kind not in KINDS or len(words) > LONGEST_WORDING or not all(map(_readable, words)):
        raise InvalidInputError(
            "bad_consent",
            f"'{kind}' can't be agreed to so",
            hint=f"One of: {', '.join(KINDS)}; a wording of at most {LONGEST_WORDING} letters",
        )
    tx.row(LOCK, customer_id=customer_id)
    last = standing(tx, customer_id).get(kind)
    if last is not None and (last.given, last.wording) == (given, words or last.wording):
        return False
    binds = {"customer_id": customer_id, "kind": kind, "given": given, "wording": words}
    tx.run(INSERT, id=new_id(), **binds)
    tx.concerns("customer", customer_id)
    if kind == "messages":
        replies.start(tx, customer_id) if given else replies.stop(tx, customer_id)
    return True


def history(tx: Tx, customer_id: UUID) -> list[Consent]:
    """Return all that a customer said, the latest first."""
    return [Consent(**row._mapping) for row in tx.rows(ALL, customer_id=customer_id)]


def standing(tx: Tx, customer_id: UUID) -> dict[str, Consent]:
    """Return what holds now of each kind that a customer ever spoke of."""
    found: dict[str, Consent] = {}
    for consent in history(tx, customer_id):
        found.setdefault(consent.kind, consent)
    return found


def _readable(character: str) -> bool:
    return character.isprintable() or character == "\n"
