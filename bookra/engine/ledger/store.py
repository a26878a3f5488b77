"""Writes entries and reads them back. There is no UPDATE and no DELETE here, by privilege."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.ledger import chart
from bookra.engine.ledger.entry import Draft, transfers
from bookra.engine.ledger.rules.refunds import REFUND_KINDS
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError
from bookra.ids import new_id
from bookra.money import Money

ACCOUNT_IDS = text(
    "SELECT code, id FROM accounts"
    " WHERE tenant_id = :tenant_id AND currency = :currency AND code = ANY(:codes)"
)
OPEN_ACCOUNT = text(
    """
    INSERT INTO accounts (tenant_id, id, code, kind, currency, staff_id)
    VALUES (:tenant_id, :id, :code, :kind, :currency,
            (SELECT b.id FROM bookables b WHERE b.tenant_id = :tenant_id AND b.slug = :staff))
    ON CONFLICT (tenant_id, code, currency) DO NOTHING
    """
)
INSERT_ENTRY = text(
    """
    INSERT INTO entries (tenant_id, id, key, kind, effective_at, booking_id, order_id, reverses,
                         memo)
    VALUES (:tenant_id, :id, :key, :kind, :effective_at, :booking_id, :order_id, :reverses, :memo)
    ON CONFLICT (tenant_id, key) DO NOTHING
    """
)
INSERT_TRANSFER = text(
    """
    INSERT INTO transfers (tenant_id, id, entry_id, line, debit_account_id, credit_account_id,
                           currency, amount_minor, booking_line_id, item_id)
    VALUES (:tenant_id, :id, :entry_id, :line, :debit, :credit, :currency, :amount_minor, :line_id,
            :item_id)
    """
)
BY_KEY = text("SELECT id FROM entries WHERE tenant_id = :tenant_id AND key = :key")
ACCOUNTS = text(
    """
    SELECT a.code, a.kind, a.currency, COALESCE(sum(p.amount_minor), 0)::bigint AS balance
      FROM accounts a
      LEFT JOIN postings p ON p.tenant_id = a.tenant_id AND p.account_id = a.id
     WHERE a.tenant_id = :tenant_id AND (CAST(:code AS text) IS NULL OR a.code = :code)
     GROUP BY a.code, a.kind, a.currency
     ORDER BY a.code, a.currency
    """
)
ENTRIES = text(
    """
    SELECT e.id, e.key, e.kind, e.effective_at, e.posted_at, e.recorded_by, e.memo,
           b.code AS booking, p.line, a.code AS account, p.amount_minor, p.currency
      FROM (SELECT * FROM entries e
             WHERE e.tenant_id = :tenant_id
               AND (CAST(:booking_id AS uuid) IS NULL OR e.booking_id = :booking_id)
               AND (CAST(:key AS text) IS NULL OR e.key = :key)
             ORDER BY e.effective_at DESC, e.id DESC LIMIT :limit) e
      JOIN postings p ON p.tenant_id = e.tenant_id AND p.entry_id = e.id
      JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
      LEFT JOIN bookings b ON b.tenant_id = e.tenant_id AND b.id = e.booking_id
     ORDER BY e.effective_at, e.id, p.line, p.amount_minor DESC
    """
)

_MONEY_IN = ", ".join(f"'{kind}'" for kind in chart.PAYMENT_KINDS.values())
_TENDERS = ", ".join(f"'{code}'" for code in chart.TENDERS.values())


def received(owner: str) -> str:
    """Return SQL for what the ledger holds as paid for ``b``, tips left out, refunds not taken off.

    ``owner`` is the column of an entry that names ``b.id``: ``booking_id`` or ``order_id``.
    """
    return f"""
    (SELECT COALESCE(sum(t.amount_minor), 0)::bigint
       FROM entries e
       JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
       JOIN accounts d ON d.tenant_id = t.tenant_id AND d.id = t.debit_account_id
       JOIN accounts c ON c.tenant_id = t.tenant_id AND c.id = t.credit_account_id
      WHERE e.tenant_id = b.tenant_id AND e.{owner} = b.id
        AND e.kind IN ({_MONEY_IN}) AND d.code IN ({_TENDERS})
        AND NOT starts_with(c.code, '{chart.TIPS_PREFIX}'))
    """  # noqa: S608 - constants


_REFUNDS = ", ".join(f"'{kind}'" for kind in REFUND_KINDS.values())


def given_back(owner: str, debited: str = "%") -> str:
    """Return SQL for what was refunded of ``b``, tips left out; ``debited`` narrows it by account.

    ``owner`` as for ``received``; ``debited`` is a LIKE pattern of the account that paid for it.
    """
    return f"""
    (SELECT COALESCE(sum(t.amount_minor), 0)::bigint
       FROM entries e
       JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
       JOIN accounts d ON d.tenant_id = t.tenant_id AND d.id = t.debit_account_id
       JOIN accounts c ON c.tenant_id = t.tenant_id AND c.id = t.credit_account_id
      WHERE e.tenant_id = b.tenant_id AND e.{owner} = b.id
        AND e.kind IN ({_REFUNDS}) AND c.code IN ({_TENDERS}) AND d.code LIKE '{debited}'
        AND NOT starts_with(d.code, '{chart.TIPS_PREFIX}'))
    """  # noqa: S608 - constants


PAID = f"{received('booking_id')} - {given_back('booking_id', chart.DEPOSITS)}"
REFUNDED = given_back("booking_id")
"""Of booking ``b``, tips left out: what was paid less deposits given back; what went back."""


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """An account with its balance, debit plus."""

    code: str
    kind: str
    balance: Money


@dataclass(frozen=True, slots=True)
class PostedLine:
    """One side of a transfer as an entry shows it: debit plus, credit minus."""

    account: str
    amount: Money


@dataclass(frozen=True, slots=True)
class PostedEntry:
    """An entry as written, with who wrote it and when."""

    id: UUID
    key: str
    kind: str
    effective_at: datetime
    posted_at: datetime
    recorded_by: str
    booking: str | None
    memo: str
    postings: tuple[PostedLine, ...]


def post(tx: Tx, draft: Draft) -> tuple[UUID, bool]:
    """Write an entry once; returns its id and whether this call wrote it.

    The same key again returns the first entry and writes nothing.
    """
    entry_id = new_id()
    written = tx.run(
        INSERT_ENTRY,
        id=entry_id,
        key=draft.key,
        kind=draft.kind,
        effective_at=draft.effective_at,
        booking_id=draft.booking_id,
        order_id=draft.order_id,
        reverses=draft.reverses,
        memo=draft.memo,
    )
    if not written:
        row = tx.row(BY_KEY, key=draft.key)
        assert row is not None
        return row.id, False
    moves = transfers(draft.postings)
    ids = _account_ids(tx, draft.currency, {code for m in moves for code in (m.debit, m.credit)})
    tx.run_many(
        INSERT_TRANSFER,
        [
            {
                "id": new_id(),
                "entry_id": entry_id,
                "line": line,
                "debit": ids[move.debit],
                "credit": ids[move.credit],
                "currency": draft.currency,
                "amount_minor": move.amount_minor,
                "line_id": move.line_id,
                "item_id": move.item_id,
            }
            for line, move in enumerate(moves)
        ],
    )
    tx.concerns("entry", entry_id)
    return entry_id, True


def _account_ids(tx: Tx, currency: str, codes: Iterable[str]) -> dict[str, UUID]:
    """Return the ids of accounts, opening those that were never used before."""
    wanted = sorted(codes)
    known = {row.code: row.id for row in tx.rows(ACCOUNT_IDS, currency=currency, codes=wanted)}
    missing = [code for code in wanted if code not in known]
    if missing:
        for code in missing:
            tx.run(
                OPEN_ACCOUNT,
                id=new_id(),
                code=code,
                kind=chart.kind_of(code),
                currency=currency,
                staff=chart.staff_of(code),
            )
        rows = tx.rows(ACCOUNT_IDS, currency=currency, codes=missing)
        known |= {row.code: row.id for row in rows}
    return known


def balances(tx: Tx, code: str | None = None) -> list[AccountBalance]:
    """Return accounts with their balances, by code; one of them when ``code`` is given.

    Raises NotFoundError (``unknown_account``) for a code without an account.
    """
    rows = tx.rows(ACCOUNTS, code=code)
    if code is not None and not rows:
        raise NotFoundError(
            "unknown_account",
            f"There is no account '{code}'",
            hint="List them: bookra ledger accounts",
        )
    return [AccountBalance(row.code, row.kind, Money(row.balance, row.currency)) for row in rows]


def entries(
    tx: Tx, *, booking_id: UUID | None = None, key: str | None = None, limit: int = 200
) -> list[PostedEntry]:
    """Return the latest entries, oldest first, whole or of one booking or key."""
    found: dict[UUID, list[Row[Any]]] = {}
    for row in tx.rows(ENTRIES, booking_id=booking_id, key=key, limit=limit):
        found.setdefault(row.id, []).append(row)
    return [_entry(rows) for rows in found.values()]


def _entry(rows: list[Row[Any]]) -> PostedEntry:
    first = rows[0]
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.account] = sums.get(row.account, 0) + row.amount_minor
    return PostedEntry(
        first.id,
        first.key,
        first.kind,
        first.effective_at,
        first.posted_at,
        first.recorded_by,
        first.booking,
        first.memo,
        tuple(PostedLine(code, Money(amount, first.currency)) for code, amount in sums.items()),
    )
