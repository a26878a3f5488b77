"""Wall-clock time and instants: the one place where a zone's rules are applied.

Instants are aware UTC datetimes. Rules are local times in an IANA zone. PostgreSQL and Python
read the ambiguous hour differently (02:30 in Berlin on the autumn change is 01:30Z there and
00:30Z here), so nothing is ever converted in SQL.

A rule's edge that falls into a spring gap is the instant of the change: a shift of 02:00-03:00
that day is empty. In the autumn overlap an opening takes the first reading and a closing the
second, so that nothing of a shift is lost.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bookra.errors import InvalidInputError

MINUTE = 60
DAY_MINUTES = 24 * 60
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

YEARS = range(1970, 3000)
"""What a date may lie in: beyond it, arithmetic with zones leaves the calendar."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_PARTS = {"am": time(9), "pm": time(13), "noon": time(12), "evening": time(17)}


@cache
def zone(name: str) -> ZoneInfo:
    """Return the IANA zone ``name``; raises InvalidInputError (``unknown_zone``)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInputError(
            "unknown_zone",
            f"'{name}' is not a time zone",
            hint="Use an IANA name such as Europe/Berlin or America/New_York",
        ) from None


def to_epoch(instant: datetime) -> int:
    """Return whole seconds since 1970 of an aware datetime, rounded down."""
    return (instant - _EPOCH) // timedelta(seconds=1)


def from_epoch(seconds: int) -> datetime:
    """Return the aware UTC datetime of ``seconds`` since 1970."""
    return _EPOCH + timedelta(seconds=seconds)


def utc_offset_seconds(epoch: int, tz: ZoneInfo) -> int:
    """Return local minus UTC, in seconds, at an instant."""
    offset = from_epoch(epoch).astimezone(tz).utcoffset()
    assert offset is not None
    return offset // timedelta(seconds=1)


def opening(day: date, minute: int, tz: ZoneInfo) -> int:
    """Return the epoch second at which a rule that opens at ``minute`` of ``day`` begins.

    ``minute`` may exceed a day (overnight shifts). An ambiguous time takes its first reading.
    """
    return _edge(day, minute, tz, fold=0)


def closing(day: date, minute: int, tz: ZoneInfo) -> int:
    """Return the epoch second at which a rule that closes at ``minute`` of ``day`` ends.

    An ambiguous time takes its second reading.
    """
    return _edge(day, minute, tz, fold=1)


@lru_cache(maxsize=16_384)  # colleagues share their hours, and one search its days with the next
def _edge(day: date, minute: int, tz: ZoneInfo, *, fold: int) -> int:
    local = datetime.combine(day, time()) + timedelta(minutes=minute)
    aware = local.replace(tzinfo=tz, fold=fold)
    seconds = to_epoch(aware.astimezone(UTC))
    if from_epoch(seconds).astimezone(tz).replace(tzinfo=None) == local:
        return seconds
    return _change_within(
        to_epoch(local.replace(tzinfo=tz, fold=1).astimezone(UTC)),
        to_epoch(local.replace(tzinfo=tz, fold=0).astimezone(UTC)),
        tz,
    )


def _change_within(low: int, high: int, tz: ZoneInfo) -> int:
    """Return the first second with the offset of ``high``, knowing that it changes after low."""
    before = utc_offset_seconds(low, tz)
    while high - low > 1:
        middle = (low + high) // 2
        if utc_offset_seconds(middle, tz) == before:
            low = middle
        else:
            high = middle
    return high


def constant_offset_spans(start: int, end: int, tz: ZoneInfo) -> list[tuple[int, int, int]]:
    """Cut ``[start, end)`` into ``(start, end, utc offset)`` pieces, in epoch seconds.

    Looks at each six hours: no zone in the IANA database changes its clock twice in less.
    """
    spans: list[tuple[int, int, int]] = []
    piece_start, offset = start, utc_offset_seconds(start, tz)
    probe = start
    while probe < end:
        ahead = min(probe + 6 * 3600, end)
        if utc_offset_seconds(ahead, tz) != offset:
            change = _change_within(probe, ahead, tz)
            if change < end:
                spans.append((piece_start, change, offset))
                piece_start, offset = change, utc_offset_seconds(change, tz)
        probe = ahead
    if piece_start < end:
        spans.append((piece_start, end, offset))
    return spans


def local_day(instant: datetime, tz: ZoneInfo) -> date:
    """Return the calendar day of an instant where the clock shows ``tz``."""
    return instant.astimezone(tz).date()


def resolve(local: datetime, tz: ZoneInfo) -> datetime:
    """Return the instant of a naive wall time; the first one where the clock shows it twice.

    Raises InvalidInputError (``time_skipped``) for a time that the clocks jump over.
    """
    instant = local.replace(tzinfo=tz, fold=0).astimezone(UTC)
    if instant.astimezone(tz).replace(tzinfo=None) != local:
        first = from_epoch(opening(local.date(), local.hour * 60 + local.minute, tz))
        raise InvalidInputError(
            "time_skipped",
            f"{local:%Y-%m-%d %H:%M} does not exist in {tz.key}: the clocks go forward then",
            hint=f"The next time that exists is {first.astimezone(tz):%H:%M}",
            details={"next": rfc3339(first, tz)},
        )
    return instant


def rfc3339(instant: datetime, tz: ZoneInfo) -> str:
    """Return ``2026-11-24T14:30:00+01:00``."""
    return instant.astimezone(tz).isoformat(timespec="seconds")


def parse_day(text: str, tz: ZoneInfo, now: datetime) -> date:
    """Read ``2026-11-24``, ``today``, ``tomorrow`` or a weekday (the next one, today included)."""
    word, today = text.strip().lower(), local_day(now, tz)
    if word in ("today", "tomorrow"):
        return today + timedelta(days=word == "tomorrow")
    for weekday, name in enumerate(WEEKDAY_NAMES):
        if len(word) >= 3 and name.startswith(word):
            return today + timedelta(days=(weekday - today.weekday()) % 7)
    try:
        return _within_years(date.fromisoformat(word))
    except ValueError:
        raise InvalidInputError(
            "bad_date",
            f"'{text}' is not a date",
            hint="Write 2026-11-24, today, tomorrow or a weekday such as thu",
        ) from None


def _within_years(day: date) -> date:
    if day.year not in YEARS:
        raise ValueError(f"{day} is out of range")
    return day


def parse_moment(text: str, tz: ZoneInfo, now: datetime) -> datetime:
    """Read ``2026-11-24T14:30``, ``tomorrow 14:30``, ``thu pm`` or RFC 3339 into an instant.

    Without an offset the time is read in ``tz``. Raises InvalidInputError (``bad_time``,
    ``bad_date`` or ``time_skipped``).
    """
    cleaned = text.strip()
    try:
        stamp = datetime.fromisoformat(cleaned)
        _within_years(stamp)
    except ValueError:
        pass
    else:
        if "T" in cleaned or " " in cleaned:
            return stamp.astimezone(UTC) if stamp.tzinfo else resolve(stamp, tz)
    day_text, _, clock_text = re.sub(r"T(?=\d)", " ", cleaned).rpartition(" ")
    at = _DAY_PARTS.get(clock_text.lower()) or _parse_clock(clock_text)
    if at is None:
        raise InvalidInputError(
            "bad_time",
            f"'{text}' is not a time",
            hint="Write 2026-11-24T14:30, 'tomorrow 14:30' or 'thu pm'",
        )
    return resolve(datetime.combine(parse_day(day_text or "today", tz, now), at), tz)


def _parse_clock(text: str) -> time | None:
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text)
    return time(int(found[1]), int(found[2])) if found else None
