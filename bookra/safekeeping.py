"""Backup, restore and drill of the settings' database, wherever that is.

On the embedded server a restore is made beside the database and takes its place at the end; what
was there is kept aside, closed. In a server that a URL names it happens in the database itself, in
one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace as with_
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from bookra import bootstrap
from bookra.config import Settings
from bookra.engine import refusals
from bookra.engine.backups import archive, databases, restoring, taking
from bookra.engine.backups.restoring import Restored, Wish
from bookra.engine.backups.taking import Taken
from bookra.engine.embedded import SUPERUSER
from bookra.errors import BookraError, ConflictError, InvalidInputError


@dataclass(frozen=True, slots=True)
class Placed:
    """A restore, and where it is. ``aside`` is the name of the database that it replaced."""

    restored: Restored
    database: str
    aside: str | None = None


def back_up(settings: Settings, path: Path, *, overwrite: bool = False) -> tuple[Taken, bool]:
    """Write a backup to ``path``; returns it, and whether the installation's record has it.

    A login that only reads can't write that record: then the doctor does not know of the backup.
    Raises what `taking.take` raises.
    """
    if settings.embedded:
        bootstrap.embedded_server(settings).ensure_started()
    try:
        taken = taking.take(bootstrap.administrator(settings), path, overwrite=overwrite)
    except DBAPIError as error:
        raise refusals.explain(error) from error
    return taken, _recorded(settings, taken)


def restore(settings: Settings, path: Path, wish: Wish, *, into: str | None = None) -> Placed:
    """Restore a backup into the settings' database, or ``into`` a new embedded one.

    Raises what `restoring.restore` raises, and InvalidInputError where ``into`` can't be.
    """
    with archive.opened(path) as opened:
        if settings.embedded:
            return _beside(with_(settings, database=into or settings.database), opened, wish)
        if into is not None:
            raise InvalidInputError(
                "not_embedded",
                "--into names a database of the embedded server, but a database URL is set",
                hint="Name the empty database in the URL",
            )
        with bootstrap.administration(settings) as connection:
            restored = restoring.restore(connection, opened, wish)
        return Placed(restored, "the server's")


def drill(settings: Settings, path: Path) -> Restored:
    """Restore a backup into a throw-away embedded database, prove it, and drop it.

    Differences are in ``findings``; a backup that can't be restored raises as `restore` does.
    """
    own = with_(settings, database_url=None)
    bootstrap.embedded_server(own).ensure_started()
    wish = Wish(command="db drill", logins=False, anyway=True)
    with (
        archive.opened(path) as opened,
        _scratch(own, "drill") as scratch,
        bootstrap.administration(scratch) as connection,
    ):
        return restoring.restore(connection, opened, wish)


def server_of(settings: Settings) -> dict[str, str]:
    """Return the superuser's way to the embedded server, outside any database of ours."""
    return bootstrap.embedded_server(settings).conninfo(SUPERUSER, "postgres")


def tenants_in(settings: Settings) -> int:
    """Return how many businesses an embedded database has; 0 when there is none."""
    if not databases.exists(server_of(settings), settings.database):
        return 0
    with bootstrap.administration(settings) as connection:
        return restoring.how_many_tenants(connection)


def _beside(settings: Settings, opened: archive.Archive, wish: Wish) -> Placed:
    bootstrap.embedded_server(settings).ensure_started()
    number = tenants_in(settings)
    if number and not wish.replace:
        raise ConflictError(
            "database_not_empty",
            f"The database '{settings.database}' has {number} businesses already",
            hint="Restore into a new one with --into NAME, or add --replace",
        )
    server = server_of(settings)
    with _scratch(settings, "restoring") as scratch:
        with bootstrap.administration(scratch) as connection:
            restored = restoring.restore(connection, opened, wish)
        aside = databases.scratch_name(settings.database, "replaced")
        replaced = databases.take_the_place(server, scratch.database, settings.database, aside)
    if replaced and not number:
        databases.drop(server, aside)
    bootstrap.upgrade(settings)  # the ordinary login, on a server that is new
    return Placed(restored, settings.database, aside if replaced and number else None)


@contextmanager
def _scratch(settings: Settings, purpose: str) -> Iterator[Settings]:
    """Make an embedded database for a while; it is dropped unless it has another name by then."""
    server = server_of(settings)
    databases.drop_leftovers(server, settings.database, purpose)
    name = databases.scratch_name(settings.database, purpose)
    databases.create(server, name)
    try:
        yield with_(settings, database=name)
    finally:
        databases.drop(server, name)


def _recorded(settings: Settings, taken: Taken) -> bool:
    try:
        with bootstrap.administration(settings) as connection:
            restoring.record_event(connection, "db backup", [f"backup:{taken.manifest.taken_at}"])
    except BookraError:
        return False
    return True
