"""The counters behind ``metrics``, in a registry of their own. Loaded when they are switched on."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds of what our own database does."""
SLOW = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds of what a provider takes part in."""


class Counters:
    """Every counter of one relay. Their names are stable: dashboards and alerts rest on them."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a second series nobody reads
        self.registry = CollectorRegistry(auto_describe=True)
        self.claimed = self._counter("bookra_outbox_claimed", "Rows claimed")
        self.claim_seconds = Histogram(
            "bookra_outbox_claim_seconds",
            "How long one claim took",
            buckets=QUICK,
            registry=self.registry,
        )
        self.deliveries = self._counter(
            "bookra_outbox_deliveries", "Rows settled", "topic", "destination", "outcome"
        )
        self.settle_seconds = self._slow(
            "bookra_outbox_settle_seconds", "From the claim to the settling", "destination"
        )
        self.call_seconds = self._slow(
            "bookra_provider_call_seconds", "How long a provider took to answer", "destination"
        )
        self.stale = self._counter(
            "bookra_outbox_stale_settles", "Settlings rolled back because the lease was lost"
        )
        self.rescued = self._counter(
            "bookra_outbox_rescued", "Rows taken over from relays that died"
        )
        self.ticks = self._counter(
            "bookra_relay_ticks", "Runs of the relay's jobs", "job", "result"
        )
        self.tick_seconds = self._slow("bookra_relay_tick_seconds", "How long a job took", "job")
        self.last_tick = Gauge(
            "bookra_relay_last_tick_timestamp_seconds",
            "When a job last ended",
            ("job",),
            registry=self.registry,
        )
        self.webhooks = self._counter(
            "bookra_webhooks", "Webhooks by how they were answered", "provider", "status"
        )

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(name, what, labels, registry=self.registry)

    def _slow(self, name: str, what: str, *labels: str) -> Histogram:
        return Histogram(name, what, labels, buckets=SLOW, registry=self.registry)
