"""Events of the Google stand-in: inserted, revived, deleted, and listed by sync token.

A deleted event stays as ``cancelled`` and keeps its id: inserting the id again is a 409, and an
update revives it. Each change gets the calendar's next number, which is what a sync token holds.
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bookra.sandbox.google_errors import refused
from bookra.sandbox.state import Json, random_id, remember, setting

EVENT_ID = re.compile(r"[a-v0-9]{5,1024}")
WRITABLE = frozenset(
    "summary description location start end status transparency visibility colorId reminders "
    "extendedProperties source recurrence guestsCanModify guestsCanInviteOthers attendees".split()
)
PAGE_ROWS = 250
PAGE_ROWS_MOST = 2500
NOT_WITH_SYNC = (
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
)


def insert(tx: sqlite3.Connection, calendar: str, given: Json, at: int) -> Json:
    """Store a new event; 400 for an id outside ``[a-v0-9]{5,1024}``, 409 for a known one."""
    key = given.get("id", random_id("").lower().translate(str.maketrans("wxyz", "0123")))
    if not isinstance(key, str) or not EVENT_ID.fullmatch(key):
        raise refused(400, "invalid", "Invalid resource id value.")
    if _stored(tx, calendar, key) is not None:
        raise refused(409, "duplicate", "The requested identifier already exists.")
    fields = _checked(given, {})
    for name in ("start", "end"):
        if name not in fields:
            raise refused(400, "required", f"Missing {name} time.")
    event = {
        "kind": "calendar#event",
        "id": key,
        "status": "confirmed",
        "htmlLink": f"https://www.google.com/calendar/event?eid={key}",
        "created": _stamp(at),
        "creator": {"email": calendar, "self": True},
        "organizer": {"email": calendar, "self": True},
        "iCalUID": f"{key}@google.com",
        "sequence": 0,
        "reminders": {"useDefault": True},
        "eventType": "default",
        **fields,
    }
    return _save(tx, calendar, event, at)


def get(tx: sqlite3.Connection, calendar: str, key: str) -> Json:
    """Return an event, a cancelled one too; 404 for one that never was."""
    event = _stored(tx, calendar, key)
    if event is None:
        raise refused(404, "notFound", "Not Found")
    return event


def change(
    tx: sqlite3.Connection,
    calendar: str,
    key: str,
    given: Json,
    if_match: str | None,
    at: int,
    *,
    whole: bool,
) -> Json:
    """Patch an event, or replace it when ``whole``; a cancelled one lives again."""
    event = get(tx, calendar, key)
    _check_etag(event, if_match)
    if whole and not {"start", "end"} <= given.keys():
        raise refused(
            400, "required", "Missing end time." if "start" in given else "Missing start time."
        )
    kept = {name: value for name, value in event.items() if not whole or name not in WRITABLE}
    changed = {**kept, **_checked(given, {} if whole else event)}
    if whole or given.get("status") == "confirmed":
        changed["status"] = given.get("status", "confirmed")
    changed["sequence"] = event["sequence"] + 1
    return _save(tx, calendar, {n: v for n, v in changed.items() if v is not None}, at)


def delete(tx: sqlite3.Connection, calendar: str, key: str, if_match: str | None, at: int) -> None:
    """Cancel an event, whose id stays taken; 410 when it already was."""
    event = get(tx, calendar, key)
    if event["status"] == "cancelled":
        raise refused(410, "deleted", "Resource has been deleted")
    _check_etag(event, if_match)
    _save(tx, calendar, {**event, "status": "cancelled"}, at)


def listed(tx: sqlite3.Connection, calendar: str, query: dict[str, str], at: int) -> Json:
    """List events page by page; the last page carries ``nextSyncToken``."""
    since, after, upto = 0, 0, _last_change(tx, calendar)
    if token := query.get("syncToken"):
        clash = next((name for name in NOT_WITH_SYNC if name in query), None)
        if clash is not None:
            raise refused(400, "invalid", f"Sync token cannot be used with {clash}.")
        since = _opened_token(tx, token)
    if token := query.get("pageToken"):
        after, upto = _opened_page(token)
    rows = tx.execute(
        "SELECT changed, body FROM calendar_events WHERE calendar = ? AND changed > ? "
        "AND changed <= ? ORDER BY changed",
        (calendar, max(since, after), upto),
    ).fetchall()
    cancelled_too = "syncToken" in query or query.get("showDeleted") == "true"
    wanted = [
        (int(row["changed"]), event)
        for row in rows
        if _wanted(event := json.loads(row["body"]), query, cancelled_too=cancelled_too)
    ]
    limit = _limit(query)
    page = wanted[:limit]
    answer: Json = {
        "kind": "calendar#events",
        "etag": f'"{upto}"',
        "summary": calendar,
        "updated": _stamp(at),
        "timeZone": "UTC",
        "accessRole": "owner",
        "defaultReminders": [],
        "items": _ordered([event for _, event in page], query.get("orderBy")),
    }
    if len(wanted) > limit:
        answer["nextPageToken"] = _closed([page[-1][0], upto])
    else:
        answer["nextSyncToken"] = _closed([upto, _generation(tx)])
    return answer


def busy(tx: sqlite3.Connection, calendar: str, start: int, end: int) -> list[Json]:
    """Return the opaque events that overlap ``[start, end)``, as RFC 3339 pairs, merged."""
    rows = tx.execute("SELECT body FROM calendar_events WHERE calendar = ?", (calendar,))
    spans = sorted(
        (max(start, begin), min(end, finish))
        for event in map(json.loads, (row["body"] for row in rows))
        if event["status"] != "cancelled" and event.get("transparency") != "transparent"
        for begin, finish in [(_edge(event["start"], "start"), _edge(event["end"], "end"))]
        if begin < end and finish > start
    )
    merged: list[tuple[int, int]] = []
    for begin, finish in spans:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], finish))
        else:
            merged.append((begin, finish))
    return [{"start": _stamp(b, ""), "end": _stamp(f, "")} for b, f in merged]


def expire_sync_tokens(tx: sqlite3.Connection) -> None:
    """Make every sync token given so far answer 410: the client must list in full again."""
    remember(tx, "calendar_generation", str(_generation(tx) + 1))


def instant(text: Any, name: str) -> int:
    """Return the epoch second of an RFC 3339 time with an offset; 400 for anything else."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or "T" not in str(text).upper():
        raise refused(400, "badRequest", f"Invalid {name}: '{text}'", location=("parameter", name))
    return int(moment.timestamp())


