"""Settles in groups: outcomes are collected, and written a tenant at a time, many in one commit.

What has nothing to write but the queue goes together. What changes more here (an applied answer, a
local effect) goes in groups of one topic, under its name in the audit; when one of a group fails,
each is settled by itself, so that it spoils no other. A stale row is left out and counted. While
the database can't be reached, outcomes are kept: losing them would repeat, or doubt, what was done.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from bookra.engine.outbox import queue, settling
from bookra.engine.outbox.queue import Claimed, PutBack
from bookra.engine.outbox.topics import AT_MOST_ONCE
from bookra.engine.runtime import Engine, Tx
from bookra.errors import BookraError, UnavailableError
from bookra.relay import crash, metrics, outcome
from bookra.relay.carrying import Carried
from bookra.relay.leases import Leases
from bookra.relay.log import log
from bookra.relay.outcome import Delivered, Retry
from bookra.relay.returning import given_up, put_back
from bookra.relay.routes import LOCAL, ROUTES
from bookra.relay.trouble import Trouble

LINGER_SECONDS = 0.005
"""How long an outcome waits for others to be settled with."""

MOST_AT_ONCE = 200
"""Outcomes in one transaction."""

LONGEST_GROUP_SECONDS = 0.05
"""After so long, a group that writes more than the queue commits: others want its locks."""

THREADS = 3
TRIES = 3
"""How often a row is tried to be settled when something stands in the way."""

PAUSE_SECONDS = 0.1

Write = Callable[[Tx], object]


class StaleLeaseError(Exception):
    """Somebody else has the rows by now: whatever was done here is rolled back."""


@dataclass(frozen=True, slots=True)
class Written:
    """What one transaction settled of what it took.

    ``due`` names the destinations where the next of a line became ready; ``wakes`` tells that more
    was written that is due at once.
    """

    taken: Sequence[Carried]
    settled: set[UUID]
    due: set[str]
    wakes: bool


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
        self._engine = engine
        self._leases = leases
        self._trouble = trouble
        self._sandboxed = sandboxed
        self._told = told
        self._changed = threading.Condition()
        self._pending: dict[str, _Pending] = {}
        self._armed = crash.armed()
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
                log("outbox.not_settled", level="error", tenant=tenant, error=_name(error))
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
        for group in _groups(batch):
            try:
                left += self._settle(tenant, group)
            except Exception as error:  # noqa: BLE001 - each by itself says what is the matter
                if _unreachable(error):
                    stuck += group
                    continue
                log("outbox.parted", level="warning", tenant=tenant, error=_name(error))
                for carried in group:
                    stuck += self._settle_alone(tenant, carried)
        if stuck:
            time.sleep(PAUSE_SECONDS)
        return left + stuck

    def _settle_alone(self, tenant: str, carried: Carried) -> Sequence[Carried]:
        """Settle one row; one whose effect can't be written here is tried again."""
        try:
            return self._settle(tenant, [carried])
        except StaleLeaseError:
            self._stale(carried)
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
            self._failed(tenant, carried, error)
        except Exception as second:  # noqa: BLE001 - as above
            if _unreachable(second):
                return False
            item, name = carried.item, _name(second)
            log("outbox.not_put_back", level="error", row=item.id, topic=item.topic, error=name)
        return True

    def _may_try_again(self, carried: Carried, error: Exception) -> bool:
        """Tell whether what stood in the way may be gone in a moment: a lock, a full disk."""
        if not isinstance(error, UnavailableError):
            return False
        carried.tries += 1
        return carried.tries < TRIES

    def _failed(self, tenant: str, carried: Carried, error: Exception) -> None:
        """Put a row back whose writing failed, or at least set it aside as it must be.

        What was sent without idempotency is settled all the same: sending it again is worse than
        not knowing its reference.
        """
        item, became, name = carried.item, carried.outcome, _name(error)
        log("outbox.not_settled", level="error", row=item.id, topic=item.topic, error=name)

        def action(tx: Tx) -> None:
            if not isinstance(became, Delivered):
                queue.put_back(tx, item, put_back(item, became, tx.now))
            elif item.destination in AT_MOST_ONCE:
                settling.archive(tx, [(item, became.reference)])
            else:
                again = Retry(name, outcome.TRANSIENT)
                queue.put_back(tx, item, put_back(item, again, tx.now))

        self._engine.act(tenant, action, command=None)

    def _settle(self, tenant: str, group: Sequence[Carried]) -> Sequence[Carried]:
        """Settle a group in one transaction; returns what it had no time for."""
        delivered = any(isinstance(carried.outcome, Delivered) for carried in group)
        named = delivered and _changes(group[0])
        written = self._engine.act(
            tenant,
            lambda tx: self._group(tx, group),
            command=f"relay.{group[0].item.topic}" if named else None,
        )
        self._after(written)
        self._told(tenant, written)
        return group[len(written.taken) :]

    def _group(self, tx: Tx, group: Sequence[Carried]) -> Written:
        tx.run(queue.BY_INDEX)
        changes = _changes(group[0])
        held = settling.hold(tx, [carried.item for carried in group]) if changes else None
        done: list[tuple[Claimed, str | None]] = []
        back: list[tuple[Claimed, PutBack]] = []
        taken: list[Carried] = []
        begun = time.monotonic()
        for carried in group:
            if changes and taken and time.monotonic() - begun > LONGEST_GROUP_SECONDS:
                break
            taken.append(carried)
            if held is None or carried.item.id in held:
                _write_one(tx, carried, done, back)
        settled, due = settling.archive(tx, done) if done else (set[UUID](), set[str]())
        settled |= settling.put_back(tx, back) if back else set()
        if changes and not settled:
            raise StaleLeaseError
        self._decided(tx, _among(taken, settled))
        return Written(taken, settled, due, tx.wakes)

    def _decided(self, tx: Tx, settled: Sequence[Carried]) -> None:
        """Write what the settled ones mean for their destinations."""
        for carried in settled:
            self._trouble.write(tx, carried)
        if self._armed:
            for carried in settled:
                crash.point("before-settle", carried.item.topic, self._stands_in(carried))

    def _after(self, written: Written) -> None:
        """Tell of what is settled by now; what was stale is counted, and nothing else."""
        now = time.monotonic()
        for carried in _among(written.taken, written.settled, inside=False):
            self._stale(carried)
        for carried in _among(written.taken, written.settled):
            item, became = carried.item, carried.outcome
            self._trouble.written(carried)
            if self._armed:
                crash.point("settled", item.topic, self._stands_in(carried))
            name = type(became).__name__.lower()
            metrics.settled(item.topic, item.destination, name, now - item.claimed_at)
            log(
                "outbox.settled",
                row=item.id,
                tenant=item.tenant,
                topic=item.topic,
                outcome=name,
                why=getattr(became, "why", None),
                attempt=item.attempts,
            )
        self._leases.drop(carried.item for carried in written.taken)

    def _stale(self, carried: Carried) -> None:
        metrics.stale()
        log("outbox.stale", level="warning", row=carried.item.id, topic=carried.item.topic)

    def _stands_in(self, carried: Carried) -> Callable[[], bool]:
        return lambda: self._sandboxed(carried.item)


