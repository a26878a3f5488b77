"""The demo's stage: the stand-ins and the relay as processes of their own, started and killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bookra.config import Settings, sandbox_address
from bookra.errors import BookraError, UnavailableError

DATABASE = "demo"
LEASE_SECONDS = 3
PATIENCE_SECONDS = 60.0


def demo_settings(settings: Settings) -> Settings:
    """Return the settings of the demo's own database on the embedded server."""
    return replace(settings, database_url=None, database=DATABASE, tenant=None)


class Stage:
    """Starts the processes that the story needs, and takes them down with it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._sandbox: subprocess.Popen[bytes] | None = None
        self._relay: subprocess.Popen[bytes] | None = None
        self._log = settings.sandbox_dir / "relay.log"

    def start_sandbox(self) -> str:
        """Start the stand-ins; returns their address once they answer."""
        self._sandbox = self._start("sandbox", "run", "--quiet")

        def address() -> str | None:
            try:
                return sandbox_address(self.settings)
            except UnavailableError:
                return None

        return str(until(address, "the sandbox does not start"))

    def start_relay(self) -> int:
        """Start a relay with a short lease; returns its process id."""
        self._relay = self._start("relay", "run", "--lease", str(LEASE_SECONDS), "--poll", "0.5")
        return self._relay.pid

    def kill_relay(self) -> None:
        """SIGKILL the relay: no clean-up, no goodbye."""
        assert self._relay is not None
        self._relay.kill()
        self._relay.wait()
        self._relay = None

    def outside(self) -> dict[str, Any]:
        """Return what the stand-ins saw, as a process of its own reports it."""
        answer = subprocess.run(
            self._command("sandbox", "show", "--json"),
            env=self._environment(),
            capture_output=True,
            check=False,
            timeout=60,
        )
        if answer.returncode:
            raise UnavailableError("sandbox_down", "The sandbox does not answer any more")
        seen: dict[str, Any] = json.loads(answer.stdout)
        return seen

    def close(self) -> None:
        """End the processes in order: the relay finishes what it holds, then the stand-ins."""
        for process in (self._relay, self._sandbox):
            if process is None or process.poll() is not None:
                continue
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._relay = self._sandbox = None

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._command(*words),
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "bookra", *words]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BOOKRA")}
        settings = self.settings
        return {**kept, "BOOKRA_HOME": str(settings.home), "BOOKRA_DATABASE": settings.database}


def until(
    look: Callable[[], object], complaint: str, *, seconds: float = PATIENCE_SECONDS
) -> object:
    """Return the first true answer of ``look``; raises UnavailableError after ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            found = look()
        except BookraError:
            found = None
        if found:
            return found
        time.sleep(0.05)
    raise UnavailableError("too_slow", f"After {seconds:.0f} s {complaint}")
