"""Moving the embedded database to a server, in one command that can be run again.

The source is shut for every ordinary login before it is read, so nothing is delivered or written
that the server does not get, and nothing has to be held back there. It stays as it is afterwards,
shut, until somebody takes the move back or drops it. Whatever goes wrong before the server has
everything opens it again.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from bookra import bootstrap, safekeeping
from bookra.config import Settings
from bookra.engine import migrating, roles
from bookra.engine.backups import archive, databases, restoring, taking
from bookra.engine.backups.manifest import Manifest, Surveyed, differences
from bookra.engine.backups.restoring import Restored, Wish, as_platform
from bookra.engine.backups.survey import surveyed
from bookra.engine.database import checked_url, conninfo_of
from bookra.errors import CheckFailedError, ConflictError, NotAllowedError, UnavailableError

COMMAND = "db move"
OLDEST_SERVER = 150_000


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did, or would do. ``already``: an earlier one had brought everything over."""

    tenants: int
    server: str
    restored: Restored | None = None
    already: bool = False


def move(settings: Settings, url: str, *, dry_run: bool = False) -> Moved:
    """Bring the embedded database to the server of ``url``; a dry run only looks.

    Raises ConflictError (``not_embedded``, ``nothing_to_move``, ``database_not_empty``),
    NotAllowedError (``needs_administrator``), UnavailableError and CheckFailedError. Interrupted,
    it is run again: what the server has whole is not brought over twice.
    """
    target = replace(settings, database_url=checked_url(url))
    number = _tenants_here(settings)
    server = safekeeping.server_of(settings)
    there = _checked(target)
    if dry_run:
        return Moved(number, _place(url))
    databases.shut(server, settings.database)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "move.backup"
            manifest = taking.take(bootstrap.administrator(settings), path).manifest
            if there:
                _require_same(target, manifest)
                return Moved(number, _place(url), already=True)
            with archive.opened(path) as opened, bootstrap.administration(target) as connection:
                restored = restoring.restore(connection, opened, Wish(COMMAND, hold=False))
    except BaseException:
        databases.reopen(server, settings.database)
        raise
    _bring_stand_ins(settings, target)
    return Moved(number, _place(url), restored)


def take_back(settings: Settings) -> bool:
    """Open the embedded database again that was moved away; False when it was not shut.

    What was written on the server since stays there.
    """
    _require_embedded(settings)
    bootstrap.embedded_server(settings).ensure_started()
    server = safekeeping.server_of(settings)
    was_shut = databases.is_shut(server, settings.database)
    databases.reopen(server, settings.database)
    return was_shut


def _bring_stand_ins(settings: Settings, target: Settings) -> None:
    """Copy the sandbox's state, so that businesses connected to the stand-ins find it there."""
    if settings.sandbox_dir.is_dir() and not target.sandbox_dir.exists():
        shutil.copytree(settings.sandbox_dir, target.sandbox_dir)


def _tenants_here(settings: Settings) -> int:
    _require_embedded(settings)
    bootstrap.embedded_server(settings).ensure_started()
    number = safekeeping.tenants_in(settings)
    if not number:
        raise ConflictError(
            "nothing_to_move",
            f"The embedded database '{settings.database}' has no businesses",
            hint="On the server, run: bookra db upgrade",
        )
    bootstrap.upgrade(settings)
    return number


def _require_embedded(settings: Settings) -> None:
    if not settings.embedded:
        raise ConflictError(
            "not_embedded",
            "'db move' moves the embedded database, but a database URL is set",
            hint="Unset BOOKRA_DATABASE_URL, and name the server as the argument",
        )


def _checked(target: Settings) -> int:
    """Require a server that can take the move; returns how many businesses it has."""
    with bootstrap.administration(target) as connection:
        version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
        if int(version) < OLDEST_SERVER:
            raise UnavailableError(
                "server_too_old", "This server is older than PostgreSQL 15", hint="Upgrade it"
            )
        migrating.require_unicode(connection)
        roles.require_administrator(connection)
        able = "SELECT has_database_privilege(current_database(), 'CREATE')"
        if not connection.exec_driver_sql(able).scalar_one():
            raise NotAllowedError(
                "needs_administrator",
                "This login may not make a schema in that database",
                hint="GRANT CREATE ON DATABASE … TO it, or name its owner's URL",
            )
        return restoring.how_many_tenants(connection)


def _require_same(target: Settings, manifest: Manifest) -> None:
    """Raise ConflictError unless the server has exactly what is here, from an earlier move."""
    with bootstrap.administration(target) as connection:
        roles.ensure(connection)
        found = {each.id: each for each in surveyed(connection, as_platform)}
    if set(found) != {each.id for each in manifest.tenants}:
        raise ConflictError(
            "database_not_empty",
            f"That database has {len(found)} businesses already, and not those of here",
            hint="Name an empty database",
        )
    if first := _first_difference(manifest, found):
        raise CheckFailedError(
            "moved_before",
            f"That database was moved to before, and has changed since: {first}",
            hint="Work on it: set BOOKRA_DATABASE_URL; or name an empty database",
        )


def _first_difference(manifest: Manifest, found: dict[str, Surveyed]) -> str | None:
    return next(
        (words for each in manifest.tenants for words in differences(each, found[each.id])), None
    )


def _place(url: str) -> str:
    """Return host and database of a URL: never its password."""
    keywords = conninfo_of(url)
    host = keywords.get("host", "localhost")
    return f"{host}:{keywords.get('port', '5432')}/{keywords.get('dbname', '')}"
