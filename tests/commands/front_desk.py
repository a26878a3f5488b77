"""A salon's command line, as processes or in this one, and what the database holds of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from command_line import CommandLine, Ran
from connected import live_salon
from databases import Database
from factories import Salon
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine as Pool

from bookra.commands.root import run
from bookra.config import Settings

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'bookra' AND tablename <> 'audit'"


@dataclass(frozen=True)
class Desk:
    """A salon's command line: ``desk("slots", "cut")``. Its business comes from BOOKRA_TENANT."""

    command_line: CommandLine
    salon: Salon
    settings: Settings

    def __call__(self, *words: str, check: bool = False, **variables: str) -> Ran:
        return self.command_line(*words, check=check, **variables)

    def rows(self) -> dict[str, int]:
        """Count the rows of every table but the audit, which notes attempts too."""
        with psycopg.connect(make_conninfo(**self.salon.database.administrator)) as session:
            session.execute("SET row_security = off")
            tables = session.execute(TABLES).fetchall()
            counts = sql.SQL(" UNION ALL ").join(
                sql.SQL("SELECT {}, count(*) FROM bookra.{}").format(
                    sql.Literal(table), sql.Identifier(table)
                )
                for (table,) in tables
            )
            return dict(session.execute(counts).fetchall())


@dataclass(frozen=True)
class Front:
    """The shared desk without a process for each command: for long lists of small questions."""

    desk: Desk
    capture: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Ran:
        self.capture.readouterr()
        code = run(words)
        return Ran(code, *self.capture.readouterr())


def open_desk(home: Path, database: Database, pool: Pool) -> Desk:
    """Open a salon whose data lives in ``home``, with a customer."""
    salon = live_salon(database, pool)
    salon.customer("Rosa Vega", phone="+4930901820")
    settings = Settings(home=home / "data", database_url=database.url)
    command_line = CommandLine.in_folder(
        home,
        BOOKRA_HOME=str(settings.home),
        BOOKRA_DATABASE_URL=database.url,
        BOOKRA_TENANT=salon.slug,
    )
    return Desk(command_line, salon, settings)
