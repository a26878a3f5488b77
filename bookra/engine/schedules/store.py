"""The rows of schedules and their runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Row, text

from bookra.engine.runtime import Tx
from bookra.engine.schedules.model import Run, RunState, Schedule

ALL = text(
    """
    SELECT s.id, s.name, s.job, s.cron, s.arguments, s.enabled, s.due_at, s.removed_at,
           r.due_at AS run_due_at, r.state, r.attempts, r.started_at, r.finished_at, r.outcome
      FROM schedules s
      LEFT JOIN LATERAL (
           SELECT due_at, state, attempts, started_at, finished_at, outcome FROM schedule_runs
            WHERE tenant_id = s.tenant_id AND schedule_id = s.id
            ORDER BY due_at DESC LIMIT 1) r ON true
     WHERE s.tenant_id = :tenant_id ORDER BY s.name
    """
)
NAMES = text("SELECT name FROM schedules WHERE tenant_id = :tenant_id")
LOCKED = text(
    """
    SELECT id, name, job, cron, arguments, enabled, due_at, removed_at FROM schedules
     WHERE tenant_id = :tenant_id AND name = :name FOR NO KEY UPDATE
    """
)
INSERT = text(
    """
    INSERT INTO schedules (tenant_id, id, name, job, cron, arguments, due_at, created_at)
    VALUES (:tenant_id, :id, :name, :job, :cron, :arguments, :due_at, :now)
    ON CONFLICT (tenant_id, name) DO NOTHING
    """
)
WRITE = text(
    """
    UPDATE schedules
       SET job = :job, cron = :cron, arguments = :arguments, enabled = :enabled, due_at = :due_at,
           removed_at = :removed_at, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
RUNS = text(
    """
    SELECT s.name, s.job, r.due_at AS run_due_at, r.state, r.attempts, r.started_at, r.finished_at,
           r.outcome
      FROM schedule_runs r JOIN schedules s ON s.tenant_id = r.tenant_id AND s.id = r.schedule_id
     WHERE r.tenant_id = :tenant_id AND s.name = :name
     ORDER BY r.due_at DESC LIMIT :limit
    """
)


def every(tx: Tx) -> list[tuple[Schedule, datetime | None]]:
    """Return every schedule by name with when it was removed, if it was."""
    return [(schedule_of(row, _last(row)), row.removed_at) for row in tx.rows(ALL)]


def names(tx: Tx) -> set[str]:
    """Return the names that are taken, those of removed schedules too."""
    return {row.name for row in tx.rows(NAMES)}


def locked(tx: Tx, name: str) -> tuple[Schedule, datetime | None] | None:
    """Lock and return a schedule and when it was removed; None when it never was."""
    row = tx.row(LOCKED, name=name)
    return None if row is None else (schedule_of(row), row.removed_at)


def insert(tx: Tx, id_: UUID, schedule: Schedule) -> bool:
    """Keep a new schedule; False when its name was taken meanwhile."""
    values = {"id": id_, "name": schedule.name, "due_at": schedule.due_at, "now": tx.now}
    return bool(tx.run(INSERT, **values, **_terms(schedule)))


def write(tx: Tx, schedule: Schedule, *, removed_at: datetime | None = None) -> None:
    """Write a schedule's terms, its next due time and whether it still is one."""
    tx.run(
        WRITE,
        id=schedule.id,
        enabled=schedule.enabled,
        due_at=schedule.due_at,
        removed_at=removed_at,
        **_terms(schedule),
    )


def runs(tx: Tx, name: str, limit: int) -> list[Run]:
    """Return the runs of a schedule, the latest due first."""
    found = (_last(row) for row in tx.rows(RUNS, name=name, limit=limit))
    return [run for run in found if run is not None]


def schedule_of(row: Row[Any], last: Run | None = None) -> Schedule:
    """Return the schedule of a row that holds its columns."""
    return Schedule(
        row.id, row.name, row.job, row.cron, row.arguments, row.enabled, row.due_at, last
    )


def _terms(schedule: Schedule) -> Mapping[str, Any]:
    arguments = Jsonb(dict(schedule.arguments))
    return {"job": schedule.job, "cron": schedule.cron, "arguments": arguments}


def _last(row: Row[Any]) -> Run | None:
    if row.run_due_at is None:
        return None
    return Run(
        row.name,
        row.job,
        row.run_due_at,
        RunState(row.state),
        row.attempts,
        row.started_at,
        row.finished_at,
        row.outcome,
    )
