"""Restoring a backup: rows, roles, proof and hold-back in one transaction, or nothing at all.

Whoever looks at the database meanwhile sees what was there before. When it is committed, every
business was counted and its ledger proven, and nothing can be sent before it is reconciled.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg
from sqlalchemy import Connection, text

from bookra.engine import migrating, roles
from bookra.engine.backups import logins, playing
from bookra.engine.backups.archive import Archive
from bookra.engine.backups.holding_back import hold_back
from bookra.engine.backups.manifest import Manifest, Surveyed, differences, newer
from bookra.engine.backups.survey import surveyed
from bookra.engine.business import Tenant
from bookra.engine.ledger.verify import verify
from bookra.engine.revision import HEAD
from bookra.engine.runtime import Tx
from bookra.engine.schema import SCHEMA
from bookra.engine.statements import driver_of
from bookra.engine.tenancy import installation
from bookra.engine.tenancy.actions import visible
from bookra.errors import BookraError, CheckFailedError, ConflictError, UnavailableError

TENANTS = text("SELECT to_regclass('bookra.tenants') IS NOT NULL")
HOW_MANY = text("SELECT count(*) FROM bookra.tenants")
FOREVER = text(
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;"
    "SET LOCAL lock_timeout = '30s'"
)
# The script of pg_restore leaves these as it needed them.
AS_BEFORE = text(f"SET search_path = {SCHEMA}; SET row_security = on; SET lock_timeout = '30s'")
# A migration of the same transaction may have begun the record anew already.
BASELINE = text(
    """
    INSERT INTO bookra.audit_baselines (why) VALUES ('restored')
    ON CONFLICT (written_in) DO UPDATE SET why = EXCLUDED.why, recorded_at = EXCLUDED.recorded_at
    """
)
PLATFORMS = text("SELECT pg_has_role(session_user, 'bookra_platform', 'MEMBER')")
MOST_FINDINGS = 50


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. ``findings`` say in words how it differs from what was saved.

    ``held`` has the destinations that are held back, by business; ``left_alone`` the logins that
    were on the server already and may be somebody else's.
    """

    manifest: Manifest
    tenants: tuple[Surveyed, ...]
    findings: tuple[str, ...]
    held: dict[str, list[str]] = field(default_factory=dict)
    left_alone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """How to restore.

    ``command`` names it in the installation's record. ``hold``: keep effects back; only where
    nothing was delivered since may it be left out. ``logins``: make the operators' logins again.
    ``replace``: drop the businesses that are there. ``anyway``: keep it even if it differs.
    """

    command: str = "db restore"
    hold: bool = True
    logins: bool = True
    replace: bool = False
    anyway: bool = False


def restore(connection: Connection, archive: Archive, wish: Wish) -> Restored:
    """Restore an archive in the administrator's open transaction, which the caller commits.

    Raises UnavailableError (``backup_newer``), ConflictError (``database_not_empty``),
    InvalidInputError (``damaged_backup``, ``not_utf8``), CheckFailedError (``restore_differs``).
    """
    manifest = archive.manifest
    if manifest.revision > HEAD:
        raise newer(manifest.program)
    migrating.require_unicode(connection)
    connection.execute(FOREVER)
    _make_room(connection, replace=wish.replace)
    _play(connection, archive)
    if manifest.revision != HEAD:
        migrating.upgrade(connection)
        connection.execute(FOREVER)
    alone = logins.make_again(connection, manifest) if wish.logins else []
    found = surveyed(connection, as_platform)
    findings = tuple(_findings(connection, manifest, found))
    if findings and not wish.anyway:
        raise _differs(findings)
    held = {}
    for tenant in _tenants(connection) if wish.hold else []:
        held[tenant.slug] = hold_back(as_platform(connection, tenant))
    _record(connection, wish.command, manifest)
    return Restored(manifest, found, findings, held, tuple(alone))


def as_platform(connection: Connection, tenant: Tenant) -> Tx:
    """Enter a business in an administrator's transaction, bound by its policies."""
    connection.execute(text(f"SET LOCAL ROLE {roles.PLATFORM}"))
    connection.execute(text("SELECT set_config('app.tenant', :id, true)"), {"id": str(tenant.id)})
    return Tx(connection, tenant, connection.execute(text("SELECT now()")).scalar_one())


