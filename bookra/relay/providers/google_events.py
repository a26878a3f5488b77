"""Reading when a calendar's owner is busy: whole at first, then by sync token what has changed.

Only times, marks and states are asked for: titles, places and guests never leave Google. Recurring
events come as their instances. A sync token that Google no longer takes (410, or 400 after the
question has changed) means reading everything again, not that there is nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import httpx

from bookra import clock
from bookra.errors import InvalidInputError
from bookra.relay.outcome import PERMANENT, Dead, Retry
from bookra.relay.providers.google_errors import UNREADABLE, no_answer, outcome_of
from bookra.relay.providers.google_tokens import NoTokenError
from bookra.relay.providers.google_wire import GoogleWire, events_path, no_token

PAGE_ROWS = 2500
MOST_PAGES = 40
FIELDS = (
    "items(id,status,transparency,eventType,start,end,recurringEventId,"
    "attendees(self,responseStatus),extendedProperties/private),"
    "nextPageToken,nextSyncToken,timeZone"
)
"""What is asked for: when, and whether it counts. A calendar's titles are nobody's business."""

NEVER_BUSY = frozenset({"birthday", "workingLocation"})
"""Kinds of events that say something about a day, and take no time of it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be read of a calendar: events that touch ``[start, until)``.

    ``tenant`` is the mark of our own events. ``zone`` is for all-day events of a calendar that
    doesn't name a zone. ``sync_token`` asks for what has changed since it was given.
    """

    tenant: str
    start: datetime
    until: datetime
    zone: ZoneInfo
    sync_token: str | None = None


@dataclass(frozen=True, slots=True)
class EventsRead:
    """What a calendar answered. ``whole`` tells everything from what has changed.

    ``busy`` are ``(id, start, end)`` in UTC. ``touched`` are the ids that are spoken of, ``ended``
    those that are gone, ``own`` those that we wrote, ``unread`` those that can't be understood.
    """

    busy: tuple[tuple[str, datetime, datetime], ...]
    touched: frozenset[str]
    ended: frozenset[str]
    own: frozenset[str]
    unread: frozenset[str]
    whole: bool
    sync_token: str | None


Answer: TypeAlias = EventsRead | Retry | Dead


def read_events(wire: GoogleWire, calendar_id: str, question: Question) -> Answer:
    """Ask a calendar until its last page; what is not an answer is never an empty one."""
    try:
        items, last = [], dict[str, Any]()
        for page in _pages(wire, calendar_id, question):
            if isinstance(page, httpx.Response):
                if question.sync_token is not None and page.status_code in (400, 410):
                    return read_events(wire, calendar_id, replace(question, sync_token=None))
                return _refusal(page)
            items += _items(page)
            last = page
        if "nextPageToken" in last:
            return Dead("google too_many_events", PERMANENT)
        return _understood(items, last, question)
    except NoTokenError as error:
        return no_token(error)
    except UNREADABLE as error:
        return no_answer(error)


def _pages(
    wire: GoogleWire, calendar_id: str, question: Question
) -> Iterator[dict[str, Any] | httpx.Response]:
    """Yield page after page, or a refusal as the last thing."""
    query = {"singleEvents": "true", "maxResults": str(PAGE_ROWS), "fields": FIELDS}
    if question.sync_token is not None:
        query["syncToken"] = question.sync_token
    else:
        query |= {"timeMin": question.start.isoformat(), "timeMax": question.until.isoformat()}
    for _ in range(MOST_PAGES):
        reply = wire.ask("GET", events_path(calendar_id), query=query)
        if not reply.is_success:
            yield reply
            return
        page = reply.json()
        yield page
        if "nextPageToken" not in page:
            return
        query["pageToken"] = page["nextPageToken"]


def _items(page: dict[str, Any]) -> list[Any]:
    """Return a page's events: none is said by leaving them out, but only by Google itself."""
    told = "nextSyncToken" in page or "nextPageToken" in page
    return page.get("items", []) if told else page["items"]  # type: ignore[no-any-return]


def _understood(items: list[Any], last: dict[str, Any], question: Question) -> EventsRead:
    zone = _zone(last.get("timeZone"), question.zone)
    busy, touched, unread = list[tuple[str, datetime, datetime]](), set[str](), set[str]()
    ended, own = set[str](), set[str]()
    for item in items:
        event = str(item["id"])
        # An event that became a series leaves its own time to its instances.
        touched |= {event, str(item.get("recurringEventId") or event)}
        if item.get("status") == "cancelled":
            ended.add(event)
        elif _is_own(item, question.tenant):
            own.add(event)
        elif _counts(item):
            try:
                start, end = _instant(item["start"], zone), _instant(item["end"], zone)
            except (KeyError, TypeError, ValueError, OverflowError):
                unread.add(event)
                continue
            if start < end and start < question.until and end > question.start:
                busy.append((event, start, end))
    return EventsRead(
        tuple(dict.fromkeys(busy)),
        frozenset(touched - unread),
        frozenset(ended),
        frozenset(own),
        frozenset(unread),
        question.sync_token is None,
        last.get("nextSyncToken"),
    )


def _is_own(item: dict[str, Any], tenant: str) -> bool:
    """Tell whether this business wrote an event; another one's booking is busy time like any."""
    marks = (item.get("extendedProperties") or {}).get("private") or {}
    return "booking" in marks and marks.get("tenant", tenant) == tenant


def _counts(item: dict[str, Any]) -> bool:
    """Tell whether an event takes its owner's time: an invitation counts until it is declined."""
    declined = any(
        guest.get("self") and guest.get("responseStatus") == "declined"
        for guest in item.get("attendees") or ()
    )
    free = item.get("transparency") == "transparent" or item.get("eventType") in NEVER_BUSY
    return not (free or declined)


def _instant(when: dict[str, Any], zone: ZoneInfo) -> datetime:
    """Return an edge of an event in UTC; a whole day begins where the calendar is."""
    if "dateTime" in when:
        moment = datetime.fromisoformat(when["dateTime"])
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=_zone(when.get("timeZone"), zone))
        return moment.astimezone(UTC)
    return clock.from_epoch(clock.opening(date.fromisoformat(when["date"]), 0, zone))


def _zone(name: Any, otherwise: ZoneInfo) -> ZoneInfo:
    """Return a zone by its name, another one when it isn't known here."""
    try:
        return clock.zone(str(name)) if name else otherwise
    except InvalidInputError:
        return otherwise


def _refusal(reply: httpx.Response) -> Retry | Dead:
    outcome = outcome_of(reply)
    assert isinstance(outcome, Retry | Dead)
    return outcome
