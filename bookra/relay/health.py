"""``--metrics``: what a collector scrapes, and what a supervisor asks: is it alive, is it of use.

``/metrics`` is Prometheus' text, ``/live`` says whether the relay's loop moves, ``/ready`` whether
it reaches the database and keeps up. What the database knows is read at most once a second.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bookra.engine.outbox.gauges import Gauges, gauges
from bookra.engine.runtime import Engine
from bookra.errors import BookraError
from bookra.relay import metrics
from bookra.relay.listening import Listening, StartResponse

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric

THREADS = 2
STILL_SECONDS = 30.0
"""A loop that has not ended any of its jobs for so long does not move; one ends every five."""
BEHIND_SECONDS = 60.0
"""A row that has been due for longer is not being delivered."""
KEPT_SECONDS = 1.0
REST = 10
"""Reading the gauges may take a tenth of the time at most, however large the outbox is."""

STATES = ("ready", "waiting", "leased", "sending", "unknown", "dead")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it is well, and by which figures."""

    ok: bool
    figures: dict[str, Any]


class Health:
    """Serves ``/metrics``, ``/live`` and ``/ready`` on ``address`` for one relay's process.

    Raises InvalidInputError (``bad_address``) when it is made, UnavailableError (``port_taken``)
    when it is started.
    """

    def __init__(self, engine: Engine, address: str) -> None:
        self._engine = engine
        self._listening = Listening(self, address, "metrics", threads=THREADS)
        self._registry: CollectorRegistry | None = None
        self._read: Gauges | None = None
        self._again_at = 0.0
        self._begun_at = time.monotonic()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._listening.url

    def start(self) -> None:
        """Count from now on, and listen."""
        self._registry = metrics.switch_on()
        self._registry.register(self)
        self._begun_at = time.monotonic()
        self._listening.start()

    def stop(self) -> None:
        """Listen no more."""
        self._listening.stop()
        if self._registry is not None:
            self._registry.unregister(self)
            self._registry = None

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, as WSGI asks for it."""
        status, kind, body = self._answered(environ["REQUEST_METHOD"], environ.get("PATH_INFO"))
        headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
        start_response(status, [*headers, ("Cache-Control", "no-store")])
        return [body if environ["REQUEST_METHOD"] == "GET" else b""]

    def live(self) -> Verdict:
        """Tell whether the loop moves; one that has just begun has not had the time to."""
        since = metrics.since_tick_seconds()
        still = time.monotonic() - self._begun_at if since is None else since
        return Verdict(still < STILL_SECONDS, {"since_tick_seconds": round(still, 1)})

    def ready(self) -> Verdict:
        """Tell whether the loop moves, the database answers and nothing has been due for long."""
        living = self.live()
        read = self._gauges()
        figures = {
            **living.figures,
            "database": read is not None,
            "oldest_due_seconds": round(read.oldest_seconds, 1) if read is not None else None,
        }
        current = read is not None and read.oldest_seconds < BEHIND_SECONDS
        return Verdict(living.ok and current, figures)

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand: to register must not need the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges, as prometheus_client asks for them at each scrape."""
        read = self._gauges()
        yield _gauge("bookra_database_up", "Whether the database answered", float(read is not None))
        if read is not None:
            yield from _queue(read)
            yield from _around(read)

    def _answered(self, method: str, path: str | None) -> tuple[str, str, bytes]:
        if method in ("GET", "HEAD"):
            if path == "/metrics" and self._registry is not None:
                from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

                return "200 OK", CONTENT_TYPE_LATEST, generate_latest(self._registry)
            if path in ("/live", "/ready"):
                verdict = self.live() if path == "/live" else self.ready()
                body = json.dumps({"ok": verdict.ok, **verdict.figures}).encode()
                status = "200 OK" if verdict.ok else "503 Service Unavailable"
                return status, "application/json", body
        return "404 Not Found", "text/plain", b""

    def _gauges(self) -> Gauges | None:
        """Return what the database knows, read lately; None when it does not answer."""
        with self._lock:
            if time.monotonic() < self._again_at:
                return self._read
            begun = time.monotonic()
            try:
                self._read = self._engine.across_tenants(gauges)
            except BookraError:
                self._read = None
            ended = time.monotonic()
            self._again_at = ended + max(KEPT_SECONDS, REST * (ended - begun))
            return self._read


def _queue(read: Gauges) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    rows = GaugeMetricFamily(
        "bookra_outbox_rows", "Rows of the outbox", labels=("destination", "state")
    )
    due = GaugeMetricFamily("bookra_outbox_due", "Rows due now", labels=("destination",))
    held = GaugeMetricFamily(
        "bookra_outbox_held", "Rows due, behind a breaker", labels=("destination",)
    )
    oldest = GaugeMetricFamily(
        "bookra_outbox_oldest_due_seconds",
        "How long the oldest row has been due and not held",
        labels=("destination",),
    )
    found = {(each.destination, each.state): each for each in read.waiting}
    for destination in sorted({each.destination for each in read.waiting}):
        for state in STATES:
            known = found.get((destination, state))
            rows.add_metric((destination, state), known.rows if known else 0)
        ready = found.get((destination, "ready"))
        due.add_metric((destination,), ready.due if ready else 0)
        held.add_metric((destination,), ready.held if ready else 0)
        oldest.add_metric((destination,), ready.oldest_seconds if ready else 0.0)
    lag = GaugeMetricFamily(
        "bookra_tenant_lag_seconds",
        "How long the worst businesses' rows have been due",
        labels=("tenant",),
    )
    for slug, seconds in read.lag:
        lag.add_metric((slug,), seconds)
    yield from (rows, due, held, oldest, lag)


def _around(read: Gauges) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    breakers = GaugeMetricFamily(
        "bookra_breakers", "Circuit breakers", labels=("destination", "state")
    )
    for labels, number in sorted(read.breakers.items()):
        breakers.add_metric(labels, number)
    yield breakers
    for name, what, value in (
        (
            "bookra_outbox_dead_tuples",
            "Row versions that vacuum has yet to remove",
            read.dead_tuples,
        ),
        ("bookra_outbox_bytes", "The outbox on disk, with its indexes", read.outbox_bytes),
        (
            "bookra_oldest_snapshot_seconds",
            "Age of the oldest snapshot, of the sessions that this login may see",
            read.snapshot_seconds,
        ),
        (
            "bookra_oldest_snapshot_transactions",
            "Transactions begun since the oldest snapshot of any session",
            read.snapshot_transactions,
        ),
    ):
        yield _gauge(name, what, value)


def _gauge(name: str, what: str, value: float) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(name, what, value=value)
