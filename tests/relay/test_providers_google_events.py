"""Reading a calendar's busy times: by script where Google misbehaves, and from the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from scripted_wire import Drop, Reply, Script, scripted

from bookra.relay.outcome import ACCOUNT, PERMANENT, THROTTLE, TRANSIENT, Dead, Retry
from bookra.relay.providers.google_calendar import CalendarClient, GoogleAccess
from bookra.relay.providers.google_events import Answer, EventsRead, Question

CALENDAR = "ana@luna.example"
TENANT = "0197b2c4d5e67f8a9b0c1d2e3f405162"
QUESTION = Question(
    TENANT,
    datetime(2026, 11, 22, 23, tzinfo=UTC),
    datetime(2027, 2, 1, tzinfo=UTC),
    ZoneInfo("Europe/Berlin"),
)


def timed(key: str, start: str = "2026-11-24T10:00:00+01:00", **more: Any) -> dict[str, Any]:
    end = start.replace("10:00:00", "11:00:00")
    edges = {"start": {"dateTime": start}, "end": {"dateTime": end}}
    return {"id": key, "status": "confirmed", **edges, **more}


def page(*items: Any, **more: Any) -> Reply:
    return Reply(200, {"items": list(items), "timeZone": "Europe/Berlin", **more})


def last(*items: Any, **more: Any) -> Reply:
    return page(*items, nextSyncToken="next", **more)


def refusal(status: int, reason: str) -> Reply:
    return Reply(status, {"error": {"code": status, "errors": [{"reason": reason}]}})


@contextmanager
def asking(*replies: Reply) -> Iterator[tuple[CalendarClient, Script]]:
    with scripted(*replies) as script, CalendarClient(GoogleAccess("ya29", script.url)) as client:
        yield client, script


def answered(*replies: Reply, question: Question = QUESTION) -> Answer:
    with asking(*replies) as (client, _):
        return client.read(CALENDAR, question)


def read(*items: Any, **more: Any) -> EventsRead:
    found = answered(last(*items, **more))
    assert isinstance(found, EventsRead)
    return found


def spans(found: EventsRead) -> list[str]:
    return [f"{key} {start:%d %H:%M}-{end:%d %H:%M}" for key, start, end in found.busy]


def test_the_first_reading_asks_for_the_whole_frame_and_for_no_titles() -> None:
    with asking(last(timed("dentist"))) as (client, script):
        found = client.read(CALENDAR, QUESTION)
    assert isinstance(found, EventsRead)
    assert (found.whole, found.sync_token) == (True, "next")
    assert spans(found) == ["dentist 24 09:00-24 10:00"]
    query = script.seen[0].query
    assert query["timeMin"] == "2026-11-22T23:00:00+00:00"
    assert query["singleEvents"] == "true"
    for private in ("summary", "description", "location", "email"):
        assert private not in query["fields"]


def test_a_later_reading_asks_for_what_has_changed_alone() -> None:
    with asking(last()) as (client, script):
        found = client.read(CALENDAR, replace(QUESTION, sync_token="before"))
    assert isinstance(found, EventsRead)
    assert not found.whole
    assert script.seen[0].query["syncToken"] == "before"
    assert not {"timeMin", "timeMax"} & script.seen[0].query.keys()


def test_every_page_is_read() -> None:
    with asking(page(timed("a"), nextPageToken="2"), last(timed("b"))) as (client, script):
        found = client.read(CALENDAR, QUESTION)
    assert isinstance(found, EventsRead)
    assert [key for key, _, _ in found.busy] == ["a", "b"]
    assert script.seen[1].query["pageToken"] == "2"


@pytest.mark.parametrize("status", [400, 410])
def test_a_sync_token_that_is_not_taken_any_more_means_reading_everything(status: int) -> None:
    with asking(refusal(status, "fullSyncRequired"), last(timed("a"))) as (client, script):
        found = client.read(CALENDAR, replace(QUESTION, sync_token="old"))
    assert isinstance(found, EventsRead)
    assert found.whole
    assert "syncToken" not in script.seen[1].query


@pytest.mark.parametrize(
    "event",
    [
        timed("free", transparency="transparent"),
        timed("office", eventType="workingLocation"),
        timed("cake", eventType="birthday"),
        timed("no", attendees=[{"self": True, "responseStatus": "declined"}]),
        timed("none", start="2026-11-24T10:00:00+01:00", end={"dateTime": "2026-11-24T09:00:00Z"}),
        timed("gone", "2026-11-02T10:00:00+01:00"),
        timed("far", "2027-02-02T10:00:00+01:00"),
    ],
    ids=lambda event: str(event["id"]),
)
def test_what_takes_no_time_is_not_busy(event: dict[str, Any]) -> None:
    found = read(event)
    assert found.busy == ()
    assert event["id"] in found.touched


@pytest.mark.parametrize(
    "event",
    [
        timed("maybe", status="tentative"),
        timed("asked", attendees=[{"self": True, "responseStatus": "needsAction"}]),
        timed("others", attendees=[{"responseStatus": "declined"}]),
        timed("away", eventType="outOfOffice"),
        timed("focus", eventType="focusTime"),
    ],
    ids=lambda event: str(event["id"]),
)
def test_what_may_take_time_is_busy(event: dict[str, Any]) -> None:
    assert len(read(event).busy) == 1


def test_a_whole_day_is_one_of_the_calendars_own_zone() -> None:
    day = {"start": {"date": "2026-11-24"}, "end": {"date": "2026-11-25"}}
    assert spans(read({"id": "fair", **day})) == ["fair 23 23:00-24 23:00"]
    there = read({"id": "fair", **day}, timeZone="America/New_York")
    assert spans(there) == ["fair 24 05:00-25 05:00"]
    unknown = read({"id": "fair", **day}, timeZone="Mars/Olympus")
    assert spans(unknown) == ["fair 23 23:00-24 23:00"]


def marked(key: str, **marks: str) -> dict[str, Any]:
    return timed(key, extendedProperties={"private": marks})


def test_our_own_events_are_not_busy_and_another_businesss_are() -> None:
    found = read(
        marked("a", booking="LUN-7F3K", tenant=TENANT),
        marked("b", booking="LUN-7F3K"),
        marked("c", booking="SOL-7F3K", tenant="another"),
        marked("d", colour="red"),
    )
    assert found.own == {"a", "b"}
    assert [key for key, _, _ in found.busy] == ["c", "d"]


def test_what_is_gone_is_named() -> None:
    found = read({"id": "a", "status": "cancelled"}, timed("b"))
    assert (found.ended, found.touched) == ({"a"}, {"a", "b"})


def test_an_instance_speaks_of_its_series_too() -> None:
    found = read(timed("s_20261124T090000Z", recurringEventId="s"))
    assert found.touched == {"s", "s_20261124T090000Z"}


@pytest.mark.parametrize(
    "edge", [{"dateTime": "soon"}, {}, "noon", {"dateTime": "0001-01-01T00:00:00+14:00"}], ids=str
)
def test_an_event_that_is_not_understood_is_named_and_does_not_stop_the_others(edge: Any) -> None:
    found = read({**timed("odd"), "start": edge}, timed("b"))
    assert found.unread == {"odd"}
    assert "odd" not in found.touched
    assert len(found.busy) == 1


@pytest.mark.parametrize(
    ("reply", "error_class"),
    [
        (refusal(429, "rateLimitExceeded"), THROTTLE),
        (refusal(403, "rateLimitExceeded"), THROTTLE),
        (refusal(403, "insufficientPermissions"), ACCOUNT),
        (refusal(403, "accessNotConfigured"), ACCOUNT),
        (refusal(401, "authError"), ACCOUNT),
        (refusal(503, "backendError"), TRANSIENT),
        (Reply(404, b"<html></html>"), TRANSIENT),
        (Reply(200, b"<html></html>"), TRANSIENT),
        (Reply(200, {"items": None}), TRANSIENT),
        (Reply(200, {"kind": "calendar#events"}), TRANSIENT),
        (Reply(200, {"items": [3]}), TRANSIENT),
        (Reply(200, []), TRANSIENT),
        (Drop(), TRANSIENT),
    ],
    ids=str,
)
def test_what_is_no_answer_is_never_an_empty_calendar(reply: Reply, error_class: str) -> None:
    found = answered(reply)
    assert isinstance(found, Retry)
    assert found.error_class == error_class


@pytest.mark.parametrize(
    "reply", [refusal(404, "notFound"), refusal(403, "forbidden"), refusal(400, "invalid")], ids=str
)
def test_a_refusal_is_permanent(reply: Reply) -> None:
    found = answered(reply)
    assert isinstance(found, Dead)
    assert found.error_class == PERMANENT


def test_nothing_new_may_be_said_by_leaving_the_events_out() -> None:
    found = answered(Reply(200, {"nextSyncToken": "next"}))
    assert isinstance(found, EventsRead)
    assert (found.busy, found.sync_token) == ((), "next")


def test_half_an_answer_is_none() -> None:
    found = answered(page(timed("a"), nextPageToken="2"), refusal(500, "backendError"))
    assert isinstance(found, Retry)


def test_a_calendar_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookra.relay.providers.google_events.MOST_PAGES", 2)
    pages = [page(timed(str(n)), nextPageToken=str(n)) for n in range(3)]
    assert answered(*pages) == Dead("google too_many_events", PERMANENT)
