"""People's calendars at Google's stand-in: what they keep in them, and what a relay sees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from connected import Connected
from sqlalchemy import text
from trusting import NOBODY

from bookra.engine.availability.actions import explain_start
from bookra.engine.availability.calendars.feeds import Feed, feeds
from bookra.engine.bookings.calendars import connect_calendar
from bookra.engine.tenancy.providers import account
from bookra.relay.access import Clients
from bookra.relay.calendar_pull import CalendarPull
from bookra.sandbox import GoogleCalendar, open_google_calendar, share_google_calendar

BUSY = text(
    "SELECT b.slug, e.source, e.uid, e.starts_at, e.ends_at FROM external_busy e"
    " JOIN bookables b ON b.tenant_id = e.tenant_id AND b.id = e.bookable_id"
    " WHERE e.tenant_id = :tenant_id ORDER BY e.starts_at, e.uid"
)
WAITED = text(
    "UPDATE calendar_feeds SET tried_at = tried_at - make_interval(secs => :seconds),"
    " pulled_at = pulled_at - make_interval(secs => :seconds), changed_by = session_user"
    " WHERE tenant_id = :tenant_id"
)
DAY_OVER = text(
    "UPDATE calendar_feeds SET read_until = read_until - interval '1 day',"
    " changed_by = session_user WHERE tenant_id = :tenant_id"
)


@dataclass(frozen=True)
class Diary:
    """A person's own calendar, which they open themselves."""

    luna: Connected
    opened: GoogleCalendar

    @property
    def id(self) -> str:
        return self.opened.id

    def add(self, key: str, start: datetime, *, minutes: int = 60, **more: Any) -> None:
        """Write an event that has nothing to do with the business."""
        edges = {
            "start": {"dateTime": start.isoformat(), "timeZone": "Europe/Berlin"},
            "end": {
                "dateTime": (start + timedelta(minutes=minutes)).isoformat(),
                "timeZone": "Europe/Berlin",
            },
        }
        self.ask("POST", body={"id": key, "summary": "Private", **edges, **more})

    def ask(self, method: str, key: str = "", body: Any = None) -> Any:
        """Ask the stand-in as the calendar's owner."""
        path = f"/calendar/v3/calendars/{self.id}/events" + (f"/{key}" if key else "")
        auth = {"Authorization": f"Bearer {self.opened.token}"}
        with httpx.Client(
            base_url=self.luna.url, trust_env=False, verify=NOBODY, headers=auth
        ) as http:
            reply = http.request(method, path, json=body)
        reply.raise_for_status()
        return reply.json() if reply.content else None

    def shown(self) -> list[str]:
        """Return the summaries of what is in it, as the stand-in itself tells."""
        return events_in(self.luna, self.id)


def events_in(luna: Connected, calendar: str | None = None) -> list[str]:
    """Return the summaries in a calendar, or in the business's own, by start."""
    wanted = calendar or own_calendar(luna)
    found = luna.outside.show()["calendar"]["events"]
    mine = [one for one in found if one["calendar"] == wanted]
    return [one["summary"] for one in sorted(mine, key=lambda one: str(one["start"]))]


def own_calendar(luna: Connected) -> str:
    """Return the id of the business's own calendar."""
    known = luna.salon.ask(lambda tx: account(tx, "google"))
    assert known is not None
    return known.config["calendar"]


def diary(luna: Connected, *, role: str = "writer") -> Diary:
    """Open a person's calendar, and share it with the business."""
    opened = open_google_calendar(luna.settings.sandbox_dir, name="A person")
    share_google_calendar(
        luna.settings.sandbox_dir, opened.id, with_owner=own_calendar(luna), role=role
    )
    return Diary(luna, opened)


def connected_diary(luna: Connected, staff: str = "ana", *, busy_only: bool = True) -> Diary:
    """Open a person's calendar and connect it, only to be read by default."""
    theirs = diary(luna)
    luna.salon.act(lambda tx: connect_calendar(tx, staff, theirs.id, busy_only=busy_only))
    return theirs


@contextmanager
def pulling(luna: Connected) -> Iterator[CalendarPull]:
    """Open the relay's reading of calendars: each is due at each pass."""
    clients = Clients(luna.salon.engine, luna.settings)
    pull = CalendarPull(luna.salon.engine, clients, every_seconds=0)
    try:
        yield pull
    finally:
        pull.close()
        clients.close()


def pulled(luna: Connected) -> int:
    """Read what is due, once."""
    with pulling(luna) as pull:
        return pull.once()


def feed_of(luna: Connected, staff: str = "ana") -> Feed:
    """Return how far a person's calendar was read."""
    return {feed.staff: feed for feed in luna.salon.ask(feeds)}[staff]


def busy(luna: Connected) -> list[str]:
    """Return the busy times that are known, as the salon's clock shows them."""
    zone = luna.salon.zone
    return [
        f"{row.slug} {row.uid} {row.starts_at.astimezone(zone):%H:%M}"
        f"-{row.ends_at.astimezone(zone):%H:%M}"
        for row in luna.salon.ask(lambda tx: tx.rows(BUSY))
    ]


def wait_for_retry(luna: Connected, seconds: int = 7200) -> None:
    """Let so much time pass for calendars that could not be read."""
    luna.salon.act(lambda tx: tx.run(WAITED, seconds=seconds))


def let_a_day_pass(luna: Connected) -> None:
    """Make the horizon end a day later than it was read to."""
    luna.salon.act(lambda tx: tx.run(DAY_OVER))


def why_not(luna: Connected, at: datetime, staff: str = "ana") -> list[str]:
    """Return the codes of the rules that refuse a cut at that time."""
    answer = luna.salon.ask(lambda tx: explain_start(tx, "cut", staff, at))
    return [reason.rule for reason in answer.reasons]
