"""Reads when staff are busy elsewhere, calendar by calendar, and keeps what was read.

Tenants are read side by side and each by itself: one whose access was revoked, or whose calls
hang, delays nobody. What can't be read leaves what is known as it is and is tried more and more
rarely; the person's feed says why.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial

from sqlalchemy import Connection, text

from bookra.engine.availability.calendars.busy import BusyTime
from bookra.engine.availability.calendars.external import Frame, frame_of
from bookra.engine.availability.calendars.feeds import (
    Changes,
    Feed,
    due_feeds,
    failed,
    keep,
)
from bookra.engine.outbox import breakers
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy.providers import account
from bookra.errors import code_of
from bookra.relay import metrics, outcome
from bookra.relay.access import Clients
from bookra.relay.log import log, log_failure
from bookra.relay.outcome import Dead, Retry
from bookra.relay.providers.google_events import Answer, EventsRead, Question

EVERY_SECONDS = 60.0
RAREST_SECONDS = 1800.0
"""How often a calendar is read; and one that fails, after it has failed for long."""

GOOGLE = "google"
REFUSED = "google 401"
"""How every outcome begins that says that the token itself was refused."""

WORKERS = 8
WAIT_SECONDS = 5.0
"""How long one pass waits for its readings; what hangs goes on by itself."""

CONNECTED = text(
    "SELECT t.slug FROM provider_accounts p JOIN tenants t ON t.id = p.tenant_id"
    " WHERE p.provider = 'google' ORDER BY t.slug"
)


class CalendarPull:
    """Reads the calendars whose turn it is. ``close`` it: its threads end with what they do."""

    def __init__(
        self, engine: Engine, clients: Clients, *, every_seconds: float = EVERY_SECONDS
    ) -> None:
        self._engine = engine
        self._clients = clients
        self._every_seconds = every_seconds
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="calendars")
        self._turns: dict[str, Future[int]] = {}
        self._closed = threading.Event()

    def once(self) -> int:
        """Read what is due; returns how many calendars were read by the end of the pass."""
        started = [
            self._turns.setdefault(slug, self._pool.submit(self._turn, slug))
            for slug in self._engine.across_tenants(_connected)
            if slug not in self._turns
        ]
        wait(started, WAIT_SECONDS)
        ended = {slug: turn for slug, turn in self._turns.items() if turn.done()}
        for slug in ended:
            del self._turns[slug]
        return sum(turn.result() for turn in ended.values())

    def close(self) -> None:
        """Start no reading any more, and wait for the calls that are on their way."""
        self._closed.set()
        self._pool.shutdown(cancel_futures=True)

    def _turn(self, slug: str) -> int:
        """Read a tenant's calendars one by one; returns how many were read."""
        read = 0
        try:
            for tenant, feed, frame in self._engine.ask(slug, self._due):
                if self._closed.is_set():
                    break
                answer = self._ask(slug, tenant, feed, frame)
                self._note(slug, feed, frame, answer)
                if isinstance(answer, EventsRead):
                    read += 1
                elif answer.error_class in (outcome.TRANSIENT, outcome.ACCOUNT):
                    break  # their other calendars would fail alike, and take as long to
        except Exception as error:  # noqa: BLE001 - the other tenants' turns must count
            log_failure("calendar.not_pulled", error, tenant=slug)
        return read

    def _due(self, tx: Tx) -> list[tuple[str, Feed, Frame]]:
        found = due_feeds(tx, every_seconds=self._every_seconds, rarest_seconds=RAREST_SECONDS)
        return [(tx.tenant.id.hex, feed, frame_of(tx, feed.staff)) for feed in found]

    def _ask(self, slug: str, tenant: str, feed: Feed, frame: Frame) -> Answer:
        """Ask for what has changed; for everything once a day, when the horizon has moved on."""
        whole = feed.read_until is None or feed.read_until < frame.until
        question = Question(
            tenant, frame.start, frame.until, frame.zone, None if whole else feed.sync_token
        )
        begun = time.monotonic()
        try:
            _, client = self._clients.google(slug)
            return client.read(feed.calendar_id, question)
        except Exception as error:  # noqa: BLE001 - what is not understood is never free time
            return Retry(code_of(error), outcome.TRANSIENT)
        finally:
            metrics.called(GOOGLE, time.monotonic() - begun)

    def _note(self, slug: str, feed: Feed, frame: Frame, answer: Answer) -> None:
        if isinstance(answer, Retry | Dead):
            self._engine.act(slug, partial(_give_up, feed, answer), command=None)
            if feed.failure != answer.why:
                log("calendar.not_read", tenant=slug, feed=str(feed.id), why=answer.why)
            return
        read = _changes(answer)
        # A calendar that says nothing new is no event in the business's life.
        command = "relay.calendar-pull" if read.touched or read.whole else None
        kept = self._engine.act(slug, partial(_keep, feed, read, frame), command=command)
        if kept:
            log("calendar.changed", tenant=slug, feed=str(feed.id), rows=kept)


def _give_up(feed: Feed, answer: Retry | Dead, tx: Tx) -> None:
    """Note why a calendar was not read; access that is refused is refused to all that go there."""
    failed(tx, feed, answer.why)
    if answer.error_class == outcome.ACCOUNT:
        breakers.failed(tx, GOOGLE, answer.error_class, answer.why)


def _keep(feed: Feed, read: Changes, frame: Frame, tx: Tx) -> int:
    """Write what was read; returns how many rows it changed.

    A token that reads is not refused any more. What lacks the right to write stays as it is: that
    is found out by writing.
    """
    known = account(tx, GOOGLE)
    if known is not None and known.state == "refused" and known.state_why.startswith(REFUSED):
        tx.wakes = breakers.succeeded(tx, GOOGLE)
    return keep(tx, feed, read, frame)


def _changes(answer: EventsRead) -> Changes:
    return Changes(
        times=tuple(BusyTime(*span) for span in answer.busy),
        touched=answer.touched,
        ended=answer.ended,
        unread=answer.unread,
        own=len(answer.own),
        whole=answer.whole,
        sync_token=answer.sync_token,
    )


def _connected(connection: Connection) -> list[str]:
    """Return the slugs of the businesses that have an account at Google."""
    return [row.slug for row in connection.execute(CONNECTED)]
