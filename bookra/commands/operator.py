"""``bookra operator``: people, relays and platforms with a database login of their own.

What changes a login takes one that may make roles; on the embedded server the program has it. What
works for every business needs ``--installation`` or its role.
"""

from __future__ import annotations

import secrets
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import administering, documents, output
from bookra.commands.administering import Outcome, Request
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.errors import UsageError

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx
    from bookra.engine.tenancy.operators import Operator

app = group("Operators: add, list, role, rotate, revoke, whoami.")

PASSWORD_BYTES = 18
KEEP = "Keep the password: it is not shown again."
HIDDEN = "This run gave no password. For another one: bookra operator rotate"
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
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Make a login for the business. Its password is shown once, here alone.

    A relay or a platform works for every business: no --tenant is needed. A run that is repeated
    with its key has no password to show, nor has a dry run.

    Examples:

      bookra operator add ana_desk --role front-desk --tenant luna
      bookra operator add relay_one --role relay
      bookra operator add ana_desk --role front-desk --idempotency-key hr-4711 --json
    """
    from bookra.engine.tenancy import installation, operators

    password = secrets.token_urlsafe(PASSWORD_BYTES)
    said = {"login": login, "role": role.value}
    request = Request("operator add", said, key, dry_run)

    def added(made: tuple[Any, bool], tenant: str | None) -> dict[str, Any]:
        return {**said, "tenant": tenant, "changed": made[1]}

    if role.value in OF_INSTALLATION:
        outcome = administering.for_installation(
            request, lambda c: added(installation.add_login(c, login, role, password), None)
        )
    else:
        outcome = administering.for_business(
            request,
            lambda c, tx: added(
                operators.add_operator(c, tx, login, role, password), tx.tenant.slug
            ),
        )
    fresh = bool(outcome.document["changed"])
    _show(outcome, administering.opening(login, password) if fresh else {})
    if not fresh:
        output.remark("The operator exists; nothing was changed and no password is shown.")
    elif outcome.done:
        output.remark(KEEP + " Log in with BOOKRA_DATABASE_URL set to the url.")


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
    key: Key = None,
    dry_run: DryRun = False,
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
    said = {"login": login, "role": role.value}

    def change(connection: Any, tx: Tx) -> dict[str, Any]:
        found, fresh = operators.change_role(connection, tx, login, role.value)
        return {"login": login, "role": found.role, "tenant": found.tenant, "changed": fresh}

    _show(administering.for_business(Request("operator role", said, key, dry_run), change))


@app.command()
def rotate(
    login: Login,
    end: Annotated[
        bool, typer.Option("--end-sessions", help="End what the old password opened.")
    ] = False,
    installation: Installation = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Give a login another password, shown once. Open sessions go on unless they are ended.

    A run that is repeated with its key has no password to show, nor has a dry run.

    Examples:

      bookra operator rotate ana_desk
      bookra operator rotate ana_desk --end-sessions
      bookra operator rotate relay_one --installation
    """
    from bookra.engine.tenancy import installation as whole
    from bookra.engine.tenancy import operators
    from bookra.engine.tenancy.logins import sessions

    password = secrets.token_urlsafe(PASSWORD_BYTES)
    said = {"login": login, "end_sessions": end, "installation": installation}
    request = Request("operator rotate", said, key, dry_run)

    def rotated(connection: Any, role: str, tenant: str | None) -> dict[str, Any]:
        open_now = len(sessions(connection, login)) if end else 0
        return {"login": login, "role": role, "tenant": tenant, "sessions_ended": open_now}

    if installation:
        outcome = administering.for_installation(
            request, lambda c: rotated(c, whole.rotate_login(c, login, password).role, None)
        )
    else:
        outcome = administering.for_business(
            request,
            lambda c, tx: rotated(
                c, operators.rotate_password(c, tx, login, password).role, tx.tenant.slug
            ),
        )
    if outcome.done and end:
        outcome.document["sessions_ended"] = _end_sessions(login)
    _show(outcome, administering.opening(login, password))
    if outcome.done:
        output.remark(KEEP + " The old one opens nothing any more.")


@app.command()
def revoke(
    login: Login,
    installation: Installation = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Take a login's rights, its password and its sessions. Safe to repeat.

    What it wrote keeps its name. ``operator add`` lets the same login in again, with a new
    password.

    Examples:

      bookra operator revoke ana_desk
      bookra operator revoke ana_desk --dry-run
      bookra operator revoke relay_one --installation
    """
    from bookra.engine.tenancy import installation as whole
    from bookra.engine.tenancy import operators
    from bookra.engine.tenancy.logins import sessions

    said = {"login": login, "installation": installation}
    request = Request("operator revoke", said, key, dry_run)

    def revoked(connection: Any, tx: Tx) -> dict[str, Any]:
        open_now = len(sessions(connection, login))
        found, fresh = operators.revoke(connection, tx, login)
        document = {"login": login, "tenant": found.tenant, "role": found.role, "revoked": True}
        since = found.revoked_at and documents.instant(found.revoked_at, tx.tenant.zone)
        return document | {"changed": fresh, "revoked_at": since, "sessions_ended": open_now}

    def taken(connection: Any) -> dict[str, Any]:
        open_now = len(sessions(connection, login))
        document = {"login": login, "tenant": None, "revoked": True}
        fresh = whole.revoke_login(connection, login)
        return document | {"changed": fresh, "sessions_ended": open_now}

    outcome = (
        administering.for_installation(request, taken)
        if installation
        else administering.for_business(request, revoked)
    )
    if outcome.done:
        outcome.document["sessions_ended"] = _end_sessions(login)
    _show(outcome)


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
    told = {"login": me.login, "role": me.role, "administrator": me.administers}
    output.record(told | {"tenants": tenants})


def _show(outcome: Outcome, opening: dict[str, str] | None = None) -> None:
    """Print a document, with what opens the login if this run is the one that gave it."""
    given = opening or {}
    output.record(outcome.document | (given if outcome.done else dict.fromkeys(given)))
    if given and not outcome.done:
        output.remark(HIDDEN)


def _end_sessions(login: str) -> int:
    """End a login's sessions, once it is committed that it can't open another as before."""
    from bookra.engine.tenancy.logins import end_sessions

    return administering.administer(lambda connection: end_sessions(connection, login))


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
