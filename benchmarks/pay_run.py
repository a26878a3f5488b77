"""A pay run for 1,000 staff and 100,000 paid bookings: computed, sealed and paid.

By the ordinary login, under row-level security, on a durable server. The bookings with their
payments, tips and commissions are copied in as the administrator; half of them lie a month before
the one that is run, and are carried, so each figure comes of all of them. Run it:
``python benchmarks/pay_run.py``.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import bulk
import psycopg
from homes import kept_home
from salon import SLUG, business
from sqlalchemy import text
from timing import publish, table

from bookra import bootstrap
from bookra.config import Settings
from bookra.engine.catalog.actions import NewService, add_service
from bookra.engine.catalog.model import Service, parse_segments
from bookra.engine.ledger import chart
from bookra.engine.payouts import runs
from bookra.engine.payouts.figures import Run, State
from bookra.engine.payouts.period import Period, month_of
from bookra.engine.people.customers import add_customer
from bookra.engine.people.staff import Staff, add_staff
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy import actions as tenancy
from bookra.ids import new_id
from bookra.money import Money, share

STAFF, BOOKINGS = 1_000, 100_000
NET, TAX, TIP = 3782, 718, 300
ACCOUNTS = "COPY accounts (tenant_id, id, code, kind, currency, staff_id) FROM STDIN"
ENTRIES = "COPY entries (tenant_id, id, key, kind, effective_at, booking_id) FROM STDIN"
TRANSFERS = (
    "COPY transfers (tenant_id, id, entry_id, line, debit_account_id, credit_account_id, currency,"
    " amount_minor, booking_line_id) FROM STDIN"
)
LINES = text(
    "SELECT l.id, l.booking_id, k.slug FROM booking_lines l JOIN bookables k ON k.id = l.staff_id"
    " ORDER BY l.id"
)
COUNTS = text(
    "SELECT (SELECT count(*) FROM bookings), (SELECT count(*) FROM entries),"
    " (SELECT count(*) FROM transfers), pg_size_pretty(pg_database_size(current_database()))"
)


def main() -> None:
    """Write the month, run it, and publish how long each step took."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--staff", type=int, default=STAFF)
    options.add_argument("--bookings", type=int, default=BOOKINGS)
    given = options.parse_args()
    with kept_home(None) as home:
        settings = Settings(home=home)
        engine = bootstrap.open_engine(settings, size=2)
        size = _furnish(settings, engine, given.staff, given.bookings)
        _publish(engine, size)
        engine.close()


def _publish(engine: Engine, size: list[str]) -> None:
    period = _last_month()
    steps: dict[str, Callable[[Tx], list[Run]]] = {
        "draft": lambda tx: runs.run(tx, period),
        "draft again": lambda tx: runs.run(tx, period),
        "approve": lambda tx: runs.run(tx, period, approve=True),
        "approve again (cron)": lambda tx: runs.run(tx, period, approve=True),
        "pay": lambda tx: runs.pay(tx, period, "bank", "benchmark"),
    }
    rows, found = [], list[Run]()
    for name, step in steps.items():
        begun = time.perf_counter()
        found = engine.act(SLUG, step, command="benchmark")
        rows.append([name, str(len(found)), f"{time.perf_counter() - begun:.2f}"])
    assert all(run.state is State.PAID for run in found)
    total = sum(run.net.minor for run in found)
    bookings = int(size[0].replace(",", ""))
    assert total == bookings * (share(NET, 4000) + TIP), "not every cent is in the runs"
    publish(
        "pay_run",
        [
            "A pay run under row-level security, by the ordinary login, fsync on",
            table(("", "bookings", "entries", "transfers", "on disk"), [["book", *size]]),
            table(("step", "runs", "seconds"), rows),
            f"Paid in all: {total} minor units, which is what was earned.",
        ],
    )


def _last_month() -> Period:
    return month_of(datetime.now(UTC).date().replace(day=1) - timedelta(days=1))


