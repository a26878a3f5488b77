"""How many refused webhooks are logged: anybody may send some, and nobody may fill the disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

LINES = 20
"""How many are logged in each ``WINDOW_SECONDS``; the metrics count all of them."""

WINDOW_SECONDS = 60.0


class Ration:
    """Counts what is logged and what is left out. Shared by the receiver's threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._begun = clock()
        self._logged = self._left_out = 0

    def take(self) -> tuple[bool, int]:
        """Return whether one more is logged, and how many were left out since the last that was."""
        with self._lock:
            now = self._clock()
            if now - self._begun >= WINDOW_SECONDS:
                self._begun, self._logged = now, 0
            if self._logged >= LINES:
                self._left_out += 1
                return False, 0
            self._logged += 1
            left_out, self._left_out = self._left_out, 0
            return True, left_out
