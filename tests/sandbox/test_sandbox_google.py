"""The Google Calendar stand-in: ids of our choosing, revival, sync tokens, free and busy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import googleapiclient
import httpx
import pytest

from bookra.sandbox import GoogleCalendar, open_google_calendar, share_google_calendar
from bookra.sandbox.calendar_events import WRITABLE

EVENT_ID = "0197b2c4d5e67f8a9b0c1d2e3f405162"
DOCUMENTS = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"


class Desk:
    """One calendar, asked over HTTP with its own token."""

    def __init__(self, url: str, http: httpx.Client, calendar: GoogleCalendar) -> None:
        self.calendar = calendar
        self.url = url
        self.http = http
        self.auth = {"Authorization": f"Bearer {calendar.token}"}

    def ask(
        self, method: str, key: str = "", body: Any = None, match: str | None = None, **query: Any
    ) -> httpx.Response:
        path = f"{self.url}/calendar/v3/calendars/{self.calendar.id}/events"
        headers = {**self.auth, **({"If-Match": match} if match else {})}
        address = f"{path}/{key}" if key else path
        return self.http.request(method, address, json=body, headers=headers, params=query)


def event(key: str | None = EVENT_ID, hour: int = 9, **more: Any) -> dict[str, Any]:
    body = {
        "summary": "Cut",
        "start": {"dateTime": f"2026-11-24T{hour:02}:00:00+01:00"},
        "end": {"dateTime": f"2026-11-24T{hour + 1:02}:00:00+01:00"},
        "extendedProperties": {"private": {"booking": "LUN-7F3K", "revision": "1"}},
        **more,
    }
    return body if key is None else {"id": key, **body}


@pytest.fixture
def desk(sandbox: Any, http: httpx.Client) -> Desk:
    return Desk(sandbox.url, http, open_google_calendar(sandbox.directory, name="Ana"))


def reason(reply: httpx.Response) -> tuple[int, str]:
    error = reply.json()["error"]
    assert error["code"] == reply.status_code
    return reply.status_code, error["errors"][0]["reason"]


def test_an_event_is_found_again_under_our_id_and_shown_with_its_booking(
    sandbox: Any, desk: Desk
) -> None:
    made = desk.ask("POST", body=event())
    assert (made.status_code, made.json()["id"]) == (200, EVENT_ID)
    assert desk.ask("GET", EVENT_ID).json() == made.json()
    seen = sandbox.control.show()["calendar"]["events"]
    mine = [one for one in seen if one["calendar"] == desk.calendar.id]
    assert [(one["id"], one["booking"]) for one in mine] == [(EVENT_ID, "LUN-7F3K")]


def test_the_same_id_twice_is_409_even_after_a_delete(desk: Desk) -> None:
    desk.ask("POST", body=event())
    assert reason(desk.ask("POST", body=event())) == (409, "duplicate")
    assert desk.ask("DELETE", EVENT_ID).status_code == 204
    assert reason(desk.ask("POST", body=event())) == (409, "duplicate")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_deleted_event_can_be_revived(desk: Desk, method: str) -> None:
    desk.ask("POST", body=event())
    desk.ask("DELETE", EVENT_ID)
    assert desk.ask("GET", EVENT_ID).json()["status"] == "cancelled"
    revived = desk.ask(method, EVENT_ID, event(None, hour=11, status="confirmed"))
    assert revived.json()["status"] == "confirmed"
    assert "T11:00" in desk.ask("GET", EVENT_ID).json()["start"]["dateTime"]


def test_a_second_delete_is_410_and_one_of_nothing_404(desk: Desk) -> None:
    desk.ask("POST", body=event())
    desk.ask("DELETE", EVENT_ID)
    assert reason(desk.ask("DELETE", EVENT_ID)) == (410, "deleted")
    assert reason(desk.ask("DELETE", "abcde00000")) == (404, "notFound")


@pytest.mark.parametrize("key", ["abcd", "ABCDE12345", "wxyz12345", "a-b-c-d-e", "a" * 1025])
def test_an_id_outside_base32hex_is_refused(desk: Desk, key: str) -> None:
    assert reason(desk.ask("POST", body=event(key)))[0] == 400


@pytest.mark.parametrize(
    "change",
    [
        {"start": {"dateTime": "2026-11-24T09:00:00"}},
        {"start": {"dateTime": "tomorrow"}},
        {"start": {"date": "2026-11-24"}},
        {"end": {"dateTime": "2026-11-24T08:00:00+01:00"}},
        {"start": None},
        {"status": "maybe"},
    ],
)
def test_a_wrong_time_or_status_is_refused(desk: Desk, change: Any) -> None:
    body = {name: value for name, value in {**event(), **change}.items() if value is not None}
    assert desk.ask("POST", body=body).status_code == 400
    assert desk.ask("GET", EVENT_ID).status_code == 404


def test_fields_that_google_does_not_know_are_dropped(desk: Desk) -> None:
    assert "mood" not in desk.ask("POST", body=event(mood="good")).json()


def test_a_stale_etag_is_412_and_changes_nothing(desk: Desk) -> None:
    etag = desk.ask("POST", body=event()).json()["etag"]
    changed = desk.ask("PATCH", EVENT_ID, {"summary": "Colour"}, etag)
    assert changed.status_code == 200
    assert changed.headers["ETag"] == changed.json()["etag"] != etag
    assert reason(desk.ask("PATCH", EVENT_ID, {"summary": "Late"}, etag)) == (
        412,
        "conditionNotMet",
    )
    assert reason(desk.ask("DELETE", EVENT_ID, None, etag)) == (412, "conditionNotMet")
    assert desk.ask("GET", EVENT_ID).json()["summary"] == "Colour"


def test_a_patch_keeps_what_it_does_not_name(desk: Desk) -> None:
    desk.ask("POST", body=event())
    desk.ask("PATCH", EVENT_ID, {"summary": "Colour"})
    kept = desk.ask("GET", EVENT_ID).json()
    assert kept["extendedProperties"]["private"]["booking"] == "LUN-7F3K"


def test_a_sync_token_returns_only_what_changed_since(sandbox: Any, desk: Desk) -> None:
    desk.ask("POST", body=event("aaaaa1"))
    desk.ask("POST", body=event("aaaaa2"))
    token = desk.ask("GET").json()["nextSyncToken"]
    assert desk.ask("GET", syncToken=token).json()["items"] == []
    desk.ask("DELETE", "aaaaa1")
    desk.ask("POST", body=event("aaaaa3"))
    changes = desk.ask("GET", syncToken=token).json()["items"]
    assert [(one["id"], one["status"]) for one in changes] == [
        ("aaaaa1", "cancelled"),
        ("aaaaa3", "confirmed"),
    ]
    assert desk.ask("GET", syncToken=token, timeMin="2026-01-01T00:00:00Z").status_code == 400
    sandbox.control.expire_sync_tokens()
    assert reason(desk.ask("GET", syncToken=token)) == (410, "fullSyncRequired")


def test_pages_of_a_list_join_to_the_whole(desk: Desk) -> None:
    keys = [f"bbbbb{index}" for index in range(5)]
    for key in keys:
        desk.ask("POST", body=event(key))
    seen: list[str] = []
    query: dict[str, Any] = {"maxResults": 2}
    while True:
        page = desk.ask("GET", **query).json()
        seen += [one["id"] for one in page["items"]]
        if "nextPageToken" not in page:
            break
        assert "nextSyncToken" not in page
        query["pageToken"] = page["nextPageToken"]
    assert seen == keys


def test_free_busy_merges_what_overlaps_and_says_what_it_does_not_know(desk: Desk) -> None:
    desk.ask("POST", body=event("ccccc1", hour=9))
    desk.ask("POST", body=event("ccccc2", hour=10))
    desk.ask("POST", body=event("ccccc3", hour=14, transparency="transparent"))
    asked = {
        "timeMin": "2026-11-24T00:00:00Z",
        "timeMax": "2026-11-25T00:00:00Z",
        "items": [{"id": desk.calendar.id}, {"id": "stranger"}],
    }
    reply = desk.http.post(f"{desk.url}/calendar/v3/freeBusy", json=asked, headers=desk.auth).json()
    assert reply["calendars"][desk.calendar.id]["busy"] == [
        {"start": "2026-11-24T08:00:00Z", "end": "2026-11-24T10:00:00Z"}
    ]
    assert reply["calendars"]["stranger"]["errors"][0]["reason"] == "notFound"


def test_a_token_opens_its_own_calendar_only(sandbox: Any, desk: Desk) -> None:
    other = Desk(desk.url, desk.http, open_google_calendar(sandbox.directory, name="Ben"))
    other.calendar = desk.calendar
    assert reason(other.ask("GET")) == (404, "notFound")
    desk.auth = {"Authorization": "Bearer ya29.forged"}
    assert reason(desk.ask("GET")) == (401, "authError")
    desk.auth = {}
    assert reason(desk.ask("GET")) == (401, "required")


def test_a_refresh_token_buys_a_new_access_token(desk: Desk) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": desk.calendar.refresh_token}
    bought = desk.http.post(f"{desk.url}/token", data=form).json()
    desk.auth = {"Authorization": f"Bearer {bought['access_token']}"}
    assert desk.ask("GET").status_code == 200
    wrong = desk.http.post(f"{desk.url}/token", data={**form, "refresh_token": "1//other"})
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")


def test_an_answer_lost_after_the_insert_shows_as_409_on_the_next_try(
    sandbox: Any, desk: Desk
) -> None:
    sandbox.control.fault("google", "drop-after")
    with pytest.raises(httpx.RemoteProtocolError):
        desk.ask("POST", body=event())
    assert reason(desk.ask("POST", body=event())) == (409, "duplicate")


@pytest.mark.parametrize(
    ("kind", "expected", "exists"),
    [
        ("500", (500, "backendError"), 404),
        ("500-after", (500, "backendError"), 200),
        ("429", (429, "rateLimitExceeded"), 404),
    ],
)
def test_googles_faults_have_googles_shape(
    sandbox: Any, desk: Desk, kind: str, expected: tuple[int, str], exists: int
) -> None:
    sandbox.control.fault("google", kind)
    assert reason(desk.ask("POST", body=event())) == expected
    assert desk.ask("GET", EVENT_ID).status_code == exists


def discovered() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DOCUMENTS / "calendar.v3.json").read_text("utf-8"))
    return document


def unknown_fields(value: Any, schema: dict[str, Any], schemas: Any, where: str) -> list[str]:
    """Name what a document holds that Google's discovery document does not describe."""
    if "$ref" in schema:
        return unknown_fields(value, schemas[schema["$ref"]], schemas, where)
    if isinstance(value, list):
        return [f for item in value for f in unknown_fields(item, schema["items"], schemas, where)]
    if not isinstance(value, dict):
        kinds: dict[str, Callable[[Any], bool]] = {
            "string": lambda it: isinstance(it, str),
            "boolean": lambda it: isinstance(it, bool),
            "integer": lambda it: isinstance(it, int),
        }
        return [] if kinds[schema["type"]](value) else [f"{where}: not {schema['type']}"]
    known, rest = schema.get("properties", {}), schema.get("additionalProperties")
    found = []
    for name, item in value.items():
        inner = known.get(name, rest)
        deeper = f"{where}.{name}"
        found += [deeper] if inner is None else unknown_fields(item, inner, schemas, deeper)
    return found


