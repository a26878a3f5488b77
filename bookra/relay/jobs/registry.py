"""The relay's jobs and their intervals, and the same work once through for cron and tests."""

from __future__ import annotations

from dataclasses import dataclass

from bookra.engine.runtime import Engine
from bookra.relay.calendar_pull import CalendarPull
from bookra.relay.drain import Drain
from bookra.relay.inbound import Inbound
from bookra.relay.jobs import housekeeping
from bookra.relay.jobs.job import Job
from bookra.relay.jobs.schedules import RENEW_SECONDS, Schedules
from bookra.relay.options import RelayOptions

SWEEP_SECONDS = 5.0
WAITLIST_SECONDS = 5.0
REMINDERS_SECONDS = 30.0
DOUBT_SECONDS = 30.0
CALENDARS_SECONDS = 5.0
"""How often it is looked whose calendar is due; each has an interval of its own."""
SCHEDULES_SECONDS = 5.0
CLOSING_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What a relay is made of, as its jobs need it."""

    engine: Engine
    drain: Drain
    inbound: Inbound
    schedules: Schedules
    pull: CalendarPull


def jobs(parts: Parts, options: RelayOptions) -> list[Job]:
    """Return the relay's jobs. Those that take rows over or keep leases are every relay's."""
    engine = parts.engine
    sweep_seconds = min(SWEEP_SECONDS, options.lease_seconds)
    return [
        Job("sweep", sweep_seconds, lambda: _sweep(parts), leads=False),
        Job("keep-runs", RENEW_SECONDS, lambda: _keep_runs(parts), leads=False),
        Job("poll", options.poll_seconds, parts.inbound.tick),
        Job("waitlist", WAITLIST_SECONDS, lambda: housekeeping.offer_waitlist(engine)),
        Job("reminders", REMINDERS_SECONDS, lambda: housekeeping.remind(engine)),
        Job("doubt", DOUBT_SECONDS, lambda: housekeeping.resolve_doubt(engine)),
        Job("calendars", CALENDARS_SECONDS, parts.pull.once),
        Job("schedules", SCHEDULES_SECONDS, parts.schedules.once),
        Job("days", CLOSING_SECONDS, lambda: housekeeping.close_days(engine)),
    ]


def work_through(parts: Parts) -> int:
    """Do all jobs until there is nothing to do, each in its turn; returns how much there was.

    Rows in another relay's lease are left to it; a lapsed lease is taken over.
    """
    engine, total = parts.engine, 0
    housekeeping.close_days(engine)
    while True:
        _sweep(parts)
        begun = parts.schedules.once()
        parts.schedules.finish()
        worked = begun + parts.inbound.once() + parts.pull.once()
        worked += housekeeping.offer_waitlist(engine) + housekeeping.remind(engine)
        worked += housekeeping.resolve_doubt(engine) + parts.drain.once()
        parts.drain.finish()
        total += worked
        if not worked:
            return total


def _sweep(parts: Parts) -> int:
    """Take over lapsed leases and expire lapsed holds."""
    parts.drain.rescue()
    return housekeeping.expire_holds(parts.engine)


def _keep_runs(parts: Parts) -> int:
    parts.schedules.renew()
    return 0
