"""The same listing in a small database and in two large ones: does it grow with what is outside?

``small`` holds one salon with 10,000 bookings. ``tenants`` holds that salon among 1,000 businesses
with 1,000,000 bookings in all. ``years`` holds the salon alone, with 1,000,000 bookings of its own
in as many years as that takes. The searched month is equally full in each. All three are databases
of one durable server, searched in turns. Run it: ``python benchmarks/at_scale.py --home DIR``; a
folder that is named is kept, and what stands in it already is not written again.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import bulk
from homes import kept_home
from salon import MONTH, SLUG, STAFF, business, set_up
from sqlalchemy import Row, TextClause, text
from timing import Times, interleaved, publish, table

from bookra import bootstrap
from bookra.commands.root import OBJECTS_BETWEEN_COLLECTIONS
from bookra.config import Settings
from bookra.engine.availability.actions import Slot, find_slots
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy import actions as tenancy

MANY = 1_000_000
TENANTS = 1_000
FILLED = text(
    "SELECT slug FROM tenants t WHERE EXISTS (SELECT FROM bookings b WHERE b.tenant_id = t.id)"
)
SIZE = text(
    "SELECT (SELECT count(*) FROM tenants), (SELECT count(*) FROM bookings),"
    " pg_size_pretty(pg_database_size(current_database()))"
)
DAYS = 30
COLUMNS = (
    *("", "tenants", "bookings", "on disk", "median ms", "of small", "least ms", "of small"),
    *("of pairs", "CPU ms", "of small", "allocations", "slots", "buffers", "peak KiB"),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A business of a book: how many people it has, and how many bookings."""

    slug: str
    staff: int
    bookings: int