def _furnish(settings: Settings, engine: Engine, staff: int, bookings: int) -> list[str]:
    with bootstrap.administration(settings) as connection:
        tenancy.create(connection, business(SLUG))
    people, service, customer = engine.act(SLUG, lambda tx: _set_up(tx, staff), command="benchmark")
    tenant = engine.ask(SLUG, lambda tx: tx.tenant)
    with bootstrap.administration(settings) as connection:
        connection.exec_driver_sql("SET LOCAL search_path = bookra, public")
        bulk.write(connection, [bulk.Business(tenant, people, service, customer, bookings)])
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        lines = [(row.id, row.booking_id, row.slug) for row in connection.execute(LINES)]
        _copy_ledger(driver, tenant.id, people, lines)
    with bootstrap.administration(settings) as connection:
        connection.exec_driver_sql("ANALYZE")  # autovacuum would, within a minute
        connection.exec_driver_sql("SET LOCAL search_path = bookra, public")
        *counts, disk = connection.execute(COUNTS).one()
    return [*(f"{count:,}" for count in counts), disk]


def _set_up(tx: Tx, staff: int) -> tuple[tuple[Staff, ...], Service, UUID]:
    people = tuple(
        add_staff(tx, f"staff-{number:04d}", f"Staff {number}", commission_bps=4000)[0]
        for number in range(staff)
    )
    cut = NewService("cut", "Cut", Money(4500, tx.tenant.currency), parse_segments("busy 45"))
    return people, add_service(tx, cut)[0], add_customer(tx, "Rosa Vega")[0].id


def _copy_ledger(
    driver: psycopg.Connection[Any],
    tenant: UUID,
    people: tuple[Staff, ...],
    lines: list[tuple[UUID, UUID, str]],
) -> None:
    """Copy a payment with tax and tip, and a commission, for each line."""
    codes: dict[str, tuple[UUID, UUID | None]] = {
        code: (new_id(), None)
        for code in (chart.DRAWER, chart.SERVICES, chart.tax(1900), chart.COMMISSION_EXPENSE)
    }
    for person in people:
        for code in (chart.commission(person.slug), chart.tips(person.slug)):
            codes[code] = (new_id(), person.id)
    ids = {code: account for code, (account, _) in codes.items()}
    _copy(
        driver,
        ACCOUNTS,
        (
            (tenant, account, code, chart.kind_of(code), "EUR", staff)
            for code, (account, staff) in codes.items()
        ),
    )
    made = [(new_id(), new_id(), *line) for line in lines]
    _copy(driver, ENTRIES, _entries(tenant, made))
    _copy(driver, TRANSFERS, _transfers(tenant, made, ids))


def _copy(driver: psycopg.Connection[Any], statement: str, rows: Iterator[tuple[Any, ...]]) -> None:
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _entries(tenant: UUID, made: list[Any]) -> Iterator[tuple[Any, ...]]:
    rng, last = random.Random(1), _last_month()
    first = datetime.combine(last.starts_on, datetime.min.time(), UTC)
    for payment, commission, line, booking, _ in made:
        at = first + timedelta(hours=rng.randrange(-27 * 24, 27 * 24))
        yield tenant, payment, f"cash:{line}", "cash_payment", at, booking
        yield tenant, commission, f"commission:{line}", "commission", at, booking


def _transfers(tenant: UUID, made: list[Any], ids: dict[str, UUID]) -> Iterator[tuple[Any, ...]]:
    for payment, commission, line, _, slug in made:
        drawer = ids[chart.DRAWER]
        moves = (
            (payment, 0, drawer, ids[chart.SERVICES], NET, line),
            (payment, 1, drawer, ids[chart.tax(1900)], TAX, line),
            (payment, 2, drawer, ids[chart.tips(slug)], TIP, None),
            (
                commission,
                0,
                ids[chart.COMMISSION_EXPENSE],
                ids[chart.commission(slug)],
                share(NET, 4000),
                line,
            ),
        )
        for entry, number, debit, credit, minor, part in moves:
            yield tenant, new_id(), entry, number, debit, credit, "EUR", minor, part


if __name__ == "__main__":
    main()
