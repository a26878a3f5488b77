"""``bookra calendar connect|disconnect|feeds|resend``, and how Google is connected."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from front_desk import Desk
from moments import monday_at
from relay.served_sandbox import serving

from bookra.sandbox import (
    open_google_calendar,
    open_google_service_account,
    share_google_calendar,
)

FEED = {"staff", "calendar", "writes", "pulled_at", "tried_at", "failure", "busy", "conflicts"}
CLIENT = {"installed": {"client_id": "c.apps.googleusercontent.com", "client_secret": "GOCSPX-s"}}
BOOK = ("book", "cut", "--staff", "ana", "--customer", "Rosa Vega", "--at")


@pytest.fixture
def served(desk: Desk) -> Iterator[Desk]:
    """A desk that is connected to a calendar at a stand-in that runs."""
    desk("tenant", "provider", "set", "google", "--sandbox", check=True)
    with serving(desk.shop.settings.sandbox_dir):
        yield desk


def shared_calendar(desk: Desk) -> str:
    """Open a calendar of somebody's, and share it with the business's account."""
    folder = desk.shop.settings.sandbox_dir
    opened = open_google_calendar(folder, name="Ana")
    (known,) = desk("tenant", "provider", "list", "--json", check=True).json
    share_google_calendar(folder, opened.id, with_owner=known["config"]["calendar"])
    return opened.id


def test_a_calendar_is_connected_shown_and_left_again(served: Desk) -> None:
    calendar = shared_calendar(served)
    connected = served("calendar", "connect", "ana", calendar, "--json", check=True).json
    assert connected.keys() == FEED
    assert (connected["staff"], connected["calendar"]) == ("ana", calendar)
    assert (connected["writes"], connected["pulled_at"]) == (True, None)
    assert served("calendar", "connect", "ana", calendar, "--json", check=True).json == connected

    served("relay", "drain", check=True)
    (feed,) = served("calendar", "feeds", "--json", check=True).json
    assert feed["pulled_at"]
    assert (feed["failure"], feed["busy"], feed["conflicts"]) == (None, 0, [])

    served("calendar", "disconnect", "ana", check=True)
    assert served("calendar", "feeds", "--json", check=True).json == []
    again = served("calendar", "disconnect", "ana", "--json")
    assert (again.code, again.error["code"]) == (3, "no_feed")


def test_visits_follow_a_calendar_that_is_connected(served: Desk) -> None:
    served(*BOOK, monday_at("10:00"), check=True)
    served("relay", "drain", check=True)
    calendar = shared_calendar(served)
    served("calendar", "connect", "ana", calendar, check=True)
    served("relay", "drain", check=True)
    events = served("sandbox", "show", "--json", check=True).json["calendar"]["events"]
    assert [event["calendar"] for event in events] == [calendar]
    assert served("calendar", "resend", "--json", check=True).json == {"staff": None, "bookings": 1}
    ben = served("calendar", "resend", "--staff", "ben", "--json", check=True).json
    assert ben == {"staff": "ben", "bookings": 0}


def test_a_calendar_that_is_only_read_leaves_visits_where_they_are(served: Desk) -> None:
    words = ("calendar", "connect", "ana", shared_calendar(served), "--busy-only", "--json")
    assert served(*words, check=True).json["writes"] is False
    assert served("staff", "show", "ana", "--json", check=True).json["calendar"] is None


def test_a_dry_run_connects_nothing(served: Desk) -> None:
    before = served.rows()
    served("calendar", "connect", "ana", "ana@luna.example", "--dry-run", check=True)
    assert served.rows() == before


def test_a_business_without_google_is_told_what_to_do(desk: Desk) -> None:
    ran = desk("calendar", "connect", "ana", "ana@luna.example", "--json")
    assert (ran.code, ran.error["code"]) == (3, "provider_not_set")
    assert "provider set google" in ran.error["hint"]
    assert "bookra calendar connect" in desk("calendar", "feeds").stderr


@pytest.mark.parametrize(
    ("words", "code"), [(("nobody", "a@b.example"), 3), (("ana", "not a calendar"), 6)]
)
def test_what_cannot_be_connected_is_refused(
    served: Desk, words: tuple[str, str], code: int
) -> None:
    assert served("calendar", "connect", *words).code == code


def test_a_service_account_is_checked_when_it_is_connected(served: Desk, tmp_path: Path) -> None:
    folder = served.shop.settings.sandbox_dir
    calendar, key = (
        open_google_calendar(folder, name="Luna").id,
        open_google_service_account(folder),
    )
    file = tmp_path / "key.json"
    file.write_text(json.dumps(key))
    words = ("tenant", "provider", "set", "google", "--sandbox", "--calendar", calendar)
    refused = served(*words, "--service-account", str(file), "--json")
    assert (refused.code, refused.error["code"]) == (6, "calendar_refused")
    assert key["client_email"] in refused.error["hint"]

    share_google_calendar(folder, calendar, with_owner=key["client_email"])
    done = served(*words, "--service-account", str(file), "--json", check=True)
    assert done.json["config"] == {"calendar": calendar}
    assert key["private_key"] not in done.stdout + done.stderr
    served(*BOOK, monday_at("10:00"), check=True)
    served("relay", "drain", check=True)
    events = served("sandbox", "show", "--json", check=True).json["calendar"]["events"]
    assert [event["calendar"] for event in events] == [calendar]


def test_a_person_consents_in_a_browser(served: Desk, tmp_path: Path) -> None:
    file = tmp_path / "client.json"
    file.write_text(json.dumps(CLIENT))
    words = ("tenant", "provider", "set", "google", "--sandbox", "--oauth-client", str(file))
    with served.process.start(*words, "--no-browser", "--json") as process:
        assert process.stderr is not None
        guard = threading.Timer(30, process.kill)
        guard.start()
        address = address_in(iter(process.stderr.readline, ""))
        with httpx.Client(trust_env=False, follow_redirects=True) as browser:
            assert browser.get(address).status_code == 200
        out, rest = process.communicate()
        guard.cancel()
    assert process.returncode == 0, rest
    assert json.loads(out)["config"] == {"calendar": "primary"}
    assert "GOCSPX" not in out + rest

    code = served(*BOOK, monday_at("10:00"), "--json", check=True).json["code"]
    served("relay", "drain", check=True)
    events = served("sandbox", "show", "--json", check=True).json["calendar"]["events"]
    assert [(event["booking"], event["calendar"][:6]) for event in events] == [(code, "owner-")]


def address_in(lines: Iterator[str]) -> str:
    """Return the address that a person is asked to open."""
    for line in lines:
        if found := re.search(r"http://127\.0\.0\.1:\d+/o/oauth2/\S+", line):
            return found[0]
    raise AssertionError("no address was shown")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--service-account", "FILE"), 6),
        (("--oauth-client", "FILE"), 6),
        (("--service-account", "FILE", "--oauth-client", "FILE"), 2),
        (("--subject", "ana@luna.example"), 2),
        ((), 2),
    ],
    ids=["no key", "no client", "both", "nobody to act for", "nothing"],
)
def test_a_credential_that_is_none_is_refused(
    served: Desk, tmp_path: Path, options: tuple[str, ...], code: int
) -> None:
    file = tmp_path / "some.json"
    file.write_text('{"type": "authorized_user"}')
    given = [str(file) if word == "FILE" else word for word in options]
    assert served("tenant", "provider", "set", "google", *given).code == code
