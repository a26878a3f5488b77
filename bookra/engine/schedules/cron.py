"""When a cron expression is next due on a business's wall clock, also when the clocks change. Pure.

Times of day are wall times, as Debian's cron treats them: a time that the clocks jump over is due
at the first minute after the jump, and a time that the clock shows twice is due at its first
reading. So no day is skipped and nothing is due twice. An expression for every hour follows real
time instead: it is due once in each hour that passes, 23 or 25 times on a day of change.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from bookra.errors import InvalidInputError

FIELDS = 5
EVERY_HOUR = ("*", "*/1")

_LOOKS_BACK = (timedelta(hours=2), timedelta(days=2), timedelta(days=40), timedelta(days=400))
"""How far back the latest due time is looked for, so that few are counted after a long pause."""


def next_due(cron: str, zone: ZoneInfo, after: datetime) -> datetime:
    """Return the first due time later than ``after``, an aware instant in UTC.

    Raises InvalidInputError (``bad_cron``) for what is no expression, or never due.
    """
    for due in due_times(cron, zone, after):
        return due
    raise _bad(cron, "no day ever matches it")


def latest_due(cron: str, zone: ZoneInfo, first: datetime, now: datetime) -> datetime:
    """Return the latest due time up to ``now``, knowing that ``first`` was one and is over.

    What was missed before it is not counted again: after a pause there is one run, the latest.
    """
    for back in _LOOKS_BACK:
        if now - back <= first:
            break
        if found := _last(cron, zone, now - back, now):
            return found
    return _last(cron, zone, first, now) or first


def due_times(cron: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Yield each due time later than ``after``, in order, each instant once.

    Two wall times within one jump are the same instant. An ``after`` within the second reading of
    an hour is behind the first one: what was due there is over.
    """
    try:
        for local in CronSim(_by_wall_clock(cron), after.astimezone(zone)):
            due = local.astimezone(UTC)
            if due > after:
                after = due
                yield due
    except CronSimError as error:
        raise _bad(cron, str(error)) from None


def _last(cron: str, zone: ZoneInfo, after: datetime, until: datetime) -> datetime | None:
    found = None
    for due in due_times(cron, zone, after):
        if due > until:
            break
        found = due
    return found


def _by_wall_clock(cron: str) -> str:
    """Return the expression so that its hours are wall times, unless it is for every hour.

    ``cronsim`` takes a field that begins with a star for an interval in real time; on the day of
    the spring change ``*/30 2 * * *`` would then not be due at all. The same as a range is a time.
    """
    fields = cron.split()
    if len(fields) != FIELDS:
        raise _bad(cron, f"it has {len(fields)} fields, not {FIELDS}")
    minute, hour, *rest = fields
    if hour in EVERY_HOUR:
        return cron
    return " ".join((_as_range(minute, "0-59"), _as_range(hour, "0-23"), *rest))


def _as_range(field: str, whole: str) -> str:
    return whole + field[1:] if field.startswith("*") else field


def _bad(cron: str, why: str) -> InvalidInputError:
    return InvalidInputError(
        "bad_cron",
        f"'{cron}' can't be a schedule: {why}",
        hint="Write minute hour day month weekday, such as '0 6 1 * *' or '15 3 * * mon-fri'",
    )
