"""The slot search against a bare SELECT of the same rows: what Bookra adds to the database's time.

Both work as the same ordinary login, under forced row-level security, on the same server, in
turns. The SELECT is what a hand-written listing would begin with: it fetches the allocations
through psycopg and computes nothing. Run it: ``python benchmarks/slot_search.py``.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from salon import MONTH, SLUG, STAFF, Salon, opened
from timing import Times, interleaved, publish, table

from bookra import bootstrap, clock
from bookra.commands.root import OBJECTS_BETWEEN_COLLECTIONS
from bookra.engine.availability.actions import Slot, find_slots
from bookra.engine.availability.window import LONGEST_ALLOCATION_HOURS
from bookra.engine.database import SESSION_OPTIONS
from bookra.engine.runtime import Tx

BARE = f"""
    SELECT bookable_id, starts_at, ends_at, booking_id, held_until
      FROM allocations
     WHERE tenant_id = %(tenant)s AND bookable_id = ANY(%(people)s)
       AND starts_at > %(start)s - interval '{LONGEST_ALLOCATION_HOURS} hours'
       AND starts_at < %(until)s AND ends_at > %(start)s
"""
REACH = timedelta(hours=9)
"""How far around its days the search looks for allocations: so does the bare SELECT."""


@dataclass(frozen=True, slots=True)
class Case:
    """A listing to measure. ``staff`` None is everybody."""

    name: str
    staff: str | None
    days: int


CASES = (
    Case("a month, 50 staff", None, 30),
    Case("a day, 50 staff", None, 1),
    Case("a month, 1 member of staff", "staff-07", 30),
    Case("a day, 1 member of staff", "staff-07", 1),
)
COLUMNS = (
    *("", "SELECT ms", "search ms", "ratio", "least SELECT", "least search", "ratio"),
    *("CPU SELECT", "CPU search", "ratio", "rows", "slots", "statements", "round trips"),
)


def main() -> None:
    """Measure every case and publish the figures."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--bookings", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=100)
    given = options.parse_args()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)  # for both sides, as in the program
    with opened(given.bookings) as salon, _ordinary_session(salon) as session:
        version = session.info.parameter_status("server_version")
        rows, raw = [], []
        for case in CASES:
            row, both = _measure(salon, session, case, given.rounds)
            rows.append(row)
            raw += [f"{case.name}, {times.raw}" for times in both]
    server = f"PostgreSQL {version}, fsync on"
    publish(
        "slot_search" if given.bookings == 10_000 else f"slot_search_{given.bookings}",
        [
            f"{STAFF} staff, {salon.bookings} bookings · {server} · {given.rounds} pairs",
            table(COLUMNS, rows),
            "Every pair, in milliseconds:\n" + "\n".join(raw),
        ],
    )


def _measure(
    salon: Salon, session: psycopg.Connection, case: Case, rounds: int
) -> tuple[list[str], list[Times]]:
    """Return a line of the table, and the times of the SELECT and of the search."""
    select, search = _select(salon, session, case), _search(salon, case)
    found, slots = select(), search()
    messages = _sent(salon, search)
    servers = {"SELECT": session.info.backend_pid, "search": _wire(salon).backend_pid}
    contenders = {"SELECT": select, "search": search}
    # A session keeps the plan of the search after the first few.
    bare, whole = interleaved(contenders, rounds=rounds, warm_up=10, servers=servers)
    line = [
        case.name,
        *_figures(bare.median_ms, whole.median_ms),
        *_figures(min(bare.taken_ms), min(whole.taken_ms)),
        *_figures(bare.median_worked_ms, whole.median_worked_ms),
        str(len(found)),
        str(len(slots)),
        str(messages.statements),
        str(messages.round_trips),
    ]
    return line, [bare, whole]


def _figures(bare_ms: float, whole_ms: float) -> list[str]:
    return [f"{bare_ms:.2f}", f"{whole_ms:.2f}", f"{whole_ms / bare_ms:.2f}"]


def _search(salon: Salon, case: Case) -> Callable[[], list[Slot]]:
    def question(tx: Tx) -> list[Slot]:
        return find_slots(tx, "cut", case.staff, MONTH, case.days)

    return lambda: salon.engine.ask(SLUG, question)


def _select(
    salon: Salon, session: psycopg.Connection, case: Case
) -> Callable[[], list[tuple[Any, ...]]]:
    tenant = salon.engine.ask(SLUG, lambda tx: tx.tenant)
    people: list[UUID] = [p.id for p in salon.people if case.staff in (None, p.slug)]
    session.execute("SELECT set_config('app.tenant', %s, false)", [str(tenant.id)])
    end = MONTH + timedelta(days=case.days)
    binds = {
        "tenant": tenant.id,
        "people": people,
        "start": clock.from_epoch(clock.opening(MONTH, 0, tenant.zone)) - REACH,
        "until": clock.from_epoch(clock.opening(end, 0, tenant.zone)) + timedelta(days=1) + REACH,
    }
    return lambda: session.execute(BARE, binds).fetchall()


def _ordinary_session(salon: Salon) -> psycopg.Connection:
    """Open a session as the login that the search uses, with the same settings."""
    keywords = bootstrap.conninfo(salon.settings)
    target = psycopg.conninfo.make_conninfo(**keywords, options=SESSION_OPTIONS)
    return psycopg.connect(target, autocommit=True, prepare_threshold=None)


def _wire(salon: Salon) -> psycopg.pq.abc.PGconn:
    """Return the engine's one connection."""

    def connection_of(tx: Tx) -> psycopg.Connection:
        driver = tx.connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        return driver

    return salon.engine.ask(SLUG, connection_of).pgconn


@dataclass(frozen=True, slots=True)
class Messages:
    """What a search sends: SQL statements, and how often it waits for the server's answer."""

    statements: int
    round_trips: int


def _sent(salon: Salon, search: Callable[[], object]) -> Messages:
    """Run a search once more while libpq writes down each message of its one connection."""
    wire = _wire(salon)
    with tempfile.TemporaryFile("w+") as log:
        wire.trace(log.fileno())
        search()
        wire.untrace()
        log.seek(0)
        return _messages(log.read())


def _messages(trace: str) -> Messages:
    """Count libpq's trace: a simple query may hold several statements, or none (a ping), and a
    statement whose plan is kept is only bound to its values.
    """
    lines = [line.split("\t") for line in trace.splitlines() if line.count("\t") >= 3]
    queries = [line[-1].strip(' "') for line in lines if line[3].startswith("Query")]
    simple = sum(len([part for part in query.split(";") if part.strip()]) for query in queries)
    extended = sum(line[3] == "Bind" for line in lines)
    return Messages(simple + extended, sum(line[3].startswith("ReadyForQuery") for line in lines))


if __name__ == "__main__":
    main()
