"""A Google Calendar on loopback: events with ids of our choosing, sync tokens, free/busy.

Refusals have Google's shape (https://developers.google.com/workspace/calendar/api/guides/errors).
Fields that Google doesn't know are dropped silently, as it does.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from bookra.sandbox import calendar_events as events
from bookra.sandbox import calendar_lists as lists
from bookra.sandbox.google_errors import GoogleRefusedError, refused
from bookra.sandbox.state import Json, State, issue_token, now, random_id, token_owner
from bookra.sandbox.wire import Reply, Request

TOKEN_SECONDS = 3600

_EVENTS = re.compile(r"/calendar/v3/calendars/([^/]+)/events(?:/([^/]+))?")
_CALENDAR = re.compile(r"/calendar/v3/calendars/([^/]+)")


class GoogleApi:
    """The Calendar API over one state file."""

    def __init__(self, state: State) -> None:
        self._state = state

    def answer(self, request: Request, fault: str | None = None) -> Reply:
        """Return Google's reply; ``fault`` is one of 500, 500-after, 409 or 429."""
        try:
            if fault in _FAULTS:
                raise _FAULTS[fault]()
            with self._state.writing() as tx:
                status, body = _route(tx, request)
            if fault == "500-after":
                raise _FAULTS["500"]()
        except GoogleRefusedError as refusal:
            headers = {"Retry-After": "1"} if refusal.status == 429 else {}
            reply = Reply.of_json(refusal.status, refusal.body())
            return Reply(reply.status, reply.body, {**reply.headers, **headers})
        if body is None:
            return Reply(status)
        etag = {"etag": str(body["etag"])} if "etag" in body else {}
        return Reply.of_json(status, body, **etag)


def _route(tx: sqlite3.Connection, request: Request) -> tuple[int, Json | None]:
    if request.path == "/token":
        return _token(tx, request)
    owner = _owner(tx, request)
    query = {name: values[-1] for name, values in parse_qs(request.query).items()}
    if request.path == "/calendar/v3/freeBusy" and request.method == "POST":
        return 200, _free_busy(tx, owner, _document(request))
    if found := _EVENTS.fullmatch(request.path):
        calendar = _own_calendar(owner, unquote(found[1]))
        key = None if found[2] is None else unquote(found[2])
        return _event(tx, request, calendar, key, query)
    if (found := _CALENDAR.fullmatch(request.path)) and request.method == "GET":
        calendar = _own_calendar(owner, unquote(found[1]))
        return 200, {"kind": "calendar#calendar", "id": calendar, "etag": '"1"', "timeZone": "UTC"}
    raise refused(404, "notFound", "Not Found")


def _event(
    tx: sqlite3.Connection, request: Request, calendar: str, key: str | None, query: dict[str, str]
) -> tuple[int, Json | None]:
    match_etag = request.headers.get("if-match")
    verb = (request.method, key is not None)
    if verb == ("GET", False):
        return 200, lists.listed(tx, calendar, query, now(tx))
    if verb == ("POST", False):
        return 200, events.insert(tx, calendar, _document(request), now(tx))
    if key is None:
        raise refused(404, "notFound", "Not Found")
    if request.method == "DELETE":
        events.delete(tx, calendar, key, match_etag, now(tx))
        return 204, None
    one: dict[str, Callable[[], tuple[int, Json]]] = {
        "GET": lambda: (200, events.get(tx, calendar, key)),
        "PATCH": lambda: (
            200,
            events.change(tx, calendar, key, _document(request), match_etag, now(tx), whole=False),
        ),
        "PUT": lambda: (
            200,
            events.change(tx, calendar, key, _document(request), match_etag, now(tx), whole=True),
        ),
    }
    if request.method not in one:
        raise refused(405, "httpMethodNotAllowed", "Method Not Allowed")
    return one[request.method]()


def _owner(tx: sqlite3.Connection, request: Request) -> str:
    """Return the calendar that the bearer token opens."""
    owner = token_owner(tx, request.bearer or "", provider="google")
    if owner is None:
        raise refused(
            401,
            "authError" if request.bearer else "required",
            "Invalid Credentials" if request.bearer else "Login Required.",
            location=("header", "Authorization"),
        )
    return owner


def _own_calendar(owner: str, asked: str) -> str:
    if asked not in ("primary", owner):
        raise refused(404, "notFound", "Not Found")
    return owner


def _document(request: Request) -> Json:
    try:
        document: Any = request.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise refused(400, "parseError", "Parse Error")
    return document


def _token(tx: sqlite3.Connection, request: Request) -> tuple[int, Json]:
    """Exchange a refresh token for a fresh access token."""
    given = {name: values[-1] for name, values in parse_qs(request.body.decode("latin-1")).items()}
    if given.get("grant_type") != "refresh_token":
        return 400, {"error": "unsupported_grant_type", "error_description": "Invalid grant_type"}
    owner = token_owner(tx, given.get("refresh_token", ""), provider="google", kind="refresh")
    if owner is None:
        return 400, {"error": "invalid_grant", "error_description": "Bad Request"}
    secret = random_id("ya29.sandbox-", 60)
    issue_token(tx, secret, provider="google", kind="access", owner=owner)
    return 200, {"access_token": secret, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"}


def _free_busy(tx: sqlite3.Connection, owner: str, asked: Json) -> Json:
    start, end = (events.instant(asked.get(name), name) for name in ("timeMin", "timeMax"))
    if end <= start:
        raise refused(400, "timeRangeEmpty", "The specified time range is empty.")
    calendars: Json = {}
    for item in asked.get("items", []):
        name = item.get("id", "")
        if name in ("primary", owner):
            calendars[name] = {"busy": lists.busy(tx, owner, start, end)}
        else:
            error = {"domain": "global", "reason": "notFound"}
            calendars[name] = {"errors": [error], "busy": []}
    stamp = {
        name: datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        for name, at in (("timeMin", start), ("timeMax", end))
    }
    return {"kind": "calendar#freeBusy", **stamp, "calendars": calendars}


_FAULTS: dict[str, Callable[[], GoogleRefusedError]] = {
    "500": lambda: refused(500, "backendError", "Backend Error"),
    "409": lambda: refused(409, "conflict", "Conflict"),
    "429": lambda: refused(429, "rateLimitExceeded", "Rate Limit Exceeded", domain="usageLimits"),
}
