"""The database's own health, for the doctor: server, schema, login, policies, zones and clock."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import Connection, text

from bookra.engine.revision import HEAD

OLDEST_SERVER = 150_000
HEARD_SECONDS = 0.5
"""How long one's own notice may take to come back."""

FACTS = text(
    """
    SELECT current_setting('server_version_num')::int AS version,
           current_setting('server_version') AS version_text,
           (SELECT version_num FROM bookra.alembic_version) AS revision,
           (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS unbound,
           EXTRACT(EPOCH FROM clock_timestamp())::float8 AS epoch
    """
)


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What the server says about itself. ``unbound`` logins escape row-level security."""

    version: str
    supported: bool
    revision: str
    up_to_date: bool
    unbound: bool
    epoch_seconds: float


def database_facts(connection: Connection) -> DatabaseFacts:
    """Ask the server in one trip."""
    row = connection.execute(FACTS).one()
    return DatabaseFacts(
        row.version_text.split(" ")[0],
        row.version >= OLDEST_SERVER,
        row.revision,
        row.revision == HEAD,
        row.unbound,
        row.epoch,
    )


# Of the whole catalogue, in one trip: what the migrations made, as it is now.
WEAKNESSES = text(
    """
    SELECT 'table ' || c.relname || ' has no forced policy' AS words
      FROM pg_class c
     WHERE c.relnamespace = 'bookra'::regnamespace AND c.relkind IN ('r', 'p')
       AND c.relname <> 'alembic_version'
       AND NOT (c.relrowsecurity AND c.relforcerowsecurity
                AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid))
     UNION ALL
    SELECT 'table ' || c.relname || ' belongs to ' || pg_get_userbyid(c.relowner)
      FROM pg_class c
     WHERE c.relnamespace = 'bookra'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
       AND pg_get_userbyid(c.relowner) <> 'bookra_owner'
     UNION ALL
    SELECT 'everybody may ' || lower(a.privilege_type) || ' ' || c.relname
      FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
     WHERE c.relnamespace = 'bookra'::regnamespace AND a.grantee = 0
     UNION ALL
    SELECT r.rolname || ' may change what is written once: ' || t.name
      FROM pg_roles r
     CROSS JOIN (VALUES ('entries'), ('transfers'), ('audit'), ('movements')) AS t (name)
     WHERE r.rolname IN ('bookra_front_desk', 'bookra_manager', 'bookra_tenant_owner',
                         'bookra_relay', 'bookra_platform')
       AND has_table_privilege(r.oid, 'bookra.' || t.name, 'UPDATE, DELETE, TRUNCATE')
     UNION ALL
    SELECT 'role ' || r.rolname || ' escapes the policies, or logs in'
      FROM pg_roles r
     WHERE (r.rolname IN ('bookra_owner', 'bookra_front_desk', 'bookra_manager',
                          'bookra_tenant_owner', 'bookra_relay', 'bookra_platform')
            OR starts_with(r.rolname, 'bookra_t_'))
       AND (r.rolsuper OR r.rolbypassrls OR r.rolcanlogin)
     ORDER BY words LIMIT 20
    """
)
DURABILITY = text(
    """
    SELECT name, setting FROM pg_settings
     WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') ORDER BY name
    """
)
SAFE = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "local", "remote_write", "remote_apply"),
}
OFFSETS = text(
    """
    SELECT t.timezone, EXTRACT(EPOCH FROM moment.at AT TIME ZONE t.timezone
                                        - moment.at AT TIME ZONE 'UTC')::int AS seconds, moment.at
      FROM (SELECT DISTINCT timezone FROM tenants) t
     CROSS JOIN unnest(CAST(:moments AS timestamptz[])) AS moment (at)
    """
)
READS_RECORD = text("SELECT pg_has_role(session_user, 'bookra_platform', 'MEMBER')")
LAST_BACKUP = text(
    """
    SELECT EXTRACT(EPOCH FROM now() - max(recorded_at))::float8 AS seconds,
           (SELECT EXTRACT(EPOCH FROM now() - min(created_at))::float8 FROM tenants) AS in_use
      FROM installation_events WHERE command = 'db backup'
    """
)


@dataclass(frozen=True, slots=True)
class LastBackup:
    """How long ago the last backup was noted, and the first business opened, in seconds.

    ``known`` is False for a login that may not read the installation's record.
    """

    known: bool
    age_seconds: float | None
    in_use_seconds: float | None


def weaknesses(connection: Connection) -> list[str]:
    """Return in words where roles, grants and policies are not as the migrations made them."""
    return [row.words for row in connection.execute(WEAKNESSES)]


def hazards(connection: Connection) -> list[str]:
    """Return the server's settings by which a crash may lose what was committed."""
    found = {row.name: row.setting for row in connection.execute(DURABILITY)}
    return [f"{name} = {value}" for name, value in found.items() if value not in SAFE[name]]


def zone_disagreements(connection: Connection, now: datetime) -> list[str]:
    """Return the businesses' zones whose offsets the server knows otherwise than this machine."""
    moments: Sequence[datetime] = [now + timedelta(days=days) for days in (0, 91, 182, 365)]
    rows = connection.execute(OFFSETS, {"moments": list(moments)})
    return sorted(
        {row.timezone for row in rows if _offset_seconds(row.at, row.timezone) != row.seconds}
    )


def last_backup(connection: Connection) -> LastBackup:
    """Return when the last backup was made, as far as this login may know."""
    if not connection.execute(READS_RECORD).scalar_one():
        return LastBackup(known=False, age_seconds=None, in_use_seconds=None)
    row = connection.execute(LAST_BACKUP).one()
    return LastBackup(known=True, age_seconds=row.seconds, in_use_seconds=row.in_use)


def _offset_seconds(moment: datetime, zone: str) -> int:
    offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def hears(conninfo: Mapping[str, str]) -> bool:
    """Tell whether LISTEN and NOTIFY work on a connection of its own.

    They don't behind PgBouncer in transaction mode: relays poll then, and start effects later.
    """
    channel = f"bookra_check_{os.getpid()}"
    target = psycopg.conninfo.make_conninfo(**{"connect_timeout": "2", **conninfo})
    try:
        with psycopg.connect(target, autocommit=True) as connection:
            connection.execute(f"LISTEN {channel}")
            connection.execute(f"NOTIFY {channel}")
            return any(True for _ in connection.notifies(timeout=HEARD_SECONDS, stop_after=1))
    except psycopg.Error:
        return False
