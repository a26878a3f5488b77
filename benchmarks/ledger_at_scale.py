"""The ledger at 100,000 and at 1,000,000 transfers: balances, the proof, the export, and memory.

The entries are copied in by an administrator over a thousand days, and the days are closed by the
engine itself. A balance is asked by the ordinary login; verify and export are run as processes of
their own, as people run them, and their peak memory is what the kernel says. Run it:
``python benchmarks/ledger_at_scale.py --home DIR``; a folder that is named is kept.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from functools import partial
from pathlib import Path

from homes import kept_home
from sqlalchemy import text
from timing import interleaved, publish, table

from bookra import bootstrap
from bookra.config import Settings
from bookra.engine.ledger import chart
from bookra.engine.ledger.days import close_all
from bookra.engine.ledger.entry import Draft, Posting
from bookra.engine.ledger.reading import balances
from bookra.engine.ledger.store import post
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy import actions as tenancy

SLUG = "luna"
SIZES = {"small": 100_000, "large": 1_000_000}
DAYS = 1000
LINES = 3
CODES = (chart.DRAWER, chart.CLEARING, chart.SERVICES, chart.tax(1900), chart.tips("ana"))

# Foreign keys are looked up elsewhere: here a superuser copies what is known to be right.
FILL = (
    "SET LOCAL session_replication_role = replica",
    "SET LOCAL statement_timeout = 0",
    """
    INSERT INTO bookra.entries (tenant_id, id, key, kind, effective_at, posted_at)
    SELECT '{tenant}', md5('e' || n)::uuid, 'filled:' || n, 'card_payment', at, at
      FROM generate_series(1, {entries}) AS n,
           LATERAL (SELECT date_trunc('day', now()) - interval '{days} days'
                           + n * interval '{days} days' / {entries} AS at) moment
    """,
    """
    INSERT INTO bookra.transfers (tenant_id, id, entry_id, line, debit_account_id,
                                  credit_account_id, currency, amount_minor)
    SELECT '{tenant}', md5('t' || n || '-' || l)::uuid, md5('e' || n)::uuid, l,
           (SELECT id FROM bookra.accounts WHERE code = '{debit}'),
           (SELECT id FROM bookra.accounts
             WHERE code = (ARRAY['{income}', '{tax}', '{tips}'])[l + 1]),
           'EUR', 1 + mod(n::bigint * 7919 + l, 10000)
      FROM generate_series(1, {entries}) AS n, generate_series(0, {last}) AS l
    """,
    "UPDATE bookra.accounts SET opened_at = now() - interval '{days} days'",
)


def main() -> None:
    """Fill what is missing, measure both sizes in turns, and publish the figures."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--home", type=Path, help="a folder that is kept")
    options.add_argument("--rounds", type=int, default=200)
    given = options.parse_args()
    with kept_home(given.home) as home:
        engines = {name: _filled(home, name, size) for name, size in SIZES.items()}
        one = {
            f"{name}: {code}": partial(_balance, engine, code)
            for name, engine in engines.items()
            for code in (chart.DRAWER, chart.SERVICES)
        }
        all_ = {f"{name}: all": partial(_balance, engine, None) for name, engine in engines.items()}
        measured = interleaved(one | all_, rounds=given.rounds, warm_up=20)
        rows = [
            [times.name, f"{times.median_ms:.2f}", f"{min(times.taken_ms):.2f}"]
            for times in measured
        ]
        runs = [
            [name, words[1], *_run(Settings(home=home, database=name), words)]
            for name in SIZES
            for words in (
                ("ledger", "verify"),
                ("ledger", "export", "--format", "beancount", "--file", str(home / "out")),
                ("ledger", "balance", chart.DRAWER),
            )
        ]
        for engine in engines.values():
            engine.close()
    publish(
        "ledger_at_scale",
        [
            f"{SIZES['small']:,} and {SIZES['large']:,} transfers over {DAYS} days, fsync on",
            f"Load of the machine at the end: {os.getloadavg()[0]:.1f}",
            table(("balance", "median ms", "least ms"), rows),
            table(("size", "command", "seconds", "peak MiB"), runs),
        ],
    )


def _balance(engine: Engine, code: str | None) -> object:
    return engine.ask(SLUG, lambda tx: balances(tx, code))


def _run(settings: Settings, words: tuple[str, ...]) -> list[str]:
    """Run a command of the program; return its seconds and its own peak memory."""
    environment = {
        **os.environ,
        "BOOKRA_HOME": str(settings.home),
        "BOOKRA_DATABASE": settings.database or "",
        "BOOKRA_TENANT": SLUG,
    }
    begun = time.perf_counter()
    command = [sys.executable, "-m", "bookra", *words, "--json"]
    pid = os.posix_spawn(
        sys.executable,
        command,
        environment,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(words)} ended with {status}")
    return [f"{time.perf_counter() - begun:.1f}", f"{usage.ru_maxrss / 1024:.0f}"]


def _filled(home: Path, name: str, size: int) -> Engine:
    """Open one database; fill it and close its days if that was not done before."""
    settings = Settings(home=home, database=name)
    engine = bootstrap.open_engine(settings, size=1)
    with bootstrap.administration(settings) as connection:
        if connection.execute(text("SELECT EXISTS (SELECT FROM bookra.ledger_days)")).scalar_one():
            return engine
        new = tenancy.NewTenant(SLUG, "Luna", "Europe/Berlin", "EUR", "DE", 1900)
        tenant = tenancy.create(connection, new)[0]
    begun = time.perf_counter()
    engine.act(SLUG, _open_accounts, command="benchmark")
    facts = {
        "tenant": tenant.id,
        "entries": size // LINES,
        "days": DAYS,
        "last": LINES - 1,
        "debit": chart.DRAWER,
        "income": chart.SERVICES,
        "tax": chart.tax(1900),
        "tips": chart.tips("ana"),
    }
    with bootstrap.administration(settings) as connection:
        for statement in FILL:
            connection.exec_driver_sql(statement.format(**facts))
    with bootstrap.administration(settings) as connection:
        connection.exec_driver_sql("ANALYZE")  # autovacuum would, within a minute
    filled = time.perf_counter()
    closed = close_all(engine, SLUG, command=None)
    took = time.perf_counter()
    sys.stderr.write(
        f"{name}: filled in {filled - begun:.0f} s, {len(closed)} days closed in"
        f" {took - filled:.0f} s\n"
    )
    with bootstrap.administration(settings) as connection:
        connection.exec_driver_sql("ANALYZE")
    return engine


def _open_accounts(tx: Tx) -> None:
    postings = [Posting(code, 4 if code == chart.DRAWER else -1) for code in CODES]
    post(tx, Draft("opening", "benchmark", tx.now, "EUR", tuple(postings)))


if __name__ == "__main__":
    main()
