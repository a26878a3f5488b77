"""Both sides of the reconciliation, told one by one and compared. Pure; memory stays constant.

Both come in the order of time, the newest first, so that they can be merged as they are read:
only what disagrees is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from bookra.engine.reports import reconcile_model as model
from bookra.engine.reports.reconcile_model import Drift, Recorded, StripeFact
from bookra.money import Money

Moved = TypeVar("Moved", StripeFact, Recorded)


@dataclass(slots=True)
class Matched:
    """What the comparison found, and how many of each side there were, by currency."""

    facts: Counter[str] = field(default_factory=Counter)
    recorded: Counter[str] = field(default_factory=Counter)
    drift: list[Drift] = field(default_factory=list)
    only_there: dict[str, StripeFact] = field(default_factory=dict)
    only_here: dict[str, Recorded] = field(default_factory=dict)


def compare(
    facts: Iterator[StripeFact],
    rows: Iterator[Recorded],
    *,
    suspended: frozenset[str],
    expected_from: datetime,
    came_before: Callable[[StripeFact], None],
) -> Matched:
    """Compare movements one to one; both sides newest first.

    ``suspended`` are the currencies whose suspense account is not empty. What is older than
    ``expected_from`` and not recorded goes to ``came_before``. Raises ValueError when ``facts`` are
    not in order: then they are not one answer.
    """
    found = Matched()
    for there, here in _moments(facts, rows):
        found.recorded.update(row.currency for row in here)
        known = {row.txn_ref: row for row in here}
        for fact in _once(found, there):
            row = known.pop(fact.txn_ref, None)
            if row is None and fact.moved_at < expected_from:
                came_before(fact)
                continue
            found.facts[fact.currency] += 1
            if row is None:
                found.only_there[fact.txn_ref] = fact
            else:
                _judge(found, fact, row, suspended)
        found.only_here |= known
    # One whose moment differs was seen as two: they are one that changed.
    for ref in found.only_there.keys() & found.only_here.keys():
        _judge(found, found.only_there.pop(ref), found.only_here.pop(ref), suspended)
    return found


def _once(found: Matched, facts: list[StripeFact]) -> Iterator[StripeFact]:
    """Yield each movement of a moment once; one that is told again is a duplicate."""
    seen: set[str] = set()
    for fact in facts:
        if fact.txn_ref in seen:
            amount = Money(fact.net_minor, fact.currency)
            found.drift.append(Drift(model.DUPLICATE, fact.txn_ref, amount))
            continue
        seen.add(fact.txn_ref)
        yield fact


def _judge(found: Matched, fact: StripeFact, row: Recorded, suspended: frozenset[str]) -> None:
    """Compare the two sides of one movement."""
    if row.suspended_minor and row.currency in suspended:
        amount = Money(fact.net_minor, fact.currency)
        found.drift.append(Drift(model.UNKNOWN_TYPE, fact.txn_ref, amount))
    agreed = fact.net_minor == row.net_minor == row.posted_minor
    if not agreed or fact.currency != row.currency:
        off = Money(row.posted_minor - fact.net_minor, row.currency)
        found.drift.append(Drift(model.AMOUNT_DIFFERS, fact.txn_ref, off))
    elif _told(fact) != _kept(row, fact):
        changed = Money(row.amount_minor - fact.amount_minor, row.currency)
        found.drift.append(Drift(model.MUTATED, fact.txn_ref, changed))


def _told(fact: StripeFact) -> tuple[object, ...]:
    return (
        fact.type,
        fact.category,
        fact.source_ref,
        fact.amount_minor,
        fact.fee_minor,
        fact.moved_at,
    )


def _kept(row: Recorded, fact: StripeFact) -> tuple[object, ...]:
    """Return what was stored; one stored before categories were is not held against Stripe."""
    return (
        row.type,
        row.category or fact.category,
        row.source_ref,
        row.amount_minor,
        row.fee_minor,
        row.moved_at,
    )


def _moments(
    facts: Iterator[StripeFact], rows: Iterator[Recorded]
) -> Iterator[tuple[list[StripeFact], list[Recorded]]]:
    """Yield what each side has of one moment, the newest moment first."""
    there, here = _grouped(facts), _grouped(rows)
    fact, row = next(there, None), next(here, None)
    while fact is not None or row is not None:
        if row is None or (fact is not None and fact[0] > row[0]):
            assert fact is not None
            yield fact[1], []
            fact = next(there, None)
        elif fact is None or row[0] > fact[0]:
            yield [], row[1]
            row = next(here, None)
        else:
            yield fact[1], row[1]
            fact, row = next(there, None), next(here, None)


def _grouped(moved: Iterator[Moved]) -> Iterator[tuple[datetime, list[Moved]]]:
    last: datetime | None = None
    for moment, group in groupby(moved, attrgetter("moved_at")):
        if last is not None and moment >= last:
            raise ValueError("the movements are not in the order of time")
        last = moment
        yield moment, list(group)