def _checked(given: Json, before: Json) -> Json:
    """Return the writable fields that were given, with their times checked."""
    fields = {name: value for name, value in given.items() if name in WRITABLE}
    both = {**before, **fields}
    for name in ("start", "end"):
        if name in fields:
            _edge(fields[name], name)
    if fields.get("status", "confirmed") not in ("confirmed", "tentative", "cancelled"):
        raise refused(400, "invalid", f"Invalid value for: {fields['status']}")
    if both.get("start") and both.get("end"):
        if ("date" in both["start"]) != ("date" in both["end"]):
            raise refused(
                400, "invalid", "Start and end times must either both be date or dateTime."
            )
        if _edge(both["end"], "end") < _edge(both["start"], "start"):
            raise refused(400, "timeRangeEmpty", "The specified time range is empty.")
    return fields


def _edge(when: Any, name: str) -> int:
    """Return the epoch second of ``{"dateTime": …}``, ``{"date": …}``."""
    if isinstance(when, dict) and isinstance(when.get("date"), str):
        try:
            day = date.fromisoformat(when["date"])
        except ValueError:
            raise refused(400, "invalid", f"Invalid {name} time.") from None
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    if not isinstance(when, dict) or not isinstance(when.get("dateTime"), str):
        raise refused(400, "invalid", f"Invalid {name} time.")
    return instant(when["dateTime"], f"{name}.dateTime")


def _stored(tx: sqlite3.Connection, calendar: str, key: str) -> Json | None:
    row = tx.execute(
        "SELECT body FROM calendar_events WHERE calendar = ? AND id = ?", (calendar, key)
    ).fetchone()
    return None if row is None else dict(json.loads(row["body"]))


def _save(tx: sqlite3.Connection, calendar: str, event: Json, at: int) -> Json:
    changed = _last_change(tx, calendar) + 1
    saved = {**event, "updated": _stamp(at), "etag": f'"{changed}{at:010d}"'}
    tx.execute(
        "INSERT OR REPLACE INTO calendar_events (calendar, id, changed, body) VALUES (?, ?, ?, ?)",
        (calendar, event["id"], changed, json.dumps(saved)),
    )
    return saved


def _check_etag(event: Json, if_match: str | None) -> None:
    if if_match not in (None, "*", event["etag"]):
        raise refused(
            412, "conditionNotMet", "Precondition Failed", location=("header", "If-Match")
        )


def _last_change(tx: sqlite3.Connection, calendar: str) -> int:
    row = tx.execute(
        "SELECT coalesce(max(changed), 0) AS n FROM calendar_events WHERE calendar = ?", (calendar,)
    ).fetchone()
    return int(row["n"])


def _generation(tx: sqlite3.Connection) -> int:
    return int(setting(tx, "calendar_generation") or 1)


def _closed(numbers: list[int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(numbers).encode()).decode()


def _opened_page(token: str) -> tuple[int, int]:
    try:
        first, second = json.loads(base64.urlsafe_b64decode(token))
        return int(first), int(second)
    except (ValueError, TypeError):
        raise refused(400, "invalid", "Invalid token value.") from None


def _opened_token(tx: sqlite3.Connection, token: str) -> int:
    changed, generation = _opened_page(token)
    if generation != _generation(tx):
        raise refused(
            410,
            "fullSyncRequired",
            "Sync token is no longer valid, a full sync is required.",
            location=("parameter", "syncToken"),
        )
    return changed


def _limit(query: dict[str, str]) -> int:
    text = query.get("maxResults", str(PAGE_ROWS))
    if not text.isdigit() or int(text) < 1:
        raise refused(400, "invalidParameter", f"Invalid value '{text}' for maxResults.")
    return min(int(text), PAGE_ROWS_MOST)


def _wanted(event: Json, query: dict[str, str], *, cancelled_too: bool) -> bool:
    if event["status"] == "cancelled" and not cancelled_too:
        return False
    if "timeMin" in query and _edge(event["end"], "end") <= instant(query["timeMin"], "timeMin"):
        return False
    if "timeMax" in query and _edge(event["start"], "start") >= instant(
        query["timeMax"], "timeMax"
    ):
        return False
    if wanted := query.get("privateExtendedProperty"):
        name, _, value = wanted.partition("=")
        return bool(event.get("extendedProperties", {}).get("private", {}).get(name) == value)
    return True


def _ordered(events: list[Json], order: str | None) -> list[Json]:
    if order == "startTime":
        return sorted(events, key=lambda event: _edge(event["start"], "start"))
    return events


def _stamp(at: int, fraction: str = ".000") -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at)).strftime(
        f"%Y-%m-%dT%H:%M:%S{fraction}Z"
    )
