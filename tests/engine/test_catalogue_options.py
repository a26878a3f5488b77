"""A service and its people with everything they may have: kept whole, changed in part, checked."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta

import pytest
from factories import Salon
from sqlalchemy import Connection, event, text

from bookra.engine.availability.closures import (
    Closure,
    closures,
    import_holidays,
    remove_closure,
)
from bookra.engine.availability.hours import (
    Shift,
    WeekHours,
    checked_weeks,
    parse_shifts,
    parse_week,
)
from bookra.engine.availability.timetable import (
    clear_exception,
    exceptions_of,
    hours_of,
    rules_of,
    set_exception,
    set_hours,
)
from bookra.engine.bookings.booking import book
from bookra.engine.bookings.model import Booking
from bookra.engine.catalog.actions import (
    NewService,
    ServiceChanges,
    add_service,
    find_service,
    services,
    set_service,
)
from bookra.engine.catalog.model import (
    Need,
    Offered,
    Segment,
    Service,
    ServiceLevel,
    parse_segments,
)
from bookra.engine.catalog.options import parse_level, parse_need
from bookra.engine.people.locations import add_location, find_location
from bookra.engine.people.resources import add_resource
from bookra.engine.people.staff import (
    Staff,
    StaffChanges,
    add_staff,
    find_staff,
    set_staff,
    staff_list,
)
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.rules import RuleChanges, Rules, rules, set_rules
from bookra.errors import BookraError, ConflictError, InvalidInputError, NotFoundError
from bookra.money import Money

PERM = NewService(
    "perm",
    "Perm",
    Money(9000, "EUR"),
    parse_segments("busy 30,gap 20,busy 15"),
    buffer_before_minutes=5,
    buffer_after_minutes=10,
    granularity_minutes=20,
    alignment="shift",
    notice_minutes=120,
    horizon_days=60,
    daily_limit=4,
    levels=(
        ServiceLevel("senior", Money(12000, "EUR")),
        ServiceLevel("junior", Money(7000, "EUR"), parse_segments("busy 40,gap 30,busy 20")),
    ),
    offered=(Offered(3, 840, 1080), Offered(1, 540, 720)),
    needs=(Need("chair"), Need("lamp", "gap")),
)
MONDAY = date(2026, 11, 23)


def with_pools(salon: Salon) -> Salon:
    """Give the salon a chair and a lamp."""
    salon.act(lambda tx: add_resource(tx, "chair-1", "chair"))
    salon.act(lambda tx: add_resource(tx, "lamp-1", "lamp"))
    return salon


def refusal(salon: Salon, changes: ServiceChanges, service: str = "color") -> BookraError:
    """Return the error that a change of a service ends with."""
    with pytest.raises(BookraError) as refused:
        salon.act(lambda tx: set_service(tx, service, changes))
    return refused.value


def test_a_service_is_read_back_as_it_was_added_with_all_its_parts(salon: Salon) -> None:
    added, fresh = with_pools(salon).act(lambda tx: add_service(tx, PERM))
    assert fresh
    found = salon.ask(lambda tx: find_service(tx, "perm"))
    assert found == added
    assert [level.level for level in found.levels] == ["junior", "senior"]
    assert found.at_level("junior").minutes == 90
    assert found.at_level("senior").price == Money(12000, "EUR")
    assert found.at_level("senior").segments == found.segments
    assert found.offered == (Offered(1, 540, 720), Offered(3, 840, 1080))
    assert found in salon.ask(services)


def test_the_same_service_again_changes_nothing_whatever_the_order_of_its_parts(
    salon: Salon,
) -> None:
    first, _ = with_pools(salon).act(lambda tx: add_service(tx, PERM))
    assert salon.act(lambda tx: add_service(tx, PERM)) == (first, False)


def test_a_service_with_another_rule_is_another_service(salon: Salon) -> None:
    def again(tx: Tx) -> tuple[Service, bool]:
        return add_service(tx, NewService("cut", "Cut", Money(4500, "EUR"), (Segment(True, 45),)))

    assert not salon.act(again)[1]
    salon.act(lambda tx: set_service(tx, "cut", {"daily_limit": 3}))
    with pytest.raises(ConflictError) as refused:
        salon.act(again)
    assert refused.value.code == "exists"


def test_a_service_and_all_services_are_read_in_one_statement_each(salon: Salon) -> None:
    with_pools(salon).act(lambda tx: add_service(tx, PERM))

    def counted(tx: Tx) -> int:
        statements: list[str] = []

        def note(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
            statements.append(statement)

        event.listen(tx.connection, "before_cursor_execute", note)
        find_service(tx, "perm")
        services(tx)
        event.remove(tx.connection, "before_cursor_execute", note)
        return len(statements)

    assert salon.ask(counted) == 2


def test_a_change_leaves_what_is_not_named(salon: Salon) -> None:
    added, _ = with_pools(salon).act(lambda tx: add_service(tx, PERM))
    salon.act(lambda tx: set_service(tx, "perm", {"price": Money(9900, "EUR")}))
    found = salon.ask(lambda tx: find_service(tx, "perm"))
    assert found.price == Money(9900, "EUR")
    assert (found.levels, found.offered, found.needs) == (added.levels, added.offered, added.needs)
    assert (found.segments, found.notice_minutes) == (added.segments, 120)


def test_a_change_clears_what_is_named_as_nothing(salon: Salon) -> None:
    with_pools(salon).act(lambda tx: add_service(tx, PERM))
    cleared: ServiceChanges = {
        "granularity_minutes": None,
        "notice_minutes": None,
        "horizon_days": None,
        "daily_limit": None,
        "levels": (),
        "offered": (),
        "needs": (),
    }
    salon.act(lambda tx: set_service(tx, "perm", cleared))
    found = salon.ask(lambda tx: find_service(tx, "perm"))
    assert (found.levels, found.offered, found.needs) == ((), (), ())
    assert {found.granularity_minutes, found.notice_minutes, found.horizon_days} == {None}
    assert found.segments == PERM.segments


def test_what_was_sold_stays_as_it_was_sold(salon: Salon) -> None:
    booked = salon.book("2026-11-24 10:00", service="color")
    changes: ServiceChanges = {"price": Money(1, "EUR"), "segments": (Segment(True, 240),)}
    salon.act(lambda tx: set_service(tx, "color", changes))
    again = salon.booking(booked.code)
    assert (again.price, again.ends_at) == (booked.price, booked.ends_at)


def test_a_service_with_bookings_to_come_does_not_become_a_class(salon: Salon) -> None:
    salon.book("2026-11-24 10:00")
    assert refusal(salon, {"capacity": 8}, "cut").code == "in_use"
    later = salon.later(days=3)
    assert later.act(lambda tx: set_service(tx, "cut", {"capacity": 8})).capacity == 8


def test_a_service_that_is_not_sold_any_more_leaves_the_list(salon: Salon) -> None:
    salon.act(lambda tx: set_service(tx, "color", {"active": False}))
    assert [service.slug for service in salon.ask(services)] == ["cut"]
    shown = salon.ask(lambda tx: services(tx, retired=True))
    assert [service.slug for service in shown] == ["color", "cut"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"granularity_minutes": 7}, "bad_rule"),
        ({"granularity_minutes": 480}, "bad_rule"),
        ({"granularity_minutes": 0}, "bad_rule"),
        ({"alignment": "moon"}, "bad_rule"),
        ({"notice_minutes": -1}, "bad_rule"),
        ({"horizon_days": 0}, "bad_rule"),
        ({"daily_limit": 0}, "bad_rule"),
        ({"capacity": 1001}, "bad_rule"),
        ({"buffer_after_minutes": 481}, "bad_buffer"),
        ({"name": " "}, "bad_name"),
        ({"price": Money(1, "USD")}, "wrong_currency"),
        ({"segments": (Segment(False, 5),)}, "bad_segments"),
        ({"levels": (ServiceLevel("a", Money(1, "EUR")),) * 2}, "bad_level"),
        ({"levels": (ServiceLevel("a", Money(1, "USD")),)}, "wrong_currency"),
        ({"levels": (ServiceLevel("a", Money(1, "EUR"), (Segment(False, 1),)),)}, "bad_segments"),
        ({"needs": (Need("chair"), Need("chair", "busy"))}, "bad_resource"),
        ({"needs": (Need("sauna"),)}, "unknown_pool"),
        ({"offered": (Offered(0, 540, 600), Offered(0, 590, 660))}, "bad_hours"),
    ],
    ids=str,
)
def test_a_change_that_can_not_be_is_refused_and_writes_nothing(
    salon: Salon, changes: ServiceChanges, code: str
) -> None:
    before = salon.ask(lambda tx: find_service(tx, "color"))
    assert refusal(with_pools(salon), changes).code == code
    assert salon.ask(lambda tx: find_service(tx, "color")) == before


def test_a_unit_is_needed_in_a_gap_only_where_there_is_one(salon: Salon) -> None:
    refused = refusal(with_pools(salon), {"needs": (Need("lamp", "gap"),)}, "cut")
    assert refused.code == "bad_resource"
    salon.act(lambda tx: set_service(tx, "color", {"needs": (Need("lamp", "gap"),)}))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("busy 30,gap twenty,busy 15", "twenty"),
        ("busy 30, gop 3", "gop"),
        ("busy 0", "0"),
        ("busy 1441", "1441"),
        ("busy 30 5", "5"),
        ("busy ٣", "٣"),
    ],
)
def test_segments_that_can_not_be_read_are_pointed_at(text: str, word: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_segments(text)
    details = refused.value.details
    assert details["text"] == text
    assert text[details["position"] :][: details["length"]] == word
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(("text", "position"), [("busy", 4), ("busy 30,,busy 5", 8), ("", 0)])
def test_what_is_missing_is_pointed_at_where_it_would_stand(text: str, position: int) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_segments(text)
    assert refused.value.details == {"text": text, "position": position, "length": 1}


def test_levels_and_needs_are_read_from_their_notation() -> None:
    assert parse_level("senior:55", "EUR") == ServiceLevel("senior", Money(5500, "EUR"))
    junior = parse_level("junior:35.50:busy 60,gap 10,busy 5", "EUR")
    assert junior == ServiceLevel(
        "junior", Money(3550, "EUR"), parse_segments("busy 60,gap 10,busy 5")
    )
    assert parse_need("chair") == Need("chair", "visit")
    assert parse_need("lamp:gap") == Need("lamp", "gap")
    assert json.dumps(parse_need("room:busy")) == '["room", "busy"]'


@pytest.mark.parametrize("text", ["senior", "senior:", ":5", "Senior:5", "senior:5.555", "a:5:"])
def test_a_level_that_can_not_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_level(text, "EUR")


@pytest.mark.parametrize("text", ["", "chair:", "chair:always", ":busy", "Big Chair"])
def test_a_need_that_can_not_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_need(text)


def test_staff_have_a_level_a_place_a_zone_and_a_limit(salon: Salon) -> None:
    salon.act(lambda tx: add_location(tx, "porto", "Porto", "Europe/Lisbon"))

    def hire(tx: Tx) -> tuple[Staff, bool]:
        return add_staff(
            tx,
            "cleo",
            "Cleo",
            level="senior",
            timezone="Atlantic/Azores",
            location="porto",
            daily_limit=6,
            calendar_id="cleo@example.org",
        )

    added, fresh = salon.act(hire)
    assert fresh
    assert salon.ask(lambda tx: find_staff(tx, "cleo")) == added
    assert salon.act(hire) == (added, False)
    assert salon.ask(lambda tx: find_location(tx, "porto")).bookables == ("cleo",)


def test_a_staff_member_changes_in_part(salon: Salon) -> None:
    before = salon.staff("cleo", services=("cut",))
    changes: StaffChanges = {"level": "junior", "services": ("cut", "color"), "daily_limit": 2}
    salon.act(lambda tx: set_staff(tx, "cleo", changes))
    found = salon.ask(lambda tx: find_staff(tx, "cleo"))
    assert (found.level, found.services, found.daily_limit) == ("junior", ("color", "cut"), 2)
    assert (found.name, found.commission_bps) == (before.name, before.commission_bps)
    salon.act(lambda tx: set_staff(tx, "cleo", {"services": (), "daily_limit": None}))
    again = salon.ask(lambda tx: find_staff(tx, "cleo"))
    assert (again.services, again.daily_limit, again.level) == ((), None, "junior")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"timezone": "Europe/Atlantis"}, "unknown_zone"),
        ({"location": "nowhere"}, "unknown_location"),
        ({"level": "Very Senior"}, "bad_slug"),
        ({"daily_limit": 0}, "bad_rule"),
        ({"services": ("sauna",)}, "unknown_service"),
        ({"name": ""}, "bad_name"),
    ],
)
def test_what_a_staff_member_can_not_be_is_refused(
    salon: Salon, changes: StaffChanges, code: str
) -> None:
    with pytest.raises(BookraError) as refused:
        salon.act(lambda tx: set_staff(tx, "ana", changes))
    assert refused.value.code == code


def test_nobody_leaves_who_has_bookings_to_come(salon: Salon) -> None:
    first = salon.book("2026-11-25 10:00")
    second = salon.book("2026-11-24 10:00")
    with pytest.raises(ConflictError) as refused:
        salon.act(lambda tx: set_staff(tx, "ana", {"active": False}))
    assert refused.value.code == "has_bookings"
    assert refused.value.details["bookings"] == [
        {"code": second.code, "start": "2026-11-24T10:00:00+01:00"},
        {"code": first.code, "start": "2026-11-25T10:00:00+01:00"},
    ]
    assert second.code in refused.value.message
    salon.act(lambda tx: set_staff(tx, "ben", {"active": False}))
    assert [person.slug for person in salon.ask(staff_list)] == ["ana"]
    later = salon.later(days=3)
    assert not later.act(lambda tx: set_staff(tx, "ana", {"active": False})).active


def test_a_hold_that_has_run_out_keeps_nobody(salon: Salon) -> None:
    salon.book("2026-11-24 10:00", hold_minutes=10)
    later = salon.later(minutes=11)
    assert not later.act(lambda tx: set_staff(tx, "ana", {"active": False})).active


def test_a_leaving_waits_for_a_booking_that_is_being_made(salon: Salon) -> None:
    wanted = salon.request("2026-11-24 10:00")

    def impatient(tx: Tx) -> Staff:
        tx.connection.execute(text("SET LOCAL lock_timeout = '100ms'"))
        return set_staff(tx, "ana", {"active": False})

    def booking_while_she_leaves(tx: Tx) -> Booking:
        booking = book(tx, wanted)
        with pytest.raises(BookraError) as refused:
            salon.act(impatient)
        assert refused.value.code == "locked"
        return booking

    booking = salon.act(booking_while_she_leaves)
    with pytest.raises(ConflictError, match=booking.code):
        salon.act(impatient)


def test_holidays_close_one_place_or_every_place(salon: Salon) -> None:
    salon.act(lambda tx: add_location(tx, "munich", "Munich", "Europe/Berlin"))
    everywhere = salon.act(lambda tx: import_holidays(tx, "DE", "BE", [2026]))
    bavaria = salon.act(lambda tx: import_holidays(tx, "de", "by", [2026], "munich"))
    assert date(2026, 1, 6) in dict(bavaria)
    assert date(2026, 1, 6) not in dict(everywhere)
    assert not salon.act(lambda tx: import_holidays(tx, "DE", "BE", [2026]))
    assert not salon.act(lambda tx: import_holidays(tx, "DE", "BY", [2026], "munich"))
    christmas = date(2026, 12, 25)
    found = [
        (item.day, item.location)
        for item in salon.ask(lambda tx: closures(tx, christmas))
        if item.day == christmas
    ]
    assert found == [(christmas, None), (christmas, "munich")]


def test_a_day_is_opened_where_it_was_closed_and_nowhere_else(salon: Salon) -> None:
    salon.act(lambda tx: add_location(tx, "munich", "Munich", "Europe/Berlin"))
    salon.act(lambda tx: import_holidays(tx, "DE", "BE", [2026]))
    christmas = date(2026, 12, 25)
    with pytest.raises(NotFoundError) as refused:
        salon.act(lambda tx: remove_closure(tx, christmas, "munich"))
    assert refused.value.details["closed"] == ["everywhere"]
    salon.act(lambda tx: remove_closure(tx, christmas))
    days = [item.day for item in salon.ask(lambda tx: closures(tx, christmas, "munich"))]
    assert days == [date(2026, 12, 26)]
    with pytest.raises(NotFoundError):
        salon.act(lambda tx: remove_closure(tx, christmas))
    assert isinstance(salon.ask(lambda tx: closures(tx, christmas))[0], Closure)


def week_of(salon: Salon, day: date) -> tuple[tuple[int, int], ...]:
    """Return Ana's Monday shifts as they are in force on ``day``."""
    return salon.ask(lambda tx: hours_of(tx, "ana", day))[0]


