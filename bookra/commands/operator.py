"""``bookra operator``: people, relays and platforms with a database login of their own.

Adding, rotating and revoking take a login that may make roles; the embedded server's administrator
is used for them by itself. What works for every business needs ``--installation`` or its role.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import quote, urlencode

import typer

from bookra.commands import documents, output
from bookra.commands.options import group
from bookra.commands.session import current
from bookra.errors import UsageError

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx
    from bookra.engine.tenancy.operators import Operator

Result = TypeVar("Result")

app = group("Operators: add, list, role, rotate, revoke, whoami.")

PASSWORD_BYTES = 18
OF_INSTALLATION = ("relay", "platform")

Login = Annotated[str, typer.Argument(help="The PostgreSQL login, such as ana_desk.")]
Installation = Annotated[
    bool, typer.Option("--installation", help="A relay's or a platform's login: no business.")
]


class Role(StrEnum):
    """What an operator may do; the database enforces it."""

    FRONT_DESK = "front-desk"
    MANAGER = "manager"
    OWNER = "owner"
    RELAY = "relay"
    PLATFORM = "platform"


@app.command()
def add(
    login: Login,
    role: Annotated[
        Role, typer.Option(help="front-desk, manager or owner; relay or platform for all.")
    ],
) -> None:
    """Make a login for the business. Its password is shown once, here alone.

    A relay or a platform works for every business: no --tenant is needed.

    Examples:

      bookra operator add ana_desk --role front-desk --tenant luna
      bookra operator add relay_one --role relay
    """
    from bookra.engine.tenancy import installation, operators

    password = secrets.token_urlsafe(PASSWORD_BYTES)
    tenant: str | None = None
    if role.value in OF_INSTALLATION:
        _, fresh = _administer(lambda c: installation.add_login(c, login, role.value, password))
    else:
        tenant = current().tenant
        _, fresh = _for_business(
            lambda c, tx: operators.add_operator(c, tx, login, role.value, password)
        )
    document: dict[str, Any] = {"login": login, "role": role.value, "tenant": tenant}
    output.record(document | (_opening(login, password) if fresh else {}))
    output.remark(
        "Keep the password: it is not shown again. Log in with BOOKRA_DATABASE_URL set to the url."
        if fresh
        else "The operator exists; nothing was changed and no password is shown."
    )


@app.command("list")
def list_(
    revoked: Annotated[bool, typer.Option("--revoked", help="Also those of before.")] = False,
    installation: Installation = False,
) -> None:
    """List the operators of the business, or the logins that work for every business.

    ``missing`` means that the database server has no such login (any more).

    Examples:

      bookra operator list --json
      bookra operator list --revoked
      bookra operator list --installation
    """
    from bookra.engine.tenancy import operators
    from bookra.engine.tenancy.installation import installation_logins

    if installation:
        logins = current().engine.across_tenants(installation_logins)
        listed = [{"login": each.login, "role": each.role, "tenant": None} for each in logins]
        output.rows(listed, ("login", "role"), empty="No such logins.")
        return
    found = current().ask(
        lambda tx: [_document(tx, each) for each in operators.operators(tx, revoked=revoked)]
    )
    columns = ("login", "role", "standing", "created_at", *(("revoked_at",) if revoked else ()))
    output.rows(found, columns, empty="No operators yet.")


@app.command()
def role(
    login: Login,
    role: Annotated[Role, typer.Option(help="front-desk, manager or owner.")],
) -> None:
    """Give an operator another role, at once: in sessions that are open too.

    Examples:

      bookra operator role ana_desk --role manager
    """
    from bookra.engine.tenancy import operators

    if role.value in OF_INSTALLATION:
        raise UsageError(
            "not_a_business_role",
            f"'{role.value}' works for every business, and an operator for one",
            hint=f"Make another login: bookra operator add LOGIN --role {role.value}",
        )
    found, fresh = _for_business(lambda c, tx: operators.change_role(c, tx, login, role.value))
    output.record({"login": login, "role": found.role, "tenant": found.tenant, "changed": fresh})


@app.command()
def rotate(
    login: Login,
    end: Annotated[
        bool, typer.Option("--end-sessions", help="End what the old password opened.")
    ] = False,
    installation: Installation = False,
) -> None:
    """Give a login another password, shown once. Open sessions go on unless they are ended.

    Examples:

      bookra operator rotate ana_desk
      bookra operator rotate ana_desk --end-sessions
      bookra operator rotate relay_one --installation
    """
    from bookra.engine.tenancy import installation as whole
    from bookra.engine.tenancy import operators

    password = secrets.token_urlsafe(PASSWORD_BYTES)
    if installation:
        kind, tenant = _administer(lambda c: whole.rotate_login(c, login, password)).role, None
    else:
        found = _for_business(lambda c, tx: operators.rotate_password(c, tx, login, password))
        kind, tenant = found.role, found.tenant
    document = {"login": login, "role": kind, "tenant": tenant} | _opening(login, password)
    output.record(document | {"sessions_ended": _end_sessions(login) if end else 0})
    output.remark("Keep the password: it is not shown again. The old one opens nothing any more.")


@app.command()
def revoke(login: Login, installation: Installation = False) -> None:
    """Take a login's rights, its password and its sessions. Safe to repeat.

    What it wrote keeps its name. ``operator add`` lets the same login in again, with a new
    password.

    Examples:

      bookra operator revoke ana_desk
      bookra operator revoke relay_one --installation
    """
    from bookra.engine.tenancy import installation as whole
    from bookra.engine.tenancy import operators

    document: dict[str, Any] = {"login": login}
    if installation:
        document |= {"tenant": None, "revoked": True}
        document["changed"] = _administer(lambda c: whole.revoke_login(c, login))
    else:
        found, fresh = _for_business(lambda c, tx: operators.revoke(c, tx, login))
        zone = current().ask(lambda tx: tx.tenant.zone)
        document |= {"tenant": found.tenant, "role": found.role, "revoked": True}
        document["changed"] = fresh
        document["revoked_at"] = found.revoked_at and documents.instant(found.revoked_at, zone)
    output.record(document | {"sessions_ended": _end_sessions(login)})


@app.command()
def whoami() -> None:
    """Tell who you are for the database: login, role, and the businesses that it shows you.

    Examples:

      bookra operator whoami
    """
    from bookra.engine.tenancy.actions import slugs
    from bookra.engine.tenancy.role import who

    engine = current().engine
    me, tenants = engine.across_tenants(lambda connection: (who(connection), slugs(connection)))
    output.record(
        {
            "login": me.login,
            "role": me.role,
            "administrator": me.administers,
            "tenants": tenants,
        }
    )


def _administer(work: Callable[[Any], Result]) -> Result:
    """Do ``work`` with the connection of one transaction of the administrator's."""
    from bookra.bootstrap import administration

    session = current()
    session.engine.across_tenants(lambda _: None)  # the server runs, and the tables are there
    with administration(session.settings) as connection:
        return work(connection)


