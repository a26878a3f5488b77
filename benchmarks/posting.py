"""Posting to the ledger: clients of the engine against pgbench running the same inserts.

An entry of a card payment (three transfers on four accounts) with its audit row, by the ordinary
login under forced row-level security, durable on both sides, in turns. pgbench sets the tenant and
reads the business as the engine does, and inserts plain rows by prepared statements, with accounts
that it knows. The engine's clients are processes of their own, and then threads of two processes,
as pgbench's are of its two; a process has a pool of sessions, as large as the program's. They
share the machine's processors with the server, and then again they have one to themselves and the
server another, on both sides: as it is when clients are machines of their own. Then the same by
one client while the ledger grows. Run it: ``python benchmarks/posting.py``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median

from homes import kept_home
from sqlalchemy import TextClause, text
from timing import publish, table

from bookra import bootstrap
from bookra.config import Settings
from bookra.engine.business import TENANT_COLUMNS
from bookra.engine.database import SESSION_OPTIONS
from bookra.engine.embedded import binaries
from bookra.engine.ledger import chart
from bookra.engine.ledger.entry import Draft
from bookra.engine.ledger.rules.sales import Fact, Sale, Tender, payment_in_full
from bookra.engine.ledger.store import post
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy import actions as tenancy
from bookra.ids import new_id

SLUG = "luna"
JOBS = 2
"""Processes of the engine, and threads of pgbench, that share the clients out among them."""
POOL = 5
"""Sessions that a process keeps, unless it is told otherwise (``bootstrap.open_engine``)."""
CODES = (chart.CLEARING, chart.SERVICES, chart.tax(800), chart.tips("ana"))
COUNT = text("SELECT count(*) AS entries FROM entries WHERE tenant_id = :tenant_id")
TRANSFERS = text("SELECT count(*) AS found FROM transfers WHERE tenant_id = :tenant_id")
ACCOUNTS = text("SELECT code, id FROM accounts WHERE tenant_id = :tenant_id")

SCRIPT = """\
BEGIN;
SET LOCAL app.tenant = '{tenant}';
SELECT now(), {columns} FROM tenants WHERE id = '{tenant}';
INSERT INTO entries (tenant_id, id, key, kind, effective_at, memo)
VALUES ('{tenant}', uuidv7(), 'charge:' || uuidv7(), 'card_payment', now(), '')
ON CONFLICT (tenant_id, key) DO NOTHING RETURNING id AS entry \\gset
INSERT INTO transfers (tenant_id, id, entry_id, line, debit_account_id, credit_account_id,
                       currency, amount_minor)
VALUES ('{tenant}', uuidv7(), :entry, 0, '{clearing}', '{services}', 'EUR', 10000),
       ('{tenant}', uuidv7(), :entry, 1, '{clearing}', '{tax}', 'EUR', 800),
       ('{tenant}', uuidv7(), :entry, 2, '{clearing}', '{tips}', 'EUR', 1500);
INSERT INTO audit (tenant_id, id, command, subjects)
VALUES ('{tenant}', uuidv7(), 'benchmark', '["entry:0192f4c1-0000-7000-8000-000000000000"]');
COMMIT;
"""

# Rows of the same kind, by an administrator and without their foreign keys' checks.
GROW = """\
SET LOCAL session_replication_role = replica;
WITH written AS (
    INSERT INTO bookra.entries (tenant_id, id, key, kind, effective_at, memo)
    SELECT '{tenant}', uuidv7(), 'old:' || uuidv7(), 'card_payment',
           now() - n * interval '1 minute', ''
      FROM generate_series(1, {entries}) AS n
    RETURNING id
)
INSERT INTO bookra.transfers (tenant_id, id, entry_id, line, debit_account_id, credit_account_id,
                              currency, amount_minor)
SELECT '{tenant}', uuidv7(), w.id, t.line, '{clearing}', CAST(t.account AS uuid), 'EUR', t.amount
  FROM written w
 CROSS JOIN (VALUES (0, '{services}', 10000), (1, '{tax}', 800), (2, '{tips}', 1500))
       AS t(line, account, amount);
