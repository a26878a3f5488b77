"""Which statements distribute Bookra's tables over Citus' nodes, in which order. Pure.

``tenants`` goes by its own id and every tenant's table with it by ``tenant_id``, so that all of a
business is on one node; a table comes after those that it refers to. What belongs to no tenant is
small and written seldom: every node has a copy.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Index, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex

import bookra.engine.tables  # noqa: F401 - registers every table
from bookra.engine.schema import SCHEMA, metadata

TENANTS = "tenants"

# The tenant reaches the workers with SET LOCAL; Citus passes nothing on by default.
SETTING = "ALTER DATABASE {database} SET citus.propagate_set_commands = 'local'"
# Foreign keys between what is distributed in one transaction want one connection a node.
SEQUENTIAL = "SET LOCAL citus.multi_shard_modify_mode = 'sequential'"
FUNCTION = f"SELECT create_distributed_function('{SCHEMA}.tenant()')"


@dataclass(frozen=True, slots=True)
class Step:
    """One statement, and why it is needed."""

    statement: str
    why: str


def steps(database: str, done: Collection[str] = ()) -> list[Step]:
    """Return what is left to do in ``database``, quoted; ``done`` names tables of Citus already.

    Nothing is left when all of them are: the settings were made with the first.
    """
    left = [table for table in metadata.sorted_tables if table.name not in done]
    if not left:
        return []
    return [
        Step(SEQUENTIAL, "foreign keys between the tables"),
        Step(SETTING.format(database=database), "the tenant of a transaction reaches the workers"),
        Step(FUNCTION, "the policies call it on every node"),
        *(step for table in left for step in _of(table)),
    ]


def distribution_column(table: Table) -> str | None:
    """Return the column that a table is distributed by; None for a copy on every node."""
    if table.name == TENANTS:
        return "id"
    return "tenant_id" if "tenant_id" in table.c else None


def too_wide(table: Table) -> list[Index]:
    """Return the keys that no single node could keep unique: they lack the table's column."""
    column = distribution_column(table)
    if column is None:
        return []
    unique = (index for index in table.indexes if index.unique)
    return [index for index in unique if column not in (each.name for each in index.columns)]


def _of(table: Table) -> list[Step]:
    column, name = distribution_column(table), f"{SCHEMA}.{table.name}"
    if column is None:
        copied = f"SELECT create_reference_table('{name}')"
        return [Step(copied, "belongs to no tenant: a copy on every node")]
    together = "none" if table.name == TENANTS else f"{SCHEMA}.{TENANTS}"
    spread = f"SELECT create_distributed_table('{name}', '{column}', colocate_with => '{together}')"
    why = "by itself" if table.name == TENANTS else "beside its tenant"
    return [*_narrowed(table), Step(spread, why)]


def _narrowed(table: Table) -> list[Step]:
    """Replace keys across tenants by indexes: Citus refuses to distribute a table with one."""
    found = []
    for index in too_wide(table):
        assert index.name is not None
        plain = f"{index.name.removesuffix('_key')}_idx"
        made = str(CreateIndex(index).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
        head = f"CREATE UNIQUE INDEX {index.name}"
        assert made.startswith(head), made
        found += [
            Step(
                f"DROP INDEX IF EXISTS {SCHEMA}.{index.name}",
                "no node sees all rows: the program keeps it unique, one at a time",
            ),
            Step(
                f"CREATE INDEX IF NOT EXISTS {plain}{made.removeprefix(head)}",
                "it is still looked up by",
            ),
        ]
    return found
