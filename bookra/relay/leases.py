"""What this relay holds: rows under lease, renewed by a heartbeat until they are settled.

One statement a tenant renews them all. A row that somebody else has by now is forgotten: whatever
comes of it here is stale. The heartbeat runs until the very end, also while a relay finishes.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from bookra.engine.outbox import queue
from bookra.engine.outbox.queue import Claimed
from bookra.engine.runtime import Engine, Tx
from bookra.errors import BookraError
from bookra.relay.log import log

LOOK_SECONDS = 0.5
"""How often it is looked after what takes long."""


class Leases:
    """The rows in flight, by id and fence. Shared by the relay's threads.

    ``beating`` is called every half second: for what else is to be looked after meanwhile.
    """

    def __init__(
        self, engine: Engine, *, lease_seconds: float, beating: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._lease_seconds = lease_seconds
        self._beating = beating
        self._held: dict[tuple[int, int], Claimed] = {}
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._ended = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._heart.start()

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, items: Iterable[Claimed]) -> None:
        """Keep these from now on."""
        with self._lock:
            for item in items:
                self._held[item.id.int, item.fence] = item

    def drop(self, items: Iterable[Claimed]) -> None:
        """Renew these no more: they are settled, or given up."""
        with self._changed:
            for item in items:
                self._held.pop((item.id.int, item.fence), None)
            self._changed.notify_all()

    def wait(self, until: Callable[[int], bool], timeout_seconds: float | None) -> bool:
        """Wait until what is held is as ``until`` says of its number; False when it never was."""
        with self._changed:
            return self._changed.wait_for(lambda: until(len(self._held)), timeout_seconds)

    def left(self) -> list[Claimed]:
        """Return what is held."""
        with self._lock:
            return list(self._held.values())

    def stop(self) -> None:
        """Let the heart stand still."""
        self._ended.set()
        self._heart.join(timeout=5)

    def renew(self) -> None:
        """Renew every lease, a statement a tenant; one tenant's trouble is its own."""
        mine: dict[str, list[Claimed]] = defaultdict(list)
        for item in self.left():
            mine[item.tenant].append(item)
        for tenant, items in mine.items():
            try:
                self._engine.act(tenant, _renewal(items, self._lease_seconds), command=None)
            except BookraError as error:
                log("outbox.not_renewed", level="warning", tenant=tenant, error=error.code)

    def _beat(self) -> None:
        every = self._lease_seconds / 4
        renew_at = time.monotonic() + every
        while not self._ended.wait(min(LOOK_SECONDS, every)):
            try:
                self._beating()
                if time.monotonic() >= renew_at:
                    renew_at = time.monotonic() + every
                    self.renew()
            except Exception as error:  # noqa: BLE001 - a heart must go on
                log("outbox.not_renewed", level="error", error=type(error).__name__)


def _renewal(items: Sequence[Claimed], lease_seconds: float) -> Callable[[Tx], object]:
    def renewal(tx: Tx) -> None:
        tx.run(queue.LEASING)
        queue.renew(tx, items, lease_seconds=lease_seconds)

    return renewal
