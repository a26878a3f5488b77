"""The screen of operations over the engine: one look at everything, and what mends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from bookra.engine.outbox import breakers, holding, inspect
from bookra.engine.outbox.destinations import Queue, queues
from bookra.engine.outbox.inspect import OutboxRow
from bookra.engine.outbox.relays import relays
from bookra.engine.payments import inbox
from bookra.engine.payments.inbox import InboxEvent
from bookra.engine.runtime import Tx
from bookra.engine.schedules.actions import schedules
from bookra.engine.schedules.leading import leader
from bookra.engine.schedules.model import Schedule
from bookra.engine.schedules.ticks import JobSeen, jobs
from bookra.engine.tenancy.providers import accounts
from bookra.tui.desk import Done
from bookra.tui.desk.ops import DestinationLine, EventLine, JobLine, Letter, Ops, RelayLine
from bookra.tui.engine_desk.counter import Counter, words

MOST = 100
"""Rows of one kind: whoever has more of them has one trouble, not a hundred."""
SET_ASIDE = ("dead", "unknown")


class EngineOps(Counter):
    """Questions and verbs of the screen of operations."""

    def ops(self) -> Ops:
        """Return how it stands: the relays' tables are nobody's own, the rest is the tenant's."""
        return self._ask(_ops)

    def retry_letter(self, letter: str) -> Done:
        """Make a row due now."""
        done = Done(letter, words("outbox", "retry", letter))
        return self._do("outbox retry", lambda tx: inspect.retry(tx, UUID(letter)), done)

    def discard_letter(self, letter: str) -> Done:
        """Settle a row undelivered."""
        done = Done(letter, words("outbox", "discard", letter))
        return self._do("outbox discard", lambda tx: inspect.discard(tx, UUID(letter)), done)

    def resume(self, destination: str) -> Done:
        """Close a destination's breaker; what a restore holds stays so, and the desk says why."""
        done = Done(destination, words("outbox", "resume", destination))
        return self._do("outbox resume", lambda tx: holding.resume(tx, destination), done)

    def retry_event(self, ref: str) -> Done:
        """Open an event again."""
        done = Done(ref, words("inbox", "retry", ref))
        return self._do("inbox retry", lambda tx: inbox.retry(tx, ref), done)


def _ops(tx: Tx) -> Ops:
    return Ops(
        relays=_relays(tx),
        jobs=(*map(_schedule, schedules(tx)), *map(_job, jobs(tx.connection))),
        destinations=_destinations(tx),
        letters=tuple(map(_letter, _letters(tx))),
        events=tuple(
            _event(one)
            for state in ("failed", "open")
            for one in inbox.events(tx, state=state, limit=MOST)
        ),
        delivered=inspect.stats(tx).delivered,
    )


def _relays(tx: Tx) -> tuple[RelayLine, ...]:
    leads = leader(tx.connection)
    return tuple(
        RelayLine(
            f"{one.host or 'relay'}:{one.pid}" if one.pid else str(one.id)[:8],
            one.version,
            one.started_at,
            one.last_tick_seconds_ago,
            one.alive,
            leads is not None and leads.relay_id == one.id,
        )
        for one in relays(tx.connection)
    )


def _job(found: JobSeen) -> JobLine:
    outcome = found.outcome or ""
    return JobLine(
        found.name,
        "done" if found.finished_at else "never",
        outcome,
        found.finished_at,
        found.next_at,
        found.runs,
        found.failures,
    )


def _schedule(found: Schedule) -> JobLine:
    last = found.last
    return JobLine(
        found.name,
        last.state.value if last else "never",
        (last.outcome or "") if last else "",
        (last.finished_at or last.started_at) if last else None,
        found.due_at if found.enabled else None,
        schedule=True,
    )


def _destinations(tx: Tx) -> tuple[DestinationLine, ...]:
    known = accounts(tx)
    cut = {one.destination: one for one in breakers.breakers(tx)}
    return tuple(_destination(queue, known, cut) for queue in queues(tx))


def _destination(queue: Queue, known: dict[str, Any], cut: dict[str, Any]) -> DestinationLine:
    account, breaker = known.get(queue.destination), cut.get(queue.destination)
    return DestinationLine(
        queue.destination,
        account.state if account else "",
        account.state_why if account else "",
        bool(account and account.sandbox),
        queue.ready,
        queue.waiting,
        queue.in_flight,
        queue.unknown,
        queue.dead,
        queue.oldest_seconds,
        breaker.state if breaker else "closed",
        breaker.until if breaker else None,
        (breaker.why or "") if breaker else "",
    )


def _letters(tx: Tx) -> Sequence[OutboxRow]:
    """Return rows that wait for a person, then those that are tried again after an error."""
    aside = [row for state in SET_ASIDE for row in inspect.outbox_rows(tx, state=state, limit=MOST)]
    tried = [row for row in inspect.outbox_rows(tx, state="ready", limit=MOST) if row.last_error]
    return [*aside, *tried]


def _letter(row: OutboxRow) -> Letter:
    return Letter(
        str(row.id),
        row.topic,
        row.destination,
        row.booking or "",
        row.state,
        row.attempts,
        row.rescues,
        row.generation,
        row.due_at,
        row.created_at,
        row.last_error or "",
        row.error_class or "",
    )


def _event(found: InboxEvent) -> EventLine:
    return EventLine(
        found.event_ref,
        found.kind,
        found.object_ref,
        found.state,
        found.via,
        found.attempts,
        found.received_at,
        found.last_error or "",
    )
