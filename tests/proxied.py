"""A small proxy before PostgreSQL's socket: it can lose the answer to a COMMIT, or say nothing."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

SOCKET = ".s.PGSQL.5432"
READY = b"Z\x00\x00\x00\x05"
"""How the server's ReadyForQuery begins, which ends each of its answers."""


class Proxy:
    """Passes on what each side says. ``lose_commit``: the next COMMIT arrives, its answer doesn't.

    ``mute``: what clients say goes nowhere, and their sockets stay open.
    """

    def __init__(self, folder: Path, upstream: str) -> None:
        self.lost = threading.Event()
        self.lose_commit = self.mute = False
        self._upstream = upstream
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(folder / SOCKET))
        self._listening.listen()
        self._open: list[socket.socket] = [self._listening]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Hang up on everybody."""
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._upstream)
                self._open += [client, server]
                armed = threading.Event()
                for way in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=(*way, armed), daemon=True).start()

    def _pass(self, giver: socket.socket, taker: socket.socket, armed: threading.Event) -> None:
        """Pass on one direction; ``armed`` tells the other that the next answer is to be lost."""
        with suppress(OSError):
            while said := giver.recv(65536):
                if self.mute:
                    continue
                if self.lose_commit and b"COMMIT" in said:
                    self.lose_commit = False
                    armed.set()
                elif armed.is_set() and READY in said:
                    self.lost.set()
                    break
                taker.sendall(said)
        for each in (giver, taker):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxied(conninfo: Mapping[str, str]) -> Iterator[tuple[Proxy, dict[str, str]]]:
    """Put a proxy before the server of ``conninfo``; gives it, and the way through it."""
    # A socket's path has little room.
    folder = Path(tempfile.mkdtemp(prefix="bookra-proxy-", dir="/tmp"))
    proxy = Proxy(folder, f"{conninfo['host']}/.s.PGSQL.{conninfo.get('port', '5432')}")
    try:
        yield proxy, {**conninfo, "host": str(folder), "port": "5432"}
    finally:
        proxy.close()
        shutil.rmtree(folder, ignore_errors=True)
