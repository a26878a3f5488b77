"""A month's report on revenue against a bare aggregate SELECT over the same transfers.

``100k`` and ``1M`` hold so many transfers, all of them in the month that is asked for; ``year``
holds 1,000,000 in twelve months. Both sides are an ordinary login under forced row-level security
on one durable server, in turns. Run it: ``python benchmarks/reports.py --home DIR``; a folder that
is named is kept, and what stands in it already is not written again.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from bulk import BATCH, NO_LOOK_UPS
from homes import kept_home
from salon import SLUG, business, set_up
from sqlalchemy import Connection, text
from timing import Times, interleaved, publish, table

from bookra import bootstrap
from bookra.config import Settings
from bookra.engine.business import Tenant
from bookra.engine.ledger import chart
from bookra.engine.people.staff import Staff
from bookra.engine.reports.book import book_of
from bookra.engine.reports.cutoff import cutoff
from bookra.engine.reports.moved import counted
from bookra.engine.reports.period import Period
from bookra.engine.reports.revenue import Revenue, binds_of, revenue
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy import actions as tenancy
from bookra.ids import new_id

STAFF = 50
FIRST = date(2026, 10, 1)
DAYS = 31
SIZES = {"100k": (100_000, DAYS), "1M": (1_000_000, DAYS), "year": (1_000_000, 365)}
"""How many transfers there are, in how many days up to the end of the month."""

TRANSFERS_A_VISIT = 7
BARE = text(
    """
    SELECT t.debit_account_id, t.credit_account_id, sum(t.amount_minor)
      FROM entries e
      JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
     WHERE e.tenant_id = :tenant_id AND e.effective_at >= :start AND e.effective_at < :until
     GROUP BY t.debit_account_id, t.credit_account_id
    """
)
COPIES = {
    "bookings": "id, code, customer_id, status, starts_at, ends_at, currency, created_at",
    "booking_lines": "id, booking_id, position, service_id, staff_id, starts_at, ends_at,"
    " net_minor, tax_minor, tax_bps, commission_bps, currency",
    "entries": "id, key, kind, effective_at, posted_at, booking_id",
    "transfers": "id, entry_id, line, debit_account_id, credit_account_id, currency, amount_minor,"
    " booking_line_id",
}
OPEN = text(
    "INSERT INTO accounts (tenant_id, id, code, kind, currency, staff_id)"
    " VALUES (:tenant_id, :id, :code, :kind, 'EUR', :staff_id)"
)
COLUMNS = (
    "",
    "transfers",
    "in the month",
    "median ms",
    "of bare",
    "least ms",
    "of bare",
    "CPU ms *",
)


@dataclass(frozen=True, slots=True)
class Shop:
    """Whose visits are written, and the accounts that they move."""

    tenant: Tenant
    people: tuple[Staff, ...]
    service_id: UUID
    customer_id: UUID
    accounts: dict[str, UUID]


def main() -> None:
    """Write what is missing, ask in turns, and publish the figures."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--home", type=Path, help="a folder that is kept")
    options.add_argument("--rounds", type=int, default=10)
    given = options.parse_args()
    rows, raw, plans = [], [], []
    with ExitStack() as stack:
        home = stack.enter_context(kept_home(given.home))
        for name in SIZES:
            engine = stack.enter_context(_book(home, name))
            measured = _measured(engine, given.rounds)
            counted = engine.ask(SLUG, _counted)
            rows += [_row(name, counted, times, measured[0]) for times in measured]
            raw += [f"{name} {times.raw}" for times in measured]
            if name == "1M":
                plans = [
                    f"{by}:\n{engine.ask(SLUG, partial(_plan, by=by))}" for by in ("day", "staff")
                ]
    publish(
        "reports",
        [
            f"A month's revenue, {STAFF} staff, fsync on · {given.rounds} rounds in turns",
            table(COLUMNS, rows),
            "* ms of the client and its backend; two workers take 1.5 times as much beside them",
            "Every question, in milliseconds:\n" + "\n".join(raw),
            "Plans of 1M:\n\n" + "\n\n".join(plans),
        ],
    )