"""


def main() -> None:
    """Measure in turns at each number of clients and each size, and publish the figures."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--clients", type=int, nargs="*", default=[1, 8, 16])
    options.add_argument("--transfers", type=int, nargs="*", default=[0, 100_000, 1_000_000])
    options.add_argument("--seconds", type=int, default=8)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    with kept_home(None) as home:
        settings = Settings(home=home)
        names = _open(settings)
        bench = Bench(settings, SCRIPT.format(**names), given.seconds, given.rounds)
        grown, raw = _growing(bench, names, given.transfers)
        rows, apart = [], []
        for clients in given.clients:
            turns = bench.turns(clients)
            rows.append([str(clients), *_figures(turns)])
            raw += _raw(f"{clients}", turns)
        with bench.set_apart():
            for clients in given.clients:
                turns = bench.turns(clients)
                apart.append([str(clients), *_figures(turns)])
                raw += _raw(f"apart, {clients}", turns)
    sides = ("processes/s", "threads/s", "pgbench/s", "ratio", "ratio")
    publish(
        "posting",
        [
            f"An entry of three transfers, its audit row · {given.seconds} s a turn · fsync on",
            f"Load of the machine at the end: {os.getloadavg()[0]:.1f}",
            "With the ledger grown to its most; ratios of processes and of threads to pgbench:",
            table(("clients", *sides), rows),
            "The same with the server on one processor and the clients on another:",
            table(("clients", *sides), apart),
            "By one client, while the ledger grows:",
            table(("transfers", *sides), grown),
            "Every turn, entries a second:\n" + "\n".join(raw),
        ],
    )


def _figures(turns: dict[str, list[float]]) -> list[str]:
    """Return the medians of all sides, and what the engine's are of pgbench's."""
    processes, threads, plain = (median(turns[side]) for side in Bench.SIDES)
    rates = [f"{rate:.0f}" for rate in (processes, threads, plain)]
    return [*rates, f"{processes / plain:.2f}", f"{threads / plain:.2f}"]


def _raw(what: str, turns: dict[str, list[float]]) -> list[str]:
    return [
        f"{what} {side}: {' '.join(f'{rate:.0f}' for rate in rates)}"
        for side, rates in turns.items()
    ]


def _growing(
    bench: Bench, names: dict[str, object], sizes: Sequence[int]
) -> tuple[list[list[str]], list[str]]:
    """Let the ledger grow to each size; return a row of figures for each, and the raw ones."""
    rows, raw = [], []
    for size in sizes:
        bench.grow(names, size)
        turns = bench.turns(1)
        rows.append([f"{size:,}", *_figures(turns)])
        raw += _raw(f"{size:,} transfers, 1", turns)
    return rows, raw


def _open(settings: Settings) -> dict[str, object]:
    """Open a business, post once so that its accounts exist; return what the scripts name."""
    engine = bootstrap.open_engine(settings, size=1)
    with bootstrap.administration(settings) as connection:
        new = tenancy.NewTenant(SLUG, "Luna", "Europe/Berlin", "EUR", "DE", 800)
        tenant = tenancy.create(connection, new)[0]
    _post(engine)
    known = {row.code: row.id for row in engine.ask(SLUG, lambda tx: tx.rows(ACCOUNTS))}
    engine.close()
    names = dict(zip(("clearing", "services", "tax", "tips"), CODES, strict=True))
    ids = {name: known[code] for name, code in names.items()}
    return {"tenant": tenant.id, "columns": TENANT_COLUMNS, **ids}


def _post(engine: Engine) -> None:
    def action(tx: Tx) -> None:
        post(tx, _draft(tx.now))

    engine.act(SLUG, action, command="benchmark")


def _draft(now: datetime) -> Draft:
    fact = Fact(f"charge:{new_id()}", now, "EUR")
    sale = Sale(None, "ana", 10_000, 800, 800)
    return payment_in_full(fact, Tender("card", 10_800, {"ana": 1500}), [sale])


