"""Where things of a day lie: rows of real instants, and blocks on them. Pure.

A row is a span of real time, not of the clock's face: on the days when clocks change the day
has 92 or 100 quarter-hours, an hour is missing from the gutter or stands there twice, and
nothing else in the grid needs to know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bookra import clock
from bookra.engine.bookings.day import Away, DayBlock, DayColumn, DaySnapshot, Interval

ZOOMS = (30, 15, 5)
"""Minutes that one row can stand for: parts of each other, so that quarters stay reachable."""
MAX_LANES = 3
"""Blocks side by side in a column; further ones are counted in the last lane."""

_PADDING = timedelta(hours=1)
_QUIET_DAY = (9 * 60, 18 * 60)


@dataclass(frozen=True, slots=True)
class Axis:
    """The rows: ``rows`` spans of ``minutes`` real minutes from ``start``."""

    start: datetime
    rows: int
    minutes: int
    tz: ZoneInfo

    def at(self, row: int) -> datetime:
        """Return the instant at which a row begins."""
        return self.start + timedelta(minutes=row * self.minutes)

    def row(self, instant: datetime) -> int:
        """Return the row that holds an instant; it may lie outside the axis."""
        return (instant - self.start) // timedelta(minutes=self.minutes)

    def row_after(self, instant: datetime) -> int:
        """Return the first row that begins at or after an instant."""
        return -((self.start - instant) // timedelta(minutes=self.minutes))

    def local(self, row: int) -> datetime:
        """Return what the clock shows at a row; ``fold`` is 1 in an hour that comes again."""
        return self.at(row).astimezone(self.tz)

    def clamp(self, row: int) -> int:
        """Return the nearest row that exists."""
        return min(max(0, row), self.rows - 1)


@dataclass(frozen=True, slots=True)
class Placed:
    """A block on the rows ``[top, bottom)`` of its column.

    Blocks of a column that overlap share it in ``lanes``; one that lies in the processing gap
    of another stands inside it (``inset`` deep, in the block whose key is ``host``). ``more``
    counts the blocks that found no lane.
    """

    block: DayBlock
    top: int
    bottom: int
    lane: int = 0
    lanes: int = 1
    inset: int = 0
    host: str = ""
    more: int = 0

    @property
    def key(self) -> str:
        """The line of the visit: two lines of one visit have the same code."""
        return _key(self.block)

    @property
    def shown(self) -> bool:
        """Tell whether the block found a lane."""
        return self.lane < MAX_LANES

    def is_of(self, host: str, code: str) -> bool:
        """Tell whether this is the block ``code``, standing directly in ``host``."""
        return self.host == host and self.block.code == code


def axis_of(snapshot: DaySnapshot, minutes: int) -> Axis:
    """Return rows that cover every shift and block of a day, and an hour around them.

    The padding does not leave the calendar day; a night shift does.
    """
    tz = clock.zone(snapshot.zone)
    spans = [span for column in snapshot.columns for span in column.shifts]
    spans += [(away.starts_at, away.ends_at) for one in snapshot.columns for away in one.away]
    spans += [(block.starts_at, block.ends_at) for block in snapshot.blocks]
    if not spans:
        opening, closing = (_instant(snapshot, minute, tz) for minute in _QUIET_DAY)
        spans = [(opening, closing)]
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    midnight, next_midnight = (_instant(snapshot, minute, tz) for minute in (0, 24 * 60))
    start = min(_hour(first, tz), max(midnight, _hour(first - _PADDING, tz)))
    end = max(last, min(next_midnight, last + _PADDING))
    step = timedelta(minutes=minutes)
    return Axis(start, max(1, -((start - end) // step)), minutes, tz)


def _instant(snapshot: DaySnapshot, minute: int, tz: ZoneInfo) -> datetime:
    return clock.from_epoch(clock.opening(snapshot.day, minute, tz))


def _hour(instant: datetime, tz: ZoneInfo) -> datetime:
    local = instant.astimezone(tz)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return (instant - past).astimezone(UTC)


def place(blocks: Iterable[DayBlock], axis: Axis) -> tuple[Placed, ...]:
    """Lay out the blocks of one column; every block keeps at least one row.

    Neighbours that share a row without sharing time (10:00–10:10, 10:10–10:30 on a 15-minute
    row) don't become lanes: the later one begins there, its first line matters more.
    """
    ordered = sorted(blocks, key=lambda b: (b.starts_at, -(b.ends_at - b.starts_at), b.code))
    hosts: dict[str, DayBlock | None] = {_key(b): _host(b, ordered) for b in ordered}
    placed: dict[str, Placed] = {}
    for block in ordered:
        top = max(0, axis.row(block.starts_at))
        bottom = max(top + 1, min(axis.rows, axis.row_after(block.ends_at)))
        host = hosts[_key(block)]
        within = placed.get(_key(host)) if host else None
        if within and bottom > within.top + 1:
            top = max(top, within.top + 1)
        inset = within.inset + 1 if within else 0
        name = within.key if within else ""
        placed[_key(block)] = Placed(block, top, bottom, inset=inset, host=name)
    levels: dict[str, list[Placed]] = {}
    for one in placed.values():
        levels.setdefault(one.host, []).append(one)
    return tuple(one for level in levels.values() for one in _lanes(_part(level)))


def _key(block: DayBlock) -> str:
    return f"{block.code} {block.starts_at.timestamp():.0f}"


def _host(block: DayBlock, blocks: Sequence[DayBlock]) -> DayBlock | None:
    """Return the latest block with a gap that holds all of ``block``."""
    holding = [
        other
        for other in blocks
        if other.starts_at < block.starts_at
        and any(gap[0] <= block.starts_at and block.ends_at <= gap[1] for gap in other.gaps)
    ]
    return holding[-1] if holding else None


def _part(level: Sequence[Placed]) -> list[Placed]:
    """End blocks where a later one begins on the same row without overlapping in time."""
    parted = list(level)
    for index, one in enumerate(parted):
        heirs = [
            other.top
            for other in parted[index + 1 :]
            if other.block.starts_at >= one.block.ends_at and other.top < one.bottom
        ]
        if heirs:
            parted[index] = replace(one, bottom=max(one.top + 1, min(heirs)))
    return parted


def _lanes(level: Sequence[Placed]) -> list[Placed]:
    """Give overlapping blocks lanes: each takes the first that is free, clusters share a count."""
    done: list[Placed] = []
    cluster: list[Placed] = []
    ends: list[int] = []
    for one in level:
        if ends and one.top >= max(ends):
            done += _counted(cluster, len(ends))
            cluster, ends = [], []
        lane = next((i for i, end in enumerate(ends) if end <= one.top), len(ends))
        ends[lane : lane + 1] = [one.bottom]
        cluster.append(replace(one, lane=lane))
    return done + _counted(cluster, len(ends))


def _counted(cluster: Sequence[Placed], lanes: int) -> list[Placed]:
    hidden = sum(not one.shown for one in cluster)
    last = MAX_LANES - 1
    return [
        replace(one, lanes=min(lanes, MAX_LANES), more=hidden if one.lane == last else 0)
        for one in cluster
    ]


def busy(block: DayBlock) -> list[Interval]:
    """Return the spans of a block in which its staff member's hands are full."""
    spans: list[Interval] = []
    start = block.starts_at
    for gap_start, gap_end in sorted(block.gaps):
        if start < gap_start:
            spans.append((start, gap_start))
        start = max(start, gap_end)
    if start < block.ends_at:
        spans.append((start, block.ends_at))
    return spans


