"""All that a login can name in the catalogue is asked, by an operator of each role.

The walk is driven by the catalogue, so that no table, view, function or setting of tomorrow is
forgotten. Nothing that only the neighbour has may turn up in rows, notices, errors or plans.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from shown import Shown
from street import Spy, Street

RELATIONS = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname !~ '^pg_(temp|toast_temp)'
 ORDER BY 1
"""
OURS = """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'bookra'::regnamespace
   AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') ORDER BY 1
"""
FUNCTIONS = """
SELECT p.oid::regproc::text, p.proargtypes::regtype[]::text[]
  FROM pg_proc p
 WHERE p.prokind = 'f' AND has_function_privilege(p.oid, 'EXECUTE') AND p.pronargs <= 3
   AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype)
   AND p.proname !~ '^pg_sleep' ORDER BY 1, 2
"""
WAYS_IN = (
    "SELECT * FROM {table}",
    "SELECT count(*), string_agg(t::text, ' ') FROM {table} t",
    "SELECT to_jsonb(t) FROM {table} t, tenants o",
    "SELECT t.ctid, t.xmin, t.tableoid, t FROM {table} t WHERE ctid >= '(0,0)'",
    "SELECT * FROM {table} TABLESAMPLE SYSTEM (100)",
    "SELECT * FROM {table} FOR UPDATE",
    "SELECT table_to_xml('{table}', true, true, '')",
    "SELECT ts_stat('SELECT to_tsvector(t::text) FROM {table} t')",
    "SELECT (t::text)::int FROM {table} t",
    "SELECT count(*) FROM {table} t WHERE pg_temp.tell(t::text)",
    "EXPLAIN (ANALYZE, VERBOSE, BUFFERS, FORMAT JSON) SELECT * FROM {table}",
    "DECLARE c SCROLL CURSOR FOR SELECT * FROM {table}; FETCH ALL FROM c; FETCH LAST FROM c",
    "PREPARE p AS SELECT * FROM {table}; EXECUTE p",
    "CREATE TEMP TABLE kept AS SELECT * FROM {table}; SELECT * FROM kept",
    "CREATE TEMP VIEW seen AS SELECT * FROM {table}; SELECT * FROM seen",
    "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT DO NOTHING RETURNING *",
    "DELETE FROM {table} RETURNING *",
    "TRUNCATE {table}",
    "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    "CREATE INDEX ON {table} ((ctid::text))",
    "ANALYZE VERBOSE {table}",
    "VACUUM {table}",
    "CREATE STATISTICS pg_temp.s ON tenant_id, id FROM {table}",
)
TELLTALE = (
    "CREATE OR REPLACE FUNCTION pg_temp.tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS"
    " $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$"
)


@pytest.fixture(scope="module")
def shown() -> Shown:
    """What the threat model says that any login sees."""
    return Shown.read()


def claims(street: Street) -> Iterator[str]:
    """Yield ways to say for whom one works."""
    mine, theirs = street.mine.tenant.id, street.theirs.tenant.id
    for claim in (mine, theirs, "", f"{theirs} ", f"{{{theirs}}}", f"{mine},{theirs}", "x" * 99):
        yield f"SELECT set_config('app.tenant', '{claim}', true)"


def test_no_relation_that_can_be_named_shows_a_neighbours_mark(
    street: Street, shown: Shown
) -> None:
    """PostgreSQL's own are the same for everybody; an owner may read whatever the others may."""
    with street.spying("owner") as spy:
        relations = [name for (name,) in spy.session.execute(RELATIONS).fetchall()]
        assert len(relations) > 200
        for relation in relations:
            answer = spy.answer(f"SELECT string_agg(r::text, ' ') FROM {relation} r")
            assert spy.learned(shown.without(answer)) == set(), relation


def test_no_way_into_a_table_shows_a_neighbours_mark(street: Street, spy: Spy, role: str) -> None:
    """An owner goes every way into every table; the others, who may do less, a third of them."""
    spy.session.execute(TELLTALE)
    tables = [str(name) for (name,) in spy.session.execute(OURS).fetchall()]
    assert len(tables) > 70
    said = list(claims(street))
    for number, table in enumerate(tables):
        ways = WAYS_IN if role == "owner" else WAYS_IN[number % 3 :: 3]
        for turn, way in enumerate(ways):
            claim = said[(number + turn) % len(said)]
            statements = [claim, *way.format(table=table).split("; ")]
            answer = spy.answer(*statements)
            assert spy.learned(answer, claim) == set(), statements
        assert spy.learned(spy.copied(f"COPY {table} TO STDOUT")) == set(), table


