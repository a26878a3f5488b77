"""How often a provider may be asked for one tenant: a token bucket a pair, in this process.

What a claim takes is bounded by the tokens that are there, so that rows wait in the queue, where
another relay can have them, and not under a lease. Several relays have a bucket each: together
they may ask as many times as often. A provider's own 429 is the last word in any case.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from bookra.relay.options import CALLS_PER_SECOND

Pair = tuple[str, str]
"""A tenant's slug and a destination."""


class Limits:
    """Token buckets by tenant and destination; each holds what a second brings.

    A rate of 0, and a destination that has none, is without limit. ``clock`` is monotonic.
    """

    def __init__(
        self,
        rates: Mapping[str, float] = CALLS_PER_SECOND,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rates = dict(rates)
        self._own: dict[Pair, float] = {}
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[Pair, tuple[float, float]] = {}
        """What is in a bucket, and when it was counted."""

    def set(self, pair: Pair, rate: float | None) -> None:
        """Let an account's own rate take the place of the destination's; None takes it back."""
        with self._lock:
            if rate is None:
                self._own.pop(pair, None)
            else:
                self._own[pair] = rate

    def take(self, pair: Pair, wanted: int) -> int:
        """Take up to ``wanted`` tokens; returns how many there were."""
        with self._lock:
            rate = self._rate(pair)
            if not rate:
                return wanted
            tokens = self._counted(pair, rate)
            taken = min(wanted, int(tokens))
            self._tokens[pair] = (tokens - taken, self._clock())
            return taken

    def give_back(self, pair: Pair, tokens: int) -> None:
        """Return tokens that no call was made for."""
        with self._lock:
            if pair in self._tokens and tokens > 0:
                held, counted_at = self._tokens[pair]
                self._tokens[pair] = (held + tokens, counted_at)

    def wait_seconds(self, pair: Pair) -> float:
        """Return how long until there is a token: 0 when there is one."""
        with self._lock:
            rate = self._rate(pair)
            if not rate:
                return 0.0
            return max(0.0, (1.0 - self._counted(pair, rate)) / rate)

    def _rate(self, pair: Pair) -> float:
        return self._own.get(pair, self._rates.get(pair[1], 0.0))

    def _counted(self, pair: Pair, rate: float) -> float:
        """Return what is in the bucket by now: full at first, never more than a second's worth."""
        most = max(1.0, rate)
        held, counted_at = self._tokens.get(pair, (most, 0.0))
        return min(most, held + (self._clock() - counted_at) * rate)
