"""The relay's life: signals, ticks, leadership, servers, and its row among the relays. No logic.

It ends in order on a first signal, within its grace time, and at once on a second. It ends by
itself when its ticks stand still, so that a supervisor starts it anew: a relay that lives and does
nothing is the worst of all. ``drain_until_idle`` does the same work without any of this, once.
"""

from __future__ import annotations

import os
import platform
import signal
import threading
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from queue import Empty, SimpleQueue
from types import FrameType

from sqlalchemy import Connection

from bookra.config import Settings
from bookra.engine.outbox import relays
from bookra.engine.runtime import Engine
from bookra.engine.schedules import ticks
from bookra.errors import UnavailableError
from bookra.ids import new_id
from bookra.relay.access import Clients
from bookra.relay.calendar_pull import CalendarPull
from bookra.relay.drain import Drain
from bookra.relay.inbound import Inbound
from bookra.relay.jobs.job import Job
from bookra.relay.jobs.registry import Parts, jobs, work_through
from bookra.relay.jobs.schedules import Schedules
from bookra.relay.leadership import Leadership
from bookra.relay.log import bind, log, log_failure
from bookra.relay.options import RelayOptions
from bookra.relay.servers import Servers
from bookra.relay.ticking import Ticking

__all__ = ["Relay", "RelayOptions"]

TICK_SECONDS = 5.0
SHORTEST_LEAD_SECONDS = 3.0
"""The lead lasts a quarter of a row's lease, 15 s by default, and no less than this."""
STILL_CHECKS = 30
"""After so many seconds without a tick the scheduler counts as dead. Not counted by the clock: a
process that was stopped and goes on has missed ticks, but no checks."""
MARGIN_SECONDS = 2.0
"""What ends within its grace time may need a moment more to say so."""


class Relay:
    """One relay process. ``run`` blocks until it is told to stop."""

    def __init__(self, engine: Engine, settings: Settings, options: RelayOptions) -> None:
        self.id = new_id()
        self._engine = engine
        self._options = options
        self._clients = Clients(engine, settings)
        self._drain = Drain(engine, self._clients, self.id, options)
        self._inbound = Inbound(engine, self._clients, poll_seconds=options.poll_seconds)
        self._schedules = Schedules(engine, settings, self.id)
        self._pull = CalendarPull(engine, self._clients)
        self._parts = Parts(engine, self._drain, self._inbound, self._schedules, self._pull)
        self._servers = Servers(engine, self._clients, self._inbound, options)
        self._lead_seconds = max(SHORTEST_LEAD_SECONDS, options.lease_seconds / 4)
        self._leadership = Leadership(engine, self.id, self._lead_seconds)
        self._told_to_stop = False
        # An Event's lock is not reentrant: a signal that comes while the main thread holds it, on
        # its way into wait(), would wait for itself. A SimpleQueue may be put to in a handler.
        self._signals: SimpleQueue[int] = SimpleQueue()

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; a second signal ends at once and leaves leases to lapse.

        Raises UnavailableError (``relay_stalled``) when its ticks stand still.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        bind(relay=str(self.id))
        self._note(self._arrive)
        try:
            self._servers.start()
        except BaseException:
            _tried("leave", lambda: self._note(self._leave))
            raise
        ticking = Ticking(self._jobs(), lambda: self._leadership.leads)
        self._ticking = ticking
        _tried("lead", self._leadership.renew)
        _tried("forget", lambda: self._note(relays.forget))
        ticking.start()
        self._drain.start()
        log("relay.started", lease_seconds=self._options.lease_seconds)
        told = self._told(ticking)
        log("relay.stopping" if told else "relay.stalled", level="info" if told else "error")
        self._end(ticking)
        if not told:
            raise UnavailableError(
                "relay_stalled",
                "The relay's ticks stood still, and it has ended",
                hint="Start it again: bookra relay run",
            )

    def drain_until_idle(self) -> int:
        """Poll, plan and deliver until nothing is due; returns how much there was of it."""
        return work_through(self._parts)

    def close(self) -> None:
        """Finish what is in flight and close the clients."""
        self._drain.stop(self._options.grace_seconds)
        self._schedules.stop(self._options.grace_seconds)
        self._inbound.close()
        self._pull.close()
        self._clients.close()

    def _jobs(self) -> Sequence[Job]:
        return [
            *jobs(self._parts, self._options),
            Job("lead", self._lead_seconds / 3, self._leadership.renew, leads=False),
            Job("tick", TICK_SECONDS, self._say_so, leads=False),
        ]

    def _told(self, ticking: Ticking) -> bool:
        """Wait for a signal; False when the ticks stand still before one comes."""
        still = 0
        while still < STILL_CHECKS:
            try:
                self._signals.get(timeout=1.0)
            except Empty:
                still = 0 if ticking.moves() else still + 1
            else:
                return True
        return False

    def _end(self, ticking: Ticking) -> None:
        """Finish what can be finished within the grace time, and leave the rest to its leases."""
        grace_seconds = self._options.grace_seconds
        until = time.monotonic() + grace_seconds
        self._drain.halt()
        ticking.stop()
        left = _unfinished(
            until,
            {
                "servers": self._servers.stop,
                "deliveries": lambda: not self._drain.stop(grace_seconds),
                "schedules": lambda: self._schedules.stop(grace_seconds),
                "inbound": self._inbound.close,
                "calendars": self._pull.close,
                "jobs": lambda: ticking.finish(grace_seconds),
            },
        )
        _tried("lead", self._leadership.step_down)
        _tried("leave", lambda: self._note(self._leave))
        log("relay.stopped", left=", ".join(left) or None)
        if left:
            os._exit(0)  # an ordinary exit would wait for the threads that are left
        self._clients.close()

    def _arrive(self, connection: Connection) -> None:
        relays.arrive(
            connection, self.id, host=platform.node(), pid=os.getpid(), version=version("bookra")
        )

    def _leave(self, connection: Connection) -> None:
        relays.leave(connection, self.id)

    def _say_so(self) -> int:
        """Note that this relay lives, and what its jobs did since it last said so."""
        noted = self._ticking.take_notes()

        def note(connection: Connection) -> None:
            relays.alive(connection, self.id)
            ticks.note(connection, self.id, noted)

        self._note(note)
        return len(noted)

    def _note(self, work: Callable[[Connection], None]) -> None:
        self._engine.across_tenants(work, write=True)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._told_to_stop:
            os._exit(1)  # an ordinary exit would still wait for the workers' calls
        self._told_to_stop = True
        self._signals.put(number)


def _unfinished(until: float, ends: dict[str, Callable[[], object]]) -> list[str]:
    """End everything side by side; returns what had not ended soon after ``until``.

    That is what says so itself, by returning False, and what does not return.
    """
    ended: dict[str, bool] = {}

    def end(name: str, work: Callable[[], object]) -> None:
        _tried(name, lambda: ended.update({name: work() is not False}))
        ended.setdefault(name, True)  # it failed: there is nothing more to wait for

    threads = [
        threading.Thread(target=end, args=each, name=f"end-{each[0]}", daemon=True)
        for each in ends.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until + MARGIN_SECONDS - time.monotonic()))
    return [name for name in ends if not ended.get(name, False)]


def _tried(what: str, work: Callable[[], object]) -> None:
    """Do what must not keep the relay from starting or ending."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - as above
        log_failure("relay.not_done", error, what=what)
