"""What is in a database, business by business: rows by table, what the ledger comes to, who works.

The same questions are asked of a database that is saved and of the one that was restored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from hashlib import sha256

from psycopg import sql
from sqlalchemy import Connection, text

from bookra.engine.backups.manifest import LedgerMark, Surveyed
from bookra.engine.business import Tenant
from bookra.engine.ledger.days import replayed
from bookra.engine.ledger.verify import DAYS
from bookra.engine.runtime import Tx
from bookra.engine.schema import SCHEMA
from bookra.engine.statements import driver_of
from bookra.engine.tenancy.actions import visible

TABLES = text(
    """
    SELECT c.table_name FROM information_schema.columns c
      JOIN information_schema.tables t USING (table_schema, table_name)
     WHERE c.table_schema = 'bookra' AND c.column_name = 'tenant_id'
       AND t.table_type = 'BASE TABLE'
     ORDER BY c.table_name
    """
)
LEDGER = text(
    """
    SELECT (SELECT count(*) FROM entries WHERE tenant_id = :tenant_id) AS entries,
           (SELECT count(*) FROM transfers WHERE tenant_id = :tenant_id) AS transfers
    """
)
OPERATORS = text(
    "SELECT login, role FROM operators"
    " WHERE tenant_id = :tenant_id AND revoked_at IS NULL ORDER BY login"
)
WORK_FOR_ALL = text(
    """
    SELECT u.rolname FROM pg_roles u
     WHERE u.rolcanlogin AND NOT u.rolsuper AND NOT u.rolcreaterole AND u.rolname <> 'bookra'
       AND pg_has_role(u.oid, 'bookra_relay', 'MEMBER')
     ORDER BY u.rolname
    """
)


def surveyed(
    connection: Connection, enter: Callable[[Connection, Tenant], Tx]
) -> tuple[Surveyed, ...]:
    """Return what is there of each business; ``enter`` opens its view on the connection."""
    tables = [row.table_name for row in connection.execute(TABLES)]
    found = []
    for each in visible(connection):
        tx = enter(connection, each)
        found.append(_business(tx, _counts(tx, tables)))
    return tuple(found)


def surveyed_unbound(connection: Connection) -> tuple[Surveyed, ...]:
    """Return the same, for a login that sees every row: each table is read once for all."""
    tables = [row.table_name for row in connection.execute(TABLES)]
    counts = _all_counts(connection, tables)
    return tuple(
        _business(
            unbound(connection, each),
            {table: counts[table].get(str(each.id), 0) for table in tables},
        )
        for each in visible(connection)
    )


def unbound(connection: Connection, tenant: Tenant) -> Tx:
    """Enter a business with a login that no policy binds: a superuser's, or a backup's."""
    return Tx(connection, tenant, connection.execute(text("SELECT now()")).scalar_one())


def work_for_all(connection: Connection) -> tuple[str, ...]:
    """Return the logins that work for every business: relays, and platforms of a server."""
    return tuple(row.rolname for row in connection.execute(WORK_FOR_ALL))


def _business(tx: Tx, counts: Mapping[str, int]) -> Surveyed:
    return Surveyed(
        str(tx.tenant.id),
        tx.tenant.slug,
        counts,
        _ledger(tx),
        {row.login: row.role for row in tx.rows(OPERATORS)},
    )


def _counts(tx: Tx, tables: list[str]) -> dict[str, int]:
    """Count a business's rows, a statement a table: names come from the catalogue."""
    driver = driver_of(tx.connection)
    found = {}
    for table in tables:
        statement = sql.SQL("SELECT count(*) FROM {} WHERE tenant_id = %s").format(
            sql.Identifier(SCHEMA, table)
        )
        row = driver.execute(statement, [tx.tenant.id]).fetchone()
        found[table] = int(row[0]) if row else 0
    return found


def _all_counts(connection: Connection, tables: list[str]) -> dict[str, dict[str, int]]:
    driver, found = driver_of(connection), {}
    for table in tables:
        statement = sql.SQL("SELECT tenant_id, count(*) FROM {} GROUP BY tenant_id").format(
            sql.Identifier(SCHEMA, table)
        )
        found[table] = {str(tenant): int(n) for tenant, n in driver.execute(statement).fetchall()}
    return found


def _ledger(tx: Tx) -> LedgerMark:
    counts = tx.row(LEDGER)
    assert counts is not None
    checksum = sha256(str(tx.tenant.id).encode())
    for digest in replayed(tx, date.max, {}):
        checksum.update(f"{digest.day} {digest.hexdigest()}\n".encode())
    days = tx.rows(DAYS)
    last = days[-1] if days else None
    return LedgerMark(
        counts.entries,
        counts.transfers,
        checksum.hexdigest(),
        last.hash if last else None,
        last.day.isoformat() if last else None,
    )
