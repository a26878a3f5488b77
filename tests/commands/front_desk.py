"""A salon's command line, as processes or in this one, and what the database holds of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
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

from bookra.clock import resolve
from bookra.commands.root import run
from bookra.config import Settings
from bookra.engine.bookings.moving import move

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'bookra' AND tablename <> 'audit'"


@dataclass(frozen=True)
class Shop:
    """A salon, where its data lives, and its command line as processes of their own."""

    salon: Salon
    settings: Settings
    command_line: CommandLine

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
class Desk:
    """A shop's commands, run in this process: ``desk("slots", "cut")``. It saves half a second.

    Its business comes from BOOKRA_TENANT. ``process`` runs one as people do.
    """

    shop: Shop
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    def __call__(self, *words: str, check: bool = False, **variables: str) -> Ran:
        self.capture.readouterr()
        with self.patch.context() as patch:
            for name, value in (dict(self.shop.command_line.variables) | variables).items():
                patch.setenv(name, value)
            patch.chdir(self.shop.command_line.folder)
            ran = Ran(run(words), *self.capture.readouterr())
        if check:
            assert ran.code == 0, ran.stderr
        return ran

    def lets_come(self, code: str) -> None:
        """Let a visit that is booked for a Monday to come be of the one that came last.

        It is today or a day of this week, whenever this runs: commands know no clock but the
        database's, so the visit is moved two weeks back by a salon whose clock stands before that.
        """
        wall = self.salon.booking(code).starts_at.astimezone(self.salon.zone)
        to = resolve(wall.replace(tzinfo=None) - timedelta(weeks=2), self.salon.zone)
        self.salon.at(to - timedelta(days=1)).act(lambda tx: move(tx, code, to))

    @property
    def process(self) -> CommandLine:
        return self.shop.command_line

    @property
    def salon(self) -> Salon:
        return self.shop.salon

    def rows(self) -> dict[str, int]:
        return self.shop.rows()


def open_shop(home: Path, database: Database, pool: Pool) -> Shop:
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
    return Shop(salon, settings, command_line)
