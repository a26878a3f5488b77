"""A walk through the grants: nobody may do more than their work needs."""

from __future__ import annotations

import pytest
from catalogue import APPEND_ONLY, PRUNED, names, rows
from databases import Database
from sqlalchemy import Connection

from bookra.engine.database import open_pool

EVIDENCE = {
    "recorded_by",
    "recorded_at",
    "posted_at",
    "written_in",
    "opened_at",
    "settled_at",
}
GROUPS = (
    "bookra_front_desk",
    "bookra_manager",
    "bookra_tenant_owner",
    "bookra_relay",
    "bookra_platform",
)


def test_there_are_no_triggers_and_no_functions_with_an_owners_rights(
    catalogue: Connection,
) -> None:
    triggers = names(
        catalogue,
        "SELECT g.tgname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid"
        " WHERE c.relnamespace = 'bookra'::regnamespace AND NOT g.tgisinternal",
    )
    functions = rows(
        catalogue,
        "SELECT proname, prosecdef FROM pg_proc WHERE pronamespace = 'bookra'::regnamespace",
    )
    assert triggers == set()
    assert [(row.proname, row.prosecdef) for row in functions] == [("tenant", False)]


def test_views_are_read_with_the_readers_own_rights(catalogue: Connection) -> None:
    views = rows(
        catalogue,
        "SELECT relname, relkind, reloptions FROM pg_class"
        " WHERE relnamespace = 'bookra'::regnamespace AND relkind IN ('v', 'm')",
    )
    assert [row.relname for row in views] == ["postings"]
    assert all(row.relkind == "v" for row in views)
    assert all("security_invoker=true" in row.reloptions for row in views)


def test_nothing_is_granted_to_everybody(catalogue: Connection) -> None:
    """The grantee 0 is PUBLIC; a NULL list of a function or type would grant it by default."""
    open_to_all = names(
        catalogue,
        """
        SELECT relname FROM pg_class, aclexplode(relacl) g
         WHERE relnamespace = 'bookra'::regnamespace AND g.grantee = 0
        UNION ALL
        SELECT proname FROM pg_proc,
               aclexplode(COALESCE(proacl, acldefault('f', proowner))) g
         WHERE pronamespace = 'bookra'::regnamespace AND g.grantee = 0
        UNION ALL
        SELECT nspname FROM pg_namespace, aclexplode(nspacl) g
         WHERE nspname = 'bookra' AND g.grantee = 0
        UNION ALL
        SELECT attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid,
               aclexplode(a.attacl) g
         WHERE c.relnamespace = 'bookra'::regnamespace AND g.grantee = 0
        """,
    )
    assert open_to_all == set()


@pytest.mark.parametrize("group", GROUPS)
def test_nobody_may_change_or_delete_what_is_written_once(
    catalogue: Connection, group: str
) -> None:
    allowed = rows(
        catalogue,
        "SELECT t.name, v.verb FROM unnest(CAST(:tables AS text[])) t(name),"
        " unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) v(verb)"
        " WHERE has_table_privilege(CAST(:who AS name), 'bookra.' || t.name, v.verb)"
        " OR (v.verb = 'UPDATE'"
        "     AND has_any_column_privilege(CAST(:who AS name), 'bookra.' || t.name, v.verb))",
        tables=sorted(APPEND_ONLY),
        who=group,
    )
    prunes = group in ("bookra_relay", "bookra_platform")
    kept = [row for row in allowed if not (prunes and row.verb == "DELETE" and row.name in PRUNED)]
    assert kept == []


def test_what_the_relay_may_prune_has_to_be_old(catalogue: Connection) -> None:
    guarded = names(
        catalogue,
        "SELECT tablename FROM pg_policies WHERE schemaname = 'bookra' AND cmd = 'DELETE'"
        " AND permissive = 'RESTRICTIVE' AND qual LIKE '%now() - %'",
    )
    assert guarded == PRUNED


@pytest.mark.parametrize("group", GROUPS)
def test_nobody_may_say_who_wrote_a_row_or_when(catalogue: Connection, group: str) -> None:
    forged = rows(
        catalogue,
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'bookra' AND column_name = ANY(:evidence)"
        " AND table_name = ANY(:tables)"
        " AND has_column_privilege(CAST(:who AS name), 'bookra.' || table_name, column_name,"
        "                          'INSERT')",
        evidence=sorted(EVIDENCE),
        tables=sorted(APPEND_ONLY),
        who=group,
    )
    assert forged == []


@pytest.mark.parametrize("group", GROUPS)
def test_no_group_is_more_than_a_group(catalogue: Connection, group: str) -> None:
    (row,) = rows(
        catalogue,
        "SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,"
        " pg_has_role(rolname, 'bookra_owner', 'MEMBER') FROM pg_roles WHERE rolname = :who",
        who=group,
    )
    assert not any(row)


@pytest.mark.parametrize("group", GROUPS)
def test_no_group_may_make_things_in_the_schema(catalogue: Connection, group: str) -> None:
    (row,) = rows(
        catalogue, "SELECT has_schema_privilege(CAST(:who AS name), 'bookra', 'CREATE')", who=group
    )
    assert not row[0]


def test_the_front_desk_may_read_no_providers_token(catalogue: Connection) -> None:
    readable = names(
        catalogue,
        "SELECT attname FROM pg_attribute WHERE attrelid = 'bookra.provider_accounts'::regclass"
        " AND attnum > 0"
        " AND has_column_privilege('bookra_front_desk'::name, attrelid, attname, 'SELECT')",
    )
    public = {"tenant_id", "id", "provider", "sandbox", "config"}
    assert readable == public | {"state", "state_why", "checked_at"}


def test_every_table_can_be_read_by_the_relay(catalogue: Connection) -> None:
    unreadable = names(
        catalogue,
        "SELECT relname FROM pg_class WHERE relnamespace = 'bookra'::regnamespace"
        " AND relkind = 'r' AND NOT has_table_privilege('bookra_relay'::name, oid, 'SELECT')",
    )
    assert unreadable == set()


@pytest.mark.parametrize("group", GROUPS)
def test_what_ignores_the_policies_is_granted_to_nobody(catalogue: Connection, group: str) -> None:
    """TRUNCATE asks no policy; REFERENCES and TRIGGER would let a login build an oracle."""
    wide = rows(
        catalogue,
        "SELECT c.relname, v.verb FROM pg_class c,"
        " unnest(ARRAY['TRUNCATE', 'REFERENCES', 'TRIGGER']) v(verb)"
        " WHERE c.relnamespace = 'bookra'::regnamespace AND c.relkind = 'r'"
        " AND has_table_privilege(CAST(:who AS name), c.oid, v.verb)",
        who=group,
    )
    assert wide == []


def test_the_tests_own_login_is_an_ordinary_one(database: Database) -> None:
    pool = open_pool(database.conninfo, pooled=False)
    with pool.connect() as connection:
        (row,) = rows(
            connection,
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles"
            " WHERE rolname = session_user",
        )
    assert not any(row)
