"""A long random day of a class against a model of it: a dictionary, no database."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from factories import Salon
from teaching import again, give, offer, seat_request, seats, seats_sold_twice

from bookra.engine.availability.sessions import Session
from bookra.engine.bookings.actions import cancel, confirm
from bookra.engine.bookings.booking import book
from bookra.engine.bookings.classes.changing import move_session, set_capacity
from bookra.engine.bookings.holds import expire_lapsed
from bookra.engine.bookings.store import locked_by_code
from bookra.errors import ConflictError

STEPS = 30
WALLS = ("2026-11-24 15:00", "2026-11-24 15:30", "2026-11-25 10:00")


@dataclass
class Model:
    """What a class ought to be: who has how many seats, and until when if they are held."""

    capacity: int
    at: str
    taken: dict[str, tuple[int, datetime | None]] = field(default_factory=dict)

    def live(self, now: datetime) -> dict[str, int]:
        return {
            code: count
            for code, (count, until) in self.taken.items()
            if until is None or until > now
        }

    def sold(self, now: datetime) -> int:
        return sum(self.live(now).values())


@dataclass
class Walk:
    """One random walk: each step is done here and in the model, and both must agree."""

    salon: Salon
    session: Session
    model: Model
    dice: random.Random
    guests: int = 0

    def step(self) -> None:
        self.salon = self.salon.later(minutes=self.dice.choice((0, 0, 1, 3)))
        steps = (self.take, self.take, self.take, self.give_up, self.keep, self.resize, self.shift)
        self.dice.choice((*steps, self.sweep))()
        self.check()

    def take(self) -> None:
        self.guests += 1
        wanted, hold = self.dice.randint(1, 3), self.dice.choice((None, 2, 5))
        who = self.salon.customer(f"Guest {self.guests}")
        request = seat_request(self.salon, who, self.model.at, seats=wanted)
        request = replace(request, hold_minutes=hold)
        if self.model.sold(self.salon.now) + wanted > self.model.capacity:
            with pytest.raises(ConflictError, match="Yoga"):
                self.salon.act(lambda tx: book(tx, request))
            return
        booked = self.salon.act(lambda tx: book(tx, request))
        until = self.salon.now + timedelta(minutes=hold) if hold else None
        self.model.taken[booked.code] = (wanted, until)

    def give_up(self) -> None:
        if live := sorted(self.model.live(self.salon.now)):
            code = self.dice.choice(live)
            self.salon.act(lambda tx: cancel(tx, code))
            del self.model.taken[code]

    def keep(self) -> None:
        live = self.model.live(self.salon.now)
        if held := sorted(code for code in live if self.model.taken[code][1]):
            code = self.dice.choice(held)
            self.salon.act(lambda tx: confirm(tx, locked_by_code(tx, code)))
            self.model.taken[code] = (live[code], None)

    def resize(self) -> None:
        wanted = self.dice.randint(1, 12)
        if wanted < self.model.sold(self.salon.now):
            with pytest.raises(ConflictError, match="sold or held"):
                self.salon.act(lambda tx: set_capacity(tx, self.session.code, wanted))
            return
        self.salon.act(lambda tx: set_capacity(tx, self.session.code, wanted))
        self.model.capacity = wanted

    def shift(self) -> None:
        self.model.at = self.dice.choice(WALLS)
        there = self.salon.local(self.model.at)
        self.salon.act(lambda tx: move_session(tx, self.session.code, there))

    def sweep(self) -> None:
        self.salon.act(expire_lapsed)

    def check(self) -> None:
        now, found = again(self.salon, self.session), seats(self.salon, self.session)
        live = self.model.live(self.salon.now)
        counted = {seat.booking: 0 for seat in found}
        for seat in found:
            counted[seat.booking] += 1
            assert 1 <= seat.seat_no <= now.capacity
        assert counted == live
        assert (now.capacity, now.taken) == (self.model.capacity, self.model.sold(self.salon.now))
        assert now.starts_at == self.salon.local(self.model.at)
        day = self.model.at[:10]
        listed = self.salon.slots(day, staff=None, service="yoga")
        assert [slot.seats_free for slot in listed] == ([now.free] if now.free else [])


@pytest.mark.parametrize("seed", [1, 2])
def test_seats_add_up_whatever_happens(salon: Salon, seed: int) -> None:
    offer(salon, capacity=6)
    walk = Walk(salon, give(salon, WALLS[0]), Model(6, WALLS[0]), random.Random(seed))
    for _ in range(STEPS):
        walk.step()
    assert seats_sold_twice(walk.salon) == 0
    assert {walk.salon.booking(code).starts_at for code in walk.model.live(walk.salon.now)} <= {
        walk.salon.local(walk.model.at)
    }
