"""The occurrences of one UID: its rules, and the occurrences that were changed since. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import merge
from itertools import takewhile
from typing import NamedTuple

from icalendar.prop import vRecur

from bookra.engine.availability.calendars.event import Event, Length, When
from bookra.engine.availability.calendars.rules import OutOfStepsError, Steps, occurrences

MAX_TIMES_OF_EVENT = 4_000
"""Ten years of a daily event."""

STEPS_OF_EVENT = 100_000
SLACK = timedelta(hours=3)
"""More than a change of the clocks can lie between two wall times."""

Span = tuple[datetime, datetime]


@dataclass(slots=True)
class Times:
    """Spans in UTC. ``faults`` are (component, reason); ``broken``: spans may be missing."""

    spans: list[Span] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)
    broken: bool = False


class _Shift(NamedTuple):
    """A change of an occurrence and all that follow it (RANGE=THISANDFUTURE)."""

    since: datetime
    by: timedelta
    length: Length
    busy: bool


def expand(events: Sequence[Event], start: datetime, until: datetime, steps: Steps) -> Times:
    """Return the spans of one UID's events that touch ``[start, until)``."""
    result = Times()
    changed = [event for event in events if event.original is not None]
    for event in events:
        others = changed if event.original is None else []
        try:
            _take(result, event, _Occurrences(event, others, start, until, steps))
        except (ValueError, TypeError, OverflowError) as error:
            reason = str(error) if type(error) is ValueError else "it can't be reckoned with"
            result.faults.append((event.name, reason))
            result.broken = True
    return result


def _take(result: Times, event: Event, found: _Occurrences) -> None:
    """Take the spans of one event until it has had enough of them."""
    taken = 0
    try:
        for span in found.spans():
            if taken == MAX_TIMES_OF_EVENT:
                reason = f"it has more than {MAX_TIMES_OF_EVENT} times: the later ones are left out"
                result.faults.append((event.name, reason))
                return
            result.spans.append(span)
            taken += 1
    except OutOfStepsError:
        reason = f"its rule takes too long to follow: {taken} times were found"
        result.faults.append((event.name, reason))


class _Occurrences:
    """The occurrences of one event within a window."""

    def __init__(
        self, event: Event, changed: Sequence[Event], start: datetime, until: datetime, steps: Steps
    ) -> None:
        self._event = event
        self._start, self._until = start, until
        self._steps = steps.portion(STEPS_OF_EVENT)
        self._shifts = sorted(_shift(event, other) for other in changed if other.following)
        excluded = event.excluded + [other.original for other in changed if other.original]
        self._days = {when.wall.date() for when in excluded if when.whole_day}
        self._instants = {when.instant() for when in excluded if not when.whole_day}
        self._latest = _wall(until, event) + SLACK + self._reach()

    def _reach(self) -> timedelta:
        """Return how far a shift may bring an occurrence back into the window."""
        return max((abs(shift.by) for shift in self._shifts), default=timedelta())

    def spans(self) -> Iterator[Span]:
        """Yield the busy spans that touch the window."""
        event = self._event
        if not event.busy and not self._shifts:
            return
        unwanted = {
            wall
            for rule in event.unwanted
            for wall in takewhile(lambda wall: wall <= self._latest, self._rule(rule))
        }
        last = None
        for wall, length in self._walls():
            if wall in unwanted or (wall, length) == last or self._is_excluded(wall):
                continue
            last = (wall, length)
            span = self._span(wall, length or event.length)
            if span and span[0] < span[1] and span[0] < self._until and span[1] > self._start:
                yield span

    def _walls(self) -> Iterator[tuple[datetime, Length | None]]:
        """Yield the wall times by order: the start itself, what rules give, and what was added."""
        event = self._event
        rules = [((wall, None) for wall in self._rule(rule)) for rule in event.rules]
        added = sorted(event.added, key=lambda occurrence: occurrence.wall)
        everything = merge([(event.start.wall, None)], *rules, added, key=lambda pair: pair[0])
        return takewhile(lambda pair: pair[0] <= self._latest, everything)

    def _rule(self, rule: vRecur) -> Iterator[datetime]:
        event = self._event
        longest = event.length.exact + timedelta(days=event.length.days) + self._reach()
        try:
            since = _wall(self._start, event) - SLACK - longest
        except OverflowError:
            since = event.start.wall
        return occurrences(rule, event.start.wall, event.start.zone, since, self._steps)

    def _is_excluded(self, wall: datetime) -> bool:
        if not self._days and not self._instants:
            return False
        return wall.date() in self._days or self._event.start.instant(wall) in self._instants

    def _span(self, wall: datetime, length: Length) -> Span | None:
        """Return the span of an occurrence, as the last change that reaches it has it."""
        start, busy, moved = self._event.start, self._event.busy, wall
        instant = start.instant(wall)
        for shift in self._shifts:
            if shift.since <= instant:
                moved, length, busy = wall + shift.by, shift.length, shift.busy
        return (start.instant(moved), length.end(start, moved)) if busy else None


def _shift(event: Event, other: Event) -> _Shift:
    original = other.original
    assert isinstance(original, When)
    by = other.start.wall_in(event.start) - original.wall_in(event.start)
    return _Shift(original.instant(), by, other.length, other.busy)


def _wall(instant: datetime, event: Event) -> datetime:
    return instant.astimezone(event.start.zone).replace(tzinfo=None)
