"""A claimed row on its way out: what the function that delivers it may ask and call.

No transaction is open in a call: the facts are read first, in a transaction of their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bookra.engine.outbox import queue, topics
from bookra.engine.outbox.queue import Claimed
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy.providers import ProviderAccount
from bookra.relay import crash, metrics
from bookra.relay.access import Clients
from bookra.relay.outcome import Delivered, Outcome

SKIPPED = Delivered("skipped")
"""There is nothing left to do: the facts have changed since the row was written."""


@dataclass(frozen=True, slots=True)
class Route:
    """How one topic is delivered; what is written when it is, and when it never will be.

    ``unsure`` is for destinations without idempotency: what is written when nobody can tell
    whether the effect exists. Each runs in the transaction that settles the row.
    """

    deliver: Callable[[Delivery], Outcome]
    applied: Callable[[Tx, topics.Payload, Delivered], None] | None = None
    abandoned: Callable[[Tx, topics.Payload, str], None] | None = None
    unsure: Callable[[Tx, topics.Payload, str], None] | None = None


class LeaseLostError(Exception):
    """Somebody else has the row by now: nothing may be sent for it here."""


@dataclass(slots=True)
class Delivery:
    """One claimed row on its way: where its facts and its clients are."""

    engine: Engine
    clients: Clients
    item: Claimed
    payload: topics.Payload
    made: bool = False
    """The call was made, or may have been."""
    answer: Outcome | None = None
    """What the last call brought; None when it brought nothing yet, or never will."""

    def ask(self, question: Callable[[Tx], Any]) -> Any:
        """Read the facts in the tenant's transaction, which is closed before any call."""
        return self.engine.ask(self.item.tenant, question)

    def called(self, account: ProviderAccount, call: Callable[[], Outcome]) -> Outcome:
        """Make the one call, between its two crash points.

        Where the other side knows no idempotency, ``sending`` is committed right before it; raises
        LeaseLostError when the row is somebody else's by then.
        """
        if self.item.destination in topics.AT_MOST_ONCE and not self.made:
            self._mark_sending()
        self.made, self.answer = True, None
        crash.point("before-call", self.item.topic, lambda: account.sandbox)
        begun = time.monotonic()
        self.answer = outcome = call()
        metrics.called(self.item.destination, time.monotonic() - begun)
        crash.point("after-call", self.item.topic, lambda: account.sandbox)
        return outcome

    def _mark_sending(self) -> None:
        mine = self.engine.act(
            self.item.tenant, lambda tx: queue.start_sending(tx, self.item), command=None
        )
        if not mine:
            raise LeaseLostError


def stripe_key(item: Claimed, operation_id: object) -> str:
    """Return the idempotency key: the operation's, and a new one for a deliberate generation."""
    suffix = f":g{item.generation}" if item.generation > 1 else ""
    return f"op:{operation_id}{suffix}"
