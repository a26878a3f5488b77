"""When a wish would start: windows as people write them, to instants. Pure.

``thu 14:00-18:00`` is the next Thursday whose window is not over; ``mon-fri 09:00-12:00`` is five
windows. A day without times is the whole day, an end at or before its start runs over midnight.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bookra import clock
from bookra.engine.availability.hours import parse_days, parse_shifts
from bookra.errors import InvalidInputError

Window = tuple[datetime, datetime]
"""``[start, end)``: the instants in which the visit may start."""

MAX_WINDOWS = 40
MAX_WINDOW_DAYS = 92
NEAR_DAYS = 8

HINT = "Write --window 'thu 14:00-18:00', --window 2026-12-24, or --from T --to T"


def parse_window(text: str, zone: ZoneInfo, now: datetime) -> list[Window]:
    """Read ``DAYS [TIMES]`` into windows; raises InvalidInputError naming the bad part."""
    days_text, _, times = text.strip().partition(" ")
    if not days_text:
        raise InvalidInputError("bad_window", "A window without a day says nothing", hint=HINT)
    shifts = parse_shifts(times) if times.strip() else ((0, clock.DAY_MINUTES),)
    if not shifts:
        raise InvalidInputError("bad_window", f"'{text}' holds no time", hint=HINT)
    found: list[Window] = []
    for day, weekly in _days(days_text, zone, now):
        windows = [_window(day, shift, zone) for shift in shifts]
        if weekly and all(end <= now for _, end in windows):
            windows = [_window(day + timedelta(days=7), shift, zone) for shift in shifts]
        found += windows
    return found


def parse_between(start: str, end: str, zone: ZoneInfo, now: datetime) -> Window:
    """Read two moments, or days: a day begins at its midnight, and the last one is included."""
    return _edge(start, zone, now, last=False), _edge(end, zone, now, last=True)


def checked_windows(windows: Iterable[Window], now: datetime) -> tuple[Window, ...]:
    """Return windows in order, joined where they overlap; raises for what can't be waited for."""
    joined: list[Window] = []
    for start, end in sorted(windows):
        _check(start, end, now)
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    if not joined:
        raise InvalidInputError("no_window", "Say when the visit may start", hint=HINT)
    if len(joined) > MAX_WINDOWS:
        raise InvalidInputError(
            "too_many_windows", f"{len(joined)} windows are more than {MAX_WINDOWS}"
        )
    return tuple(joined)


def local_days(windows: Iterable[Window], zone: ZoneInfo, now: datetime) -> list[date]:
    """Return the local days on which a visit could still start, in order."""
    days: set[date] = set()
    for start, end in windows:
        if end > now:
            first = clock.local_day(max(start, now), zone)
            last = clock.local_day(end - timedelta(microseconds=1), zone)
            days.update(first + timedelta(days=n) for n in range((last - first).days + 1))
    return sorted(days)


def day_spans(
    days: Sequence[date], longest: int, *, apart_days: int = NEAR_DAYS
) -> list[tuple[date, int]]:
    """Return runs of near days as ``(first day, how many)``, none longer than ``longest``.

    Days at most ``apart_days`` apart share a run: a second search costs more than a few days.
    """
    spans: list[tuple[date, int]] = []
    for day in days:
        if spans:
            first, count = spans[-1]
            reach = (day - first).days + 1
            if reach <= longest and reach - count <= apart_days:
                spans[-1] = (first, reach)
                continue
        spans.append((day, 1))
    return spans


def _days(text: str, zone: ZoneInfo, now: datetime) -> list[tuple[date, bool]]:
    """Return the days that a word names, and whether it names a weekday."""
    parts = text.lower().replace("-", ",").split(",")
    if len(parts) > 1 and not parts[0].isdigit():
        names = [clock.WEEKDAYS[number] for number in parse_days(text)]
        return [(clock.parse_day(name, zone, now), True) for name in names]
    day = clock.parse_day(text, zone, now)
    return [(day, text.isalpha() and text.lower() not in ("today", "tomorrow"))]


def _window(day: date, shift: tuple[int, int], zone: ZoneInfo) -> Window:
    opens, closes = shift
    start, end = clock.opening(day, opens, zone), clock.closing(day, closes, zone)
    return clock.from_epoch(start), clock.from_epoch(end)


def _edge(text: str, zone: ZoneInfo, now: datetime, *, last: bool) -> datetime:
    try:
        return clock.parse_moment(text, zone, now)
    except InvalidInputError as error:
        if error.code not in ("bad_time", "bad_date"):
            raise
        try:
            day = clock.parse_day(text, zone, now)
        except InvalidInputError:
            raise error from None
    return clock.from_epoch(clock.opening(day + timedelta(days=last), 0, zone))


def _check(start: datetime, end: datetime, now: datetime) -> None:
    if end <= start:
        raise InvalidInputError("bad_window", "A window ends after it starts", hint=HINT)
    if end <= now:
        raise InvalidInputError("past", "A window is over already", hint="Give a later window")
    if end - start > timedelta(days=MAX_WINDOW_DAYS):
        raise InvalidInputError(
            "bad_window", f"A window spans {MAX_WINDOW_DAYS} days at most", hint=HINT
        )
