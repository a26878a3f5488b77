"""The merge of both sides finds what a plain comparison of two dictionaries finds, in any mix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.engine.reports.reconcile_match import Matched, compare
from bookra.engine.reports.reconcile_model import Recorded, StripeFact

START = datetime(2026, 11, 1, tzinfo=UTC)


def fact(number: int, net: int = 100, fee: int = 3, currency: str = "EUR") -> StripeFact:
    """Return a movement of the second ``number // 2``: two of them share each moment."""
    moved_at = START + timedelta(seconds=number // 2)
    return StripeFact(
        f"txn_{number}", "charge", "charge", f"ch_{number}", "", net + fee, fee, net, currency,
        moved_at,
    )  # fmt: skip


def recorded(of: StripeFact, **changed: object) -> Recorded:
    row = Recorded(
        of.txn_ref, of.type, of.category, of.source_ref, of.amount_minor, of.fee_minor,
        of.net_minor, of.currency, of.moved_at, of.net_minor, 0,
    )  # fmt: skip
    return replace(row, **changed)  # type: ignore[arg-type]


def compared(
    facts: Sequence[StripeFact],
    rows: Sequence[Recorded],
    expected_from: datetime = START - timedelta(days=1),
) -> tuple[Matched, list[str]]:
    before: list[str] = []
    found = compare(
        iter(sorted(facts, key=lambda one: one.moved_at, reverse=True)),
        iter(sorted(rows, key=lambda one: one.moved_at, reverse=True)),
        suspended=frozenset({"EUR"}),
        expected_from=expected_from,
        came_before=lambda one: before.append(one.txn_ref),
    )
    return found, before


NUMBERS = st.sets(st.integers(0, 30))
CHANGES = st.sampled_from(
    (
        ({}, None),
        ({"posted_minor": 99}, "amount_differs"),
        ({"net_minor": 101, "posted_minor": 101}, "amount_differs"),
        ({"fee_minor": 4, "amount_minor": 104}, "mutated"),
        ({"type": "refund"}, "mutated"),
        ({"source_ref": "ch_other"}, "mutated"),
        ({"moved_at": START - timedelta(hours=1)}, "mutated"),
        ({"moved_at": START + timedelta(hours=1)}, "mutated"),
        ({"category": ""}, None),
        ({"suspended_minor": 100}, "unknown_type"),
    )
)


@given(there=NUMBERS, here=st.dictionaries(st.integers(0, 30), CHANGES))
def test_every_difference_is_found_once_and_nothing_else(
    there: set[int], here: dict[int, tuple[dict[str, object], str | None]]
) -> None:
    rows = [recorded(fact(number), **changed) for number, (changed, _) in here.items()]
    found, before = compared([fact(number) for number in there], rows)
    assert found.only_there.keys() == {f"txn_{number}" for number in there - here.keys()}
    assert found.only_here.keys() == {f"txn_{number}" for number in here.keys() - there}
    expected = {(f"txn_{n}", kind) for n, (_, kind) in here.items() if kind and n in there}
    assert sorted((item.id, item.kind) for item in found.drift) == sorted(expected)
    assert (found.facts["EUR"], found.recorded["EUR"], before) == (len(there), len(here), [])


def test_what_is_told_twice_in_a_moment_is_a_duplicate() -> None:
    one = fact(1)
    found, _ = compared([one, one], [recorded(one)])
    assert [(item.kind, item.id) for item in found.drift] == [("duplicate", "txn_1")]


def test_only_what_is_not_recorded_came_before() -> None:
    facts = [fact(number) for number in range(6)]
    found, before = compared(facts, [recorded(facts[1])], expected_from=facts[4].moved_at)
    assert sorted(before) == ["txn_0", "txn_2", "txn_3"]
    assert found.only_there.keys() == {"txn_4", "txn_5"}


def test_an_answer_that_is_not_in_order_is_refused() -> None:
    facts = iter([fact(0), fact(4)])
    with pytest.raises(ValueError, match="order"):
        compare(
            facts,
            iter(()),
            suspended=frozenset(),
            expected_from=START,
            came_before=lambda _: None,
        )
