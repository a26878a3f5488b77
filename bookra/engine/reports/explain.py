"""Opens any figure: from an entry, a code, a number or a reference of Stripe's to all around it.

What is named is traced to its booking or order, or to its payout; from there everything that hangs
on it is read: entries, charges, operations, disputes, Stripe's movements and the payouts that
carried them, invoices, commissions, gift cards and packages, pay runs, and effects on the outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from bookra.engine.ledger.reading import Filter, PostedEntry, entries, entry_named
from bookra.engine.reports.explain_sections import SECTIONS
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError
from bookra.money import Money

MOST = 500
"""How many rows of one kind are shown."""

OWNER = "SELECT booking_id, order_id FROM {} WHERE tenant_id = :tenant_id AND "
# Each way to name something, and how it leads to a booking or an order.
OWNERS: dict[str, TextClause] = {
    "booking": text(
        "SELECT id AS booking_id, NULL::uuid AS order_id FROM bookings"
        " WHERE tenant_id = :tenant_id AND code = upper(:name)"
    ),
    "order": text(
        "SELECT NULL::uuid AS booking_id, id AS order_id FROM orders"
        " WHERE tenant_id = :tenant_id AND code = upper(:name)"
    ),
    "invoice": text(OWNER.format("invoices") + "number = upper(:name)"),
    "charge": text(OWNER.format("charges") + "(charge_ref = :name OR intent_ref = :name)"),
    "operation": text(
        OWNER.format("operations") + "(provider_ref = :name OR id::text = lower(:name))"
    ),
    "dispute": text(
        "SELECT c.booking_id, c.order_id FROM disputes d"
        "  JOIN charges c ON c.tenant_id = d.tenant_id AND c.id = d.charge_id"
        " WHERE d.tenant_id = :tenant_id AND d.dispute_ref = :name"
    ),
    "gift-card": text(
        "SELECT NULL::uuid AS booking_id, order_id FROM gift_cards"
        " WHERE tenant_id = :tenant_id AND upper(code) = upper(:name)"
    ),
    "package": text(
        "SELECT NULL::uuid AS booking_id, order_id FROM packages"
        " WHERE tenant_id = :tenant_id AND upper(code) = upper(:name)"
    ),
}
ENTRY = text(
    "SELECT id, booking_id, order_id FROM entries WHERE tenant_id = :tenant_id AND id = :id"
)
ENTRY_BY_KEY = text("SELECT id FROM entries WHERE tenant_id = :tenant_id AND key = :name")
ENTRY_OF_MOVEMENT = text(
    "SELECT entry_id AS id FROM movements WHERE tenant_id = :tenant_id AND txn_ref = :name"
)
PAYOUT = text(
    "SELECT id, received_entry_id FROM stripe_payouts"
    " WHERE tenant_id = :tenant_id AND payout_ref = :name"
)
PAYOUT_ENTRIES = text(
    """
    SELECT m.entry_id AS id FROM movements m
     WHERE m.tenant_id = :tenant_id AND m.source_ref = :name
    UNION
    SELECT received_entry_id FROM stripe_payouts
     WHERE tenant_id = :tenant_id AND payout_ref = :name AND received_entry_id IS NOT NULL
    """
)

EFFECTS = """
    SELECT topic, destination, outcome AS state, attempts, reference, created_at,
           settled_at AS at
      FROM outbox_history WHERE tenant_id = :tenant_id AND {condition}
    UNION ALL
    SELECT topic, destination, state, attempts, last_error, created_at, due_at
      FROM outbox WHERE tenant_id = :tenant_id AND {condition}
     ORDER BY created_at, topic LIMIT :most
"""
EFFECTS_OF_BOOKINGS = text(EFFECTS.format(condition="booking_id = ANY(:bookings)"))
OF_ORDERS = """
    (payload ->> 'order_id' = ANY(:order_names) OR payload ->> 'operation_id' IN
      (SELECT p.id::text FROM operations p
        WHERE p.tenant_id = :tenant_id AND p.order_id = ANY(:orders)))
