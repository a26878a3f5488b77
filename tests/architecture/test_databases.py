"""A database that a test gets from an earlier one is as good as new, or it is not given."""

from __future__ import annotations

import psycopg
import pytest
from cleaning import LARGEST_TABLE_BYTES, emptied, fingerprint
from databases import Database, Server
from factories import open_salon
from neighbours import TENANT_TABLES
from psycopg.conninfo import make_conninfo

from bookra.engine.database import open_pool

ALTERATIONS = (
    "ALTER TABLE bookra.allocations DROP CONSTRAINT allocations_no_overlap",
    "ALTER TABLE bookra.allocations RENAME CONSTRAINT allocations_no_overlap TO another",
    "ALTER TABLE bookra.customers DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE bookra.customers DISABLE TRIGGER ALL",
    "ALTER TABLE bookra.customers ALTER name SET DEFAULT 'Nobody'",
    "DROP POLICY customers_tenant ON bookra.customers",
    "GRANT SELECT (secret) ON bookra.provider_accounts TO bookra_front_desk",
    "REVOKE INSERT ON bookra.audit FROM bookra_front_desk",
    "CREATE FUNCTION bookra.mine() RETURNS int LANGUAGE sql RETURN 1",
    "CREATE TABLE public.mine (id int)",
    "UPDATE bookra.alembic_version SET version_num = '9999'",
    "ANALYZE pg_class",
    """
    DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET lock_timeout = 1', current_database());
    END $$
    """,
)


def administering(database: Database) -> psycopg.Connection:
    return psycopg.connect(make_conninfo(**database.administrator))


def oid(database: Database) -> object:
    with administering(database) as session:
        return session.execute(
            "SELECT oid FROM pg_database WHERE datname = current_database()"
        ).fetchone()


def test_a_used_database_comes_back_without_rows_sessions_and_its_name(postgres: Server) -> None:
    with postgres.clean() as one:
        pool = open_pool(one.conninfo)
        salon = open_salon(one, pool)
        salon.book("2026-11-24 10:00")
        files = oid(one)
        left_open = administering(one)
        left_open.execute("LOCK bookra.bookings")
    with postgres.clean() as other:
        assert oid(other) == files
        with administering(other) as session:
            for table in TENANT_TABLES:
                rows = session.execute(f"SELECT count(*) FROM bookra.{table}".encode()).fetchone()
                assert rows == (0,), table
            assert session.execute(
                "SELECT count(*) FROM pg_roles WHERE rolname = %s",
                [f"bookra_t_{salon.tenant.id.hex}"],
            ).fetchone() == (0,)
        with pytest.raises(psycopg.OperationalError):
            left_open.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            administering(one)
    pool.dispose()


def test_an_altered_database_is_given_to_nobody(postgres: Server) -> None:
    with postgres.clean() as altered, administering(altered) as session:
        files = oid(altered)
        session.execute(ALTERATIONS[0])
    with postgres.clean() as other:
        assert oid(other) != files


def test_each_alteration_shows(database: Database) -> None:
    with administering(database) as session:
        untouched = fingerprint(session)
        for statement in ALTERATIONS:
            with session.transaction(force_rollback=True):
                session.execute(statement.encode())
                assert fingerprint(session) != untouched, statement
        assert fingerprint(session) == untouched


def test_a_database_that_grew_large_is_not_used_again(database: Database) -> None:
    with psycopg.connect(make_conninfo(**database.administrator), autocommit=True) as session:
        untouched = fingerprint(session)
        assert emptied(session, untouched)
        session.execute("SET session_replication_role = replica")
        columns = "tenant_id, id, name, created_at"
        session.execute(
            f"INSERT INTO bookra.customers ({columns}) SELECT gen_random_uuid(),"
            " gen_random_uuid(), repeat('x', 80), now() FROM generate_series(1, %s)".encode(),
            [LARGEST_TABLE_BYTES // 100],
        )
        assert not emptied(session, untouched)
