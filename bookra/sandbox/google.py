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
from bookra.sandbox.google_accounts import FREE_BUSY, WRITER, role_of, zone_of
from bookra.sandbox.google_errors import GoogleRefusedError, refused
from bookra.sandbox.google_fields import partial
from bookra.sandbox.google_oauth import CONSENT_PATH, TOKEN_PATH, consent, token
from bookra.sandbox.state import Json, State, now, token_owner
from bookra.sandbox.wire import Reply, Request

TIMES_ONLY = (
    "kind etag id status start end recurringEventId originalStartTime transparency updated".split()
)
"""What whoever may see free and busy alone is shown of an event."""

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
                if request.path == CONSENT_PATH:
                    return consent(tx, request)
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
    if request.path == TOKEN_PATH:
        return token(tx, request)
    owner = _owner(tx, request)
    query = {name: values[-1] for name, values in parse_qs(request.query).items()}
    if request.path == "/calendar/v3/freeBusy" and request.method == "POST":
        return 200, _free_busy(tx, owner, _document(request))
    if found := _EVENTS.fullmatch(request.path):
        calendar, role = _opened(tx, owner, unquote(found[1]))
        if request.method != "GET" and role not in ("owner", WRITER):
            raise refused(
                403, "requiredAccessLevel", "You need to have writer access to this calendar."
            )
        key = None if found[2] is None else unquote(found[2])
        status, body = _event(tx, request, calendar, key, query)
        return status, _visible(body, role, query)
    if (found := _CALENDAR.fullmatch(request.path)) and request.method == "GET":
        calendar, _ = _opened(tx, owner, unquote(found[1]))
        zone = zone_of(tx, calendar)
        return 200, {"kind": "calendar#calendar", "id": calendar, "etag": '"1"', "timeZone": zone}
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


def _opened(tx: sqlite3.Connection, owner: str, asked: str) -> tuple[str, str]:
    """Return a calendar and the role in it of who asks; 404 for one that isn't theirs to see."""
    calendar = owner if asked == "primary" else asked
    role = role_of(tx, owner, calendar)
    if role is None:
        raise refused(404, "notFound", "Not Found")
    return calendar, role


def _visible(body: Json | None, role: str, query: dict[str, str]) -> Json | None:
    """Return what a role may see of an answer, and of that what was asked for."""
    if body is None:
        return None
    if role == FREE_BUSY and "items" in body:
        body = {**body, "accessRole": role, "items": [_veiled(item) for item in body["items"]]}
    return partial(body, query.get("fields"))


def _veiled(event: Json) -> Json:
    return {name: event[name] for name in TIMES_ONLY if name in event} | {"visibility": "private"}


def _document(request: Request) -> Json:
    try:
        document: Any = request.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise refused(400, "parseError", "Parse Error")
    return document


def _free_busy(tx: sqlite3.Connection, owner: str, asked: Json) -> Json:
    start, end = (events.instant(asked.get(name), name) for name in ("timeMin", "timeMax"))
    if end <= start:
        raise refused(400, "timeRangeEmpty", "The specified time range is empty.")
    calendars: Json = {}
    for item in asked.get("items", []):
        name = item.get("id", "")
        calendar = owner if name == "primary" else name
        if role_of(tx, owner, calendar) is not None:
            calendars[name] = {"busy": lists.busy(tx, calendar, start, end)}
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
