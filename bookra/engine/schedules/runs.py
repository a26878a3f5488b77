"""Runs of schedules: taken once for each due time, held by a lease, tried again, and what came.

``UNIQUE (schedule, due_at)`` is what makes a run happen once, whoever leads and however many ticks
there are. A lease goes by the database's clock; who lost it writes nothing any more. After a pause
there is one run, for the latest time that was missed. A schedule's runs never overlap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bookra.engine.runtime import Tx
from bookra.engine.schedules import store
from bookra.engine.schedules.actions import found_schedule, schedules
from bookra.engine.schedules.cron import latest_due, next_due
from bookra.engine.schedules.model import Run, RunState, Schedule
from bookra.errors import ConflictError
from bookra.ids import new_id

MOST_ATTEMPTS = 5
WAITS_SECONDS = (60.0, 300.0, 900.0, 3600.0)
"""How long a run that failed waits for its next attempt: an hour and a half in all."""

TAKE = text(
    """
    SELECT id, name, job, cron, arguments, enabled, due_at, removed_at FROM schedules
     WHERE tenant_id = :tenant_id AND id = :id AND enabled AND due_at <= :now
       FOR NO KEY UPDATE SKIP LOCKED
    """
)
UNDER_WAY = text(
    """
    SELECT id FROM schedule_runs
     WHERE tenant_id = :tenant_id AND schedule_id = :id AND state = 'running'
       FOR NO KEY UPDATE
    """
)
AGAIN = text(
    """
    SELECT r.due_at AS run_due_at, r.attempts, s.id, s.name, s.job, s.cron, s.arguments, s.enabled,
           s.due_at, s.removed_at
      FROM schedule_runs r JOIN schedules s ON s.tenant_id = r.tenant_id AND s.id = r.schedule_id
     WHERE r.tenant_id = :tenant_id AND r.id = :id AND r.state = 'running'
       AND (r.leased_until < now() OR :at_once AND r.outcome IS NOT NULL)
       FOR NO KEY UPDATE OF r SKIP LOCKED
    """
)
MOVE_ON = text(
    """
    UPDATE schedules SET due_at = :due_at, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
