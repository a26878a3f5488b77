"""Whose turn it is, and how much of it: the claims of one relay. Used by one thread.

A look across tenants says which queues (a tenant's rows to one provider) have something due; each
then has its turn, those that were served longest ago first. A queue whose last claim was full is
not looked for again before it is empty. Looks take a third of the time at most, however much
there is to look at.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from bookra.engine.outbox import breakers, looking, queue
from bookra.engine.outbox.looking import Due
from bookra.engine.outbox.queue import BEGINNING, Claimed, Mark
from bookra.engine.runtime import Engine, Tx
from bookra.errors import code_of
from bookra.relay import metrics
from bookra.relay.lanes import MOST_AHEAD, Lanes
from bookra.relay.limits import Limits
from bookra.relay.log import log
from bookra.relay.options import RelayOptions
from bookra.relay.settling import Settler
from bookra.relay.trouble import Trouble

MOST_AT_ONCE = 200
"""Rows of one claim."""

FROM_THE_FRONT_SECONDS = 3.0
"""How often a queue is claimed from its very front: rows that were put back are behind the mark."""

LATEST_COMMIT = timedelta(seconds=5)
"""How long after its instant a row may be committed and still be found behind the mark at once."""

LOOKS_SHARE, LONGEST_REST_SECONDS = 2, 0.25
"""After a look, so many times as long goes by before the next, but no longer than that."""

Pair = tuple[str, str]


class _Queue:
    """What is known of a tenant's rows to one provider."""

    __slots__ = ("expected", "fronted_at", "full", "mark", "trial")

    def __init__(self) -> None:
        self.expected = False
        self.full = False
        self.trial = False
        self.mark: Mark = BEGINNING
        self.fronted_at = 0.0


class Claiming:
    """Claims for one relay, by turns. ``woken`` asks for a look as soon as one may be taken."""

    def __init__(
        self,
        engine: Engine,
        relay_id: UUID,
        options: RelayOptions,
        trouble: Trouble,
        lanes: Lanes,
        settler: Settler,
    ) -> None:
        self._engine = engine
        self._relay_id = relay_id
        self._options = options
        self._trouble = trouble
        self._lanes = lanes
        self._settler = settler
        self._limits = Limits(options.calls_per_second)
        self._queues: dict[Pair, _Queue] = {}
        self._promoted: deque[Pair] = deque()
        self._rested_until = 0.0
        self.woken = False

    def look(self, *, at_once: bool = False) -> bool:
        """Ask which queues have something due; False when it is too soon for another look."""
        begun = time.monotonic()
        if begun < self._rested_until and not at_once:
            return False
        self.woken = False
        for due in self._engine.across_tenants(looking.pairs_with_work):
            self._seen(due)
        ended = time.monotonic()
        rest = min(LOOKS_SHARE * (ended - begun), LONGEST_REST_SECONDS)
        self._rested_until = ended + rest
        return True

    @property
    def rests_seconds(self) -> float:
        """How long until the next look may be taken."""
        return max(0.0, self._rested_until - time.monotonic())

    def expect(self, tenant: str, destinations: Iterable[str]) -> None:
        """Give queues a turn without a look: something became due there. From any thread."""
        self._promoted.extend((tenant, destination) for destination in destinations)

    def turns(self) -> list[Pair]:
        """Return the queues that may have something due, those served longest ago first."""
        while self._promoted:
            self._queues.setdefault(self._promoted.popleft(), _Queue()).expected = True
        return [pair for pair, known in list(self._queues.items()) if known.expected]

    def held_back_seconds(self) -> float | None:
        """Return how long until a queue may go on that its rate alone holds back; None if none."""
        waits = [
            self._limits.wait_seconds(pair) or 0.001
            for pair in self.turns()
            if self._room(pair) > 0
        ]
        return min(waits, default=None)

    def claim(self, pair: Pair) -> list[Claimed]:
        """Claim what a queue may begin now; its trouble is its own, and holds up no other."""
        known, room = self._queues[pair], self._room(pair)
        if known.trial:
            room = min(room, 1)
        limit = self._limits.take(pair, min(room, MOST_AT_ONCE)) if room > 0 else 0
        if not limit:
            return []
        begun = time.monotonic()
        items: list[Claimed] = []
        try:
            items = self._claimed(pair, known, limit)
            metrics.claimed(len(items), time.monotonic() - begun)
        except Exception as error:  # noqa: BLE001 - the other tenants' turn must come
            log("outbox.not_claimed", level="warning", tenant=pair[0], error=code_of(error))
        self._limits.give_back(pair, limit - len(items))
        self._served(pair, known, items, limit)
        return items

    def _claimed(self, pair: Pair, known: _Queue, limit: int) -> list[Claimed]:
        after = self._after(known)

        def action(tx: Tx) -> list[Claimed]:
            tx.run(queue.LEASING)
            lease = self._options.lease_seconds
            if known.trial and not breakers.trial(tx, pair[1], seconds=lease):
                return []
            return queue.claim(
                tx,
                self._relay_id,
                pair[1],
                lease_seconds=lease,
                limit=limit,
                after=after,
                trial=known.trial,
            )

        items = self._engine.act(pair[0], action, command=None)
        if known.trial and items:
            self._trouble.tried(pair)
        return items

    def _after(self, known: _Queue) -> Mark:
        """Return from where to claim: every few seconds, and for a trial, from the front."""
        now = time.monotonic()
        if known.trial or now - known.fronted_at >= FROM_THE_FRONT_SECONDS:
            known.fronted_at = now
            return BEGINNING
        if known.full:
            return known.mark
        due_at, _ = known.mark
        return BEGINNING if known.mark == BEGINNING else (due_at - LATEST_COMMIT, UUID(int=0))

    def _served(self, pair: Pair, known: _Queue, items: list[Claimed], limit: int) -> None:
        """Note what a claim brought; who was served goes to the end."""
        known.full = len(items) == limit and not known.trial
        known.expected = known.full
        known.trial = False
        if items:
            known.mark = items[-1].mark
        del self._queues[pair]
        self._queues[pair] = known

    def _seen(self, due: Due) -> None:
        known = self._queues.setdefault(due.pair, _Queue())
        known.expected, known.trial = True, due.trial
        self._limits.set(due.pair, due.calls_per_second)

    def _room(self, pair: Pair) -> int:
        """Return how many rows of a queue can begin soon."""
        tenant, destination = pair
        if destination == "local":
            return MOST_AHEAD - self._settler.backlog(tenant)
        lane = self._lanes[destination]
        if self._trouble.ill(destination):
            return 1 if lane.idle else 0
        return lane.room(tenant)
