"""Emptying a database after a test, so that the next test may have it.

Copying and dropping a database makes and removes some six hundred files, which costs more than
most tests. Emptying one costs a few milliseconds, but is only as good as making one when nothing
but rows has changed: whatever else did, shows in the catalogues, and then it is dropped.
"""

from __future__ import annotations

import time
from collections.abc import Collection

import psycopg

CATALOGUES = (
    "attrdef attribute class collation constraint default_acl enum extension index inherits"
    " namespace policy proc rewrite statistic statistic_ext trigger type"
).split()
"""Without ``pg_``: where each change to tables, rights or statistics leaves a new row version."""

# A row that came later has a later xmin, and one that went is missing from the count. What VACUUM
# notes, it writes in place.
_NEWEST = " UNION ALL ".join(
    f"SELECT '{name}', count(*), max(xmin::text::bigint) FROM pg_{name}" for name in CATALOGUES
)
FINGERPRINT = f"""
    SELECT (SELECT string_agg(concat_ws(' ', found.*), ',') FROM ({_NEWEST}) AS found),
           (SELECT string_agg(version_num, ',') FROM bookra.alembic_version),
           (SELECT count(*) FROM pg_class
             WHERE relnamespace = 'bookra'::regnamespace AND reltuples >= 0),
           (SELECT array_agg(setconfig::text) FROM pg_db_role_setting WHERE setdatabase = d.oid),
           (SELECT count(*) FROM pg_prepared_xacts WHERE database = d.datname),
           datallowconn, datconnlimit, datacl::text
      FROM pg_database d WHERE datname = current_database()
"""

LARGEST_TABLE_BYTES = 1_000_000
"""What is left of deleted rows slows later tests down: beyond this, a new database costs less."""

# Neither foreign keys nor triggers have a say in a replica; the superuser sees every row. Tables
# are deleted from and not truncated: that would make a file for each table and each index anew.
EMPTY = f"""
    DO $$
    DECLARE name regclass;
    BEGIN
        SET LOCAL session_replication_role = replica;
        FOR name IN
            SELECT oid FROM pg_class
             WHERE relnamespace = 'bookra'::regnamespace AND relkind = 'r'
               AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0
        LOOP
            ASSERT pg_relation_size(name) < {LARGEST_TABLE_BYTES};
            EXECUTE format('DELETE FROM %s', name);
        END LOOP;
    END $$
"""

OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL(%s)
"""
LONGEST_FAREWELL_SECONDS = 10


def fingerprint(session: psycopg.Connection) -> str:
    """Return what tells a migrated database that nobody has altered from any other."""
    return repr(session.execute(FINGERPRINT).fetchone())


def emptied(session: psycopg.Connection, untouched: str, own: Collection[int] = ()) -> bool:
    """End all other sessions and delete all rows; False when that is not enough, or too slow.

    ``untouched`` is the fingerprint of an unaltered database; ``session`` is a superuser's, and
    in autocommit. The server processes ``own`` are left alone.
    """
    try:
        if not _alone(session, own) or fingerprint(session) != untouched:
            return False
        session.execute(EMPTY)
        session.execute("SELECT pg_stat_reset()")
    except psycopg.Error:  # a table is too large, or so much differs that it can't be asked
        return False
    return True


def _alone(session: psycopg.Connection, own: Collection[int]) -> bool:
    """End all other sessions of the database; what they counted is told at their end."""
    deadline = time.monotonic() + LONGEST_FAREWELL_SECONDS
    while session.execute(OTHERS, [list(own)]).fetchall():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True
