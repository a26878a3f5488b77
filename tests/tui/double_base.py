"""What the parts of the desk's double share: what is kept, and what was asked of it."""

from __future__ import annotations

import threading
import time as clock_time
from queue import Queue

from demo_day import CLIENTS, LUNA, demo_day

from bookra.engine.bookings.day import DayBlock
from bookra.errors import BookraError, NotFoundError
from bookra.tui.desk import Brand, CustomerChoice

WRITES = {"book", "check_in", "cancel"}
"""The calls that change something; an area adds its own."""


class Double:
    """Keeps bookings in memory. ``failing`` is raised by every call, ``gate`` holds them back."""

    def __init__(self, brand: Brand = LUNA) -> None:
        self.look = brand
        self.columns, self.blocks = demo_day()
        self.calls: list[tuple[object, ...]] = []
        self.failing: BookraError | None = None
        self.refusing_writes: BookraError | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.slow_seconds = 0.0
        self.reads = 0
        self.threads: set[int] = set()
        self.announced: Queue[tuple[str, ...]] = Queue()
        self.lost: BookraError | None = None

    def _asked(self, *call: object) -> None:
        self.threads.add(threading.get_ident())
        self.calls.append(call)
        self.gate.wait(10)
        clock_time.sleep(self.slow_seconds)
        if self.failing is not None:
            raise self.failing

    def writes(self) -> list[tuple[object, ...]]:
        """Return the calls that changed something, in order."""
        return [call for call in self.calls if call[0] in WRITES]

    @staticmethod
    def _customer(name: str) -> CustomerChoice:
        number = CLIENTS.index(name) if name in CLIENTS else 99
        return CustomerChoice(
            f"c{number}", name, f"+44 7700 9001{number:02d}", f"c{number}@example.com", number % 9
        )

    def _refuse_write(self) -> None:
        if self.refusing_writes is not None:
            raise self.refusing_writes

    def _block(self, code: str) -> DayBlock:
        if code not in self.blocks:
            raise NotFoundError("unknown_booking", f"There is no booking {code}")
        return self.blocks[code]
