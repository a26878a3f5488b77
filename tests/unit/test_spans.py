"""The arithmetic of spans: the same as sets of seconds say."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bookra.engine.availability import spans
from bookra.engine.availability.spans import Span

ANY = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda drawn: (drawn[0], sum(drawn))),
    max_size=6,
)
APART = ANY.map(spans.merged)


def seconds(found: list[Span]) -> set[int]:
    return {second for start, end in found for second in range(start, end)}


def closed(found: list[Span]) -> set[int]:
    return {second for start, end in found for second in range(start, end + 1)}


def in_order(found: list[Span]) -> bool:
    return all(start <= end for start, end in found) and all(
        before[1] < after[0] for before, after in pairwise(found)
    )


@given(ANY)
def test_merged_spans_cover_the_same_and_lie_apart(drawn: list[Span]) -> None:
    found = spans.merged(drawn)
    assert seconds(found) == seconds(drawn)
    assert in_order(found)


@given(APART, ANY)
def test_what_is_taken_away_is_gone_and_nothing_else(left: list[Span], taken: list[Span]) -> None:
    gone = spans.merged(taken)
    found = spans.without(left, [start for start, _ in gone], [end for _, end in gone])
    assert seconds(found) == seconds(left) - seconds(taken)
    assert all(start < end for start, end in found)


@given(APART, APART)
def test_the_overlap_of_closed_spans_has_both_their_ends(
    left: list[Span], right: list[Span]
) -> None:
    found = spans.intersected(left, right)
    assert closed(found) == closed(left) & closed(right)
    assert in_order(found)


@given(APART, APART)
def test_a_union_has_what_either_has(left: list[Span], right: list[Span]) -> None:
    assert closed(spans.united(left, right)) == closed(left) | closed(right)


@given(APART, APART)
def test_half_open_spans_can_be_taken_from_closed_ones(left: list[Span], gone: list[Span]) -> None:
    found = spans.closed_without(left, gone)
    assert closed(found) == closed(left) - seconds(gone)
    assert all(start <= end for start, end in found)


@given(
    APART,
    st.lists(st.tuples(st.integers(-5, 20), st.integers(1, 8)), min_size=1, max_size=3),
)
def test_blocks_fit_where_each_of_their_seconds_is_free(
    free: list[Span], blocks: list[tuple[int, int]]
) -> None:
    covered, found = seconds(free), closed(spans.fitting(free, blocks))
    for start in range(-30, 80):
        wanted = {start + offset + n for offset, length in blocks for n in range(length)}
        assert (start in found) == (wanted <= covered)


def test_no_blocks_fit_nowhere_and_breaks_lie_between() -> None:
    assert spans.fitting([(0, 10)], []) == []
    assert spans.gaps_between([(0, 3), (5, 6), (9, 12)]) == [(3, 5), (6, 9)]
    assert spans.gaps_between([]) == []
