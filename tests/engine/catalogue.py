"""Asking PostgreSQL's catalogue: what the walks over tables, keys and grants share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

# Not a business's: the businesses themselves, the relays and their jobs, Alembic's own table.
GLOBAL = {
    "tenants",
    "relays",
    "relay_leases",
    "relay_jobs",
    "audit_baselines",
    "installation_events",
    "alembic_version",
}
APPEND_ONLY = {
    "audit",
    "entries",
    "transfers",
    "accounts",
    "movements",
    "commission_splits",
    "invoices",
    "command_results",
    "outbox_history",
    "booking_changes",
    "series",
    "wish_windows",
    "wish_offers",
    "policies",
    "payout_members",
    "commission_rules",
    "rent_terms",
    "ledger_snapshots",
    "ledger_days",
    "drawer_events",
    "message_statuses",
    "consents",
    "imported_rows",
}
EVIDENCE = {"audit", "booking_changes", "consents", "drawer_events", "entries", "ledger_days"}
"""Tables whose rows say who recorded them; a business that arrives brings its own along."""
# Where the relay looks for work: who is due, who is cut off, who is connected.
SEEN_ACROSS_TENANTS = {"outbox", "breakers", "schedules", "schedule_runs", "provider_accounts"}
# What the relay may delete once it is old, by a restrictive policy.
PRUNED = {
    "outbox_history",
    "command_results",
    "inbox",
    "schedule_runs",
    "message_statuses",
    "relays",
}


def rows(connection: Connection, query: str, **binds: object) -> Sequence[Any]:
    """Return every row of a query with named binds."""
    return connection.execute(text(query), binds).all()


def names(connection: Connection, query: str, **binds: object) -> set[str]:
    """Return the first column of a query."""
    return {str(row[0]) for row in rows(connection, query, **binds)}


def tenant_tables(connection: Connection) -> set[str]:
    """Return the tables whose rows belong to one business each."""
    return names(connection, "SELECT tablename FROM pg_tables WHERE schemaname = 'bookra'") - GLOBAL
