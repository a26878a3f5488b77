"""What only one side knows so far: an open item with its reason, or drift where there is none.

Clearing is at zero when a payment and its movement both arrived, disputes when they are decided,
in-transit when the bank shows the payout. What is not zero must say why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from bookra.engine.ledger import chart
from bookra.engine.reports import reconcile_model as model
from bookra.engine.reports import reconcile_store as store
from bookra.engine.reports.reconcile_model import Drift, OpenItem
from bookra.engine.runtime import Tx
from bookra.money import Money

CODES = (chart.CLEARING, chart.DISPUTED, chart.IN_TRANSIT)
PAYMENTS = frozenset({"charge", "payment"})
GIVEN_BACK = "taken and given back at Stripe, for no visit here"
REFUNDS = frozenset({"refund", "payment_refund"})


@dataclass(frozen=True, slots=True)
class Looking:
    """What is needed to judge an open item: the states of things, and what is young.

    ``operations`` and ``charges`` are by source what Stripe's object names: filled while its answer
    is read. What was posted or moved at ``young_from`` or later may still be on its way.
    """

    operations: dict[str, str]
    charges: dict[str, str]
    young_from: datetime


@dataclass(frozen=True, slots=True)
class _Known:
    settled: Collection[str]
    ours: Collection[str]
    states: Mapping[str, str]


def open_rows(tx: Tx) -> Sequence[Row[Any]]:
    """Return what is open on clearing, disputes and in-transit, by what moved it."""
    return tx.rows(store.OPEN, codes=list(CODES))


def judge(tx: Tx, rows: Sequence[Row[Any]], looking: Looking) -> tuple[list[OpenItem], list[Drift]]:
    """Return the items that explain themselves, and the drift among the rest."""
    known = _known(tx, rows, looking)
    items: list[OpenItem] = []
    drift: list[Drift] = []
    for row in rows:
        kind = _drift_of(row, looking, known)
        amount = Money(row.minor, row.currency)
        if kind is None:
            what = known.states.get(row.ref) or _what(row)
            items.append(OpenItem(row.code, row.ref, what, amount, row.since))
        else:
            drift.append(Drift(kind, row.ref, amount, model.OPEN_ITEMS))
    given_back = _given_back(drift, looking)
    for row in rows:
        if row.ref in given_back and row.code == chart.CLEARING:
            amount = Money(row.minor, row.currency)
            items.append(OpenItem(row.code, row.ref, GIVEN_BACK, amount, row.since))
    return items, [each for each in drift if each.id not in given_back]


def _given_back(drift: Sequence[Drift], looking: Looking) -> set[str]:
    """Return the orphans that Stripe itself took and gave back whole: nothing of them is left."""
    together: dict[tuple[str, str], list[Drift]] = {}
    for each in drift:
        if each.kind == model.ORPHAN:
            charge = looking.charges.get(each.id, each.id)
            together.setdefault((charge, each.amount.currency), []).append(each)
    return {
        each.id
        for found in together.values()
        if not sum(each.amount.minor for each in found)
        for each in found
    }


def _known(tx: Tx, rows: Sequence[Row[Any]], looking: Looking) -> _Known:
    refs = [row.ref for row in rows]
    named = {looking.operations.get(ref, "") for ref in refs}
    ids = [UUID(text) for text in named if _is_uuid(text)]
    return _Known(
        {row.ref for row in tx.rows(store.SETTLED, refs=refs)},
        {str(row.id) for row in tx.rows(store.KNOWN_OPERATIONS, ids=ids)},
        {row.ref: row.what for row in tx.rows(store.STATES, refs=refs)},
    )


def _drift_of(row: Row[Any], looking: Looking, known: _Known) -> str | None:
    """Return the class of drift of an open item, or None when it explains itself."""
    if row.code != chart.CLEARING:
        # Until the bank decides, and until its statement shows the payout, these are to be open.
        return None if row.there else model.MISSING_THERE
    if row.here and row.there:
        return model.AMOUNT_DIFFERS
    if row.there:
        return _only_there(row, looking, known)
    if row.operation_id is not None:  # a refund whose money Stripe has not moved yet
        return None
    return None if row.posted_at >= looking.young_from else model.MISSING_THERE


def _only_there(row: Row[Any], looking: Looking, known: _Known) -> str:
    """Judge a movement that no payment or refund of ours stands behind."""
    ours = looking.operations.get(row.ref, "") in known.ours
    return model.MISSING_HERE if ours or row.ref in known.settled else model.ORPHAN


def _what(row: Row[Any]) -> str:
    if row.there:
        return f"{row.type} without its other side"
    return "refund not moved yet" if row.operation_id is not None else "payment not moved yet"


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
