"""What is asked for: a visit of one service or several, by slug. Values, no I/O."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID


class Wish(NamedTuple):
    """One service that is asked for by slug; ``staff`` None is anybody."""

    service: str
    staff: str | None = None


class VisitWish(NamedTuple):
    """A visit that is asked for: one service or several, one after the other or all at once.

    ``max_wait_minutes`` bounds the time between a line's end and the next one's start.
    ``own`` is a booking whose time counts as free: the hold or the visit that is to be replaced.
    ``sold`` is for what is booked already: its services may be off the list by now.
    """

    lines: tuple[Wish, ...]
    parallel: bool = False
    max_wait_minutes: int = 15
    own: UUID | None = None
    sold: bool = False

    @property
    def first(self) -> Wish:
        """The line that the visit begins with."""
        return self.lines[0]


def visit_of(service: str, staff: str | None) -> VisitWish:
    """Return the wish for one service."""
    return VisitWish((Wish(service, staff),))
