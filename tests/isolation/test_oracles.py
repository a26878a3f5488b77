"""Asking without reading: errors, counts, estimates, locks and channels that could say yes or no.

Each question is put twice, about what only the neighbour has and about what nobody has. The two
answers must be the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

import psycopg
import pytest
from guesses import GUESSES, Guess, masked
from shown import Shown, bare
from sqlalchemy import text
from street import Spy, Street

PLAIN_PLANS = (
    "SET LOCAL plan_cache_mode = force_generic_plan",
    "SET LOCAL enable_indexscan = off",
    "SET LOCAL enable_bitmapscan = off",
    "SET LOCAL enable_indexonlyscan = off",
)
INDEXES_ONLY = ("SET LOCAL enable_seqscan = off",)


def spellings(street: Street) -> Iterator[str]:
    """Yield claims whose digits are right, or nearly, and whose spelling is not."""
    mine = street.mine.tenant.id.hex
    yield from (mine, mine.upper(), f"{mine} ", f" {mine}", f"{mine[:8]}--{mine[8:]}")
    yield from (f"{mine}-", f'"{mine}', '"', ".", "a.b", "{" + mine + "}", f"{mine}\t", "-" * 40)
    yield from (str(street.theirs.tenant.id), "", "0" * 32, "x" * 5_000, "ä" * 30)


def same_answer(spy: Spy, guess: Guess, statements: Sequence[str]) -> None:
    """Put a question about both values; it holds ``{guess}``."""
    answers = []
    for value in (guess.theirs, guess.nobodys):
        said = [statement.replace("{guess}", value) for statement in statements]
        spy.session.execute("DEALLOCATE ALL")
        answers.append(masked(spy.answer(*said), value))
    assert answers[0] == answers[1], (guess, statements)


def test_no_claim_makes_the_policy_fail_on_a_row_that_matches(street: Street, spy: Spy) -> None:
    """What is leakproof is compared before the policy is asked: it must never fail after that.

    The plan is made under a right claim and kept; the claim is spelled differently then.
    """
    readable = [guess for guess in GUESSES if spy.may_read(guess.table, guess.column)]
    for number, claim in enumerate(spellings(street)):
        guess = readable[number % len(readable)]
        for condition in ("{column} = $1", "{column} >= $1 AND {column} < $1 || '~'"):
            asked = condition.format(column=guess.column)
            same_answer(
                spy,
                guess,
                (
                    *PLAIN_PLANS,
                    f"PREPARE p(text) AS SELECT count(*) FROM {guess.table} WHERE {asked}",
                    "EXECUTE p('warm')",
                    f"SELECT set_config('app.tenant', '{claim}', true)",
                    "EXECUTE p('{guess}')",
                ),
            )


def test_no_plan_counts_or_expects_a_neighbours_row(spy: Spy) -> None:
    """Estimates come from samples of everybody's rows; "rows removed" are counted by the way."""
    for guess in GUESSES:
        if not spy.may_read(guess.table, guess.column):
            continue
        for settings in (PLAIN_PLANS, INDEXES_ONLY, ()):
            for operator in ("=", "<", ">=", "<>", "IS DISTINCT FROM"):
                question = f"SELECT * FROM {guess.table} WHERE {guess.column} {operator}"
                asked = question + " '{guess}'"
                same_answer(spy, guess, (*settings, f"EXPLAIN (VERBOSE) {asked}"))
                if operator in ("=", "<>"):
                    counted = f"EXPLAIN (ANALYZE, BUFFERS OFF, TIMING OFF, SUMMARY OFF) {asked}"
                    same_answer(spy, guess, (*settings, counted))


def test_what_names_people_is_never_sampled(street: Street) -> None:
    """Else a histogram of everybody's names is what the estimates are read from."""
    rows = street.administrator.execute(
        text(
            "SELECT tablename, attname FROM pg_stats WHERE schemaname = 'bookra'"
            " AND attname IN ('name', 'phone', 'email', 'notes', 'note', 'iban', 'holder', 'login',"
            " 'legal_name', 'address', 'channel', 'slug', 'wording', 'url')"
            " AND tablename IN ('customers', 'tenants', 'bookables', 'bank_accounts', 'operators',"
            " 'bookings', 'consents', 'operations', 'services')"
            " AND NOT (attname = 'slug' AND tablename <> 'tenants')"
        )
    ).all()
    assert rows == []
    sampled = street.administrator.execute(
        text("SELECT count(*) FROM pg_stats WHERE schemaname = 'bookra'")
    ).scalar_one()
    assert sampled > 100


def test_every_index_can_be_entered_by_the_tenant(street: Street) -> None:
    """Else a plan enters by what was asked, and counts the rows that the policy removes."""
    bare = street.administrator.execute(
        text(
            "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = 'tenant_id'"
            " WHERE c.relnamespace = 'bookra'::regnamespace AND NOT a.attnum = ANY (i.indkey)"
        )
    ).all()
    assert bare == []
    of_tenants = street.administrator.execute(
        text(
            "SELECT pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid = 'bookra.tenants'::regclass ORDER BY indisprimary DESC"
        )
    ).scalars()
    assert [definition.rpartition("USING ")[2] for definition in of_tenants] == [
        "btree (id)",
        "btree (lower(slug))",
    ]


