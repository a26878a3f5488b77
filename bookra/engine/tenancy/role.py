"""Who the operator is, by the roles of the database: what a screen may offer, and ``whoami``."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from bookra.engine import roles
from bookra.engine.runtime import Tx

RANKS = (
    ("platform", roles.PLATFORM),
    ("owner", roles.TENANT_OWNER),
    ("manager", roles.MANAGER),
)
"""The highest first; whoever is none of them works at the front desk."""

MEMBER = text(
    "SELECT rolsuper OR pg_has_role(session_user, CAST(:role AS name), 'MEMBER') AS member"
    " FROM pg_roles WHERE rolname = session_user"
)
LOGIN = text(
    "SELECT rolname, rolsuper OR rolcreaterole AS administers FROM pg_roles"
    " WHERE rolname = session_user"
)


@dataclass(frozen=True, slots=True)
class Who:
    """A login as the database sees it. ``role`` is None for one that works for nobody."""

    login: str
    role: str | None
    administers: bool


def role_of(tx: Tx) -> str:
    """Return what the login is: platform, owner, manager or front-desk.

    The database decides in any case; this only keeps screens from offering what it would refuse.
    """
    return _first(tx.connection, RANKS) or "front-desk"


def who(connection: Connection) -> Who:
    """Return who is logged in. A superuser counts as the platform: it may do all of that."""
    ranks = (*RANKS, ("relay", roles.RELAY), ("front-desk", roles.FRONT_DESK))
    row = connection.execute(LOGIN).one()
    return Who(row.rolname, _first(connection, ranks), row.administers)


def _first(connection: Connection, ranks: tuple[tuple[str, str], ...]) -> str | None:
    for name, role in ranks:
        if connection.execute(MEMBER, {"role": role}).one().member:
            return name
    return None
