"""Arithmetic of spans: sorted lists of ``(start, end)`` in epoch seconds, each sweep linear.

Half-open unless a function says CLOSED: starts at which a visit fits form closed spans, since the
last one fits too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

Span = tuple[int, int]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return ``spans`` sorted, with those that touch or overlap joined."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def without(spans: list[Span], starts: Sequence[int], ends: Sequence[int]) -> list[Span]:
    """Return sorted ``spans`` less the sorted spans ``[starts[i], ends[i])``, in one sweep."""
    if not starts:
        return spans
    result: list[Span] = []
    add = result.append
    index, count = 0, len(starts)
    for start, end in spans:
        at = start
        while index and ends[index - 1] > start:
            index -= 1
        while index < count and starts[index] < end:
            if ends[index] > at:
                if starts[index] > at:
                    add((at, starts[index]))
                at = ends[index]
            index += 1
        if at < end:
            add((at, end))
    return result


def intersected(left: list[Span], right: list[Span]) -> list[Span]:
    """Return the overlap of two sorted lists of CLOSED spans: both ends belong to a span."""
    result: list[Span] = []
    i = j = 0
    while i < len(left) and j < len(right):
        low, high = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if low <= high:
            result.append((low, high))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return result


def gaps_between(spans: Iterable[Span]) -> list[Span]:
    """Return the spans that lie between neighbours: the breaks of a day."""
    return [(before[1], after[0]) for before, after in pairwise(spans)]


def united(*lists: Iterable[Span]) -> list[Span]:
    """Return the union of lists of CLOSED spans."""
    return merged(span for spans in lists for span in spans)


def closed_without(spans: list[Span], taken: Sequence[Span]) -> list[Span]:
    """Return CLOSED spans less sorted half-open ones."""
    opened = [(start, end + 1) for start, end in spans]
    left = without(opened, [start for start, _ in taken], [end for _, end in taken])
    return [(start, end - 1) for start, end in left]


def fitting(free: Iterable[Span], blocks: Iterable[tuple[int, int]]) -> list[Span]:
    """Return CLOSED spans of starts at which every block lies inside a free span.

    A block of length L at offset o fits a free span [a, b) for the starts in [a - o, b - L - o].
    Intersecting those over the blocks gives all starts at once.
    """
    found: list[Span] | None = None
    free = list(free)
    for offset, length in blocks:
        starts = [(a - offset, b - length - offset) for a, b in free if b - a >= length]
        found = starts if found is None else intersected(found, starts)
    return found or []
