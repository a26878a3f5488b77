"""Operators: people with a PostgreSQL login of their own, for one business and one role.

The database decides what they may do, by the login alone. A row of ``operators`` says who was let
in and since when; the role's memberships are what counts. All verbs but reading take an
administrative connection, and write their audit row in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from bookra.engine import roles
from bookra.engine.runtime import AUDIT, Tx, audit_row
from bookra.engine.tenancy import logins
from bookra.errors import ConflictError, NotFoundError
from bookra.ids import new_id

OPERATOR = text(
    "SELECT login, role, created_at, revoked_at FROM operators"
    " WHERE tenant_id = :tenant_id AND login = :login FOR NO KEY UPDATE"
)
INSERT = text(
    "INSERT INTO operators (tenant_id, id, login, role, created_at)"
    " VALUES (:tenant_id, :id, :login, :role, :now)"
)
LET_IN_AGAIN = text(
    """
    UPDATE operators SET role = :role, revoked_at = NULL, changed_by = session_user
     WHERE tenant_id = :tenant_id AND login = :login
    """
)
SET_ROLE = text(
    """
    UPDATE operators SET role = :role, changed_by = session_user
     WHERE tenant_id = :tenant_id AND login = :login
    """
)
REVOKE = text(
    """
    UPDATE operators SET revoked_at = :now, changed_by = session_user
     WHERE tenant_id = :tenant_id AND login = :login
    """
)
OPERATORS = text(
    """
    SELECT o.login, o.role, o.created_at, o.revoked_at, r.rolcanlogin
      FROM operators o LEFT JOIN pg_roles r ON r.rolname = o.login
     WHERE o.tenant_id = :tenant_id AND (:revoked OR o.revoked_at IS NULL) ORDER BY o.login
    """
)


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody with a login of their own. ``password`` is set once, when it is given.

    ``standing`` is ``missing`` where the server has no such role (any more).
    """

    login: str
    role: str
    tenant: str
    created_at: datetime
    revoked_at: datetime | None = None
    standing: logins.Standing = "active"
    password: str | None = None


def operators(tx: Tx, *, revoked: bool = False) -> list[Operator]:
    """Return the operators of the business, by login; with ``revoked`` also those of before."""
    return [_operator(tx, row, _standing(row)) for row in tx.rows(OPERATORS, revoked=revoked)]


def add_operator(
    connection: Connection, tx: Tx, login: str, role: str, password: str
) -> tuple[Operator, bool]:
    """Make a PostgreSQL login for one business and role.

    Returns whether a password was given: an operator of the same role changes nothing. One that
    was revoked is let in again, one whose login the server lost gets it anew. Raises ConflictError
    (``exists``) for another role and for a login that is somebody else's.
    """
    logins.checked_login(login)
    roles.require_administrator(connection)
    known = tx.row(OPERATOR, login=login)
    if known is None:
        logins.require_free(connection, login)
        tx.run(INSERT, id=new_id(), login=login, role=role, now=tx.now)
    elif known.revoked_at is not None:
        if logins.standing(connection, login) == "active":  # somebody else's by now
            logins.require_free(connection, login)
        tx.run(LET_IN_AGAIN, login=login, role=role)
    elif known.role != role:
        raise ConflictError(
            "exists",
            f"The operator {login} exists as {known.role}",
            hint=f"Change it: bookra operator role {login} --role {role}",
        )
    elif logins.standing(connection, login) == "active":
        return _operator(tx, known), False
    tenant_role = roles.tenant_role(tx.tenant.id)
    roles.create_role(connection, tenant_role)  # a restore on another server finds none
    logins.open_login(connection, login, password, [roles.GROUP_OF[role], tenant_role])
    _written(connection, tx, "operator add", login)
    since = tx.now if known is None else known.created_at
    return Operator(login, role, tx.tenant.slug, since, password=password), True


def rotate_password(connection: Connection, tx: Tx, login: str, password: str) -> Operator:
    """Give an operator another password; the old one opens no session from this commit on.

    Raises NotFoundError, ConflictError ``revoked`` or ``login_missing``.
    """
    found = _present(connection, tx, login)
    logins.set_password(connection, login, password)
    _written(connection, tx, "operator rotate", login)
    return replace(found, password=password)


def change_role(connection: Connection, tx: Tx, login: str, role: str) -> tuple[Operator, bool]:
    """Give an operator another role, at once and in open sessions too; False if it has it.

    Raises NotFoundError, ConflictError ``revoked`` or ``login_missing``.
    """
    found = _present(connection, tx, login)
    if found.role == role:
        return found, False
    tx.run(SET_ROLE, login=login, role=role)
    logins.leave_groups(connection, login)
    for group in (roles.GROUP_OF[role], roles.tenant_role(tx.tenant.id)):
        roles.grant(connection, group, login)
    _written(connection, tx, "operator role", login)
    return replace(found, role=role), True


def revoke(connection: Connection, tx: Tx, login: str) -> tuple[Operator, bool]:
    """Take an operator's rights and ability to log in; False if that was done before.

    What is left of the login's rights is taken in any case. Sessions are ended by
    ``logins.end_sessions`` after the commit, when nobody can open another. Raises NotFoundError.
    """
    known = _known(connection, tx, login)
    fresh = known.revoked_at is None
    if fresh:
        tx.run(REVOKE, login=login, now=tx.now)
    logins.close_login(connection, login)
    if fresh:
        _written(connection, tx, "operator revoke", login)
    return _operator(tx, known, "revoked", known.revoked_at or tx.now), fresh


def _known(connection: Connection, tx: Tx, login: str) -> Row[Any]:
    roles.require_administrator(connection)
    known = tx.row(OPERATOR, login=login)
    if known is None:
        raise NotFoundError(
            "unknown_operator",
            f"'{login}' is no operator of {tx.tenant.slug}",
            hint="List them: bookra operator list",
            details={"login": login},
        )
    return known


def _present(connection: Connection, tx: Tx, login: str) -> Operator:
    """Return an operator who can log in now."""
    known = _known(connection, tx, login)
    again = f"Let them in: bookra operator add {login} --role {known.role}"
    if known.revoked_at is not None:
        raise ConflictError("revoked", f"The operator {login} was revoked", hint=again)
    if logins.standing(connection, login) == "missing":
        raise ConflictError(
            "login_missing", f"The database server has no login '{login}' any more", hint=again
        )
    return _operator(tx, known)


def _written(connection: Connection, tx: Tx, command: str, login: str) -> None:
    tx.concerns("operator", login)
    connection.execute(AUDIT, audit_row(tx.tenant.id, command, tx.subjects))


def _standing(row: Row[Any]) -> logins.Standing:
    if row.revoked_at is not None:
        return "revoked"
    return "missing" if row.rolcanlogin is None else "active" if row.rolcanlogin else "revoked"


def _operator(
    tx: Tx,
    row: Row[Any],
    standing: logins.Standing = "active",
    revoked_at: datetime | None = None,
) -> Operator:
    return Operator(
        row.login,
        row.role,
        tx.tenant.slug,
        row.created_at,
        revoked_at or row.revoked_at,
        standing,
    )
