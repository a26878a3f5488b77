"""Whole processes of ``bookra``, from nothing to the exit, against the floors under them.

The floors are Python itself, the import of the two libraries that every command with a database
needs, and one statement sent through them. Run it: ``python benchmarks/command_line.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from salon import MONTH, SLUG, STAFF, Salon, opened
from timing import Times, interleaved, publish, table

from bookra import bootstrap

PROGRAM = str(Path(sys.executable).with_name("bookra"))
PYTHON = "python -c pass"
LIBRARIES = 'python -c "import sqlalchemy, psycopg"'
STATEMENT = "python -c (SELECT 1 through SQLAlchemy)"
SELECT_ONE = """
import json, os, sqlalchemy
engine = sqlalchemy.create_engine(
    "postgresql+psycopg://", connect_args=json.loads(os.environ["CONNECT"])
)
with engine.connect() as connection:
    connection.execute(sqlalchemy.text("SELECT 1")).all()
"""

DAY = ("slots", "cut", "--from", MONTH.isoformat())
COMMANDS = {
    "bookra --help": ("--help",),
    "bookra slots --help": ("slots", "--help"),
    "bookra slots (a day, 1 member of staff)": (*DAY, "--staff", "staff-07"),
    "bookra slots (a day, 50 staff)": DAY,
    "bookra slots --json (a month, 50 staff)": (*DAY, "--days", "30", "--json"),
}
COLUMNS = ("", "median ms", "min ms", "max ms", "of python", "of the import", "of a statement")


def main() -> None:
    """Measure floors and commands in turns and publish the figures."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=25)
    given = options.parse_args()
    with opened(10_000) as salon:
        environment = _environment(salon)
        floors = {
            PYTHON: (sys.executable, "-c", "pass"),
            LIBRARIES: (sys.executable, "-c", "import sqlalchemy, psycopg"),
            STATEMENT: (sys.executable, "-c", SELECT_ONE),
        }
        commands = {name: (PROGRAM, *words) for name, words in COMMANDS.items()}
        measured = interleaved(
            {
                name: _process(words, environment, salon.settings.home)
                for name, words in {**floors, **commands}.items()
            },
            rounds=given.rounds,
            warm_up=2,
        )
    publish(
        "command_line",
        [
            f"{STAFF} staff, {salon.bookings} bookings · {given.rounds} rounds in turns",
            table(COLUMNS, _lines(measured)),
            "Every process, in milliseconds:\n" + "\n".join(times.raw for times in measured),
        ],
    )


def _lines(measured: list[Times]) -> list[list[str]]:
    medians = {times.name: times.median_ms for times in measured}
    return [
        [
            times.name,
            f"{times.median_ms:.0f}",
            f"{min(times.taken_ms):.0f}",
            f"{max(times.taken_ms):.0f}",
            *(
                f"{times.median_ms / medians[floor]:.2f}"
                for floor in (PYTHON, LIBRARIES, STATEMENT)
            ),
        ]
        for times in measured
    ]


def _process(
    words: tuple[str, ...], environment: dict[str, str], folder: Path
) -> Callable[[], bytes]:
    """Return a run of a whole process, which must succeed; its output is read to the end."""
    return lambda: (
        subprocess.run(
            words, env=environment, cwd=folder, stdout=subprocess.PIPE, check=True
        ).stdout
    )


def _environment(salon: Salon) -> dict[str, str]:
    home = str(salon.settings.home)
    return {
        "PATH": os.environ["PATH"],
        "HOME": home,  # nobody's own settings
        "BOOKRA_HOME": home,
        "BOOKRA_TENANT": SLUG,
        "CONNECT": json.dumps(bootstrap.conninfo(salon.settings)),
    }


if __name__ == "__main__":
    main()
