"""The database roles, which are cluster-wide: groups that hold the grants, one role a tenant.

The database decides who may touch what. ``bookra_owner`` owns the tables and logs in nowhere;
``bookra_t_<tenant>`` marks membership of a tenant; a login's group marks its role. Roles are made
when missing and never dropped by a downgrade.
"""

from __future__ import annotations

from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Connection, text

from bookra.engine.schema import SCHEMA
from bookra.errors import NotAllowedError

OWNER = "bookra_owner"
FRONT_DESK = "bookra_front_desk"
MANAGER = "bookra_manager"
TENANT_OWNER = "bookra_tenant_owner"
RELAY = "bookra_relay"
PLATFORM = "bookra_platform"

GROUP_OF = {"front-desk": FRONT_DESK, "manager": MANAGER, "owner": TENANT_OWNER}
"""The group role behind each operator role of the command line."""

INHERITS = (
    (FRONT_DESK, MANAGER),
    (MANAGER, TENANT_OWNER),
    (TENANT_OWNER, PLATFORM),
    (RELAY, PLATFORM),
)
"""``(role, member)``: each group may do what the one before it may."""


def ensure(connection: Connection) -> None:
    """Make the group roles, the schema and its extension; needs CREATEROLE and CREATE."""
    for role in (OWNER, FRONT_DESK, MANAGER, TENANT_OWNER, RELAY, PLATFORM):
        create_role(connection, role)
    for role, member in INHERITS:
        grant(connection, role, member)
    for role in (OWNER, PLATFORM):
        grant_to_self(connection, role)
    connection.execute(text("CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public"))
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA} AUTHORIZATION {OWNER}"))


def tenant_role(tenant_id: UUID) -> str:
    """Return the name of the role that marks membership of a tenant."""
    return f"bookra_t_{tenant_id.hex}"


def create_role(connection: Connection, name: str) -> None:
    """Create a NOLOGIN role unless it exists. Two creators at once are both content."""
    run_utility(
        connection,
        sql.SQL(
            "DO $$ BEGIN CREATE ROLE {} NOLOGIN;"
            " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        ).format(sql.Identifier(name)),
    )


def create_login(connection: Connection, name: str, password: str | None) -> bool:
    """Create a LOGIN role (no password: the embedded socket's trust); False when it exists."""
    known = connection.execute(
        text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :name)"), {"name": name}
    ).scalar_one()
    if known:
        return False
    secret = secret_of(connection, name, password) if password else sql.SQL("")
    run_utility(
        connection,
        sql.SQL("CREATE ROLE {} LOGIN NOCREATEDB NOCREATEROLE{}").format(
            sql.Identifier(name), secret
        ),
    )
    return True


def secret_of(connection: Connection, name: str, password: str) -> sql.Composable:
    """Return the PASSWORD clause of a login, with the SCRAM verifier that libpq makes of it.

    The password itself never goes to the server: not into its log, nor into what others see of
    running statements.
    """
    verifier = driver_of(connection).pgconn.encrypt_password(
        password.encode(), name.encode(), b"scram-sha-256"
    )
    return sql.SQL(" PASSWORD {}").format(sql.Literal(verifier.decode()))


def grant(connection: Connection, role: str, member: str) -> None:
    """Make ``member`` a member of ``role``, unless it already is."""
    if not _is_member(connection, member, role):
        _grant(connection, role, member)


def grant_to_self(connection: Connection, role: str) -> None:
    """Let the administrative login act as ``role``; a superuser may already.

    From PostgreSQL 16 on, who makes a role is its member, but only to administer it.
    """
    row = connection.execute(
        text("SELECT current_user AS login, pg_has_role(current_user, :role, 'USAGE') AS able"),
        {"role": role},
    ).one()
    if not row.able:
        _grant(connection, role, row.login)


def require_administrator(connection: Connection) -> None:
    """Raise NotAllowedError unless this login may create roles."""
    able = connection.execute(
        text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
    ).scalar_one()
    if not able:
        raise NotAllowedError(
            "needs_administrator",
            "This login may not create database roles, which businesses and operators need",
            hint="Use the URL of a login with CREATEROLE for this command",
        )


def _grant(connection: Connection, role: str, member: str) -> None:
    run_utility(
        connection,
        sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(member)),
    )


def _is_member(connection: Connection, member: str, role: str) -> bool:
    return bool(
        connection.execute(
            text(
                "SELECT EXISTS (SELECT FROM pg_auth_members m"
                " JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles u ON u.oid = m.member"
                " WHERE r.rolname = :role AND u.rolname = :member)"
            ),
            {"role": role, "member": member},
        ).scalar_one()
    )


def run_utility(connection: Connection, statement: sql.Composed) -> None:
    """Run a composed utility statement: names and passwords can't be bind parameters there."""
    connection.exec_driver_sql(statement.as_string(driver_of(connection)).replace("%", "%%"))


def driver_of(connection: Connection) -> psycopg.Connection:
    """Return the driver's own connection below ``connection``."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver
