"""Whatever is done to a book, in whatever order, engine, database and a simple model agree.

Two sessions book, hold, move, swap, cancel, displace and let time pass. A short walk is part of
every run; ``BOOKRA_TEST_WALKS=200 pytest tests/engine/test_any_model.py`` takes as many long ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count, islice
from typing import TypeVar

from book_model import BUSY, DAY, HOURS, MOVABLE, PLACES_A_DAY, SKILLS, Book, Line, Visit, on_grid
from databases import Database
from factories import FROM_DAY, Salon, empty_salon
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from racing import overlaps
from sqlalchemy import Engine as Pool
from sqlalchemy import text

from bookra.engine.availability.absences import find_bookable
from bookra.engine.availability.asked import Wish
from bookra.engine.availability.away import TIME_OFF, Absence
from bookra.engine.availability.hours import parse_week
from bookra.engine.availability.timetable import set_hours
from bookra.engine.bookings.actions import cancel, check_in, complete, confirm, no_show
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.displacement.displacing import add_absence
from bookra.engine.bookings.model import Booking
from bookra.engine.bookings.moving import KEEP, move, swap
from bookra.engine.bookings.store import booking_by_code, locked_by_code
from bookra.engine.catalog.actions import NewService, add_service
from bookra.engine.catalog.model import Need, parse_segments
from bookra.engine.people.resources import add_resource
from bookra.engine.people.staff import add_staff
from bookra.engine.runtime import Engine, Tx
from bookra.errors import BookraError
from bookra.ids import new_id
from bookra.money import parse_amount

Result = TypeVar("Result")
WALKS = int(os.environ.get("BOOKRA_TEST_WALKS", "0"))
PROFILE = settings(
    max_examples=WALKS or 8,
    stateful_step_count=80 if WALKS else 30,
    deadline=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.generate],  # to make a failing walk shorter takes minutes
    suppress_health_check=list(HealthCheck),
)
FIRST_DAY = date(2026, 11, 24)
MIDNIGHT, OPENS = 0, 525
"""Minutes of the first day between which a walk's clock goes: visits of that day are today's, those
of the next are to come, and nothing is past."""
REFUSALS = {"slot_taken", "not_offered"}
ALLOCATIONS = text(
    """
    SELECT k.slug, b.code, o.kind, o.starts_at, o.ends_at, l.position, o.held_until
      FROM allocations o
      JOIN bookables k ON k.tenant_id = o.tenant_id AND k.id = o.bookable_id
      LEFT JOIN bookings b ON b.tenant_id = o.tenant_id AND b.id = o.booking_id
      LEFT JOIN booking_lines l ON l.tenant_id = o.tenant_id AND l.id = o.booking_line_id
     WHERE o.tenant_id = :tenant_id
    """
)
_salons = count(1)

STAFF = st.sampled_from(sorted(HOURS))
ANYBODY = st.one_of(st.none(), STAFF)
SERVICES = st.sampled_from(sorted(BUSY))
# Mostly on the grid and in one morning, so that visits meet.
STARTS = st.tuples(
    st.sampled_from([0, 0, 0, 1]), st.integers(35, 56), st.sampled_from([0, 0, 0, 0, 0, 5])
).map(lambda drawn: drawn[0] * DAY + drawn[1] * 15 + drawn[2])


def furnish(tx: Tx) -> None:
    """Open what the model knows of."""
    for slug in ("chair-1", "chair-2"):
        add_resource(tx, slug, "chair")
    chair = (Need("chair"),)
    price = parse_amount("45.00", tx.tenant.currency)
    for slug, segments, after, needs in (
        ("cut", "busy 45", 0, ()),
        ("color", "busy 30,gap 20,busy 15", 0, chair),
        ("wash", "busy 15", 5, ()),
    ):
        parts = parse_segments(segments)
        add_service(
            tx, NewService(slug, slug, price, parts, buffer_after_minutes=after, needs=needs)
        )
    for slug, shifts in HOURS.items():
        skills = () if len(SKILLS[slug]) == len(BUSY) else tuple(sorted(SKILLS[slug]))
        add_staff(tx, slug, slug, services=skills, daily_limit=PLACES_A_DAY.get(slug))
        week = ",".join(f"{a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d}" for a, b in shifts)
        set_hours(tx, slug, [parse_week(f"mon-sun {week}")], FROM_DAY)


class Walk(RuleBasedStateMachine):
    """One salon, two sessions, one model."""

    codes = Bundle("codes")

    def __init__(self, database: Database, pool: Pool) -> None:
        super().__init__()
        self.salon: Salon = empty_salon(database, pool, slug=f"walk-{next(_salons)}")
        self.salon.act(furnish)
        self.customer = self.salon.customer().id
        self.base = self.salon.local(f"{FIRST_DAY} 00:00")
        self.book = Book(MIDNIGHT)
        self.sessions = [Engine(pool, now=self._now), Engine(pool, now=self._now)]
        self.turn = 0
        self.numbers = count(1)

    def _now(self) -> datetime:
        return self._at(self.book.now)

    def _at(self, minute: int) -> datetime:
        return self.base + timedelta(minutes=minute)

    def _minute(self, at: datetime) -> int:
        return round((at - self.base).total_seconds()) // 60

    def _act(self, action: Callable[[Tx], Result]) -> Result | str:
        """Act in the one session and then in the other; return the refusal's code if refused."""
        self.turn += 1
        try:
            return self.sessions[self.turn % 2].act(self.salon.slug, action, command="walk")
        except BookraError as refused:
            return refused.code

    def _stored(self, code: str) -> Booking:
        engine = self.sessions[(self.turn + 1) % 2]
        return engine.ask(self.salon.slug, lambda tx: booking_by_code(tx, code))

    def _lines(self, booking: Booking) -> list[Line]:
        """Return a booking's lines as the database has them, with their chairs."""
        engine = self.sessions[(self.turn + 1) % 2]
        rows = engine.ask(self.salon.slug, lambda tx: tx.rows(ALLOCATIONS))
        chairs = {
            row.position: row.slug
            for row in rows
            if row.code == booking.code and row.slug not in HOURS
        }
        there = {row.position for row in rows if row.code == booking.code}
        known = self.book.visits.get(booking.code)
        numbers = [line.number for line in known.lines] if known else [0] * len(booking.lines)
        return [
            Line(
                line.service,
                line.staff,
                self._minute(line.starts_at),
                chairs.get(line.position),
                line.position in there,
                number,
            )
            for line, number in zip(booking.lines, numbers, strict=True)
        ]

    def _request(
        self, wishes: Sequence[tuple[str, str | None]], start: int, **more: object
    ) -> BookingRequest:
        (service, staff), *rest = wishes
        return BookingRequest(
            service,
            staff,
            self._at(start),
            self.customer,
            more=tuple(Wish(*wish) for wish in rest),
            **more,  # type: ignore[arg-type]
        )

    def _check_booked(
        self,
        wishes: Sequence[tuple[str, str | None]],
        start: int,
        hold: int | None,
        replaced: str | None = None,
    ) -> str | None:
        without = [replaced] if replaced else []
        ways = self.book.visit_ways(wishes, start, without=without) if on_grid(start) else iter(())
        possible = next(ways, None) is not None
        plain = possible and len(wishes) == 1 and replaced is None
        fairest = self._fairest(wishes[0], start) if plain else None
        wanted = self._request(wishes, start, hold_minutes=hold, hold_code=replaced)
        done = self._act(lambda tx: book(tx, wanted))
        if isinstance(done, str):
            assert not possible, (wishes, start, done)
            assert done in REFUSALS
            return None
        assert possible, (wishes, start, done)
        lines = self._lines(done)
        assert any(
            _same(lines, way) for way in self.book.visit_ways(wishes, start, without=without)
        )
        if fairest is not None:
            assert lines[0].staff == fairest
        until = None if hold is None else self.book.now + hold
        if replaced:
            self.book.visits[replaced].status = "cancelled"
        for line in lines:
            line.number = next(self.numbers)
        self.book.visits[done.code] = Visit(done.code, done.status.value, lines, until)
        return done.code

    def _fairest(self, wish: tuple[str, str | None], start: int) -> str:
        """Least booked minutes in the week, then least recently booked, then by name."""
        able = {way.staff for way in self.book.grants(*wish, start)}
        return min(
            able, key=lambda who: (self.book.booked_minutes(who), self.book.last_booked(who), who)
        )

    @rule(target=codes, service=SERVICES, staff=ANYBODY, start=STARTS)
    def books(self, service: str, staff: str | None, start: int) -> object:
        code = self._check_booked([(service, staff)], start, None)
        return code or multiple()

    @rule(target=codes, service=SERVICES, staff=ANYBODY, start=STARTS)
    def holds(self, service: str, staff: str | None, start: int) -> object:
        code = self._check_booked([(service, staff)], start, 20)
        return code or multiple()

    @rule(
        target=codes,
        wishes=st.lists(st.tuples(SERVICES, ANYBODY), min_size=2, max_size=3),
        start=STARTS,
    )
    def books_several(self, wishes: list[tuple[str, str | None]], start: int) -> object:
        code = self._check_booked(wishes, start, None)
        return code or multiple()

    @rule(target=codes, code=codes, service=SERVICES, staff=ANYBODY, start=STARTS)
    def takes_a_holds_place(self, code: str, service: str, staff: str | None, start: int) -> object:
        self._learn_expiry(code)
        if self.book.visits[code].status != "held":
            wanted = self._request([(service, staff)], start, hold_code=code)
            assert self._act(lambda tx: book(tx, wanted)) == "not_held"
            return multiple()
        new = self._check_booked([(service, staff)], start, None, replaced=code)
        return new or multiple()

    def _learn_expiry(self, code: str) -> None:
        """A hold that has run out is expired by whoever wants its time: or by nobody yet."""
        visit = self.book.visits[code]
        if self.book.lapsed(visit):
            visit.status = self._stored(code).status.value
            assert visit.status in {"held", "expired"}

    @rule(code=codes, staff=st.one_of(st.just(KEEP), ANYBODY), start=STARTS)
    def moves(self, code: str, staff: str | None, start: int) -> None:
        self._learn_expiry(code)
        visit = self.book.visits[code]
        if visit.rearranged:
            return  # what order its lines have by now is for its own test to say
        if len(visit.lines) > 1:
            staff = KEEP
        movable = visit.status in MOVABLE and not self.book.lapsed(visit)
        wishes = [(line.service, line.staff if staff == KEEP else staff) for line in visit.lines]
        stays = visit.status != "displaced" and start == visit.lines[0].start
        stays = stays and wishes[0][1] == visit.lines[0].staff
        possible = on_grid(start) and next(
            self.book.visit_ways(wishes, start, without=[code]), None
        )
        done = self._act(lambda tx: move(tx, code, self._at(start), staff=staff))
        if isinstance(done, str):
            assert not movable if done == "illegal_state" else done in REFUSALS and not possible
            return
        assert movable
        assert stays or possible
        self._adopt(done, wishes, start, stays=bool(stays))

    @rule(code=codes, nth=st.integers(0, 2), staff=st.one_of(st.just(KEEP), ANYBODY), start=STARTS)
    def moves_one_line(self, code: str, nth: int, staff: str | None, start: int) -> None:
        """One line goes anywhere that is free, on the grid or not; the others stay.

        Not over another line of its visit, though, unless the two were at once before.
        """
        self._learn_expiry(code)
        visit = self.book.visits[code]
        if nth >= len(visit.lines):
            return
        movable = visit.status in MOVABLE and not self.book.lapsed(visit)
        line, others = visit.lines[nth], visit.lines[:nth] + visit.lines[nth + 1 :]
        who = line.staff if staff == KEEP else staff
        stays = visit.status != "displaced" and (start, who) == (line.start, line.staff)
        ways = self.book.grants(line.service, who, start, without=[code], more=others)
        there = replace(line, start=start)
        torn = any(there.meets(one) and not line.meets(one) for one in others)
        at = self._at(start)
        done = self._act(lambda tx: move(tx, code, at, staff=staff, line=nth + 1))
        if done == "lines_overlap":
            assert movable
            assert ways
            assert torn
            return
        if isinstance(done, str):
            assert not movable if done == "illegal_state" else done in REFUSALS and not ways
            return
        assert movable
        assert not torn
        lines = self._lines(done)
        assert stays or any(_same([lines[nth]], [way]) for way in ways)
        assert lines[:nth] + lines[nth + 1 :] == others
        visit.lines, visit.rearranged = lines, visit.rearranged or len(lines) > 1
        if visit.status == "displaced" and all(one.there for one in lines):
            visit.status = "confirmed"
        assert done.status.value == visit.status

    def _adopt(
        self, done: Booking, wishes: Sequence[tuple[str, str | None]], start: int, *, stays: bool
    ) -> None:
        visit, lines = self.book.visits[done.code], self._lines(done)
        if not stays:
            ways = self.book.visit_ways(wishes, start, without=[done.code])
            assert any(_same(lines, way) for way in islice(ways, 5000))
            visit.status = "confirmed" if visit.status == "displaced" else visit.status
        assert done.status.value == visit.status
        visit.lines = lines

    @rule(code=codes, other=codes)
    def swaps(self, code: str, other: str) -> None:
        for one in (code, other):
            self._learn_expiry(one)
        pair = [self.book.visits[code], self.book.visits[other]]
        possible = self._can_swap(*pair)
        done = self._act(lambda tx: swap(tx, code, other))
        if isinstance(done, str):
            assert not possible, done
            assert done in REFUSALS | {"illegal_state", "same_booking", "not_swappable"}
            return
        assert possible
        for booking, visit in zip(done, pair, strict=True):
            visit.lines = self._lines(booking)
            visit.status = "confirmed" if visit.status == "displaced" else visit.status
            assert booking.status.value == visit.status

    def _can_swap(self, left: Visit, right: Visit) -> bool:
        if left is right or len(left.lines) > 1 or len(right.lines) > 1:
            return False
        if any(v.status not in MOVABLE or self.book.lapsed(v) for v in (left, right)):
            return False
        (one,), (two,) = left.lines, right.lines
        without = [left.code, right.code]
        return any(
            self.book.grants(two.service, one.staff, one.start, without=without, more=[way])
            for way in self.book.grants(one.service, two.staff, two.start, without=without)
        )

    @rule(code=codes, verb=st.sampled_from([cancel, check_in, complete]))
    def goes_on(self, code: str, verb: Callable[[Tx, str], Booking]) -> None:
        self._learn_expiry(code)
        visit = self.book.visits[code]
        states: dict[object, tuple[str, set[str]]] = {
            cancel: ("cancelled", {"held", "confirmed", "checked_in", "displaced"}),
            check_in: ("checked_in", {"confirmed"}),
            complete: ("completed", {"confirmed", "checked_in"}),
        }
        then, allowed = states[verb]
        done = self._act(lambda tx: verb(tx, code))
        assert isinstance(done, str) == (visit.status not in allowed), (verb, visit)
        if not isinstance(done, str):
            assert done.status.value == then
            visit.status = then

    @rule(code=codes)
    def does_not_come(self, code: str) -> None:
        self._learn_expiry(code)
        visit = self.book.visits[code]
        done = self._act(lambda tx: no_show(tx, code))
        if visit.status != "confirmed":
            assert done == "illegal_state", visit
        elif not self.book.has_come(visit):
            assert done == "not_its_day", visit
        else:
            assert isinstance(done, Booking), (done, visit)
            assert done.status.value == "no_show"
            visit.status = "no_show"

    @rule(code=codes)
    def confirms(self, code: str) -> None:
        self._learn_expiry(code)
        visit = self.book.visits[code]
        if visit.status == "held":
            done = self._act(lambda tx: confirm(tx, locked_by_code(tx, code)))
            assert isinstance(done, Booking)
            visit.status, visit.held_until = "confirmed", None

    @rule(minutes=st.sampled_from([5, 25]))
    def time_passes(self, minutes: int) -> None:
        self.book.now = min(self.book.now + minutes, OPENS)

    @rule(
        staff=STAFF,
        start=st.integers(18, 36),
        length=st.sampled_from([30, 60, 240]),
        displace=st.booleans(),
    )
    def falls_ill(self, staff: str, start: int, length: int, displace: bool) -> None:
        away = {(staff, minute) for minute in range(start * 30, start * 30 + length)}
        met = [v for v in self.book.standing() if v.minutes() & away and v.status != "completed"]
        absence = Absence(
            new_id(),
            staff,
            staff,
            TIME_OFF,
            self._at(start * 30),
            self._at(start * 30 + length),
            "",
        )
        done = self._act(
            lambda tx: add_absence(tx, find_bookable(tx, staff), absence, displace=displace)
        )
        if isinstance(done, str):
            assert done == "in_the_way"
            assert met
            assert not displace
            return
        assert displace or not met
        for visit in met:
            self._lose(visit, away)
        displaced = {v.code for v in met if v.status == "displaced"}
        assert set(done.displaced) == displaced
        self.book.blocked |= away - self.book.taken()

    def _lose(self, visit: Visit, away: set[tuple[str, int]]) -> None:
        if visit.status == "held":
            visit.status = "expired"
            return
        visit.status = "displaced"
        for line in visit.lines:
            line.there = line.there and not line.minutes() & away

    @rule(code=consumes(codes))
    def is_forgotten(self, code: str) -> None:
        """Leave a booking alone from now on, so that others are looked at."""

    @invariant()
    def the_database_has_what_the_model_has(self) -> None:
        engine = self.sessions[self.turn % 2]
        rows = engine.ask(self.salon.slug, lambda tx: tx.rows(ALLOCATIONS))
        now, found = self._now(), []
        for row in rows:
            if row.held_until is None or row.held_until > now:
                span = range(self._minute(row.starts_at), self._minute(row.ends_at))
                found += [(row.slug, minute) for minute in span]
        assert len(found) == len(set(found)), "nobody and nothing is taken twice"
        assert set(found) == self.book.taken()

    def teardown(self) -> None:
        assert overlaps(self.salon) == 0


def _same(lines: Sequence[Line], way: Sequence[Line]) -> bool:
    return [replace(line, number=0) for line in lines] == list(way)


def test_engine_database_and_model_never_part(database: Database, pool: Pool) -> None:
    class Here(Walk):
        def __init__(self) -> None:
            super().__init__(database, pool)

    run_state_machine_as_test(Here, settings=PROFILE)
