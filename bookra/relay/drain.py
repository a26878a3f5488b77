"""One pass over the outbox: claim with a lease, deliver outside any transaction, settle.

Tenants are claimed in turn, and none may have more than its share of the workers: neither a flood
nor a provider that hangs delays the others. A row is claimed when a worker is free for it, and a
heartbeat renews the leases of what is in flight. What became of a delivery is data; anything
unrecognised is tried again, never taken for success.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from uuid import UUID

from bookra.engine.outbox import queue, topics
from bookra.engine.outbox.queue import Claimed, PutBack
from bookra.engine.runtime import Engine, Tx
from bookra.errors import BookraError, NotFoundError
from bookra.relay import crash, outcome
from bookra.relay.access import Clients
from bookra.relay.backoff import delay_seconds, gives_up
from bookra.relay.delivery import Delivery
from bookra.relay.log import log
from bookra.relay.outcome import Dead, Delivered, Outcome, Retry, Snooze, Unknown
from bookra.relay.routes import LOCAL, ROUTES

WAIT_SECONDS = 0.25
"""How long a pass waits for some delivery to end before it leaves the rest to the next pass."""


class Drain:
    """Delivers what is due. Used by one thread; its pool's threads deliver."""

    def __init__(
        self,
        engine: Engine,
        clients: Clients,
        relay_id: UUID,
        *,
        lease_seconds: float,
        workers: int,
    ) -> None:
        self._engine = engine
        self._clients = clients
        self._relay_id = relay_id
        self._lease_seconds = lease_seconds
        self._workers = workers
        self._share = max(1, workers // 2)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="deliver")
        self._in_flight: dict[UUID, Claimed] = {}
        self._futures: set[Future[None]] = set()
        self._lock = threading.Lock()
        self._stopping, self._finished = threading.Event(), threading.Event()
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._heart.start()

    def once(self) -> int:
        """Deliver rows until none is due that a worker is free for; returns how many were claimed.

        A delivery that hangs is not waited for: see ``finish``.
        """
        total = 0
        while not self._stopping.is_set():
            claimed = 0
            for slug in self._engine.across_tenants(queue.tenants_with_work):
                claimed += self._start_all(slug)
            total += claimed
            if not claimed and not self._one_ended():
                break
        return total

    def _start_all(self, slug: str) -> int:
        """Claim and start a tenant's rows; its trouble is its own, and holds up no other tenant."""
        try:
            items = self._claim(slug)
        except Exception as error:  # noqa: BLE001 - the other tenants' turn must come
            log("outbox.not_claimed", tenant=slug, error=_name(error))
            return 0
        for item in items:
            self._start(item)
        return len(items)

    def finish(self) -> None:
        """Wait for what is in flight."""
        wait(list(self._futures))

    def rescue(self) -> None:
        """Take back rows whose relay died, and mend lost promotions."""
        for slug in self._engine.across_tenants(queue.tenants_with_lapsed_leases):
            try:
                rescued = self._engine.act(slug, queue.rescue, command=None)
            except BookraError as error:
                log("outbox.not_rescued", tenant=slug, error=error.code)
                continue
            for row_id, state in rescued:
                log("outbox.rescued", row=str(row_id), state=state)

    def halt(self) -> None:
        """Claim nothing more."""
        self._stopping.set()

    def stop(self) -> None:
        """Claim nothing more and wait for what is in flight; leases are kept meanwhile."""
        self.halt()
        self._pool.shutdown(wait=True)
        self._finished.set()

    def _claim(self, slug: str) -> list[Claimed]:
        room = 0 if self._stopping.is_set() else self._room(slug)
        if not room:
            return []
        return self._engine.act(
            slug,
            lambda tx: queue.claim(
                tx, self._relay_id, lease_seconds=self._lease_seconds, limit=room
            ),
            command=None,
        )

    def _room(self, slug: str) -> int:
        """Return how many more rows of a tenant can start at once."""
        with self._lock:
            busy = len(self._in_flight)
            own = sum(item.tenant == slug for item in self._in_flight.values())
        return max(0, min(self._workers - busy, self._share - own))

    def _start(self, item: Claimed) -> None:
        with self._lock:
            self._in_flight[item.id] = item
        future = self._pool.submit(self._carry, item)
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)

    def _one_ended(self) -> bool:
        """Wait a moment for some delivery to end: it may have made another row due."""
        ended, _ = wait(list(self._futures), WAIT_SECONDS, FIRST_COMPLETED)
        return bool(ended)

    def _carry(self, item: Claimed) -> None:
        """Deliver and settle one row; a failure to settle leaves it to its lease."""
        try:
            crash.point("claimed", item.topic, self._sandboxed(item))
            became = self._deliver(item)
            self._settle(item, became)
        except Exception as error:  # noqa: BLE001 - a worker must outlive any row
            log("outbox.not_settled", row=str(item.id), topic=item.topic, error=_name(error))
        finally:
            with self._lock:
                self._in_flight.pop(item.id, None)

    def _deliver(self, item: Claimed) -> Outcome:
        try:
            payload = item.payload
            if item.destination == "local":
                return Delivered("local")
            if item.destination in topics.AT_MOST_ONCE and not self._mark_sending(item):
                return Unknown("the lease was lost before sending")
            delivery = Delivery(self._engine, self._clients, item, payload)
            return ROUTES[item.topic].deliver(delivery)
        except NotFoundError as error:
            return Dead(error.code, outcome.PERMANENT)
        except BookraError as error:
            return Retry(error.code, outcome.TRANSIENT)  # raised before the call, never by it
        except Exception as error:  # noqa: BLE001 - unrecognised trouble is never success
            if item.destination in topics.AT_MOST_ONCE:
                return Unknown(_name(error))
            return Retry(_name(error), outcome.TRANSIENT)

    def _settle(self, item: Claimed, became: Outcome) -> None:
        done = isinstance(became, Delivered)
        try:
            settle = self._settlement(item, became)
            command = f"relay.{item.topic}" if done else None
            self._engine.act(item.tenant, settle, command=command)
        except BookraError as error:
            if done:
                again = self._settlement(item, Retry(_name(error), outcome.TRANSIENT))
                self._engine.act(item.tenant, again, command=None)
            raise
        crash.point("settled", item.topic, self._sandboxed(item))
        log(
            "outbox.settled",
            row=str(item.id),
            tenant=item.tenant,
            topic=item.topic,
            outcome=type(became).__name__.lower(),
            why=getattr(became, "why", None),
            attempt=item.attempts,
        )

    def _settlement(self, item: Claimed, became: Outcome) -> Callable[[Tx], None]:
        def settle(tx: Tx) -> None:
            if isinstance(became, Delivered):
                self._apply(tx, item, became)
                if not queue.archive(tx, item, reference=became.reference):
                    raise StaleLeaseError
            else:
                self._give_back(tx, item, put_back(item, became, tx.now))
            crash.point("before-settle", item.topic, self._sandboxed(item))

        return settle

    def _give_back(self, tx: Tx, item: Claimed, how: PutBack) -> None:
        """Put a row back, and write what it means when it is given up."""
        route = ROUTES.get(item.topic)
        held = queue.put_back(tx, item, how)
        if held and how.state == "dead" and route is not None and route.abandoned is not None:
            route.abandoned(tx, item.payload, how.why)

    def _apply(self, tx: Tx, item: Claimed, delivered: Delivered) -> None:
        payload = item.payload
        if item.destination == "local":
            LOCAL[item.topic](tx, payload)
            return
        applied = ROUTES[item.topic].applied
        if applied is not None:
            applied(tx, payload, delivered)

    def _mark_sending(self, item: Claimed) -> bool:
        return self._engine.act(item.tenant, lambda tx: queue.start_sending(tx, item), command=None)

    def _sandboxed(self, item: Claimed) -> Callable[[], bool]:
        return lambda: self._clients.all_sandboxed(item.tenant)

    def _beat(self) -> None:
        """Renew the leases of what is in flight, well before they run out."""
        while not self._finished.wait(self._lease_seconds / 4):
            with self._lock:
                held = list(self._in_flight.values())
            self._renew(held)

    def _renew(self, held: Iterable[Claimed]) -> None:
        for item in held:
            try:
                self._engine.act(
                    item.tenant,
                    lambda tx, item=item: queue.renew(  # type: ignore[misc]
                        tx, item, lease_seconds=self._lease_seconds
                    ),
                    command=None,
                )
            except BookraError as error:
                log("outbox.not_renewed", row=str(item.id), error=error.code)


class StaleLeaseError(Exception):
    """Somebody else has the row by now: whatever was done here is rolled back."""


def put_back(item: Claimed, became: Outcome, now: datetime) -> PutBack:
    """Return how an undelivered row goes back to the queue. Pure but for the jitter."""
    if isinstance(became, Unknown):
        return PutBack("unknown", became.why, "ambiguous")
    if isinstance(became, Dead):
        return PutBack("dead", became.why, became.error_class)
    if isinstance(became, Snooze):
        wait_seconds = max(0.0, (became.until - now).total_seconds())
        return PutBack("ready", became.why, "snoozed", wait_seconds, counts=False)
    assert isinstance(became, Retry)
    if gives_up(became.error_class, item.destination, item.first_sent_at, datetime.now(UTC)):
        return PutBack("dead", became.why, became.error_class)
    after = became.after_seconds
    if after is None:
        after = delay_seconds(became.error_class, item.attempts, random.random)
    return PutBack(
        "ready",
        became.why,
        became.error_class,
        after,
        new_generation=became.new_generation,
    )


def _name(error: Exception) -> str:
    """Return what is safe to store of an error: its code or its type, never its text."""
    return error.code if isinstance(error, BookraError) else type(error).__name__
