"""Writes entries, and says what was paid of a booking or order. No UPDATE and no DELETE here.

Reading back is ``reading``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from bookra.engine.ledger import chart
from bookra.engine.ledger.entry import Draft, transfers
from bookra.engine.ledger.reading import balances, entries
from bookra.engine.ledger.rules.refunds import REFUND_KINDS
from bookra.engine.runtime import Tx
from bookra.ids import new_id

# Entry and transfers in one statement: nobody waits for a second answer.
POST = text(
    """
    WITH entry AS (
        INSERT INTO entries (tenant_id, id, key, kind, effective_at, booking_id, order_id,
                             reverses, memo)
        VALUES (:tenant_id, :id, :key, :kind, :effective_at, :booking_id, :order_id, :reverses,
                :memo)
        ON CONFLICT (tenant_id, key) DO NOTHING
        RETURNING id
    )
    INSERT INTO transfers (tenant_id, id, entry_id, line, debit_account_id, credit_account_id,
                           currency, amount_minor, booking_line_id, item_id)
    SELECT :tenant_id, t.id, entry.id, t.line - 1, t.debit, t.credit, :currency, t.amount_minor,
           t.booking_line_id, t.item_id
      FROM entry
     CROSS JOIN unnest(CAST(:ids AS uuid[]), CAST(:debits AS uuid[]), CAST(:credits AS uuid[]),
                       CAST(:amounts AS bigint[]), CAST(:lines AS uuid[]), CAST(:items AS uuid[]))
                WITH ORDINALITY
                AS t(id, debit, credit, amount_minor, booking_line_id, item_id, line)
    """
)
# What another transaction opened can't be rolled back any more: it may be remembered.
ACCOUNT_IDS = text(
    """
    SELECT code, id, opened_at < now() AS stands FROM accounts
     WHERE tenant_id = :tenant_id AND currency = :currency AND code = ANY(:codes)
    """
)
OPEN_ACCOUNT = text(
    """
    INSERT INTO accounts (tenant_id, id, code, kind, currency, staff_id)
    VALUES (:tenant_id, :id, :code, :kind, :currency,
            (SELECT b.id FROM bookables b WHERE b.tenant_id = :tenant_id AND b.slug = :staff))
    ON CONFLICT (tenant_id, code, currency) DO NOTHING
    """
)
BY_KEY = text("SELECT id FROM entries WHERE tenant_id = :tenant_id AND key = :key")

_PAYMENTS = ", ".join(f"'{kind}'" for kind in chart.PAYMENT_KINDS.values())
_REFUNDS = ", ".join(f"'{kind}'" for kind in REFUND_KINDS.values())
_TENDERS = ", ".join(f"'{code}'" for code in chart.TENDERS.values())
_TIP = f"'{chart.TIPS_PREFIX}'"

_RECEIVED = (
    f"e.kind IN ({_PAYMENTS}) AND d.code IN ({_TENDERS}) AND NOT starts_with(c.code, {_TIP})"
)
_BACK = f"e.kind IN ({_REFUNDS}) AND c.code IN ({_TENDERS}) AND NOT starts_with(d.code, {_TIP})"
_DEPOSITS_BACK = f"{_BACK} AND d.code = '{chart.DEPOSITS}'"


def _added_up(condition: str) -> str:
    return f"COALESCE(sum(t.amount_minor) FILTER (WHERE {condition}), 0)::bigint"


def _moved(owner: str, figures: str) -> str:
    """Return SQL for figures of the payments and refunds of ``b``: its entries are read once."""
    return f"""
    (SELECT {figures}
       FROM entries e
       JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
       JOIN accounts d ON d.tenant_id = t.tenant_id AND d.id = t.debit_account_id
       JOIN accounts c ON c.tenant_id = t.tenant_id AND c.id = t.credit_account_id
      WHERE e.tenant_id = b.tenant_id AND e.{owner} = b.id
        AND e.kind IN ({_PAYMENTS}, {_REFUNDS}))
    """  # noqa: S608 - constants


def given_back(owner: str) -> str:
    """Return SQL for what was refunded of ``b``, tips left out.

    ``owner`` is the column of an entry that names ``b.id``: ``booking_id`` or ``order_id``.
    """
    return _moved(owner, _added_up(_BACK))


_PAID = f"{_added_up(_RECEIVED)} - {_added_up(_DEPOSITS_BACK)}"
PAID = _moved("booking_id", _PAID)
SPENT = _moved("booking_id", f"{_PAID} - {_added_up(_BACK)}")
PAID_AND_REFUNDED = _moved("booking_id", f"ARRAY[{_PAID}, {_added_up(_BACK)}]")
"""Of booking ``b``, tips left out: what was paid less deposits given back; that less what went
back; and an array of what was paid and what went back."""


def post(tx: Tx, draft: Draft) -> tuple[UUID, bool]:
    """Write an entry once; returns its id and whether this call wrote it.

    The same key again returns the first entry and writes nothing. Accounts are opened the first
    time that something is posted to them. Raises ValueError for an entry without transfers.
    """
    moves = transfers(draft.postings)
    if not moves:
        raise ValueError(f"entry {draft.key} moves nothing from one account to another")
    accounts = _accounts(tx, draft)
    entry_id = new_id()
    binds = {
        "id": entry_id,
        "key": draft.key,
        "kind": draft.kind,
        "effective_at": draft.effective_at,
        "booking_id": draft.booking_id,
        "order_id": draft.order_id,
        "reverses": draft.reverses,
        "memo": draft.memo,
        "currency": draft.currency,
        "ids": _array([new_id().hex for _ in moves]),
        "debits": _array([accounts[move.debit] for move in moves]),
        "credits": _array([accounts[move.credit] for move in moves]),
        "amounts": _array([str(move.amount_minor) for move in moves]),
        "lines": _array([_element(move.line_id) for move in moves]),
        "items": _array([_element(move.item_id) for move in moves]),
    }
    try:
        written = tx.run(POST, **binds)
    except IntegrityError:
        _KNOWN.pop((tx.tenant.id, draft.currency), None)  # a database restored underneath us
        raise
    if not written:
        row = tx.row(BY_KEY, key=draft.key)
        assert row is not None
        return row.id, False
    tx.concerns("entry", entry_id)
    return entry_id, True


def _array(elements: list[str]) -> str:
    """Return an array as PostgreSQL writes it: psycopg takes longer for six than the server does
    for the entry, since it has to find out what is in them.
    """
    return "{" + ",".join(elements) + "}"


def _element(value: UUID | None) -> str:
    return "NULL" if value is None else value.hex  # a quarter of str()'s time


_KNOWN: dict[tuple[UUID, str], dict[str, str]] = {}
"""Ids of accounts by tenant and currency, as digits. They never change: each is looked up once."""


def _accounts(tx: Tx, draft: Draft) -> Mapping[str, str]:
    """Return the ids of an entry's accounts, opening those that were never used before."""
    known = _KNOWN.setdefault((tx.tenant.id, draft.currency), {})
    wanted = sorted({posting.account for posting in draft.postings})
    if all(code in known for code in wanted):
        return known
    rows = tx.rows(ACCOUNT_IDS, currency=draft.currency, codes=wanted)
    if len(rows) < len(wanted):
        _open_accounts(tx, draft.currency, wanted)
        rows = tx.rows(ACCOUNT_IDS, currency=draft.currency, codes=wanted)
    known.update({row.code: row.id.hex for row in rows if row.stands})
    return {row.code: row.id.hex for row in rows}


def _open_accounts(tx: Tx, currency: str, codes: Sequence[str]) -> None:
    """Open accounts that were never used before, in one order for everybody."""
    for code in codes:
        tx.run(
            OPEN_ACCOUNT,
            id=new_id(),
            code=code,
            kind=chart.kind_of(code),
            currency=currency,
            staff=chart.staff_of(code),
        )


__all__ = ["PAID", "PAID_AND_REFUNDED", "SPENT", "balances", "entries", "given_back", "post"]