def test_answers_hold_nothing_but_what_googles_discovery_document_describes(desk: Desk) -> None:
    schemas = discovered()["schemas"]
    made = desk.ask("POST", body=event()).json()
    assert unknown_fields(made, schemas["Event"], schemas, "Event") == []
    assert unknown_fields(desk.ask("GET").json(), schemas["Events"], schemas, "Events") == []


def test_every_field_that_is_kept_is_one_of_googles() -> None:
    assert set(discovered()["schemas"]["Event"]["properties"]) >= WRITABLE


@pytest.mark.parametrize("name", ["insert", "get", "patch", "update", "delete", "list"])
def test_paths_and_methods_are_those_of_the_discovery_document(desk: Desk, name: str) -> None:
    method = discovered()["resources"]["events"]["methods"][name]
    desk.ask("POST", body=event())
    path = method["path"].format(calendarId=desk.calendar.id, eventId=EVENT_ID)
    body = event(None) if method["httpMethod"] in ("POST", "PUT", "PATCH") else None
    reply = desk.http.request(
        method["httpMethod"], f"{desk.url}/calendar/v3/{path}", json=body, headers=desk.auth
    )
    assert reply.status_code in (200, 204)


SERIES = {
    "summary": "School",
    "start": {"dateTime": "2027-03-22T09:00:00+01:00", "timeZone": "Europe/Berlin"},
    "end": {"dateTime": "2027-03-22T10:00:00+01:00", "timeZone": "Europe/Berlin"},
    "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"],
}


