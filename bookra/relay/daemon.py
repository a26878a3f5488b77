"""The relay's life: APScheduler's ticks, signals, and its row among the relays. No logic.

Schedules are interval ticks only, coalesced and never missed: cron triggers skip or repeat a run
when the clocks change. Each tick catches everything, because an exception that leaves a tick must
not end it. ``drain_until_idle`` does the same work without a scheduler, once, for cron and tests.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from datetime import UTC
from queue import SimpleQueue
from types import FrameType

from sqlalchemy import Connection, TextClause, text

from bookra.config import Settings
from bookra.engine.bookings.holds import any_lapsed, expire_lapsed
from bookra.engine.bookings.waitlist.openings import offer_openings, pending
from bookra.engine.ledger.days import close_all
from bookra.engine.runtime import Engine
from bookra.engine.tenancy.actions import slugs
from bookra.errors import BookraError
from bookra.ids import new_id
from bookra.relay.access import Clients
from bookra.relay.drain import Drain
from bookra.relay.inbound import Inbound
from bookra.relay.log import bind, log
from bookra.relay.options import RelayOptions
from bookra.relay.servers import Servers

__all__ = ["Relay", "RelayOptions"]

DRAIN_SECONDS = 0.25
SWEEP_SECONDS = 5.0
WAITLIST_SECONDS = 5.0
TICK_SECONDS = 5.0
CLOSING_SECONDS = 300.0

HERE = text("INSERT INTO relays (id) VALUES (:id)")
ALIVE = text("UPDATE relays SET last_tick_at = now() WHERE id = :id")
GONE = text("UPDATE relays SET stopped_at = now() WHERE id = :id")


class Relay:
    """One relay process. ``run`` blocks until it is told to stop."""

    def __init__(self, engine: Engine, settings: Settings, options: RelayOptions) -> None:
        self.id = new_id()
        self._engine = engine
        self._options = options
        self._clients = Clients(engine, settings)
        self._drain = Drain(
            engine,
            self._clients,
            self.id,
            lease_seconds=options.lease_seconds,
            workers=options.workers,
        )
        self._inbound = Inbound(engine, self._clients)
        self._servers = Servers(engine, self._clients, self._inbound, options)
        self._told_to_stop = False
        # An Event's lock is not reentrant: a signal that comes while the main thread holds it, on
        # its way into wait(), would wait for itself. A SimpleQueue may be put to in a handler.
        self._signals: SimpleQueue[int] = SimpleQueue()

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; a second signal ends at once and leaves leases to lapse."""
        from apscheduler.schedulers.background import BackgroundScheduler

        # A tick that is still at work when the next is due is as it should be, not a warning.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        bind(relay=str(self.id))
        self._servers.start()
        self._note(HERE)
        scheduler = BackgroundScheduler(timezone=UTC)
        for name, seconds, work in self._ticks():
            scheduler.add_job(
                work,
                "interval",
                id=name,
                seconds=seconds,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
            )
        scheduler.start()
        log("relay.started", relay=str(self.id), lease_seconds=self._options.lease_seconds)
        self._signals.get()
        log("relay.stopping", relay=str(self.id))
        self._servers.stop()
        self._drain.halt()
        scheduler.shutdown(wait=True)
        self.close()
        self._note(GONE)
        log("relay.stopped", relay=str(self.id))

    def drain_until_idle(self) -> int:
        """Poll, offer and deliver until nothing is due; returns how much there was of it.

        Rows in another relay's lease are left to it; a lapsed lease is taken over.
        """
        total = 0
        self._close_days()
        while True:
            self._sweep()
            worked = self._inbound.once() + self._offer_openings() + self._drain.once()
            self._drain.finish()
            total += worked
            if not worked:
                return total

    def close(self) -> None:
        """Finish what is in flight and close the clients."""
        self._drain.stop()
        self._clients.close()

    def _ticks(self) -> list[tuple[str, float, Callable[[], None]]]:
        sweep_seconds = min(SWEEP_SECONDS, self._options.lease_seconds)
        return [
            ("drain", DRAIN_SECONDS, _guarded("drain", self._drain.once)),
            ("poll", self._options.poll_seconds, _guarded("poll", self._inbound.once)),
            ("sweep", sweep_seconds, _guarded("sweep", self._sweep)),
            ("waitlist", WAITLIST_SECONDS, _guarded("waitlist", self._offer_openings)),
            ("days", CLOSING_SECONDS, _guarded("days", self._close_days)),
            ("tick", TICK_SECONDS, _guarded("tick", lambda: self._note(ALIVE))),
        ]

    def _sweep(self) -> None:
        """Take over lapsed leases and expire lapsed holds."""
        self._drain.rescue()
        for slug in self._engine.across_tenants(slugs):
            try:
                self._expire_holds(slug)
            except BookraError as error:  # the other tenants' turn must come
                log("holds.not_expired", tenant=slug, error=error.code)

    def _expire_holds(self, slug: str) -> None:
        if self._engine.ask(slug, any_lapsed):
            count = self._engine.act(slug, expire_lapsed, command="relay.expire-holds")
            log("holds.expired", tenant=slug, count=count)

    def _close_days(self) -> None:
        """Close the ledger's posted days that are over."""
        for slug in self._engine.across_tenants(slugs):
            try:
                for closed in close_all(self._engine, slug, command=None):
                    log("ledger.day_closed", tenant=slug, day=str(closed.day), hash=closed.hash)
            except BookraError as error:  # the other tenants' turn must come
                log("ledger.day_not_closed", tenant=slug, error=error.code)

    def _offer_openings(self) -> int:
        """Offer what is free to who waits for it; returns how many offers were made."""
        made = 0
        for slug in self._engine.across_tenants(slugs):
            try:
                made += self._offer(slug)
            except BookraError as error:  # the other tenants' turn must come
                log("waitlist.not_offered", tenant=slug, error=error.code)
        return made

    def _offer(self, slug: str) -> int:
        if not self._engine.ask(slug, pending):
            return 0
        offers = self._engine.act(slug, offer_openings, command="relay.waitlist")
        log("waitlist.offered", tenant=slug, count=len(offers))
        return len(offers)

    def _note(self, statement: TextClause) -> None:
        def work(connection: Connection) -> None:
            connection.execute(statement, {"id": self.id})

        self._engine.across_tenants(work, write=True)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._told_to_stop:
            os._exit(1)  # an ordinary exit would still wait for the workers' calls
        self._told_to_stop = True
        self._signals.put(number)


def _guarded(name: str, work: Callable[[], object]) -> Callable[[], None]:
    """Return ``work`` as a tick that logs its trouble and lives on."""

    def tick() -> None:
        try:
            work()
        except BookraError as error:
            log("relay.tick_failed", tick=name, error=error.code)
        except Exception as error:  # noqa: BLE001 - the next tick must come
            log("relay.tick_failed", tick=name, error=type(error).__name__)

    return tick
