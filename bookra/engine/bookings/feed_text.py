"""The calendar feed's text: iCalendar (RFC 5545) of events, with every time in UTC. Pure.

In UTC, since a VTIMEZONE that does not reach far enough shifts the visits after the next change of
the clocks by an hour.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from icalendar import Calendar

PRODUCT = "-//Bookra//Bookra//EN"
UID_DOMAIN = "bookra"
"""What an import knows our own events by."""


class FeedState(StrEnum):
    """An event's STATUS."""

    CONFIRMED = "CONFIRMED"
    TENTATIVE = "TENTATIVE"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One event. ``revision`` never falls while the event is the same one; times are aware."""

    id: UUID
    code: str
    revision: int
    start: datetime
    end: datetime
    state: FeedState
    summary: str
    location: str | None = None


def feed_text(events: Iterable[FeedEvent], *, name: str, now: datetime) -> bytes:
    """Return an iCalendar file: CRLF, lines of at most 75 octets, UTF-8. ``name`` is its title."""
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("X-WR-CALNAME", _one_line(name))
    for event in events:
        _add(calendar, event, now)
    text: bytes = calendar.to_ical()
    return text


def _add(calendar: Calendar, event: FeedEvent, now: datetime) -> None:
    from icalendar import Event

    written = Event()
    written.add("UID", f"{event.id}@{UID_DOMAIN}")
    written.add("DTSTAMP", _utc(now))
    written.add("DTSTART", _utc(event.start))
    written.add("DTEND", _utc(event.end))
    written.add("SUMMARY", _one_line(event.summary))
    written.add("STATUS", event.state.value)
    written.add("SEQUENCE", event.revision)
    written.add("X-BOOKRA-CODE", event.code)
    if event.state is FeedState.CANCELLED:
        written.add("TRANSP", "TRANSPARENT")
    if event.location:
        written.add("LOCATION", _one_line(event.location))
    calendar.add_component(written)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _one_line(words: str) -> str:
    """Return ``words`` without control characters, some of which end a line for some readers."""
    return "".join(c if c.isprintable() else " " for c in words)