def listed(desk: Desk, **query: Any) -> dict[str, Any]:
    answer: dict[str, Any] = desk.ask("GET", singleEvents="true", **query).json()
    return answer


def test_a_series_is_shown_as_its_instances_by_the_wall_clock(desk: Desk) -> None:
    made = desk.ask("POST", body={"id": "school", **SERIES}).json()
    first, second, third = listed(desk)["items"]
    assert first["id"] == "school_20270322T080000Z"
    assert second["id"] == "school_20270329T070000Z"  # Berlin has changed its clocks
    assert second["start"]["dateTime"] == "2027-03-29T09:00:00+02:00"
    assert {one["recurringEventId"] for one in (first, second, third)} == {made["id"]}


def test_an_instance_that_is_deleted_leaves_the_series(desk: Desk) -> None:
    desk.ask("POST", body={"id": "school", **SERIES})
    token = listed(desk)["nextSyncToken"]
    assert desk.ask("DELETE", "school_20270329T070000Z").status_code == 204
    assert len(listed(desk)["items"]) == 2
    (change,) = listed(desk, syncToken=token)["items"]
    assert (change["id"], change["status"]) == ("school_20270329T070000Z", "cancelled")


def test_a_series_that_is_deleted_takes_its_instances_along(desk: Desk) -> None:
    desk.ask("POST", body={"id": "school", **SERIES})
    token = listed(desk)["nextSyncToken"]
    desk.ask("DELETE", "school")
    changes = listed(desk, syncToken=token)["items"]
    assert [one["status"] for one in changes] == ["cancelled"] * 3
    assert listed(desk)["items"] == []


