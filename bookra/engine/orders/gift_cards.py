"""Gift cards: sold, found by their code, and broken once they have expired."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.ledger import chart
from bookra.engine.ledger.rules import value
from bookra.engine.ledger.rules.sales import Fact
from bookra.engine.ledger.store import post
from bookra.engine.orders import store
from bookra.engine.orders.model import GIFT_CARD, GiftCard, Use
from bookra.engine.payments.gift_balance import use_prefix
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError, NotFoundError
from bookra.ids import CODE_ALPHABET, new_id
from bookra.money import Money

GROUPS, LETTERS = 4, 4
"""A code has sixteen letters of 31: 79 bits that nobody guesses, in groups that people can read."""

SELECT = """
    SELECT g.id, g.code, g.state, g.initial_minor, g.balance_minor, g.currency, g.expires_on,
           g.order_id, o.code AS "order", c.name AS customer, g.created_at
      FROM gift_cards g
      JOIN orders o ON o.tenant_id = g.tenant_id AND o.id = g.order_id
      LEFT JOIN customers c ON c.tenant_id = g.tenant_id AND c.id = g.customer_id
     WHERE g.tenant_id = :tenant_id
"""
BY_CODE = text(SELECT + " AND g.code = :code")
LATEST = text(
    SELECT
    + """
       AND (CAST(:state AS text) IS NULL OR g.state = :state)
     ORDER BY g.created_at DESC, g.id DESC LIMIT :limit
    """
)
OF_CUSTOMER = text(
    SELECT
    + """
       AND g.customer_id = :customer_id AND g.state = 'active' AND g.balance_minor > 0
     ORDER BY g.created_at, g.id
    """
)
EXPIRED = text(
    SELECT + " AND g.state = 'active' AND g.expires_on < :today ORDER BY g.id FOR UPDATE OF g"
)
LOCK = text(SELECT + " AND g.code = :code FOR UPDATE OF g")
INSERT = text(
    """
    INSERT INTO gift_cards (tenant_id, id, code, order_id, customer_id, initial_minor,
                            balance_minor, currency, expires_on, created_at)
    VALUES (:tenant_id, :id, :code, :order_id, :customer_id, :initial_minor, 0, :currency,
            :expires_on, :now)
    """
)
EXPIRE = text(
    """
    UPDATE gift_cards SET state = 'expired', balance_minor = 0, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
USES = text(
    f"""
    SELECT e.effective_at, e.kind, COALESCE(b.code, o.code) AS subject, e.id,
           -sum(p.amount_minor)::bigint AS amount_minor, p.currency
      FROM entries e
      JOIN postings p ON p.tenant_id = e.tenant_id AND p.entry_id = e.id
      JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
      LEFT JOIN bookings b ON b.tenant_id = e.tenant_id AND b.id = e.booking_id
      LEFT JOIN orders o ON o.tenant_id = e.tenant_id AND o.id = e.order_id
     WHERE e.tenant_id = :tenant_id AND a.code = '{chart.GIFT_CARDS}'
       AND (e.order_id = :order_id
            OR e.kind IN ('gift_card_payment', 'breakage')
           AND (starts_with(e.key, :used) OR starts_with(e.key, :broken))
            OR e.kind = 'gift_card_refund'
           AND EXISTS (SELECT FROM entries u
                        WHERE u.tenant_id = e.tenant_id AND u.kind = 'gift_card_payment'
                          AND starts_with(u.key, :used)
                          AND (u.booking_id = e.booking_id OR u.order_id = e.order_id)))
     GROUP BY e.effective_at, e.kind, subject, e.id, p.currency
     ORDER BY e.effective_at, e.id
    """  # noqa: S608 - constants
)


