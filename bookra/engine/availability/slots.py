"""Which starts are open. The one function behind listing, booking and "why not".

A start is open when every block of staff time of the service (busy segments and buffers, gaps
left out) lies in a free span. A block of length L at offset o fits a free span [a, b) for the
starts in [a - o, b - L - o]; intersecting those over the blocks gives all starts at once, in time
linear in the spans. Starts lie on the wall clock's grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from itertools import islice

from bookra.engine.availability.window import Span, StaffTime, Window, intersected

Start = tuple[int, int]
"""``(epoch second, index into window.staff)``."""


def open_starts(window: Window, *, limit: int | None = None) -> list[Start]:
    """Return the open starts in the window, by time and then by the order of the staff."""
    everyone = (
        _starts_of(window, index, person)
        for index, person in enumerate(window.staff)
        if person.performs
    )
    return list(islice(merge(*everyone), limit))


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


def _starts_of(window: Window, index: int, person: StaffTime) -> Iterator[Start]:
    step = window.granularity_minutes * 60
    low_bound, high_bound = _bounds(window)
    for low, high in start_spans(window, person):
        for begin, end, offset in window.offsets:
            first = max(low, begin, low_bound)
            last = min(high, end - 1, high_bound)
            first += -(first + offset) % step
            for start in range(first, last + 1, step):
                yield start, index


def _bounds(window: Window) -> Span:
    """Return the first and last start that day, notice and horizon allow."""
    begin, end = window.span
    return (
        max(begin, window.now + window.notice_seconds),
        min(end - 1, window.now + window.horizon_seconds),
    )
