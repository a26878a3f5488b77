"""What the business owes, to whom where that is known: deposits, cards, tips, wages, taxes.

Balances are the ledger's, at a cut-off. Whose a deposit is, the entries say; gift cards and
packages keep their own rest, which is shown as long as no cut-off in the past is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from bookra.engine.ledger import chart
from bookra.engine.reports.cutoff import Cutoff, cutoff
from bookra.engine.runtime import Tx

# Indexes: transfers_tenant_id_debit_account_id_idx and _credit_account_id_idx.
BALANCES = text(
    """
    SELECT a.code, CASE WHEN a.code = ANY(:by_subject) THEN COALESCE(b.code, o.code) END AS owner,
           -sum(p.amount_minor)::bigint AS owed_minor
      FROM accounts a
      JOIN postings p ON p.tenant_id = a.tenant_id AND p.account_id = a.id
      JOIN entries e ON e.tenant_id = p.tenant_id AND e.id = p.entry_id
      LEFT JOIN bookings b ON a.code = ANY(:by_subject) AND b.tenant_id = e.tenant_id
       AND b.id = e.booking_id
      LEFT JOIN orders o ON a.code = ANY(:by_subject) AND o.tenant_id = e.tenant_id
       AND o.id = e.order_id
     WHERE a.tenant_id = :tenant_id AND a.kind = 'liability' AND a.currency = :currency
       AND (CAST(:posted_by AS timestamptz) IS NULL OR e.posted_at <= :posted_by)
     GROUP BY 1, 2
    HAVING sum(p.amount_minor) <> 0
    """
)
GIFT_CARDS = text(
    "SELECT code AS owner, balance_minor AS owed_minor FROM gift_cards"
    " WHERE tenant_id = :tenant_id AND balance_minor > 0 AND state = 'active' ORDER BY code"
)
PACKAGES = text(
    """
    SELECT p.code AS owner,
           p.price_minor - COALESCE((SELECT sum(u.amount_minor) FROM package_uses u
                                      WHERE u.tenant_id = p.tenant_id AND u.package_id = p.id), 0)
             AS owed_minor
      FROM packages p
     WHERE p.tenant_id = :tenant_id AND p.state = 'active'
     ORDER BY p.code
    """
)
KEYS = {
    chart.DEPOSITS: "deposits",
    chart.GIFT_CARDS: "gift-cards",
    chart.PACKAGES: "packages",
    chart.REFUNDS_OWED: "refunds-owed",
    chart.SUSPENSE: "suspense",
}
PREFIXES = {
    chart.TIPS_PREFIX: "tips",
    chart.COMMISSION_PREFIX: "commissions",
    chart.TAX_PREFIX: "tax",
}
ORDER = (*KEYS.values(), *PREFIXES.values())


@dataclass(frozen=True, slots=True)
class Owed:
    """An amount owed: what for, and to whom: a code, a staff slug, a tax rate, or nobody known."""

    key: str
    owner: str | None
    minor: int


@dataclass(frozen=True, slots=True)
class Liabilities:
    """Everything that is owed; the rows of a key sum to its accounts' balance."""

    cutoff: Cutoff
    currency: str
    rows: tuple[Owed, ...]

    @property
    def totals(self) -> dict[str, int]:
        """The sum by key, for those that owe something."""
        keys = dict.fromkeys(row.key for row in self.rows)
        sums = {key: sum(row.minor for row in self.rows if row.key == key) for key in keys}
        return {key: minor for key, minor in sums.items() if minor}


def liabilities(tx: Tx, as_of: datetime | None = None) -> Liabilities:
    """Return what is owed now, or was known to be owed ``as_of`` an instant."""
    cut, currency = cutoff(tx, as_of), tx.tenant.currency
    rows = [
        _owed(row)
        for row in tx.rows(
            BALANCES,
            currency=currency,
            posted_by=cut.posted_by,
            by_subject=[chart.DEPOSITS, chart.REFUNDS_OWED],
        )
    ]
    if as_of is None:
        rows = _told_apart(rows, "gift-cards", tx.rows(GIFT_CARDS))
        rows = _told_apart(rows, "packages", tx.rows(PACKAGES))
    place = {key: number for number, key in enumerate(ORDER)}
    rows.sort(key=lambda row: (place.get(row.key, len(ORDER)), -row.minor, row.owner or ""))
    return Liabilities(cut, currency, tuple(rows))


def _owed(row: Row[Any]) -> Owed:
    for prefix, key in PREFIXES.items():
        if row.code.startswith(prefix):
            return Owed(key, row.code.removeprefix(prefix), row.owed_minor)
    return Owed(KEYS.get(row.code, row.code), row.owner, row.owed_minor)


def _told_apart(rows: list[Owed], key: str, owners: Any) -> list[Owed]:
    """Put the owners of a balance in its place; what they don't explain keeps a row of its own."""
    found = [Owed(key, row.owner, int(row.owed_minor)) for row in owners if row.owed_minor]
    whole = sum(row.minor for row in rows if row.key == key)
    rest = whole - sum(row.minor for row in found)
    others = [row for row in rows if row.key != key]
    return others + found + ([Owed(key, None, rest)] if rest else [])
