"""What a displaced visit could be instead, best first. Values, no I/O.

Who had asked for a person in particular keeps the person before the time; everybody else keeps the
time before the person. Among equals the start nearest to the old one wins, an earlier one being
twice as far. Two starts of one kind lie at least the visit's own length apart: a choice between
10:15 and 10:30 is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bookra.money import Money

MOST_EACH = 3
"""How many proposals of one kind there are at most."""


class Kind(StrEnum):
    """What differs from the visit as it was."""

    UNCHANGED = "unchanged"
    OTHER_STAFF = "other_staff"
    OTHER_TIME = "other_time"
    BOTH = "both"


REQUESTED = (Kind.UNCHANGED, Kind.OTHER_TIME, Kind.OTHER_STAFF, Kind.BOTH)
ANYBODY = (Kind.UNCHANGED, Kind.OTHER_STAFF, Kind.OTHER_TIME, Kind.BOTH)


@dataclass(frozen=True, slots=True)
class Lost:
    """A line that has lost its time: from when to when it was, in epoch seconds, and with whom.

    ``requested`` says that the client had asked for this person. ``fixed`` keeps the start, since
    the visit's other lines stand around it.
    """

    position: int
    start: int
    end: int
    staff: str
    requested: bool = False
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """An open start of somebody: what they would cost, and how much that is above the agreed."""

    start: int
    staff: str
    price: Money
    difference: Money


@dataclass(frozen=True, slots=True)
class Proposal:
    """One thing that can be approved by its number. ``line`` is the position it is for."""

    number: int
    line: int
    start: int
    staff: str
    kind: Kind
    price: Money
    difference: Money


def proposals(
    lost: Lost, options: Iterable[Option], *, any_price: bool = False, first_number: int = 1
) -> list[Proposal]:
    """Return the best options for a line, in order and numbered from ``first_number``.

    Those at another price than agreed are left out unless ``any_price`` asks for them.
    """
    by_kind: dict[Kind, list[Option]] = {kind: [] for kind in Kind}
    for option in options:
        if (any_price or not option.difference) and not (lost.fixed and option.start != lost.start):
            by_kind[kind_of(lost, option)].append(option)
    order = REQUESTED if lost.requested else ANYBODY
    chosen = [(kind, one) for kind in order for one in _nearest(lost, by_kind[kind])]
    return [
        Proposal(number, lost.position, one.start, one.staff, kind, one.price, one.difference)
        for number, (kind, one) in enumerate(chosen, first_number)
    ]


def kind_of(lost: Lost, option: Option) -> Kind:
    """Return what an option changes."""
    if option.start == lost.start:
        return Kind.UNCHANGED if option.staff == lost.staff else Kind.OTHER_STAFF
    return Kind.OTHER_TIME if option.staff == lost.staff else Kind.BOTH


def _nearest(lost: Lost, options: Sequence[Option]) -> list[Option]:
    """Return some options of one kind: the nearest, and no two that are nearly the same."""
    chosen: list[Option] = []
    apart = lost.end - lost.start
    for option in sorted(options, key=lambda one: _distance(lost, one)):
        if all(abs(one.start - option.start) >= apart for one in chosen) or (
            option.start == lost.start
        ):
            chosen.append(option)
        if len(chosen) == MOST_EACH:
            break
    return chosen


def _distance(lost: Lost, option: Option) -> tuple[int, int, int, str]:
    """Return how far an option is: coming earlier counts twice, since plans lie before a visit."""
    later = option.start - lost.start
    return max(later, -2 * later), abs(option.difference.minor), option.start, option.staff
