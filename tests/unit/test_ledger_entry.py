"""Entries: whatever balances is paired into transfers that say exactly the same."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.engine.ledger.entry import Draft, Posting, Transfer, transfers

LINES = [UUID(int=number) for number in range(1, 4)]
NOW = datetime(2026, 11, 24, tzinfo=UTC)
Balances = Counter[tuple[str, UUID | None]]


@st.composite
def balanced(draw: st.DrawFn) -> tuple[Posting, ...]:
    """Draw postings on booking lines, and shared ones that make up for what the lines lack."""
    amounts = st.integers(-10_000, 10_000).filter(bool)
    postings = [
        Posting(f"line:{draw(st.integers(0, 3))}", amount, draw(st.sampled_from(LINES)))
        for amount in draw(st.lists(amounts, max_size=8))
    ]
    over = Counter[UUID | None]()
    for posting in postings:
        over[posting.line_id] += posting.amount_minor
    credit = sum(amount for amount in over.values() if amount > 0)
    debit = -sum(amount for amount in over.values() if amount < 0)
    more = draw(st.integers(0 if credit or debit else 1, 5000))
    for side, total in ((-1, credit + more), (1, debit + more)):
        cut = draw(st.integers(0, total))
        name = "shared:credit" if side < 0 else "shared:debit"
        postings += [
            Posting(f"{name}:{i}", side * part) for i, part in enumerate((cut, total - cut))
        ]
    return tuple(draw(st.permutations([p for p in postings if p.amount_minor])))


def posted(postings: tuple[Posting, ...]) -> Balances:
    sums: Balances = Counter()
    for posting in postings:
        line = posting.line_id if posting.account.startswith("line") else None
        sums[posting.account, line] += posting.amount_minor
    return Counter({key: amount for key, amount in sums.items() if amount})


def moved(pairs: list[Transfer]) -> Balances:
    sums: Balances = Counter()
    for pair in pairs:
        for account, amount in ((pair.debit, pair.amount_minor), (pair.credit, -pair.amount_minor)):
            sums[account, pair.line_id if account.startswith("line") else None] += amount
    return Counter({key: amount for key, amount in sums.items() if amount})


@given(balanced())
def test_balanced_postings_come_back_as_the_same_balances_line_by_line(
    postings: tuple[Posting, ...],
) -> None:
    pairs = transfers(postings)
    assert moved(pairs) == posted(postings)
    assert all(pair.amount_minor > 0 and pair.debit != pair.credit for pair in pairs)
    assert len({(pair.debit, pair.credit, pair.line_id) for pair in pairs}) == len(pairs)


@given(st.integers(1, 10**12))
def test_two_lines_never_pay_each_other(amount: int) -> None:
    postings = (Posting("a", amount, LINES[0]), Posting("b", -amount, LINES[1]))
    with pytest.raises(ValueError, match="across booking lines"):
        transfers(postings)


def test_pairs_of_the_same_accounts_and_line_become_one_transfer() -> None:
    postings = (Posting("a", 5), Posting("b", -3), Posting("b", -2))
    assert transfers(postings) == [Transfer("a", "b", 5, None)]


def draft(*postings: Posting) -> Draft:
    return Draft("a-key", "test", NOW, "EUR", postings)


def test_an_entry_that_does_not_balance_can_not_be_made() -> None:
    with pytest.raises(ValueError, match="a-key is not balanced"):
        draft(Posting("a", 5), Posting("b", -4))


@pytest.mark.parametrize("postings", [(), (Posting("a", 0),)])
def test_an_entry_that_moves_nothing_can_not_be_made(postings: tuple[Posting, ...]) -> None:
    with pytest.raises(ValueError, match="moves nothing"):
        draft(*postings)