def _measured(engine: Engine, rounds: int) -> list[Times]:
    asked: dict[str, Callable[[], object]] = {"bare SELECT": partial(engine.ask, SLUG, _bare)}
    for by in ("day", "month", "method", "staff", "service"):
        asked[by] = partial(engine.ask, SLUG, partial(_report, by=by))
    own = text("SELECT pg_backend_pid()")
    server = int(engine.across_tenants(lambda connection: connection.execute(own).scalar_one()))
    return interleaved(asked, rounds=rounds, warm_up=2, servers=dict.fromkeys(asked, server))


def _month(tx: Tx) -> Period:
    return Period(FIRST, FIRST + timedelta(days=DAYS - 1), tx.tenant.zone)


def _bare(tx: Tx) -> object:
    month = _month(tx)
    return tx.rows(BARE, start=month.start, until=month.until)


def _report(tx: Tx, by: str) -> Revenue:
    return revenue(tx, _month(tx), by)


def _plan(tx: Tx, by: str) -> str:
    month, cut = _month(tx), cutoff(tx, None)
    book = book_of(tx, month, by)
    explain = f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {counted(by, then=False).text}"
    return "\n".join(row[0] for row in book.rows(tx, text(explain), **binds_of(book, month, cut)))


def _counted(tx: Tx) -> tuple[int, int]:
    month = _month(tx)
    whole = tx.row(text("SELECT count(*) FROM transfers WHERE tenant_id = :tenant_id"))
    inside = tx.row(
        text(
            "SELECT count(*) FROM transfers t JOIN entries e"
            " ON e.tenant_id = t.tenant_id AND e.id = t.entry_id WHERE t.tenant_id = :tenant_id"
            " AND e.effective_at >= :start AND e.effective_at < :until"
        ),
        start=month.start,
        until=month.until,
    )
    assert whole is not None
    assert inside is not None
    return whole[0], inside[0]


def _row(name: str, counted: tuple[int, int], times: Times, bare: Times) -> list[str]:
    return [
        f"{name} · {times.name}",
        *(f"{number:,}" for number in counted),
        f"{times.median_ms:.0f}",
        f"{times.median_ms / bare.median_ms:.2f}",
        f"{min(times.taken_ms):.0f}",
        f"{min(times.taken_ms) / min(bare.taken_ms):.2f}",
        f"{times.median_worked_ms:.0f}",
    ]


@contextmanager
def _book(home: Path, name: str) -> Iterator[Engine]:
    """Open one database, and write what it does not hold yet."""
    settings = Settings(home=home, database=f"reports_{name.lower()}")
    engine = bootstrap.open_engine(settings, size=1)
    try:
        with bootstrap.administration(settings) as connection:
            empty = not connection.execute(text("SELECT count(*) FROM tenants")).scalar_one()
        if empty:
            begun = time.perf_counter()
            _write(settings, engine, *SIZES[name])
            sys.stderr.write(f"{name}: written in {time.perf_counter() - begun:.0f} s\n")
        yield engine
    finally:
        engine.close()


