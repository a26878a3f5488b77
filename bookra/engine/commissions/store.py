"""Reads what commission is computed on, and what was split before; writes the splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.clock import closing, from_epoch
from bookra.engine.commissions.rules import Progress, Sold
from bookra.engine.ledger import chart
from bookra.engine.runtime import Tx
from bookra.ids import new_id

LOCK_BOOKING = text(
    "SELECT recognised_at AS at, currency FROM bookings"
    " WHERE tenant_id = :tenant_id AND id = :id FOR UPDATE"
)
LOCK_ORDER = text(
    "SELECT paid_at AS at, currency FROM orders"
    " WHERE tenant_id = :tenant_id AND id = :id FOR UPDATE"
)
# What somebody performed or sold; items that nobody sold earn nobody a commission.
PARTS = text(
    """
    SELECT l.id, false AS is_item, l.position, k.slug AS staff, l.staff_id, l.service_id,
           CAST(NULL AS uuid) AS product_id, s.category, l.net_minor, l.tax_minor, l.tax_bps,
           l.discount_minor, 1 AS quantity, l.commission_bps
      FROM booking_lines l
      JOIN services s ON s.tenant_id = l.tenant_id AND s.id = l.service_id
      JOIN bookables k ON k.tenant_id = l.tenant_id AND k.id = l.staff_id
     WHERE l.tenant_id = :tenant_id AND l.booking_id = CAST(:booking_id AS uuid)
    UNION ALL
    SELECT i.id, true, i.position, k.slug, i.staff_id, NULL, i.product_id, p.category, i.net_minor,
           i.tax_minor, i.tax_bps, i.discount_minor, i.quantity, f.commission_bps
      FROM booking_items i
      JOIN products p ON p.tenant_id = i.tenant_id AND p.id = i.product_id
      JOIN bookables k ON k.tenant_id = i.tenant_id AND k.id = i.staff_id
      JOIN staff f ON f.tenant_id = i.tenant_id AND f.id = i.staff_id
     WHERE i.tenant_id = :tenant_id
       AND (i.booking_id = CAST(:booking_id AS uuid) OR i.order_id = CAST(:order_id AS uuid))
     ORDER BY 5, 2, 3
    """
)
HISTORY = text(
    """
    SELECT COALESCE(c.booking_line_id, c.item_id) AS part_id, c.kind, c.staff_id,
           k.slug AS staff, c.base_minor, c.rate_bps, c.amount_minor, c.rule_id, c.split_at
      FROM commission_splits c
      JOIN bookables k ON k.tenant_id = c.tenant_id AND k.id = c.staff_id
     WHERE c.tenant_id = :tenant_id AND c.kind <> 'tier'
       AND (c.booking_line_id = ANY(:lines) OR c.item_id = ANY(:items))
     ORDER BY c.id
    """
)
REFUNDED = text(
    """
    SELECT COALESCE(p.booking_line_id, p.item_id) AS part_id, sum(p.amount_minor)::bigint AS minor
      FROM entries e
      JOIN postings p ON p.tenant_id = e.tenant_id AND p.entry_id = e.id
      JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
     WHERE e.tenant_id = :tenant_id AND a.code = :refunds
       AND (e.booking_id = CAST(:booking_id AS uuid) OR e.order_id = CAST(:order_id AS uuid))
     GROUP BY 1
    """
)
ENTRY_AT = text("SELECT effective_at FROM entries WHERE tenant_id = :tenant_id AND key = :key")
KNOWN = text("SELECT 1 FROM commission_splits WHERE tenant_id = :tenant_id AND key = :key")
PROGRESS = text(
    """
    SELECT COALESCE(sum(base_minor), 0)::bigint AS base,
           COALESCE(sum(amount_minor), 0)::bigint AS earned
      FROM commission_splits
     WHERE tenant_id = :tenant_id AND staff_id = :staff_id AND kind <> 'clawback'
       AND rule_id = ANY(:rules) AND split_at >= :start AND split_at < :until
    """
)
SEALED_UNTIL = text(
    "SELECT max(ends_on) AS day FROM pay_runs"
    " WHERE tenant_id = :tenant_id AND staff_id = :staff_id AND state IN ('approved', 'paid')"
)
LOCK_NAME = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
LOCK_NAME_SHARED = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:name, 0))")
INSERT = text(
    """
    INSERT INTO commission_splits (tenant_id, id, key, kind, booking_line_id, item_id, staff_id,
                                   rule_id, base_minor, rate_bps, amount_minor, currency, entry_id,
                                   split_at)
    VALUES (:tenant_id, :id, :key, :kind, :line_id, :item_id, :staff_id, :rule_id, :base_minor,
            :rate_bps, :amount_minor, :currency, :entry_id, :split_at)
    """
)


@dataclass(frozen=True, slots=True)
class Sale:
    """A booking or an order whose revenue was recognised, locked: ``at`` says when."""

    booking_id: UUID | None
    order_id: UUID | None
    at: datetime
    currency: str


@dataclass(frozen=True, slots=True)
class Part:
    """A line or an item of a sale; ``staff`` is the slug of who performs or sold it."""

    id: UUID
    is_item: bool
    staff: str
    sold: Sold

    @property
    def name(self) -> str:
        """What keys call it."""
        return f"{'item' if self.is_item else 'line'}:{self.id}"

    @property
    def line_id(self) -> UUID | None:
        """The booking line, unless it is an item."""
        return None if self.is_item else self.id

    @property
    def item_id(self) -> UUID | None:
        """The item, unless it is a line."""
        return self.id if self.is_item else None


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose a part's commission is by now: the last split, and what is left of it.

    ``number`` counts the splits of the part, ``outstanding_minor`` is what clawbacks have left.
    """

    number: int
    staff_id: UUID
    staff: str
    base_minor: int
    rate_bps: int
    amount_minor: int
    rule_id: UUID | None
    split_at: datetime
    outstanding_minor: int


