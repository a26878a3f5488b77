"""A walk through the catalogue: no table can lack its policy, its key or its tenant."""

from __future__ import annotations

from catalogue import (
    APPEND_ONLY,
    EVIDENCE,
    GLOBAL,
    PRUNED,
    SEEN_ACROSS_TENANTS,
    names,
    rows,
    tenant_tables,
)
from sqlalchemy import Connection

from bookra.engine.schema import metadata
from bookra.engine.tables import ROOMS


def test_the_walk_sees_every_table_that_the_rooms_declare(catalogue: Connection) -> None:
    declared = {table.name for table in metadata.tables.values()}
    assert len(ROOMS) >= 10
    assert tenant_tables(catalogue) | GLOBAL - {"alembic_version"} == declared


def test_every_table_has_row_level_security_enabled_and_forced(catalogue: Connection) -> None:
    unguarded = names(
        catalogue,
        "SELECT relname FROM pg_class WHERE relnamespace = 'bookra'::regnamespace"
        " AND relkind IN ('r', 'p') AND NOT (relrowsecurity AND relforcerowsecurity)",
    )
    assert unguarded == {"alembic_version"}


def test_every_tenants_table_has_one_policy_that_asks_for_its_tenant(catalogue: Connection) -> None:
    policies = rows(
        catalogue,
        "SELECT tablename, policyname, permissive, cmd, roles::text, qual, with_check"
        " FROM pg_policies WHERE schemaname = 'bookra'",
    )
    for table in tenant_tables(catalogue):
        found = [row for row in policies if row.tablename == table]
        (own,) = [row for row in found if row.cmd == "ALL"]
        assert own.roles == "{public}"
        assert own.qual == "(tenant_id = bookra.tenant())"
        assert "(tenant_id = bookra.tenant())" in own.with_check
        others = {row.policyname for row in found if row is not own}
        across = {f"{table}_work"} if table in SEEN_ACROSS_TENANTS else set()
        pruned = {f"{table}_prune"} if table in PRUNED else set()
        assert others == across | pruned | ({f"{table}_arrival"} if table in EVIDENCE else set())


def test_evidence_of_elsewhere_is_the_owning_roles_alone_to_bring_in(catalogue: Connection) -> None:
    arriving = rows(
        catalogue,
        "SELECT tablename, cmd, roles::text, with_check FROM pg_policies"
        " WHERE schemaname = 'bookra' AND policyname LIKE '%arrival'",
    )
    assert {row.tablename for row in arriving} == EVIDENCE
    for row in arriving:
        assert (row.cmd, row.roles) == ("INSERT", "{bookra_owner}")
        assert row.with_check == "(tenant_id = bookra.tenant())"
    assert (
        tenant_tables(catalogue)
        & names(
            catalogue,
            "SELECT tablename FROM pg_policies WHERE schemaname = 'bookra'"
            " AND with_check LIKE '%recorded_by = SESSION_USER%'",
        )
        == EVIDENCE
    )


def test_looking_across_tenants_is_the_relays_and_the_platforms_alone(
    catalogue: Connection,
) -> None:
    wide = rows(
        catalogue,
        "SELECT policyname, cmd, roles FROM pg_policies"
        " WHERE schemaname = 'bookra' AND qual = 'true' AND tablename NOT LIKE 'relay%'"
        " AND tablename <> 'audit_baselines'",  # transactions' numbers alone
    )
    work = {f"{table}_work" for table in SEEN_ACROSS_TENANTS}
    assert {row.policyname for row in wide} == work | {"tenants_directory"}
    for row in wide:
        assert (row.cmd, set(row.roles)) == ("SELECT", {"bookra_relay", "bookra_platform"})


def test_rows_that_change_name_the_login_that_changed_them(catalogue: Connection) -> None:
    changing = names(
        catalogue,
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = 'bookra' AND column_name = 'changed_by'",
    )
    checked = names(
        catalogue,
        "SELECT tablename FROM pg_policies WHERE schemaname = 'bookra'"
        " AND with_check LIKE '%(changed_by = SESSION_USER)%'",
    )
    assert changing == checked
    assert tenant_tables(catalogue) - changing == APPEND_ONLY


def test_every_tenants_table_has_a_key_that_begins_with_the_tenant(catalogue: Connection) -> None:
    keys = {
        row.name: row.columns
        for row in rows(
            catalogue,
            """
            SELECT c.conrelid::regclass::text AS name,
                   ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k(n, i)
                           JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n
                          ORDER BY k.i) AS columns
              FROM pg_constraint c
             WHERE c.connamespace = 'bookra'::regnamespace AND c.contype = 'p'
            """,
        )
    }
    for table in tenant_tables(catalogue):
        columns = keys[table] if table in keys else keys[f"bookra.{table}"]
        assert columns[0] == "tenant_id", table
        assert len(columns) == 2, table


def test_every_reference_carries_the_tenant_on_both_sides(catalogue: Connection) -> None:
    """A simple foreign key would accept another tenant's row, and tell whether it exists."""
    references = rows(
        catalogue,
        """
        SELECT c.conname AS name, t.relname AS to_table,
               ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k(n, i)
                       JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n
                      ORDER BY k.i) AS mine,
               ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY k(n, i)
                       JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.n
                      ORDER BY k.i) AS theirs
          FROM pg_constraint c JOIN pg_class t ON t.oid = c.confrelid
         WHERE c.connamespace = 'bookra'::regnamespace AND c.contype = 'f'
        """,
    )
    assert len(references) > 40
    for row in references:
        if row.to_table == "tenants":
            assert (row.mine, row.theirs) == (["tenant_id"], ["id"]), row.name
        else:
            assert (row.mine[0], row.theirs[0]) == ("tenant_id", "tenant_id"), row.name
            assert len(row.mine) >= 2, row.name


def test_every_tenants_table_belongs_to_a_tenant_that_exists(catalogue: Connection) -> None:
    tied = names(
        catalogue,
        "SELECT m.relname FROM pg_constraint c JOIN pg_class m ON m.oid = c.conrelid"
        " WHERE c.contype = 'f' AND c.confrelid = 'bookra.tenants'::regclass",
    )
    assert tied == tenant_tables(catalogue)


def test_every_unique_rule_is_a_tenants_own(catalogue: Connection) -> None:
    """A global one would be an oracle: its error tells that another tenant has the value."""
    indexes = rows(
        catalogue,
        """
        SELECT t.relname AS table, c.relname AS name,
               (SELECT a.attname FROM pg_attribute a
                 WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0]) AS first
          FROM pg_index i
          JOIN pg_class c ON c.oid = i.indexrelid
          JOIN pg_class t ON t.oid = i.indrelid
         WHERE c.relnamespace = 'bookra'::regnamespace AND (i.indisunique OR i.indisexclusion)
        """,
    )
    assert any(row.name == "allocations_no_overlap" for row in indexes)
    for row in indexes:
        if row.table not in GLOBAL:
            assert row.first == "tenant_id", row.name


def test_overlaps_are_refused_by_one_constraint(catalogue: Connection) -> None:
    (definition,) = names(
        catalogue,
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'bookra'::regnamespace AND contype = 'x'"
        " AND conrelid = 'bookra.allocations'::regclass",
    )
    assert "tenant_id WITH =" in definition
    assert "bookable_id WITH =" in definition
    assert "tstzrange(starts_at, ends_at) WITH &&" in definition
    assert "WHERE" not in definition
    assert "DEFERRABLE" not in definition
