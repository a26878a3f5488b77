"""A small HTTP server within the relay's process: for webhooks, and for metrics and health.

waitress serves a WSGI application on threads of its own, on one address, with a limit on each
thing that a caller could make grow. TLS, and the world, belong to a reverse proxy in front of it.
"""

from __future__ import annotations

import errno
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from bookra.errors import BookraError, InvalidInputError, UnavailableError
from bookra.relay.log import log

StartResponse: TypeAlias = Callable[..., Any]
Application: TypeAlias = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

LARGEST_BODY_BYTES = 1_000_000
LARGEST_HEADER_BYTES = 16_384
MOST_CONNECTIONS = 200
IDLE_SECONDS = 30
STOP_SECONDS = 10
"""How long requests that were begun may take to end when the server stops."""


class Listening:
    """``application`` served on ``address`` (``HOST:PORT``) from ``start`` until ``stop``.

    ``name`` is who listens, for the log and for errors. Port 0 takes a free one: see ``url``.
    Making it raises InvalidInputError (``bad_address``); starting it also UnavailableError
    (``port_taken``).
    """

    def __init__(self, application: Application, address: str, name: str, *, threads: int) -> None:
        self._application = application
        self._name = name
        self._threads = threads
        self._address = address
        self._host, self._port = parse_address(address)
        self._server: Any = None
        self._loop: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address as a URL, with the port that was taken."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def start(self) -> None:
        """Bind the address and serve it from a thread."""
        from waitress.server import create_server

        bound = self._bound()
        self._port = bound.getsockname()[1]
        _quieten()
        self._server = create_server(
            self._application,
            sockets=[bound],
            threads=self._threads,
            ident=None,
            max_request_body_size=LARGEST_BODY_BYTES,
            inbuf_overflow=LARGEST_BODY_BYTES + 1,  # a body is never written to a file
            max_request_header_size=LARGEST_HEADER_BYTES,
            connection_limit=MOST_CONNECTIONS,
            channel_timeout=IDLE_SECONDS,
            cleanup_interval=5,
            expose_tracebacks=False,
            log_socket_errors=False,
            asyncore_use_poll=True,
        )
        self._loop = threading.Thread(target=self._server.run, name=self._name, daemon=True)
        self._loop.start()
        log(f"{self._name}.listening", url=self.url)

    def stop(self) -> None:
        """Take no more connections, let what was begun end, close the rest. May be called again."""
        server, self._server = self._server, None
        if server is None or self._loop is None:
            return
        from waitress import wasyncore

        sockets = server._map
        server.pull_trigger()
        server.trigger.pull_trigger(lambda: wasyncore.dispatcher.close(server))
        server.task_dispatcher.shutdown(timeout=STOP_SECONDS)
        server.trigger.pull_trigger(lambda: wasyncore.close_all(sockets, ignore_all=True))
        self._loop.join(STOP_SECONDS)
        log(f"{self._name}.stopped")

    def _bound(self) -> socket.socket:
        try:
            found = socket.getaddrinfo(
                self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
        except (OSError, UnicodeError):
            raise bad_address(self._address, "its host is not known here") from None
        family, kind, protocol, _, where = found[0]
        opened = socket.socket(family, kind, protocol)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind(where)
            opened.listen(MOST_CONNECTIONS)
        except OSError as error:
            opened.close()
            raise self._refused(error) from None
        return opened

    def _refused(self, error: OSError) -> BookraError:
        if error.errno == errno.EADDRINUSE:
            return UnavailableError(
                "port_taken",
                f"Somebody listens on {self._address} already, which the {self._name} is to use",
                hint="End that process, or choose another port",
                details={"address": self._address},
            )
        if error.errno == errno.EACCES:
            return bad_address(self._address, "this user may not listen there")
        return bad_address(self._address, "this machine has no such address")


def parse_address(address: str) -> tuple[str, int]:
    """Return host and port of ``127.0.0.1:8787``, ``localhost:8787`` or ``[::1]:8787``.

    The host must be written out, so that nothing is offered to the world by leaving it away.
    Raises InvalidInputError (``bad_address``).
    """
    host, colon, port = address.strip().rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or (":" in host and not bracketed) or not host.isprintable():
        raise bad_address(address, "it is not HOST:PORT")
    if not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise bad_address(address, "its port is not a number up to 65535")
    return host.strip("[]"), int(port)


def bad_address(address: str, why: str) -> InvalidInputError:
    """Return the error for an address on which nothing can listen."""
    return InvalidInputError(
        "bad_address",
        f"'{address}' is no address to listen on: {why}",
        hint="Write 127.0.0.1:8787, with the host and the port",
        details={"address": address},
    )


class _Told(logging.Handler):
    """Tells waitress's own troubles in our log, without its text: that may quote a request."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        log("http.trouble", level="warning", logger=record.name, error=kind)


def _quieten() -> None:
    """Keep waitress from writing to stderr past our log."""
    for name, level in (("waitress", logging.WARNING), ("waitress.queue", logging.CRITICAL)):
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.propagate = False
        logger.handlers = [_Told()]
