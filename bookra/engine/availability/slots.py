"""Which starts are open. The one function behind listing, booking and "why not".

A start is open when every block of staff time of the service (busy segments and buffers, gaps
left out) lies in a free span. A block of length L at offset o fits a free span [a, b) for the
starts in [a - o, b - L - o]; intersecting those over the blocks gives all starts at once, in time
linear in the spans. Starts lie on the wall clock's grid.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain, islice

from bookra.engine.availability.window import Span, StaffTime, Window, intersected

Start = tuple[int, int]
"""``(epoch second, index into window.staff)``."""


def open_starts(window: Window, *, limit: int | None = None) -> list[Start]:
    """Return the open starts in the window, by time and then by the order of the staff."""
    found = ((start, index) for start, free in free_at(window).items() for index in free)
    return list(islice(found, limit))


def free_at(window: Window) -> dict[int, list[int]]:
    """Return who may start when: indexes into ``window.staff`` by epoch second, both ascending.

    Everybody's starts lie on one grid, so there are far fewer times than starts to sort.
    """
    found: defaultdict[int, list[int]] = defaultdict(list)
    for index, person in enumerate(window.staff):
        if person.performs:
            for start in chain.from_iterable(_starts_of(window, person)):
                found[start].append(index)
    return {start: found[start] for start in sorted(found)}


def is_open(window: Window, person: StaffTime, start: int) -> bool:
    """Tell whether ``start`` is among the open starts of ``person``."""
    return (
        person.performs
        and _bounds(window)[0] <= start <= _bounds(window)[1]
        and on_grid(window, start)
        and any(low <= start <= high for low, high in start_spans(window, person))
    )


def start_spans(window: Window, person: StaffTime) -> list[Span]:
    """Return closed spans of starts at which the whole service fits ``person``'s free time."""
    free = window.free(person)
    fitting: list[Span] | None = None
    for offset, length in window.service.busy_blocks():
        spans = [(a - offset, b - length - offset) for a, b in free if b - a >= length]
        fitting = spans if fitting is None else intersected(fitting, spans)
    return fitting or []


def on_grid(window: Window, start: int) -> bool:
    """Tell whether the wall clock shows a multiple of the granularity at ``start``."""
    step = window.granularity_minutes * 60
    return any(
        begin <= start < end and (start + offset) % step == 0
        for begin, end, offset in window.offsets
    )


def _starts_of(window: Window, person: StaffTime) -> Iterator[range]:
    """Yield runs of open starts, one for each free span and piece of constant offset."""
    step = window.granularity_minutes * 60
    earliest, latest = _bounds(window)
    pieces = [
        (max(begin, earliest), min(end - 1, latest), offset)
        for begin, end, offset in window.offsets
    ]
    for low, high in start_spans(window, person):
        for begin, last, offset in pieces:
            first = max(low, begin)
            yield range(first + -(first + offset) % step, min(high, last) + 1, step)


def _bounds(window: Window) -> Span:
    """Return the first and last start that day, notice and horizon allow."""
    begin, end = window.span
    return (
        max(begin, window.now + window.notice_seconds),
        min(end - 1, window.now + window.horizon_seconds),
    )
