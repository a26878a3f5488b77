"""Which relays live, and how much waits for them, across tenants: for status and the doctor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

ALIVE_SECONDS = 20
"""A relay that has not ticked for so long is taken for dead; it ticks every five seconds."""

RELAYS = text(
    """
    SELECT id, started_at, stopped_at, host, pid, version,
           EXTRACT(EPOCH FROM now() - last_tick_at)::float8 AS seconds_ago
      FROM relays WHERE last_tick_at > now() - interval '1 hour' ORDER BY started_at DESC
    """
)
ARRIVE = text("INSERT INTO relays (id, host, pid, version) VALUES (:id, :host, :pid, :version)")
FORGET = text("DELETE FROM relays WHERE last_tick_at < now() - interval '7 days'")
ALIVE = text("UPDATE relays SET last_tick_at = now() WHERE id = :id")
LEAVE = text("UPDATE relays SET stopped_at = now() WHERE id = :id")
WAITING = text(
    """
    SELECT count(*) FILTER (WHERE state = 'ready' AND due_at <= now()) AS ready,
           count(*) FILTER (WHERE state = 'waiting' OR (state = 'ready' AND due_at > now()))
             AS waiting,
           count(*) FILTER (WHERE state IN ('leased', 'sending')) AS in_flight,
           count(*) FILTER (WHERE state = 'unknown') AS unknown,
           count(*) FILTER (WHERE state = 'dead') AS dead,
           COALESCE(EXTRACT(EPOCH FROM now() - min(due_at)
             FILTER (WHERE state = 'ready' AND due_at <= now())), 0)::float8 AS lag_seconds
      FROM outbox
    """
)


@dataclass(frozen=True, slots=True)
class RelaySeen:
    """A relay of the last hour."""

    id: UUID
    started_at: datetime
    last_tick_seconds_ago: float
    alive: bool
    host: str = ""
    pid: int = 0
    version: str = ""


def arrive(connection: Connection, relay_id: UUID, *, host: str, pid: int, version: str) -> None:
    """Note that a relay has begun."""
    binds = {"id": relay_id, "host": host, "pid": pid, "version": version}
    connection.execute(ARRIVE, binds)


def forget(connection: Connection) -> None:
    """Forget the relays that were last heard of a week ago.

    Nothing adds a row but an arrival: if each of them does this too, the table stays short.
    """
    connection.execute(FORGET)


def alive(connection: Connection, relay_id: UUID) -> None:
    """Note that a relay lives; to be said every five seconds or so."""
    connection.execute(ALIVE, {"id": relay_id})


def leave(connection: Connection, relay_id: UUID) -> None:
    """Note that a relay has ended by itself."""
    connection.execute(LEAVE, {"id": relay_id})


def relays(connection: Connection) -> list[RelaySeen]:
    """Return the relays of the last hour, the newest first."""
    return [
        RelaySeen(
            row.id,
            row.started_at,
            round(row.seconds_ago, 1),
            row.stopped_at is None and row.seconds_ago < ALIVE_SECONDS,
            row.host,
            row.pid,
            row.version,
        )
        for row in connection.execute(RELAYS)
    ]


def waiting(connection: Connection) -> dict[str, float]:
    """Return counts by state over every tenant that this login may see, and the oldest lag."""
    row = connection.execute(WAITING).one()
    found = dict(row._mapping)
    return {**found, "lag_seconds": round(found["lag_seconds"], 1)}
