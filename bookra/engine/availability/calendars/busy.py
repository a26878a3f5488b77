"""When an iCalendar file's events are: pure, from its parts to busy times inside a window.

RFC 5545: rules, added and excluded dates, changed occurrences (RECURRENCE-ID), all-day events,
floating times, free and cancelled events. What can't be understood is named and left out; nothing
is expanded beyond the window, and no event beyond a bounded number of times.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from bookra.engine.availability.calendars.event import Event, listed_times, read_event
from bookra.engine.availability.calendars.file import CalendarFile, Part
from bookra.engine.availability.calendars.rules import Steps
from bookra.engine.availability.calendars.series import Span, expand
from bookra.engine.availability.calendars.zones import Zones

MAX_TIMES = 50_000
"""Busy times of one file; what a person does in some years is a tenth of it."""

STEPS = 2_000_000
"""For all rules of a file together: some seconds of work."""

Read = TypeVar("Read")


class BusyTime(NamedTuple):
    """One span, ``[start, end)`` in UTC, of the event ``uid``."""

    uid: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Skipped:
    """A part that was left out, wholly or in part, and why. ``uid`` None: not of one event."""

    component: str
    uid: str | None
    reason: str


@dataclass(slots=True)
class BusyTimes:
    """What a file says about somebody's time.

    ``events`` counts the file's VEVENTs, ``own`` those that Bookra wrote itself. ``unread`` has the
    UIDs that something is missing of; ``whole`` is False when the file breaks off.
    """

    times: list[BusyTime] = field(default_factory=list)
    events: int = 0
    own: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    whole: bool = True


def busy_times(file: CalendarFile, home: ZoneInfo, start: datetime, until: datetime) -> BusyTimes:
    """Return the busy times that touch ``[start, until)``, by time; all-day is by ``home``.

    Two events of one UID that start together are one time. Events that are free, cancelled or
    take no time are none.
    """
    result = BusyTimes(events=len(file.events), whole=file.whole)
    steps = Steps(STEPS)
    limit = until.astimezone(UTC).replace(tzinfo=None) + timedelta(days=366)
    zones = Zones(home, file.zones, limit, steps)
    spans: dict[tuple[str, datetime], datetime] = {}
    for name, uid, begin, end in chain(
        _of_events(file, zones, (start, until), result), _of_lists(file, zones, result)
    ):
        if not (begin < until and end > start and begin < end):
            continue
        if len(spans) < MAX_TIMES or (uid, begin) in spans:
            spans[uid, begin] = max(end, spans.get((uid, begin), end))
        elif uid not in result.unread:
            _leave_out(result, name, uid, f"the file has more than {MAX_TIMES} busy times")
    result.times = sorted(
        (BusyTime(uid, begin, end) for (uid, begin), end in spans.items()),
        key=lambda time: (time.start, time.end, time.uid),
    )
    if not file.whole:
        result.skipped.append(Skipped("VCALENDAR", None, "the file breaks off before its end"))
    return result


def _of_events(
    file: CalendarFile, zones: Zones, window: Span, result: BusyTimes
) -> Iterator[tuple[str, str, datetime, datetime]]:
    """Yield component, UID and span of all events."""
    for uid, events in _series(file, zones, result).items():
        found = expand(events, *window, zones.steps)
        result.skipped += [Skipped(name, uid, reason) for name, reason in found.faults]
        if found.broken:
            result.unread.add(uid)
        yield from ((events[0].name, uid, *span) for span in found.spans)


def _of_lists(
    file: CalendarFile, zones: Zones, result: BusyTimes
) -> Iterator[tuple[str, str, datetime, datetime]]:
    """Yield component, UID and span of all lists of busy times (VFREEBUSY)."""
    for part in file.lists:
        for span in _understood(part, lambda part: listed_times(part, zones), result) or ():
            yield (part.name, part.uid, *span)


def _series(file: CalendarFile, zones: Zones, result: BusyTimes) -> dict[str, list[Event]]:
    """Return the newest version of each event, by UID; note what can't be read."""
    newest: dict[tuple[str, datetime | None], list[Event]] = defaultdict(list)
    for part in file.events:
        if part.own:
            result.own += 1
            continue
        event = _understood(part, lambda part: read_event(part, zones), result)
        if event is None:
            continue
        if file.cancelled:
            event.busy = False
        versions = newest[event.uid, event.replaces]
        if not versions or event.sequence >= versions[0].sequence:
            # Equal numbers are all kept: some programs give one UID to different events.
            newer = versions and event.sequence > versions[0].sequence
            newest[event.uid, event.replaces] = [event] if newer else [*versions, event]
    series: dict[str, list[Event]] = defaultdict(list)
    for (uid, _), events in newest.items():
        series[uid] += events
    return series


def _understood(part: Part, read: Callable[[Part], Read], result: BusyTimes) -> Read | None:
    """Return what a part says; note why when it can't be understood."""
    reason = part.fault
    if not reason:
        try:
            return read(part)
        except ValueError as error:
            reason = str(error)
    _leave_out(result, part.name, part.uid, reason)
    return None


def _leave_out(result: BusyTimes, name: str, uid: str, reason: str) -> None:
    result.skipped.append(Skipped(name, uid, reason))
    result.unread.add(uid)


def overlapping(
    times: Iterable[BusyTime], spans: Sequence[tuple[datetime, datetime, str]]
) -> Iterator[str]:
    """Yield the names of those ``spans`` (start, end, name) that a busy time overlaps, in order."""
    merged = _union(times)
    index = 0
    for begin, end, name in sorted(spans):
        while index < len(merged) and merged[index][1] <= begin:
            index += 1
        if index < len(merged) and merged[index][0] < end:
            yield name


def _union(times: Iterable[BusyTime]) -> list[tuple[datetime, datetime]]:
    """Return the times without overlaps, by start."""
    merged: list[tuple[datetime, datetime]] = []
    for time in sorted(times, key=lambda time: time.start):
        if merged and time.start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], time.end))
        else:
            merged.append((time.start, time.end))
    return merged
