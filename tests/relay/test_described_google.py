"""The description that our requests to Google are held against does refuse what is wrong."""

from __future__ import annotations

import json

import pytest
from described_google import Sent

EVENTS = "/calendar/v3/calendars/c%40group.calendar.google.com/events"
EVENT = {"id": "abcde", "start": {"dateTime": "2026-11-24T13:30:00Z"}}


def sent(method: str = "POST", path: str = EVENTS, query: str = "", body: object = None) -> Sent:
    return Sent(method, path, query, b"" if body is None else json.dumps(body).encode())


@pytest.mark.parametrize(
    "request_",
    [
        sent(body=EVENT, query="sendUpdates=none"),
        sent("GET", query="singleEvents=true&maxResults=250&fields=items(id)"),
        sent("DELETE", f"{EVENTS}/abcde", "sendUpdates=none"),
    ],
)
def test_what_google_describes_passes(request_: Sent) -> None:
    assert request_.problems() == []


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (sent("PUT"), "Google has no PUT"),
        (sent(path=f"{EVENTS}/a/b"), "Google has no POST"),
        (sent(body=EVENT, query="sendUpdate=none"), "sendUpdate is unknown"),
        (sent(body=EVENT, query="sendUpdates=nobody"), "sendUpdates can't be nobody"),
        (sent("GET", query="maxResults=many"), "not a whole number"),
        (sent("GET", query="maxResults=0"), "out of range"),
        (sent("GET", query="timeMin=2026-11-24"), "not an instant"),
        (sent("GET", query="singleEvents=True"), "neither true nor false"),
        (sent("GET", query="q=a&q=b"), "there twice"),
        (sent("GET", body={}), "a body that nobody reads"),
        (sent(body={"title": "Cut"}), "body.title is unknown"),
        (sent(body={"summary": 3}), "body.summary is not string"),
        (sent(body={"start": "now"}), "body.start is not an object"),
        (sent(body={"start": {"dateTime": "2026-11-24T13:30:00"}}), "not an instant"),
        (sent(body={"extendedProperties": {"private": {"revision": 1}}}), "revision is not string"),
        (sent(body={"recurrence": "RRULE"}), "is not a list"),
    ],
)
def test_what_google_does_not_describe_is_named(request_: Sent, problem: str) -> None:
    assert problem in " ".join(request_.problems())
