"""A mail server on loopback: it takes mails from the accounts that were opened, and keeps them.

As with any SMTP server there is no idempotency: the same mail twice is two. The HTTP faults have
their equals here: a server error is 451, too many requests 421, a conflict 450, a revoked token
535, and HTML is no answer of SMTP's.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from bookra.sandbox import faults, mails
from bookra.sandbox.buckets import Buckets
from bookra.sandbox.state import State, token_owner
from bookra.sandbox.telling import tell

NOBODY = "nobody"
"""No mailbox has this name, on any domain: a mail to it is refused."""

STOP_SECONDS = 5

_MAILBOX = re.compile(r"[^@\s]+@[^@\s]+")
_REPLIES = {
    "500": "451 4.3.0 Local error in processing",
    "429": "421 4.7.0 Too many messages, try again later",
    "409": "450 4.2.0 Mailbox busy",
    "rate-limit": "421 4.7.0 Too many messages, try again later",
    "revoked": "535 5.7.8 Authentication credentials invalid",
    "html": "<html><body>Welcome to the hotel's network</body></html>",
}
_LARGEST_BYTES = 10_000_000
# It warns of each login without encryption, which on loopback is as it should be.
logging.getLogger("mail.log").setLevel(logging.ERROR)

Authenticator: TypeAlias = Callable[[SMTP, Session, Envelope, str, Any], AuthResult]


class MailServer:
    """The SMTP stand-in: an event loop in a thread of its own, on a loopback port."""

    def __init__(self, state: State, port: int) -> None:
        """Listen on ``port`` where that is free, else on any."""
        self._socket = _bound(port)
        self.host, self.port = self._socket.getsockname()
        self._session = partial(
            SMTP,
            _Post(state),
            authenticator=_authenticator(state),
            auth_require_tls=False,  # loopback alone
            data_size_limit=_LARGEST_BYTES,
            ident="Bookra sandbox",
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="mail", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Return ``host:port``."""
        return f"{self.host}:{self.port}"

    def stop(self) -> None:
        """Close the port and every session."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_SECONDS)

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            loop = runner.get_loop()
            session = partial(self._session, loop=loop)
            server = loop.run_until_complete(loop.create_server(session, sock=self._socket))
            loop.run_forever()
            server.close()


def _bound(port: int) -> socket.socket:
    for wanted in (port, 0):
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", wanted))
        except OSError:
            listening.close()
            continue
        return listening
    raise OSError("no port is free on loopback")


def _authenticator(state: State) -> Authenticator:
    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any
    ) -> AuthResult:
        if not isinstance(given, LoginPassword):
            return AuthResult(success=False, handled=False)
        with state.reading() as tx:
            owner = token_owner(tx, given.password.decode("utf-8", "replace"), provider="mail")
        return AuthResult(success=owner is not None, handled=False, auth_data=owner)

    return authenticate


class _Post:
    """What the server does at each step; aiosmtpd calls the methods by their names."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._faults: dict[object, str | None] = {}
        self._buckets = Buckets()

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        sender: object = session.auth_data
        if sender is None:
            return "530 5.7.0 Authentication required"
        if address != sender:
            return "553 5.7.1 This login may not send as another address"
        fault = self._faults[session.peer] = await asyncio.to_thread(self._draw, address)
        if fault in ("drop-before", "down"):
            _hang_up(server)
        if fault in _REPLIES:
            return _REPLIES[fault]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_exception(self, error: Exception) -> str:
        tell("sandbox.bug", error, provider="mail")
        return _REPLIES["500"]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not _MAILBOX.fullmatch(address) or address.partition("@")[0] == NOBODY:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        fault = self._faults.pop(session.peer, None)
        if fault == "slow":
            await asyncio.sleep(faults.SLOW_SECONDS)
        await asyncio.to_thread(self._keep, envelope)
        if fault == "timeout":
            await asyncio.sleep(faults.TIMEOUT_SECONDS)
        if fault in ("drop-after", "timeout"):
            _hang_up(server)
        return _REPLIES["500"] if fault == "500-after" else "250 2.0.0 Taken"

    def _draw(self, sender: str) -> str | None:
        with self._state.reading() as tx:
            if not faults.planned(tx, "mail"):
                return None
            per_second = faults.limit(tx, "mail", sender)
        if per_second is not None and self._buckets.take(sender, per_second) > 0:
            return faults.RATE_LIMIT
        with self._state.writing() as tx:
            return faults.draw(tx, "mail", changes=True, aimed_at=sender)

    def _keep(self, envelope: Envelope) -> None:
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        with self._state.writing() as tx:
            mails.keep(tx, str(envelope.mail_from), envelope.rcpt_tos, raw)


def _hang_up(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()
