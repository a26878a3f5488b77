"""Who the operator is, by the roles of the database: what a screen may offer."""

from __future__ import annotations

from sqlalchemy import text

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


def role_of(tx: Tx) -> str:
    """Return what the login is: platform, owner, manager or front-desk.

    The database decides in any case; this only keeps screens from offering what it would refuse.
    """
    for name, role in RANKS:
        row = tx.connection.execute(MEMBER, {"role": role}).one()
        if row.member:
            return name
    return "front-desk"
