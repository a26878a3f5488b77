"""Appointments of another program, from CSV into an empty salon: how long, and in how much memory.

The command itself runs, as a process of its own, for a dry run, for real, and again when all is
known. Four of five appointments are over, fifty people work, one in ten is for somebody new, and
some meet each other. Run it: ``python benchmarks/importing.py --home DIR``; a folder that is named
is kept. ``--lines`` says how many.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from homes import kept_home
from salon import STAFF, business, set_up
from timing import publish, table

from bookra import bootstrap
from bookra.config import Settings
from bookra.engine.tenancy import actions as tenancy

LINES = (10_000, 100_000)
HEADER = ("Ref", "Client", "Phone", "Staff", "Service", "Start", "Duration", "Price", "Status")
OVER, CLIENTS_A_LINE = 0.8, 0.1
COLUMNS = ("lines", "run", "seconds", "lines/s", "peak MiB", "new", "same", "refused")


def main() -> None:
    """Measure, and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--lines", type=int, nargs="+", default=LINES)
    given = parser.parse_args()
    with kept_home(given.home) as home:
        begun = os.getloadavg()[0]
        rows = [row for lines in given.lines for row in _measured(home, lines)]
        load = f"load of the machine: {begun:.1f} before, {os.getloadavg()[0]:.1f} after"
    title = "Appointments from CSV: the whole command, a process of its own"
    publish("importing", [f"{title}; {load}", table(COLUMNS, rows)])


def _measured(home: Path, lines: int) -> Iterator[list[str]]:
    slug = f"salon-{lines}"
    settings = Settings(home=home, database=f"importing_{lines}")
    bootstrap.drop_database(settings)
    engine = bootstrap.open_engine(settings, size=1)
    try:
        with bootstrap.administration(settings) as connection:
            tenancy.create(connection, business(slug))
        engine.act(slug, set_up, command="benchmark")
    finally:
        engine.close()
    file = home / f"{slug}.csv"
    with file.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([HEADER, *_appointments(lines)])
    for run, words in (("dry", ["--dry-run"]), ("real", []), ("again", [])):
        yield _run(settings, slug, file, run, words)


def _appointments(lines: int) -> Iterator[tuple[object, ...]]:
    """Yield appointments a quarter of an hour apart for each person; some are longer than that."""
    chance, now = random.Random(7), datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for number in range(lines):
        over = chance.random() < OVER
        steps = number // STAFF + 1
        start = now + (-1 if over else 1) * timedelta(minutes=45 * steps)
        client = chance.randrange(max(1, int(lines * CLIENTS_A_LINE)))
        minutes = 60 if chance.random() < 0.02 else 45
        yield (
            *(f"A{number}", f"Client {client}", f"030 9{client:06}"),
            *(f"staff-{number % STAFF:02}", "cut", f"{start:%Y-%m-%dT%H:%MZ}", minutes, "45.00"),
            "Completed" if over else "New",
        )


def _run(settings: Settings, slug: str, file: Path, run: str, words: list[str]) -> list[str]:
    command = [sys.executable, "-m", "bookra", "booking", "import", str(file), "--json", *words]
    where = ["--home", str(settings.home), "--database", settings.database, "--tenant", slug]
    begun = time.perf_counter()
    with subprocess.Popen([*command, *where], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        found = json.loads(process.stdout.read())
        _, _, spent = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = 0
    peak = spent.ru_maxrss / 1024
    counts = (found["added"], found["unchanged"], len(found["rejected"]))
    told = [f"{found['read']:,}", run, f"{seconds:.1f}", f"{found['read'] / seconds:,.0f}"]
    return [*told, f"{peak:.1f}", *(f"{count:,}" for count in counts)]


if __name__ == "__main__":
    main()
