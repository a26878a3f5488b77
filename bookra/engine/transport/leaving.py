"""A business leaves: all its rows, as they were at one moment, streamed into a file.

The server writes each table as text (COPY) and nothing here looks at a row: memory stays the same
for a thousand rows and for a million. Values are PostgreSQL's own text, which reads back exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, BinaryIO

from psycopg import sql
from sqlalchemy import text

from bookra.engine.revision import HEAD
from bookra.engine.runtime import Engine, Tx
from bookra.engine.schema import SCHEMA
from bookra.engine.tenancy.role import role_of
from bookra.engine.transport.archive import FORMAT, Manifest, Writer
from bookra.engine.transport.inventory import STAYS, Travelling, travelling
from bookra.errors import NotAllowedError

COMMAND = "tenant export"
MAY = ("platform", "owner")

# A value's text must not depend on who asks; a large table takes longer than the front desk's 30 s.
SAME_TEXT = text(
    """
    SELECT set_config('statement_timeout', '0', true), set_config('datestyle', 'ISO, YMD', true),
           set_config('intervalstyle', 'postgres', true), set_config('timezone', 'UTC', true),
           set_config('extra_float_digits', '1', true), set_config('bytea_output', 'hex', true)
    """
)
LEDGER = text(
    """
    SELECT (SELECT count(*) FROM entries WHERE tenant_id = :tenant_id) AS entries,
           (SELECT count(*) FROM transfers WHERE tenant_id = :tenant_id) AS transfers,
           (SELECT max(day) FROM ledger_days WHERE tenant_id = :tenant_id) AS closed_until,
           (SELECT hash FROM ledger_days WHERE tenant_id = :tenant_id
             ORDER BY day DESC LIMIT 1) AS head
    """
)
OPERATORS = text(
    "SELECT login, role FROM operators"
    " WHERE tenant_id = :tenant_id AND revoked_at IS NULL ORDER BY login"
)
PROVIDERS = text(
    "SELECT provider, sandbox FROM provider_accounts WHERE tenant_id = :tenant_id ORDER BY provider"
)


@dataclass(frozen=True, slots=True)
class Left:
    """What was written: the business, and how much of it."""

    slug: str
    tables: int
    rows: int
    ledger: dict[str, Any]
    left_behind: dict[str, Any]


def leave(engine: Engine, slug: str, file: BinaryIO) -> Left:
    """Write the whole business into ``file``, which is open for reading and writing.

    One REPEATABLE READ snapshot, no locks. That it was asked for is in the audit first, whatever
    becomes of the file. For the owner and the platform alone: NotAllowedError (``owner_only``).
    """
    engine.act(slug, _permitted, command=COMMAND)
    return engine.ask(slug, lambda tx: _write(tx, file), consistent=True)


def _permitted(tx: Tx) -> None:
    if role_of(tx) not in MAY:
        raise NotAllowedError(
            "owner_only",
            "Only an owner may take the whole business out",
            hint="Ask for a list instead, such as: bookra customer list --output csv",
        )
    tx.concerns("tenant", tx.tenant.id)


def _write(tx: Tx, file: BinaryIO) -> Left:
    tx.connection.execute(SAME_TEXT)
    ledger, behind = _ledger(tx), _left_behind(tx)
    writer = Writer(file)
    packed = tuple(
        writer.table(table.name, table.columns, _rows(tx, table)) for table in travelling()
    )
    writer.seal(
        Manifest(
            FORMAT,
            HEAD,
            version("bookra"),
            tx.now.isoformat(),
            str(tx.tenant.id),
            tx.tenant.slug,
            ledger,
            behind,
            packed,
        )
    )
    rows = sum(each.rows for each in packed)
    return Left(tx.tenant.slug, len(packed), rows, ledger, behind)


def _rows(tx: Tx, table: Travelling) -> Iterator[bytes]:
    """Yield a table's text in the pieces that the server sends.

    Rows are in the order of their keys, which is that of time; those that refer to others of the
    same table come after those that don't.
    """
    driver: Any = tx.connection.connection.driver_connection
    query = sql.SQL(
        "COPY (SELECT {columns} FROM {table} WHERE {of_tenant} = {tenant} ORDER BY {order})"
        " TO STDOUT (FORMAT text, ENCODING 'UTF8')"
    ).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, table.columns)),
        table=sql.Identifier(SCHEMA, table.name),
        of_tenant=sql.Identifier(table.of_tenant),
        tenant=sql.Literal(str(tx.tenant.id)),
        order=sql.SQL(", ").join(_order(table)),
    )
    with driver.cursor() as cursor, cursor.copy(query) as copy:
        for piece in copy:
            yield bytes(piece)


def _order(table: Travelling) -> list[sql.Composable]:
    later: list[sql.Composable] = [
        sql.SQL("({} IS NOT NULL)").format(sql.Identifier(name)) for name in table.refers_to_itself
    ]
    return [*later, *map(sql.Identifier, table.key or (table.of_tenant,))]


def _ledger(tx: Tx) -> dict[str, Any]:
    row = tx.row(LEDGER)
    assert row is not None
    closed = row.closed_until.isoformat() if row.closed_until else None
    return {
        "entries": row.entries,
        "transfers": row.transfers,
        "closed_until": closed,
        "head": row.head,
    }


def _left_behind(tx: Tx) -> dict[str, Any]:
    return {
        "why": STAYS,
        "operators": [{"login": row.login, "role": row.role} for row in tx.rows(OPERATORS)],
        "providers": [
            {"provider": row.provider, "sandbox": row.sandbox} for row in tx.rows(PROVIDERS)
        ],
    }