def test_two_neighbours_may_have_the_same(street: Street, spy: Spy) -> None:
    """Whatever is unique is so within a business: writing it again tells nothing."""
    mine = street.mine.tenant.id
    for guess in GUESSES[:3]:
        values = {"name": "'Probe'", guess.column: "'{guess}'"}
        insert = (
            f"INSERT INTO customers (tenant_id, id, created_at, {', '.join(values)})"
            f" VALUES ('{mine}', gen_random_uuid(), now(), {', '.join(values.values())})"
        )
        for more in ("", " ON CONFLICT DO NOTHING", " RETURNING name"):
            same_answer(spy, guess, (insert + more,))


FENCE = (
    "CREATE FUNCTION pg_temp.quiet(text) RETURNS boolean LANGUAGE sql LEAKPROOF AS 'SELECT true'",
    "CREATE TABLE public.mine (id int)",
    "CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
    "CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = uuid, FUNCTION = texteq)",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION dblink",
    "CREATE LANGUAGE plpython3u",
    "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION now()",
    "CREATE PUBLICATION mine FOR ALL TABLES",
    "CREATE SUBSCRIPTION mine CONNECTION 'host=x' PUBLICATION y",
    "CREATE SERVER mine FOREIGN DATA WRAPPER none",
    "CREATE TRIGGER mine AFTER INSERT ON bookra.customers EXECUTE FUNCTION now()",
    "CREATE RULE mine AS ON SELECT TO bookra.customers DO INSTEAD SELECT 1",
    "ALTER FUNCTION bookra.tenant() LEAKPROOF",
    "ALTER TABLE bookra.customers ALTER COLUMN phone SET STATISTICS 100",
    "ALTER DEFAULT PRIVILEGES FOR ROLE bookra_owner GRANT SELECT ON TABLES TO PUBLIC",
    "ALTER ROLE bookra_front_desk SET row_security = off",
    "ALTER DATABASE postgres SET row_security = off",
    "ALTER SYSTEM SET row_security = off",
    "REASSIGN OWNED BY bookra_owner TO CURRENT_USER",
    "SET session_replication_role = replica",
    "SET SESSION AUTHORIZATION postgres",
    "COPY bookra.customers TO PROGRAM 'cat'",
    "COPY bookra.customers FROM '/etc/passwd'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT * FROM pg_catalog.pg_statistic",
    "SELECT * FROM pg_catalog.pg_authid",
    "SELECT rolpassword FROM pg_catalog.pg_authid",
    "SELECT * FROM pg_hba_file_rules",
    "SELECT pg_ls_logdir()",
    "SELECT pg_logical_slot_get_changes('x', NULL, NULL)",
    "LOCK TABLE bookra.audit IN ACCESS EXCLUSIVE MODE",
    "LOCK TABLE bookra.alembic_version IN SHARE MODE",
    "COMMENT ON TABLE bookra.customers IS 'mine'",
    "SECURITY LABEL ON TABLE bookra.customers IS 'mine'",
    "CHECKPOINT",
)


def test_what_would_widen_the_view_is_refused(street: Street) -> None:
    with street.spying("owner") as spy:
        for statement in FENCE:
            with pytest.raises(psycopg.Error) as refused:
                spy.session.execute(statement.encode())
            state = refused.value.sqlstate
            assert state is not None, statement
            assert state[:2] in ("42", "55", "58", "0A", "22", "25"), statement


def test_things_of_ones_own_stand_in_for_nothing(street: Street, spy: Spy) -> None:
    """Temporary tables, views, functions and operators under the names that the policies use."""
    theirs, make = street.theirs.tenant.id, "CREATE FUNCTION pg_temp."
    said = (
        "CREATE TEMP TABLE tenants AS SELECT * FROM bookra.tenants",
        f"{make}tenant() RETURNS uuid LANGUAGE sql AS 'SELECT ''{theirs}''::uuid'",
        f"{make}pg_has_role(name, oid, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        f"{make}uuid_eq(uuid, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE OPERATOR pg_temp.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = pg_temp.uuid_eq)",
        "SET LOCAL search_path = pg_temp, bookra, pg_catalog",
        "SELECT * FROM customers",
        "SELECT * FROM bookra.tenants",
        f"SET LOCAL app.tenant = '{theirs}'",
        "SELECT * FROM bookra.customers",
        "SELECT * FROM bookra.services",
    )
    assert spy.learned(spy.answer(*said), *said) == set()


