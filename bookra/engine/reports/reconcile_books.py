"""The ledger's side of the reconciliation: balances in two ways, and what moved by type."""

from __future__ import annotations

from collections import Counter

from bookra.engine.ledger.reading import balances
from bookra.engine.reports import reconcile_model as model
from bookra.engine.reports import reconcile_store as store
from bookra.engine.reports.reconcile_model import Books, Drift, Period
from bookra.engine.runtime import Tx
from bookra.money import Money


def read_books(tx: Tx, account_ref: str, period: Period) -> Books:
    """Read balances, by snapshots and again from every transfer, and the ledger's roll-forward."""
    read = Counter({(a.code, a.balance.currency): a.balance.minor for a in balances(tx)})
    for setting in store.WHOLE:  # after the balances, which are found by their indexes
        tx.run(setting)
    readded = Counter({(row.code, row.currency): row.minor for row in tx.rows(store.READDED)})
    books = Books(read, readded, Counter(), Counter())
    binds = {"account_ref": account_ref, "start": period.start, "end": period.end}
    for row in tx.rows(store.ROLLED, **binds):
        if row.place < 0:
            books.opening[row.currency] += row.minor
        if row.place == 0:
            books.types[row.currency, row.type] += row.minor
    return books


def repeated(tx: Tx, account_ref: str) -> tuple[list[Drift], set[str]]:
    """Return what is there twice or without a movement, and the sources that moved twice."""
    drift: list[Drift] = []
    twice = tx.rows(store.TWICE)
    drift += [
        Drift(model.DUPLICATE, row.txn_ref, Money(row.net_minor, row.currency)) for row in twice
    ]
    for row in tx.rows(store.UNFOUNDED):
        kind = model.DUPLICATE if row.known else model.MISSING_THERE
        drift.append(Drift(kind, row.key, Money(row.minor, row.currency)))
    drift += [
        Drift(model.MISSING_THERE, row.account_ref, Money(row.minor, row.currency))
        for row in tx.rows(store.OTHER_ACCOUNTS, account_ref=account_ref)
        if row.minor
    ]
    return drift, {row.source_ref for row in twice}
