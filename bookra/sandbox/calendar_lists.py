"""Reading a calendar of the Google stand-in: pages, sync tokens, free and busy."""

from __future__ import annotations

import base64
import json
import sqlite3

from bookra.sandbox.calendar_events import edge, instant, last_change, singles, stamp
from bookra.sandbox.google_accounts import zone_of
from bookra.sandbox.google_errors import refused
from bookra.sandbox.state import Json, remember, setting

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


def listed(tx: sqlite3.Connection, calendar: str, query: dict[str, str], at: int) -> Json:
    """List events page by page; the last page carries ``nextSyncToken``."""
    since, upto = _window(tx, calendar, query)
    cancelled_too = "syncToken" in query or query.get("showDeleted") == "true"
    rows = tx.execute(
        "SELECT changed, body FROM calendar_events WHERE calendar = ? AND changed > ? "
        "AND changed <= ? ORDER BY changed",
        (calendar, since, upto),
    )
    expands = query.get("singleEvents") == "true"
    wanted = [
        (int(row["changed"]), event)
        for row in rows
        for event in _shown(tx, calendar, json.loads(row["body"]), expands=expands)
        if _wanted(event, query, cancelled_too=cancelled_too)
    ]
    page = _page(wanted, _limit(query))
    answer: Json = {
        "kind": "calendar#events",
        "etag": f'"{upto}"',
        "summary": calendar,
        "updated": stamp(at),
        "timeZone": zone_of(tx, calendar),
        "accessRole": "owner",
        "defaultReminders": [],
        "items": _ordered([event for _, event in page], query.get("orderBy")),
    }
    if len(wanted) > len(page):
        answer["nextPageToken"] = _closed([page[-1][0], upto])
    else:
        answer["nextSyncToken"] = _closed([upto, _generation(tx)])
    return answer


def _shown(tx: sqlite3.Connection, calendar: str, event: Json, *, expands: bool) -> list[Json]:
    return singles(tx, calendar, event) if expands else [event]


def _page(wanted: list[tuple[int, Json]], limit: int) -> list[tuple[int, Json]]:
    """Return the first ``limit`` events, and the rest of a series that would be cut in two."""
    last = wanted[:limit][-1:]
    return [one for one in wanted if last and one[0] <= last[0][0]]


def _window(tx: sqlite3.Connection, calendar: str, query: dict[str, str]) -> tuple[int, int]:
    """Return the changes to look at as ``(after, up to)``, from the tokens of the query."""
    since, after, upto = 0, 0, last_change(tx, calendar)
    if token := query.get("syncToken"):
        clash = next((name for name in NOT_WITH_SYNC if name in query), None)
        if clash is not None:
            raise refused(400, "invalid", f"Sync token cannot be used with {clash}.")
        since = _opened_token(tx, token)
    if token := query.get("pageToken"):
        after, upto = _opened_page(token)
    return max(since, after), upto


def busy(tx: sqlite3.Connection, calendar: str, start: int, end: int) -> list[Json]:
    """Return the opaque events that overlap ``[start, end)``, as RFC 3339 pairs, merged."""
    rows = tx.execute("SELECT body FROM calendar_events WHERE calendar = ?", (calendar,))
    spans = sorted(
        (max(start, begin), min(end, finish))
        for stored in map(json.loads, (row["body"] for row in rows))
        for event in singles(tx, calendar, stored)
        if event["status"] != "cancelled" and event.get("transparency") != "transparent"
        for begin, finish in [(edge(event["start"], "start"), edge(event["end"], "end"))]
        if begin < end and finish > start
    )
    merged: list[tuple[int, int]] = []
    for begin, finish in spans:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], finish))
        else:
            merged.append((begin, finish))
    return [{"start": stamp(b, ""), "end": stamp(f, "")} for b, f in merged]


def expire_sync_tokens(tx: sqlite3.Connection) -> None:
    """Make every sync token given so far answer 410: the client must list in full again."""
    remember(tx, "calendar_generation", str(_generation(tx) + 1))


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
    if "timeMin" in query and edge(event["end"], "end") <= instant(query["timeMin"], "timeMin"):
        return False
    if "timeMax" in query and edge(event["start"], "start") >= instant(query["timeMax"], "timeMax"):
        return False
    if wanted := query.get("privateExtendedProperty"):
        name, _, value = wanted.partition("=")
        return bool(event.get("extendedProperties", {}).get("private", {}).get(name) == value)
    return True


def _ordered(events: list[Json], order: str | None) -> list[Json]:
    if order == "startTime":
        return sorted(events, key=lambda event: edge(event["start"], "start"))
    return events
