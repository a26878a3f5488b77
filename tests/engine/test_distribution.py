"""What Citus would be told, held against its own rules as far as a plain server can keep them."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from databases import Database, Server
from psycopg.conninfo import make_conninfo

from bookra.engine.database import open_pool
from bookra.engine.distribution import actions
from bookra.engine.distribution.plan import distribution_column, steps, too_wide
from bookra.engine.schema import metadata
from bookra.errors import UnavailableError

# Refuses what Citus refuses: a key without the column, an exclusion constraint without it, a
# reference to a table that has not come yet or by other columns, a default colocation.
RULES = """
CREATE TABLE public.told (nth serial, name regclass, by name, beside text);
CREATE FUNCTION public.create_distributed_function(function regprocedure) RETURNS void
    LANGUAGE sql AS '';
CREATE FUNCTION public.create_reference_table(one regclass) RETURNS void LANGUAGE sql AS
    'INSERT INTO public.told (name) VALUES (one)';
CREATE FUNCTION public.create_distributed_table(
    one regclass, by name, kind text DEFAULT 'hash', colocate_with text DEFAULT 'default')
    RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    place smallint := (SELECT attnum FROM pg_attribute WHERE attrelid = one AND attname = by);
BEGIN
    IF EXISTS (SELECT FROM pg_index WHERE indrelid = one AND (indisunique OR indisexclusion)
                                      AND NOT place = ANY (indkey)) THEN
        RAISE 'a unique key of % lacks %', one, by;
    END IF;
    IF EXISTS (SELECT FROM pg_constraint c LEFT JOIN public.told t ON t.name = c.confrelid
                WHERE c.conrelid = one AND c.contype = 'f' AND c.confrelid <> one
                  AND (t.name IS NULL OR NOT place = ANY (c.conkey))) THEN
        RAISE '% refers to what is not there yet, or past its business', one;
    END IF;
    INSERT INTO public.told (name, by, beside) VALUES (one, by, colocate_with);
END $$;
"""


@pytest.fixture
def administrator(postgres: Server) -> Iterator[tuple[Database, psycopg.Connection]]:
    """A database that may be altered, and a superuser's session in it."""
    with (
        postgres.fresh() as database,
        psycopg.connect(make_conninfo(**database.administrator), autocommit=True) as session,
    ):
        yield database, session


def test_every_table_comes_after_those_it_refers_to_and_beside_its_business(
    administrator: tuple[Database, psycopg.Connection],
) -> None:
    database, session = administrator
    session.execute(RULES)
    with session.transaction():
        for step in steps(f'"{database.name}"'):
            session.execute(step.statement.encode())
    told = session.execute(
        "SELECT relname, by, beside FROM public.told t JOIN pg_class c ON c.oid = t.name"
    ).fetchall()
    by = {name: (column, beside) for name, column, beside in told}
    assert set(by) == {table.name for table in metadata.sorted_tables}
    assert by.pop("tenants") == ("id", "none")
    copied = {name for name, found in by.items() if found == (None, None)}
    assert copied == {
        "relays",
        "relay_jobs",
        "relay_leases",
        "audit_baselines",
        "installation_events",
    }
    assert {found for name, found in by.items() if name not in copied} == {
        ("tenant_id", "bookra.tenants")
    }


def test_a_key_across_businesses_is_the_slug_alone() -> None:
    wide = [(table.name, key.name) for table in metadata.tables.values() for key in too_wide(table)]
    assert wide == [("tenants", "tenants_slug_key")]


def test_what_is_distributed_already_is_left_alone() -> None:
    names = {table.name for table in metadata.sorted_tables}
    assert steps("bookra", names) == []
    (*_, last) = steps("bookra", names - {"seats"})
    assert "'bookra.seats', 'tenant_id'" in last.statement
    assert distribution_column(metadata.tables["bookra.relays"]) is None


def test_a_server_without_citus_is_left_as_it_is(database: Database) -> None:
    pool = open_pool(database.administrator, pooled=False)
    with pool.connect() as connection, pytest.raises(UnavailableError) as caught:
        actions.distribute(connection)
    assert (caught.value.code, caught.value.exit_code) == ("citus_missing", 7)
