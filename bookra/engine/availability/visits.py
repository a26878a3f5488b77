"""A visit of several services: who performs each, when it begins, and which units it takes.

``plans`` is the one place where a start becomes people, times and units: listing asks whether a
plan exists, booking writes it down, "why not" speaks when there is none.

A sequence is found backwards: from the starts of the last line that are open, to those of the
line before from which the next can follow within the longest wait, as arithmetic of spans. The
plan is then made forwards, by depth-first search, which also keeps a visit from taking one person
or unit twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain, product
from typing import Any, NamedTuple
from uuid import UUID

from bookra.engine.availability.bookable import Unit
from bookra.engine.availability.spans import Span, intersected, united
from bookra.engine.availability.starts import (
    Performer,
    limits_at,
    performers,
    start_spans,
    unit_fits,
    units_for,
)
from bookra.engine.availability.window import Window
from bookra.engine.catalog.model import Blocks

STEP_SECONDS = 5 * 60
"""How finely a later line is tried after its earliest start, when a unit or colleague clashes."""

Way = tuple[Performer, list[Span]]
"""A performer of a line, with CLOSED spans of starts from which the rest of the visit follows."""

Order = Callable[[Performer], tuple[Any, ...]]


class Claim(NamedTuple):
    """A span of a person's or a unit's time that a line takes."""

    bookable_id: UUID
    start: int
    end: int


class Planned(NamedTuple):
    """One line of a plan: who, from when, and in which units."""

    performer: Performer
    start: int
    units: tuple[tuple[Unit, Blocks], ...] = ()

    @property
    def end(self) -> int:
        """When the customer is done with this line."""
        return self.start + self.performer.service.minutes * 60

    def claims(self) -> list[Claim]:
        """Return all that the line allocates."""
        taken = [(self.performer.person.id, self.performer.service.busy_blocks())]
        taken += [(unit.id, blocks) for unit, blocks in self.units]
        return [
            Claim(bookable_id, self.start + offset, self.start + offset + length)
            for bookable_id, blocks in taken
            for offset, length in blocks
        ]


Plan = tuple[Planned, ...]


def plans(
    window: Window,
    start: int,
    *,
    first: Collection[UUID] | None = None,
    order: Order | None = None,
    refused: frozenset[UUID] = frozenset(),
) -> Iterator[Plan]:
    """Yield the ways to have the whole visit from ``start``, notice and grid left aside.

    ``first`` names who may perform the first line; ``order`` ranks people; ``refused`` are
    bookables that have turned out to be taken.
    """
    search = _Search(window, order, refused)
    yield from search.extend((), (start, start), first)


def reachable(window: Window, line: int) -> list[Way]:
    """Return each performer of a line, with CLOSED spans of starts from which the rest follows."""
    key = ("reachable", line)
    if key not in window.memory:
        window.memory[key] = [
            (who, _from_here(window, line, who, start_spans(window, who)))
            for who in performers(window, line)
        ]
    found = window.memory[key]
    assert isinstance(found, list)
    return found


def _from_here(window: Window, line: int, who: Performer, spans: list[Span]) -> list[Span]:
    if line + 1 == len(window.lines):
        return spans
    ways: list[list[Span]] = []
    for following, starts in reachable(window, line + 1):
        low, high = _after(window, who, following)
        if low <= high:
            ways.append([(a - high, b - low) for a, b in starts])
    return intersected(spans, united(*ways))


def _after(window: Window, who: Performer, following: Performer) -> Span:
    """Return the least and the most seconds from a line's start to that of the following one."""
    if window.parallel:
        return 0, 0
    done = who.service.minutes * 60
    least = done
    if who.person.id == following.person.id:
        last = who.service.busy_blocks()[-1]
        least = max(done, last[0] + last[1] - following.service.busy_blocks()[0][0])
    return least, done + window.max_wait_seconds


