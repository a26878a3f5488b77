"""Events of the Google stand-in: inserted, revived, deleted, and listed by sync token.

A deleted event stays as ``cancelled`` and keeps its id: inserting the id again is a 409, and an
update revives it. Each change gets the calendar's next number, which is what a sync token holds.
"""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bookra.sandbox.calendar_recurring import instance, instances, series_of
from bookra.sandbox.google_errors import refused
from bookra.sandbox.state import Json, random_id

EVENT_ID = re.compile(r"[a-v0-9]{5,1024}")
WRITABLE = frozenset(
    "summary description location start end status transparency visibility colorId reminders "
    "extendedProperties source recurrence guestsCanModify guestsCanInviteOthers attendees".split()
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
        "created": stamp(at),
        "creator": {"email": calendar, "self": True},
        "organizer": {"email": calendar, "self": True},
        "iCalUID": f"{key}@google.com",
        "sequence": 0,
        "reminders": {"useDefault": True},
        "eventType": "default",
        **fields,
    }
    if "recurrence" in event:
        next(instances(event), None)  # refuses a rule that it can't follow
    return _save(tx, calendar, event, at)


def get(tx: sqlite3.Connection, calendar: str, key: str) -> Json:
    """Return an event, a cancelled one too, or a series' instance; 404 for what never was."""
    event = _stored(tx, calendar, key)
    series = series_of(key) if event is None else None
    if series is not None and (found := _stored(tx, calendar, series)) and "recurrence" in found:
        event = instance(found, key)
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
            edge(fields[name], name)
    if fields.get("status", "confirmed") not in ("confirmed", "tentative", "cancelled"):
        raise refused(400, "invalid", f"Invalid value for: {fields['status']}")
    if both.get("start") and both.get("end"):
        if ("date" in both["start"]) != ("date" in both["end"]):
            raise refused(
                400, "invalid", "Start and end times must either both be date or dateTime."
            )
        if edge(both["end"], "end") < edge(both["start"], "start"):
            raise refused(400, "timeRangeEmpty", "The specified time range is empty.")
    return fields


def edge(when: Any, name: str) -> int:
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
    changed = last_change(tx, calendar) + 1
    saved = {**event, "updated": stamp(at), "etag": f'"{changed}{at:010d}"'}
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


def singles(tx: sqlite3.Connection, calendar: str, event: Json) -> list[Json]:
    """Return an event as its instances, without those that are stored by themselves."""
    if "recurrence" not in event:
        return [event]
    rows = tx.execute(
        "SELECT id FROM calendar_events WHERE calendar = ? AND id > ? AND id < ?",
        (calendar, f"{event['id']}_", f"{event['id']}`"),
    )
    apart = {row["id"] for row in rows}
    return [one for one in instances(event) if one["id"] not in apart]


def last_change(tx: sqlite3.Connection, calendar: str) -> int:
    """Return the number of the calendar's newest change, 0 before the first."""
    row = tx.execute(
        "SELECT coalesce(max(changed), 0) AS n FROM calendar_events WHERE calendar = ?", (calendar,)
    ).fetchone()
    return int(row["n"])


def stamp(at: int, fraction: str = ".000") -> str:
    """Return an epoch second as Google writes it: ``2026-11-24T13:30:00.000Z``."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at)).strftime(
        f"%Y-%m-%dT%H:%M:%S{fraction}Z"
    )
