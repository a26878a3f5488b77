"""What was paid of a booking or an order, what went back, and what is left to be given back.

Read from the ledger, the charges and the refunds that are on their way, in one place: a refund is
never more than came in, whoever asks and by whatever way. The caller has locked the sale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.ledger import chart
from bookra.engine.ledger.rules.refunds import REFUND_KINDS
from bookra.engine.payments import gift_balance
from bookra.engine.payments.refund_parts import Pools, Source
from bookra.engine.payments.sold import Sold, value_left
from bookra.engine.runtime import Tx

MOVED = text(
    """
    SELECT e.kind, a.code AS account, sum(p.amount_minor)::bigint AS minor
      FROM entries e
      JOIN postings p ON p.tenant_id = e.tenant_id AND p.entry_id = e.id
      JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
     WHERE e.tenant_id = :tenant_id AND (e.booking_id = :id OR e.order_id = :id)
     GROUP BY e.kind, a.code
    """
)
# A refund counts against its charge unless it failed before anything was posted. Of an inquiry
# (warning_*) the bank has taken nothing yet: a refund is what settles it.
CHARGES = text(
    """
    SELECT c.id, c.captured_minor, c.tip_minor, e.kind,
           COALESCE(sum(o.amount_minor - o.tip_minor), 0)::bigint AS price_back_minor,
           COALESCE(sum(o.tip_minor), 0)::bigint AS tip_back_minor,
           COALESCE(sum(o.amount_minor) FILTER (WHERE f.id IS NULL), 0)::bigint AS on_its_way_minor,
           EXISTS (SELECT FROM disputes d
                    WHERE d.tenant_id = c.tenant_id AND d.charge_id = c.id
                      AND d.state NOT IN ('won', 'prevented') AND d.state NOT LIKE 'warning%')
             AS disputed
      FROM charges c
      LEFT JOIN entries e ON e.tenant_id = c.tenant_id AND e.key = 'charge:' || c.charge_ref
      LEFT JOIN (operations o
                 LEFT JOIN entries f ON f.tenant_id = o.tenant_id
                  AND f.key = 'refund:' || CAST(o.id AS text))
             ON o.tenant_id = c.tenant_id AND o.charge_id = c.id AND o.kind = 'refund'
            AND (o.state <> 'failed' OR f.id IS NOT NULL)
     WHERE c.tenant_id = :tenant_id AND (c.booking_id = :id OR c.order_id = :id)
     GROUP BY c.tenant_id, c.id, c.captured_minor, c.tip_minor, c.captured_at, e.kind
     ORDER BY c.captured_at, c.id
    """
)
LATE, FEE = "late_payment", "fee_payment"
"""Kinds of a charge's entry: money that pays nothing, and a fee of its own."""

BACK = frozenset(REFUND_KINDS.values())
FEES = (chart.NO_SHOW, chart.LATE_CANCEL)

Moved = Mapping[tuple[str, str], int]
"""Debits less credits by kind of entry and account, in minor units."""


@dataclass(frozen=True, slots=True)
class Purse:
    """``sources`` say by which ways money may go back, ``pools`` what it is taken from.

    ``owed_minor`` is what a failed refund or a late payment still owes, and nobody is paying back.
    ``cap_minor`` limits a refund of bought value to what nobody has used.
    """

    sources: tuple[Source, ...]
    pools: Pools
    owed_minor: int
    package_minor: int = 0
    cap_minor: int | None = None

    @property
    def price_minor(self) -> int:
        """What of the price can go back, charges in dispute left out."""
        rest = max(0, sum(s.price_minor for s in self.sources if not s.disputed))
        return rest if self.cap_minor is None else min(rest, self.cap_minor)

    @property
    def tip_minor(self) -> int:
        """What of the tips can go back."""
        return max(0, sum(s.tip_minor for s in self.sources if not s.disputed))

    @property
    def disputed_minor(self) -> int:
        """What could go back if it were not disputed."""
        return sum(s.rest_minor for s in self.sources if s.disputed)


def purse_of(tx: Tx, sold: Sold) -> Purse:
    """Return what is left to be given back of a sale."""
    moved: Moved = {
        (row.kind, row.account): row.minor for row in tx.rows(MOVED, id=sold.id) if row.minor
    }
    charges = tx.rows(CHARGES, id=sold.id)
    late = sum(row.on_its_way_minor for row in charges if row.kind == LATE)
    return Purse(
        (*_charged(charges), *_gift_cards(tx, sold, moved), *_others(moved)),
        _pools(sold, moved),
        max(0, -_on(moved, chart.REFUNDS_OWED) - late),
        _rest(moved, "package"),
        value_left(tx, sold) if sold.value else None,
    )


