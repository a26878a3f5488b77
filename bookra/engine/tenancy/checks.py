"""Accounts at providers that can't do what they are for: for the doctor."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

TROUBLED = text(
    """
    SELECT t.slug, p.provider, p.state, p.state_why
      FROM provider_accounts p
      JOIN tenants t ON t.id = p.tenant_id
     WHERE p.state IN ('restricted', 'refused') ORDER BY t.slug, p.provider
    """
)
# Who is a member of the relay's role sees what is due of every business; others see their own.
SEES_ALL = text("SELECT pg_has_role(session_user, 'bookra_relay', 'MEMBER')")


@dataclass(frozen=True, slots=True)
class Troubled:
    """An account that its provider refuses or restricts; ``why`` is a code."""

    tenant: str
    provider: str
    state: str
    why: str


def troubled(connection: Connection) -> list[Troubled]:
    """Return the accounts that are restricted or refused."""
    return [
        Troubled(row.slug, row.provider, row.state, row.state_why)
        for row in connection.execute(TROUBLED)
    ]


def sees_all(connection: Connection) -> bool:
    """Tell whether this login sees every business's work at once."""
    return bool(connection.execute(SEES_ALL).scalar_one())
