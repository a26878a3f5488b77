"""The balance of gift cards: taken by a payment, put back by a refund. The row is the judge.

A card's rest is a locked row with a check, so that it is never spent twice, whoever races. The
ledger says the same: each use is an entry whose key begins with ``use_prefix``.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from bookra.engine.ledger.chart import GIFT_CARDS
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError
from bookra.ids import new_id
from bookra.money import Money

TAKE = text(
    """
    UPDATE gift_cards SET balance_minor = balance_minor - :amount_minor, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND state = 'active'
       AND balance_minor >= :amount_minor
    """
)
# A card that has expired lives again: its money is the customer's until it expires anew.
REFILL = text(
    """
    UPDATE gift_cards SET balance_minor = balance_minor + :amount_minor,
                          state = CASE state WHEN 'expired' THEN 'active' ELSE state END,
                          changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND state IN ('active', 'expired')
       AND balance_minor + :amount_minor <= initial_minor
    """
)
USED = text(
    f"""
    SELECT split_part(e.key, ':', 2) AS card, min(e.id::text) AS first,
           sum(t.amount_minor)::bigint AS amount_minor, t.currency
      FROM entries e
      JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
      JOIN accounts d ON d.tenant_id = t.tenant_id AND d.id = t.debit_account_id
     WHERE e.tenant_id = :tenant_id AND (e.booking_id = :owner_id OR e.order_id = :owner_id)
       AND e.kind = 'gift_card_payment' AND d.code = '{GIFT_CARDS}'
     GROUP BY card, t.currency
     ORDER BY first
    """  # noqa: S608 - constants
)


def use_prefix(gift_card_id: UUID) -> str:
    """Return how the keys of all entries begin that spend this card."""
    return f"gift-card:{gift_card_id}:"


def use_key(gift_card_id: UUID) -> str:
    """Return the key of a new entry that spends this card."""
    return f"{use_prefix(gift_card_id)}{new_id()}"


def take(tx: Tx, gift_card_id: UUID, amount: Money) -> None:
    """Take an amount off an active card. Raises ConflictError (``card_short``), with no change."""
    if not tx.run(TAKE, id=gift_card_id, amount_minor=amount.minor):
        raise ConflictError("card_short", f"The gift card does not hold {amount}")
    tx.concerns("gift_card", gift_card_id)


def refill(tx: Tx, gift_card_id: UUID, amount: Money) -> None:
    """Put an amount back onto a card; the caller posts the refund.

    Raises ConflictError (``over_refund``) for more than was ever taken off it.
    """
    if not tx.run(REFILL, id=gift_card_id, amount_minor=amount.minor):
        raise ConflictError("over_refund", f"{amount} was not taken off that gift card")
    tx.concerns("gift_card", gift_card_id)


def used_for(tx: Tx, owner_id: UUID) -> list[tuple[UUID, Money]]:
    """Return which gift cards paid how much of a booking or an order, by first use."""
    return [
        (UUID(row.card), Money(row.amount_minor, row.currency))
        for row in tx.rows(USED, owner_id=owner_id)
    ]
