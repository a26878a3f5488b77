"""The proof that the ledger equals what Stripe moved, by account and currency, in six parts.

1. Each balance transaction has one entry, each entry one balance transaction, and the entry moved
the available account by its net. 2. That account equals the sum of the nets, and Stripe's own
balance. 3. Each paid automatic payout equals what it carries. 4. Clearing, disputes and in-transit
are zero, or each item says why it is open; suspense is empty. 5. What was there and what moved, by
type, is what is there now, on both sides. 6. The books, added up again from their transfers, agree.

Stripe's answer comes fresh and whole (``StripeAnswer``); an empty one, or a part, proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bookra.engine.ledger import chart
from bookra.engine.reports import reconcile_model as model
from bookra.engine.reports import reconcile_store as store
from bookra.engine.reports.reconcile_books import read_books, repeated
from bookra.engine.reports.reconcile_match import Matched, compare
from bookra.engine.reports.reconcile_model import (
    Books,
    Drift,
    OpenItem,
    Period,
    Reconciliation,
    Recorded,
    StripeAnswer,
    StripeFact,
)
from bookra.engine.reports.reconcile_open import Looking, judge, open_rows
from bookra.engine.reports.reconcile_parts import Findings, proved, unproven
from bookra.engine.reports.reconcile_roll import Rolling
from bookra.engine.runtime import Tx
from bookra.money import Money

YOUNG = timedelta(minutes=5)
"""What is younger than this, while a relay is at work, is about to be recorded: timing."""

EMPTY = "not proven: Stripe told of no balance transaction at all"


def reconcile(
    tx: Tx, answer: StripeAnswer, period: Period | None = None
) -> tuple[Reconciliation, ...]:
    """Compare the ledger with Stripe's answer; one proof a currency, the business's own first.

    To be asked in one consistent question (``Engine.ask(…, consistent=True)``), after the answer
    is there: no network is touched here. Memory does not grow with the number of movements, only
    with what disagrees.
    """
    tx.run(store.PATIENCE)
    rolling = Rolling(period or Period())
    books = read_books(tx, answer.account_ref, rolling.period)
    if answer.failure or not answer.count:
        return (unproven(answer, books, tx.tenant.currency, answer.failure or EMPTY),)
    opened = open_rows(tx)
    looking = Looking({}, {}, answer.begun_at - YOUNG)
    facts = _noted(answer.facts(), rolling, {row.ref for row in opened}, looking)
    try:
        found = _compared(tx, answer, facts, rolling, books)
    except ValueError as error:
        return (unproven(answer, books, tx.tenant.currency, f"not proven: {error}"),)
    findings = _only_one_side(answer, found, rolling)
    again, sources = repeated(tx, answer.account_ref)
    items, drift = judge(tx, opened, looking)
    findings.items += items
    findings.drift += again
    # A source that moved twice doesn't come to zero either: that is one thing, not two.
    findings.drift += [item for item in drift if item.id not in sources]
    return tuple(
        proved(answer, books, rolling, findings, currency)
        for currency in _currencies(tx.tenant.currency, answer, books, rolling)
    )


def _compared(
    tx: Tx, answer: StripeAnswer, facts: Iterator[StripeFact], rolling: Rolling, books: Books
) -> Matched:
    rows = tx.stream(store.RECORDED, account_ref=answer.account_ref)
    suspended = frozenset(
        currency
        for (code, currency), minor in books.balances.items()
        if code == chart.SUSPENSE and minor
    )
    return compare(
        facts,
        (Recorded(**row._mapping) for row in rows),
        suspended=suspended,
        expected_from=answer.expected_from,
        came_before=rolling.came_before,
    )


def _noted(
    facts: Iterator[StripeFact],
    rolling: Rolling,
    wanted: set[str],
    looking: Looking,
) -> Iterator[StripeFact]:
    """Pass facts on; add them to the roll-forward, and note whose they are where that is asked."""
    for fact in facts:
        rolling.add(fact)
        if fact.source_ref in wanted and fact.operation:
            looking.operations[fact.source_ref] = fact.operation
        if fact.source_ref in wanted and fact.charge:
            looking.charges[fact.source_ref] = fact.charge
        yield fact


def _only_one_side(answer: StripeAnswer, found: Matched, rolling: Rolling) -> Findings:
    """Tell what is missing from what is too young, and from what came later than the answer."""
    findings = Findings(found.drift, [], found.facts, found.recorded)
    for fact in found.only_there.values():
        amount = Money(fact.net_minor, fact.currency)
        if answer.relay_at_work and fact.moved_at >= answer.begun_at - YOUNG:
            rolling.waits(fact)
            item = OpenItem(chart.AVAILABLE, fact.txn_ref, "timing", amount, fact.moved_at)
            findings.items.append(item)
        else:
            findings.drift.append(Drift(model.MISSING_HERE, fact.txn_ref, amount))
    for row in found.only_here.values():
        if row.moved_at >= answer.begun_at.replace(microsecond=0):
            rolling.came_late(row)
        else:
            amount = Money(row.posted_minor, row.currency)
            findings.drift.append(Drift(model.MISSING_THERE, row.txn_ref, amount))
    return findings


def _currencies(own: str, answer: StripeAnswer, books: Books, rolling: Rolling) -> list[str]:
    """Return the business's currency, then every other one that moved or is held at Stripe."""
    held = {currency for currency, minor in answer.held.items() if minor}
    others = {*rolling.net, *books.currencies, *held} - {own}
    return [own, *sorted(others)]