def _for_business(work: Callable[[Any, Tx], Result]) -> Result:
    """Do ``work`` in one transaction of the administrator's, for the business."""
    from bookra.engine.runtime import administrative_tx

    tenant = current().ask(lambda tx: tx.tenant)
    return _administer(lambda connection: work(connection, administrative_tx(connection, tenant)))


def _end_sessions(login: str) -> int:
    """End a login's sessions, once it is committed that it can't open another as before."""
    from bookra.engine.tenancy.logins import end_sessions

    return _administer(lambda connection: end_sessions(connection, login))


def _document(tx: Tx, operator: Operator) -> dict[str, Any]:
    zone, gone = tx.tenant.zone, operator.revoked_at
    return {
        "login": operator.login,
        "role": operator.role,
        "tenant": operator.tenant,
        "standing": operator.standing,
        "created_at": documents.instant(operator.created_at, zone),
        "revoked_at": documents.instant(gone, zone) if gone else None,
    }


def _opening(login: str, password: str) -> dict[str, str]:
    """Return what opens the server in use for a login: its password, and a URL with it."""
    from bookra.bootstrap import conninfo

    target = conninfo(current().settings)
    host = target.get("host", "")
    rest = {key: target[key] for key in sorted(target) if key.startswith("ssl")}
    if host.startswith("/"):
        rest = {"host": host, "port": target.get("port", "5432")} | rest
        where = ""
    else:
        where = f"{host or 'localhost'}:{target.get('port', '5432')}"
    words = f"?{urlencode(rest)}" if rest else ""
    name = f"{quote(login)}:{quote(password, safe='')}"
    return {
        "password": password,
        "url": f"postgresql://{name}@{where}/{target['dbname']}{words}",
    }
