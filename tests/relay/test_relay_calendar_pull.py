"""Calendars that are read: what their owners do there closes times here, and doubt opens none."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from calendars import (
    Diary,
    busy,
    connected_diary,
    diary,
    feed_of,
    let_a_day_pass,
    own_calendar,
    pulled,
    pulling,
    wait_for_retry,
    why_not,
)
from connected import Connected, connect, live_salon
from databases import Database
from sqlalchemy import Engine as Pool
from sqlalchemy import text

from bookra.engine.availability.calendars.feeds import conflicts, disconnect, due_feeds
from bookra.engine.bookings.calendars import connect_calendar
from bookra.engine.tenancy.providers import account
from bookra.sandbox import set_google_zone, share_google_calendar

AUDITED = text(
    "SELECT count(*) FROM audit WHERE tenant_id = :tenant_id AND command = 'relay.calendar-pull'"
)

CONNECTED_ANEW = text(
    "UPDATE provider_accounts SET state = 'active', state_why = '', changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND provider = 'google'"
)


@pytest.fixture
def ana(luna: Connected) -> Diary:
    """Ana's own calendar, which is read and not written to."""
    return connected_diary(luna)


@pytest.fixture
def at(luna: Connected) -> datetime:
    """A time at which Ana is free."""
    return luna.free().start


def hours(start: datetime, luna: Connected, minutes: int = 60) -> str:
    local, end = (
        moment.astimezone(luna.salon.zone) for moment in (start, start + timedelta(minutes=minutes))
    )
    return f"{local:%H:%M}-{end:%H:%M}"


def test_a_private_event_closes_its_time_and_opens_it_when_it_goes(
    luna: Connected, ana: Diary, at: datetime
) -> None:
    ana.add("dentist", at)
    assert why_not(luna, at) == []
    assert pulled(luna) == 1
    assert busy(luna) == [f"ana dentist {hours(at, luna)}"]
    assert why_not(luna, at) == ["external_busy"]
    ana.ask("DELETE", "dentist")
    pulled(luna)
    assert busy(luna) == []
    assert why_not(luna, at) == []


def test_a_private_event_that_moves_takes_its_time_along(
    luna: Connected, ana: Diary, at: datetime
) -> None:
    ana.add("dentist", at)
    pulled(luna)
    ana.ask("DELETE", "dentist")
    ana.add("dentista", at + timedelta(hours=2))
    pulled(luna)
    assert busy(luna) == [f"ana dentista {hours(at + timedelta(hours=2), luna)}"]


def test_reading_again_what_has_not_changed_changes_nothing(
    luna: Connected, ana: Diary, at: datetime
) -> None:
    ana.add("dentist", at)
    pulled(luna)
    token, audited = feed_of(luna).sync_token, luna.salon.ask(lambda tx: tx.row(AUDITED))
    assert pulled(luna) == 1
    assert feed_of(luna).sync_token == token
    assert luna.salon.ask(lambda tx: tx.row(AUDITED)) == audited


def test_a_series_closes_each_of_its_times_and_loses_one_alone(
    luna: Connected, ana: Diary, at: datetime
) -> None:
    ana.add("school", at, recurrence=["RRULE:FREQ=DAILY;COUNT=3"])
    pulled(luna)
    assert len(busy(luna)) == 3
    first = busy(luna)[0].split()[1]
    ana.ask("DELETE", first)
    pulled(luna)
    assert len(busy(luna)) == 2
    ana.ask("DELETE", "school")
    pulled(luna)
    assert busy(luna) == []


def test_an_event_that_becomes_a_series_is_not_counted_twice(
    luna: Connected, ana: Diary, at: datetime
) -> None:
    ana.add("school", at)
    pulled(luna)
    ana.ask("PATCH", "school", {"recurrence": ["RRULE:FREQ=DAILY;COUNT=2"]})
    pulled(luna)
    assert [row.split()[1].split("_")[0] for row in busy(luna)] == ["school", "school"]