def _write_one(
    tx: Tx,
    carried: Carried,
    done: list[tuple[Claimed, str | None]],
    back: list[tuple[Claimed, PutBack]],
) -> None:
    """Run what a row's outcome changes here, and note how it leaves this relay."""
    item, became = carried.item, carried.outcome
    if isinstance(became, Delivered):
        if item.destination == "local":
            LOCAL[item.topic](tx, item.payload)
        elif (applied := ROUTES[item.topic].applied) is not None:
            applied(tx, item.payload, became)
        done.append((item, became.reference))
    else:
        how = put_back(item, became, tx.now)
        given_up(tx, item, how.state, how.why)
        back.append((item, how))


def _among(
    taken: Sequence[Carried], settled: set[UUID], *, inside: bool = True
) -> Sequence[Carried]:
    """Return those of ``taken`` that were settled, or those that were not: mostly all, or none."""
    if len(settled) == len(taken):
        return taken if inside else ()
    return [carried for carried in taken if (carried.item.id in settled) is inside]


def _changes(carried: Carried) -> bool:
    """Tell whether settling a row may write more than the queue itself."""
    topic = carried.item.topic
    if carried.item.destination == "local":
        return topic in LOCAL
    route = ROUTES.get(topic)
    if route is None:
        return False
    if isinstance(carried.outcome, Delivered):
        return route.applied is not None
    return route.abandoned is not None or route.unsure is not None


def _groups(batch: Sequence[Carried]) -> list[list[Carried]]:
    """Return what can be settled together: by topic where more than the queue is written."""
    groups: defaultdict[str, list[Carried]] = defaultdict(list)
    for carried in batch:
        groups[carried.item.topic if _changes(carried) else ""].append(carried)
    return list(groups.values())


def _unreachable(error: Exception) -> bool:
    """Tell whether it was the database that failed, and not what was written."""
    return isinstance(error, UnavailableError) and error.code.startswith("database")


def _name(error: Exception) -> str:
    """Return what is safe to store of an error: its code or its type, never its text."""
    return error.code if isinstance(error, BookraError) else type(error).__name__