"""
"""By no index: a business sells few orders, and they are explained seldom."""
EFFECTS_OF_ORDERS = text(EFFECTS.format(condition=OF_ORDERS))


@dataclass(slots=True)
class Subject:
    """What a name stands for. ``focus`` are the entries that it names itself."""

    kind: str
    bookings: list[UUID] = field(default_factory=list)
    orders: list[UUID] = field(default_factory=list)
    payouts: list[UUID] = field(default_factory=list)
    focus: list[UUID] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Explanation:
    """All around a figure. ``sections`` hold rows by kind: text, numbers, Money, instants."""

    name: str
    kind: str
    focus: tuple[UUID, ...]
    entries: tuple[PostedEntry, ...]
    sections: dict[str, list[dict[str, Any]]]


def explain(tx: Tx, name: str) -> Explanation:
    """Explain an entry (id, its beginning, or key), a code, an invoice or a reference of Stripe's.

    Raises NotFoundError (``nothing_named``).
    """
    subject = subject_of(tx, name.strip())
    found = _entries(tx, subject)
    binds = {
        "bookings": subject.bookings,
        "orders": subject.orders,
        "order_names": [str(each) for each in subject.orders],
        "payouts": subject.payouts,
        "entries": [entry.id for entry in found],
        "most": MOST,
    }
    effects = EFFECTS_OF_ORDERS if subject.orders else EFFECTS_OF_BOOKINGS
    sections = {
        section: [_values(row._asdict()) for row in tx.rows(query, **_used(query, binds))]
        for section, query in {**SECTIONS, "effects": effects}.items()
    }
    return Explanation(
        name,
        subject.kind,
        tuple(subject.focus),
        tuple(found),
        {section: rows for section, rows in sections.items() if rows},
    )


def subject_of(tx: Tx, name: str) -> Subject:
    """Return what a name stands for; raises NotFoundError (``nothing_named``)."""
    for kind, query in OWNERS.items():
        row = tx.row(query, name=name)
        if row is not None:
            return Subject(kind, *_owner(row))
    payout = tx.row(PAYOUT, name=name)
    if payout is not None:
        focus = [row.id for row in tx.rows(PAYOUT_ENTRIES, name=name)]
        return Subject("payout", payouts=[payout.id], focus=focus)
    named: tuple[tuple[str, Callable[[], UUID | None]], ...] = (
        ("movement", lambda: _id(tx, ENTRY_OF_MOVEMENT, name)),
        ("entry", lambda: entry_named(tx, name)),
        ("entry", lambda: _id(tx, ENTRY_BY_KEY, name)),
    )
    for kind, find in named:
        entry_id = find()
        row = None if entry_id is None else tx.row(ENTRY, id=entry_id)
        if row is not None:
            return Subject(kind, *_owner(row), focus=[row.id])
    raise NotFoundError(
        "nothing_named",
        f"Nothing here is called '{name}'",
        hint="An entry's id, LUN-7F3K, LUN-2026-00001, ch_…, re_…, txn_…, po_…, or a card's code",
    )


def _owner(row: Any) -> tuple[list[UUID], list[UUID]]:
    return [row.booking_id] if row.booking_id else [], [row.order_id] if row.order_id else []


def _id(tx: Tx, query: TextClause, name: str) -> UUID | None:
    row = tx.row(query, name=name)
    return None if row is None else row.id


def _entries(tx: Tx, subject: Subject) -> list[PostedEntry]:
    """Return the entries of the booking or order, and those that were named, oldest first."""
    filters = [Filter(booking_id=each) for each in subject.bookings]
    filters += [Filter(order_id=each) for each in subject.orders]
    filters += [Filter(entry_id=each) for each in subject.focus]
    found = {entry.id: entry for each in filters for entry in entries(tx, each, limit=MOST)}
    return sorted(found.values(), key=lambda entry: (entry.effective_at, entry.id))


def _used(query: TextClause, binds: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in binds.items() if name in query._bindparams}


def _values(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its minor units as Money, under names without ``_minor``."""
    currency = row.pop("currency", None)
    return {
        name.removesuffix("_minor"): Money(value, currency.strip())
        if name.endswith("_minor") and currency
        else value
        for name, value in row.items()
    }