def absence(column: DayColumn, at: datetime) -> Away | None:
    """Return what takes an instant from somebody's working time, if anything does."""
    return next((one for one in column.away if one.starts_at <= at < one.ends_at), None)


def ground(column: DayColumn, at: datetime) -> str:
    """Tell what an instant is to a person: ``work``, ``away``, ``rest`` (a break) or ``off``."""
    if any(start <= at < end for start, end in column.shifts):
        return "work"
    if absence(column, at) is not None:
        return "away"
    before = any(end <= at for _, end in column.shifts)
    after = any(at < start for start, _ in column.shifts)
    return "rest" if before and after else "off"


def free_spans(column: DayColumn, blocks: Iterable[DayBlock]) -> list[Interval]:
    """Return the spans in which a person works and has no client, by time."""
    taken = sorted(span for block in blocks for span in busy(block))
    free: list[Interval] = []
    for opens, closes in sorted(column.shifts):
        at = opens
        for start, end in taken:
            if at < start < closes:
                free.append((at, start))
            if start < closes:
                at = max(at, end)
        if at < closes:
            free.append((at, closes))
    return free


def free_minutes(column: DayColumn, blocks: Iterable[DayBlock], at: datetime) -> int:
    """Return for how long from ``at`` a person works and has no client."""
    ends = [end for start, end in column.shifts if start <= at < end]
    if not ends:
        return 0
    spans = [span for block in blocks for span in busy(block)]
    if any(start <= at < end for start, end in spans):
        return 0
    until = min([ends[0], *(start for start, _ in spans if start >= at)])
    return (until - at) // timedelta(minutes=1)
