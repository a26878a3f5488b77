"""A business arrives: every row of a file in one transaction, proved before it is committed.

The owning role writes: it alone may say who recorded a row and when, which the grants keep from
everybody else. The tenant's id is the file's own and is put into each row here, so that no file
can reach into another business. Who brought it in is in the audit and in the installation's events.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from psycopg import sql
from sqlalchemy import Connection, text
from sqlalchemy.exc import DataError, IntegrityError

from bookra.engine import roles
from bookra.engine.ledger.verify import verify
from bookra.engine.outbox.holding import HOLD
from bookra.engine.runtime import AUDIT, Tx, administrative_tx, audit_row
from bookra.engine.schema import SCHEMA
from bookra.engine.tenancy.actions import find
from bookra.engine.transport.archive import Archive, Manifest, Packed
from bookra.engine.transport.copied import cells
from bookra.engine.transport.inventory import Travelling, travelling
from bookra.errors import CheckFailedError, ConflictError, InvalidInputError
from bookra.ids import checked_slug, new_id

Row = list[str | None]

COMMAND = "tenant import"
ROWS_A_STATEMENT = 500
MANY_ROWS = 10_000
"""From here on the server counts a table at once: what it believes of an empty one makes it look
up references the slow way, and slower with each row."""
MOST_BINDS = 20_000
"""The protocol takes 65,535 values in a statement."""

WHY_HELD = "came with an import: what was under way elsewhere is not known here"

PATIENCE = text("SELECT set_config('statement_timeout', '20min', true)")
ENTER = text("SELECT set_config('app.tenant', :id, true)")
KNOWN = text("SELECT id, slug FROM tenants WHERE id = :id OR slug = :slug ORDER BY id <> :id")
# Whatever leads outside waits until a person or a comparison with the provider says what is true.
UNDELIVERED = text(
    "SELECT DISTINCT destination FROM outbox"
    " WHERE tenant_id = :tenant_id AND destination <> 'local'"
)
NOTED = text(
    "INSERT INTO installation_events (id, command, subjects) VALUES (:id, :command, :subjects)"
)


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came in. ``held``: destinations that nothing is delivered to until it is released."""

    tenant_id: UUID
    slug: str
    tables: int
    rows: int
    entries: int
    transfers: int
    head: str | None
    held: tuple[str, ...]
    operators: tuple[dict[str, str], ...]
    providers: tuple[dict[str, Any], ...]


def arrive(connection: Connection, archive: Archive, slug: str | None = None) -> Arrived:
    """Bring a business in, on an administrative connection; its caller commits, or takes it back.

    ``slug`` gives it another name. Raises ConflictError (``exists``) when its id or its slug is
    here already, InvalidInputError (``bad_archive``) for rows that this schema does not take, and
    CheckFailedError (``ledger_broken``) when the ledger does not stand afterwards.
    """
    manifest = archive.manifest
    tenant_id, name = _identity(archive, slug)
    roles.require_administrator(connection)
    connection.execute(PATIENCE)
    _as(connection, roles.PLATFORM, tenant_id)
    _require_unknown(connection, tenant_id, name)
    connection.execute(text("RESET ROLE"))
    roles.create_role(connection, roles.tenant_role(tenant_id))
    _as(connection, roles.OWNER, tenant_id)
    for table, packed in _agreed(archive):
        rows = archive.rows(packed, cells)
        if table.name == "tenants":
            rows = _named(rows, table.columns.index("slug"), name)
        _fill(connection, tenant_id, table, rows)
        if packed.rows >= MANY_ROWS:
            connection.execute(text(f"ANALYZE {SCHEMA}.{table.name}"))
    connection.execute(text("RESET ROLE"))
    _as(connection, roles.PLATFORM, tenant_id)
    tx = administrative_tx(connection, find(connection, name))
    held = _hold_back(tx, manifest.left_behind.get("providers", []))
    _require_ledger(tx, manifest.ledger)
    _note(tx, name)
    connection.execute(text("RESET ROLE"))
    return _arrived(tenant_id, name, manifest, held)


def _arrived(tenant_id: UUID, name: str, manifest: Manifest, held: tuple[str, ...]) -> Arrived:
    return Arrived(
        tenant_id,
        name,
        len(manifest.tables),
        sum(packed.rows for packed in manifest.tables),
        manifest.ledger["entries"],
        manifest.ledger["transfers"],
        manifest.ledger["head"],
        held,
        tuple(manifest.left_behind.get("operators", ())),
        tuple(manifest.left_behind.get("providers", ())),
    )


def _identity(archive: Archive, slug: str | None) -> tuple[UUID, str]:
    manifest = archive.manifest
    try:
        tenant_id = UUID(manifest.tenant_id)
    except ValueError:
        raise _not_ours("it names no business") from None
    name = slug or manifest.slug
    checked_slug(name, "business")
    return tenant_id, name


