"""Random statements of an operator who tries everything: a grammar over what the catalogue names.

The same seed gives the same statements. A line is a list of statements for one transaction.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from guesses import GUESSES

SETTINGS = (
    "enable_seqscan = off",
    "enable_indexscan = off",
    "enable_bitmapscan = off",
    "enable_hashjoin = off",
    "enable_nestloop = off",
    "enable_material = off",
    "plan_cache_mode = force_generic_plan",
    "debug_parallel_query = on",
    "row_security = off",
    "client_min_messages = debug5",
    "debug_print_plan = on",
    "search_path = pg_temp, public, bookra",
    "work_mem = '64kB'",
    "jit_above_cost = 0",
    "transform_null_equals = on",
    "session_preload_libraries = 'x'",
)
KINDS = ("int", "uuid", "numeric", "timestamptz", "xml", "jsonb", "regclass", "inet", "pg_lsn")
WORDS = ("'x'", "NULL", "'%'", "1", "now()", "'{}'", "gen_random_uuid()", "''", "-1", "'\\x00'")
LOCKS = ("FOR UPDATE", "FOR SHARE", "FOR KEY SHARE SKIP LOCKED", "FOR NO KEY UPDATE NOWAIT")
EXPLAINS = ("", "ANALYZE, VERBOSE", "ANALYZE, BUFFERS, FORMAT JSON", "VERBOSE, SETTINGS")
JOINS = ("JOIN", "LEFT JOIN", "FULL JOIN", "RIGHT JOIN")


@dataclass(frozen=True)
class Language:
    """What there is to talk about. ``ids`` are a neighbour's that a spy may know or guess."""

    columns: Mapping[str, Sequence[str]]
    ids: Sequence[str]
    claims: Sequence[str]


