"""Google Calendar's wire: make an event equal a booking, or gone.

The event's id is ours, so that writing it twice is a 409 and not a second event; what is there
then says by its revision whether it is older than what we bring. google-api-python-client is not
used: its transport was seen to send a POST again by itself after a dropped connection.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import httpx

from bookra.relay.outcome import CONFLICT, PERMANENT, Dead, Delivered, Outcome, Retry
from bookra.relay.providers.google_errors import UNREADABLE, no_answer, outcome_of, reason_of
from bookra.relay.providers.google_events import Answer, Question, read_events
from bookra.relay.providers.google_tokens import NoTokenError
from bookra.relay.providers.google_wire import GoogleAccess, GoogleWire, events_path, no_token
from bookra.relay.providers.wire import ANSWER_SECONDS, CONNECT_SECONDS

__all__ = ["CalendarClient", "CalendarEvent", "EventWritten", "GoogleAccess"]

READS = 2
"""How often an event is read when somebody else keeps changing it; then another delivery."""

_EVENT_ID = re.compile(r"[a-v0-9]{5,1024}")
_GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """An event as it shall be. ``revision`` grows with each change of the booking.

    ``tenant`` marks whose booking it is: who reads the calendar back knows its own by it.
    """

    id: str
    summary: str = field(repr=False)
    description: str = field(repr=False)
    starts_at: datetime
    ends_at: datetime
    zone: str
    booking_code: str
    revision: int
    tenant: str = ""

    def __post_init__(self) -> None:
        if _EVENT_ID.fullmatch(self.id) is None:
            raise ValueError(f"{self.id!r} is not an event id: [a-v0-9], 5 to 1024")
        if self.starts_at.tzinfo is None or self.ends_at.tzinfo is None:
            raise ValueError("an event's times are aware")

    def body(self) -> dict[str, Any]:
        """Return the event as Google takes it. No attendees: Bookra notifies people itself."""
        return {
            "summary": self.summary,
            "description": self.description,
            "status": "confirmed",
            "start": {"dateTime": _utc(self.starts_at), "timeZone": self.zone},
            "end": {"dateTime": _utc(self.ends_at), "timeZone": self.zone},
            "extendedProperties": {"private": self._marks()},
        }

    def _marks(self) -> dict[str, str]:
        marks = {"booking": self.booking_code, "revision": str(self.revision)}
        return {**marks, "tenant": self.tenant} if self.tenant else marks


@dataclass(frozen=True, slots=True)
class EventWritten:
    """How the event came to be: ``inserted``, ``updated``, or ``kept`` since it was newer."""

    how: str
    revision: int


class CalendarClient:
    """The calendars that one credential opens. ``close`` it, or use it in a ``with``.

    It keeps the token that it minted: make one for many deliveries.
    """

    def __init__(
        self,
        access: GoogleAccess,
        *,
        timeout_seconds: tuple[float, float] = (CONNECT_SECONDS, ANSWER_SECONDS),
    ) -> None:
        """Raises ValueError for a token that is JSON, but no credential."""
        self._wire = GoogleWire(access, timeout_seconds=timeout_seconds)

    def upsert(self, calendar_id: str, event: CalendarEvent) -> Outcome:
        """Make the calendar's event equal ``event``: Delivered(event id, EventWritten)."""
        try:
            reply = self._ask("POST", events_path(calendar_id), {"id": event.id, **event.body()})
            if _written(reply, event.id):
                return Delivered(event.id, EventWritten("inserted", event.revision))
            if reply.status_code != 409:
                return outcome_of(reply)
            return self._reconciled(calendar_id, event)
        except NoTokenError as error:
            return no_token(error)
        except UNREADABLE as error:
            return no_answer(error)

    def delete(self, calendar_id: str, event_id: str) -> Outcome:
        """Take an event out: Delivered(event id), also when it is gone already."""
        try:
            reply = self._ask("DELETE", events_path(calendar_id, event_id))
        except NoTokenError as error:
            return no_token(error)
        except httpx.HTTPError as error:
            return no_answer(error)
        deleted = reply.is_success and not reply.content
        if deleted or (reply.status_code in _GONE and reason_of(reply)):
            return Delivered(event_id)
        return outcome_of(reply)

    def read(self, calendar_id: str, question: Question) -> Answer:
        """Return when a calendar's owner is busy, or why that can't be known now."""
        return read_events(self._wire, calendar_id, question)

    def _reconciled(self, calendar_id: str, event: CalendarEvent) -> Outcome:
        """Bring an event that is there up to ``event``, unless it is newer.

        An ``If-Match`` keeps a change that came in between from being lost: 412, and read again.
        A deleted event lives again by the patch, since its status is part of it.
        """
        path = events_path(calendar_id, event.id)
        reply = httpx.Response(412)
        for _ in range(READS):
            read = self._ask("GET", path)
            if not read.is_success:
                return _vanished(read) if read.status_code in _GONE else outcome_of(read)
            present = read.json()
            if (standing := _standing(present, event)) is not None:
                return standing
            reply = self._ask("PATCH", path, event.body(), etag=present.get("etag"))
            if _written(reply, event.id):
                return Delivered(event.id, EventWritten("updated", event.revision))
            if reply.status_code != 412:
                break
        return _vanished(reply) if reply.status_code in _GONE else outcome_of(reply)

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, etag: str | None = None
    ) -> httpx.Response:
        """Ask about one event; nobody is mailed about a change."""
        query = None if method == "GET" else {"sendUpdates": "none"}
        return self._wire.ask(method, path, body, query=query, etag=etag)

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_trouble: object) -> None:
        self.close()


def _standing(present: Any, event: CalendarEvent) -> Outcome | None:
    """Return the outcome if the event that is there stays as it is, None if it is to change."""
    marks = (present.get("extendedProperties") or {}).get("private") or {}
    if marks.get("booking", event.booking_code) != event.booking_code:
        return Dead(f"google: event {event.id} belongs to another booking", PERMANENT)
    revision = str(marks.get("revision", ""))
    if revision.isdecimal() and int(revision) > event.revision:
        return Delivered(event.id, EventWritten("kept", int(revision)))
    return None


def _written(reply: httpx.Response, event_id: str) -> bool:
    """Tell whether Google says so itself: a 200 from a hotel's proxy writes no event."""
    if reply.is_success and reply.json()["id"] != event_id:
        raise ValueError("another event came back")
    return reply.is_success


def _vanished(reply: httpx.Response) -> Retry:
    """Return what an id comes to that is taken, and yet names nothing."""
    return Retry(f"google {reply.status_code} after 409", CONFLICT)


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()
