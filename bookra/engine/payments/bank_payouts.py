"""Stripe's payouts to the business's bank: what state each is in, and which movements it carries.

The money itself is posted by the payout's balance transactions; a row here says why it left and
whether it arrived. Facts may come in any order: a state never goes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text

from bookra.engine.runtime import Tx
from bookra.ids import new_id
from bookra.money import Money

ORDER = ("pending", "in_transit", "paid", "failed", "canceled")
"""Later states win: also a payout that was paid may still fail, when the bank sends it back."""

KEEP = text(
    """
    INSERT INTO stripe_payouts AS p (tenant_id, id, payout_ref, amount_minor, currency, state,
                                     automatic, arrives_on, failure, created_at)
    VALUES (:tenant_id, :id, :payout_ref, :amount_minor, :currency, :state, :automatic,
            :arrives_on, :failure, :created_at)
    ON CONFLICT (tenant_id, payout_ref) DO UPDATE
       SET state = EXCLUDED.state, arrives_on = EXCLUDED.arrives_on, failure = EXCLUDED.failure,
           changed_by = EXCLUDED.changed_by
     WHERE array_position(CAST(:order AS text[]), EXCLUDED.state)
           >= array_position(CAST(:order AS text[]), p.state)
       AND (p.state, p.arrives_on, p.failure)
           IS DISTINCT FROM (EXCLUDED.state, EXCLUDED.arrives_on, EXCLUDED.failure)
    """
)
KNOWN = text(
    "SELECT id, state FROM stripe_payouts WHERE tenant_id = :tenant_id AND payout_ref = :payout_ref"
)
ADD_MEMBER = text(
    """
    INSERT INTO payout_members (tenant_id, id, payout_id, txn_ref)
    VALUES (:tenant_id, :id, :payout_id, :txn_ref)
    ON CONFLICT (tenant_id, payout_id, txn_ref) DO NOTHING
    """
)
PAYOUTS = text(
    """
    SELECT p.payout_ref, p.amount_minor, p.currency, p.state, p.automatic, p.arrives_on, p.failure,
           p.created_at, p.received_entry_id IS NOT NULL AS received,
           (SELECT count(*) FROM payout_members m
             WHERE m.tenant_id = p.tenant_id AND m.payout_id = p.id) AS members
      FROM stripe_payouts p
     WHERE p.tenant_id = :tenant_id
     ORDER BY p.created_at DESC, p.payout_ref LIMIT :limit
    """
)

INCOMPLETE = text(
    """
    SELECT p.payout_ref FROM stripe_payouts p
     WHERE p.tenant_id = :tenant_id AND p.automatic AND p.state IN ('in_transit', 'paid')
       AND NOT EXISTS (SELECT FROM payout_members m
                        WHERE m.tenant_id = p.tenant_id AND m.payout_id = p.id)
     ORDER BY p.created_at
    """
)


@dataclass(frozen=True, slots=True)
class PayoutFact:
    """A payout as Stripe tells it now.

    ``members`` are the balance transactions that an automatic payout carries, its own left out;
    None while Stripe does not tell them (yet, or of a manual payout: never).
    """

    payout_ref: str
    amount: Money
    state: str
    automatic: bool
    arrives_on: date | None
    failure: str
    created_at: datetime
    members: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class BankPayout:
    """A payout as it is known here. ``received``: matched with the bank's statement."""

    payout_ref: str
    amount: Money
    state: str
    automatic: bool
    arrives_on: date | None
    failure: str
    created_at: datetime
    received: bool
    members: int


def settle_payout(tx: Tx, fact: PayoutFact) -> str:
    """Keep what Stripe says of a payout, and its members; returns its state here.

    An older state than the one that is known changes nothing. Locks the payout's row.
    """
    tx.run(
        KEEP,
        id=new_id(),
        payout_ref=fact.payout_ref,
        amount_minor=fact.amount.minor,
        currency=fact.amount.currency,
        state=fact.state,
        automatic=fact.automatic,
        arrives_on=fact.arrives_on,
        failure=fact.failure,
        created_at=fact.created_at,
        order=list(ORDER),
    )
    known = tx.row(KNOWN, payout_ref=fact.payout_ref)
    assert known is not None
    _add_members(tx, known.id, fact.members or ())
    tx.concerns("payout", known.id)
    return str(known.state)


def _add_members(tx: Tx, payout_id: UUID, members: Sequence[str]) -> None:
    rows = [{"id": new_id(), "payout_id": payout_id, "txn_ref": ref} for ref in members]
    tx.run_many(ADD_MEMBER, rows)


def incomplete(tx: Tx) -> list[str]:
    """Return the automatic payouts whose members are not known, the oldest first."""
    return [row.payout_ref for row in tx.rows(INCOMPLETE)]


def bank_payouts(tx: Tx, *, limit: int = 200) -> list[BankPayout]:
    """Return the latest payouts, the newest first."""
    return [
        BankPayout(
            row.payout_ref,
            Money(row.amount_minor, row.currency),
            row.state,
            row.automatic,
            row.arrives_on,
            row.failure,
            row.created_at,
            row.received,
            row.members,
        )
        for row in tx.rows(PAYOUTS, limit=limit)
    ]
