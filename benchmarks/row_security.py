"""What row-level security costs: the slot search and booking, with it and without it.

Logins work on the same rows of the same server, in turns, through the same engine. The policies
hold for an operator of the business and for the installation's own login, as for everybody. Each is
compared with a login of the benchmark's own that has the same rights and may pass the policies by
(``BYPASSRLS``), which no login of the product may. Run it:
``python benchmarks/row_security.py``.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

from salon import MONTH, SLUG, Salon, opened
from sqlalchemy import text
from timing import Times, interleaved, publish, table

from bookra import bootstrap
from bookra.commands.root import OBJECTS_BETWEEN_COLLECTIONS
from bookra.engine import roles
from bookra.engine.availability.actions import Slot, find_slots
from bookra.engine.bookings.booking import book
from bookra.engine.bookings.model import Booking
from bookra.engine.bookings.request import BookingRequest
from bookra.engine.database import open_pool
from bookra.engine.runtime import Engine, Tx
from bookra.errors import ConflictError

OPERATOR, INSTALLATION = "an operator", "the installation"
SIDES = {
    f"{OPERATOR}, without": ("benchmark_free_operator", roles.FRONT_DESK),
    OPERATOR: ("benchmark_operator", roles.FRONT_DESK),
    f"{INSTALLATION}, without": ("benchmark_free_installation", roles.PLATFORM),
    INSTALLATION: ("benchmark_installation", roles.PLATFORM),
}
"""Logins and their groups; those without have the same rights, and policies don't hold for them."""
CUSTOMER = text("SELECT id FROM customers WHERE tenant_id = :tenant_id LIMIT 1")
SESSION = text("SELECT pg_backend_pid() AS pid, row_security_active('bookra.bookings') AS guarded")


def main() -> None:
    """Measure both and publish the figures."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--bookings", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=100)
    given = options.parse_args()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    rows, raw = [], []
    with opened(given.bookings) as salon, _both(salon) as engines:
        servers = {side: _server(engine, side) for side, engine in engines.items()}
        for name, verb in (
            ("search, a month, 50 staff", _search(30, None)),
            ("search, a day, 50 staff", _search(1, None)),
            ("search, a day, 1 member of staff", _search(1, "staff-07")),
            ("book", _booking(salon)),
        ):
            sides = {side: verb(engine) for side, engine in engines.items()}
            found = interleaved(sides, rounds=given.rounds, warm_up=10, servers=servers)
            rows += [
                [f"{name}, {held.name}", *_figures(free, held)]
                for free, held in zip(found[::2], found[1::2], strict=True)
            ]
            raw += [f"{name}, {times.raw}" for times in found]
    publish(
        "row_security",
        [
            f"{given.bookings} bookings, fsync on · {given.rounds} pairs",
            table(("", "without ms", "with ms", "ratio", "CPU", "CPU", "ratio"), rows),
            "Every pair, in milliseconds:\n" + "\n".join(raw),
        ],
    )


def _figures(free: Times, held: Times) -> list[str]:
    walls, work = (free.median_ms, held.median_ms), (free.median_worked_ms, held.median_worked_ms)
    return [
        figure
        for without, having in (walls, work)
        for figure in (f"{without:.2f}", f"{having:.2f}", f"{having / without:.3f}")
    ]


@contextmanager
def _both(salon: Salon) -> Iterator[dict[str, Engine]]:
    """Give an engine for each of ``SIDES``."""
    tenant = salon.engine.ask(SLUG, lambda tx: tx.tenant)
    with bootstrap.administration(salon.settings) as connection:
        for side, (login, group) in SIDES.items():
            roles.create_login(connection, login, None)
            roles.grant(connection, group, login)
            if group == roles.FRONT_DESK:
                roles.grant(connection, roles.tenant_role(tenant.id), login)
            if _free(side):
                connection.exec_driver_sql(f"ALTER ROLE {login} BYPASSRLS")
    reached = bootstrap.conninfo(salon.settings)
    engines = {
        side: Engine(open_pool({**reached, "user": login}, size=1))
        for side, (login, _) in SIDES.items()
    }
    try:
        yield engines
    finally:
        for engine in engines.values():
            engine.close()


def _free(side: str) -> bool:
    return side.endswith("without")


def _server(engine: Engine, side: str) -> int:
    """Return the process of an engine's one session, and make sure that it is what it should be."""
    found = engine.ask(SLUG, lambda tx: tx.connection.execute(SESSION).one())
    assert found.guarded != _free(side)
    return int(found.pid)


def _search(days: int, staff: str | None) -> Callable[[Engine], Callable[[], list[Slot]]]:
    def question(tx: Tx) -> list[Slot]:
        return find_slots(tx, "cut", staff, MONTH, days)

    return lambda engine: lambda: engine.ask(SLUG, question)


def _booking(salon: Salon) -> Callable[[Engine], Callable[[], Booking]]:
    """Let the sides take free times of a month in turn: each books another one."""
    free = iter(_free_times(salon, MONTH))

    def action(tx: Tx) -> Booking:
        customer = tx.rows(CUSTOMER)[0].id
        slot = next(free)
        return book(tx, BookingRequest("cut", slot.staff, slot.start, customer))

    def once(engine: Engine) -> Booking:
        while True:
            try:
                return engine.act(SLUG, action, command="benchmark")
            except ConflictError:  # its neighbour was booked, and left too little
                continue

    return lambda engine: lambda: once(engine)


def _free_times(salon: Salon, first: date) -> list[Slot]:
    """Return free times that don't touch: one of each hour of each day and person."""
    found = salon.engine.ask(SLUG, lambda tx: find_slots(tx, "cut", None, first, 30))
    spaced: dict[tuple[str, date], Slot] = {}
    kept = []
    for slot in found:
        last = spaced.get((slot.staff, slot.start.date()))
        if last is None or slot.start - last.start >= timedelta(hours=1):
            spaced[slot.staff, slot.start.date()] = slot
            kept.append(slot)
    return kept


if __name__ == "__main__":
    main()