def test_a_page_does_not_cut_a_series_in_two(desk: Desk) -> None:
    desk.ask("POST", body={"id": "school", **SERIES})
    desk.ask("POST", body=event())
    page = listed(desk, maxResults=2)
    assert len(page["items"]) == 3
    rest = listed(desk, maxResults=2, pageToken=page["nextPageToken"])
    assert [one["id"] for one in rest["items"]] == [EVENT_ID]


def test_a_rule_that_is_not_understood_is_refused(desk: Desk) -> None:
    body = {**SERIES, "recurrence": ["RRULE:FREQ=MONTHLY"]}
    assert reason(desk.ask("POST", body=body)) == (400, "invalid")


def test_only_the_fields_that_are_asked_for_come(desk: Desk) -> None:
    desk.ask("POST", body=event())
    wanted = "items(id,start,extendedProperties/private),nextSyncToken"
    shown = desk.ask("GET", fields=wanted).json()
    assert shown.keys() == {"items", "nextSyncToken"}
    assert shown["items"][0].keys() == {"id", "start", "extendedProperties"}
    assert reason(desk.ask("GET", fields="items(id")) == (400, "invalidParameter")


@pytest.mark.parametrize(
    ("role", "may_write", "sees_titles"),
    [("writer", True, True), ("reader", False, True), ("freeBusyReader", False, False)],
)
def test_a_shared_calendar_is_open_to_others_by_their_role(
    sandbox: Any, http: httpx.Client, desk: Desk, role: str, may_write: bool, sees_titles: bool
) -> None:
    desk.ask("POST", body=event())
    friend = Desk(sandbox.url, http, open_google_calendar(sandbox.directory, name="Ben"))
    theirs, friend.calendar = friend.calendar, desk.calendar
    assert reason(friend.ask("GET")) == (404, "notFound")
    share_google_calendar(sandbox.directory, desk.calendar.id, with_owner=theirs.id, role=role)
    (shown,) = friend.ask("GET").json()["items"]
    assert ("summary" in shown, "extendedProperties" in shown) == (sees_titles, sees_titles)
    wrote = friend.ask("POST", body=event("bensevent"))
    assert (wrote.status_code == 200) is may_write
    if not may_write:
        assert reason(wrote) == (403, "requiredAccessLevel")


