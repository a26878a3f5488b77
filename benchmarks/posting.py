"""Posting to the ledger: clients of the engine against pgbench running the same inserts.

An entry of a card payment (three transfers on four accounts) with its audit row, by the ordinary
login under forced row-level security, durable on both sides, in turns. pgbench inserts plain rows
by prepared statements, with ids that it knows; what differs is Python, and the engine's finding of
accounts. Run it: ``python benchmarks/posting.py``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import subprocess
import tempfile
import time
from datetime import datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median

from sqlalchemy import text
from timing import publish, table

from bookra import bootstrap
from bookra.config import Settings
from bookra.engine.database import SESSION_OPTIONS
from bookra.engine.embedded import binaries
from bookra.engine.ledger import chart
from bookra.engine.ledger.entry import Draft
from bookra.engine.ledger.rules.sales import Fact, Sale, Tender, payment_in_full
from bookra.engine.ledger.store import post
from bookra.engine.runtime import TENANT_COLUMNS, Engine, Tx
from bookra.engine.tenancy import actions as tenancy
from bookra.ids import new_id

SLUG = "luna"
CODES = (chart.CLEARING, chart.SERVICES, chart.tax(800), chart.tips("ana"))
COUNT = text("SELECT count(*) AS entries FROM entries WHERE tenant_id = :tenant_id")
ACCOUNTS = text("SELECT code, id FROM accounts WHERE tenant_id = :tenant_id")

SCRIPT = """\
BEGIN;
SET LOCAL app.tenant = '{tenant}';
SELECT now(), {columns} FROM tenants WHERE id = '{tenant}';
SELECT uuidv7() AS entry \\gset
INSERT INTO entries (tenant_id, id, key, kind, effective_at, memo)
VALUES ('{tenant}', :entry, 'charge:' || :entry, 'card_payment', now(), '')
ON CONFLICT (tenant_id, key) DO NOTHING;
INSERT INTO transfers (tenant_id, id, entry_id, line, debit_account_id, credit_account_id,
                       currency, amount_minor)
VALUES ('{tenant}', uuidv7(), :entry, 0, '{clearing}', '{services}', 'EUR', 10000),
       ('{tenant}', uuidv7(), :entry, 1, '{clearing}', '{tax}', 'EUR', 800),
       ('{tenant}', uuidv7(), :entry, 2, '{clearing}', '{tips}', 'EUR', 1500);
INSERT INTO audit (tenant_id, id, command, subjects)
VALUES ('{tenant}', uuidv7(), 'benchmark', '["entry:0192f4c1-0000-7000-8000-000000000000"]');
COMMIT;
"""


def main() -> None:
    """Measure both sides in turns at each number of clients, and publish the figures."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--clients", type=int, nargs="*", default=[1, 8, 16])
    options.add_argument("--seconds", type=int, default=8)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    home = Path(tempfile.mkdtemp(prefix="bookra-benchmark-"))
    home.chmod(0o711)  # the server's account must be able to pass through
    settings = Settings(home=home)
    try:
        script = _open(settings)
        rows, raw = [], []
        for clients in given.clients:
            turns = _turns(settings, script, clients, given.seconds, given.rounds)
            engine, plain = (median(turns[side]) for side in ("engine", "pgbench"))
            rows.append([str(clients), f"{engine:.0f}", f"{plain:.0f}", f"{engine / plain:.2f}"])
            raw += [
                f"{clients} {side}: {' '.join(f'{rate:.0f}' for rate in rates)}"
                for side, rates in turns.items()
            ]
    finally:
        bootstrap.embedded_server(settings).stop()
        shutil.rmtree(home, ignore_errors=True)
    publish(
        "posting",
        [
            f"An entry of three transfers, its audit row · {given.seconds} s a turn · fsync on",
            f"Load of the machine at the end: {os.getloadavg()[0]:.1f}",
            table(("clients", "engine/s", "pgbench/s", "ratio"), rows),
            "Every turn, entries a second:\n" + "\n".join(raw),
        ],
    )


