"""Rate limits as providers have them: a bucket of tokens a caller, filled at a steady rate."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable


class Buckets:
    """The callers' buckets, kept in memory; any thread may take from them.

    A bucket holds a second's worth, one token at least. ``clock`` counts seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[Hashable, tuple[float, float]] = {}

    def take(self, caller: Hashable, per_second: float) -> float:
        """Take a token, and return 0; or return the seconds until there is one again."""
        now = self._clock()
        with self._lock:
            tokens, at = self._held.get(caller, (float("inf"), now))
            tokens = min(tokens + (now - at) * per_second, max(per_second, 1.0))
            taken = tokens >= 1
            self._held[caller] = (tokens - taken, now)
        return 0.0 if taken else (1 - tokens) / per_second
