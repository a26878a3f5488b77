"""The crew: writer processes that are given their tickets, and watched until the last answer.

No ticket is lost from sight: a writer that dies leaves those that it held, and they are counted.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import IO, Self

from bookra.engine.proofs.tortures.tally import DEADLOCK, DONE, Tally
from bookra.engine.proofs.tortures.tickets import Ticket
from bookra.errors import UnavailableError

WRITER = "bookra.engine.proofs.tortures.writer"

SILENCE_SECONDS = 120.0
"""A database's limits end every statement and lock long before: so much silence is a bug."""

PATIENCE_SECONDS = 20.0
"""How long a writer may take to finish its attempt when it is told to stop."""

DIED, NEVER_TRIED = "writer_died", "never_tried"


@dataclass(slots=True)
class _Writer:
    """A process, what it was told to try and has not answered, and its last words."""

    process: subprocess.Popen[str]
    words: IO[bytes]
    listener: threading.Thread | None = None
    held: dict[int, Ticket] = field(default_factory=dict)
    alive: bool = True


class Crew:
    """Starts the writers, deals tickets, takes answers; leaving it ends every process."""

    def __init__(
        self, conninfo: Mapping[str, str], tenant: str, writers: int, processes: int
    ) -> None:
        self._orders = {"conninfo": dict(conninfo), "tenant": tenant}
        self._shares = [len(range(n, writers, processes)) for n in range(processes)]
        self._writers: list[_Writer] = []
        self._files = ExitStack()
        self._inbox: SimpleQueue[tuple[_Writer, str | None]] = SimpleQueue()

    def __enter__(self) -> Self:
        """Start every process and wait until all threads are connected."""
        try:
            for threads in self._shares:
                self._start(threads)
            for _ in range(sum(self._shares)):
                writer, line = self._hear()
                if line is None:
                    raise UnavailableError("no_writers", f"The {self._why(writer)}")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every process; those that do not end by themselves are killed."""
        self._end()

    @property
    def pids(self) -> list[int]:
        """The process ids of the writers."""
        return [writer.process.pid for writer in self._writers]

    def run(self, heats: Iterable[list[Ticket]], tally: Tally) -> Iterator[int]:
        """Deal every heat and note every answer; yields how many attempts are accounted for.

        The next heat is dealt as the last but one is done: nobody waits for a heat's slowest.
        """
        for heat in heats:
            self._deal(heat, tally)
            while self._out() > len(heat):
                self._take(tally)
                yield tally.attempts
        while self._out():
            self._take(tally)
            yield tally.attempts

    def _out(self) -> int:
        """How many tickets are out and not answered."""
        return sum(len(writer.held) for writer in self._writers)

    def _deal(self, heat: list[Ticket], tally: Tally) -> None:
        living = [writer for writer in self._writers if writer.alive]
        for ticket in [] if living else heat:
            tally.lost(ticket, NEVER_TRIED)
        for place, writer in enumerate(living):
            share = heat[place :: len(living)]
            writer.held.update((ticket.number, ticket) for ticket in share)
            _tell(writer.process, share)

    def _take(self, tally: Tally) -> None:
        """Take one answer, or a writer's death with all that it held."""
        writer, line = self._hear()
        if line is None:
            tally.died(self._why(writer))
            for ticket in writer.held.values():
                tally.lost(ticket, DIED)
            writer.held.clear()
            return
        word, *rest = json.loads(line)
        if word == DEADLOCK:
            tally.deadlock(*rest)
        elif word == DONE:
            number, *outcome = rest
            tally.done(writer.held.pop(number), *outcome)

    def _hear(self) -> tuple[_Writer, str | None]:
        """Return the next line of some writer, None when it has died. Silence ends them all."""
        try:
            writer, line = self._inbox.get(timeout=SILENCE_SECONDS)
        except Empty:
            for silent in self._writers:
                silent.process.kill()
            writer, line = self._inbox.get()
        if line is None:
            writer.alive = False
            writer.process.wait()
        return writer, line

    def _start(self, threads: int) -> None:
        words = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
        process = subprocess.Popen(
            [sys.executable, "-m", WRITER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
            encoding="utf-8",
            start_new_session=True,
        )
        writer = _Writer(process, words)
        self._writers.append(writer)
        writer.listener = threading.Thread(target=self._listen, args=(writer,), daemon=True)
        writer.listener.start()
        _tell(process, {**self._orders, "threads": threads})

    def _listen(self, writer: _Writer) -> None:
        assert writer.process.stdout is not None
        with writer.process.stdout as lines:
            for line in lines:
                self._inbox.put((writer, line))
        self._inbox.put((writer, None))

    def _end(self) -> None:
        """Let every writer finish what it is at, and see it end."""
        for writer in self._writers:
            assert writer.process.stdin is not None
            with suppress(OSError):
                writer.process.stdin.close()
        deadline = time.monotonic() + PATIENCE_SECONDS
        for writer in self._writers:
            try:
                writer.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                writer.process.kill()
                writer.process.wait()
            if writer.listener is not None:
                writer.listener.join()
        self._files.close()

    def _why(self, writer: _Writer) -> str:
        """Return how a writer ended: its signal or its last line."""
        code = writer.process.returncode
        if code < 0:
            return f"writer {writer.process.pid} was ended by {signal.Signals(-code).name}"
        writer.words.seek(0)
        lines = writer.words.read().decode("utf-8", "replace").strip().splitlines()
        return f"writer {writer.process.pid} ended: {lines[-1] if lines else f'exit {code}'}"


def _tell(process: subprocess.Popen[str], orders: object) -> None:
    """Send a line of orders; a process that has died says so in another place."""
    assert process.stdin is not None
    with suppress(OSError):
        process.stdin.write(json.dumps(orders) + "\n")
        process.stdin.flush()
