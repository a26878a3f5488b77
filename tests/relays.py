"""Relay processes that cost a fork: to be killed, many times.

A process of its own has imported everything, has no threads, and forks a relay for each wish. What
is asked of it and what it tells are lines of JSON. The relays are real: pools, threads, leases.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).parent
LEASE_SECONDS = 1.0


@dataclass(frozen=True)
class Relays:
    """Starts relays on one database. They drain once, or run until they are killed."""

    process: subprocess.Popen[str]

    def drain(self, crash: str = "") -> int:
        """Let a relay deliver what is due, armed to die at ``step:topic``; returns how it ended.

        That is its exit code, or the signal that killed it, negative.
        """
        self._ask({"does": "drain", "crash": crash})
        return int(self._told()["ended"])

    def run(self, webhooks: str | None = None) -> int:
        """Start a relay that runs, and listens at ``webhooks``; returns its process id."""
        self._ask({"does": "run", "crash": "", "webhooks": webhooks})
        return int(self._told()["pid"])

    def kill(self, pid: int) -> int:
        """Kill one at whatever it is doing; returns how it ended, which may have been before."""
        self._ask({"does": "kill", "pid": pid})
        return int(self._told()["ended"])

    def _ask(self, wish: dict[str, object]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{json.dumps(wish)}\n")
        self.process.stdin.flush()

    def _told(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return dict(json.loads(self.process.stdout.readline()))


@contextmanager
def relays(home: Path, database_url: str) -> Iterator[Relays]:
    """Open a place from which relays start; all that still run are killed at the end."""
    with subprocess.Popen(
        [sys.executable, "-m", "relays", str(home), database_url],
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            yield Relays(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(20)


def _serve(home: Path, database_url: str, wishes: IO[str]) -> None:
    from bookra.config import Settings

    importlib.import_module("bookra.relay.daemon")  # once, for all that are forked

    settings = Settings(home=home, database_url=database_url)
    running: set[int] = set()
    for line in wishes:
        wish = json.loads(line)
        if wish["does"] == "kill":
            running.discard(wish["pid"])
            _tell({"ended": _end(wish["pid"])})
            continue
        pid = os.fork()
        if not pid:
            _relay(settings, wish)
        if wish["does"] == "run":
            running.add(pid)
            _tell({"pid": pid})
        else:
            _, status = os.waitpid(pid, 0)
            _tell({"ended": os.waitstatus_to_exitcode(status)})
    for pid in running:
        _end(pid)


def _tell(what: dict[str, object]) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


def _end(pid: int) -> int:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _relay(settings: object, wish: dict[str, Any]) -> None:
    """Be a relay, in a forked process: never returns."""
    from bookra.config import Settings
    from bookra.engine.database import conninfo_of, open_pool
    from bookra.engine.runtime import Engine
    from bookra.relay import log
    from bookra.relay.daemon import Relay, RelayOptions

    assert isinstance(settings, Settings)
    assert settings.database_url is not None
    log.set_level("off")
    if wish["crash"]:
        os.environ["BOOKRA_CRASH"] = wish["crash"]
    try:
        engine = Engine(open_pool(conninfo_of(settings.database_url), size=12))
        options = RelayOptions(
            lease_seconds=LEASE_SECONDS,
            poll_seconds=0.2,
            workers=4,
            webhooks=wish.get("webhooks"),
        )
        relay = Relay(engine, settings, options)
        if wish["does"] == "run":
            relay.run()
        else:
            relay.drain_until_idle()
    except BaseException as error:  # a forked process must not go on as its parent
        sys.stderr.write(f"{type(error).__name__} {error}\n")
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), sys.argv[2], sys.stdin)
