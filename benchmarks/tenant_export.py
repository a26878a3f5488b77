"""A business out of one database and into another: does memory grow with its rows?

Three businesses of 10,000, 100,000 and 1,000,000 rows leave one after the other, each by a process
of its own, whose memory is the most that the kernel ever saw it hold; then each arrives in an empty
database. Run it: ``python benchmarks/tenant_export.py --home DIR``; a folder that is named is kept.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import bulk
from homes import kept_home
from salon import business, set_up
from sqlalchemy import text
from timing import publish, table

from bookra import bootstrap
from bookra.config import Settings
from bookra.engine.revision import HEAD
from bookra.engine.runtime import Engine
from bookra.engine.tenancy import actions as tenancy
from bookra.engine.transport.archive import opened
from bookra.engine.transport.arriving import arrive
from bookra.engine.transport.leaving import leave

ROWS = (10_000, 100_000, 1_000_000)
ROWS_A_BOOKING = 3
FILLED = text("SELECT count(*) FROM tenants WHERE slug = :slug")
COLUMNS = ("rows", "file MiB", "out s", "peak MiB", "in s", "peak MiB")


def main() -> None:
    """Measure, and publish; ``--out`` and ``--in`` are what it starts itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--out", metavar="SLUG")
    parser.add_argument("--in", dest="arriving", metavar="SLUG")
    given = parser.parse_args()
    if given.out or given.arriving:
        step = _out if given.out else _in
        sys.stdout.write(json.dumps(step(given.home, given.out or given.arriving)))
        return
    with kept_home(given.home) as home:
        lines = [_measured(home, rows) for rows in ROWS]
    title = "A business out and in: the most memory that each process held"
    publish("tenant_export", [title, table(COLUMNS, lines)])


def _measured(home: Path, rows: int) -> list[str]:
    slug = f"salon-{rows}"
    _fill(home, slug, rows)
    out, into = (_process(home, option, slug) for option in ("--out", "--in"))
    size = (home / f"{slug}.bookra").stat().st_size
    return [
        f"{int(out['rows']):,}",
        f"{size / 2**20:.1f}",
        *(f"{number:.1f}" for each in (out, into) for number in (each["seconds"], each["mib"])),
    ]


def _process(home: Path, option: str, slug: str) -> dict[str, float]:
    words = [sys.executable, __file__, "--home", str(home), option, slug]
    done = subprocess.run(words, check=True, capture_output=True, encoding="utf-8")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _out(home: Path, slug: str) -> dict[str, float]:
    engine = bootstrap.open_engine(Settings(home=home), size=1)
    begun = time.perf_counter()
    with (home / f"{slug}.bookra").open("w+b") as file:
        left = leave(engine, slug, file)
    return {"rows": left.rows, **_spent(begun)}


def _in(home: Path, slug: str) -> dict[str, float]:
    settings = Settings(home=home, database=slug.replace("-", "_"))
    bootstrap.drop_database(settings)
    bootstrap.open_engine(settings, size=1).close()
    begun = time.perf_counter()
    with (
        (home / f"{slug}.bookra").open("rb") as file,
        opened(file, HEAD) as archive,
        bootstrap.administration(settings) as connection,
    ):
        arrived = arrive(connection, archive)
    return {"rows": arrived.rows, **_spent(begun)}


def _spent(begun: float) -> dict[str, float]:
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": time.perf_counter() - begun, "mib": kibibytes / 1024}


def _fill(home: Path, slug: str, rows: int) -> None:
    settings = Settings(home=home)
    engine: Engine = bootstrap.open_engine(settings, size=1)
    try:
        with bootstrap.administration(settings) as connection:
            if connection.execute(FILLED, {"slug": slug}).scalar_one():
                return
            tenant = tenancy.create(connection, business(slug))[0]
        made = engine.act(slug, set_up, command="benchmark")
        wanted = bulk.Business(tenant, *made, rows // ROWS_A_BOOKING)
        with bootstrap.administration(settings) as connection:
            bulk.write(connection, [wanted])
            connection.exec_driver_sql("ANALYZE")
    finally:
        engine.close()


if __name__ == "__main__":
    main()
