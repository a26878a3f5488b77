"""Posts many entries at once: the accounts are looked up together, and each table is written once.

``store.post`` looks its accounts up for each entry, which costs a pay run of a thousand people as
many searches of two thousand accounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from bookra.engine.ledger import chart
from bookra.engine.ledger.entry import Draft, transfers
from bookra.engine.ledger.store import OPEN_ACCOUNT
from bookra.engine.runtime import Tx
from bookra.ids import new_id

ACCOUNTS = text(
    "SELECT code, currency, id FROM accounts WHERE tenant_id = :tenant_id AND code = ANY(:codes)"
)
# Each array holds one value an entry, or one a transfer, in the same order.
INSERT_ENTRIES = text(
    """
    INSERT INTO entries (tenant_id, id, key, kind, effective_at, booking_id, order_id, reverses,
                         memo)
    SELECT :tenant_id, u.id, u.key, u.kind, u.effective_at, u.booking_id, u.order_id, u.reverses,
           u.memo
      FROM unnest(CAST(:ids AS uuid[]), CAST(:keys AS text[]), CAST(:kinds AS text[]),
                  CAST(:moments AS timestamptz[]), CAST(:bookings AS uuid[]),
                  CAST(:orders AS uuid[]), CAST(:reversed AS uuid[]), CAST(:memos AS text[]))
           AS u(id, key, kind, effective_at, booking_id, order_id, reverses, memo)
    ON CONFLICT (tenant_id, key) DO NOTHING
    RETURNING id
    """
)
INSERT_TRANSFERS = text(
    """
    INSERT INTO transfers (tenant_id, id, entry_id, line, debit_account_id, credit_account_id,
                           currency, amount_minor, booking_line_id, item_id)
    SELECT :tenant_id, u.id, u.entry_id, u.line, u.debit, u.credit, u.currency, u.amount_minor,
           u.booking_line_id, u.item_id
      FROM unnest(CAST(:ids AS uuid[]), CAST(:entries AS uuid[]), CAST(:lines AS smallint[]),
                  CAST(:debits AS uuid[]), CAST(:credits AS uuid[]), CAST(:currencies AS text[]),
                  CAST(:amounts AS bigint[]), CAST(:parts AS uuid[]), CAST(:items AS uuid[]))
           AS u(id, entry_id, line, debit, credit, currency, amount_minor, booking_line_id,
                item_id)
    """
)
KNOWN = text("SELECT key, id FROM entries WHERE tenant_id = :tenant_id AND key = ANY(:keys)")


def post_all(tx: Tx, drafts: Sequence[Draft]) -> dict[str, UUID]:
    """Write entries once each, by their keys; returns the id of each key's entry."""
    if not drafts:
        return {}
    accounts = _accounts(tx, drafts)
    ids = [new_id() for _ in drafts]
    written = tx.rows(
        INSERT_ENTRIES,
        ids=ids,
        keys=[draft.key for draft in drafts],
        kinds=[draft.kind for draft in drafts],
        moments=[draft.effective_at for draft in drafts],
        bookings=[draft.booking_id for draft in drafts],
        orders=[draft.order_id for draft in drafts],
        reversed=[draft.reverses for draft in drafts],
        memos=[draft.memo for draft in drafts],
    )
    fresh = {row.id for row in written}
    _transfers(
        tx,
        accounts,
        [(id_, draft) for id_, draft in zip(ids, drafts, strict=True) if id_ in fresh],
    )
    for id_ in fresh:
        tx.concerns("entry", id_)
    found = tx.rows(KNOWN, keys=[draft.key for draft in drafts])
    return {row.key: row.id for row in found}


def _transfers(
    tx: Tx, accounts: dict[tuple[str, str], UUID], entries: Sequence[tuple[UUID, Draft]]
) -> None:
    rows = [
        (entry_id, line, move, draft.currency)
        for entry_id, draft in entries
        for line, move in enumerate(transfers(draft.postings))
    ]
    tx.run(
        INSERT_TRANSFERS,
        ids=[new_id() for _ in rows],
        entries=[entry_id for entry_id, *_ in rows],
        lines=[line for _, line, *_ in rows],
        debits=[accounts[move.debit, currency] for *_, move, currency in rows],
        credits=[accounts[move.credit, currency] for *_, move, currency in rows],
        currencies=[currency for *_, currency in rows],
        amounts=[move.amount_minor for *_, move, _ in rows],
        parts=[move.line_id for *_, move, _ in rows],
        items=[move.item_id for *_, move, _ in rows],
    )


def _accounts(tx: Tx, drafts: Sequence[Draft]) -> dict[tuple[str, str], UUID]:
    """Return accounts by code and currency; those never used before are opened, in one order."""
    wanted = {(posting.account, draft.currency) for draft in drafts for posting in draft.postings}
    codes = sorted({code for code, _ in wanted})
    known = {(row.code, row.currency): row.id for row in tx.rows(ACCOUNTS, codes=codes)}
    missing = sorted(wanted - known.keys())
    if not missing:
        return known
    tx.run_many(
        OPEN_ACCOUNT,
        [
            {
                "id": new_id(),
                "code": code,
                "kind": chart.kind_of(code),
                "currency": currency,
                "staff": chart.staff_of(code),
            }
            for code, currency in missing
        ],
    )
    return {(row.code, row.currency): row.id for row in tx.rows(ACCOUNTS, codes=codes)}
