"""How a relay works: the settings of one process, given by its command line and by tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

CALLS_PER_SECOND: Mapping[str, float] = MappingProxyType(
    {"stripe": 20.0, "google": 5.0, "whatsapp": 20.0, "mail": 10.0}
)
"""How often a relay asks each provider for one tenant, well below what the providers allow."""


@dataclass(frozen=True, slots=True)
class RelayOptions:
    """How a relay works. The lease outlives a provider's time-out; tests and demos shorten it.

    ``workers`` is how many deliveries to one provider are under way at once; another provider has
    as many of its own. ``webhooks`` and ``metrics`` are addresses to listen on
    (``127.0.0.1:8787``), None for not at all. ``listen`` False leaves waking up to polling, as
    behind a transaction pooler. A delivery that takes longer than ``deadline_seconds`` is given
    up: its lease is renewed no more.
    """

    lease_seconds: float = 60.0
    poll_seconds: float = 2.0
    workers: int = 8
    grace_seconds: float = 25.0
    webhooks: str | None = None
    metrics: str | None = None
    listen: bool = True
    deadline_seconds: float = 300.0
    calls_per_second: Mapping[str, float] = field(default_factory=lambda: CALLS_PER_SECOND)
