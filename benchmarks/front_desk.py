"""The front desk in a pseudo-terminal: how soon it is there, how fast it answers, what it costs.

A process of its own shows a day from memory (`counter.py`), so that the screens are measured and
not the database. Times are from outside: from the key, or the notice, to the last byte that the
terminal is sent for it. Processor time is the process's own, whoever else wants the machine.
Run it: ``python benchmarks/front_desk.py``.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median, quantiles

from timing import publish, table

PROGRAM = str(Path(__file__).with_name("counter.py"))
COLUMNS, LINES = 120, 36
SMALL, LARGE = 60, 420
QUIET_SECONDS = 0.06
"""A burst of bytes is over when none has come for so long."""
IDLE_SECONDS = 5.0
KEYS = (b"\x1b[B", b"\x1b[B", b"\x1b[C", b"\t", b"\x1b[A", b"\x1b[D")
TARGETS = {
    "first frame": 400.0, "with data": 800.0, "key to repaint": 16.0, "notice to paint": 25.0,
}  # fmt: skip
"""Milliseconds; starts are judged by their median, answers by their 95th percentile."""


@dataclass
class Desk:
    """A running front desk: its process, our end of its terminal, and the pipe of notices."""

    process: subprocess.Popen[bytes]
    device: int
    notices: int
    begun: float

    def read(self, seconds: float) -> bytes:
        """Return what comes within some seconds, at least until the first bytes are there."""
        return (
            os.read(self.device, 1 << 16)
            if select.select([self.device], [], [], seconds)[0]
            else b""
        )

    def until(self, wanted: bytes) -> float:
        """Return the milliseconds since the start after which something was sent."""
        received, deadline = b"", time.perf_counter() + 60
        while wanted not in received:
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{wanted!r} never came")
            received += self.read(0.5)
        return (time.perf_counter() - self.begun) * 1000

    def quiet(self) -> int:
        """Read until nothing comes any more; return how many bytes came."""
        count = 0
        while received := self.read(0.5):
            count += len(received)
        return count

    def answered(self, cause: Callable[[], object]) -> tuple[float, float]:
        """Return the milliseconds from ``cause`` to the last byte of the answer, and of work."""
        work, begun = self.worked_ms(), time.perf_counter()
        cause()
        last = 0.0
        patience = 5.0
        while self.read(patience):
            last, patience = time.perf_counter(), QUIET_SECONDS
        if not last:
            raise TimeoutError("nothing was painted")
        return (last - begun) * 1000, self.worked_ms() - work

    def worked_ms(self) -> float:
        """Return the process's time on the processors so far (Linux alone)."""
        folder = Path(f"/proc/{self.process.pid}/task")
        spent = (task / "schedstat" for task in folder.iterdir())
        return sum(int(one.read_text("utf-8").split()[0]) for one in spent) / 1e6

    def resident_mib(self) -> float:
        """Return how much memory it holds."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text("utf-8").splitlines()
        size = next(line for line in lines if line.startswith("VmRSS"))
        return int(size.split()[1]) / 1024


@contextmanager
def running(appointments: int) -> Iterator[Desk]:
    """Start a front desk with so many appointments, and end it."""
    mine, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    hears, tells = os.pipe()
    os.set_inheritable(hears, True)
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, PROGRAM, str(appointments), str(hears)],
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment, pass_fds=(hears,),
    )  # fmt: skip
    os.close(theirs)
    os.close(hears)
    try:
        yield Desk(process, mine, tells, begun)
    finally:
        process.terminate()
        process.wait(10)
        os.close(mine)
        os.close(tells)


def starts(rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of each start to its first frame and to its data; and its work."""
    taken: dict[str, list[float]] = {"first frame": [], "with data": [], "work": []}
    for _ in range(rounds):
        with running(SMALL) as desk:
            taken["first frame"].append(desk.until(b"Keys"))
            taken["with data"].append(desk.until(b"Client"))
            taken["work"].append(desk.worked_ms())
    return taken


def answers(appointments: int, rounds: int) -> tuple[dict[str, list[float]], int, float]:
    """Return the milliseconds of keys and notices with their work, idle bytes, and memory."""
    taken: dict[str, list[float]] = {
        name: [] for name in ("key", "key work", "notice", "notice work")
    }
    with running(appointments) as desk:
        desk.until(b"Client")
        desk.quiet()
        for number in range(rounds):
            key = KEYS[number % len(KEYS)]
            wall, work = desk.answered(partial(os.write, desk.device, key))
            taken["key"].append(wall)
            taken["key work"].append(work)
        for _ in range(rounds):
            wall, work = desk.answered(lambda: os.write(desk.notices, b"!"))
            taken["notice"].append(wall)
            taken["notice work"].append(work)
        desk.quiet()
        idle, deadline = 0, time.perf_counter() + IDLE_SECONDS
        while (left := deadline - time.perf_counter()) > 0:
            idle += len(desk.read(left))
        return taken, idle, desk.resident_mib()


def main() -> None:
    """Measure and publish."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=120)
    options.add_argument("--starts", type=int, default=12)
    given = options.parse_args()
    begun = starts(given.starts)
    taken, idle, memory = answers(LARGE, given.rounds)
    rows = [
        _row("first frame", begun["first frame"], "50th"),
        _row("with data", begun["with data"], "50th"),
        _row("key to repaint", taken["key"], "95th"),
        _row("notice to paint", taken["notice"], "95th"),
    ]
    work = [
        ("start, until the data is shown", f"{median(begun['work']):.0f}", ""),
        ("a key", f"{median(taken['key work']):.1f}", f"{_p95(taken['key work']):.1f}"),
        ("a notice", f"{median(taken['notice work']):.1f}", f"{_p95(taken['notice work']):.1f}"),
    ]
    publish(
        "front_desk",
        [
            (
                f"{COLUMNS}×{LINES} cells · starts at {SMALL} appointments, answers at {LARGE} · "
                f"load {os.getloadavg()[0]:.1f}"
            ),
            table(("wall clock, ms", "median", "95th", "least", "target", "of the"), rows),
            table(("processor time, ms", "median", "95th"), work),
            f"idle for {IDLE_SECONDS:.0f} seconds: {idle} bytes\nresident: {memory:.0f} MiB",
            "\n".join(
                f"{name}: {' '.join(f'{one:.1f}' for one in values)}"
                for name, values in {**begun, **taken}.items()
            ),
        ],
    )


def _row(name: str, values: list[float], judged: str) -> tuple[str, ...]:
    figures = (median(values), _p95(values), min(values), TARGETS[name])
    return (name, *(f"{figure:.1f}" for figure in figures), judged)


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]


if __name__ == "__main__":
    main()
