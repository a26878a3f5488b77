"""Failures in a row, as this relay sees them: they decide when a breaker is written.

The breakers themselves are in the database. What is counted here opens them, and tells when a
provider fails most of its tenants: then it is asked for one row at a time until one succeeds,
whoever's it is. That is this process's own view, and ends with it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from bookra.engine.messages.planning import plan_trouble
from bookra.engine.outbox import breakers
from bookra.engine.runtime import Tx
from bookra.relay import outcome
from bookra.relay.carrying import Carried
from bookra.relay.log import log
from bookra.relay.outcome import Retry

FEWEST_TENANTS = 3
"""One or two tenants in trouble say nothing of a provider."""

REMEMBERED_SECONDS = 120.0
"""Traffic that is older says nothing either."""

ILL_AFTER = 3
"""Failures in a row with which a tenant counts as one that the provider fails."""


class Trouble:
    """Counts by tenant and destination. Shared by the relay's threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_a_row: dict[tuple[str, str], tuple[int, float]] = {}
        self._trials: set[tuple[str, str]] = set()
        self._answered_at: dict[str, float] = {}

    def ill(self, destination: str) -> bool:
        """Tell whether a provider fails most of the tenants that it was asked for lately, and has
        answered nobody since.
        """
        with self._lock:
            answered_at = self._answered_at.get(destination, -1.0)
            since = max(time.monotonic() - REMEMBERED_SECONDS, answered_at)
            recent = [
                count
                for (_, where), (count, at) in self._in_a_row.items()
                if where == destination and at >= since
            ]
        failing = sum(count >= ILL_AFTER for count in recent)
        return failing >= FEWEST_TENANTS and 2 * failing > len(recent)

    def count(self, carried: Iterable[Carried]) -> None:
        """Count what deliveries say of their destinations, and note it in them."""
        now = time.monotonic()
        with self._lock:
            for each in carried:
                if each.says is None:
                    continue
                pair = (each.item.tenant, each.item.destination)
                if each.says:
                    self._answered_at[pair[1]] = now
                before, _ = self._in_a_row.get(pair, (0, 0.0))
                self._in_a_row[pair] = (0 if each.says else before + 1, now)
                each.failures = before if each.says else before + 1

    def tried(self, pair: tuple[str, str]) -> None:
        """Remember that a breaker let one row through: what comes of it decides."""
        with self._lock:
            self._trials.add(pair)

    def write(self, tx: Tx, carried: Carried) -> None:
        """Write what a settled delivery means for its destination, in the settling transaction.

        Nothing is written as long as nothing fails.
        """
        destination = carried.item.destination
        trial = (carried.item.tenant, destination) in self._trials
        if carried.says is None:
            if trial:
                breakers.try_again(tx, destination)
        elif not carried.says:
            _failed(tx, carried, trial=trial)
        elif trial or carried.failures:
            breakers.succeeded(tx, destination)

    def written(self, carried: Carried) -> None:
        """Forget a trial that is decided."""
        if carried.says is not None and self._trials:
            with self._lock:
                self._trials.discard((carried.item.tenant, carried.item.destination))


def _failed(tx: Tx, carried: Carried, *, trial: bool) -> None:
    became, destination = carried.outcome, carried.item.destination
    parked = isinstance(became, Retry) and became.error_class == outcome.ACCOUNT
    if not parked and not trial and carried.failures < breakers.FAILURES_IN_A_ROW:
        return
    error_class = outcome.ACCOUNT if parked else outcome.TRANSIENT
    if breakers.failed(tx, destination, error_class, getattr(became, "why", ""), carried.failures):
        state = "parked" if parked else "open"
        log("outbox.breaker", tenant=tx.tenant.slug, destination=destination, state=state)
        if parked:
            plan_trouble(tx, destination)
