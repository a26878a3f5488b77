"""Every zone of the IANA database, on the days its clocks change and on a day they do not."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from minute_oracle import Oracle
from windows import window

from bookra import clock
from bookra.engine.availability import slots
from bookra.engine.availability.window import Window

YEAR, HOUR, STEP_HOURS = 2027, timedelta(hours=1), 4
DAYS, OTHERS = 2, 1
SHIFTS = "00:15-03:45,11:30-14:00,22:00-00:15"

Clock = tuple[tuple[datetime, timedelta], ...]
"""How a zone's year goes: the offset it begins with, and each hour from which it has another."""


@cache
def clocks() -> dict[Clock, list[str]]:
    """Return the zones by how their clocks go, to the hour.

    No zone changes its offset and changes it back within four hours, so that only such four hours
    are looked at one by one which begin and end with different offsets.
    """
    found = defaultdict(list)
    begin = datetime(YEAR, 1, 1, tzinfo=UTC)
    steps = [begin + HOUR * n for n in range(0, 365 * 24, STEP_HOURS)]
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        changes = [(begin, offset_at(begin, zone))]
        for start, end in pairwise(steps):
            if offset_at(end, zone) != changes[-1][1]:
                hours = (start + HOUR * n for n in range(1, STEP_HOURS + 1))
                seen = ((at, offset_at(at, zone)) for at in hours)
                changes.append(next(each for each in seen if each[1] != changes[-1][1]))
        found[tuple(changes)].append(name)
    return dict(found)


def offset_at(at: datetime, zone: ZoneInfo) -> timedelta:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def days_of(changes: Clock, zone: ZoneInfo) -> list[date]:
    """Return the local days around each change, and one far from any."""
    found = {date(YEAR, 6, 16)}
    for at, _ in changes[1:]:
        local = at.astimezone(zone).date()
        found |= {local + timedelta(days=step) for step in (-1, 0)}
    return sorted(found)


def seen_in(name: str, day: date) -> Window:
    return window(day, SHIFTS, zone=name, segments="busy 45", granularity=15)


def test_on_every_zones_days_of_change_listing_finds_what_the_wall_clock_shows() -> None:
    """One zone of each sort goes by every minute; another of its sort must list the same.

    Of a sort's days and of its zones each run draws some, other ones in the next.
    """
    days = 0
    for changes, names in clocks().items():
        days_there = days_of(changes, ZoneInfo(names[0]))
        for day in random.sample(days_there, min(DAYS, len(days_there))):
            listed = slots.open_starts(seen_in(names[0], day))
            assert listed == Oracle(seen_in(names[0], day)).open_starts(), (names[0], day)
            for name in random.sample(names[1:], min(OTHERS, len(names) - 1)):
                assert slots.open_starts(seen_in(name, day)) == listed, (name, day)
            days += 1
    assert len(available_timezones()) > 400
    assert days > 80


def test_every_change_of_the_year_is_found_where_it_is() -> None:
    begin = datetime(YEAR, 1, 1, tzinfo=UTC)
    for changes, names in clocks().items():
        pieces = clock.constant_offset_spans(
            clock.to_epoch(begin), clock.to_epoch(begin) + 365 * 86_400, ZoneInfo(names[0])
        )
        found = tuple(
            (clock.from_epoch(start), timedelta(seconds=offset)) for start, _, offset in pieces
        )
        assert [offset for _, offset in found] == [offset for _, offset in changes]
        for (at, _), (hour, _) in zip(found, changes, strict=True):
            assert timedelta(0) <= hour - at < HOUR


def test_most_zones_that_change_do_so_twice() -> None:
    counts = defaultdict(int)
    for changes, names in clocks().items():
        counts[len(changes) - 1] += len(names)
    assert set(counts) <= {0, 1, 2, 3, 4}
    assert counts[2] > 100
