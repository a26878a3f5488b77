"""Running the stand-ins: one process a directory, its address where others find it."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bookra.errors import ConflictError
from bookra.sandbox import webhooks
from bookra.sandbox.server import SandboxServer
from bookra.sandbox.state import State, remember, setting
from bookra.sandbox.stripe import accounts

if TYPE_CHECKING:
    from bookra.sandbox.mail import MailServer

ADDRESS = "address.json"
LOCK = "lock"
SWEEP_SECONDS = 1.0
POLL_SECONDS = 0.1


def serve(
    directory: Path,
    *,
    port: int = 0,
    ready: Callable[[str], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Serve the stand-ins of ``directory`` on loopback until ``stop`` is set.

    Writes ``address.json`` once it listens, calls ``ready`` with the URL, and removes the file
    again at the end. Without ``port`` it takes the one it had before, where that is free.
    Raises ConflictError (``sandbox_running``, ``port_taken``).
    """
    stop = stop or threading.Event()
    directory.mkdir(parents=True, exist_ok=True)
    with _only_one(directory), closing(State(directory)) as state:
        server = _listen(state, port, stop)
        post = _post(state)
        try:
            _announce(directory, server.url, post.address)
            _run(server, state, stop, ready)
        finally:
            (directory / ADDRESS).unlink(missing_ok=True)
            server.server_close()
            post.stop()


def _run(
    server: SandboxServer,
    state: State,
    stop: threading.Event,
    ready: Callable[[str], None] | None,
) -> None:
    threads = [
        threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True),
        threading.Thread(target=_sweep_until, args=(server, stop), daemon=True),
        threading.Thread(target=webhooks.deliver_until, args=(state, stop), daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        if ready is not None:
            ready(server.url)
        # In slices: a wait without end would not let Ctrl-C through everywhere.
        while not stop.wait(SWEEP_SECONDS):
            pass
    finally:
        stop.set()
        server.shutdown()
        for thread in threads:
            thread.join(webhooks.ANSWER_SECONDS + 1)


def _sweep_until(server: SandboxServer, stop: threading.Event) -> None:
    while not stop.wait(SWEEP_SECONDS):
        server.stripe.sweep()


def _listen(state: State, port: int, stop: threading.Event) -> SandboxServer:
    with state.writing() as tx:
        accounts.platform(tx)
        before = int(setting(tx, "port") or 0)
    server = None
    if port == 0 and before:
        with suppress(OSError):
            server = SandboxServer(state, before, stop)
    try:
        server = server or SandboxServer(state, port, stop)
    except OSError:
        raise ConflictError(
            "port_taken", f"Port {port} is in use", hint="Choose another, or none: --port 0"
        ) from None
    with state.writing() as tx:
        remember(tx, "port", str(server.server_address[1]))
    return server


def _post(state: State) -> MailServer:
    """Start the mail stand-in, on the port that it had before where that is free."""
    from bookra.sandbox.mail import MailServer  # asyncio and its server: only who runs it needs it

    with state.reading() as tx:
        before = int(setting(tx, "smtp_port") or 0)
    post = MailServer(state, before)
    with state.writing() as tx:
        remember(tx, "smtp_port", str(post.port))
    return post


@contextmanager
def _only_one(directory: Path) -> Iterator[None]:
    """Hold the directory's lock, which ends with the process however it dies."""
    with (directory / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConflictError(
                "sandbox_running",
                f"A sandbox is already running in {directory}",
                hint="Use that one, or stop it first",
            ) from None
        yield


def _announce(directory: Path, url: str, smtp: str) -> None:
    partial = directory / f"{ADDRESS}.partial"
    partial.write_text(json.dumps({"url": url, "smtp": smtp, "pid": os.getpid()}) + "\n", "utf-8")
    partial.replace(directory / ADDRESS)