@dataclass(frozen=True, slots=True)
class Split:
    """A row to be written; ``amount_minor`` is signed."""

    key: str
    kind: str
    staff_id: UUID
    amount_minor: int
    entry_id: UUID | None
    split_at: datetime
    base_minor: int = 0
    rate_bps: int = 0
    rule_id: UUID | None = None


def locked_sale(tx: Tx, booking_id: UUID | None, order_id: UUID | None) -> Sale | None:
    """Lock a booking or an order; None when its revenue is not recognised."""
    statement, owner = (LOCK_BOOKING, booking_id) if booking_id else (LOCK_ORDER, order_id)
    row = tx.row(statement, id=owner)
    if row is None or row.at is None:
        return None
    return Sale(booking_id, order_id, row.at, row.currency)


def parts_of(tx: Tx, sale: Sale) -> list[Part]:
    """Return what somebody performed or sold, by staff id: locks by person keep one order."""
    rows = tx.rows(PARTS, booking_id=sale.booking_id, order_id=sale.order_id)
    return [_part(row) for row in rows]


def standing(tx: Tx, parts: Sequence[Part]) -> dict[UUID, Standing]:
    """Return whose the commission of each part is; parts without a split are left out."""
    found: dict[UUID, list[Row[Any]]] = {}
    lines = [part.id for part in parts if not part.is_item]
    items = [part.id for part in parts if part.is_item]
    for row in tx.rows(HISTORY, lines=lines, items=items):
        found.setdefault(row.part_id, []).append(row)
    return {part_id: _standing(rows) for part_id, rows in found.items()}


def refunded(tx: Tx, sale: Sale) -> dict[UUID, int]:
    """Return what of each part's net price was given back, from the ledger."""
    rows = tx.rows(
        REFUNDED, booking_id=sale.booking_id, order_id=sale.order_id, refunds=chart.REFUNDS
    )
    return {row.part_id: row.minor for row in rows if row.part_id is not None}


def effective_at(tx: Tx, key: str) -> datetime | None:
    """Return when the entry with this key took effect; None when there is none."""
    row = tx.row(ENTRY_AT, key=key)
    return None if row is None else row.effective_at


def is_known(tx: Tx, key: str) -> bool:
    """Tell whether a split with this key was written."""
    return tx.row(KNOWN, key=key) is not None


def locked_progress(
    tx: Tx, staff_id: UUID, rules: Sequence[UUID], start: datetime, until: datetime
) -> Progress:
    """Return what a person has under tiered rules in ``[start, until)``.

    Locks the person's tiers until the transaction ends: of two relays that split sales of one
    person, the second sees what the first has added.
    """
    tx.row(LOCK_NAME, name=f"{tx.tenant.id}|tiers|{staff_id}")
    row = tx.row(PROGRESS, staff_id=staff_id, rules=list(rules), start=start, until=until)
    assert row is not None
    return Progress(row.base, row.earned)


def pay_runs_lock(tenant_id: UUID) -> str:
    """Return the name of the lock that pay runs take alone and clawbacks share."""
    return f"{tenant_id}|pay-runs"


def hold_pay_runs(tx: Tx) -> None:
    """Keep every pay run as it is until the transaction ends."""
    tx.row(LOCK_NAME_SHARED, name=pay_runs_lock(tx.tenant.id))


def is_sealed(tx: Tx, staff_id: UUID, at: datetime) -> bool:
    """Tell whether an approved or paid run holds what a person earned at an instant."""
    row = tx.row(SEALED_UNTIL, staff_id=staff_id)
    day: date | None = row.day if row else None
    return day is not None and at < from_epoch(closing(day, 24 * 60, tx.tenant.zone))


def write(tx: Tx, sale: Sale, split: Split, part: Part | None) -> None:
    """Insert a split; ``part`` is None for what a tier adds to a period."""
    tx.run(
        INSERT,
        id=new_id(),
        key=split.key,
        kind=split.kind,
        line_id=part.line_id if part else None,
        item_id=part.item_id if part else None,
        staff_id=split.staff_id,
        rule_id=split.rule_id,
        base_minor=split.base_minor,
        rate_bps=split.rate_bps,
        amount_minor=split.amount_minor,
        currency=sale.currency,
        entry_id=split.entry_id,
        split_at=split.split_at,
    )


def _part(row: Row[Any]) -> Part:
    sold = Sold(
        row.staff_id,
        row.service_id,
        row.product_id,
        row.category,
        row.net_minor,
        row.tax_minor,
        row.tax_bps,
        row.discount_minor,
        row.quantity,
        row.commission_bps,
    )
    return Part(row.id, row.is_item, row.staff, sold)


def _standing(rows: list[Row[Any]]) -> Standing:
    splits = [row for row in rows if row.kind == "split"]
    last = splits[-1]
    return Standing(
        len(splits),
        last.staff_id,
        last.staff,
        last.base_minor,
        last.rate_bps,
        last.amount_minor,
        last.rule_id,
        last.split_at,
        sum(row.amount_minor for row in rows),
    )
