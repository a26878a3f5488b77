"""Which open start costs the least: a start that leaves an unusable hole costs its revenue.

The hole before and the hole after a visit, up to the neighbours in the person's day, are unusable
when they are shorter than the shortest service that the business sells. Such a minute is worth
what a minute of the visit earns.
"""

from __future__ import annotations

from bookra.engine.availability.spans import Span
from bookra.engine.availability.starts import Performer
from bookra.engine.availability.window import Window
from bookra.money import Money, share

BASIS = 10_000


def hole_cost(window: Window, performer: Performer, start: int, shortest_seconds: int) -> Money:
    """Return what the holes that ``start`` leaves would cost, in the service's currency."""
    service = performer.service
    lost = unusable_seconds(window, performer, start, shortest_seconds)
    worked = sum(length for _, length in service.busy_blocks())
    return Money(share(service.price.minor, lost * BASIS // worked), service.price.currency)


def unusable_seconds(
    window: Window, performer: Performer, start: int, shortest_seconds: int
) -> int:
    """Return how much free time around the visit's blocks becomes too short to sell."""
    blocks = [
        (start + offset, start + offset + length)
        for offset, length in performer.service.busy_blocks()
    ]
    free = window.free(performer.person)
    whole = sum(_wasted(span, shortest_seconds) for span in free)
    left = [rest for span in free for rest in _rests(span, blocks)]
    return max(0, sum(_wasted(span, shortest_seconds) for span in left) - whole)


def _wasted(span: Span, shortest_seconds: int) -> int:
    length = span[1] - span[0]
    return length if length < shortest_seconds else 0


def _rests(span: Span, blocks: list[Span]) -> list[Span]:
    """Return what the blocks leave of one free span."""
    rests, at = [], span[0]
    for start, end in blocks:
        if start < span[1] and end > span[0]:
            if start > at:
                rests.append((at, start))
            at = max(at, end)
    return [*rests, (at, span[1])] if at < span[1] else rests