def _as(connection: Connection, role: str, tenant_id: UUID) -> None:
    connection.execute(text(f"SET LOCAL ROLE {role}"))
    connection.execute(text(f"SET LOCAL search_path = {SCHEMA}"))
    connection.execute(ENTER, {"id": str(tenant_id)})


def _require_unknown(connection: Connection, tenant_id: UUID, slug: str) -> None:
    row = connection.execute(KNOWN, {"id": tenant_id, "slug": slug}).first()
    if row is None:
        return
    if row.id == tenant_id:
        raise ConflictError(
            "exists",
            f"This business is here already, as '{row.slug}'",
            hint="A business can be in an installation once. Nothing was changed",
        )
    raise ConflictError(
        "exists",
        f"There is another business '{slug}' here",
        hint="Give the one that arrives another name: --slug NEW",
    )


def _agreed(archive: Archive) -> Iterator[tuple[Travelling, Packed]]:
    """Yield each table with its place in the file; both must know the same ones, the same way."""
    packed = {each.table: each for each in archive.manifest.tables}
    tables = travelling()
    if list(packed) != [table.name for table in tables]:
        raise _not_ours("its tables are not those of this release")
    for table in tables:
        if packed[table.name].columns != table.columns:
            raise _not_ours(f"its columns of {table.name} are not those of this release")
    return ((table, packed[table.name]) for table in tables)


def _named(rows: Iterator[Row], place: int, slug: str) -> Iterator[Row]:
    for row in rows:
        yield [*row[:place], slug, *row[place + 1 :]]


def _fill(connection: Connection, tenant_id: UUID, table: Travelling, rows: Iterator[Row]) -> None:
    """Insert a table's rows as they are in the file, under the tenant's id."""
    names = (table.of_tenant, *table.columns)
    size = max(1, min(ROWS_A_STATEMENT, MOST_BINDS // len(names)))
    whole = _insert(connection, table, names, size)
    try:
        while batch := list(islice(rows, size)):
            last = len(batch) < size
            statement = _insert(connection, table, names, len(batch)) if last else whole
            binds = tuple(value for row in batch for value in (str(tenant_id), *row))
            connection.exec_driver_sql(statement, binds)
    except (IntegrityError, DataError):
        raise _not_ours(f"a row of {table.name} is none that this schema takes") from None


def _insert(connection: Connection, table: Travelling, names: Sequence[str], rows: int) -> str:
    """Return an INSERT of some rows at once: the server plans it once for all of them."""
    driver: Any = connection.connection.driver_connection
    row = sql.SQL("({})").format(sql.SQL(", ").join(sql.Placeholder() for _ in names))
    return (
        sql.SQL("INSERT INTO {} ({}) VALUES {}")
        .format(
            sql.Identifier(SCHEMA, table.name),
            sql.SQL(", ").join(map(sql.Identifier, names)),
            sql.SQL(", ").join([row] * rows),
        )
        .as_string(driver)
    )


def _hold_back(tx: Tx, providers: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Deliver nothing to where rows were under way, nor to what the business was connected to.

    The installation that it came from may still be delivering the same.
    """
    known = {"stripe", "google", "whatsapp", "mail"}
    held = {row.destination for row in tx.rows(UNDELIVERED)}
    held |= {str(each.get("provider")) for each in providers} & known
    tx.run_many(
        HOLD,
        [{"id": new_id(), "destination": name, "why": WHY_HELD} for name in sorted(held)],
    )
    return tuple(sorted(held))


def _require_ledger(tx: Tx, told: dict[str, Any]) -> None:
    found = verify(tx)
    problems = list(found.problems)
    for name, value in (
        ("entries", found.entries),
        ("transfers", found.transfers),
        ("head", found.head),
    ):
        if told.get(name) != value:
            problems.append(f"the file says {told.get(name)} for {name}, and here it is {value}")
    if problems:
        raise CheckFailedError(
            "ledger_broken",
            f"The ledger does not stand after the import: {problems[0]}",
            hint="Nothing was kept. Where it came from: bookra ledger verify",
            details={"problems": problems},
        )


def _note(tx: Tx, slug: str) -> None:
    subjects = [f"tenant:{tx.tenant.id}"]
    tx.connection.execute(AUDIT, audit_row(tx.tenant.id, COMMAND, subjects))
    tx.connection.execute(
        NOTED,
        {"id": new_id(), "command": COMMAND, "subjects": json.dumps([*subjects, f"slug:{slug}"])},
    )


def _not_ours(why: str) -> InvalidInputError:
    return InvalidInputError(
        "bad_archive",
        f"This file can't be imported: {why}",
        hint="Export it again with the same release: bookra tenant export SLUG FILE",
    )