class Babbler:
    """Makes one random line after the other."""

    def __init__(self, language: Language, seed: int) -> None:
        self._said = language
        self._any = random.Random(seed)
        self._kinds: tuple[Callable[[], list[str]], ...] = (
            self._read,
            self._read,
            self._read,
            self._write,
            self._write,
            self._explain,
            self._prepare,
            self._cursor,
            self._own_things,
            self._by_words,
            self._by_utility,
        )

    def line(self) -> list[str]:
        """Return the statements of one transaction, what is claimed and set first."""
        before = [self._claim()] if self._any.random() < 0.7 else []
        turned = self._any.choices(SETTINGS, k=self._any.choice((0, 0, 1, 1, 2)))
        return [
            *before,
            *(f"SET LOCAL {each}" for each in turned),
            *self._any.choice(self._kinds)(),
        ]

    def _claim(self) -> str:
        claim = self._any.choice(self._said.claims)
        form = self._any.choice(
            ("SELECT set_config('app.tenant', '{}', true)", "SET LOCAL app.tenant = '{}'")
        )
        return form.format(claim)

    def _table(self) -> str:
        return self._any.choice(list(self._said.columns))

    def _column(self, table: str) -> str:
        return self._any.choice([*self._said.columns[table], "ctid", "xmin", "tableoid"])

    def _value(self) -> str:
        if self._any.random() < 0.4:
            return f"'{self._any.choice(self._said.ids)}'"
        if self._any.random() < 0.4:
            return f"'{self._any.choice(GUESSES).theirs}'"
        return self._any.choice(WORDS)

    def _expression(self, name: str, table: str) -> str:
        column = f"{name}.{self._column(table)}"
        kind = self._any.choice(KINDS)
        return self._any.choice(
            (
                column,
                f"{column}::text",
                f"({column}::text)::{kind}",
                f"CAST({name} AS text)",
                f"to_jsonb({name})",
                f"1 / (length({column}::text) - length({column}::text))",
                f"max({column}::text) OVER ()",
                f"string_agg({column}::text, ',') OVER (ORDER BY {column}::text)",
                f"array_agg({name}) OVER ()",
                f"(SELECT min(o.{self._column(table)}::text) FROM {table} o)",
                f"pg_temp.tell({column}::text)",
                f"xmlforest({column} AS v)",
                f"query_to_xml('SELECT * FROM {table}', true, true, '')",
                f"CASE WHEN {column}::text > {self._value()} THEN 1 / 0 END",
            )
        )

    def _condition(self, name: str, table: str) -> str:
        column = f"{name}.{self._column(table)}"
        return self._any.choice(
            (
                "true",
                f"{column}::text = {self._value()}",
                f"{column} = {self._value()}",
                f"{column} < {self._value()}",
                f"{column} IS DISTINCT FROM {self._value()}",
                f"{name}.tenant_id = '{self._any.choice(self._said.ids)}'",
                f"{column}::text LIKE '%' || {self._value()} || '%'",
                f"pg_temp.tell({name}::text)",
                f"({column}::text)::{self._any.choice(KINDS)} IS NOT NULL",
                f"EXISTS (SELECT FROM {self._table()} o WHERE o::text ~ {self._value()})",
                f"{name}.ctid = ANY (ARRAY['(0,1)', '(0,2)', '(0,3)', '(0,9)']::tid[])",
                f"{column} IN (SELECT {column} FROM {table} o2)",
                f"1 / (CASE WHEN {column}::text = {self._value()} THEN 0 ELSE 1 END) = 1",
            )
        )

    def _select(self) -> str:
        table, other = self._table(), self._table()
        what = ", ".join(self._expression("t", table) for _ in range(self._any.randint(1, 2)))
        source = self._any.choice(
            (
                f"{table} t",
                f"ONLY {table} t",
                f"{table} t TABLESAMPLE BERNOULLI (100)",
                f"{table} t {self._any.choice(JOINS)} {other} o ON o.tenant_id = t.tenant_id",
                f"{table} t, LATERAL (SELECT * FROM {other} LIMIT 3) o",
                f"(SELECT * FROM {table} OFFSET 0) t",
            )
        )
        form = self._any.choice(
            (
                "SELECT {what} FROM {source} WHERE {where}",
                "SELECT {what} FROM {source} WHERE {where} ORDER BY 1 DESC NULLS LAST LIMIT 50",
                "SELECT count(*), count(DISTINCT t.*), max(t::text) FROM {source} WHERE {where}",
                "SELECT t::text FROM {source} GROUP BY t.* HAVING count(*) > 0",
                "WITH w AS MATERIALIZED (SELECT * FROM {table}) SELECT * FROM w, {source}",
                "TABLE {table}",
                "SELECT t::text FROM {table} t EXCEPT SELECT o::text FROM {other} o",
                "SELECT t::text FROM {table} t WHERE {where} {lock}",
                "SELECT * FROM {table} NATURAL JOIN {other}",
            )
        )
        return form.format(
            what=what,
            source=source,
            table=table,
            other=other,
            where=self._condition("t", table),
            lock=self._any.choice(LOCKS),
        )

    def _read(self) -> list[str]:
        return [self._select()]

    def _write(self) -> list[str]:
        table = self._table()
        column, value = self._column(table), self._value()
        stranger = self._any.choice(self._said.ids)
        where = self._condition("t", table)
        replacing = f"ON CONFLICT (tenant_id, id) DO UPDATE SET {column} = {value}"
        joined, then = "t.tenant_id = o.tenant_id", f"THEN UPDATE SET {column} = {value}"
        return [
            self._any.choice(
                (
                    f"UPDATE {table} t SET {column} = {value} WHERE {where} RETURNING *",
                    f"UPDATE {table} t SET tenant_id = '{stranger}' WHERE {where} RETURNING *",
                    f"UPDATE {table} t SET {column} = o.{column} FROM {table} o RETURNING o.*",
                    f"DELETE FROM {table} t WHERE {where} RETURNING *",
                    f"DELETE FROM {table} t USING {self._table()} o WHERE {where} RETURNING o.*",
                    f"INSERT INTO {table} (tenant_id, {column}) VALUES ('{stranger}', {value})",
                    f"INSERT INTO {table} SELECT * FROM {table} ON CONFLICT DO NOTHING RETURNING *",
                    f"INSERT INTO {table} SELECT * FROM {table} {replacing} RETURNING *",
                    f"MERGE INTO {table} t USING {table} o ON {joined} WHEN MATCHED {then}",
                )
            )
        ]

    def _explain(self) -> list[str]:
        how = self._any.choice(EXPLAINS)
        return [f"EXPLAIN ({how}) {self._select()}" if how else f"EXPLAIN {self._select()}"]

    def _prepare(self) -> list[str]:
        asked = self._select()
        return [f"PREPARE p AS {asked}", "EXECUTE p", self._claim(), "EXECUTE p", "DEALLOCATE p"]

    def _cursor(self) -> list[str]:
        opened = f"DECLARE c SCROLL CURSOR WITH HOLD FOR {self._select()}"
        return [opened, self._claim(), "FETCH ALL FROM c", "FETCH LAST FROM c", "CLOSE c"]

    def _own_things(self) -> list[str]:
        table, asked = self._table(), self._select()
        column = self._column(table)
        peek = f"pg_temp.peek() RETURNS SETOF bookra.{table}"
        told = f"FOR r IN SELECT * FROM bookra.{table} LOOP RAISE NOTICE '%', r; END LOOP;"
        return self._any.choice(
            (
                [f"CREATE TEMP TABLE {table} AS {asked}", self._select()],
                [f"CREATE TEMP VIEW {table} AS {asked}", self._select()],
                [f"CREATE TEMP TABLE mine (LIKE bookra.{table} INCLUDING ALL)", "TABLE mine"],
                [f"CREATE TEMP TABLE mine (id uuid REFERENCES bookra.{table})"],
                [f"CREATE INDEX ON bookra.{table} (pg_temp.tell({column}::text))"],
                [
                    f"CREATE FUNCTION {peek} LANGUAGE sql SECURITY DEFINER AS 'TABLE {table}'",
                    "SELECT * FROM pg_temp.peek()",
                ],
                [
                    "CREATE DOMAIN pg_temp.told AS text CHECK (pg_temp.tell(VALUE))",
                    f"SELECT ({column}::text)::pg_temp.told FROM {table}",
                ],
                [f"DO $$ DECLARE r record; BEGIN {told} END $$"],
            )
        )

    def _by_words(self) -> list[str]:
        """Let the server itself run a question that is given as text."""
        table = self._table()
        return [
            self._any.choice(
                (
                    f"SELECT query_to_xml('SELECT * FROM {table}', true, true, '')",
                    f"SELECT table_to_xml_and_xmlschema('{table}', true, true, '')",
                    f"SELECT ts_stat('SELECT to_tsvector(t::text) FROM {table} t')",
                    f"SELECT ts_rewrite('a', 'SELECT id::text::tsquery, ''b'' FROM {table}')",
                    f"SELECT cursor_to_xml('c', 9, true, true, '') FROM {table}",
                    f"SELECT has_table_privilege('{table}', 'SELECT'), pg_relation_size('{table}')",
                    f"SELECT row_security_active('{table}'), '{table}'::regclass::oid",
                    f"SELECT pg_get_expr(polqual, polrelid) FROM pg_policy LIMIT {len(table)}",
                    f"SELECT * FROM pg_stats WHERE tablename = '{table}'",
                )
            )
        ]

    def _by_utility(self) -> list[str]:
        table, stranger = self._table(), self._any.choice(self._said.ids).replace("-", "")
        return [
            self._any.choice(
                (
                    f"LOCK TABLE {table} IN ACCESS SHARE MODE NOWAIT",
                    f"TRUNCATE {table}",
                    f"ANALYZE VERBOSE {table}",
                    f"SET ROLE bookra_t_{stranger}",
                    f"GRANT bookra_t_{stranger} TO CURRENT_USER",
                    f"ALTER TABLE {table} OWNER TO CURRENT_USER",
                    f"DROP POLICY {table}_tenant ON {table}",
                    f"CREATE POLICY mine ON {table} USING (true)",
                    f"COMMENT ON TABLE {table} IS 'x'",
                    f"REINDEX TABLE {table}",
                    "SET ROLE bookra_front_desk",
                    "SET SESSION AUTHORIZATION bookra",
                    "SELECT * FROM pg_locks",
                    "SELECT * FROM pg_prepared_xacts",
                )
            )
        ]
