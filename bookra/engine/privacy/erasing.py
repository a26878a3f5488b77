"""Erasing a customer: what says who they are goes, what the books need stays under an id.

The ledger, visits and invoices keep their rows and their sums. Whatever is elsewhere follows
through the outbox: the card at Stripe, the name in the calendar's events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import TextClause, text

from bookra.engine.bookings.waitlist import actions as waitlist
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import UpsertCalendar
from bookra.engine.payments import cards
from bookra.engine.privacy.inventory import CHARGES, OF_SALES
from bookra.engine.privacy.obstacles import Obstacle, obstacles
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, NotFoundError

PSEUDONYM = "Erased customer"
"""The name that stands where a name must be."""

LOCK_BOOKINGS = text(
    """
    SELECT id FROM bookings
     WHERE tenant_id = :tenant_id AND customer_id = :customer_id ORDER BY id FOR NO KEY UPDATE
    """
)
# Whoever books for them holds the row's key: no visit is written while this is held.
LOCK = text(
    "SELECT erased_at FROM customers WHERE tenant_id = :tenant_id AND id = :customer_id FOR UPDATE"
)
OPEN_WISHES = text(
    """
    SELECT code FROM wishes
     WHERE tenant_id = :tenant_id AND customer_id = :customer_id
       AND status IN ('waiting', 'offered')
     ORDER BY id
    """
)
IN_CALENDARS = text(
    """
    SELECT DISTINCT b.id FROM bookings b
      JOIN booking_lines l ON l.tenant_id = b.tenant_id AND l.booking_id = b.id
     WHERE b.tenant_id = :tenant_id AND b.customer_id = :customer_id AND l.session_id IS NULL
       AND (EXISTS (SELECT FROM calendar_events c
                     WHERE c.tenant_id = l.tenant_id AND c.event_id = l.id)
            OR EXISTS (SELECT FROM outbox_history h
                        WHERE h.tenant_id = b.tenant_id AND h.booking_id = b.id
                          AND h.topic = 'calendar.upsert'))
     ORDER BY b.id
    """
)
CLEAR: Mapping[str, TextClause] = {
    "notes of visits": text(
        """
        UPDATE bookings SET note = '', changed_by = session_user
         WHERE tenant_id = :tenant_id AND customer_id = :customer_id AND note <> ''
        """
    ),
    "digits of cards": text(
        """
        UPDATE saved_cards
           SET brand = '', last4 = '', expires_on = NULL, changed_by = session_user
         WHERE tenant_id = :tenant_id AND customer_id = :customer_id
           AND (brand, last4) <> ('', '')
        """
    ),
    "pages and reasons of payments": text(
        f"""
        UPDATE operations t SET url = NULL, reason = '', changed_by = session_user
         WHERE t.tenant_id = :tenant_id AND (t.customer_id = :customer_id OR {OF_SALES})
           AND (t.url IS NOT NULL OR t.reason <> '')
        """  # noqa: S608 - constants
    ),
    "answers to disputes": text(
        f"""
        UPDATE disputes t SET answer = NULL, changed_by = session_user
         WHERE t.tenant_id = :tenant_id AND t.charge_id IN {CHARGES} AND t.answer IS NOT NULL
        """  # noqa: S608 - constants
    ),
    # WhatsApp's reference of a message is made of the number that it went to.
    "references of messages": text(
        f"""
        UPDATE messages t SET provider_ref = NULL, changed_by = session_user
         WHERE t.tenant_id = :tenant_id AND (t.customer_id = :customer_id OR {OF_SALES})
           AND t.provider_ref IS NOT NULL
        """  # noqa: S608 - constants
    ),
}
ERASE = text(
    """
    UPDATE customers
       SET name = :pseudonym, phone = NULL, email = NULL, language = '', notes = '',
           opted_out_at = :now, opted_out_of = 'everything', wrote_at = NULL, erased_at = :now,
           changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :customer_id
    """
)


@dataclass(frozen=True, slots=True)
class Erased:
    """What became of a customer: since when they are erased, and how much was cleared of what.

    ``gave_up`` is what stood against it and was waved away.
    """

    customer_id: UUID
    erased_at: datetime
    cleared: Mapping[str, int]
    gave_up: tuple[Obstacle, ...] = ()


def erase(tx: Tx, customer_id: UUID, *, force: bool = False) -> Erased:
    """Erase a customer; one who is erased already stays as they are.

    ``force`` gives up what is owed and what is still to be used. Locks their bookings by id, then
    the customer. Raises NotFoundError (``unknown_customer``), ConflictError
    (``customer_in_use``) with what stands against it.
    """
    tx.rows(LOCK_BOOKINGS, customer_id=customer_id)
    row = tx.row(LOCK, customer_id=customer_id)
    if row is None:
        raise NotFoundError("unknown_customer", f"There is no customer {customer_id}")
    if row.erased_at is not None:
        return Erased(customer_id, row.erased_at, {})
    against = obstacles(tx, customer_id)
    firm = [each for each in against if not (force and each.yields)]
    if firm:
        raise _in_use(customer_id, firm)
    cleared = Counter(_cleared(tx, customer_id))
    tx.run(ERASE, customer_id=customer_id, pseudonym=PSEUDONYM, now=tx.now)
    tx.concerns("customer", customer_id)
    return Erased(customer_id, tx.now, +cleared, tuple(against))


def _cleared(tx: Tx, customer_id: UUID) -> dict[str, int]:
    """Clear what hangs on a customer, here and elsewhere; returns how much of what."""
    wishes = tx.rows(OPEN_WISHES, customer_id=customer_id)
    for wish in wishes:
        waitlist.withdraw(tx, wish.code)
    kept = cards.cards_of(tx, customer_id)
    for card in kept:
        cards.remove(tx, card)
    events = sum(
        emit(tx, UpsertCalendar(row.id)) for row in tx.rows(IN_CALENDARS, customer_id=customer_id)
    )
    cleared = {"wishes": len(wishes), "saved cards": len(kept), "events in calendars": events}
    for what, statement in CLEAR.items():
        cleared[what] = tx.run(statement, customer_id=customer_id)
    return cleared


def _in_use(customer_id: UUID, against: Sequence[Obstacle]) -> ConflictError:
    told = "; ".join(f"{each.count} {each.what} ({', '.join(each.codes)})" for each in against)
    insist = " --force gives it up." if all(each.yields for each in against) else ""
    return ConflictError(
        "customer_in_use",
        f"This customer can't be erased now: {told}",
        hint=f"{against[0].hint}.{insist}",
        details={
            "customer": str(customer_id),
            "against": [
                {"what": each.what, "count": each.count, "codes": list(each.codes)}
                for each in against
            ],
        },
    )
