"""Customers' saved cards: Stripe's references, the brand, the last four digits, the expiry.

No number ever comes here. A card that is removed is out of use at once; Stripe forgets it when the
relay has told it to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import DetachCard
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError
from bookra.ids import new_id

CARDS = text(
    """
    SELECT id, customer_id, customer_ref, method_ref, brand, last4, expires_on, state, created_at
      FROM saved_cards
     WHERE tenant_id = :tenant_id AND customer_id = :customer_id AND state = 'active'
     ORDER BY created_at DESC, id DESC
    """
)
CARD = text(
    """
    SELECT id, customer_id, customer_ref, method_ref, brand, last4, expires_on, state, created_at
      FROM saved_cards WHERE tenant_id = :tenant_id AND id = :id
    """
)
KEEP = text(
    """
    INSERT INTO saved_cards (tenant_id, id, customer_id, customer_ref, method_ref, brand, last4,
                             expires_on, created_at)
    VALUES (:tenant_id, :id, :customer_id, :customer_ref, :method_ref, :brand, :last4,
            :expires_on, :now)
    ON CONFLICT (tenant_id, method_ref) DO NOTHING
    """
)
REMOVE = text(
    """
    UPDATE saved_cards SET state = 'removed', changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND state = 'active'
    """
)
CUSTOMER_REF = text(
    """
    SELECT customer_ref FROM saved_cards
     WHERE tenant_id = :tenant_id AND customer_id = :customer_id AND created_at <= :at
     ORDER BY created_at DESC, id DESC LIMIT 1
    """
)


@dataclass(frozen=True, slots=True)
class KeptCard:
    """A card as Stripe keeps it for later: its references, and what is printed on a receipt."""

    customer_ref: str
    method_ref: str
    brand: str
    last4: str
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class SavedCard:
    """A customer's card. ``expires_on`` is the last day on which it is good."""

    id: UUID
    customer_id: UUID
    customer_ref: str
    method_ref: str
    brand: str
    last4: str
    expires_on: date | None
    state: str
    created_at: datetime


def cards_of(tx: Tx, customer_id: UUID) -> list[SavedCard]:
    """Return a customer's cards, the newest first."""
    return [_card(row) for row in tx.rows(CARDS, customer_id=customer_id)]


def the_card(tx: Tx, customer_id: UUID, last4: str | None = None) -> SavedCard:
    """Return the newest card, or the one that ends in ``last4`` (or has that id).

    Raises NotFoundError (``no_saved_card``).
    """
    for card in cards_of(tx, customer_id):
        if last4 is None or last4 in (card.last4, str(card.id)):
            return card
    which = f" that ends in {last4}" if last4 else ""
    raise NotFoundError(
        "no_saved_card",
        f"The customer has no saved card{which}",
        hint="Ask for one: bookra customer card add CUSTOMER; or send a link: bookra pay … --link",
    )


def card_by_id(tx: Tx, card_id: UUID) -> SavedCard:
    """Return a card, removed ones too; raises NotFoundError (``no_saved_card``)."""
    row = tx.row(CARD, id=card_id)
    if row is None:
        raise NotFoundError("no_saved_card", f"There is no saved card {card_id}")
    return _card(row)


def customer_ref(tx: Tx, customer_id: UUID | None, at: datetime) -> str | None:
    """Return by which id Stripe knew a customer ``at`` an instant; None while it didn't."""
    row = tx.row(CUSTOMER_REF, customer_id=customer_id, at=at) if customer_id else None
    return str(row.customer_ref) if row else None


def keep(tx: Tx, customer_id: UUID, card: KeptCard) -> bool:
    """Note a card that Stripe keeps for a customer; False when it was known."""
    fresh = tx.run(
        KEEP,
        id=new_id(),
        customer_id=customer_id,
        customer_ref=card.customer_ref,
        method_ref=card.method_ref,
        brand=card.brand,
        last4=card.last4,
        expires_on=card.expires_on,
        now=tx.now,
    )
    tx.concerns("customer", customer_id)
    return bool(fresh)


def remove(tx: Tx, card: SavedCard) -> None:
    """Take a card out of use at once, and have Stripe forget it."""
    if tx.run(REMOVE, id=card.id):
        emit(tx, DetachCard(None, card.id))
        tx.concerns("customer", card.customer_id)


def _card(row: Row[Any]) -> SavedCard:
    return SavedCard(
        row.id,
        row.customer_id,
        row.customer_ref,
        row.method_ref,
        row.brand,
        row.last4,
        row.expires_on,
        row.state,
        row.created_at,
    )
