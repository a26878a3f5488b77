"""Which starts are open. The one function behind listing, booking and "why not".

Starts lie on a grid between the bounds of notice and horizon; ``starts`` knows when one person can
begin one service, ``visits`` how several services follow each other.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from itertools import islice
from operator import itemgetter

from bookra.engine.availability.spans import Span
from bookra.engine.availability.starts import Performer, grid, on_grid, performers, start_spans
from bookra.engine.availability.visits import plans, reachable
from bookra.engine.availability.window import Window

Start = tuple[int, int]
"""``(epoch second, index into window.staff)``; several lines: of who performs the first."""


START, END = itemgetter(0), itemgetter(1)


def open_starts(window: Window, *, limit: int | None = None) -> list[Start]:
    """Return the open starts in the window, by time and then by the order of the staff."""
    found = ((start, index) for start, free in free_at(window).items() for index in free)
    return list(islice(found, limit))


def free_at(window: Window) -> dict[int, list[int]]:
    """Return who may start when: indexes into ``window.staff`` by epoch second, both ascending.

    Everybody's starts lie on few grids, so there are far fewer times than starts to sort.
    """
    found: defaultdict[int, list[int]] = defaultdict(list)
    several = len(window.lines) > 1
    for performer, spans in reachable(window, 0):
        index, person = performer.index, {performer.person.id}
        for run in _runs(window, performer, spans):
            planned = [at for at in run if any(plans(window, at, first=person))] if several else run
            for start in planned:
                found[start].append(index)
    return {start: found[start] for start in sorted(found)}


def who_is_open(window: Window, start: int) -> list[Performer]:
    """Return who may begin the visit at ``start``, in the order of the staff."""
    return [who for who in performers(window, 0) if is_open(window, who, start)]


def who_fits(window: Window, start: int) -> list[Performer]:
    """Return whose time the visit fits at ``start``, wherever the grid lies; never in the past."""
    if start < window.now:
        return []
    return [
        who for who in performers(window, 0) if any(plans(window, start, first={who.person.id}))
    ]


def is_open(window: Window, performer: Performer, start: int) -> bool:
    """Tell whether ``start`` is among the open starts of ``performer``."""
    earliest, latest = window.bounds
    if not (earliest <= start <= latest and on_grid(window, performer, start)):
        return False
    if len(window.lines) > 1:
        return any(plans(window, start, first={performer.person.id}))
    return any(low <= start <= high for low, high in start_spans(window, performer))


def _runs(window: Window, performer: Performer, spans: list[Span]) -> list[range]:
    """Return runs of open starts, one for each span of starts that meets a piece of the grid.

    A month of many people has thousands of spans and few pieces, so the pieces come first.
    """
    earliest, latest = window.bounds
    step = window.step_seconds
    runs: list[range] = []
    for begin, end, phase in grid(window, performer):
        first, last = max(begin, earliest), min(end - 1, latest)
        low, high = bisect_left(spans, first, key=END), bisect_right(spans, last, key=START)
        meeting = spans[low:high]
        if meeting:
            meeting[0] = max(first, meeting[0][0]), meeting[0][1]
            meeting[-1] = meeting[-1][0], min(last, meeting[-1][1])
        runs += [range(low + (phase - low) % step, high + 1, step) for low, high in meeting]
    return runs
