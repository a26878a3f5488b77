"""Races for time: many threads in several processes, started at one moment, and the judge."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from threading import Barrier, Thread

from factories import Salon
from sqlalchemy import text

from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.database import open_pool
from bookra.engine.runtime import Engine, Tx
from bookra.errors import BookraError

PROCESSES = 3
RUN_UP_SECONDS = 2.0
"""How long the processes have to import everything and connect before the start."""

# Knows neither the constraint nor a range operator: every pair of rows is compared.
OVERLAPS = text(
    """
    SELECT count(*) FROM bookra.allocations a JOIN bookra.allocations b
        ON a.bookable_id = b.bookable_id AND a.id < b.id
     WHERE a.starts_at < b.ends_at AND b.starts_at < a.ends_at
    """
)

DEADLOCKS = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")


@dataclass(frozen=True)
class Outcome:
    """What a racer got: a booking's code, or the code of the refusal and the slots it names."""

    booking: str | None
    refusal: str | None = None
    nearest: int = 0


@dataclass(frozen=True)
class _Heat:
    """One process' share of a race; plain values, since it travels to that process."""

    conninfo: dict[str, str]
    slug: str
    now: datetime
    requests: Sequence[BookingRequest]
    starts_at: float


def race(salon: Salon, requests: Sequence[BookingRequest]) -> list[Outcome]:
    """Book all of ``requests`` at once, each in a thread of one of several processes.

    The outcomes stand in the order of the requests.
    """
    starts_at = time.time() + RUN_UP_SECONDS
    heats = [
        _Heat(salon.database.conninfo, salon.slug, salon.now, requests[n::PROCESSES], starts_at)
        for n in range(PROCESSES)
    ]
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as processes:
        found = processes.map(_run, heats, 1)
    return [found[n % PROCESSES][n // PROCESSES] for n in range(len(requests))]


def together(work: Sequence[Callable[[], str]]) -> list[str]:
    """Run all of ``work`` at once, each in a thread; return what came of each."""
    start, found = Barrier(len(work), timeout=30), ["" for _ in work]

    def run(number: int) -> None:
        start.wait()
        found[number] = work[number]()

    threads = [Thread(target=run, args=(number,)) for number in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def outcome(salon: Salon, action: Callable[[Tx], object]) -> str:
    """Return ``done``, or the code with which the action was refused."""
    try:
        salon.act(action)
    except BookraError as refused:
        return refused.code
    return "done"


def overlaps(salon: Salon) -> int:
    """Count the pairs of allocations that overlap, as the administrator, who sees every row."""
    pool = open_pool(salon.database.administrator, pooled=False)
    with pool.connect() as connection:
        found: int = connection.execute(OVERLAPS).scalar_one()
    return found


def deadlocks(salon: Salon) -> int:
    """Count the deadlocks that PostgreSQL has broken up, also those that were tried again."""
    salon.pool.dispose()  # a session tells its counts at its end
    pool = open_pool(salon.database.administrator, pooled=False)
    with pool.connect() as connection:
        found: int = connection.execute(DEADLOCKS).scalar_one()
    return found


def _run(heat: _Heat) -> list[Outcome]:
    pool = open_pool(heat.conninfo, size=len(heat.requests))
    engine = Engine(pool, now=lambda: heat.now)
    with ThreadPoolExecutor(len(heat.requests)) as threads:
        found = list(threads.map(lambda wanted: _attempt(engine, heat, wanted), heat.requests))
    engine.close()
    return found


def _attempt(engine: Engine, heat: _Heat, wanted: BookingRequest) -> Outcome:
    engine.ask(heat.slug, lambda tx: tx.now)  # connects, and learns the tenant
    time.sleep(max(0.0, heat.starts_at - time.time()))
    try:
        booked = engine.act(heat.slug, lambda tx: book(tx, wanted), command="race")
    except BookraError as error:
        return Outcome(None, error.code, len(error.details.get("nearest", ())))
    return Outcome(booked.code)
