"""The way of a row through the relay: claimed with a lease, delivered outside any transaction,
settled in a group.

One thread claims. It looks who has work, and gives each tenant's queue to each provider its turn:
as much as its lane can begin soon, and its rate allows, in one bounded batch. Local effects need no
lane: they are done where they are settled. A heartbeat renews the leases of what is in flight. What
became of a delivery is data; anything unrecognised is tried again, never taken for success.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from bookra.engine.outbox import looking, queue, rescuing
from bookra.engine.outbox.queue import Claimed
from bookra.engine.runtime import Engine, Tx
from bookra.errors import BookraError, UnavailableError, code_of
from bookra.relay import metrics
from bookra.relay.access import Clients
from bookra.relay.carrying import Carrier
from bookra.relay.claiming import Claiming
from bookra.relay.groups import Written
from bookra.relay.lanes import Lanes
from bookra.relay.leases import Leases
from bookra.relay.log import log, log_failure
from bookra.relay.options import RelayOptions
from bookra.relay.returning import given_up
from bookra.relay.settling import Settler
from bookra.relay.trouble import Trouble
from bookra.relay.waking import Waking

TROUBLE_SECONDS, LONGEST_TROUBLE_SECONDS = 0.1, 2.0
"""How long the claiming rests after trouble, doubling each time, and at most."""

POLL_SECONDS = 0.25
"""How often a running drain looks for what is due when nothing wakes it."""

WAIT_SECONDS = 0.25
"""How long a single pass waits for some delivery to end before it leaves the rest to the next."""


class Drain:
    """Delivers what is due: on its own from ``start`` to ``stop``, or one pass by ``once``."""

    def __init__(
        self,
        engine: Engine,
        clients: Clients,
        relay_id: UUID,
        options: RelayOptions,
    ) -> None:
        self._engine = engine
        self._options = options
        self._carrier = Carrier(engine, clients)
        self._trouble = Trouble()
        self._leases = Leases(engine, lease_seconds=options.lease_seconds, beating=self._look_after)
        self._settler = Settler(
            engine,
            self._leases,
            self._trouble,
            sandboxed=self._carrier.sandboxed,
            told=self._told,
        )
        self._lanes = Lanes(options.workers, self._carrier.deliver, self._settler.add)
        self._claiming = Claiming(
            engine, relay_id, options, self._trouble, self._lanes, self._settler
        )
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._waking = Waking(engine, self._wake)
        self._thread = threading.Thread(target=self._run, name="claim", daemon=True)
        self._mended: dict[str, str] = {}

    def start(self) -> None:
        """Claim and deliver from now on, woken by notices (``options.listen``) or by polling."""
        if self._options.listen:
            self._waking.start()
        self._thread.start()

    def once(self) -> int:
        """Deliver rows until none is due that a worker is free for; returns how many were claimed.

        A delivery that hangs is not waited for: see ``finish``.
        """
        total = 0
        while not self._stopping.is_set():
            self._claiming.look(at_once=True)
            claimed = self._round()
            total += claimed
            if claimed:
                continue
            held_back = self._claiming.held_back_seconds()
            if held_back is not None:
                self._stopping.wait(min(held_back, WAIT_SECONDS))
            elif not self._one_ended():
                break
        return total

    def finish(self) -> None:
        """Wait for what is in flight."""
        self._leases.wait(lambda held: held == 0, None)

    def halt(self) -> None:
        """Claim nothing more."""
        self._stopping.set()
        self._bell.set()

    def stop(self, grace_seconds: float | None = None) -> list[Claimed]:
        """Claim nothing more, give back what was not begun, finish the rest within the grace.

        Leases are kept meanwhile. Returns what was left to its lease: deliveries that went on for
        too long. May be called twice.
        """
        grace = self._options.grace_seconds if grace_seconds is None else grace_seconds
        until = time.monotonic() + grace
        self.halt()
        self._waking.stop()
        if self._thread.is_alive():
            self._thread.join(grace)
        self._release(self._lanes.take_back())
        self._leases.wait(lambda held: held == 0, max(0.0, until - time.monotonic()))
        self._release(self._lanes.take_back())
        self._settler.stop(max(1.0, until - time.monotonic()))
        self._leases.stop()
        left = self._leases.left()
        for item in left:
            log("outbox.left", level="warning", row=item.id, topic=item.topic)
        return left

    def rescue(self) -> None:
        """Take back rows whose relay died, and mend lost promotions, a part at a time."""
        for slug in self._engine.across_tenants(looking.tenants_with_lapsed_leases):
            self._for_one(slug, self._rescued, "outbox.not_rescued")
        for slug in self._engine.across_tenants(looking.tenants_with_waiting):
            self._for_one(slug, self._mend, "outbox.not_mended")

    def _for_one(self, slug: str, work: Callable[[str], None], event: str) -> None:
        """Do something for one tenant; its trouble holds up no other."""
        try:
            work(slug)
        except Exception as error:  # noqa: BLE001 - the other tenants' turn must come
            log_failure(event, error, tenant=slug)

    def _rescued(self, slug: str) -> None:
        try:
            rescued = self._engine.act(slug, _rescue, command=None)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - one row must not keep the others from rescue
            log("outbox.parted", level="warning", tenant=slug, error=code_of(error))
            rescued = self._rescued_singly(slug)
        metrics.rescued(len(rescued))
        for row in rescued:
            log("outbox.rescued", level="warning", row=row.id, topic=row.topic, state=row.state)
        if rescued:
            self._wake()

    def _rescued_singly(self, slug: str) -> list[rescuing.Rescued]:
        """Take rows back one by one; one whose meaning can't be written goes without it."""
        rescued: list[rescuing.Rescued] = []
        for _ in range(rescuing.AT_ONCE):
            try:
                one = self._engine.act(slug, partial(_rescue, limit=1), command=None)
            except UnavailableError:
                raise
            except Exception as error:  # noqa: BLE001 - as above
                one = self._engine.act(slug, partial(rescuing.rescue, limit=1), command=None)
                for row in one:
                    log("outbox.not_told", level="error", row=row.id, error=code_of(error))
            if not one:
                break
            rescued += one
        return rescued

    def _mend(self, slug: str) -> None:
        after = self._mended.pop(slug, "")
        cursor = self._engine.act(slug, lambda tx: rescuing.mend(tx, after), command=None)
        if cursor is not None:
            self._mended[slug] = cursor

    def _run(self) -> None:
        """Claim until told to end: at once when something was settled, else when woken."""
        look_at, failures = 0.0, 0
        while not self._stopping.is_set():
            metrics.moved("claim")
            try:
                due = self._claiming.woken or time.monotonic() >= look_at
                if due and self._claiming.look():
                    look_at = time.monotonic() + POLL_SECONDS
                claimed = self._round()
            except Exception as error:  # noqa: BLE001 - the next round must come
                log("outbox.not_claimed", level="error", error=code_of(error))
                # Asking a database that is away again and again would keep a processor busy.
                self._stopping.wait(min(TROUBLE_SECONDS * 2**failures, LONGEST_TROUBLE_SECONDS))
                failures = min(failures + 1, 10)
                continue
            failures = 0
            if not claimed:
                self._bell.wait(self._pause(look_at))
            self._bell.clear()

    def _pause(self, look_at: float) -> float:
        """Return how long to wait when there was nothing to claim, unless the bell rings."""
        if self._claiming.woken:
            return self._claiming.rests_seconds
        held_back = self._claiming.held_back_seconds()
        until = max(0.0, look_at - time.monotonic())
        return until if held_back is None else min(until, held_back)

    def _round(self) -> int:
        """Give every queue that may have something due its turn; returns how much was claimed."""
        total = 0
        for pair in self._claiming.turns():
            if self._stopping.is_set():
                break
            items = self._claiming.claim(pair)
            if items:
                self._begin(pair, items)
                total += len(items)
        return total

    def _begin(self, pair: tuple[str, str], items: Sequence[Claimed]) -> None:
        tenant, destination = pair
        self._leases.hold(items)
        if destination == "local":
            self._settler.add([self._carrier.deliver(item) for item in items])
        else:
            self._lanes[destination].add(tenant, items)

    def _told(self, tenant: str, written: Written) -> None:
        """Hear that something was settled: there is room again, and more may be due by it."""
        self._claiming.expect(tenant, written.due)
        self._claiming.woken = self._claiming.woken or written.wakes
        self._bell.set()

    def _wake(self) -> None:
        self._claiming.woken = True
        self._bell.set()

    def _one_ended(self) -> bool:
        """Wait a moment for some delivery to end: it may have made another row due."""
        held = len(self._leases)
        return bool(held) and self._leases.wait(lambda now: now < held, WAIT_SECONDS)

    def _look_after(self) -> None:
        """Notice what is slow or hangs; a row past its deadline is left to whoever rescues it."""
        given_up = self._lanes.look(deadline_seconds=self._options.deadline_seconds)
        for item in given_up:
            log("outbox.abandoned", level="error", row=item.id, topic=item.topic)
        self._leases.drop(given_up)

    def _release(self, items: Sequence[Claimed]) -> None:
        """Give back what was claimed and not begun."""
        by_tenant: dict[str, list[Claimed]] = {}
        for item in items:
            by_tenant.setdefault(item.tenant, []).append(item)
        for slug, mine in by_tenant.items():
            try:
                self._engine.act(slug, partial(queue.release, items=mine), command=None)
            except BookraError as error:
                log("outbox.not_released", level="warning", tenant=slug, error=error.code)
        self._leases.drop(items)


def _rescue(tx: Tx, *, limit: int = rescuing.AT_ONCE) -> list[rescuing.Rescued]:
    rescued = rescuing.rescue(tx, limit=limit)
    for row in rescued:
        given_up(tx, row, row.state, row.why)
    return rescued
