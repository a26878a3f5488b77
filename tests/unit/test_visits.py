"""Visits of several services: each plan is one that a salon could keep, and none is missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from itertools import islice
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minute_oracle import Oracle
from windows import person, service, window_of, windows

from bookra import clock
from bookra.engine.availability import ranking, slots
from bookra.engine.availability.bookable import Busy, StaffTime, Taken, Unit
from bookra.engine.availability.starts import performers
from bookra.engine.availability.visits import Plan, Planned, _Search, plans
from bookra.engine.availability.why import reasons
from bookra.engine.availability.window import LineWish, Window
from bookra.engine.catalog.model import Need

TUESDAY = date(2026, 11, 24)


def epoch(wall: str) -> int:
    """Seconds of a Berlin winter time on Tuesday."""
    return round(datetime.fromisoformat(f"2026-11-24T{wall}+01:00").timestamp())


def taken(*spans: str) -> Taken:
    """What is allocated between walls such as ``10:00-10:30``."""
    edges = (span.split("-") for span in spans)
    return Taken.of(Busy(epoch(start), epoch(end)) for start, end in edges)


def shown(seen: Window) -> list[str]:
    return [
        f"{clock.from_epoch(start).astimezone(seen.zone):%H:%M}"
        for start, _ in slots.open_starts(seen)
    ]


def told(seen: Window, plan: Plan) -> str:
    """Return a plan as ``ana 10:00, ben 10:30``."""
    return ", ".join(
        f"{line.performer.person.slug} {clock.from_epoch(line.start).astimezone(seen.zone):%H:%M}"
        for line in plan
    )


@settings(max_examples=12)
@given(windows(lines=2, rich=False))
def test_two_lines_are_found_wherever_trying_every_minute_finds_them(seen: Window) -> None:
    assert slots.open_starts(seen) == Oracle(seen).open_starts()


@settings(max_examples=10)
@given(windows(lines=3, rich=False))
def test_so_are_three_lines(seen: Window) -> None:
    assert slots.open_starts(seen) == Oracle(seen).open_starts()


@settings(max_examples=12)
@given(windows(lines=1), windows(lines=2), windows(lines=3))
def test_every_plan_can_be_kept(one: Window, two: Window, three: Window) -> None:
    """Nobody and no unit twice, in their hours, by their limits, in order, without long waits."""
    for seen in (one, two, three):
        oracle = Oracle(seen)
        for start, index in islice(slots.open_starts(seen), 0, None, 7):
            first = seen.staff[index]
            for plan in islice(plans(seen, start, first={first.id}), 6):
                assert plan[0].performer.person is first
                assert oracle.objections(plan, start) == []


@settings(max_examples=12)
@given(windows(lines=2), st.data())
def test_a_visit_has_a_reason_exactly_when_it_is_not_listed(
    seen: Window, data: st.DataObject
) -> None:
    begin, end = seen.span
    listed = slots.open_starts(seen)
    steps = st.integers(0, max(0, (end - begin - 1) // 60)).map(lambda m: begin + 60 * m)
    for who in performers(seen, 0) if begin < end else []:
        picks = [steps, st.sampled_from([at for at, _ in listed])] if listed else [steps]
        start = data.draw(st.one_of(*picks))
        found = reasons(seen, who.person, start)
        assert (not found) == ((start, who.index) in listed) == slots.is_open(seen, who, start)
        assert all(reason.rule and reason.message and reason.opens_if for reason in found)


@settings(max_examples=12)
@given(windows(lines=1), st.integers(5, 90))
def test_no_start_earns_anything_by_its_holes(seen: Window, shortest_minutes: int) -> None:
    by_index = {who.index: who for who in performers(seen, 0)}
    shortest = shortest_minutes * 60
    for start, index in slots.open_starts(seen)[:40]:
        who = by_index[index]
        cost = ranking.hole_cost(seen, who, start, shortest)
        lost = ranking.unusable_seconds(seen, who, start, shortest)
        assert lost >= 0
        assert cost.minor >= 0
        assert cost.minor == 0 or lost > 0


def cut_then_color(*staff: StaffTime, **rules: object) -> Window:
    lines = [LineWish(service("cut", "busy 30", 9)), LineWish(service("color", "busy 60", 10))]
    return window_of(TUESDAY, staff, lines, **rules)  # type: ignore[arg-type]


def test_one_person_does_both_one_after_the_other() -> None:
    seen = cut_then_color(person(shifts="09:00-11:00"))
    assert shown(seen) == ["09:00", "09:30"]
    assert told(seen, next(plans(seen, epoch("09:00")))) == "ana 09:00, ana 09:30"


def test_the_next_line_may_wait_as_long_as_the_customer_does() -> None:
    ana = person(shifts="09:00-09:30")
    ben = person(2, "ben", "09:45-10:45")
    assert shown(cut_then_color(ana, ben, wait_minutes=10)) == []
    seen = cut_then_color(ana, ben, wait_minutes=15)
    assert shown(seen) == ["09:00"]
    assert told(seen, next(plans(seen, epoch("09:00")))) == "ana 09:00, ben 09:45"


def test_at_the_same_time_means_two_people() -> None:
    ana, ben = person(shifts="09:00-10:00"), person(2, "ben", "09:00-10:00")
    assert shown(cut_then_color(ana, parallel=True)) == []
    seen = cut_then_color(ana, ben, parallel=True)
    assert shown(seen) == ["09:00", "09:00"]
    (why,) = reasons(cut_then_color(ana, parallel=True), ana, epoch("09:00"))
    assert why.rule == "sequence"


def test_buffers_between_two_lines_of_one_person_are_kept() -> None:
    lines = [
        LineWish(service("cut", "busy 30", 9, buffer_after_minutes=10)),
        LineWish(service("color", "busy 60", 10, buffer_before_minutes=5)),
    ]
    ana = person(shifts="09:00-11:00")
    short = window_of(TUESDAY, [ana], lines, wait_minutes=10)
    assert shown(short) == []
    seen = window_of(TUESDAY, [ana], lines, wait_minutes=15)
    assert told(seen, next(plans(seen, epoch("09:00")))) == "ana 09:00, ana 09:45"


def test_a_unit_that_both_lines_need_is_not_taken_twice() -> None:
    needs = (Need("chair"),)
    lines = [
        LineWish(service("cut", needs=needs)),
        LineWish(service("nails", number=10, needs=needs)),
    ]
    staff = [person(shifts="09:00-10:00"), person(2, "ben", "09:00-10:00")]
    chairs = tuple(Unit(UUID(int=70 + n), f"c{n}", f"C{n}", "chair") for n in range(2))
    alone = window_of(TUESDAY, staff, lines, parallel=True, units=chairs[:1])
    assert shown(alone) == []
    seen = window_of(TUESDAY, staff, lines, parallel=True, units=chairs)
    assert set(shown(seen)) == {"09:00", "09:30"}
    plan = next(plans(seen, epoch("09:00")))
    assert {unit.slug for line in plan for unit, _ in line.units} == {"c0", "c1"}


def test_a_days_last_place_is_not_enough_for_two_lines() -> None:
    ana = person(shifts="09:00-12:00", daily_limit=2, places={TUESDAY: 1})
    assert shown(cut_then_color(ana)) == []
    assert shown(cut_then_color(person(shifts="09:00-12:00", daily_limit=2))) != []


def test_the_reason_names_the_line_that_nobody_can_take() -> None:
    """Ana is busy after the cut, but Ben is free then: it is he who goes home too early."""
    ana = person(shifts="09:00-18:00", busy=list(taken("09:30-12:00")))
    ben = person(2, "ben", "09:30-10:00")
    (why,) = reasons(cut_then_color(ana, ben), ana, epoch("09:00"))
    assert why.message.startswith("Color can't follow at 09:30")
    staff = [ana, person(2, "ben", "09:00-18:00", skills=frozenset())]
    lines = [LineWish(service()), LineWish(service("color", "busy 60", 10), "ben")]
    (why,) = reasons(window_of(TUESDAY, staff, lines), ana, epoch("09:00"))
    assert (why.rule, why.message) == ("skill", "ben does not perform Color")


def test_who_is_refused_is_not_asked_again() -> None:
    ana, ben = person(shifts="09:00-11:00"), person(2, "ben", "09:00-11:00")
    seen = cut_then_color(ana, ben)
    found = [told(seen, plan) for plan in plans(seen, epoch("09:00"), refused=frozenset({ana.id}))]
    assert found == ["ben 09:00, ben 09:30"]


def test_a_start_beside_a_neighbour_costs_nothing_and_one_in_the_middle_its_holes() -> None:
    """A morning of an hour and a half: the half-hours that a 45-minute salon can't sell."""
    ana = person(shifts="09:00-10:30")
    seen = window_of(TUESDAY, [ana], [LineWish(service("cut", "busy 45"))], granularity=15)
    (who,) = performers(seen, 0)
    cost = {
        wall: ranking.hole_cost(seen, who, epoch(wall), 45 * 60).minor
        for wall in ("09:00", "09:15", "09:30", "09:45")
    }
    assert cost == {"09:00": 0, "09:15": 4500, "09:30": 4500, "09:45": 0}


