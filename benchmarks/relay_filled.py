"""What the drain's benchmark drains: businesses, and rows of a topic that the product has not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import ClassVar

from homes import kept_home
from sqlalchemy import text

from bookra import bootstrap
from bookra.config import Settings
from bookra.engine.outbox import topics
from bookra.engine.runtime import Engine
from bookra.engine.tenancy import actions as tenancy
from bookra.engine.tenancy.providers import ProviderAccount, Vault, set_account
from bookra.relay.delivery import Delivery, Route
from bookra.relay.outcome import Delivered, Outcome
from bookra.relay.routes import ROUTES

DONE = Delivered("done")
FILL = text(
    """
    INSERT INTO bookra.outbox (tenant_id, id, topic, destination, aggregate, sequence, payload,
                               version, state, due_at)
    SELECT t.id, gen_random_uuid(), :topic, 'google', 'benchmark:' || :prefix || row.n, 1,
           jsonb_build_object('name', row.n::text), 1, :state,
           now() - interval '1 hour' + row.n * interval '1 millisecond'
      FROM generate_series(1, :rows) AS row (n)
      JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS tenants
              FROM bookra.tenants) t ON t.place = 1 + row.n % t.tenants
    """
)
BEHIND = text(
    """
    INSERT INTO bookra.outbox (tenant_id, id, topic, destination, aggregate, sequence, payload,
                               version, state, due_at)
    SELECT head.tenant_id, gen_random_uuid(), head.topic, head.destination, head.aggregate,
           1 + step.n, head.payload, 1, 'waiting', now()
      FROM bookra.outbox head CROSS JOIN generate_series(1, :each) AS step (n)
     WHERE head.state = 'dead'
    """
)
LINES = text(
    """
    INSERT INTO bookra.outbox_aggregates (tenant_id, aggregate, last_sequence)
    SELECT tenant_id, aggregate, max(sequence) FROM bookra.outbox GROUP BY 1, 2
    ON CONFLICT (tenant_id, aggregate) DO UPDATE SET last_sequence = EXCLUDED.last_sequence
    """
)
EMPTY = "TRUNCATE bookra.outbox, bookra.outbox_history, bookra.outbox_aggregates"
LEFT = text("SELECT count(*) FROM outbox WHERE state IN ('ready', 'leased')")
SIZES = text(
    "SELECT pg_table_size('bookra.outbox') AS heap, pg_indexes_size('bookra.outbox') AS indexes"
)


@dataclass(frozen=True, slots=True)
class Nothing(topics.Payload):
    """An effect that has none. It is made known by the benchmark alone, never by the product."""

    topic: ClassVar[str] = "benchmark.nothing"
    destination: ClassVar[str] = "google"
    stream: ClassVar[str] = "benchmark"

    name: str

    @property
    def aggregate(self) -> str:
        """Every one is a matter of its own."""
        return f"{self.stream}:{self.name}"


def deliver_by(work: Callable[[Delivery], Outcome]) -> None:
    """Let ``work`` deliver what the benchmark writes."""
    topics.TOPICS[Nothing.topic] = Nothing
    ROUTES[Nothing.topic] = Route(work)


@contextmanager
def served(tenants: int, size: int) -> Iterator[tuple[Settings, Engine]]:
    """Start a durable server with so many businesses, and take all of it away again."""
    with kept_home(None) as home:
        settings = Settings(home=home)
        with closing(bootstrap.open_engine(settings, size=size)) as engine:
            with bootstrap.administration(settings) as connection:
                for number in range(tenants):
                    slug = f"salon-{number:04d}"
                    business = tenancy.NewTenant(slug, "Luna", "Europe/Berlin", "EUR", "DE", 1900)
                    tenancy.create(connection, business)
            vault = Vault(settings.key_file)
            account = ProviderAccount("google", sandbox=True, config={"calendar": "benchmark"})
            for slug in engine.across_tenants(tenancy.slugs):
                engine.act(
                    slug, lambda tx: set_account(tx, vault, account, {"token": "t"}), command=""
                )
            yield settings, engine


def add(settings: Settings, rows: int, prefix: str) -> None:
    """Write more rows that are due, beside what is there; ``prefix`` makes their lines new."""
    with bootstrap.administration(settings) as connection:
        given = {"topic": Nothing.topic, "prefix": prefix, "state": "ready", "rows": rows}
        connection.execute(FILL, given)
        connection.execute(LINES)


def fill(settings: Settings, rows: int, *, blocked: int = 0, dead: int = 0) -> None:
    """Write rows that are due; ``blocked`` more wait behind a dead head each hundred."""
    with bootstrap.administration(settings) as connection:
        connection.exec_driver_sql(EMPTY)
        fixed = {"topic": Nothing.topic}
        connection.execute(FILL, {**fixed, "prefix": "", "state": "ready", "rows": rows})
        heads = blocked // 100
        if heads or dead:
            given = {"prefix": "dead-", "state": "dead", "rows": heads or dead}
            connection.execute(FILL, {**fixed, **given})
        if heads:
            connection.execute(BEHIND, {"each": 100})
        connection.execute(LINES)
        connection.exec_driver_sql("ANALYZE bookra.outbox, bookra.outbox_aggregates")
