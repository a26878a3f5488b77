"""What the relay counts about itself: plain functions that cost nothing until switched on.

Nothing of prometheus_client is imported before ``switch_on``: a relay without ``--metrics`` neither
loads nor updates it. Label values are topics, destinations, outcomes and names of jobs, never
anything about a customer. When each job last ran is kept in any case, for the health checks.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from bookra.relay.counters import Counters

_LOCK = threading.Lock()
_on: Counters | None = None
_ticks: dict[str, float] = {}
"""When each job last ended, and each loop last went round, by the monotonic clock."""
LOOPS = ("claim", "tick")
"""What has to move for a relay to be of any use; other jobs may rest, or wait for their turn."""


def switch_on() -> CollectorRegistry:
    """Count from now on; return the registry that a scrape reads. The same one when asked again."""
    global _on  # noqa: PLW0603 - one process, one set of counters
    from bookra.relay.counters import Counters

    with _LOCK:
        if _on is None:
            _on = Counters()
        return _on.registry


def switch_off() -> None:
    """Forget every count: what is counted from now on starts at nothing."""
    global _on  # noqa: PLW0603 - as above
    with _LOCK:
        _on = None
        _ticks.clear()


def claimed(n: int, seconds: float | None = None) -> None:
    """Count rows that were claimed at once; ``seconds`` is how long the claim itself took."""
    if _on is not None:
        _on.claimed.inc(n)
        if seconds is not None:
            _on.claim_seconds.observe(seconds)


def settled(topic: str, destination: str, outcome: str, seconds: float) -> None:
    """Count a row that was settled as ``outcome``, ``seconds`` after it was claimed."""
    if _on is not None:
        _on.deliveries.labels(topic, destination, outcome).inc()
        _on.settle_seconds.labels(destination).observe(seconds)


def called(destination: str, seconds: float) -> None:
    """Note how long a provider took to answer one call."""
    if _on is not None:
        _on.call_seconds.labels(destination).observe(seconds)


def stale() -> None:
    """Count a settling that was rolled back: somebody else had the row by then."""
    if _on is not None:
        _on.stale.inc()


def rescued(n: int) -> None:
    """Count rows that were taken over from a relay that died."""
    if _on is not None:
        _on.rescued.inc(n)


def tick(job: str, ok: bool, seconds: float) -> None:  # noqa: FBT001 - positional for its callers
    """Note that a job of the relay ended, and whether it did what it is for."""
    _ticks[job] = time.monotonic()
    if _on is not None:
        _on.ticks.labels(job, "ok" if ok else "failed").inc()
        _on.tick_seconds.labels(job).observe(seconds)
        _on.last_tick.labels(job).set_to_current_time()


def moved(loop: str) -> None:
    """Note that one of ``LOOPS`` goes round, whether or not it had anything to do."""
    _ticks[loop] = time.monotonic()


def webhook(provider: str, status: int) -> None:
    """Count a webhook by the status that it was answered with."""
    if _on is not None:
        _on.webhooks.labels(provider, str(status)).inc()


def since_tick_seconds() -> float | None:
    """Return how long ago the loop that has stood still for longest went round; None if none did.

    In a relay without loops, as in tests, it is how long ago any job ended.
    """
    loops = [_ticks[loop] for loop in LOOPS if loop in _ticks]
    last = min(loops) if loops else max(_ticks.values(), default=None)
    return None if last is None else time.monotonic() - last
