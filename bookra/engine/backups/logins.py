"""The logins of a restored database: they belong to the server, and no dump has them.

Each business has its role made again, and each operator a login without a password: nobody can
log in with it before ``bookra operator rotate``. A login that is on this server already and is no
member of the business may be somebody else's: it is left alone and named.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection, text

from bookra.engine import roles
from bookra.engine.backups.manifest import Manifest, Surveyed

MEMBER = text("SELECT pg_has_role(:login, :role, 'MEMBER')")


def make_again(connection: Connection, manifest: Manifest) -> list[str]:
    """Make the roles and logins that a manifest names; returns the logins that were left alone.

    Needs CREATEROLE. Passwords are not in a backup.
    """
    strangers: list[str] = []
    for tenant in manifest.tenants:
        roles.create_role(connection, roles.tenant_role(UUID(tenant.id)))
        strangers += _operators(connection, tenant)
    for login in manifest.relays:
        if roles.create_login(connection, login, None):
            roles.grant(connection, roles.RELAY, login)
        elif not _is_member(connection, roles.RELAY, login):
            strangers.append(login)
    return sorted(set(strangers))


def _operators(connection: Connection, tenant: Surveyed) -> Iterable[str]:
    role = roles.tenant_role(UUID(tenant.id))
    for login, group in tenant.operators.items():
        if roles.create_login(connection, login, None):
            roles.grant(connection, roles.GROUP_OF[group], login)
            roles.grant(connection, role, login)
        elif not _is_member(connection, role, login):
            yield login


def _is_member(connection: Connection, role: str, login: str) -> bool:
    return bool(connection.execute(MEMBER, {"role": role, "login": login}).scalar_one())