def test_what_is_counted_is_what_is_ones_own(street: Street, spy: Spy) -> None:
    """Without a neighbour's mark: sums, extremes and counts come from own rows alone."""
    theirs = street.theirs.tenant.id
    columns = spy.session.execute(
        "SELECT a.attrelid::regclass::text, a.attname FROM pg_attribute a JOIN pg_class c"
        " ON c.oid = a.attrelid WHERE c.relnamespace = 'bookra'::regnamespace"
        " AND c.relkind IN ('r', 'v') AND a.attname = 'tenant_id'"
        " AND has_column_privilege(c.oid, a.attnum, 'SELECT')"
    ).fetchall()
    assert len(columns) > 60
    for table, _ in columns:
        counted = f"SELECT count(tenant_id), count(DISTINCT tenant_id) FROM {table}"
        (row,) = spy.session.execute(counted.encode()).fetchall()
        assert row[1] in (0, 1), table
        by_id = f"{counted} WHERE tenant_id = '{theirs}'"
        assert spy.session.execute(by_id.encode()).fetchall() == [(0, 0)], table


VALUES = {
    "oid": ("'bookra.customers'::regclass::oid", "{role}::regrole::oid"),
    "regclass": ("'bookra.customers'::regclass",),
    "regrole": ("{role}::regrole",),
    "name": ("{role}::name", "'customers'::name"),
    "text": ("'bookra.customers'", "'SELECT * FROM bookra.customers'", "'{tenant}'"),
    "cstring": ("'customers'",),
    "integer": ("0", "1"),
    "bigint": ("1",),
    "smallint": ("1::smallint",),
    "boolean": ("true",),
    '"char"': ("'r'::\"char\"",),
    "uuid": ("'{tenant}'::uuid",),
    "xid": ("'1'::xid",),
    "xid8": ("'1'::xid8",),
    "refcursor": ("'c'::refcursor",),
    "timestamp with time zone": ("now()",),
    "text[]": ("'{{customers,bookra}}'::text[]",),
}


def calls(name: str, types: list[str], street: Street) -> Iterator[str]:
    """Yield calls of a function with what a spy would ask about, if its types are known."""
    if not all(kind in VALUES for kind in types):
        return
    role = f"'bookra_t_{street.theirs.tenant.id.hex}'"
    for turn in range(max((len(VALUES[kind]) for kind in types), default=1)):
        given = [VALUES[kind][turn % len(VALUES[kind])] for kind in types]
        words = ", ".join(given).format(role=role, tenant=street.theirs.tenant.id)
        yield f"SELECT {name}({words})"


def test_no_function_that_may_be_called_tells_of_a_neighbour(street: Street, shown: Shown) -> None:
    """Functions are granted to everybody alike: one role stands for all."""
    before = street.their_state()
    asked = 0
    with street.spying("owner") as spy:
        for name, types in spy.session.execute(FUNCTIONS).fetchall():
            assert isinstance(types, list)
            for statement in calls(str(name), types, street):
                asked += 1
                answer = spy.answer(statement)
                assert spy.learned(shown.without(answer), statement) == set(), statement
    assert asked > 1_000
    assert street.their_state() == before


def test_no_setting_that_may_be_changed_opens_a_view(street: Street, spy: Spy) -> None:
    """Each switch of the planner and each level of talk, turned away from where it stands."""
    switches = spy.session.execute(
        "SELECT name, CASE vartype WHEN 'bool' THEN CASE setting WHEN 'on' THEN 'off' ELSE 'on' END"
        " ELSE enumvals[1] END FROM pg_settings WHERE context = 'user'"
        " AND vartype IN ('bool', 'enum') AND name !~ '^(transaction_|default_transaction|debug_)'"
    ).fetchall()
    assert len(switches) > 40
    claim = f"SET LOCAL app.tenant = '{street.theirs.tenant.id}'"
    for name, value in switches:
        turned = f"SET LOCAL {name} = '{value}'"
        for question in ("SELECT * FROM customers", "EXPLAIN ANALYZE SELECT * FROM bookings"):
            for said in ((turned,), (turned, claim)):
                answer = spy.answer(*said, question)
                assert spy.learned(answer, *said) == set(), (turned, question)
                assert not re.search("PANIC|server closed", answer)
