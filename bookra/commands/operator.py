"""``bookra operator``: people with a database login of their own, for one business and role."""

from __future__ import annotations

import secrets
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

import typer

from bookra.commands import documents, output
from bookra.commands.options import group
from bookra.commands.session import current

app = group("People with a login of their own.")

PASSWORD_BYTES = 18


class Role(StrEnum):
    """What an operator may do; the database enforces it."""

    FRONT_DESK = "front-desk"
    MANAGER = "manager"
    OWNER = "owner"


@app.command()
def add(
    login: Annotated[str, typer.Argument(help="The PostgreSQL login to make, such as ana_desk.")],
    role: Annotated[Role, typer.Option(help="front-desk, manager or owner.")],
) -> None:
    """Make a login for the business. Its password is shown once, here alone.

    Examples:

      bookra operator add ana_desk --role front-desk --tenant luna
    """
    from bookra.bootstrap import administration
    from bookra.engine.runtime import administrative_tx
    from bookra.engine.tenancy import actions

    session = current()
    tenant = session.ask(lambda tx: tx.tenant)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    with administration(session.settings) as connection:
        tx = administrative_tx(connection, tenant)
        operator, fresh = actions.add_operator(connection, tx, login, role.value, password)
    document: dict[str, Any] = {
        "login": operator.login,
        "role": operator.role,
        "tenant": operator.tenant,
    }
    if fresh:
        document |= {"password": password, "url": _url(login, password)}
    output.record(document)
    output.remark(
        "Keep the password: it is not shown again. Log in with BOOKRA_DATABASE_URL set to the url."
        if fresh
        else "The operator exists; nothing was changed and no password is shown."
    )


@app.command("list")
def list_() -> None:
    """List the operators of the business.

    Examples:

      bookra operator list --json
    """
    from bookra.engine.tenancy import actions

    found = current().ask(
        lambda tx: [
            {
                "login": operator.login,
                "role": operator.role,
                "tenant": operator.tenant,
                "created_at": documents.instant(operator.created_at, tx.tenant.zone),
            }
            for operator in actions.operators(tx)
        ]
    )
    output.rows(found, ("login", "role", "created_at"), empty="No operators yet.")


def _url(login: str, password: str) -> str:
    """Return the login's URL on the server in use."""
    from bookra.bootstrap import conninfo

    target = conninfo(current().settings)
    host = target.get("host", "")
    name = f"postgresql://{quote(login)}:{quote(password, safe='')}@"
    if host.startswith("/"):
        port = f"&port={target['port']}" if "port" in target else ""
        return f"{name}/{target['dbname']}?host={quote(host, safe='')}{port}"
    return f"{name}{host or 'localhost'}:{target.get('port', '5432')}/{target['dbname']}"