def books() -> dict[str, list[Kept]]:
    """Return what each of the databases holds."""
    rest, others = MANY - 10_000, TENANTS - 1
    shares = (rest * (n + 1) // others - rest * n // others for n in range(others))
    small = Kept(SLUG, STAFF, 10_000)
    return {
        "small": [small],
        "tenants": [small, *(Kept(f"salon-{n:03d}", 5, share) for n, share in enumerate(shares))],
        "years": [Kept(SLUG, STAFF, MANY)],
    }


def main() -> None:
    """Write what is missing, search in turns, and publish the figures."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--home", type=Path, help="a folder that is kept")
    options.add_argument("--rounds", type=int, default=100)
    given = options.parse_args()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    with ExitStack() as stack:
        home = stack.enter_context(kept_home(given.home))
        month = _month(home)
        engines = {
            name: stack.enter_context(_book(home, name, kept)) for name, kept in books().items()
        }
        searches = {name: partial(_search, engine, month) for name, engine in engines.items()}
        servers = {name: _server(engine) for name, engine in engines.items()}
        measured = interleaved(searches, rounds=given.rounds, warm_up=10, servers=servers)
        small = measured[0]
        rows = [
            _sizes(home, times.name) + _figures(times, small) + _costs(engines[times.name], month)
            for times in measured
        ]
    what = f"A month, {STAFF} staff, in three databases of one server, fsync on"
    raw = "\n".join(times.raw for times in measured)
    publish(
        "at_scale",
        [
            f"{what} · {given.rounds} rounds in turns",
            table(COLUMNS, rows),
            f"Every search, in milliseconds:\n{raw}",
        ],
    )


def _server(engine: Engine) -> int:
    """Return the server's process that works for the engine's one connection."""
    own = text("SELECT pg_backend_pid()")
    return int(engine.across_tenants(lambda connection: connection.execute(own).scalar_one()))


def _search(engine: Engine, month: date) -> list[Slot]:
    return engine.ask(SLUG, lambda tx: find_slots(tx, "cut", None, month, DAYS))


def _figures(times: Times, small: Times) -> list[str]:
    """Return the median and the least time, as such and against ``small``; and that of the pairs
    that were measured right after each other.
    """
    pairs = zip(times.taken_ms, small.taken_ms, strict=True)
    return [
        f"{times.median_ms:.2f}",
        f"{times.median_ms / small.median_ms:.2f}",
        f"{min(times.taken_ms):.2f}",
        f"{min(times.taken_ms) / min(small.taken_ms):.2f}",
        f"{median(one / other for one, other in pairs):.2f}",
        f"{times.median_worked_ms:.2f}",
        f"{times.median_worked_ms / small.median_worked_ms:.2f}",
    ]


def _costs(engine: Engine, month: date) -> list[str]:
    """Return what does not depend on the machine: rows, slots, buffers and memory."""
    loads: list[dict[str, Any]] = []

    def explained(tx: Tx) -> None:
        watched = _Explaining(tx.connection, tx.tenant, tx.now)
        find_slots(watched, "cut", None, month, DAYS)
        loads.extend(watched.plans)

    engine.ask(SLUG, explained)
    buffers = sum(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for plan in loads)
    read = sum(_allocations(plan) for plan in loads)
    slots = len(_search(engine, month))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        _search(engine, month)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    return [str(read), str(slots), str(buffers), f"{peak / 1024:.0f}"]


class _Explaining(Tx):
    """A transaction that asks the database how it answers each statement before it asks it."""

    plans: list[dict[str, Any]]

    def rows(self, statement: TextClause, **binds: Any) -> Sequence[Row[Any]]:
        explained = text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.text}")
        found = super().rows(explained, **binds)[0][0]
        plan = (found if isinstance(found, list) else json.loads(found))[0]["Plan"]
        self.plans = [*getattr(self, "plans", ()), plan]
        return super().rows(statement, **binds)


def _allocations(plan: dict[str, Any]) -> int:
    own = plan["Actual Rows"] * plan["Actual Loops"]
    below = sum(_allocations(child) for child in plan.get("Plans", ()))
    return below + (round(own) if plan.get("Relation Name") == "allocations" else 0)


def _sizes(home: Path, name: str) -> list[str]:
    with bootstrap.administration(Settings(home=home, database=name)) as connection:
        tenants, bookings, disk = connection.execute(SIZE).one()
    return [name, f"{tenants:,}", f"{bookings:,}", disk]


def _month(home: Path) -> date:
    """Return the month around which the books of this folder are written."""
    marker = home / "month"
    if not marker.exists():
        marker.write_text(MONTH.isoformat())
    return date.fromisoformat(marker.read_text())


@contextmanager
def _book(home: Path, name: str, kept: list[Kept]) -> Iterator[Engine]:
    """Open one database, and write what it does not hold yet."""
    settings = Settings(home=home, database=name)
    engine = bootstrap.open_engine(settings, size=1)
    try:
        begun = time.perf_counter()
        with bootstrap.administration(settings) as connection:
            filled = set(connection.execute(FILLED).scalars())
        missing = [one for one in kept if one.slug not in filled]
        if missing and _month(home) != MONTH:
            raise SystemExit(f"{home} was begun in another week: name a new folder")
        for at in range(0, len(missing), 50):
            _write(settings, engine, missing[at : at + 50])
        if missing:
            with bootstrap.administration(settings) as connection:
                connection.exec_driver_sql("ANALYZE")  # autovacuum would, within a minute
            sys.stderr.write(f"{name}: written in {time.perf_counter() - begun:.0f} s\n")
        yield engine
    finally:
        engine.close()


def _write(settings: Settings, engine: Engine, missing: Sequence[Kept]) -> None:
    with bootstrap.administration(settings) as connection:
        tenants = [tenancy.create(connection, business(one.slug))[0] for one in missing]
    businesses = []
    for tenant, one in zip(tenants, missing, strict=True):
        made = engine.act(tenant.slug, partial(set_up, staff=one.staff), command="benchmark")
        businesses.append(bulk.Business(tenant, *made, one.bookings))
    with bootstrap.administration(settings) as connection:
        bulk.write(connection, businesses)


if __name__ == "__main__":
    main()