def _charged(charges: Sequence[Row[Any]]) -> list[Source]:
    return [
        Source(
            "card",
            max(0, row.captured_minor - row.tip_minor - row.price_back_minor),
            max(0, row.tip_minor - row.tip_back_minor),
            row.id,
            row.disputed,
        )
        for row in charges
        if row.kind is not None and row.kind != LATE
    ]


def _gift_cards(tx: Tx, sold: Sold, moved: Moved) -> list[Source]:
    """Return the gift cards that paid, the one used first being refilled first."""
    went_back = _paid_in(moved, "gift-card") - _rest(moved, "gift-card")
    found = []
    if _paid_in(moved, "gift-card"):
        for card_id, used in gift_balance.used_for(tx, sold.id):
            back = min(used.minor, went_back)
            went_back -= back
            found.append(Source("gift-card", used.minor - back, 0, card_id))
    return found


def _others(moved: Moved) -> list[Source]:
    """Return cash and terminal; below zero where more went back by this way than came in by it."""
    found = [Source(way, _rest(moved, way), _tip_rest(moved, way)) for way in ("terminal", "cash")]
    return [source for source in found if source.price_minor or source.tip_minor]


def _pools(sold: Sold, moved: Moved) -> Pools:
    back = {
        kind: sum(_of(moved, kind, account) for account in _revenue(moved))
        for kind in (*BACK, "revenue_kept")
    }
    returned = sum(back.values())
    whole = sum(sale.gross_minor for sale in sold.sales) if sold.recognised else 0
    fees = {account: -_on(moved, account) for account in FEES}
    tips = {
        chart.staff_of(account) or "": -_on(moved, account)
        for _, account in moved
        if account.startswith(chart.TIPS_PREFIX)
    }
    return Pools(
        max(0, -_on(moved, chart.DEPOSITS)),
        max(0, whole - returned),
        returned,
        {account: minor for account, minor in fees.items() if minor > 0},
        {staff: minor for staff, minor in sorted(tips.items()) if minor > 0},
    )


def _revenue(moved: Moved) -> set[str]:
    """Return the accounts on which revenue is taken back: refunds, and each rate of tax."""
    return {
        account
        for _, account in moved
        if account == chart.REFUNDS or account.startswith(chart.TAX_PREFIX)
    }


def _rest(moved: Moved, way: str) -> int:
    """Return what came in by a way for the price, less what went back by it."""
    out = -_of(moved, REFUND_KINDS[way], chart.TENDERS[way]) - _tips(moved, REFUND_KINDS[way])
    return _paid_in(moved, way) - out


def _paid_in(moved: Moved, way: str) -> int:
    kind = chart.PAYMENT_KINDS[way]
    return _of(moved, kind, chart.TENDERS[way]) + _tips(moved, kind)


def _tip_rest(moved: Moved, way: str) -> int:
    return -_tips(moved, chart.PAYMENT_KINDS[way]) - _tips(moved, REFUND_KINDS[way])


def _tips(moved: Moved, kind: str) -> int:
    """Return what entries of a kind moved on tips: below zero for tips that came in."""
    return sum(
        minor
        for (of_kind, account), minor in moved.items()
        if of_kind == kind and account.startswith(chart.TIPS_PREFIX)
    )


def _of(moved: Moved, kind: str, account: str) -> int:
    return moved.get((kind, account), 0)


def _on(moved: Moved, account: str) -> int:
    sums: defaultdict[str, int] = defaultdict(int)
    for (_, of_account), minor in moved.items():
        sums[of_account] += minor
    return sums[account]


def charge_kind(tx: Tx, charge_id: UUID | None) -> str:
    """Return the kind of the entry that a charge made; empty while it has none."""
    row = tx.row(CHARGE_KIND, id=charge_id) if charge_id else None
    return "" if row is None or row.kind is None else str(row.kind)


CHARGE_KIND = text(
    """
    SELECT e.kind FROM charges c
      LEFT JOIN entries e ON e.tenant_id = c.tenant_id AND e.key = 'charge:' || c.charge_ref
     WHERE c.tenant_id = :tenant_id AND c.id = :id
    """
)