def test_a_temporary_timetable_ends_and_the_former_one_holds_again(salon: Salon) -> None:
    advent = [parse_week("mon 12:00-20:00")]
    first, last = date(2026, 12, 7), date(2026, 12, 20)
    salon.act(lambda tx: set_hours(tx, "ana", advent, first, last))
    assert week_of(salon, date(2026, 12, 6)) == ((540, 1080),)
    assert week_of(salon, first) == ((720, 1200),)
    assert week_of(salon, last) == ((720, 1200),)
    assert week_of(salon, date(2026, 12, 21)) == ((540, 1080),)
    other_days = salon.ask(lambda tx: hours_of(tx, "ana", first))[1]
    assert other_days == ((540, 1080),)


def test_a_temporary_timetable_inside_changing_ones_leaves_their_ends(salon: Salon) -> None:
    salon.hours("ana", "mon 10:00-11:00", from_day=date(2026, 12, 10))
    salon.hours("ana", "mon 11:00-12:00", from_day=date(2026, 12, 20))
    salon.hours("ana", "mon 12:00-13:00", from_day=date(2026, 12, 30))
    closed = [parse_week("mon closed")]
    salon.act(lambda tx: set_hours(tx, "ana", closed, date(2026, 12, 5), date(2026, 12, 24)))
    seen = {day: week_of(salon, date(2026, 12, day)) for day in (4, 5, 15, 24, 25, 29, 30)}
    assert seen == {
        4: ((540, 1080),),
        5: (),
        15: (),
        24: (),
        25: ((660, 720),),
        29: ((660, 720),),
        30: ((720, 780),),
    }


