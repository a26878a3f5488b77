"""The front desk in tmux over the real engine; what it did is asked of another process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

import pytest
from command_line import CommandLine
from factories import Salon

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
PATIENCE_SECONDS = 40.0


class Pane:
    """A terminal of a tmux server of its own."""

    def __init__(self, socket: Path, variables: dict[str, str]) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]
        given = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
        command = [sys.executable, "-m", "bookra", "tui"]
        self._run("new-session", "-d", "-x", "120", "-y", "36", *given, *command)

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [*self._tmux, *words], capture_output=True, encoding="utf-8", check=True, timeout=20,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        return done.stdout

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names."""
        self._run("send-keys", *keys)

    def until(self, true: Callable[[str], bool]) -> str:
        """Return the screen as soon as it is as wanted."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not true(text := self._run("capture-pane", "-p")):
            assert time.monotonic() < deadline, text
            time.sleep(0.05)
        return text

    def end(self) -> None:
        """End the server, whatever runs in it."""
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False, timeout=20)


@pytest.fixture
def bookra(environment: dict[str, str], tmp_path: Path) -> CommandLine:
    """The command line on the test's database."""
    return CommandLine.in_folder(tmp_path, **environment, BOOKRA_TENANT="luna")


@pytest.fixture
def pane(bookra: CommandLine, tmp_path: Path) -> Iterator[Pane]:
    """The front desk in a terminal."""
    shown = {name: value for name, value in bookra.variables.items() if name != "NO_COLOR"}
    one = Pane(tmp_path / "tmux", shown)
    yield one
    one.end()


def test_a_visit_is_cancelled_in_tmux_and_another_process_knows(
    salon: Salon, bookra: CommandLine, pane: Pane
) -> None:
    here = salon.at(datetime.now(UTC))
    day = here.now.astimezone(here.zone).date() + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    start = datetime.combine(day, clock_time(11), here.zone).astimezone(UTC)
    code = here.book(f"{day}T11:00").code
    assert here.booking(code).starts_at == start
    pane.until(lambda text: "live" in text)
    for _ in range((day - here.now.astimezone(here.zone).date()).days):
        pane.press("]")
    pane.until(lambda text: "1 booking " in text)
    pane.press("Tab")  # the hour that it is decides what else of the day is seen
    pane.until(lambda text: "● Confirmed" in text)
    pane.press("c")
    pane.until(lambda text: "Cancel" in text and "esc" in text)
    pane.press("1")
    pane.press("Enter")
    pane.until(lambda text: "● Confirmed" not in text)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while bookra("booking", "show", code, "--json", check=True).json["status"] == "confirmed":
        assert time.monotonic() < deadline
    pane.press("q")
