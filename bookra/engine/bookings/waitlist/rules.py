"""Who on the waitlist gets an opening, and what becomes of a wish. Pure.

Three rules. ``first``: the oldest wish. ``highest-value``: the visit that costs the most, of equal
ones the oldest wish. ``best-fit``: the visit that makes the least of the person's free time
unusable, of equal ones the oldest wish. A stretch of free time is unusable when it is shorter
than the shortest visit on sale; what counts is how much of it the visit adds.

Of the places that a rule holds equal, a wish gets the earliest, then the first by staff slug.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from bookra.engine.bookings.model import Status

Span = tuple[int, int]
"""``(start, end)`` in epoch seconds, half-open."""

DAY_SECONDS = 86_400


class Rule(StrEnum):
    """How an opening that several wishes fit is given."""

    FIRST = "first"
    BEST_FIT = "best-fit"
    HIGHEST_VALUE = "highest-value"


class WishStatus(StrEnum):
    """The life of a wish. Only ``waiting`` ones are offered anything."""

    WAITING = "waiting"
    OFFERED = "offered"
    FULFILLED = "fulfilled"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


OPEN = (WishStatus.WAITING, WishStatus.OFFERED)

STANDS = frozenset(Status) - {Status.HELD, Status.CANCELLED, Status.EXPIRED}
"""States of an offer's booking that only an accepted offer reaches."""


class Place(NamedTuple):
    """A start that a wish could be given: epoch seconds, minor units, and a person's slug."""

    start: int
    unusable_seconds: int
    staff: str
    price_minor: int


class InLine(NamedTuple):
    """A wish that waits, since when, and the places that fit it."""

    wish_id: UUID
    since: datetime
    places: Sequence[Place]


class Given(NamedTuple):
    """Which wish gets which place."""

    wish_id: UUID
    place: Place


_Best = tuple[tuple[object, ...], InLine, Place]
"""A wish's best place, with its rank in front."""


class OfferState(NamedTuple):
    """What is known of an offer: its booking's state, and until when that is held."""

    status: Status
    held_until: datetime | None


def given_out(rule: Rule, line: Iterable[InLine], *, limit: int) -> list[Given]:
    """Give places to wishes, one each, by ``rule``; at most ``limit``.

    A person gives away one place in 24 hours at a time: what the next one would be worth depends
    on what the first leaves. Whoever calls looks again afterwards.
    """
    chosen: list[Given] = []
    best = [_best(rule, wish) for wish in line if wish.places]
    while best and len(chosen) < limit:
        first = min(best, key=lambda found: found[0])
        chosen.append(Given(first[1].wish_id, first[2]))
        best = [
            again
            for found in best
            if found is not first
            for again in _still_best(rule, found, [given.place for given in chosen])
        ]
    return chosen


def rank(rule: Rule, wish: InLine, place: Place) -> tuple[object, ...]:
    """Return what the smallest of decides: the rule's own measure, then age, then the place."""
    measure = {
        Rule.FIRST: 0,
        Rule.BEST_FIT: place.unusable_seconds,
        Rule.HIGHEST_VALUE: -place.price_minor,
    }[rule]
    return (measure, wish.since, wish.wish_id, place)


def unusable_seconds(
    free: Sequence[Span], blocks: Sequence[tuple[int, int]], start: int, shortest_seconds: int
) -> int:
    """Return how much more of ``free`` is too short to sell once ``blocks`` are gone.

    ``free`` is a person's sorted free time; ``blocks`` are offsets from ``start``, and lengths.
    """
    taken = [(start + offset, start + offset + length) for offset, length in blocks]
    touched = [span for span in free if _meets(span, taken)]
    before = sum(_wasted(span, shortest_seconds) for span in touched)
    after = sum(_wasted(rest, shortest_seconds) for span in touched for rest in _rests(span, taken))
    return max(0, after - before)


def became(
    status: WishStatus, offers: Sequence[OfferState], last_end: datetime, now: datetime
) -> WishStatus:
    """Return what an open wish is by now, from its offers' bookings, the oldest offer first.

    An accepted offer fulfils it, also one that was paid for after it had lapsed. One that lapsed
    puts it back in line; one that was cancelled takes it off the list. In line, it lapses once
    every window is past: ``last_end``.
    """
    if any(offer.status in STANDS for offer in offers):
        return WishStatus.FULFILLED
    if status is WishStatus.OFFERED and offers:
        last = offers[-1]
        if last.status is Status.HELD and last.held_until is not None and last.held_until > now:
            return WishStatus.OFFERED
        if last.status is Status.CANCELLED:
            return WishStatus.WITHDRAWN
    return WishStatus.LAPSED if last_end <= now else WishStatus.WAITING


def _best(rule: Rule, wish: InLine) -> _Best:
    ranked = ((rank(rule, wish, place), place) for place in wish.places)
    least, place = min(ranked, key=lambda found: found[0])
    return least, wish, place


def _still_best(rule: Rule, found: _Best, given: Sequence[Place]) -> Iterator[_Best]:
    """Yield a wish's best place that what was given leaves, if any is left.

    Only the newest one can have taken the place that was the best until now.
    """
    _, wish, place = found
    if _apart(place, given[-1]):
        yield found
        return
    left = [other for other in wish.places if all(_apart(other, taken) for taken in given)]
    if left:
        yield _best(rule, wish._replace(places=left))


def _apart(place: Place, given: Place) -> bool:
    """Tell whether a place is somebody else's time than a given one, or another day's."""
    return place.staff != given.staff or abs(place.start - given.start) >= DAY_SECONDS


def _meets(span: Span, taken: Sequence[Span]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in taken)


def _wasted(span: Span, shortest_seconds: int) -> int:
    length = span[1] - span[0]
    return length if length < shortest_seconds else 0


def _rests(span: Span, taken: Sequence[Span]) -> list[Span]:
    """Return what sorted ``taken`` spans leave of one free span."""
    rests, at = [], span[0]
    for start, end in taken:
        if start < span[1] and span[0] < end:
            if start > at:
                rests.append((at, start))
            at = max(at, end)
    return [*rests, (at, span[1])] if at < span[1] else rests
