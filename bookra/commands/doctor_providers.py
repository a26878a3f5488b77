"""What the doctor asks of the providers: do their tokens open with this key, do they answer at all.

Only a connection is opened, to each place once and at the same time: no token leaves the machine,
and nothing is asked for that costs anybody anything.
"""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from bookra.commands.finding import Finding
from bookra.commands.session import Session
from bookra.errors import BookraError, NotAllowedError

if TYPE_CHECKING:
    from bookra.engine.runtime import Engine

CONNECT_SECONDS = 1.0
HOSTS = {
    "stripe": ("api.stripe.com", 443),
    "google": ("www.googleapis.com", 443),
    "whatsapp": ("graph.facebook.com", 443),
}
MOST = 50
"""Businesses whose tokens are tried: one key seals them all."""

Place = tuple[str, int]


def keys(session: Session, engine: Engine) -> Iterator[Finding]:
    """Open each business's tokens with the key of this home."""
    from bookra.relay.access import Clients

    found = _accounts(engine)
    if not found:
        return
    clients, closed = Clients(engine, session.settings), dict[str, BookraError]()
    try:
        for slug, accounts in list(found.items())[:MOST]:
            for name in accounts:
                if (trouble := _trouble(clients, slug, name)) is not None:
                    closed[f"{slug} × {name}"] = trouble
    except NotAllowedError:
        return  # this login may not read them, sealed or not
    if not closed:
        yield Finding("provider keys", ok=True, message="every token opens")
        return
    first = next(iter(closed.values()))
    yield Finding(
        "provider keys",
        ok=False,
        message=f"can't be opened: {', '.join(list(closed)[:5])}. {first.message}",
        remedy=first.hint or "Bring the right secret.key to this home, or set the provider again",
    )


def reachable(session: Session, engine: Engine) -> Iterator[Finding]:
    """Connect to each provider that some business uses."""
    places: dict[Place, set[str]] = defaultdict(set)
    for accounts in _accounts(engine).values():
        for name, account in accounts.items():
            place = _place(session, name, account)
            if place is None:
                yield Finding(
                    "sandbox",
                    ok=False,
                    message="The stand-ins are not running for this database",
                    remedy="Start them in another terminal: bookra sandbox run",
                )
                return
            places[place].add("sandbox" if account.sandbox else name)
    with ThreadPoolExecutor(max_workers=max(1, len(places))) as pool:
        answers = list(pool.map(_answers, places))
    for (place, names), answered in zip(places.items(), answers, strict=True):
        yield Finding(
            ", ".join(sorted(names)),
            ok=answered,
            message="answers" if answered else f"{place[0]}:{place[1]} can't be reached",
            remedy="Look at the network and the firewall; effects wait, and go by themselves later",
        )


def _accounts(engine: Engine) -> dict[str, Any]:
    from bookra.engine.tenancy.actions import visible
    from bookra.engine.tenancy.providers import accounts

    slugs = [tenant.slug for tenant in engine.across_tenants(visible)][:MOST]
    found = {slug: engine.ask(slug, accounts) for slug in slugs}
    return {slug: each for slug, each in found.items() if each}


def _trouble(clients: Any, slug: str, provider: str) -> BookraError | None:
    """Return why a token can't be opened, or None."""
    try:
        clients.sealed(slug, provider)
    except NotAllowedError:
        raise
    except BookraError as error:
        return error
    return None


def _place(session: Session, provider: str, account: Any) -> Place | None:
    """Return where a provider listens; None for a stand-in that is not running."""
    from bookra.config import sandbox_address, sandbox_mail_address

    if not account.sandbox:
        mail: Place = (str(account.config.get("host", "")), int(account.config.get("port", 465)))
        return HOSTS.get(provider, mail)
    try:
        if provider == "mail":
            return sandbox_mail_address(session.settings)
        host, _, port = sandbox_address(session.settings).rpartition("//")[2].rpartition(":")
        return host, int(port)
    except BookraError:
        return None


def _answers(place: Place) -> bool:
    try:
        with socket.create_connection(place, CONNECT_SECONDS):
            return True
    except OSError:
        return False