def test_a_lasting_change_replaces_what_was_planned_after_it(salon: Salon) -> None:
    salon.act(
        lambda tx: set_hours(
            tx, "ana", [parse_week("mon 12:00-20:00")], date(2026, 12, 7), date(2026, 12, 20)
        )
    )
    salon.hours("ana", "mon 08:00-09:00", from_day=date(2026, 12, 1))
    rules = [r for r in salon.ask(lambda tx: rules_of(tx, "ana", MONDAY)) if r.weekday == 0]
    assert [(rule.shifts, rule.since, rule.until) for rule in rules] == [
        (((540, 1080),), date(2026, 1, 1), date(2026, 12, 1)),
        (((480, 540),), date(2026, 12, 1), None),
    ]


@pytest.mark.parametrize("seed", range(8))
def test_any_order_of_changes_leaves_each_day_what_was_said_of_it_last(
    salon: Salon, seed: int
) -> None:
    """A calendar of forty days, kept by hand, against the rules as they are stored."""
    dice = random.Random(seed)
    days = [MONDAY + timedelta(days=step) for step in range(40)]
    said: dict[date, tuple[Shift, ...]] = dict.fromkeys(days, ((540, 1080),))
    for _ in range(6):
        opens = dice.randrange(6, 12) * 60
        shifts = dice.choice([(), ((opens, opens + 60),), ((opens, opens + 60), (900, 960))])
        first = dice.randrange(35)
        last = dice.choice([None, dice.randrange(first, 40)])
        end = None if last is None else days[last]
        week = [WeekHours((0,), shifts)]
        salon.act(lambda tx, w=week, f=days[first], e=end: set_hours(tx, "ana", w, f, e))
        said |= dict.fromkeys(days[first : None if last is None else last + 1], shifts)
    stored = [
        rule for rule in salon.ask(lambda tx: rules_of(tx, "ana", MONDAY)) if not rule.weekday
    ]
    for day, expected in said.items():
        found = [
            rule.shifts
            for rule in stored
            if rule.since <= day and (rule.until is None or day < rule.until)
        ]
        assert found == ([expected] if expected else []), day


