"""A loopback server that answers by a script, for what a well-behaved provider never does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Reply:
    """What is answered: ``body`` as JSON, or as it is when it is bytes."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def payload(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


class Drop(Reply):
    """The connection is closed after the request was read, without an answer."""


class Stall(Reply):
    """The request is read, and nothing comes until the server is closed."""


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    peer_port: int

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def form(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(self.body.decode()).items()}

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Script:
    """A running server: its address, and the requests so far."""

    url: str
    seen: list[Seen]
    rest: list[Reply]

    @property
    def lines(self) -> list[str]:
        """The requests as ``METHOD path``, in order."""
        return [f"{one.method} {one.path}" for one in self.seen]


@contextmanager
def scripted(*replies: Reply) -> Iterator[Script]:
    """Serve ``replies`` in order, one a request; a request too many is answered 599."""
    over = threading.Event()
    script = Script("", [], list(replies))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers, port = dict(self.headers), self.client_address[1]
            script.seen.append(Seen(self.command, self.path, headers, body, port))
            reply = script.rest.pop(0) if script.rest else Reply(599)
            if isinstance(reply, Stall):
                over.wait(20)
            if isinstance(reply, Drop | Stall):
                self.close_connection = True
                return
            self.send_response_only(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.status != 204:
                self.send_header("Content-Length", str(len(reply.payload)))
            self.end_headers()
            self.wfile.write(reply.payload)

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield script
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def unreachable() -> str:
    """Return the address of a port on which nobody listens."""
    with scripted() as script:
        return script.url
