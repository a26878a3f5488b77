"""The schema's shared vocabulary: one MetaData, the column types, a tenant's table.

Every tenant-owned table has ``PRIMARY KEY (tenant_id, …)`` and composite foreign keys, so that a
reference across tenants can't be written down. Rooms declare their tables in ``tables.py``;
roles, policies and grants live in the migrations.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CHAR,
    TIMESTAMP,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.types import UserDefinedType

SCHEMA = "bookra"

metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    },
)

INSTANT = TIMESTAMP(timezone=True)
NOW = text("now()")
SESSION_USER = text("SESSION_USER")
THIS_TRANSACTION = text("pg_current_xact_id()")


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return the type's name in DDL."""
        return "xid8"


ischema_names["xid8"] = Xid8  # so that reflection knows it when models and database are compared


def required(name: str, kind: Any, **options: Any) -> Column[Any]:
    """Return a NOT NULL column."""
    return Column(name, kind, nullable=False, **options)


def optional(name: str, kind: Any, **options: Any) -> Column[Any]:
    """Return a column that may be NULL."""
    return Column(name, kind, nullable=True, **options)


def minor(name: str) -> Column[Any]:
    """Return a NOT NULL column of minor units."""
    return required(name, BigInteger)


def instant(name: str) -> Column[Any]:
    """Return a NOT NULL instant with no default: the program's clock fills it."""
    return required(name, INSTANT)


def tenant_table(name: str, *parts: Any, key: str = "id", changes: bool = True) -> Table:
    """Declare a tenant's table with its composite key; ``changes`` says whether rows are updated.

    A table whose rows change carries ``changed_by``, which the policy ties to the login.
    """
    key_column = [] if key != "id" else [required("id", Uuid)]
    who = [required("changed_by", Text, server_default=SESSION_USER)] if changes else []
    return Table(
        name,
        metadata,
        required("tenant_id", Uuid),
        *key_column,
        *(part for part in parts if isinstance(part, Column)),
        *who,
        PrimaryKeyConstraint("tenant_id", key),
        ForeignKeyConstraint(["tenant_id"], [f"{SCHEMA}.tenants.id"]),
        *(part for part in parts if not isinstance(part, Column)),
    )


def refers(column: str, table: str) -> ForeignKeyConstraint:
    """Return the foreign key ``(tenant_id, column)`` to another table of the same tenant."""
    return ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{SCHEMA}.{table}.tenant_id", f"{SCHEMA}.{table}.id"],
    )


def unique(*columns: str, name: str | None = None) -> UniqueConstraint:
    """Return a unique key within a tenant."""
    return UniqueConstraint("tenant_id", *columns, name=name)


def check(name: str, condition: str) -> CheckConstraint:
    """Return a named check; the table's name is put in front."""
    return CheckConstraint(condition, name=name)


def one_of(column: str, *values: str) -> CheckConstraint:
    """Return a check on known words. Text with CHECK, since enums defeat plans under RLS."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


__all__ = [
    "CHAR",
    "INSTANT",
    "JSONB",
    "NOW",
    "SCHEMA",
    "SESSION_USER",
    "THIS_TRANSACTION",
    "BigInteger",
    "Boolean",
    "Column",
    "Date",
    "ForeignKeyConstraint",
    "Integer",
    "LargeBinary",
    "SmallInteger",
    "Table",
    "Text",
    "UniqueConstraint",
    "Uuid",
    "Xid8",
    "check",
    "instant",
    "metadata",
    "minor",
    "one_of",
    "optional",
    "refers",
    "required",
    "tenant_table",
    "unique",
]
