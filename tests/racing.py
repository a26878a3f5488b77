"""Races for time: many threads in several processes, started at one moment, and the judge."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from multiprocessing import get_context
from threading import Barrier, Thread
from typing import Any

from factories import Salon
from sqlalchemy import text

from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.database import open_pool
from bookra.engine.runtime import Engine, Tx
from bookra.errors import BookraError

PROCESSES = 3
LONGEST_RUN_UP_SECONDS = 60
RUN_UP_SECONDS = 0.1
"""How long after the last racer is ready they all start."""

# A process that has imported everything once, and has no threads: it forks the racers.
PADDOCK = get_context("forkserver")
PADDOCK.set_forkserver_preload(["bookra.engine.bookings.booking", "racing"])

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


def race(salon: Salon, requests: Sequence[BookingRequest]) -> list[Outcome]:
    """Book all of ``requests`` at once, each in a thread of one of several processes.

    The outcomes stand in the order of the requests.
    """
    heats = [
        _Heat(salon.database.conninfo, salon.slug, salon.now, requests[n::PROCESSES])
        for n in range(PROCESSES)
    ]
    gate = _Gate.build()
    with PADDOCK.Pool(PROCESSES, initializer=_stand_at, initargs=(gate,)) as processes:
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


@dataclass(frozen=True)
class _Gate:
    """Where the processes wait for each other; the last to come says when all start."""

    everybody: Any
    starts_at: Any

    @classmethod
    def build(cls) -> _Gate:
        starts_at = PADDOCK.Value("d", 0.0)
        return cls(PADDOCK.Barrier(PROCESSES, partial(_say_when, starts_at)), starts_at)

    def wait(self) -> None:
        self.everybody.wait(LONGEST_RUN_UP_SECONDS)

    def start(self) -> None:
        time.sleep(max(0.0, self.starts_at.value - time.time()))


def _say_when(starts_at: Any) -> None:
    starts_at.value = time.time() + RUN_UP_SECONDS


_gate: list[_Gate] = []
"""In a race's process: its gate, which can only be inherited and not sent along with a heat."""


def _stand_at(gate: _Gate) -> None:
    _gate.append(gate)


def _run(heat: _Heat) -> list[Outcome]:
    (gate,) = _gate
    pool = open_pool(heat.conninfo, size=len(heat.requests))
    engine = Engine(pool, now=lambda: heat.now)
    connected = Barrier(len(heat.requests), action=gate.wait, timeout=LONGEST_RUN_UP_SECONDS)

    def attempt(wanted: BookingRequest) -> Outcome:
        engine.ask(heat.slug, lambda tx: tx.now)  # connects, and learns the tenant
        connected.wait()
        gate.start()
        while True:
            try:
                booked = engine.act(heat.slug, lambda tx: book(tx, wanted), command="race")
            except BookraError as error:
                if error.code == "locked":  # ten seconds in a queue: as it says, again
                    continue
                return Outcome(None, error.code, len(error.details.get("nearest", ())))
            return Outcome(booked.code)

    with ThreadPoolExecutor(len(heat.requests)) as threads:
        found = list(threads.map(attempt, heat.requests))
    engine.close()
    return found
