"""Writes entries, and says what was paid of a booking or order. No UPDATE and no DELETE here.

Reading back is ``reading``.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from bookra.engine.ledger import chart
from bookra.engine.ledger.entry import Draft, transfers
from bookra.engine.ledger.reading import balances, entries
from bookra.engine.ledger.rules.refunds import REFUND_KINDS
from bookra.engine.runtime import Tx
from bookra.ids import new_id

# Entry and transfers in one statement: nobody waits for a second answer. Nothing is written while
# an account is missing; ``unopened`` says so.
POST = text(
    """
    WITH part AS MATERIALIZED (
        SELECT u.id, u.line - 1 AS line, d.id AS debit, c.id AS credit, u.amount_minor,
               u.booking_line_id, u.item_id
          FROM unnest(CAST(:ids AS uuid[]), CAST(:debits AS text[]), CAST(:credits AS text[]),
                      CAST(:amounts AS bigint[]), CAST(:lines AS uuid[]), CAST(:items AS uuid[]))
               WITH ORDINALITY
               AS u(id, debit, credit, amount_minor, booking_line_id, item_id, line)
          LEFT JOIN accounts d ON d.tenant_id = :tenant_id AND d.code = u.debit
           AND d.currency = :currency
          LEFT JOIN accounts c ON c.tenant_id = :tenant_id AND c.code = u.credit
           AND c.currency = :currency
    ), unopened AS (
        SELECT count(*) AS parts FROM part WHERE debit IS NULL OR credit IS NULL
    ), entry AS (
        INSERT INTO entries (tenant_id, id, key, kind, effective_at, booking_id, order_id,
                             reverses, memo)
        SELECT :tenant_id, CAST(:id AS uuid), :key, :kind, CAST(:effective_at AS timestamptz),
               CAST(:booking_id AS uuid), CAST(:order_id AS uuid), CAST(:reverses AS uuid), :memo
          FROM unopened WHERE parts = 0
        ON CONFLICT (tenant_id, key) DO NOTHING
        RETURNING id
    ), written AS (
        INSERT INTO transfers (tenant_id, id, entry_id, line, debit_account_id, credit_account_id,
                               currency, amount_minor, booking_line_id, item_id)
        SELECT :tenant_id, p.id, e.id, p.line, p.debit, p.credit, :currency, p.amount_minor,
               p.booking_line_id, p.item_id
          FROM entry e CROSS JOIN part p
    )
    SELECT (SELECT count(*) FROM entry) AS written, (SELECT parts FROM unopened) AS unopened
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


def post(tx: Tx, draft: Draft) -> tuple[UUID, bool]:
    """Write an entry once; returns its id and whether this call wrote it.

    The same key again returns the first entry and writes nothing. Accounts are opened the first
    time that something is posted to them.
    """
    moves = transfers(draft.postings)
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
        "ids": [new_id() for _ in moves],
        "debits": [move.debit for move in moves],
        "credits": [move.credit for move in moves],
        "amounts": [move.amount_minor for move in moves],
        "lines": [move.line_id for move in moves],
        "items": [move.item_id for move in moves],
    }
    (done,) = tx.rows(POST, **binds)
    if done.unopened:
        _open_accounts(tx, draft)
        (done,) = tx.rows(POST, **binds)
    if not done.written:
        row = tx.row(BY_KEY, key=draft.key)
        assert row is not None
        return row.id, False
    tx.concerns("entry", entry_id)
    return entry_id, True


def _open_accounts(tx: Tx, draft: Draft) -> None:
    """Open the accounts of an entry that were never used before, in one order for everybody."""
    for code in sorted({posting.account for posting in draft.postings}):
        tx.run(
            OPEN_ACCOUNT,
            id=new_id(),
            code=code,
            kind=chart.kind_of(code),
            currency=draft.currency,
            staff=chart.staff_of(code),
        )


__all__ = ["PAID", "REFUNDED", "balances", "entries", "given_back", "post", "received"]
