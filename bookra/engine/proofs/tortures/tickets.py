"""Who tries what, in which order: a pure function of a seed, so that a torture can be repeated.

Tickets come in heats. The tickets of a heat want the same thing, or things that overlap, and are
handed out together. Every other round mixes its heats, so that verbs of all kinds meet on the same
people: that is where an order of locks goes wrong.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bookra import clock

KINDS = ("slot", "neighbours", "any", "seats", "resources", "swaps", "moves", "direct")

DAYS = 700
"""How many days the arena is open: less than the horizon of a business."""

OPENS_MINUTE = 8 * 60
WINDOWS_A_DAY = 6
WINDOW_MINUTES = 120
WINDOWS = DAYS * WINDOWS_A_DAY

LIMITED = ("hana", "consult")
"""Who has a daily limit, and the one service that she performs."""

SMALLEST_HEAT = 8
CARELESS = 2
"""How many bare inserts of a heat do not even name the constraint: two that overlap wait for each
other, for as long as the server takes to find a deadlock."""

TWO_SEATS = 0.25
"""How many of those who want a seat want two."""


class Ticket(NamedTuple):
    """One attempt. ``at`` and ``until`` are epoch seconds; a bare ticket goes past the engine."""

    number: int
    kind: str
    way: str
    service: str = ""
    staff: str | None = None
    at: int = 0
    until: int = 0
    customer: str = ""
    code: str = ""
    other: str = ""
    seats: int = 1
    session: str = ""
    seat: int = 0
    capacity: int = 0


class ClassSession(NamedTuple):
    """A class with seats to race for."""

    id: str
    starts_at: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Arena:
    """The business that is tortured. ``pieces`` are bookings to be moved about and swapped.

    Bare seats are written for the booking ``sponsor``, which stays where it is.
    """

    tenant: str
    zone: ZoneInfo
    first_day: date
    customers: tuple[str, ...]
    pieces: tuple[str, ...]
    sponsor: str
    sessions: tuple[ClassSession, ...]


@dataclass(frozen=True, slots=True)
class Programme:
    """What is to be tried: how many attempts of which kinds, in heats of which size."""

    kinds: tuple[str, ...]
    attempts: int
    writers: int
    seed: int

    @property
    def heat(self) -> int:
        """How many tickets want the same thing; more than one a writer when windows run out."""
        windows = len(self.kinds) * WINDOWS
        return max(self.writers, SMALLEST_HEAT, -(-self.attempts // windows))

    @property
    def shares(self) -> dict[str, int]:
        """How many attempts each kind gets: all of them together are ``attempts``."""
        each, rest = divmod(self.attempts, len(self.kinds))
        return {kind: each + (index < rest) for index, kind in enumerate(self.kinds)}

    @property
    def rounds(self) -> int:
        """How many rounds it takes to deal every attempt."""
        return -(-max(self.shares.values()) // self.heat)

    @property
    def seats(self) -> int:
        """How many seats a class has: enough for half a heat."""
        return -(-self.heat // 2)

    @property
    def sessions(self) -> int:
        """How many classes it takes, so that each heat for seats finds an empty one."""
        wanted = max((self.shares.get(kind, 0) for kind in ("seats", "direct")), default=0)
        return -(-wanted // self.heat)


def heats(arena: Arena, programme: Programme) -> Iterator[list[Ticket]]:
    """Yield every heat. The same arena and programme give the same tickets again."""
    dealer = _Dealer(arena, random.Random(programme.seed))  # noqa: S311 - repeatable on purpose
    left, size = dict(programme.shares), programme.heat
    for number in count():
        dealt = []
        for kind in rotated(programme.kinds, number):
            tickets = [dealer.ticket(kind, number, i) for i in range(min(size, left[kind]))]
            left[kind] -= len(tickets)
            dealt.append(tickets)
        if not any(dealt):
            return
        yield from filter(None, _mixed(dealt, size, dealer.dice) if number % 2 else dealt)


def rotated(kinds: Sequence[str], number: int) -> list[str]:
    """Return the kinds as a round takes its turns: each goes first in its time."""
    turn = number % len(kinds)
    return [*kinds[turn:], *kinds[:turn]]


def start_of_window(first_day: date, number: int, zone: ZoneInfo) -> int:
    """Return when the window of a round opens; rounds have their windows to themselves."""
    day, window = divmod(number, WINDOWS_A_DAY)
    minute = OPENS_MINUTE + window * WINDOW_MINUTES
    return clock.opening(first_day + timedelta(days=day), minute, zone)


def _mixed(dealt: Sequence[list[Ticket]], size: int, dice: random.Random) -> list[list[Ticket]]:
    """Return the heats of a round with their tickets shuffled together."""
    tickets = [ticket for heat in dealt for ticket in heat]
    dice.shuffle(tickets)
    return [tickets[start : start + size] for start in range(0, len(tickets), size)]


class _Dealer:
    """Makes the tickets of one kind each; numbers them from 0."""

    def __init__(self, arena: Arena, dice: random.Random) -> None:
        self.dice = dice
        self._arena = arena
        self._numbers = count()
        self._makers = {
            "slot": self._slot,
            "neighbours": self._neighbours,
            "any": self._any,
            "seats": self._seats,
            "resources": self._resources,
            "swaps": self._swaps,
            "moves": self._moves,
            "direct": self._direct,
        }

    def ticket(self, kind: str, number: int, place: int) -> Ticket:
        """Return the ticket for a ``place`` in the heat of a kind in a round."""
        return self._makers[kind](number, place)

    def _slot(self, number: int, _place: int) -> Ticket:
        return self._book("slot", "cut", "ana", number, 0)

    def _neighbours(self, number: int, place: int) -> Ticket:
        """Wish for overlapping times of unequal length, or for a place in a limited day."""
        if number % 2 == 0:
            service = self.dice.choice(("cut", "trim", "wash"))
            return self._book("neighbours", service, "ben", number, 15 * self.dice.randrange(7))
        staff, service = LIMITED
        ticket = self._book("neighbours", service, staff, number, 0)
        first = self._window(number // 2 % DAYS * WINDOWS_A_DAY)
        return ticket._replace(at=first + place % 24 * 30 * 60)

    def _any(self, number: int, _place: int) -> Ticket:
        return self._book("any", "cut", None, number, 75)

    def _seats(self, number: int, _place: int) -> Ticket:
        session = self._arena.sessions[number]
        ticket = self._book("seats", "yoga", None, number, 0)
        seats = 2 if self.dice.random() < TWO_SEATS else 1
        return ticket._replace(at=session.starts_at, seats=seats)

    def _resources(self, number: int, _place: int) -> Ticket:
        return self._book("resources", "colour", None, number, 15 * self.dice.randrange(3))

    def _moves(self, number: int, _place: int) -> Ticket:
        return Ticket(
            next(self._numbers),
            "moves",
            "move",
            staff=self.dice.choice(("cleo", "dan")),
            at=self._window(number) + 15 * 60 * self.dice.randrange(7),
            code=self.dice.choice(self._arena.pieces),
        )

    def _swaps(self, _number: int, _place: int) -> Ticket:
        code, other = self.dice.sample(self._arena.pieces, 2)
        return Ticket(next(self._numbers), "swaps", "swap", code=code, other=other)

    def _direct(self, number: int, place: int) -> Ticket:
        """Write straight into the tables, no question asked: a span of time, or a seat."""
        if place % 4 == 3:
            session = self._arena.sessions[number]
            return Ticket(
                next(self._numbers),
                "direct",
                "bare seat",
                code=self._arena.sponsor,
                session=session.id,
                seat=self.dice.randint(1, session.capacity),
                capacity=session.capacity,
            )
        at = self._window(number) + 5 * 60 * self.dice.randrange(13)
        until = at + 60 * self.dice.randrange(10, 65, 5)
        way = "bare span" if place < CARELESS else "named span"
        return Ticket(next(self._numbers), "direct", way, staff="eva", at=at, until=until)

    def _window(self, number: int) -> int:
        return start_of_window(self._arena.first_day, number, self._arena.zone)

    def _book(
        self, kind: str, service: str, staff: str | None, number: int, minutes: int
    ) -> Ticket:
        ticket = next(self._numbers)
        customers = self._arena.customers
        at = self._window(number) + minutes * 60
        return Ticket(
            ticket, kind, "book", service, staff, at, customer=customers[ticket % len(customers)]
        )