def test_a_whole_day_is_one_where_the_calendar_is(
    luna: Connected, ana: Diary, at: datetime
) -> None:
    set_google_zone(luna.settings.sandbox_dir, ana.id, "Europe/Berlin")
    day = at.astimezone(luna.salon.zone).date()
    edges = {"start": {"date": str(day)}, "end": {"date": str(day + timedelta(days=1))}}
    ana.ask("POST", body={"id": "fair5", **edges})
    pulled(luna)
    assert busy(luna) == ["ana fair5 00:00-00:00"]
    assert why_not(luna, at) == ["external_busy"]


def test_what_is_marked_as_free_stays_free(luna: Connected, ana: Diary, at: datetime) -> None:
    ana.add("lunch", at, transparency="transparent")
    pulled(luna)
    assert busy(luna) == []


def test_a_sync_token_that_ran_out_is_read_from_the_start(
    luna: Connected, ana: Diary, at: datetime
) -> None:
    ana.add("dentist", at)
    pulled(luna)
    ana.ask("DELETE", "dentist")
    ana.add("school", at)
    luna.outside.expire_sync_tokens()
    pulled(luna)
    assert busy(luna) == [f"ana school {hours(at, luna)}"]
    assert feed_of(luna).failure is None


def test_once_a_day_the_whole_frame_is_read_so_that_the_horizon_moves_on(
    luna: Connected, ana: Diary
) -> None:
    pulled(luna)
    before = feed_of(luna).read_until
    let_a_day_pass(luna)
    pulled(luna)
    assert feed_of(luna).read_until == before


@pytest.mark.parametrize("fault", ["500", "429", "revoked"])
def test_a_calendar_that_cannot_be_read_keeps_what_is_known(
    luna: Connected, ana: Diary, at: datetime, fault: str
) -> None:
    ana.add("dentist", at)
    pulled(luna)
    ana.ask("DELETE", "dentist")
    luna.outside.fault("google", fault, rate=1.0)
    assert pulled(luna) == 0
    assert (feed_of(luna).failure or "").startswith("google ")
    assert why_not(luna, at) == ["external_busy"]
    luna.outside.fault("google", off=True)
    wait_for_retry(luna)
    assert pulled(luna) == 1
    assert feed_of(luna).failure is None
    assert why_not(luna, at) == []


def state_of_google(luna: Connected) -> tuple[str, str]:
    known = luna.salon.ask(lambda tx: account(tx, "google"))
    assert known is not None
    return known.state, known.state_why


def test_access_that_is_refused_is_told_of_the_account_and_mends_by_itself(
    luna: Connected, ana: Diary
) -> None:
    luna.outside.fault("google", "revoked")
    pulled(luna)
    state, why = state_of_google(luna)
    assert (state, why[:10]) == ("refused", "google 401")
    luna.outside.fault("google", off=True)
    wait_for_retry(luna)
    pulled(luna)
    assert state_of_google(luna) == ("active", "")


def test_an_account_that_was_connected_anew_is_read_at_once(luna: Connected, ana: Diary) -> None:
    pulled(luna)
    wait_for_retry(luna, 86_400)
    luna.outside.fault("google", "revoked")
    pulled(luna)
    assert not due(luna, after_seconds=61)
    luna.salon.act(lambda tx: tx.run(CONNECTED_ANEW))
    assert due(luna, after_seconds=61)


def test_a_calendar_that_is_not_shared_says_so(luna: Connected) -> None:
    luna.salon.act(lambda tx: connect_calendar(tx, "ana", "stranger@gmail.com", busy_only=True))
    assert pulled(luna) == 0
    assert feed_of(luna).failure == "google 404 notFound"


def due(luna: Connected, *, after_seconds: int) -> bool:
    """Tell whether a calendar's turn comes by so many seconds after it was last tried."""
    wait_for_retry(luna, after_seconds)
    found = luna.salon.ask(lambda tx: due_feeds(tx, every_seconds=60, rarest_seconds=1800))
    wait_for_retry(luna, -after_seconds)
    return bool(found)


def test_a_calendar_is_read_once_a_minute(luna: Connected, ana: Diary) -> None:
    pulled(luna)
    assert not due(luna, after_seconds=50)
    assert due(luna, after_seconds=61)