def _write(settings: Settings, engine: Engine, wanted: int, days: int) -> None:
    with bootstrap.administration(settings) as connection:
        tenant = tenancy.create(connection, business(SLUG))[0]
    people, service, customer = engine.act(SLUG, partial(set_up, staff=STAFF), command="benchmark")
    accounts = engine.act(SLUG, partial(_opened, people=people), command="benchmark")
    shop = Shop(tenant, people, service.id, customer, accounts)
    with bootstrap.administration(settings) as connection:
        connection.execute(NO_LOOK_UPS)
        visits = _visits(shop, wanted // TRANSFERS_A_VISIT, days)
        while batch := list(islice(visits, BATCH // 4)):
            _copy(connection, batch)
    with bootstrap.administration(settings) as connection:
        connection.exec_driver_sql("ANALYZE")  # autovacuum would, within a minute


def _opened(tx: Tx, people: tuple[Staff, ...]) -> dict[str, UUID]:
    codes: dict[str, UUID | None] = dict.fromkeys(
        (chart.CLEARING, chart.AVAILABLE, chart.SERVICES, chart.tax(1900), chart.STRIPE_FEES)
    )
    codes |= dict.fromkeys((chart.PLATFORM_FEES, chart.COMMISSION_EXPENSE))
    for person in people:
        codes |= dict.fromkeys((chart.tips(person.slug), chart.commission(person.slug)), person.id)
    found = {code: new_id() for code in codes}
    for code, staff_id in codes.items():
        tx.run(OPEN, id=found[code], code=code, kind=chart.kind_of(code), staff_id=staff_id)
    return found


def _copy(connection: Connection, batch: list[dict[str, list[tuple[Any, ...]]]]) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    for name, columns in COPIES.items():
        statement = f"COPY {name} (tenant_id, {columns}) FROM STDIN"
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for visit in batch:
                for row in visit[name]:
                    copy.write_row(row)


def _visits(shop: Shop, wanted: int, days: int) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
    """Yield so many visits, each paid by card with a tip, by time, with the rows that they are."""
    rng = random.Random(1)
    end = datetime(FIRST.year, FIRST.month, FIRST.day, 21, tzinfo=UTC) + timedelta(days=DAYS - 1)
    step = timedelta(days=days) / wanted
    for number in range(wanted):
        at = end - step * (wanted - number - 1)
        yield _visit(shop, number, at, rng.choice(shop.people), rng.randrange(2000, 12_000))


def _visit(
    shop: Shop, number: int, at: datetime, person: Staff, net: int
) -> dict[str, list[tuple[Any, ...]]]:
    tenant, a = shop.tenant.id, shop.accounts
    booking, line, until = new_id(), new_id(), at + timedelta(minutes=45)
    tax, tip, commission = net * 19 // 100, net // 10, net * 2 // 5
    fees, ours = (net + tax + tip) * 29 // 1000 + 30, net // 100
    moves = (
        (f"charge:{number}", "card_payment", 0, chart.CLEARING, chart.SERVICES, net, line),
        (f"charge:{number}", "card_payment", 1, chart.CLEARING, chart.tax(1900), tax, line),
        (f"charge:{number}", "card_payment", 2, chart.CLEARING, chart.tips(person.slug), tip, None),
        (f"stripe:{number}", "stripe_charge", 0, chart.AVAILABLE, chart.CLEARING, net, None),
        (f"stripe:{number}", "stripe_charge", 1, chart.STRIPE_FEES, chart.CLEARING, fees, None),
        (f"stripe:{number}", "stripe_charge", 2, chart.PLATFORM_FEES, chart.CLEARING, ours, None),
        (
            *(f"commission:{number}", "commission", 0, chart.COMMISSION_EXPENSE),
            *(chart.commission(person.slug), commission, line),
        ),
    )
    entries = {key: (new_id(), kind) for key, kind, *_ in moves}
    start = (tenant, booking, f"LUN-{number}", shop.customer_id, "completed", at, until, "EUR", at)
    return {
        "bookings": [start],
        "booking_lines": [
            (
                *(tenant, line, booking, 1, shop.service_id, person.id, at, until),
                *(net, tax, 1900, 4000, "EUR"),
            )
        ],
        "entries": [
            (tenant, entry, key, kind, at, at, booking) for key, (entry, kind) in entries.items()
        ],
        "transfers": [
            (tenant, new_id(), entries[key][0], place, a[debit], a[credit], "EUR", minor, part)
            for key, _, place, debit, credit, minor, part in moves
        ],
    }


if __name__ == "__main__":
    main()
