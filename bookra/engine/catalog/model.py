"""What a service is: segments of busy time and gaps, buffers, rules and a price. Values, no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

from bookra.clock import DAY_MINUTES, MINUTE
from bookra.errors import InvalidInputError
from bookra.money import Money

Blocks = tuple[tuple[int, int], ...]
"""``(offset, length)`` pairs in seconds from a visit's start, by offset."""

SPANS = ("visit", "busy", "gap")


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a service. In a gap the staff member is free (colour is developing)."""

    busy: bool
    minutes: int

    def __str__(self) -> str:
        """Return the notation of the command line: ``busy 30``."""
        return f"{'busy' if self.busy else 'gap'} {self.minutes}"


class ServiceLevel(NamedTuple):
    """What staff of one level charge; their own segments, or none when they take as long."""

    level: str
    price: Money
    segments: tuple[Segment, ...] = ()


class Need(NamedTuple):
    """A unit of a pool that a service takes: through the ``visit``, when ``busy``, in a ``gap``."""

    pool: str
    span: str = "visit"


class Offered(NamedTuple):
    """A stretch of one weekday (Monday is 0) in which the service is sold, in minutes."""

    weekday: int
    opens_minute: int
    closes_minute: int


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the catalogue; buffers are kept free before and after the visit.

    None in a rule means that the business's own holds. ``capacity`` makes it a class, sold by the
    seat. ``offered`` empty means whenever its staff work. A deposit is a share of the price or an
    amount of minor units; both None is none. ``short_name`` is for narrow columns; empty is none.
    """

    id: UUID
    slug: str
    name: str
    category: str
    price: Money
    segments: tuple[Segment, ...]
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    active: bool = True
    granularity_minutes: int | None = None
    alignment: str = "clock"
    notice_minutes: int | None = None
    horizon_days: int | None = None
    daily_limit: int | None = None
    capacity: int | None = None
    levels: tuple[ServiceLevel, ...] = ()
    offered: tuple[Offered, ...] = ()
    needs: tuple[Need, ...] = ()
    tax_bps: int | None = None
    deposit_bps: int | None = None
    deposit_minor: int | None = None
    short_name: str = ""

    @property
    def minutes(self) -> int:
        """How long the customer is there, gaps included, buffers left out."""
        return sum(segment.minutes for segment in self.segments)

    def at_level(self, level: str) -> Service:
        """Return the service as staff of ``level`` perform it: their price, their segments."""
        for known in self.levels:
            if known.level == level:
                return replace(self, price=known.price, segments=known.segments or self.segments)
        return self

    def busy_blocks(self) -> Blocks:
        """Return all that occupies the staff.

        Buffers count as occupied and join the busy time beside them, so the first offset is
        negative when there is a buffer before.
        """
        timeline = [(self.buffer_before_minutes, True)]
        timeline += [(segment.minutes, segment.busy) for segment in self.segments]
        timeline += [(self.buffer_after_minutes, True)]
        blocks: list[tuple[int, int]] = []
        at = -self.buffer_before_minutes
        for minutes, busy in timeline:
            if busy and minutes:
                last = blocks[-1] if blocks else None
                if last is not None and last[0] + last[1] == at:
                    blocks[-1] = (last[0], last[1] + minutes)
                else:
                    blocks.append((at, minutes))
            at += minutes
        return tuple((offset * MINUTE, length * MINUTE) for offset, length in blocks)

    def blocks_of(self, span: str) -> Blocks:
        """Return when a unit is taken that the service needs for ``span``.

        A visit's unit stays occupied through the gaps and the buffers: the room is cleaned too.
        """
        if span == "busy":
            return self.busy_blocks()
        if span == "gap":
            return self.gaps()
        length = self.buffer_before_minutes + self.minutes + self.buffer_after_minutes
        return ((-self.buffer_before_minutes * MINUTE, length * MINUTE),)

    def gaps(self) -> Blocks:
        """Return the gaps inside the visit."""
        found, at = [], 0
        for segment in self.segments:
            if not segment.busy:
                found.append((at * MINUTE, segment.minutes * MINUTE))
            at += segment.minutes
        return tuple(found)


def parse_segments(text: str) -> tuple[Segment, ...]:
    """Read ``busy 30,gap 20,busy 15``.

    Raises InvalidInputError (``bad_segments``) whose details point at the word that can't be read:
    ``text``, ``position`` and ``length``.
    """
    segments: list[Segment] = []
    at = 0
    for number, part in enumerate(text.split(","), start=1):
        words = [*re.finditer(r"\S+", part)]
        read = _segment([word[0] for word in words])
        if isinstance(read, str):
            start, end = _unreadable(words, len(part))
            raise InvalidInputError(
                "bad_segments",
                f"Segment {number}, '{part.strip()}', {read}",
                hint="Write segments as 'busy 30,gap 20,busy 15'",
                details={"text": text, "position": at + start, "length": max(1, end - start)},
            )
        segments.append(read)
        at += len(part) + 1
    return checked_segments(tuple(segments))


def _segment(words: list[str]) -> Segment | str:
    """Return the segment of ``kind minutes``, or what is wrong with it."""
    if not words:
        return "is empty"
    if words[0] not in ("busy", "gap"):
        return f"starts with neither 'busy' nor 'gap' but '{words[0]}'"
    if len(words) != 2:
        return "is not 'busy MINUTES' or 'gap MINUTES'"
    if re.fullmatch(r"[0-9]{1,4}", words[1]) is None or not 1 <= int(words[1]) <= DAY_MINUTES:
        return f"lasts '{words[1]}', which is not a number of minutes from 1 to {DAY_MINUTES}"
    return Segment(words[0] == "busy", int(words[1]))


def _unreadable(words: list[re.Match[str]], length: int) -> tuple[int, int]:
    """Return where in a part of ``length`` the first word stands that can't be read."""
    if not words:
        return 0, length
    if words[0][0] not in ("busy", "gap"):
        return words[0].span()
    if len(words) == 1:
        return words[0].end(), words[0].end()
    return words[2].span() if len(words) > 2 else words[1].span()


def checked_segments(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """Return ``segments`` if they start and end busy and fit a day, else raise."""
    if not segments or not (segments[0].busy and segments[-1].busy):
        raise InvalidInputError(
            "bad_segments",
            "A service starts and ends with busy time",
            hint="Waiting time inside is a gap, time kept free around it is a buffer",
        )
    if sum(segment.minutes for segment in segments) > DAY_MINUTES:
        raise InvalidInputError("bad_segments", "A service can't be longer than a day")
    return segments
