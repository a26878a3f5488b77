"""Migrations, run from the program: the same from a checkout and from an installed wheel.

Works on an administrative connection alone (a login that may create roles and schemas). One
advisory lock lets two upgrades that start at once run one after the other; lock and statement
time-outs keep a migration from stopping a working day.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bookra.engine import roles
from bookra.engine.schema import SCHEMA, metadata
from bookra.errors import InvalidInputError, UnavailableError

UPGRADE_LOCK = 0x626F6F6B7261
"""An arbitrary constant ("bookra" in ASCII) that names the upgrade's advisory lock."""

LOCK_MILLISECONDS = 10_000
"""How long a migration waits for others to let go of a table. They wait behind it meanwhile."""


@dataclass(frozen=True, slots=True)
class SchemaState:
    """Which revision the database has, and which one this program was built for."""

    current: str | None
    wanted: str
    known: bool

    @property
    def up_to_date(self) -> bool:
        """Tell whether the program may work on this database."""
        return self.current == self.wanted


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the schema to ``revision`` in the caller's transaction, making the roles first.

    Raises UnavailableError (``database_newer``) when a newer Bookra wrote this database, and what
    `require_unicode` raises.
    """
    require_unicode(connection)
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": UPGRADE_LOCK})
    connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}"))
    connection.execute(text("SET LOCAL statement_timeout = '10min'"))
    roles.ensure(connection)
    state = inspect(connection)
    if not state.known:
        raise newer_database(state)
    connection.execute(text(f"SET LOCAL ROLE {roles.OWNER}"))
    command.upgrade(_config(connection), revision)
    connection.execute(text("RESET ROLE"))


def require_unicode(connection: Connection) -> None:
    """Raise InvalidInputError (``not_utf8``) for a database that can't hold everybody's name."""
    encoding = connection.execute(text("SELECT current_setting('server_encoding')")).scalar_one()
    if encoding != "UTF8":
        raise InvalidInputError(
            "not_utf8",
            f"This database keeps its texts in {encoding}, in which not every name can be written",
            hint="Make it anew: CREATE DATABASE bookra ENCODING 'UTF8' TEMPLATE template0",
        )


def downgrade(connection: Connection, revision: str = "base") -> None:
    """Take the schema back to ``revision``. Roles stay: they belong to the whole server."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": UPGRADE_LOCK})
    connection.execute(text(f"SET LOCAL ROLE {roles.OWNER}"))
    command.downgrade(_config(connection), revision)
    connection.execute(text("RESET ROLE"))


def inspect(connection: Connection) -> SchemaState:
    """Compare the database's revision with the program's; any login may ask."""
    script = ScriptDirectory.from_config(_config(connection))
    wanted = script.get_current_head()
    assert wanted is not None
    exists = connection.execute(
        text("SELECT to_regclass(:name) IS NOT NULL"), {"name": f"{SCHEMA}.alembic_version"}
    ).scalar_one()
    if not exists:
        return SchemaState(None, wanted, known=True)
    current = connection.execute(
        text(f"SELECT version_num FROM {SCHEMA}.alembic_version")  # noqa: S608 - a constant
    ).scalar_one_or_none()
    revisions = {revision.revision for revision in script.walk_revisions()}
    return SchemaState(current, wanted, known=current is None or current in revisions)


def differences(connection: Connection) -> list[object]:
    """Return what autogenerate would change: empty when models and database agree."""
    import bookra.engine.tables  # noqa: F401 - registers every table

    # Alembic leaves the default schema's name out of what it reads; the models always have it.
    connection.execute(text("SET LOCAL search_path = public"))
    connection.dialect.default_schema_name = "public"
    context = MigrationContext.configure(
        connection,
        opts={
            "version_table_schema": SCHEMA,
            "include_schemas": True,
            "include_name": lambda name, kind, _: kind != "schema" or name == SCHEMA,
        },
    )
    return list(compare_metadata(context, metadata))


def newer_database(state: SchemaState) -> UnavailableError:
    """Return the refusal for a database that a newer program has migrated."""
    return UnavailableError(
        "database_newer",
        f"This database is at revision {state.current}, which this version of Bookra does not know",
        hint="Upgrade Bookra: pipx upgrade bookra",
    )


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts()))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def scripts() -> Path:
    """Return the migrations' folder: inside the wheel, or beside the package in a checkout."""
    packaged = Path(str(files("bookra") / "_migrations"))
    return packaged if packaged.is_dir() else packaged.parent.parent / "migrations"
