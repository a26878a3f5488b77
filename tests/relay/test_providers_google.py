"""The calendar client: by script where Google misbehaves, end to end against the stand-in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from scripted_wire import Drop, Reply, Script, Stall, scripted, unreachable
from served_sandbox import serving

from bookra.relay.outcome import (
    ACCOUNT,
    CONFLICT,
    PERMANENT,
    THROTTLE,
    TRANSIENT,
    Dead,
    Delivered,
    Outcome,
    Retry,
)
from bookra.relay.providers.google_calendar import (
    CalendarClient,
    CalendarEvent,
    EventWritten,
    GoogleAccess,
)
from bookra.sandbox import SandboxClient, open_google_calendar

CALENDAR = "ana#1@group.calendar.google.com"
EVENT = CalendarEvent(
    id="0123456789abcdefghijklmnopqrstuv",
    summary="Cut, Ana Müller",
    description="LUN-7F3K",
    starts_at=datetime(2026, 11, 24, 14, 30, tzinfo=timezone(timedelta(hours=1))),
    ends_at=datetime(2026, 11, 24, 14, 30, tzinfo=UTC),
    zone="Europe/Berlin",
    booking_code="LUN-7F3K",
    revision=2,
)
WRITTEN = Reply(200, {"id": EVENT.id, "etag": '"1"'})
DUPLICATE = Reply(409, {"error": {"code": 409, "errors": [{"reason": "duplicate"}]}})
EVENTS = f"/calendar/v3/calendars/{CALENDAR}/events"


def refusal(status: int, reason: str, **headers: str) -> Reply:
    body = {
        "error": {"code": status, "message": "ana@luna.example", "errors": [{"reason": reason}]}
    }
    return Reply(status, body, headers)


def present(revision: int | None = 1, booking: str = "LUN-7F3K", **more: Any) -> Reply:
    marks = {"booking": booking} | ({} if revision is None else {"revision": str(revision)})
    body = {"id": EVENT.id, "etag": '"7"', "extendedProperties": {"private": marks}, **more}
    return Reply(200, body)


@contextmanager
def calendar(
    *replies: Reply, token: str = "ya29.token", patience: float = 5
) -> Iterator[tuple[CalendarClient, Script]]:
    with scripted(*replies) as script:
        access = GoogleAccess(token, script.url)
        with CalendarClient(access, timeout_seconds=(2, patience)) as client:
            yield client, script


def upserted(*replies: Reply, **options: Any) -> Outcome:
    with calendar(*replies, **options) as (client, _):
        return client.upsert(CALENDAR, EVENT)


def test_an_event_is_inserted_under_our_id_with_its_marks_and_without_guests() -> None:
    with calendar(WRITTEN) as (client, script):
        outcome = client.upsert(CALENDAR, EVENT)
    assert outcome == Delivered(EVENT.id, EventWritten("inserted", 2))
    request = script.seen[0]
    assert (request.method, request.path) == ("POST", EVENTS)
    assert "ana%231%40group" in request.target
    assert request.headers["Authorization"] == "Bearer ya29.token"
    assert request.query == {"sendUpdates": "none"}
    assert request.json["id"] == EVENT.id
    assert request.json["start"] == {
        "dateTime": "2026-11-24T13:30:00+00:00",
        "timeZone": "Europe/Berlin",
    }
    marks = {"booking": "LUN-7F3K", "revision": "2"}
    assert request.json["extendedProperties"] == {"private": marks}
    assert "attendees" not in request.json


@pytest.mark.parametrize("revision", [None, 1, 2])
def test_an_event_that_is_there_and_not_newer_is_patched_as_it_was_read(
    revision: int | None,
) -> None:
    with calendar(DUPLICATE, present(revision), WRITTEN) as (client, script):
        outcome = client.upsert(CALENDAR, EVENT)
    assert outcome == Delivered(EVENT.id, EventWritten("updated", 2))
    assert script.lines == [
        f"POST {EVENTS}",
        f"GET {EVENTS}/{EVENT.id}",
        f"PATCH {EVENTS}/{EVENT.id}",
    ]
    assert script.seen[2].headers["If-Match"] == '"7"'
    assert script.seen[2].json["status"] == "confirmed"


def test_a_newer_event_is_left_alone() -> None:
    with calendar(DUPLICATE, present(3)) as (client, script):
        outcome = client.upsert(CALENDAR, EVENT)
    assert outcome == Delivered(EVENT.id, EventWritten("kept", 3))
    assert len(script.seen) == 2


def test_another_bookings_event_is_never_overwritten() -> None:
    outcome = upserted(DUPLICATE, present(booking="LUN-OTHR"))
    assert isinstance(outcome, Dead)


def test_a_change_in_between_is_read_again_once() -> None:
    changed = refusal(412, "conditionNotMet")
    again = upserted(DUPLICATE, present(), changed, present(), WRITTEN)
    newer = upserted(DUPLICATE, present(), changed, present(5))
    busy = upserted(DUPLICATE, present(), changed, present(), changed)
    assert again == Delivered(EVENT.id, EventWritten("updated", 2))
    assert newer == Delivered(EVENT.id, EventWritten("kept", 5))
    assert isinstance(busy, Retry)
    assert busy.error_class == CONFLICT


def test_an_id_that_is_taken_and_names_nothing_is_a_conflict() -> None:
    outcome = upserted(DUPLICATE, refusal(404, "notFound"))
    assert isinstance(outcome, Retry)
    assert outcome.error_class == CONFLICT


@pytest.mark.parametrize(
    ("reply", "error_class"),
    [
        (refusal(429, "rateLimitExceeded"), THROTTLE),
        (refusal(403, "rateLimitExceeded"), THROTTLE),
        (refusal(403, "userRateLimitExceeded"), THROTTLE),
        (refusal(403, "quotaExceeded"), THROTTLE),
        (refusal(401, "authError"), ACCOUNT),
        (refusal(500, "backendError"), TRANSIENT),
        (Reply(503), TRANSIENT),
        (Reply(302, None, {"Location": "/elsewhere"}), TRANSIENT),
        (Reply(404, b"<html>nothing here</html>"), TRANSIENT),
        (Reply(200, b"<html>welcome to the hotel</html>"), TRANSIENT),
        (Reply(200, {"id": "somebodyelses"}), TRANSIENT),
        (Reply(200, []), TRANSIENT),
        (Drop(), TRANSIENT),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_may_pass_is_tried_again_by_its_class(reply: Reply, error_class: str) -> None:
    outcome = upserted(reply)
    assert isinstance(outcome, Retry)
    assert outcome.error_class == error_class
    assert outcome.counts is (error_class != THROTTLE)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(400, "invalid"), (403, "forbidden"), (403, "requiredAccessLevel"), (404, "notFound")],
)
def test_a_refusal_is_the_end_of_it_and_says_googles_word(status: int, reason: str) -> None:
    assert upserted(refusal(status, reason)) == Dead(f"google {status} {reason}", PERMANENT)


def test_googles_newer_error_shape_is_understood() -> None:
    body = {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "x"}}
    assert upserted(Reply(403, body)) == Dead("google 403 PERMISSION_DENIED", PERMANENT)


def test_a_date_to_retry_after_is_read_against_googles_own_clock() -> None:
    headers = {
        "Retry-After": "Tue, 24 Nov 2026 13:32:00 GMT",
        "Date": "Tue, 24 Nov 2026 13:30:00 GMT",
    }
    throttled = Reply(429, {"error": {"errors": [{"reason": "rateLimitExceeded"}]}}, headers)
    outcome = upserted(throttled)
    assert isinstance(outcome, Retry)
    assert outcome.after_seconds == 120


def test_silence_and_a_closed_port_are_transient() -> None:
    stalled = upserted(Stall(), patience=0.3)
    with CalendarClient(GoogleAccess("t", unreachable())) as client:
        refused = client.upsert(CALENDAR, EVENT)
    assert stalled == Retry("google no_answer ReadTimeout", TRANSIENT)
    assert refused == Retry("google no_answer ConnectError", TRANSIENT)


def test_one_call_is_one_request() -> None:
    with calendar(Drop(), WRITTEN) as (client, script):
        client.upsert(CALENDAR, EVENT)
    assert script.lines == [f"POST {EVENTS}"]


@pytest.mark.parametrize(
    "reply", [Reply(204), refusal(404, "notFound"), refusal(410, "deleted")], ids=str
)
def test_a_deleted_event_is_gone_however_often_it_is_deleted(reply: Reply) -> None:
    with calendar(reply) as (client, script):
        assert client.delete(CALENDAR, EVENT.id) == Delivered(EVENT.id)
    assert script.lines == [f"DELETE {EVENTS}/{EVENT.id}"]


@pytest.mark.parametrize("reply", [Reply(200, b"<html></html>"), Reply(404, b"?"), Drop()], ids=str)
def test_only_google_can_say_that_an_event_is_gone(reply: Reply) -> None:
    with calendar(reply) as (client, _):
        outcome = client.delete(CALENDAR, EVENT.id)
    assert isinstance(outcome, Retry)
    assert outcome.error_class == TRANSIENT


MINTED = Reply(200, {"access_token": "ya29.minted", "expires_in": 3600, "token_type": "Bearer"})
MINTED_AGAIN = Reply(
    200, {"access_token": "ya29.again", "expires_in": 3600, "token_type": "Bearer"}
)
USER = json.dumps(
    {
        "type": "authorized_user",
        "client_id": "c",
        "client_secret": "s",
        "refresh_token": "1//refresh",
    }
)


@pytest.fixture(scope="module")
def service_account() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return json.dumps(
        {
            "type": "service_account",
            "client_email": "bookra@luna.iam.example",
            "private_key_id": "1",
            "private_key": key.decode(),
            "token_uri": "https://elsewhere.example/token",
        }
    )


def bearers(script: Script) -> list[str]:
    return [one.headers.get("Authorization", "-") for one in script.seen]


@pytest.mark.parametrize("kind", ["user", "service_account"])
def test_a_credential_mints_a_token_at_googles_address_and_keeps_it(
    kind: str, service_account: str
) -> None:
    token = USER if kind == "user" else service_account
    with calendar(MINTED, WRITTEN, Reply(204), token=token) as (client, script):
        assert isinstance(client.upsert(CALENDAR, EVENT), Delivered)
        assert isinstance(client.delete(CALENDAR, EVENT.id), Delivered)
    assert script.lines[0] == "POST /token"
    assert bearers(script)[1:] == ["Bearer ya29.minted"] * 2


def test_a_refused_token_is_renewed_once() -> None:
    refused = refusal(401, "authError")
    with calendar(MINTED, refused, MINTED_AGAIN, WRITTEN, token=USER) as (client, script):
        assert isinstance(client.upsert(CALENDAR, EVENT), Delivered)
    assert bearers(script)[1::2] == ["Bearer ya29.minted", "Bearer ya29.again"]
    twice = upserted(MINTED, refused, MINTED_AGAIN, refused, token=USER)
    assert isinstance(twice, Retry)
    assert twice.error_class == ACCOUNT


@pytest.mark.parametrize(
    ("reply", "error_class"),
    [
        (Reply(400, {"error": "invalid_grant", "error_description": "revoked"}), ACCOUNT),
        (Drop(), TRANSIENT),
    ],
    ids=["revoked", "no answer"],
)
def test_a_credential_that_mints_nothing_is_the_tenants_or_the_networks_trouble(
    reply: Reply, error_class: str
) -> None:
    outcome = upserted(reply, token=USER)
    assert isinstance(outcome, Retry)
    assert outcome.error_class == error_class


def test_json_that_is_no_credential_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="neither"):
        CalendarClient(GoogleAccess('{"type": "external_account"}', None))


@pytest.mark.parametrize(
    "change",
    [
        lambda: replace(EVENT, id="LUN-7F3K"),
        lambda: replace(EVENT, id="abc"),
        lambda: replace(EVENT, starts_at=datetime(2026, 11, 24, 14, 30)),  # noqa: DTZ001
    ],
)
def test_an_event_that_google_would_misread_is_never_made(
    change: Callable[[], CalendarEvent],
) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - which of the texts is no matter
        change()


def test_neither_token_nor_customer_is_shown() -> None:
    shown = repr(GoogleAccess("ya29.token", None)) + repr(EVENT)
    assert "ya29" not in shown
    assert "Ana" not in shown


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    directory = tmp_path_factory.mktemp("sandbox")
    with serving(directory) as url:
        yield directory, url


class Diary:
    """A calendar of the stand-in, our client for it, and what the stand-in saw."""

    def __init__(self, directory: Path, url: str) -> None:
        self.opened = open_google_calendar(directory, name="Ana")
        self.id = self.opened.id
        self.control = SandboxClient(url)
        self.client = CalendarClient(GoogleAccess(self.opened.token, url))
        self.user = CalendarClient(GoogleAccess(self._credential(), url))

    def _credential(self) -> str:
        return json.dumps({**json.loads(USER), "refresh_token": self.opened.refresh_token})

    def bookings(self) -> list[str]:
        return [one["booking"] for one in self.control.show()["calendar"]["events"]]


@pytest.fixture
def diary(served: tuple[Path, str]) -> Iterator[Diary]:
    diary = Diary(*served)
    with diary.client, diary.user:
        yield diary
        diary.control.fault("google", off=True)


def event_of(code: str, revision: int = 1) -> CalendarEvent:
    return replace(EVENT, id=f"b{code.lower()}", booking_code=code, revision=revision)


def test_an_event_lives_moves_dies_and_lives_again(diary: Diary) -> None:
    one = event_of("LUNA2222")
    written = [
        diary.client.upsert(diary.id, one),
        diary.client.upsert(diary.id, one),
        diary.client.upsert(diary.id, replace(one, revision=4)),
        diary.client.upsert(diary.id, replace(one, revision=3)),
    ]
    hows = [done.facts.how for done in written]  # type: ignore[union-attr]
    assert hows == ["inserted", "updated", "updated", "kept"]
    assert diary.bookings().count("LUNA2222") == 1

    assert diary.client.delete(diary.id, one.id) == Delivered(one.id)
    assert diary.client.delete(diary.id, one.id) == Delivered(one.id)
    assert "LUNA2222" not in diary.bookings()
    revived = diary.client.upsert(diary.id, replace(one, revision=5))
    assert revived == Delivered(one.id, EventWritten("updated", 5))
    assert diary.bookings().count("LUNA2222") == 1


def test_deleting_what_never_was_is_done(diary: Diary) -> None:
    assert diary.client.delete(diary.id, "neverwas") == Delivered("neverwas")


@pytest.mark.parametrize(
    ("fault", "error_class"),
    [
        ("drop-before", TRANSIENT),
        ("drop-after", TRANSIENT),
        ("500", TRANSIENT),
        ("500-after", TRANSIENT),
        ("429", THROTTLE),
    ],
)
def test_a_fault_is_retried_into_one_event(diary: Diary, fault: str, error_class: str) -> None:
    code = f"luna{fault.replace('-', '')}"
    one = event_of(code)
    diary.control.fault("google", fault)
    first = diary.client.upsert(diary.id, one)
    assert isinstance(first, Retry)
    assert first.error_class == error_class
    assert isinstance(diary.client.upsert(diary.id, one), Delivered)
    assert diary.bookings().count(code) == 1


def test_a_refresh_token_opens_the_calendar(diary: Diary) -> None:
    assert isinstance(diary.user.upsert(diary.id, event_of("LUNA3333")), Delivered)


def test_a_strangers_token_is_the_tenants_trouble(diary: Diary, served: tuple[Path, str]) -> None:
    with CalendarClient(GoogleAccess("ya29.stranger", served[1])) as stranger:
        outcome = stranger.upsert(diary.id, event_of("LUNA4444"))
    assert isinstance(outcome, Retry)
    assert outcome.error_class == ACCOUNT