class Bench:
    """Lets every side post, in turns, and counts what is in the ledger after each."""

    SIDES = ("processes", "threads", "pgbench")

    def __init__(self, settings: Settings, script: str, seconds: int, rounds: int) -> None:
        self._settings = settings
        self._script = script.replace(":entry", "CAST(:entry AS uuid)")
        self._seconds = seconds
        self._rounds = rounds

    def turns(self, clients: int) -> dict[str, list[float]]:
        """Return the entries a second of each side, in as many turns as there are rounds."""
        turns: dict[str, list[float]] = {side: [] for side in self.SIDES}
        watching = bootstrap.open_engine(self._settings, size=1)
        for number, order in enumerate(self._orders()):
            for side in order:
                before = _count(watching, COUNT)
                took = self._turn(side, clients)
                if number:  # the first turn of each warms up
                    turns[side].append((_count(watching, COUNT) - before) / took)
        watching.close()
        return turns

    def grow(self, names: dict[str, object], transfers: int) -> None:
        """Bring the ledger to so many transfers."""
        watching = bootstrap.open_engine(self._settings, size=1)
        entries = (transfers - _count(watching, TRANSFERS)) // 3
        watching.close()
        with bootstrap.administration(self._settings) as connection:
            if entries > 0:
                connection.exec_driver_sql(GROW.format(**names, entries=entries))
            connection.exec_driver_sql("ANALYZE")  # autovacuum would, within a minute

    @contextmanager
    def set_apart(self) -> Iterator[None]:
        """Give the server the first processor, and the clients of both sides the second."""
        everywhere = os.sched_getaffinity(0)
        first, second = sorted(everywhere)[:2]
        server = bootstrap.embedded_server(self._settings).status().pid
        assert server is not None
        _pin(server, {first})
        os.sched_setaffinity(0, {second})  # whom it starts from now on stay with it
        try:
            yield
        finally:
            os.sched_setaffinity(0, everywhere)
            _pin(server, everywhere)

    def _orders(self) -> Iterator[tuple[str, ...]]:
        for number in range(self._rounds + 1):
            yield self.SIDES[:: -1 if number % 2 else 1]

    def _turn(self, side: str, clients: int) -> float:
        """Let one side post; return the seconds that it took."""
        if side == "pgbench":
            return self._pgbench(clients)
        processes = clients if side == "processes" else min(clients, JOBS)
        return self._engine(processes, clients // processes)

    def _engine(self, processes: int, threads: int) -> float:
        """Let processes of the engine post; return the time from the first start to the end."""
        context = multiprocessing.get_context("spawn")
        ready, spans = context.Barrier(processes), context.Queue()
        given = (self._settings, self._seconds, threads, ready, spans)
        workers = [context.Process(target=_keep_posting, args=given) for _ in range(processes)]
        for worker in workers:
            worker.start()
        found = [spans.get(timeout=self._seconds + 120) for _ in workers]
        for worker in workers:
            worker.join()
        return max(end for _, end in found) - min(start for start, _ in found)

    def _pgbench(self, clients: int) -> float:
        keywords = {**bootstrap.conninfo(self._settings), "options": SESSION_OPTIONS}
        conninfo = " ".join(f"{key}='{value}'" for key, value in keywords.items())
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(self._script)
            file.flush()
            command = [str(binaries.program(binaries.installed_folder(), "pgbench"))]
            command += ["--no-vacuum", "--protocol=prepared", f"--client={clients}"]
            command += [f"--jobs={min(clients, JOBS)}", f"--time={self._seconds}"]
            command += [f"--file={file.name}", conninfo]
            subprocess.run(command, capture_output=True, text=True, check=True)
        return float(self._seconds)


def _pin(server: int, processors: set[int]) -> None:
    """Keep a server, all that it has started and all that it will start on ``processors``."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    for pid in (server, *map(int, children)):
        with suppress(ProcessLookupError):
            os.sched_setaffinity(pid, processors)


def _count(engine: Engine, question: TextClause) -> int:
    return int(engine.ask(SLUG, lambda tx: tx.rows(question))[0][0])


def _keep_posting(
    settings: Settings,
    seconds: int,
    threads: int,
    ready: Barrier,
    spans: multiprocessing.Queue[tuple[float, float]],
) -> None:
    engine = bootstrap.open_engine(settings, size=POOL)
    sessions = min(threads, POOL)
    connected, begun = threading.Barrier(sessions + 1), threading.Event()
    end = 0.0

    def keep(number: int) -> None:
        if number < sessions:
            engine.ask(SLUG, lambda _: connected.wait())  # all at once, so each opens one
        begun.wait()
        while time.monotonic() < end:
            _post(engine)

    posting = [threading.Thread(target=keep, args=(number,)) for number in range(threads)]
    for thread in posting:
        thread.start()
    connected.wait()
    ready.wait()
    start = time.monotonic()
    end = start + seconds
    begun.set()
    for thread in posting:
        thread.join()
    spans.put((start, time.monotonic()))
    engine.close()


if __name__ == "__main__":
    main()
