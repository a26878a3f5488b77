"""Booking, cancelling and the steps of a visit, on real tables."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from databases import Database
from factories import Salon, open_salon
from sqlalchemy import Engine as Pool
from sqlalchemy import text

from bookra.engine.availability.actions import explain_start
from bookra.engine.availability.hours import parse_shifts
from bookra.engine.availability.timetable import set_exception
from bookra.engine.bookings.actions import cancel, check_in, complete, no_show
from bookra.engine.bookings.model import NEXT, OCCUPYING, Status, require_next
from bookra.engine.bookings.rota import day_snapshot
from bookra.engine.outbox.inspect import outbox_rows
from bookra.engine.payments.taking import take_cash
from bookra.errors import ConflictError, InvalidInputError, NotFoundError

DAY = "2026-11-24"


def refusal(
    salon: Salon, wall: str, *, staff: str | None = "ana", service: str = "cut"
) -> ConflictError:
    with pytest.raises(ConflictError) as refused:
        salon.book(wall, staff=staff, service=service)
    return refused.value


def allocations(salon: Salon) -> list[tuple[str, str, str]]:
    query = text(
        "SELECT k.slug, o.starts_at, o.ends_at FROM allocations o"
        " JOIN bookables k ON k.tenant_id = o.tenant_id AND k.id = o.bookable_id"
        " WHERE o.tenant_id = :tenant_id ORDER BY o.starts_at"
    )
    return [
        (row.slug, *(f"{at.astimezone(salon.zone):%H:%M}" for at in (row.starts_at, row.ends_at)))
        for row in salon.ask(lambda tx: tx.rows(query))
    ]


def topics(salon: Salon) -> list[str]:
    return sorted(row.topic for row in salon.ask(outbox_rows))


def test_a_booking_takes_its_time_and_keeps_its_price(salon: Salon) -> None:
    booked = salon.book(f"{DAY} 10:00")
    assert booked.status is Status.CONFIRMED
    assert booked.code.startswith("LUN-")
    assert (booked.price.minor, booked.due.minor, booked.paid.minor) == (4500, 4500, 0)
    (line,) = booked.lines
    assert (line.net.minor, line.tax.minor, line.commission_bps) == (3782, 718, 4000)
    assert allocations(salon) == [("ana", "10:00", "10:45")]
    assert "10:00" not in salon.starts(DAY)
    assert "10:45" in salon.starts(DAY)
    assert "10:00" in salon.starts(DAY, staff="ben")


def test_a_gap_leaves_the_stylist_free_for_somebody_else(salon: Salon) -> None:
    salon.service("fringe", "busy 15", "12.00")
    salon.book(f"{DAY} 10:00", service="color")
    assert allocations(salon) == [("ana", "10:00", "10:30"), ("ana", "10:50", "11:05")]
    salon.book(f"{DAY} 10:30", service="fringe")
    assert refusal(salon, f"{DAY} 10:45", service="fringe").code == "slot_taken"


def test_buffers_are_kept_free_around_the_visit(salon: Salon) -> None:
    salon.service("tattoo", "busy 60", "200.00", before=15, after=30)
    booked = salon.book(f"{DAY} 12:00", service="tattoo")
    assert booked.ends_at - booked.starts_at == timedelta(minutes=60)
    assert allocations(salon) == [("ana", "11:45", "13:30")]


def test_a_price_without_tax_gets_it_on_top(database: Database, pool: Pool) -> None:
    salon = open_salon(database, pool, settings={"tax_inclusive": 0})
    (line,) = salon.book(f"{DAY} 10:00").lines
    assert (line.net.minor, line.tax.minor) == (4500, 855)


def test_a_taken_slot_is_refused_with_the_next_free_ones(salon: Salon) -> None:
    salon.book(f"{DAY} 10:00")
    refused = refusal(salon, f"{DAY} 10:15")
    assert (refused.code, refused.exit_code) == ("slot_taken", 4)
    nearest = refused.details["nearest"]
    assert [slot["start"] for slot in nearest] == [
        "2026-11-24T09:15:00+01:00",
        "2026-11-24T10:45:00+01:00",
        "2026-11-24T11:00:00+01:00",
    ]
    assert {slot["staff"] for slot in nearest} == {"ana"}
    for slot in nearest[:2]:
        salon.book(slot["start"][:16])


def test_a_time_that_no_rule_offers_is_refused_with_the_reason(salon: Salon) -> None:
    refused = refusal(salon, f"{DAY} 20:00")
    assert refused.code == "not_offered"
    assert [reason["rule"] for reason in refused.details["reasons"]] == ["outside_shift"]
    assert refused.details["nearest"]


def test_the_past_and_the_unknown_are_refused(salon: Salon) -> None:
    with pytest.raises(InvalidInputError, match="in the past"):
        salon.book("2026-11-21 10:00")
    for service, staff in (("massage", "ana"), ("cut", "zoe")):
        with pytest.raises(NotFoundError):
            salon.book(f"{DAY} 10:00", service=service, staff=staff)


def test_a_refused_booking_leaves_nothing(salon: Salon) -> None:
    salon.book(f"{DAY} 10:00")
    refusal(salon, f"{DAY} 10:30")
    counts = text(
        "SELECT (SELECT count(*) FROM bookings WHERE tenant_id = :tenant_id),"
        " (SELECT count(*) FROM booking_lines WHERE tenant_id = :tenant_id),"
        " (SELECT count(*) FROM allocations WHERE tenant_id = :tenant_id)"
    )
    assert tuple(salon.ask(lambda tx: tx.rows(counts))[0]) == (1, 1, 1)


def test_anybody_is_who_has_the_least_booked_that_week(salon: Salon) -> None:
    salon.book(f"{DAY} 10:00", staff="ana", service="color")
    first = salon.book("2026-11-25 10:00", staff=None)
    second = salon.book("2026-11-25 11:00", staff=None)
    assert [booked.lines[0].staff for booked in (first, second)] == ["ben", "ana"]


def test_last_weeks_work_does_not_count(salon: Salon) -> None:
    """Ben was booked longer, but in another week; only then does it matter who was last."""
    salon.book("2026-11-28 10:00", staff="ben", service="color")
    salon.book("2026-11-28 12:00", staff="ana")
    assert salon.book("2026-12-01 10:00", staff=None).lines[0].staff == "ben"


def test_anybody_spreads_a_day_evenly(salon: Salon) -> None:
    for hour in range(10, 18):
        salon.book(f"{DAY} {hour}:00", staff=None)
    shares = Counter(staff for staff, _, _ in allocations(salon))
    assert shares == {"ana": 4, "ben": 4}


def test_anybody_takes_the_other_when_one_is_busy(salon: Salon) -> None:
    salon.book(f"{DAY} 10:00", staff="ben")
    assert salon.book(f"{DAY} 10:00", staff=None).lines[0].staff == "ana"
    refused = refusal(salon, f"{DAY} 10:00", staff=None)
    assert refused.code == "slot_taken"
    assert {slot["staff"] for slot in refused.details["nearest"]} == {"ana", "ben"}


def test_only_those_who_know_how_are_anybody(salon: Salon) -> None:
    salon.staff("cleo", services=("color",))
    salon.hours("cleo", "mon-sat 09:00-18:00")
    salon.book(f"{DAY} 10:00", staff="ana")
    salon.book(f"{DAY} 10:00", staff="ben")
    refusal(salon, f"{DAY} 10:00", staff=None)
    assert refusal(salon, f"{DAY} 10:00", staff="cleo").code == "not_offered"
    assert salon.book(f"{DAY} 10:00", staff=None, service="color").lines[0].staff == "cleo"


def test_cancelling_frees_the_time_at_once(salon: Salon) -> None:
    booked = salon.book(f"{DAY} 10:00")
    cancelled = salon.act(lambda tx: cancel(tx, booked.code.lower()))
    assert cancelled.status is Status.CANCELLED
    assert cancelled.due.minor == 0
    assert allocations(salon) == []
    salon.book(f"{DAY} 10:00")


def test_a_paid_booking_is_not_cancelled(salon: Salon) -> None:
    booked = salon.book(f"{DAY} 10:00")
    salon.act(lambda tx: take_cash(tx, booked.code))
    with pytest.raises(ConflictError) as refused:
        salon.act(lambda tx: cancel(tx, booked.code))
    assert refused.value.code == "already_paid"
    assert allocations(salon)


def test_a_visit_goes_its_way_and_not_back(salon: Salon) -> None:
    booked = salon.book(f"{DAY} 10:00")
    assert salon.act(lambda tx: check_in(tx, booked.code)).status is Status.CHECKED_IN
    assert salon.act(lambda tx: complete(tx, booked.code)).revision == 3
    for verb in (check_in, no_show, cancel):
        with pytest.raises(ConflictError) as refused:
            salon.act(lambda tx, verb=verb: verb(tx, booked.code))
        assert refused.value.code == "illegal_state"


def test_who_does_not_come_frees_their_time(salon: Salon) -> None:
    booked = salon.book(f"{DAY} 10:00")
    after = salon.at(booked.starts_at)
    assert after.act(lambda tx: no_show(tx, booked.code)).status is Status.NO_SHOW
    assert allocations(after) == []


@pytest.mark.parametrize("status", Status)
def test_every_state_knows_what_may_follow(status: Status) -> None:
    assert status not in NEXT[status]
    for wanted in NEXT[status]:
        require_next("LUN-TEST", status, wanted)
    for wanted in set(Status) - NEXT[status]:
        with pytest.raises(ConflictError):
            require_next("LUN-TEST", status, wanted)


def test_no_finished_state_occupies_time() -> None:
    finished = {status for status, following in NEXT.items() if not following}
    assert not finished & OCCUPYING


def test_effects_are_written_with_the_booking_for_those_who_are_connected(
    salon: Salon, tmp_path: Path
) -> None:
    salon.book(f"{DAY} 09:00")
    assert topics(salon) == []
    salon.connect_provider("google", tmp_path / "key")
    salon.connect_provider("whatsapp", tmp_path / "key")
    without_phone = salon.customer("Mia Kern")
    booked = salon.book(f"{DAY} 10:00", customer=without_phone)
    assert topics(salon) == ["calendar.upsert"]
    reachable = salon.customer("Noor Haddad", phone="030 901820")
    salon.book(f"{DAY} 11:00", customer=reachable)
    assert topics(salon) == ["calendar.upsert", "calendar.upsert", "message.send"]
    salon.act(lambda tx: cancel(tx, booked.code))
    assert topics(salon)[0] == "calendar.delete"


def test_no_name_and_no_number_is_written_into_an_effect(salon: Salon, tmp_path: Path) -> None:
    salon.connect_provider("whatsapp", tmp_path / "key")
    salon.book(f"{DAY} 11:00", customer=salon.customer("Noor Haddad", phone="030 901820"))
    dump = text(
        "SELECT (SELECT json_agg(o) FROM outbox o)::text || (SELECT json_agg(a) FROM audit a)"
    )
    (row,) = salon.ask(lambda tx: tx.rows(dump))
    assert "message.send" in row[0]
    assert not any(secret in row[0] for secret in ("Noor", "901820", "sk_test"))


def test_an_exceptions_hours_are_those_that_are_booked(salon: Salon) -> None:
    day = date(2026, 11, 24)
    salon.act(lambda tx: set_exception(tx, "ana", day, parse_shifts("20:00-21:00")))
    assert salon.starts(DAY) == ["20:00", "20:15"]
    salon.book(f"{DAY} 20:15")
    salon.act(lambda tx: set_exception(tx, "ana", day, ()))
    assert salon.starts(DAY) == []


def test_new_hours_hold_from_their_day_on(salon: Salon) -> None:
    salon.hours("ana", "mon-fri 12:00-13:00", from_day=date(2026, 12, 1))
    assert salon.starts("2026-11-30")[0] == "09:00"
    assert salon.starts("2026-12-01") == ["12:00", "12:15"]
    assert salon.starts("2026-12-05")[0] == "09:00"


def test_why_names_the_booking_and_the_nearest_times(salon: Salon) -> None:
    booked = salon.book(f"{DAY} 10:00")
    answer = salon.ask(lambda tx: explain_start(tx, "cut", "ana", salon.local(f"{DAY} 10:15")))
    assert not answer.free
    assert [(reason.rule, reason.booking_id) for reason in answer.reasons] == [
        ("busy", str(booked.id))
    ]
    assert len(answer.nearest) == 3
    free = salon.ask(lambda tx: explain_start(tx, "cut", "ana", answer.nearest[0].start))
    assert (free.free, free.reasons, free.nearest) == (True, (), ())


def test_the_day_shows_shifts_visits_gaps_and_what_was_taken(salon: Salon) -> None:
    first = salon.book(f"{DAY} 10:00", service="color")
    salon.book(f"{DAY} 12:00", staff="ben", hold_minutes=15)
    salon.act(lambda tx: take_cash(tx, first.code))
    seen = salon.ask(lambda tx: day_snapshot(tx, date(2026, 11, 24)))
    assert [column.slug for column in seen.columns] == ["ana", "ben"]
    color, held = seen.blocks
    assert [(a.astimezone(salon.zone).hour, a.minute, b.minute) for a, b in color.gaps] == [
        (10, 30, 50)
    ]
    assert (color.due.minor, held.due.minor) == (0, 4500)
    assert held.held_until == salon.now + timedelta(minutes=15)
    assert seen.totals.booked.minor == 13_500
    later = salon.later(minutes=16).ask(lambda tx: day_snapshot(tx, date(2026, 11, 24)))
    assert [block.code for block in later.blocks] == [first.code]
    today = salon.ask(lambda tx: day_snapshot(tx, salon.now.date()))
    assert today.totals.taken.minor == 9000
