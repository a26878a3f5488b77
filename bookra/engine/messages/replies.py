"""What customers write back by WhatsApp: STOP and START. What else they write is not kept.

A customer who writes opens a window of 24 hours in which WhatsApp lets us answer in free text.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from bookra import clock
from bookra.engine.messages.model import ANSWER
from bookra.engine.messages.planning import plan_answer
from bookra.engine.messages.recipients import EVERYTHING, REMINDERS
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError

STOP_WORDS = frozenset(
    {
        *("stop", "stop all", "unsubscribe", "opt out", "end"),
        *("stopp", "abmelden", "keine nachrichten"),
        *("arret", "arreter", "desabonner", "desinscription"),
        *("baja", "alto", "parar", "darse de baja"),
        *("basta", "ferma", "disiscrivi", "annulla iscrizione"),
        *("stoppen", "afmelden", "uitschrijven"),
    }
)
START_WORDS = frozenset(
    {"start", "unstop", "subscribe", "anmelden", "alta", "reprendre", "inizia", "aanmelden"}
)

CUSTOMER = text(
    "SELECT id, opted_out_of, wrote_at FROM customers"
    " WHERE tenant_id = :tenant_id AND phone = :phone FOR NO KEY UPDATE"
)
WROTE = text(
    "UPDATE customers SET wrote_at = GREATEST(wrote_at, :at), changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND id = :id"
)
OPT = text(
    """
    UPDATE customers
       SET opted_out_of = :of, opted_out_at = :at, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND opted_out_of IS DISTINCT FROM :of
    """
)


def heard(tx: Tx, from_e164: str, text_: str, at: datetime) -> str:
    """Take note of what somebody wrote: ``stopped``, ``started``, ``heard`` or ``unknown``.

    ``from_e164`` may lack its plus, as WhatsApp writes it. Locks the customer.
    """
    row = tx.row(CUSTOMER, phone="+" + re.sub(r"\D", "", from_e164))
    if row is None:
        return "unknown"
    tx.run(WROTE, id=row.id, at=at)
    if row.wrote_at is not None and at < row.wrote_at:
        return "heard"  # brought again, or late: what was written since then counts
    word = _plain(text_)
    if word in STOP_WORDS:
        if stop(tx, row.id):
            plan_answer(tx, row.id, ANSWER, once_key=f"answer:{row.id}:{clock.to_epoch(at)}")
        return "stopped"
    if word in START_WORDS:
        start(tx, row.id)
        return "started"
    return "heard"


def stop(tx: Tx, customer_id: UUID, of: str = EVERYTHING) -> bool:
    """Send a customer no ``reminders`` more, or no message at all; False when that was so already.

    Raises InvalidInputError (``bad_opt_out``).
    """
    if of not in (REMINDERS, EVERYTHING):
        raise InvalidInputError(
            "bad_opt_out", f"'{of}' can't be stopped", hint=f"{REMINDERS} or {EVERYTHING}"
        )
    return _opt(tx, customer_id, of)


def start(tx: Tx, customer_id: UUID) -> bool:
    """Send a customer messages again; False when they got them anyway."""
    return _opt(tx, customer_id, None)


def _opt(tx: Tx, customer_id: UUID, of: str | None) -> bool:
    changed = bool(tx.run(OPT, id=customer_id, of=of, at=tx.now if of else None))
    if changed:
        tx.concerns("customer", customer_id)
    return changed


def _plain(written: str) -> str:
    """Return a text without case, accents, blanks around it and punctuation."""
    apart = unicodedata.normalize("NFKD", written[:200]).casefold()
    return " ".join("".join(c if c.isalnum() or c.isspace() else "" for c in apart).split())