def test_what_is_planted_in_a_shared_schema_is_never_called(street: Street) -> None:
    """A better fit than PostgreSQL's own function would be taken, and run by a relay's rights."""
    administrator = street.administrator
    administrator.execute(text("GRANT CREATE ON SCHEMA public TO PUBLIC"))
    try:
        with street.spying("owner") as spy:
            spy.session.execute(
                "CREATE FUNCTION public.concat(uuid, text) RETURNS text LANGUAGE sql AS 'SELECT 1'"
            )
            called = text("SELECT concat(tenant_id, 'x') FROM staff WHERE tenant_id = :tenant_id")
            found = street.theirs.ask(lambda tx: tx.rows(called))
            spy.session.execute("DROP FUNCTION public.concat(uuid, text)")
    finally:
        administrator.execute(text("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
    assert {row[0] for row in found} == {f"{street.theirs.tenant.id}x"}


def test_channels_are_heard_by_those_who_know_their_names(street: Street, role: str) -> None:
    """LISTEN takes no pattern; what is told there is ids alone, and to whom may read the name."""
    own, theirs = street.mine.tenant.channel, street.theirs.tenant.channel
    with street.spying(role) as spy:
        for wanted in ("*", "%", "bookra_", "bookra_outbox", own):
            spy.session.execute(f'LISTEN "{wanted}"'.encode())
        spy.heard.clear()
        for salon in (street.theirs, street.mine):
            salon.act(lambda tx: tx.concerns("service", tx.tenant.id))
        spy.session.execute("SELECT 1")
        told = "\n".join(spy.heard)
        assert own in told
        assert theirs not in told
        assert spy.learned(told) == set()


def test_other_sessions_are_neither_read_nor_stopped(street: Street, spy: Spy) -> None:
    conninfo = street.theirs.database.seen_by(
        street.their_logins["owner"], street.password
    ).conninfo
    with psycopg.connect(**conninfo) as theirs:
        theirs.execute("SELECT 'Zoe Zyzzyva', pg_advisory_xact_lock(4711)")
        theirs.execute("DECLARE zyzzyva CURSOR FOR SELECT 'Zoe Zyzzyva'")
        theirs.execute("PREPARE zyzzyva AS SELECT 'Zoe Zyzzyva'")
        pid = theirs.info.backend_pid
        for question in (
            f"SELECT query, state, xact_start FROM pg_stat_activity WHERE pid = {pid}",
            "SELECT * FROM pg_cursors",
            "SELECT * FROM pg_prepared_statements",
            f"SELECT pg_stat_get_backend_activity({pid})",
        ):
            assert "zyzzyva" not in spy.answer(question).lower()
        for deed in (f"SELECT pg_terminate_backend({pid})", f"SELECT pg_cancel_backend({pid})"):
            assert re.search("permission denied|must be", spy.answer(deed), re.IGNORECASE)
        theirs.execute("SELECT 1")


def test_large_objects_are_their_writers_own(street: Street, spy: Spy) -> None:
    conninfo = street.theirs.database.seen_by(
        street.their_logins["owner"], street.password
    ).conninfo
    with psycopg.connect(**conninfo) as theirs:
        row = theirs.execute("SELECT lo_from_bytea(0, 'Zoe Zyzzyva')").fetchone()
        assert row is not None
        theirs.commit()
        try:
            for question in (
                f"SELECT convert_from(lo_get({row[0]}), 'UTF8')",
                "SELECT * FROM pg_largeobject",
                f"SELECT lo_unlink({row[0]})",
            ):
                refused = spy.answer(question)
                assert re.search("permission denied|must be owner", refused), refused
        finally:
            theirs.execute("SELECT lo_unlink(%s)", row)


READABLE = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'v') AND n.nspname IN ('pg_catalog', 'bookra')
   AND c.relname <> 'pg_settings'
   AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1
"""


def test_what_a_neighbours_work_changes_in_view_is_what_the_page_names(street: Street) -> None:
    """Every relation is read before and after the neighbour books, signs and logs in."""
    shown = Shown.read()
    administrator = street.administrator
    with street.spying("owner") as spy:
        relations = [str(name) for (name,) in spy.session.execute(READABLE).fetchall()]
        before = looked_at(spy, relations)
        street.theirs.customer("Zoe Zyzzyva the Second")
        administrator.execute(text("ANALYZE bookra.customers"))
        administrator.execute(text("CREATE ROLE quillfeather_apprentice LOGIN"))
        try:
            after = looked_at(spy, relations)
        finally:
            administrator.execute(text("DROP ROLE quillfeather_apprentice"))
    changed = {name for name in relations if before[name] != after[name]}
    assert {"pg_catalog.pg_roles", "pg_catalog.pg_class"} <= changed
    assert {name for name in changed if not shown.names(name)} == set()
    known = {bare(name) for name in relations}
    for pattern in shown.patterns():
        assert any(fnmatchcase(name, pattern) for name in known), pattern


def looked_at(spy: Spy, relations: Sequence[str]) -> dict[str, str]:
    """Return a digest of what each relation shows."""
    digest = "SELECT md5(string_agg(r::text, ' ')) FROM {} r"
    return {name: spy.answer(digest.format(name)) for name in relations}
