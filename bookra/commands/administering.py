"""The administrator's transactions of ``bookra operator``: once by their key, tried, or for good.

Making roles is transactional in PostgreSQL, so that a trial makes them and takes them back. A
password is in no stored result: a second run with a key has none to show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

from bookra.commands.session import current

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

Connection: TypeAlias = Any
"""The administrator's connection: doors hand it on, and hold no SQL."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Request:
    """What one run of a command was asked for. ``parameters`` tell it from another with its key."""

    command: str
    parameters: Mapping[str, Any]
    key: str | None
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """A document, and whether this run is the one that did it: neither a trial nor a repetition."""

    document: dict[str, Any]
    done: bool


def for_business(request: Request, work: Callable[[Connection, Tx], dict[str, Any]]) -> Outcome:
    """Do ``work`` in one transaction of the administrator's, for the business; once by its key."""
    from bookra.engine.runtime import administrative_tx
    from bookra.engine.tenancy.auditing import note
    from bookra.engine.tenancy.once import once

    tenant = current().ask(lambda tx: tx.tenant)

    def within(connection: Connection, produce: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        tx = administrative_tx(connection, tenant)

        def produced() -> dict[str, Any]:
            document = produce(tx)
            if request.key is not None and not tx.subjects:  # a stored key is a change, too
                note(tx, request.command, [f"operator:{request.parameters['login']}"])
            return document

        return once(tx, request.key, request.command, request.parameters, produced)

    return _outcome(request, within, work)


def for_installation(request: Request, work: Callable[[Connection], dict[str, Any]]) -> Outcome:
    """Do ``work`` in one transaction of the administrator's, for all; once by its key."""
    from bookra.engine.tenancy.installation import once

    def within(connection: Connection, produce: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        return once(
            connection, request.key, request.command, request.parameters, lambda: produce(None)
        )

    return _outcome(request, within, lambda connection, _tx: work(connection))


def administer(work: Callable[[Connection], Result], *, dry_run: bool = False) -> Result:
    """Do ``work`` with the connection of one transaction of the administrator's."""
    from bookra.bootstrap import administration

    session = current()
    session.engine.across_tenants(lambda _: None)  # the server runs, and the tables are there
    with administration(session.settings) as connection:
        result = work(connection)
        transaction = connection.get_transaction()
        if dry_run and transaction is not None:
            transaction.rollback()
        return result


def _outcome(
    request: Request,
    within: Callable[[Connection, Callable[[Any], dict[str, Any]]], dict[str, Any]],
    work: Callable[[Connection, Any], dict[str, Any]],
) -> Outcome:
    ran: list[bool] = []

    def whole(connection: Connection) -> dict[str, Any]:
        def produce(tx: Any) -> dict[str, Any]:
            ran.append(True)
            return work(connection, tx)

        return within(connection, produce)

    document = administer(whole, dry_run=request.dry_run)
    return Outcome(document, bool(ran) and not request.dry_run)


def opening(login: str, password: str) -> dict[str, str]:
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
