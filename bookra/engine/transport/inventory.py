"""What travels: every table of a tenant, in an order in which rows find what they refer to.

The list comes from the schema itself, so that a new table can't be forgotten. What stays behind is
named here, with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Table

from bookra.engine.tables import metadata

STAYS: dict[str, str] = {
    "operators": "logins belong to a server; they are listed, to be added again",
    "provider_accounts": "tokens are sealed with this installation's key; connect them again",
    "breakers": "how a destination answers here says nothing about elsewhere",
    "job_locks": "leases of commands that run here",
}
"""The tables of a tenant that stay behind, and why."""

NEW_EACH_TIME: dict[str, tuple[str, ...]] = {"tenants": ("channel",)}
"""Columns that get a new value on arrival: who knows the channel's name may listen to it."""


@dataclass(frozen=True, slots=True)
class Travelling:
    """A table that travels. ``refers_to_itself``: the columns that name earlier rows of it.

    Neither the tenant's id nor ``changed_by`` is written into the file: the first is the file's
    own, the second is the login that brings the rows in.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    refers_to_itself: tuple[str, ...]
    of_tenant: str


def travelling() -> list[Travelling]:
    """Return the tables that travel: those that others refer to come first."""
    return [_described(table) for table in metadata.sorted_tables if _travels(table)]


def _travels(table: Table) -> bool:
    return table.name == "tenants" or ("tenant_id" in table.c and table.name not in STAYS)


def _described(table: Table) -> Travelling:
    of_tenant = "id" if table.name == "tenants" else "tenant_id"
    left_out = {of_tenant, "changed_by", *NEW_EACH_TIME.get(table.name, ())}
    itself = {
        column.name
        for reference in table.foreign_key_constraints
        if reference.referred_table is table
        for column in reference.columns
    }
    return Travelling(
        table.name,
        tuple(column.name for column in table.primary_key.columns if column.name != of_tenant),
        tuple(column.name for column in table.columns if column.name not in left_out),
        tuple(sorted(itself - {of_tenant})),
        of_tenant,
    )
