"""The HTTP server of the stand-ins, and the faults of the connection itself.

The standard library's server is used because it hands over the socket: a provider that does the
work and then never answers is the fault that matters most, and it is a closed socket.
"""

from __future__ import annotations

import math
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from bookra.sandbox import faults
from bookra.sandbox.buckets import Buckets
from bookra.sandbox.control import Control
from bookra.sandbox.google import GoogleApi
from bookra.sandbox.onboarding import OnboardingPage
from bookra.sandbox.page import CheckoutPage
from bookra.sandbox.state import State
from bookra.sandbox.stripe.api import StripeApi
from bookra.sandbox.telling import tell
from bookra.sandbox.whatsapp import WhatsAppApi
from bookra.sandbox.wire import Reply, Request

LARGEST_BODY_BYTES = 1_000_000
IDLE_SECONDS = 120

CALLER = ("authorization", "stripe-account")
"""What tells one caller from another, for a rate limit."""

NOT_JSON = "<!doctype html><title>Bad gateway</title><h1>Something stands in between</h1>"
"""What a proxy says in place of the provider that has just done what it was asked."""


class SandboxServer(ThreadingHTTPServer):
    """All stand-ins behind one loopback port; one thread a connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, state: State, port: int, stop: threading.Event) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.stop = stop
        self._state = state
        self.stripe = StripeApi(state)
        self._google = GoogleApi(state)
        self._whatsapp = WhatsAppApi(state)
        self._page = CheckoutPage(state)
        self._onboarding = OnboardingPage(state)
        self._control = Control(state)
        self._buckets = Buckets()

    def respond(self, request: Request) -> Reply | None:
        """Return the reply, or None where the connection is to be closed without one."""
        if self.stop.is_set():  # a connection that was kept alive must not outlive the server
            return None
        provider = provider_of(request.path)
        if provider is None:
            return self._local(request)
        wait_seconds, fault = self._suffered(provider, request)
        if wait_seconds:
            reply = self._provide(provider, request, "429")
            return reply.with_headers({"Retry-After": str(math.ceil(wait_seconds))})
        if fault in ("drop-before", "down"):
            return None
        if fault == "slow" and provider != "stripe":
            self.stop.wait(faults.SLOW_SECONDS)
        if fault == "revoked":
            request = request.without_access()
        reply = self._provide(provider, request, fault)
        if fault == "timeout":
            self.stop.wait(faults.TIMEOUT_SECONDS)
        if fault == "html":
            return Reply.of_html(200, NOT_JSON)
        return None if fault in ("drop-after", "timeout") else reply

    def _local(self, request: Request) -> Reply:
        if request.path.startswith("/_sandbox/"):
            return self._control.answer(request)
        if request.path.startswith("/pay/"):
            return self._page.answer(request)
        if request.path.startswith("/onboard/"):
            return self._onboarding.answer(request)
        return Reply.of_json(404, {"error": {"message": f"Nothing lives at {request.path}"}})

    def _provide(self, provider: str, request: Request, fault: str | None) -> Reply:
        try:
            return self._ask(provider, request, fault)
        except Exception as error:  # noqa: BLE001 - a bug here is a provider's 500, without effect
            tell("sandbox.bug", error, provider=provider)
            return self._ask(provider, request, "500")

    def _ask(self, provider: str, request: Request, fault: str | None) -> Reply:
        if provider == "stripe":
            return self.stripe.answer(request, fault)
        if provider == "google":
            return self._google.answer(request, fault)
        return self._whatsapp.answer(request, fault)

    def _suffered(self, provider: str, request: Request) -> tuple[float, str | None]:
        """Return how long a caller must wait who asks too often, and the fault of this request."""
        with self._state.reading() as tx:
            if not faults.planned(tx, provider):
                return 0.0, None
            per_second = faults.limit(tx, provider, aimed_at(request))
        if per_second is not None:
            caller = (provider, *(request.headers.get(name) for name in CALLER))
            wait_seconds = self._buckets.take(caller, per_second)
            if wait_seconds:
                return wait_seconds, None
        with self._state.writing() as tx:
            changes, aimed = _changes(request), aimed_at(request)
            return 0.0, faults.draw(tx, provider, changes=changes, aimed_at=aimed)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - its shape
        """Keep quiet about clients that hang up; log what is a bug of ours."""
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError | TimeoutError):
            tell("sandbox.connection_failed", error)


def provider_of(path: str) -> str | None:
    """Return whose API a path belongs to, or None for the page and the control API."""
    if path.startswith(("/v1/", "/v2/")):
        return "stripe"
    if path.startswith(("/calendar/", "/o/oauth2/")) or path == "/token":
        return "google"
    return "whatsapp" if path.endswith("/messages") and path.startswith("/v") else None


def aimed_at(request: Request) -> str:
    """Return the words of a request that name an account, a calendar or a sender."""
    return f"{request.headers.get('stripe-account', '')} {unquote(request.path)}"


def _changes(request: Request) -> bool:
    asks_only = request.path in ("/token", "/calendar/v3/freeBusy")
    return request.method != "GET" and not asks_only


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "BookraSandbox"
    sys_version = ""
    timeout = IDLE_SECONDS
    wbufsize = -1
    disable_nagle_algorithm = True
    server: SandboxServer

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY_BYTES:
            self._send(Reply.of_json(413, {"error": {"message": "The body is too large"}}))
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        request = Request(
            self.command,
            parts.path,
            parts.query,
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
            self.server.url,
        )
        reply = self.server.respond(request)
        if reply is None:
            self._hang_up()
        else:
            self._send(reply)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - http.server's names

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Stay silent: requests carry tokens and phone numbers."""