CONSENT = {
    "client_id": "c.apps.googleusercontent.com",
    "redirect_uri": "http://127.0.0.1:9/",
    "response_type": "code",
    "scope": "https://www.googleapis.com/auth/calendar.events",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
    "state": "s",
}
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
"""The pair of RFC 7636, appendix B."""


def code_of(sandbox: Any, http: httpx.Client) -> dict[str, str]:
    reply = http.get(f"{sandbox.url}/o/oauth2/v2/auth", params=CONSENT)
    assert reply.status_code == 302
    return dict(httpx.URL(reply.headers["Location"]).params)


def exchanged(sandbox: Any, http: httpx.Client, **form: str) -> httpx.Response:
    return http.post(f"{sandbox.url}/token", data=form)


def test_consent_gives_a_code_that_opens_the_owners_calendar_once(
    sandbox: Any, http: httpx.Client
) -> None:
    back = code_of(sandbox, http)
    assert back["state"] == "s"
    form = {
        "grant_type": "authorization_code",
        "code": back["code"],
        "client_id": CONSENT["client_id"],
        "client_secret": "s",
        "redirect_uri": CONSENT["redirect_uri"],
        "code_verifier": VERIFIER,
    }
    tokens = exchanged(sandbox, http, **form).json()
    assert tokens["scope"] == CONSENT["scope"]
    auth = {"Authorization": f"Bearer {tokens['access_token']}"}
    events = f"{sandbox.url}/calendar/v3/calendars/primary/events"
    assert http.get(events, headers=auth).status_code == 200
    again = exchanged(sandbox, http, **form)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_a_code_is_no_use_without_its_verifier(sandbox: Any, http: httpx.Client) -> None:
    form = {"grant_type": "authorization_code", "code": code_of(sandbox, http)["code"]}
    assert exchanged(sandbox, http, **form, code_verifier="guess").status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": "http://elsewhere.example:80/"},
        {"code_challenge_method": "plain"},
        {"scope": "https://mail.google.com/"},
        {"response_type": "token"},
    ],
)
def test_consent_goes_to_loopback_with_a_challenge_for_calendars_alone(
    sandbox: Any, http: httpx.Client, wrong: dict[str, str]
) -> None:
    reply = http.get(f"{sandbox.url}/o/oauth2/v2/auth", params={**CONSENT, **wrong})
    assert reply.status_code == 400


def test_an_assertion_that_nobody_known_signed_opens_nothing(
    sandbox: Any, http: httpx.Client
) -> None:
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    reply = exchanged(sandbox, http, grant_type=grant, assertion="a.b.c")
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_grant")