def how_many_tenants(connection: Connection) -> int:
    """Return how many businesses a database has; 0 without Bookra's tables, too."""
    if not connection.execute(TENANTS).scalar_one():
        return 0
    connection.execute(text(f"SET LOCAL ROLE {roles.PLATFORM}"))
    found = connection.execute(HOW_MANY).scalar_one()
    connection.execute(text("RESET ROLE"))
    return int(found)


def record_event(connection: Connection, command: str, subjects: list[str]) -> None:
    """Write what was done to the whole installation into its record.

    A login that only backs up is no platform: it writes as itself, if it was granted that.
    """
    if connection.execute(PLATFORMS).scalar_one():
        connection.execute(text(f"SET LOCAL ROLE {roles.PLATFORM}"))
    installation.record(connection, command, subjects)
    connection.execute(text("RESET ROLE"))


def _make_room(connection: Connection, *, replace: bool) -> None:
    """Empty the schema; of two restores or upgrades at once the second waits, and looks again."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": migrating.UPGRADE_LOCK}
    )
    roles.ensure(connection)
    number = how_many_tenants(connection)
    if number and not replace:
        raise ConflictError(
            "database_not_empty",
            f"This database has {number} businesses already",
            hint="Restore into another one, or add --replace to drop what is there",
        )
    connection.execute(text(f"SET LOCAL ROLE {roles.OWNER}"))
    connection.execute(text(f"DROP SCHEMA {SCHEMA} CASCADE"))
    connection.execute(text("RESET ROLE"))
    roles.ensure(connection)


def _play(connection: Connection, archive: Archive) -> None:
    connection.execute(text(f"SET LOCAL ROLE {roles.OWNER}"))
    try:
        playing.play(archive, driver_of(connection))
    except psycopg.OperationalError:
        raise UnavailableError(
            "database_unavailable", "The server ended the restore", hint="Try again"
        ) from None
    except psycopg.Error as error:
        raise _refused(error) from None
    connection.execute(AS_BEFORE)
    for table in _tables(connection):  # no plan of the proof may take them for empty
        connection.execute(text(f'ANALYZE {SCHEMA}."{table}"'))
    connection.execute(text("RESET ROLE"))


def _tables(connection: Connection) -> list[str]:
    names = text("SELECT tablename FROM pg_tables WHERE schemaname = :schema ORDER BY 1")
    return list(connection.execute(names, {"schema": SCHEMA}).scalars())


def _tenants(connection: Connection) -> list[Tenant]:
    connection.execute(text(f"SET LOCAL ROLE {roles.PLATFORM}"))
    return visible(connection)


def _findings(connection: Connection, manifest: Manifest, found: tuple[Surveyed, ...]) -> list[str]:
    by_id = {each.id: each for each in found}
    findings = [
        words for wanted in manifest.tenants for words in differences(wanted, by_id.get(wanted.id))
    ]
    for tenant in _tenants(connection):
        checked = verify(as_platform(connection, tenant))
        findings += [f"{tenant.slug}: {problem}" for problem in checked.problems]
    connection.execute(FOREVER)
    connection.execute(text("RESET ROLE"))
    return findings


def _record(connection: Connection, command: str, manifest: Manifest) -> None:
    connection.execute(text(f"SET LOCAL ROLE {roles.OWNER}"))
    connection.execute(BASELINE)
    record_event(connection, command, [f"backup:{manifest.taken_at}"])


def _differs(findings: tuple[str, ...]) -> CheckFailedError:
    return CheckFailedError(
        "restore_differs",
        f"The restored database is not what was saved: {findings[0]}",
        hint="Nothing was kept. Try an older backup; --anyway keeps it all the same",
        details={"findings": list(findings[:MOST_FINDINGS])},
    )


def _refused(error: psycopg.Error) -> BookraError:
    """Return what a server's refusal means: its own words name tables and settings, no rows."""
    return UnavailableError(
        "restore_failed",
        f"The server refused the backup: {error.diag.message_primary or type(error).__name__}",
        hint="Nothing was changed. Restore into PostgreSQL of the same or a newer version",
    )