def sell_gift_card(
    tx: Tx, amount: Money, customer_id: UUID | None = None, expires_on: date | None = None
) -> GiftCard:
    """Write a gift card and the order that pays for it; it is good once that is paid.

    Raises InvalidInputError ``bad_amount``, ``bad_expiry``.
    """
    if amount.minor <= 0 or amount.currency != tx.tenant.currency:
        raise InvalidInputError("bad_amount", f"{amount} is not the worth of a gift card")
    check_expiry(tx, expires_on)
    order_id = store.insert_order(tx, GIFT_CARD, amount, customer_id)
    card_id, code = new_id(), gift_code()
    tx.run(
        INSERT,
        id=card_id,
        code=code,
        order_id=order_id,
        customer_id=customer_id,
        initial_minor=amount.minor,
        currency=amount.currency,
        expires_on=expires_on,
        now=tx.now,
    )
    tx.concerns("gift_card", card_id)
    return gift_card(tx, code)


def gift_card(tx: Tx, code: str) -> GiftCard:
    """Return a gift card by its code, read in any case; raises NotFoundError."""
    return _found(tx.row(BY_CODE, code=_typed(code)))


def locked_gift_card(tx: Tx, code: str) -> GiftCard:
    """Return a gift card whose row is locked until the transaction ends."""
    return _found(tx.row(LOCK, code=_typed(code)))


def gift_cards(tx: Tx, *, state: str | None = None, limit: int = 100) -> list[GiftCard]:
    """Return the latest gift cards, the newest first."""
    return [_card(row) for row in tx.rows(LATEST, state=state, limit=limit)]


def gift_cards_of(tx: Tx, customer_id: UUID) -> list[GiftCard]:
    """Return the gift cards that a customer bought and that are still worth something."""
    return [_card(row) for row in tx.rows(OF_CUSTOMER, customer_id=customer_id)]


def uses(tx: Tx, card: GiftCard) -> list[Use]:
    """Return what the ledger says of a card, by time: plus is owed to its holder.

    A refund of what several cards paid is told with each of them.
    """
    rows = tx.rows(
        USES,
        order_id=card.order_id,
        used=use_prefix(card.id),
        broken=_breakage(card),
    )
    return [
        Use(row.effective_at, row.kind, row.subject, Money(row.amount_minor, row.currency))
        for row in rows
    ]


def expire_gift_cards(tx: Tx) -> list[GiftCard]:
    """Break the rest of every card whose last day is over; returns them as they were. Locks them.

    Nothing is owed on them any more; a second run finds nothing.
    """
    found = [_card(row) for row in tx.rows(EXPIRED, today=store.today(tx))]
    for card in found:
        if card.balance:
            fact = Fact(
                f"{_breakage(card)}{new_id()}",
                tx.now,
                card.balance.currency,
                order_id=card.order_id,
            )
            post(tx, value.expired(fact, chart.GIFT_CARDS, card.balance.minor))
        tx.run(EXPIRE, id=card.id)
        tx.concerns("gift_card", card.id)
    return found


def gift_code() -> str:
    """Return a new code: ``GC-7F3K-9Q2M-XW4P-6HRT``."""
    groups = ("".join(secrets.choice(CODE_ALPHABET) for _ in range(LETTERS)) for _ in range(GROUPS))
    return "-".join(("GC", *groups))


def check_expiry(tx: Tx, expires_on: date | None) -> None:
    """Raise InvalidInputError (``bad_expiry``) for a last day in the past."""
    if expires_on is not None and expires_on < store.today(tx):
        raise InvalidInputError("bad_expiry", f"{expires_on} is in the past")


def _breakage(card: GiftCard) -> str:
    return f"breakage:gift-card:{card.id}:"


def _typed(code: str) -> str:
    """Return a code as it is kept, however it was typed: in any case, with or without dashes."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum()).removeprefix("GC")
    parts = [plain[at : at + LETTERS] for at in range(0, len(plain), LETTERS)]
    return "-".join(("GC", *parts))


def _found(row: Row[Any] | None) -> GiftCard:
    if row is None:
        raise NotFoundError(
            "unknown_gift_card",
            "There is no gift card with this code",
            hint="Read it again: GC and four groups of four",
        )
    return _card(row)


def _card(row: Row[Any]) -> GiftCard:
    return GiftCard(
        row.id,
        row.code,
        row.state,
        Money(row.initial_minor, row.currency),
        Money(row.balance_minor, row.currency),
        row.expires_on,
        row.order_id,
        row.order,
        row.customer,
        row.created_at,
    )
