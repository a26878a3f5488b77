"""What a scrape reads of the database: how much waits, where, for how long, and what holds it.

One light read across tenants, by who may see them all (the relay). Labels are destinations, states
and slugs of businesses: nothing of a customer's.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

MOST_TENANTS = 50
"""Businesses whose lag is told: the worst. Each is a time series for whoever collects them."""

# By no index: the hot table is small, and of its dead and waiting rows only numbers are wanted.
# A row that a breaker holds back is nobody's lag: the breaker has a gauge of its own.
QUEUE = text(
    """
    SELECT o.destination, o.state, count(*) AS rows,
           count(*) FILTER (WHERE o.state = 'ready' AND o.due_at <= now()) AS due,
           count(*) FILTER (WHERE o.state = 'ready' AND o.due_at <= now()
                              AND b.id IS NOT NULL) AS held,
           COALESCE(EXTRACT(EPOCH FROM now() - min(o.due_at)
             FILTER (WHERE o.state = 'ready' AND o.due_at <= now() AND b.id IS NULL)), 0)::float8
             AS oldest_seconds
      FROM outbox o
      LEFT JOIN breakers b ON b.tenant_id = o.tenant_id AND b.destination = o.destination
                          AND b.state IN ('open', 'parked', 'held')
     GROUP BY o.destination, o.state
    """
)
LAG = text(
    """
    SELECT t.slug, EXTRACT(EPOCH FROM now() - min(o.due_at))::float8 AS seconds
      FROM outbox o
      JOIN tenants t ON t.id = o.tenant_id
     WHERE o.state = 'ready' AND o.due_at <= now()
     GROUP BY t.slug ORDER BY 2 DESC LIMIT :most
    """
)
BREAKERS = text("SELECT destination, state, count(*) AS number FROM breakers GROUP BY 1, 2")
# Of others' sessions this login sees their snapshot, and not always since when they hold it.
SERVER = text(
    """
    SELECT (SELECT n_dead_tup FROM pg_stat_user_tables
             WHERE schemaname = 'bookra' AND relname = 'outbox') AS dead_tuples,
           pg_total_relation_size('bookra.outbox') AS outbox_bytes,
           COALESCE(max(EXTRACT(EPOCH FROM now() - xact_start))
             FILTER (WHERE backend_xmin IS NOT NULL), 0)::float8 AS snapshot_seconds,
           COALESCE(max(age(backend_xmin)), 0)::bigint AS snapshot_transactions
      FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    """
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Rows of one destination in one state. ``held`` are due, behind an open or parked breaker.

    ``oldest_seconds`` is for how long the oldest that is due and not held has been so.
    """

    destination: str
    state: str
    rows: int
    due: int
    held: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Gauges:
    """The state of the outbox over every business. ``lag`` is in seconds by slug, the worst first.

    ``breakers`` counts them by destination and state.
    """

    waiting: tuple[Waiting, ...]
    lag: tuple[tuple[str, float], ...]
    breakers: dict[tuple[str, str], int]
    dead_tuples: int
    outbox_bytes: int
    snapshot_seconds: float
    snapshot_transactions: int

    @property
    def oldest_seconds(self) -> float:
        """How long the oldest row that is due has waited for a relay."""
        return max((each.oldest_seconds for each in self.waiting), default=0.0)


def gauges(connection: Connection) -> Gauges:
    """Read the gauges, for ``Engine.across_tenants``."""
    server = connection.execute(SERVER).one()
    return Gauges(
        tuple(Waiting(*row) for row in connection.execute(QUEUE)),
        tuple((row.slug, row.seconds) for row in connection.execute(LAG, {"most": MOST_TENANTS})),
        {(row.destination, row.state): row.number for row in connection.execute(BREAKERS)},
        int(server.dead_tuples or 0),
        int(server.outbox_bytes),
        float(server.snapshot_seconds),
        int(server.snapshot_transactions),
    )