@pytest.mark.parametrize(
    ("failing_seconds", "rests_seconds"), [(0, 60), (600, 300), (86_400, 1800)]
)
def test_a_calendar_that_fails_is_tried_more_and_more_rarely(
    luna: Connected, ana: Diary, failing_seconds: int, rests_seconds: int
) -> None:
    pulled(luna)
    wait_for_retry(luna, failing_seconds)
    luna.outside.fault("google", "500", rate=1.0)
    pulled(luna)
    assert not due(luna, after_seconds=rests_seconds - 10)
    assert due(luna, after_seconds=rests_seconds + 10)


def test_a_calendar_that_shows_free_and_busy_alone_is_enough(luna: Connected, at: datetime) -> None:
    theirs = diary(luna, role="freeBusyReader")
    luna.salon.act(lambda tx: connect_calendar(tx, "ana", theirs.id, busy_only=True))
    theirs.add("dentist", at)
    pulled(luna)
    assert why_not(luna, at) == ["external_busy"]


def test_a_booking_that_a_later_event_overlaps_stays_and_is_named(
    luna: Connected, ana: Diary, at: datetime
) -> None:
    booking = luna.book()
    ana.add("dentist", booking.starts_at)
    pulled(luna)
    assert luna.booking(booking).status is booking.status
    assert luna.salon.ask(lambda tx: conflicts(tx, feed_of(luna))) == (booking.code,)


def test_another_calendar_in_its_place_drops_what_the_first_said(
    luna: Connected, ana: Diary, at: datetime
) -> None:
    ana.add("dentist", at)
    pulled(luna)
    connected_diary(luna)
    assert busy(luna) == []
    pulled(luna)
    assert why_not(luna, at) == []


def test_a_calendar_that_is_disconnected_says_nothing_any_more(
    luna: Connected, ana: Diary, at: datetime
) -> None:
    ana.add("dentist", at)
    pulled(luna)
    luna.salon.act(lambda tx: disconnect(tx, "ana"))
    assert busy(luna) == []
    assert pulled(luna) == 0


def test_a_reading_that_was_overtaken_writes_nothing(
    luna: Connected, ana: Diary, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slower of two relays read before the event: it must not take back what is known."""
    pulled(luna)
    with pulling(luna) as slow:
        ask = slow._ask

        def slowly(*args: object) -> object:
            answer = ask(*args)  # type: ignore[arg-type]
            ana.add("dentist", at)
            pulled(luna)
            return answer

        monkeypatch.setattr(slow, "_ask", slowly)
        slow.once()
    assert why_not(luna, at) == ["external_busy"]


def test_a_business_whose_calls_hang_delays_no_other(
    luna: Connected,
    ana: Diary,
    at: datetime,
    database: Database,
    pool: Pool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sol = connect(live_salon(database, pool, "sol"), luna.settings, luna.url)
    theirs = connected_diary(sol)
    theirs.add("dentist", at)
    monkeypatch.setattr("bookra.relay.calendar_pull.WAIT_SECONDS", 0.05)
    free = threading.Event()
    with pulling(luna) as pull:
        ask = pull._ask

        def hangs(slug: str, *args: object) -> object:
            if slug == "luna":
                free.wait(20)
            return ask(slug, *args)  # type: ignore[arg-type]

        monkeypatch.setattr(pull, "_ask", hangs)
        for _ in range(40):
            pull.once()
            if busy(sol):
                break
        assert busy(sol) == [f"ana dentist {hours(at, luna)}"]
        assert feed_of(luna).tried_at is None
        free.set()


def test_two_businesses_that_share_a_calendar_block_each_other(
    luna: Connected, database: Database, pool: Pool
) -> None:
    """Ana works for both: what one has booked is busy time for the other, and for no one else."""
    ana = connected_diary(luna, busy_only=False)
    sol = connect(live_salon(database, pool, "sol"), luna.settings, luna.url)
    share_google_calendar(luna.settings.sandbox_dir, ana.id, with_owner=own_calendar(sol))
    sol.salon.act(lambda tx: connect_calendar(tx, "ana", ana.id))
    booking = luna.book()
    luna.drain()
    pulled(luna)
    assert busy(luna) == []
    assert [row.split()[0] for row in busy(sol)] == ["ana"]
    assert why_not(sol, booking.starts_at) == ["external_busy"]
