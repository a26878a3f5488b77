"""One transaction for a group of outcomes: what each changes here, the queue, and who is told.

A group is of one topic where more than the queue is written, and has its name in the audit.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from bookra.engine.outbox import queue, settling
from bookra.engine.outbox.queue import Claimed, PutBack
from bookra.engine.outbox.topics import AT_MOST_ONCE
from bookra.engine.runtime import Engine, Tx
from bookra.errors import code_of
from bookra.relay import crash, metrics, outcome
from bookra.relay.carrying import Carried
from bookra.relay.log import log
from bookra.relay.outcome import Delivered, Retry
from bookra.relay.returning import given_up, put_back
from bookra.relay.routes import LOCAL, ROUTES
from bookra.relay.trouble import Trouble

LONGEST_GROUP_SECONDS = 0.05
"""After so long, a group that writes more than the queue commits: others want its locks."""


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


class GroupWriter:
    """Settles groups, a transaction each. ``sandboxed`` tells whether a row goes to a stand-in."""

    def __init__(
        self, engine: Engine, trouble: Trouble, sandboxed: Callable[[Claimed], bool]
    ) -> None:
        self._engine = engine
        self._trouble = trouble
        self._sandboxed = sandboxed
        self._armed = crash.armed()

    def settle(self, tenant: str, group: Sequence[Carried]) -> Written:
        """Settle a group in one transaction; it may leave the last of it for another.

        Raises StaleLeaseError when nothing of it is this relay's any more.
        """
        delivered = any(isinstance(carried.outcome, Delivered) for carried in group)
        named = delivered and _changes(group[0])
        written = self._engine.act(
            tenant,
            lambda tx: self._group(tx, group),
            command=f"relay.{group[0].item.topic}" if named else None,
        )
        self._tell(written)
        return written

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

    def set_aside(self, tenant: str, carried: Carried, error: Exception) -> None:
        """Put a row back whose writing failed, or at least set it aside as it must be.

        What was sent without idempotency is settled all the same: sending it again is worse than
        not knowing its reference.
        """
        item, became, name = carried.item, carried.outcome, code_of(error)
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

    def _decided(self, tx: Tx, settled: Sequence[Carried]) -> None:
        """Write what the settled ones mean for their destinations."""
        for carried in settled:
            self._trouble.write(tx, carried)
        if self._armed:
            for carried in settled:
                crash.point("before-settle", carried.item.topic, self._stands_in(carried))

    def _tell(self, written: Written) -> None:
        """Tell of what is settled by now; what was stale is counted, and nothing else."""
        now = time.monotonic()
        for carried in _among(written.taken, written.settled, inside=False):
            tell_stale(carried)
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

    def _stands_in(self, carried: Carried) -> Callable[[], bool]:
        return lambda: self._sandboxed(carried.item)


def tell_stale(carried: Carried) -> None:
    """Count and log a row that is somebody else's by now."""
    metrics.stale()
    log("outbox.stale", level="warning", row=carried.item.id, topic=carried.item.topic)


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


def groups(batch: Sequence[Carried]) -> list[list[Carried]]:
    """Return what can be settled together: by topic where more than the queue is written."""
    groups: defaultdict[str, list[Carried]] = defaultdict(list)
    for carried in batch:
        groups[carried.item.topic if _changes(carried) else ""].append(carried)
    return list(groups.values())