def _open(settings: Settings) -> str:
    """Open a business, post once so that its accounts exist, and return pgbench's script."""
    engine = bootstrap.open_engine(settings, size=1)
    with bootstrap.administration(settings) as connection:
        new = tenancy.NewTenant(SLUG, "Luna", "Europe/Berlin", "EUR", "DE", 800)
        tenant = tenancy.create(connection, new)[0]
    _post(engine)
    known = {row.code: row.id for row in engine.ask(SLUG, lambda tx: tx.rows(ACCOUNTS))}
    engine.close()
    names = dict(zip(("clearing", "services", "tax", "tips"), CODES, strict=True))
    ids = {name: known[code] for name, code in names.items()}
    text_ = SCRIPT.format(tenant=tenant.id, columns=TENANT_COLUMNS, **ids)
    return text_.replace(":entry", "CAST(:entry AS uuid)")


def _post(engine: Engine) -> None:
    def action(tx: Tx) -> None:
        post(tx, _draft(tx.now))

    engine.act(SLUG, action, command="benchmark")


def _draft(now: datetime) -> Draft:
    fact = Fact(f"charge:{new_id()}", now, "EUR")
    sale = Sale(None, "ana", 10_000, 800, 800)
    return payment_in_full(fact, Tender("card", 10_800, {"ana": 1500}), [sale])


def _turns(
    settings: Settings, script: str, clients: int, seconds: int, rounds: int
) -> dict[str, list[float]]:
    turns: dict[str, list[float]] = {"engine": [], "pgbench": []}
    watching = bootstrap.open_engine(settings, size=1)
    for number in range(rounds + 1):
        for side in sorted(turns, reverse=bool(number % 2)):
            before = _entries(watching)
            if side == "engine":
                took = _engine(settings, clients, seconds)
            else:
                took = _pgbench(settings, script, clients, seconds)
            if number:  # the first turn of each warms up
                turns[side].append((_entries(watching) - before) / took)
    watching.close()
    return turns


def _entries(engine: Engine) -> int:
    return int(engine.ask(SLUG, lambda tx: tx.rows(COUNT))[0].entries)


def _engine(settings: Settings, clients: int, seconds: int) -> float:
    """Let processes of the engine post; return the seconds from the first start to the last end."""
    context = multiprocessing.get_context("spawn")
    ready, spans = context.Barrier(clients), context.Queue()
    workers = [
        context.Process(target=_keep_posting, args=(settings, seconds, ready, spans))
        for _ in range(clients)
    ]
    for worker in workers:
        worker.start()
    found = [spans.get(timeout=seconds + 120) for _ in workers]
    for worker in workers:
        worker.join()
    return max(end for _, end in found) - min(start for start, _ in found)


def _keep_posting(
    settings: Settings,
    seconds: int,
    ready: Barrier,
    spans: multiprocessing.Queue[tuple[float, float]],
) -> None:
    engine = bootstrap.open_engine(settings, size=1)
    engine.ask(SLUG, lambda tx: tx.now)
    ready.wait()
    start = time.monotonic()
    while time.monotonic() < start + seconds:
        _post(engine)
    spans.put((start, time.monotonic()))
    engine.close()


def _pgbench(settings: Settings, script: str, clients: int, seconds: int) -> float:
    keywords = {**bootstrap.conninfo(settings), "options": SESSION_OPTIONS}
    conninfo = " ".join(f"{key}='{value}'" for key, value in keywords.items())
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        command = [str(binaries.program(binaries.installed_folder(), "pgbench")), "--no-vacuum"]
        command += ["--protocol=prepared", f"--client={clients}", f"--jobs={min(clients, 2)}"]
        command += [f"--time={seconds}", f"--file={file.name}", conninfo]
        subprocess.run(command, capture_output=True, text=True, check=True)
    return float(seconds)


if __name__ == "__main__":
    main()
