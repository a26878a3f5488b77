"""The proof that the ledger equals what Stripe moved: its first two parts. Pure over fresh facts.

1. Each balance transaction has exactly one entry, and the entry moved the available account by
   its net. 2. The available account equals the sum of the nets equals Stripe's own balance,
   available and pending. An empty or partial answer is never a proof: the facts come whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bookra.engine.ledger import chart
from bookra.engine.ledger.store import balances
from bookra.engine.payments.store import MOVEMENTS
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError
from bookra.money import Money


@dataclass(frozen=True, slots=True)
class StripeFact:
    """A balance transaction as Stripe tells it now."""

    txn_ref: str
    type: str
    net: Money


@dataclass(frozen=True, slots=True)
class Drift:
    """One disagreement. ``kind``: missing_here, missing_there, amount_differs, unknown_type."""

    kind: str
    id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Both sides and their difference, which is zero when ``ok``."""

    currency: str
    ledger: Money
    stripe: Money
    entries: int
    balance_transactions: int
    drift: tuple[Drift, ...]

    @property
    def difference(self) -> Money:
        """Ledger minus Stripe."""
        return self.ledger - self.stripe

    @property
    def ok(self) -> bool:
        """Tell whether both sides agree, to the cent and one to one."""
        return not self.drift and not self.difference


KNOWN_TYPES = frozenset({"charge", "payment", "refund", "payment_refund", "payout"})


def reconcile(tx: Tx, facts: Sequence[StripeFact], held: Money) -> Reconciliation:
    """Compare the ledger with Stripe's balance transactions and ``held``, its balance."""
    rows = {row.txn_ref: row for row in tx.rows(MOVEMENTS)}
    there = {fact.txn_ref: fact for fact in facts}
    currency = tx.tenant.currency
    drift = [
        Drift("missing_here", fact.txn_ref, fact.net) for fact in facts if fact.txn_ref not in rows
    ]
    drift += [
        Drift("unknown_type", fact.txn_ref, fact.net)
        for fact in facts
        if fact.txn_ref in rows and fact.type not in KNOWN_TYPES
    ]
    for ref, row in rows.items():
        fact = there.get(ref)
        if fact is None:
            drift.append(Drift("missing_there", ref, Money(row.posted_minor, row.currency)))
        elif fact.net.minor != row.posted_minor or fact.net.minor != row.net_minor:
            off = row.posted_minor - fact.net.minor
            drift.append(Drift("amount_differs", ref, Money(off, row.currency)))
    total = Money(sum(fact.net.minor for fact in facts), currency)
    if total != held:
        drift.append(Drift("balance_differs", "balance", held - total))
    return Reconciliation(currency, _available(tx), held, len(rows), len(facts), tuple(drift))


def _available(tx: Tx) -> Money:
    currency = tx.tenant.currency
    try:
        found = balances(tx, chart.AVAILABLE)
    except NotFoundError:
        return Money(0, currency)
    return next((a.balance for a in found if a.balance.currency == currency), Money(0, currency))