class _Search:
    """One depth-first search over the lines of a window."""

    def __init__(self, window: Window, order: Order | None, refused: frozenset[UUID]) -> None:
        self._window = window
        self._order = order
        self._refused = refused

    def extend(self, chosen: Plan, when: Span, first: Collection[UUID] | None) -> Iterator[Plan]:
        line = len(chosen)
        if line == len(self._window.lines):
            yield chosen
            return
        if chosen and not self._units_suffice(line, when, _units_taken(chosen)):
            return
        for who, spans in self._ranked(line, first):
            low, high = self._earliest(chosen, when, who)
            for at in _candidates(intersected(spans, [(low, high)]) if low <= high else []):
                for planned in self._with_units(who, at):
                    if self._compatible(chosen, planned):
                        yield from self.extend((*chosen, planned), self._next(planned), None)

    def _ranked(
        self, line: int, first: Collection[UUID] | None
    ) -> Sequence[tuple[Performer, list[Span]]]:
        ways = [
            way
            for way in reachable(self._window, line)
            if way[0].person.id not in self._refused
            and (first is None or way[0].person.id in first)
        ]
        if self._order is None:
            return ways
        order = self._order
        return sorted(ways, key=lambda way: order(way[0]))

    def _earliest(self, chosen: Plan, when: Span, who: Performer) -> Span:
        if not chosen or self._window.parallel:
            return when
        least, _ = _after(self._window, chosen[-1].performer, who)
        return max(when[0], chosen[-1].start + least), when[1]

    def _next(self, planned: Planned) -> Span:
        if self._window.parallel:
            return planned.start, planned.start
        return planned.end, planned.end + self._window.max_wait_seconds

    def _units_suffice(self, line: int, when: Span, taken: frozenset[Claim]) -> bool:
        """Tell whether the units allow the rest of the visit, whoever performs it.

        Where they do not, trying every combination of people would take their number to the power
        of the lines. What is worked out here holds for all of them, and is remembered.
        """
        window = self._window
        if not any(service.needs for service, _ in window.lines):
            return True
        if line == len(window.lines):
            return True
        key = ("units suffice", line, when, taken, self._refused)
        if key not in window.memory:
            window.memory[key] = any(
                self._units_suffice(line + 1, self._next(planned), taken | claims)
                for planned, claims in self._unit_choices(line, when)
                if not _clash(taken, claims)
            )
        return window.memory[key] is True

    def _unit_choices(self, line: int, when: Span) -> Iterator[tuple[Planned, frozenset[Claim]]]:
        """Yield a line's choices of time and units, once for all who could perform them."""
        seen = set()
        for who, spans in reachable(self._window, line):
            starts = {
                at
                for low in {when[0], when[0] + self._pause(line, who)}
                if low <= when[1]
                for at in _candidates(intersected(spans, [(low, when[1])]))
            }
            for planned in chain.from_iterable(self._with_units(who, at) for at in starts):
                claims = _units_taken((planned,))
                if (planned.start, planned.end, claims) not in seen:
                    seen.add((planned.start, planned.end, claims))
                    yield planned, claims

    def _pause(self, line: int, who: Performer) -> int:
        """Return how long somebody's buffers keep them from a line after the one before it."""
        if self._window.parallel:
            return 0
        for before in performers(self._window, line - 1):
            if before.person.id == who.person.id:
                return _after(self._window, before, who)[0] - before.service.minutes * 60
        return 0

    def _with_units(self, who: Performer, at: int) -> Iterator[Planned]:
        """Yield the line with each choice of free units for what it needs."""
        window, service = self._window, who.service
        choices = []
        for need in service.needs:
            blocks = service.blocks_of(need.span)
            if blocks:
                choices.append(
                    [
                        (unit, blocks)
                        for unit in units_for(window, need, who.person)
                        if unit.id not in self._refused
                        and any(a <= at <= b for a, b in unit_fits(window, unit, blocks))
                    ]
                )
        for units in product(*choices):
            yield Planned(who, at, units)

    def _compatible(self, chosen: Plan, planned: Planned) -> bool:
        """Tell whether the visit takes nobody and no unit twice, and keeps the daily limits."""
        if not chosen:
            return True
        taken = [claim for line in chosen for claim in line.claims()]
        return not _clash(taken, planned.claims()) and self._within_limits((*chosen, planned))

    def _within_limits(self, plan: Plan) -> bool:
        """Tell whether a day's last places suffice for all lines of the visit on it."""
        limits = [
            limit
            for planned in plan
            for limit in limits_at(self._window, planned.performer, planned.start)
        ]
        return all(limits.count(limit) <= limit.left for limit in limits)


def _clash(taken: Collection[Claim], wanted: Collection[Claim]) -> bool:
    return any(
        old.bookable_id == new.bookable_id and old.start < new.end and new.start < old.end
        for old, new in product(taken, wanted)
    )


def _units_taken(plan: Plan) -> frozenset[Claim]:
    return frozenset(
        Claim(unit.id, line.start + offset, line.start + offset + length)
        for line in plan
        for unit, blocks in line.units
        for offset, length in blocks
    )


def _candidates(spans: list[Span]) -> Iterator[int]:
    """Yield the earliest start of each span, then finer ones: they matter only after a clash."""
    yield from (low for low, _ in spans)
    for low, high in spans:
        yield from range(low + STEP_SECONDS, high + 1, STEP_SECONDS)