@settings(max_examples=12)
@given(windows(lines=2), windows(lines=3))
def test_looking_at_the_units_first_loses_no_plan(two: Window, three: Window) -> None:
    for seen in (two, three):
        for start in [at for at, _ in slots.open_starts(seen)][:12:3] or [seen.span[0] + 36_000]:
            quick = list(islice(plans(replace(seen), start), 300))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(_Search, "_units_suffice", lambda *_: True)
                slow = list(islice(plans(replace(seen), start), 300))
            assert [told(seen, plan) for plan in quick] == [told(seen, plan) for plan in slow]


def test_ten_people_and_one_chair_are_not_tried_in_every_combination(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last two services need the chair, with half an hour between: no start has a plan."""
    needs = (Need("chair"),)
    lines = [
        LineWish(service("wash")),
        LineWish(service("color", number=10, needs=needs)),
        LineWish(service("cut", number=11, needs=needs, buffer_before_minutes=30)),
    ]
    tried, compatible = [], _Search._compatible

    def note(search: _Search, chosen: Plan, planned: Planned) -> bool:
        tried.append(planned)
        return compatible(search, chosen, planned)

    monkeypatch.setattr(_Search, "_compatible", note)
    staff = [person(number, f"p{number}") for number in range(1, 11)]
    chair = Unit(UUID(int=70), "c", "C", "chair")
    seen = window_of(TUESDAY, staff, lines, units=(chair,), wait_minutes=15)
    assert slots.open_starts(seen) == []
    assert len(tried) < 1000
