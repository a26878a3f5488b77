"""PostgreSQL logins of people and relays: their password, their rights, and taking both away.

Works on an administrative connection (a login with CREATEROLE, or a superuser). Roles belong to the
whole server: a login is one person's, in one database of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from psycopg import sql
from sqlalchemy import Connection, text

from bookra.engine import roles
from bookra.errors import ConflictError, InvalidInputError, NotAllowedError

Standing = Literal["active", "revoked", "missing"]
"""``missing``: the server has no such role, as after a restore on another one."""

STANDING = text("SELECT rolcanlogin FROM pg_roles WHERE rolname = :login")
MEMBERSHIPS = text(
    """
    SELECT r.rolname AS role, g.rolname AS grantor
      FROM pg_auth_members m
      JOIN pg_roles r ON r.oid = m.roleid
      JOIN pg_roles u ON u.oid = m.member
      LEFT JOIN pg_roles g ON g.oid = m.grantor
     WHERE u.rolname = :login AND starts_with(r.rolname, 'bookra_')
     ORDER BY r.rolname
    """
)
POWERS = text(
    """
    SELECT rolsuper OR rolcreaterole AS administers, rolname = session_user AS own
      FROM pg_roles WHERE rolname = :login
    """
)
MAY_END = text(
    """
    SELECT rolsuper OR pg_has_role(current_user, 'pg_signal_backend', 'USAGE')
           OR pg_has_role(current_user, CAST(:login AS name), 'USAGE')
      FROM pg_roles WHERE rolname = current_user
    """
)
# Two steps: within one statement nothing says that the login is compared before a session ends.
SESSIONS = text(
    "SELECT pid FROM pg_stat_activity WHERE usename = :login AND pid <> pg_backend_pid()"
)
END = text("SELECT pg_terminate_backend(:pid)")
SERVER = text("SELECT current_setting('server_version_num')::integer")

OWN_NAMES = ("pg_", "bookra")
"""How the names of PostgreSQL's own roles begin, and of Bookra's: no person has one."""

GRANTORS_SINCE = 160_000
"""From PostgreSQL 16 on, who granted a membership is part of it."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A group that a login belongs to, and who put it there."""

    role: str
    grantor: str | None


def checked_login(login: str) -> str:
    """Return ``login`` if it can be one; raises InvalidInputError (``bad_login``)."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,50}", login) or login.startswith(OWN_NAMES):
        raise InvalidInputError(
            "bad_login",
            f"'{login}' can't be a login",
            hint="Use lower-case letters, digits and _, not starting with pg_ or bookra",
        )
    return login


def standing(connection: Connection, login: str) -> Standing:
    """Return what the server says of a login now."""
    able = connection.execute(STANDING, {"login": login}).scalar_one_or_none()
    if able is None:
        return "missing"
    return "active" if able else "revoked"


def memberships(connection: Connection, login: str) -> list[Membership]:
    """Return the groups of Bookra's that a login was put into."""
    rows = connection.execute(MEMBERSHIPS, {"login": login})
    return [Membership(row.role, row.grantor) for row in rows]


def require_free(connection: Connection, login: str) -> None:
    """Raise ConflictError (``exists``) if the server has this login, in words that say whose."""
    if standing(connection, login) == "missing":
        return
    held = {each.role for each in memberships(connection, login)}
    if held & {roles.RELAY, roles.PLATFORM}:
        whose = "it works for the whole installation"
    elif held:
        whose = "it works for another business, in this database or another one of the server"
    else:
        whose = "Bookra did not make it, or it was revoked elsewhere"
    raise ConflictError(
        "exists",
        f"The database server has a login '{login}' already: {whose}",
        hint="Choose another login: one person's login belongs to one business",
    )


def open_login(connection: Connection, login: str, password: str, groups: list[str]) -> None:
    """Make a login, or let a closed one in again, with this password and these groups alone."""
    if not roles.create_login(connection, login, password):
        set_password(connection, login, password)
        leave_groups(connection, login)
    for group in groups:
        roles.grant(connection, group, login)


def set_password(connection: Connection, login: str, password: str) -> None:
    """Give a login another password; sessions that are open go on."""
    roles.run_utility(
        connection,
        sql.SQL("ALTER ROLE {} LOGIN{}").format(
            sql.Identifier(login), roles.secret_of(connection, login, password)
        ),
    )


def close_login(connection: Connection, login: str) -> None:
    """Take a login's rights, its password and its ability to log in.

    Sessions that are open can do nothing any more from this commit on: the policies and grants are
    asked at every statement. The role itself stays, for what it wrote names it.
    """
    if standing(connection, login) == "missing":
        return
    leave_groups(connection, login)
    roles.run_utility(
        connection, sql.SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(sql.Identifier(login))
    )


def leave_groups(connection: Connection, login: str) -> None:
    """Take a login out of every group of Bookra's, whoever put it there."""
    names_grantors = connection.execute(SERVER).scalar_one() >= GRANTORS_SINCE
    for held in memberships(connection, login):
        by: sql.Composable = sql.SQL("")
        if names_grantors and held.grantor is not None:
            by = sql.SQL(" GRANTED BY {}").format(sql.Identifier(held.grantor))
        roles.run_utility(
            connection,
            sql.SQL("REVOKE {} FROM {}{}").format(
                sql.Identifier(held.role), sql.Identifier(login), by
            ),
        )


def sessions(connection: Connection, login: str) -> list[int]:
    """Return the server's process ids of what a login has open, without this session."""
    return list(connection.execute(SESSIONS, {"login": login}).scalars())


def end_sessions(connection: Connection, login: str) -> int:
    """End what a login has open on the whole server; returns how many sessions.

    Who is no superuser joins the login for that moment: only members may end its sessions.
    """
    if standing(connection, login) == "missing":
        return 0
    joined = not connection.execute(MAY_END, {"login": login}).scalar_one()
    me = connection.execute(text("SELECT current_user")).scalar_one()
    if joined:
        roles.grant_to_self(connection, login)
    ended = sum(
        bool(connection.execute(END, {"pid": pid}).scalar_one())
        for pid in sessions(connection, login)
    )
    if joined:
        statement = sql.SQL("REVOKE {} FROM {}")
        roles.run_utility(connection, statement.format(sql.Identifier(login), sql.Identifier(me)))
    return ended


def require_given(connection: Connection, login: str) -> None:
    """Raise NotAllowedError for a login that Bookra did not give, and for the one in use.

    Those are administrators, and the embedded server's own: without them nobody gets in.
    """
    row = connection.execute(POWERS, {"login": login}).one_or_none()
    if login.startswith(OWN_NAMES) or (row is not None and (row.own or row.administers)):
        raise NotAllowedError(
            "not_given",
            f"'{login}' is an administrator's login or the program's own",
            hint="Bookra takes away only what it gave. Do it with psql, as another administrator",
        )
