"""The relay's own jobs as the database knows them: when each last ran, what came of it, what next.

Relays add what happened since they last wrote, some seconds' worth at once, so that a job of four
runs a second costs no more than one of an hour. Instants are told as seconds ago: the database's
clock turns them into instants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

WRITE = text(
    """
    INSERT INTO relay_jobs (name, relay_id, started_at, finished_at, next_at, outcome, runs,
                            failures)
    VALUES (:name, :relay_id,
            now() - make_interval(secs => :started_seconds_ago),
            now() - make_interval(secs => :finished_seconds_ago),
            now() + make_interval(secs => :next_in_seconds),
            :outcome, :runs, :failures)
    ON CONFLICT (name) DO UPDATE
       SET relay_id = EXCLUDED.relay_id, started_at = EXCLUDED.started_at,
           finished_at = EXCLUDED.finished_at, next_at = EXCLUDED.next_at,
           outcome = EXCLUDED.outcome, runs = relay_jobs.runs + EXCLUDED.runs,
           failures = relay_jobs.failures + EXCLUDED.failures
    """
)
ALL = text(
    """
    SELECT name, relay_id, started_at, finished_at, next_at, outcome, runs, failures
      FROM relay_jobs ORDER BY name
    """
)


@dataclass(frozen=True, slots=True)
class Tick:
    """What a relay did of one job since it last wrote. ``outcome`` is a count or a code."""

    name: str
    started_seconds_ago: float
    finished_seconds_ago: float
    next_in_seconds: float
    outcome: str
    runs: int
    failures: int


@dataclass(frozen=True, slots=True)
class JobSeen:
    """One of the relay's own jobs, over all relays."""

    name: str
    relay_id: UUID | None
    started_at: datetime | None
    finished_at: datetime | None
    next_at: datetime | None
    outcome: str | None
    runs: int
    failures: int


def note(connection: Connection, relay_id: UUID, ticks: Sequence[Tick]) -> None:
    """Add what happened. Rows are locked by name in order, so that relays don't deadlock."""
    ordered = sorted(ticks, key=lambda tick: tick.name)
    for tick in ordered:
        connection.execute(WRITE, {"relay_id": relay_id, **asdict(tick)})


def jobs(connection: Connection) -> list[JobSeen]:
    """Return every job that a relay ever ran, by name."""
    return [JobSeen(**row._mapping) for row in connection.execute(ALL)]
