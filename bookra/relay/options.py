"""How a relay works: the settings of one process, given by its command line and by tests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RelayOptions:
    """How a relay works. The lease outlives a provider's time-out; tests and demos shorten it.

    ``webhooks`` and ``metrics`` are addresses to listen on (``127.0.0.1:8787``), None for not at
    all. ``listen`` False leaves waking up to polling, as behind a transaction pooler.
    """

    lease_seconds: float = 60.0
    poll_seconds: float = 2.0
    workers: int = 8
    grace_seconds: float = 25.0
    webhooks: str | None = None
    metrics: str | None = None
    listen: bool = True