def test_hours_that_end_before_they_begin_are_refused(salon: Salon) -> None:
    with pytest.raises(InvalidInputError) as refused:
        salon.act(
            lambda tx: set_hours(
                tx, "ana", [parse_week("mon 12:00-20:00")], MONDAY, date(2026, 11, 22)
            )
        )
    assert refused.value.code == "bad_dates"


def test_an_exception_is_listed_and_cleared(salon: Salon) -> None:
    eve = date(2026, 12, 24)
    salon.act(lambda tx: set_exception(tx, "ana", eve, parse_shifts("09:00-12:00,13:00-14:00")))
    salon.act(lambda tx: set_exception(tx, "ana", date(2026, 12, 31), ()))
    found = salon.ask(lambda tx: exceptions_of(tx, "ana", MONDAY))
    assert [(item.day, item.shifts) for item in found] == [
        (eve, ((540, 720), (780, 840))),
        (date(2026, 12, 31), ()),
    ]
    salon.act(lambda tx: clear_exception(tx, "ana", eve))
    with pytest.raises(NotFoundError):
        salon.act(lambda tx: clear_exception(tx, "ana", eve))
    assert len(salon.ask(lambda tx: exceptions_of(tx, "ana", MONDAY))) == 1


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        ("09:00-13:00,12:30-18:00", "09:00-13:00", "12:30-18:00"),
        ("09:00-12:00,17:00-13:00", "17:00-13:00", "09:00-12:00"),
    ],
)
def test_shifts_that_collide_are_both_named(text: str, one: str, other: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_shifts(text)
    assert one in refused.value.message
    assert other in refused.value.message


@pytest.mark.parametrize(
    ("weeks", "named"),
    [
        (
            ("fri 22:00-03:00", "sat 02:00-10:00"),
            ("22:00-03:00", "Friday", "02:00-10:00", "Saturday"),
        ),
        (
            ("sun 20:00-09:00", "mon 08:00-12:00"),
            ("20:00-09:00", "Sunday", "08:00-12:00", "Monday"),
        ),
        (("mon-fri 09:00-12:00", "fri 13:00-17:00"), ("Friday", "09:00-12:00", "13:00-17:00")),
    ],
)
def test_weeks_that_contradict_each_other_are_refused(
    weeks: tuple[str, ...], named: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        checked_weeks(map(parse_week, weeks))
    assert refused.value.code == "bad_hours"
    assert all(word in refused.value.message for word in named)


def test_an_overnight_shift_may_end_where_the_next_day_begins() -> None:
    weeks = tuple(map(parse_week, ("fri 22:00-02:00", "sat 02:00-10:00", "sun closed")))
    assert checked_weeks(weeks) == weeks


def test_rules_are_shown_and_changed_one_by_one(salon: Salon) -> None:
    assert salon.ask(rules) == Rules(15, 0, 730, 15, "first", 60)
    changes: RuleChanges = {"notice_minutes": 90, "waitlist_rule": "best-fit"}
    salon.act(lambda tx: set_rules(tx, changes))
    assert salon.ask(rules) == Rules(15, 90, 730, 15, "best-fit", 60)
    assert salon.ask(lambda tx: tx.tenant.notice_minutes) == 90


@pytest.mark.parametrize(
    "changes",
    [
        {"granularity_minutes": 25},
        {"notice_minutes": -1},
        {"notice_minutes": 525_601},
        {"horizon_days": 0},
        {"hold_minutes": 0},
        {"waitlist_rule": "loudest"},
        {"waitlist_hold_minutes": 1441},
    ],
    ids=str,
)
def test_a_rule_outside_its_limits_is_refused(salon: Salon, changes: RuleChanges) -> None:
    before = salon.ask(rules)
    with pytest.raises(InvalidInputError) as refused:
        salon.act(lambda tx: set_rules(tx, changes))
    assert refused.value.code == "bad_rule"
    assert salon.ask(rules) == before