BEGIN = text(
    """
    INSERT INTO schedule_runs (tenant_id, id, schedule_id, due_at, relay_id, leased_until)
    VALUES (:tenant_id, :id, :schedule_id, :due_at, :relay_id,
            now() + make_interval(secs => :lease_seconds))
    ON CONFLICT (tenant_id, schedule_id, due_at) DO NOTHING
    """
)
BEGIN_AGAIN = text(
    """
    UPDATE schedule_runs
       SET relay_id = :relay_id, attempts = attempts + 1,
           leased_until = now() + make_interval(secs => :lease_seconds), outcome = NULL,
           changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
# The three below are fenced by relay and attempt: who lost the run writes nothing.
RENEW = text(
    """
    UPDATE schedule_runs
       SET leased_until = now() + make_interval(secs => :lease_seconds), changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND state = 'running'
       AND relay_id = :relay_id AND attempts = :attempts
    """
)
PUT_OFF = text(
    """
    UPDATE schedule_runs
       SET leased_until = now() + make_interval(secs => :wait_seconds), outcome = :outcome,
           changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND state = 'running'
       AND relay_id = :relay_id AND attempts = :attempts
    """
)
FINISH = text(
    """
    UPDATE schedule_runs
       SET state = :state, outcome = :outcome, finished_at = now(), changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND state = 'running'
       AND relay_id = :relay_id AND attempts = :attempts
    """
)
GIVE_UP = text(
    """
    UPDATE schedule_runs
       SET state = 'failed', finished_at = now(), changed_by = session_user,
           outcome = COALESCE(outcome, 'its relay died')
     WHERE tenant_id = :tenant_id AND id = :id
    """
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A run that this relay holds. ``late`` tells that due times before it were missed."""

    id: UUID
    tenant: str
    schedule: str
    job: str
    arguments: Mapping[str, Any]
    due_at: datetime
    relay_id: UUID
    attempts: int
    late: bool = False

    @property
    def fence(self) -> dict[str, Any]:
        """The binds that only its holder has."""
        return {"id": self.id, "relay_id": self.relay_id, "attempts": self.attempts}


def take(tx: Tx, schedule_id: UUID, relay_id: UUID, *, lease_seconds: float) -> Taken | None:
    """Take the run that is due and move the schedule on; None when there is nothing to do.

    Locks the schedule's row. Of several missed due times only the latest is run.
    """
    row = tx.row(TAKE, id=schedule_id, now=tx.now)
    if row is None or tx.row(UNDER_WAY, id=schedule_id) is not None:
        return None
    found, zone = store.schedule_of(row), tx.tenant.zone
    due_at = latest_due(found.cron, zone, found.due_at, tx.now)
    tx.run(MOVE_ON, id=row.id, due_at=next_due(found.cron, zone, tx.now))
    taken = _begun(tx, found, due_at, relay_id, lease_seconds=lease_seconds)
    return taken and replace(taken, late=due_at > found.due_at)


def take_now(tx: Tx, name: str, relay_id: UUID, *, lease_seconds: float) -> Taken:
    """Take a run of a schedule out of turn, with this moment as its due time.

    Its regular due times stay. A run that waits for its next attempt is taken instead of a new
    one. Raises NotFoundError (``unknown_schedule``), ConflictError (``in_progress``).
    """
    found = found_schedule(tx, name)
    assert found.id is not None
    waiting = tx.row(UNDER_WAY, id=found.id)
    if waiting is None:
        taken = _begun(tx, found, tx.now, relay_id, lease_seconds=lease_seconds)
    else:
        taken = take_again(tx, waiting.id, relay_id, lease_seconds=lease_seconds, at_once=True)
    if taken is None:
        raise ConflictError(
            "in_progress",
            f"The schedule '{name}' is at work now",
            hint=f"See what comes of it: bookra schedule show {name}",
            details={"schedule": name},
        )
    return taken


def take_again(
    tx: Tx, run_id: UUID, relay_id: UUID, *, lease_seconds: float, at_once: bool = False
) -> Taken | None:
    """Take over a run whose relay died, or whose wait for another attempt is over; None if not.

    ``at_once`` does not await its time. After ``MOST_ATTEMPTS`` it is given up.
    """
    row = tx.row(AGAIN, id=run_id, at_once=at_once)
    if row is None:
        return None
    if row.attempts >= MOST_ATTEMPTS:
        tx.run(GIVE_UP, id=run_id)
        return None
    tx.run(BEGIN_AGAIN, id=run_id, relay_id=relay_id, lease_seconds=lease_seconds)
    found = store.schedule_of(row)
    return _taken(tx, run_id, found, row.run_due_at, relay_id, row.attempts + 1)


def renew(tx: Tx, held: Taken, *, lease_seconds: float) -> bool:
    """Keep a run; False when somebody else has it by now."""
    return bool(tx.run(RENEW, **held.fence, lease_seconds=lease_seconds))


def put_off(tx: Tx, held: Taken, why: str) -> bool:
    """Let a run that failed wait for its next attempt, or end it after the last one.

    ``why`` is a code. Returns whether it will be tried again.
    """
    if held.attempts >= MOST_ATTEMPTS:
        finish(tx, held, RunState.FAILED, why)
        return False
    wait = WAITS_SECONDS[min(held.attempts, len(WAITS_SECONDS)) - 1]
    return bool(tx.run(PUT_OFF, **held.fence, wait_seconds=wait, outcome=why))


def finish(tx: Tx, held: Taken, state: RunState, outcome: str) -> bool:
    """Note what came of a run, in counts and codes; False when somebody else has it by now."""
    return bool(tx.run(FINISH, **held.fence, state=state.value, outcome=outcome))


def troubles(tx: Tx) -> Sequence[Run]:
    """Return the latest run of each schedule whose latest run failed or found something."""
    latest = (schedule.last for schedule in schedules(tx))
    return [run for run in latest if run is not None and run.is_trouble]


def _begun(
    tx: Tx, schedule: Schedule, due_at: datetime, relay_id: UUID, *, lease_seconds: float
) -> Taken | None:
    run_id = new_id()
    fresh = tx.run(
        BEGIN,
        id=run_id,
        schedule_id=schedule.id,
        due_at=due_at,
        relay_id=relay_id,
        lease_seconds=lease_seconds,
    )
    return _taken(tx, run_id, schedule, due_at, relay_id, 1) if fresh else None


def _taken(
    tx: Tx, run_id: UUID, schedule: Schedule, due_at: datetime, relay_id: UUID, attempts: int
) -> Taken:
    return Taken(
        run_id,
        tx.tenant.slug,
        schedule.name,
        schedule.job,
        schedule.arguments,
        due_at,
        relay_id,
        attempts,
    )
