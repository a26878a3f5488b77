"""What an absence is: time off or a block, and the time that some of them take together. Values.

Days and times are read in the zone of whom they concern: somebody who works in another zone than
the business has their own midnight.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from bookra import clock
from bookra.engine.availability.spans import Span, merged, without
from bookra.engine.availability.window import LONGEST_ALLOCATION_HOURS
from bookra.errors import BookraError, InvalidInputError
from bookra.ids import new_id

TIME_OFF, BLOCK = "time-off", "block"

LONGEST_DAYS = 1100
"""The longest absence: three years of parental leave, and some days."""

MAX_REASON = 200


@dataclass(frozen=True, slots=True)
class Bookable:
    """A member of staff or a unit of a pool, with the zone in which their days are read."""

    id: UUID
    slug: str
    name: str
    kind: str
    zone: ZoneInfo
    pool_id: UUID | None


@dataclass(frozen=True, slots=True)
class Absence:
    """Time off or a block as it was asked for; ``bookable`` is a slug."""

    id: UUID
    bookable: str
    name: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    reason: str


def blocks(away: Iterable[Span], over: Iterable[Span], zone: ZoneInfo) -> list[Span]:
    """Return the union of ``away`` less what is ``over``, cut at the midnights of ``zone``."""
    standing = merged(over)
    free = without(merged(away), [start for start, _ in standing], [end for _, end in standing])
    return [piece for span in free for piece in _days_of(span, zone)]


def _days_of(span: Span, zone: ZoneInfo) -> list[Span]:
    """Cut a span at local midnights; where a day is longer than any allocation, there too."""
    pieces, (at, end) = [], span
    while at < end:
        day = clock.local_day(clock.from_epoch(at), zone)
        midnight = clock.opening(day + timedelta(days=1), 0, zone)
        ahead = min(end, at + LONGEST_ALLOCATION_HOURS * 3600)
        until = min(ahead, midnight) if midnight > at else ahead
        pieces.append((at, until))
        at = until
    return pieces


def new_absence(
    bookable: Bookable, kind: str, first: str, last: str, now: datetime, *, reason: str = ""
) -> Absence:
    """Return the absence between two moments or plain days, as typed; not written yet.

    A plain day lasts from midnight to midnight in the bookable's zone, a plain last day included;
    moments are read in that zone too. Raises InvalidInputError (``bad_span``, ``bad_reason``, and
    what the clock's readers raise).
    """
    start, _ = _read(first, bookable.zone, now)
    _, end = _read(last, bookable.zone, now)
    if start >= end:
        raise InvalidInputError(
            "bad_span",
            f"It would end ({last}) before it starts ({first})",
            hint="Such as --from 2026-12-24 --to 2026-12-26, the last day included",
        )
    if end - start > timedelta(days=LONGEST_DAYS):
        raise InvalidInputError(
            "bad_span",
            f"{(end - start).days} days are more than an absence may have: {LONGEST_DAYS}",
            hint="Write it down in parts",
        )
    cleaned = " ".join("".join(c if c.isprintable() else " " for c in reason).split())
    if len(cleaned) > MAX_REASON:
        raise InvalidInputError("bad_reason", f"A reason has at most {MAX_REASON} letters")
    return Absence(new_id(), bookable.slug, bookable.name, kind, start, end, cleaned)


def span_of(absence: Absence) -> Span:
    """Return an absence's span in epoch seconds."""
    return clock.to_epoch(absence.starts_at), clock.to_epoch(absence.ends_at)


def _read(words: str, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """Return when a plain day begins and ends; of a moment, the moment twice."""
    try:
        day = clock.parse_day(words, zone, now)
    except BookraError:
        moment = clock.parse_moment(words, zone, now).replace(microsecond=0)
        return moment, moment
    return (
        clock.from_epoch(clock.opening(day, 0, zone)),
        clock.from_epoch(clock.opening(day + timedelta(days=1), 0, zone)),
    )
