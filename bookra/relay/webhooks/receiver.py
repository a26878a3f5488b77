"""The receiver of webhooks: one small HTTP server of the relay, behind the business's proxy.

It knows three doors and says nothing about anything else. Whatever is answered with 200 is
committed before; what can't be kept now is answered with 503, and the provider brings it again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol
from urllib.parse import parse_qsl

from bookra.engine.runtime import Engine
from bookra.errors import BookraError, NotFoundError, UnavailableError
from bookra.relay import metrics
from bookra.relay.access import Clients
from bookra.relay.listening import LARGEST_BODY_BYTES, Listening, StartResponse
from bookra.relay.log import log
from bookra.relay.webhooks.accounts import Accounts
from bookra.relay.webhooks.answering import DOWN, MALFORMED, NOT_HERE, Answer, Incoming
from bookra.relay.webhooks.rationing import Ration
from bookra.relay.webhooks.stripe_events import StripeEvents
from bookra.relay.webhooks.whatsapp_changes import WhatsAppChanges

THREADS = 4
"""Webhooks at once; each holds a database connection for moments."""

PATH = re.compile(r"/(stripe|whatsapp)/([a-z0-9][a-z0-9-]{0,62})")
REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 500: "Error"}


class Poked(Protocol):
    """Who is told that a business has events to be handled: never waits, may be told often."""

    def poke(self, slug: str) -> None:
        """Handle the business's open events soon."""


class Receiver:
    """Serves ``POST /stripe/{slug}`` and ``GET`` and ``POST /whatsapp/{slug}`` on ``address``.

    Raises InvalidInputError (``bad_address``) when it is made, UnavailableError (``port_taken``)
    when it is started.
    """

    def __init__(self, engine: Engine, clients: Clients, inbound: Poked, address: str) -> None:
        accounts = Accounts(clients)
        stripe = StripeEvents(engine, accounts, inbound.poke)
        whatsapp = WhatsAppChanges(engine, accounts)
        self._doors: dict[tuple[str, str], Callable[[Incoming], Answer]] = {
            ("POST", "stripe"): stripe.post,
            ("POST", "whatsapp"): whatsapp.post,
            ("GET", "whatsapp"): whatsapp.get,
        }
        self._refused = Ration()
        self._listening = Listening(self, address, "webhooks", threads=THREADS)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._listening.url

    def start(self) -> None:
        """Listen, from a thread of its own."""
        self._listening.start()

    def stop(self) -> None:
        """Answer what was begun, then listen no more."""
        self._listening.stop()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, as WSGI asks for it."""
        answer = self._answered(environ)
        status = f"{answer.status} {REASONS.get(answer.status, 'Unavailable')}"
        start_response(status, answer.headers)
        return [answer.word.encode()]

    def _answered(self, environ: dict[str, Any]) -> Answer:
        named = PATH.fullmatch(environ.get("PATH_INFO", ""))
        if named is None:
            return NOT_HERE
        provider, tenant = named.groups()
        door = self._doors.get((environ["REQUEST_METHOD"], provider))
        if door is None:
            return NOT_HERE
        begun = time.monotonic()
        answer, why = _opened(door, tenant, environ)
        metrics.webhook(provider, answer.status)
        logged, left_out = (True, 0) if answer.status < 400 else self._refused.take()
        if not logged:
            return answer
        log(
            "webhook.answered",
            level="info" if answer.status < 400 else "warning",
            provider=provider,
            tenant=tenant,
            status=answer.status,
            word=answer.word if environ["REQUEST_METHOD"] == "POST" else None,
            why=why,
            left_out=left_out or None,
            ms=round((time.monotonic() - begun) * 1000, 1),
        )
        return answer


def _opened(
    door: Callable[[Incoming], Answer], tenant: str, environ: dict[str, Any]
) -> tuple[Answer, str | None]:
    """Return a door's answer, and the code of what kept it from giving its own."""
    try:
        incoming = _incoming(tenant, environ)
    except (ValueError, OSError) as error:  # what is no text, or a caller who hung up
        return MALFORMED, type(error).__name__
    try:
        return door(incoming), None
    except NotFoundError as error:
        return NOT_HERE, error.code
    except UnavailableError as error:
        return DOWN, error.code
    except BookraError as error:
        return Answer(500), error.code
    except Exception as error:  # noqa: BLE001 - a provider tries again after 500, and we after a fix
        return Answer(500), type(error).__name__


def _incoming(tenant: str, environ: dict[str, Any]) -> Incoming:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), max_num_fields=20))
    body: bytes = environ["wsgi.input"].read(LARGEST_BODY_BYTES + 1)
    return Incoming(tenant, headers, query, body)
