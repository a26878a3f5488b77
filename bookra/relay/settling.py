"""Settles in groups: outcomes are collected, and written a tenant at a time, many in one commit.

What has nothing to write but the queue goes together. What changes more here (an applied answer, a
local effect) goes in groups of one topic, under its name in the audit; when one of a group fails,
each is settled by itself, so that it spoils no other. A stale row is left out and counted. While
the database can't be reached, outcomes are kept: losing them would repeat, or doubt, what was done.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bookra.engine.outbox.queue import Claimed
from bookra.engine.runtime import Engine
from bookra.errors import UnavailableError, code_of
from bookra.relay.carrying import Carried
from bookra.relay.groups import GroupWriter, StaleLeaseError, Written, groups, tell_stale
from bookra.relay.leases import Leases
from bookra.relay.log import log
from bookra.relay.trouble import Trouble

LINGER_SECONDS = 0.005
"""How long an outcome waits for others to be settled with."""

MOST_AT_ONCE = 200
"""Outcomes in one transaction."""

THREADS = 3
TRIES = 3
"""How often a row is tried to be settled when something stands in the way."""

PAUSE_SECONDS = 0.1


@dataclass(slots=True)
class _Pending:
    """A tenant's outcomes that are not settled yet. ``busy``: a thread writes some of them."""

    outcomes: deque[Carried] = field(default_factory=deque)
    since: float = 0.0
    busy: bool = False


class Settler:
    """Writes outcomes from threads of its own. ``told`` hears of each transaction."""

    def __init__(
        self,
        engine: Engine,
        leases: Leases,
        trouble: Trouble,
        *,
        sandboxed: Callable[[Claimed], bool],
        told: Callable[[str, Written], None],
    ) -> None:
        self._writer = GroupWriter(engine, trouble, sandboxed)
        self._leases = leases
        self._trouble = trouble
        self._told = told
        self._changed = threading.Condition()
        self._pending: dict[str, _Pending] = {}
        self._ending = False
        self._threads = [
            threading.Thread(target=self._run, name=f"settle-{number}", daemon=True)
            for number in range(THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def add(self, carried: Sequence[Carried]) -> None:
        """Have these settled soon; they are all of one tenant."""
        self._trouble.count(carried)
        with self._changed:
            pending = self._pending.setdefault(carried[0].item.tenant, _Pending())
            if not pending.outcomes:
                pending.since = time.monotonic()
            pending.outcomes.extend(carried)
            self._changed.notify()

    def backlog(self, tenant: str) -> int:
        """Return how many outcomes of a tenant wait."""
        pending = self._pending.get(tenant)
        return len(pending.outcomes) if pending else 0

    def stop(self, timeout_seconds: float) -> None:
        """Settle what there is, and end; what can't be settled in time is left to its lease."""
        until = time.monotonic() + timeout_seconds
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        while (found := self._next()) is not None:
            tenant, batch = found
            left: Sequence[Carried] = batch
            try:
                left = self._write(tenant, batch)
            except Exception as error:  # noqa: BLE001 - a settler must outlive any row
                log("outbox.not_settled", level="error", tenant=tenant, error=code_of(error))
                self._leases.drop(carried.item for carried in batch)
                left = []
            finally:
                self._done(tenant, left)

    def _next(self) -> tuple[str, list[Carried]] | None:
        """Wait for a tenant with outcomes that have lingered; None at the end."""
        with self._changed:
            while True:
                now, soonest = time.monotonic(), None
                for tenant, pending in self._pending.items():
                    if pending.busy or not pending.outcomes:
                        continue
                    ripe = pending.since + LINGER_SECONDS - now
                    if ripe <= 0 or len(pending.outcomes) >= MOST_AT_ONCE or self._ending:
                        pending.busy = True
                        most = min(MOST_AT_ONCE, len(pending.outcomes))
                        return tenant, [pending.outcomes.popleft() for _ in range(most)]
                    soonest = ripe if soonest is None else min(soonest, ripe)
                if self._ending and not any(each.busy for each in self._pending.values()):
                    return None
                self._changed.wait(soonest)

    def _done(self, tenant: str, left: Sequence[Carried]) -> None:
        """Let the tenant's next outcomes go; those that are left come first."""
        with self._changed:
            pending = self._pending[tenant]
            pending.busy = False
            pending.outcomes.extendleft(reversed(left))
            pending.since = time.monotonic() - LINGER_SECONDS
            del self._pending[tenant]
            if pending.outcomes:
                self._pending[tenant] = pending  # behind the others: each has its turn
            self._changed.notify_all()

    def _write(self, tenant: str, batch: Sequence[Carried]) -> list[Carried]:
        """Settle a batch in as many transactions as it needs; returns what must wait."""
        left: list[Carried] = []
        stuck: list[Carried] = []
        for group in groups(batch):
            try:
                left += self._settle(tenant, group)
            except Exception as error:  # noqa: BLE001 - each by itself says what is the matter
                if _unreachable(error):
                    stuck += group
                    continue
                log("outbox.parted", level="warning", tenant=tenant, error=code_of(error))
                for carried in group:
                    stuck += self._settle_alone(tenant, carried)
        if stuck:
            time.sleep(PAUSE_SECONDS)
        return left + stuck

    def _settle(self, tenant: str, group: Sequence[Carried]) -> Sequence[Carried]:
        """Settle a group in one transaction; returns what it had no time for."""
        written = self._writer.settle(tenant, group)
        self._leases.drop(carried.item for carried in written.taken)
        self._told(tenant, written)
        return group[len(written.taken) :]

    def _settle_alone(self, tenant: str, carried: Carried) -> Sequence[Carried]:
        """Settle one row; one whose effect can't be written here is tried again."""
        try:
            return self._settle(tenant, [carried])
        except StaleLeaseError:
            tell_stale(carried)
        except Exception as error:  # noqa: BLE001 - unrecognised trouble is never success
            if _unreachable(error) or self._may_try_again(carried, error):
                return [carried]
            if not self._set_aside(tenant, carried, error):
                return [carried]
        self._leases.drop([carried.item])
        return []

    def _set_aside(self, tenant: str, carried: Carried, error: Exception) -> bool:
        """Put back a row that can't be settled; False when the database can't be reached now.

        One for which even that fails is left to its lease: it must take no other with it.
        """
        try:
            self._writer.set_aside(tenant, carried, error)
        except Exception as second:  # noqa: BLE001 - as above
            if _unreachable(second):
                return False
            item, name = carried.item, code_of(second)
            log("outbox.not_put_back", level="error", row=item.id, topic=item.topic, error=name)
        return True

    def _may_try_again(self, carried: Carried, error: Exception) -> bool:
        """Tell whether what stood in the way may be gone in a moment: a lock, a full disk."""
        if not isinstance(error, UnavailableError):
            return False
        carried.tries += 1
        return carried.tries < TRIES


def _unreachable(error: Exception) -> bool:
    """Tell whether it was the database that failed, and not what was written."""
    return isinstance(error, UnavailableError) and error.code.startswith("database")
