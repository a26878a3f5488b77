"""Contested bookings: clients of the engine against pgbench running the very same statements.

Every client walks through one list of slots in the same order, so each slot is wanted by all of
them at nearly the same moment: one wins, the others are refused and told what is free nearby. The
statements of a won and of a lost attempt are recorded from the engine and become pgbench's script,
decided by the same answers. Both work as the same ordinary login under forced row-level security
on one durable server, in turns; what differs is Python. Run it: ``python benchmarks/contested.py``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import subprocess
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing.synchronize import Barrier
from statistics import median
from uuid import UUID

from homes import kept_home
from pgbench_script import Names, script_of
from sqlalchemy import text
from timing import publish, table

from bookra import bootstrap
from bookra.config import Settings
from bookra.engine.availability.hours import parse_week
from bookra.engine.availability.timetable import set_hours
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.catalog.actions import NewService, add_service
from bookra.engine.catalog.model import parse_segments
from bookra.engine.database import SESSION_OPTIONS
from bookra.engine.embedded import binaries
from bookra.engine.people.customers import add_customer
from bookra.engine.people.staff import add_staff
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy import actions as tenancy
from bookra.errors import BookraError
from bookra.money import Money

SLUG = "luna"
STAFF = 8
MINUTES = 45
FIRST = datetime.combine(datetime.now(UTC).date() + timedelta(days=30), datetime.min.time(), UTC)
"""Midnight, in a business whose clock shows UTC: 32 slots of 45 minutes fill each person's day."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a turn achieved: visits booked, attempts made, in so many seconds."""

    booked: int
    attempts: int
    seconds: float

    @property
    def booked_per_second(self) -> float:
        """The figure that counts: each booked visit was wanted by every client."""
        return self.booked / self.seconds


def main() -> None:
    """Measure both sides in turns and publish the figures."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--clients", type=int, default=4)
    options.add_argument("--seconds", type=int, default=10)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    with kept_home(None) as home:
        turns = _turns(Settings(home=home), given.clients, given.seconds, given.rounds)
    _publish(turns, given.clients, given.seconds)


def _turns(settings: Settings, clients: int, seconds: int, rounds: int) -> dict[str, list[Share]]:
    names = _open_salon(settings)
    engine = bootstrap.open_engine(settings, size=1)
    script = script_of(engine, SLUG, names, _attempt)
    turns: dict[str, list[Share]] = {"pgbench": [], "engine": []}
    first = 1000  # the slots before it are the recording's
    for number in range(rounds + 1):
        for side in sorted(turns, reverse=bool(number % 2)):
            before = _booked(engine)
            if side == "pgbench":
                attempts = _pgbench(settings, script, first, clients, seconds)
            else:
                attempts = _engine(settings, names.customer, first, clients, seconds)
            booked = _booked(engine) - before
            if number:  # the first turn of each warms up
                turns[side].append(Share(booked, attempts, seconds))
            first += attempts // clients + 1000
    engine.close()
    return turns


def _publish(turns: dict[str, list[Share]], clients: int, seconds: int) -> None:
    rows, medians = [], {}
    for side, shares in turns.items():
        medians[side] = median(share.booked_per_second for share in shares)
        attempts = median(share.attempts / share.seconds for share in shares)
        rows.append([side, f"{medians[side]:.1f}", f"{attempts:.1f}"])
    raw = [
        f"{side}: " + " ".join(f"{share.booked}/{share.attempts}" for share in shares)
        for side, shares in turns.items()
    ]
    publish(
        "contested",
        [
            f"{clients} clients want each slot · {STAFF} staff · {seconds} s a turn · fsync on",
            table(("", "booked/s", "attempts/s"), rows),
            f"engine / pgbench: {medians['engine'] / medians['pgbench']:.2f}",
            "Every turn, booked/attempts:\n" + "\n".join(raw),
        ],
    )


def _open_salon(settings: Settings) -> Names:
    engine = bootstrap.open_engine(settings, size=1)
    with bootstrap.administration(settings) as connection:
        tenancy.create(connection, tenancy.NewTenant(SLUG, "Luna", "UTC", "EUR", "DE", 1900))

    def furnish(tx: Tx) -> Names:
        people: list[UUID] = []
        for number in range(STAFF):
            person, _ = add_staff(tx, f"staff-{number}", f"Staff {number}")
            set_hours(tx, person.slug, [parse_week("mon-sun 00:00-24:00")], date(2020, 1, 1))
            people.append(person.id)
        cut = NewService("cut", "Cut", Money(4500, "EUR"), parse_segments(f"busy {MINUTES}"))
        add_service(tx, cut)
        return Names(tuple(people), add_customer(tx, "Rosa Vega")[0].id, FIRST, MINUTES)

    names = engine.act(SLUG, furnish, command="benchmark")
    engine.close()
    with bootstrap.administration(settings) as connection:
        connection.exec_driver_sql("ANALYZE")
    return names


def _attempt(engine: Engine, names: Names, slot: int) -> bool:
    """Try to book the slot of that number; tell whether it was won."""
    person, length = slot % STAFF, timedelta(minutes=MINUTES)
    start = names.first + (slot // STAFF) * length
    request = BookingRequest("cut", f"staff-{person}", start, names.customer)
    try:
        engine.act(SLUG, lambda tx: book(tx, request), command="book")
    except BookraError as error:
        if error.code != "slot_taken":
            raise
        return False
    return True


def _engine(settings: Settings, customer: UUID, first: int, clients: int, seconds: int) -> int:
    """Let processes of the engine walk through the slots; return how many attempts they made."""
    context = multiprocessing.get_context("spawn")
    ready, counts = context.Barrier(clients), context.Queue()
    workers = [
        context.Process(target=_walk, args=(settings, customer, first, seconds, ready, counts))
        for _ in range(clients)
    ]
    for worker in workers:
        worker.start()
    made = [counts.get(timeout=seconds + 60) for _ in workers]
    for worker in workers:
        worker.join()
    return sum(made)


def _walk(
    settings: Settings,
    customer: UUID,
    first: int,
    seconds: int,
    ready: Barrier,
    counts: multiprocessing.Queue[int],
) -> None:
    engine = bootstrap.open_engine(settings, size=1)
    names = Names((), customer, FIRST, MINUTES)
    engine.ask(SLUG, lambda tx: tx.now)
    ready.wait()
    slot, until = first, time.monotonic() + seconds
    while time.monotonic() < until:
        _attempt(engine, names, slot)
        slot += 1
    counts.put(slot - first)
    engine.close()


def _pgbench(settings: Settings, script: str, first: int, clients: int, seconds: int) -> int:
    """Let pgbench walk through the slots; return how many transactions it made."""
    conninfo = " ".join(f"{key}='{value}'" for key, value in _keywords(settings).items())
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        command = [
            str(binaries.program(binaries.installed_folder(), "pgbench")),
            "--no-vacuum",
            f"--client={clients}",
        ]
        command += [f"--time={seconds}", f"--define=i={first - 1}", f"--file={file.name}"]
        command += [f"--jobs={clients}", conninfo]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    counted = [line for line in done.stdout.splitlines() if "actually processed" in line]
    return int(counted[0].rpartition(":")[2].split("/")[0])


def _keywords(settings: Settings) -> dict[str, str]:
    return {**bootstrap.conninfo(settings), "options": SESSION_OPTIONS}


def _booked(engine: Engine) -> int:
    statement = text("SELECT count(*) AS booked FROM bookings WHERE tenant_id = :tenant_id")
    return engine.ask(SLUG, lambda tx: int(tx.rows(statement)[0].booked))


if __name__ == "__main__":
    main()
