"""A lane a provider: its own threads, and whose turn it is among the tenants.

No provider can hold up another's deliveries, since it has no part in their threads. Within a lane
tenants take turns, and none may have more than half of the threads. A delivery that is slow stops
counting against the others (a thread more stands in for it, within limits), while its own tenant
begins nothing else: a provider that hangs for one tenant delays no other. A delivery that outlives
its deadline is abandoned with its thread, and whatever comes of it is stale.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bookra.engine.outbox.queue import Claimed
from bookra.relay.carrying import Carried

SLOW_SECONDS = 3.0
"""A delivery that takes longer is slow: another thread stands in for it."""

AHEAD_SECONDS = 0.2
"""How much work is claimed ahead of the threads, by what deliveries have taken so far."""

MOST_AHEAD = 400
"""Rows of a tenant that are claimed at once at most, however fast they go."""

CHUNK_SECONDS, MOST_IN_A_CHUNK = 0.005, 25
"""A thread takes several rows at a time of what goes fast."""

STAND_INS = 3
"""For so many times its threads a lane takes stand-ins."""


@dataclass(slots=True, eq=False)
class _Seat:
    """A thread at work: for whom, on what, since when (monotonic)."""

    tenant: str
    items: Sequence[Claimed]
    since: float
    slow: bool = False
    abandoned: bool = False


@dataclass(slots=True, eq=False)
class _Line:
    """A tenant's rows in a lane, claimed and not begun."""

    queued: deque[Claimed] = field(default_factory=deque)
    running: int = 0
    slow: int = 0


class Lane:
    """Delivers one destination's rows: ``carry`` one, ``ended`` is told of one tenant's at a time.

    Neither may raise.
    """

    def __init__(
        self,
        destination: str,
        workers: int,
        carry: Callable[[Claimed], Carried],
        ended: Callable[[Sequence[Carried]], None],
    ) -> None:
        self.destination = destination
        self._workers = workers
        self._share = max(1, workers // 2)
        self._carry = carry
        self._ended = ended
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._lines: dict[str, _Line] = {}
        self._turns: deque[str] = deque()
        """Tenants with queued rows; who was served goes to the end."""
        self._seats: set[_Seat] = set()
        self._threads = self._idle = 0
        self._stopping = False
        self._put_down: list[Claimed] = []
        """What a thread had taken, and did not begin when it was told to stop."""
        self._seconds = AHEAD_SECONDS
        """What a delivery takes, as a running average."""

    def room(self, tenant: str) -> int:
        """Return how many more rows of a tenant can begin soon."""
        with self._lock:
            line = self._lines.get(tenant)
            held = len(line.queued) + line.running if line else 0
            if line is not None and line.slow:
                return 0
            share = self._share * AHEAD_SECONDS / max(self._seconds, AHEAD_SECONDS / MOST_AHEAD)
            return max(0, min(max(int(share), self._share + 1), MOST_AHEAD) - held)

    @property
    def idle(self) -> bool:
        """Tell whether nothing is under way or queued."""
        with self._lock:
            return not self._seats and not self._turns

    @property
    def held(self) -> int:
        """How many rows are under way or queued."""
        with self._lock:
            return sum(len(seat.items) for seat in self._seats) + sum(
                len(line.queued) for line in self._lines.values()
            )

    def add(self, tenant: str, items: Sequence[Claimed]) -> None:
        """Queue claimed rows of one tenant; threads are started as they are needed."""
        with self._work:
            line = self._lines.setdefault(tenant, _Line())
            if not line.queued:
                self._turns.append(tenant)
            line.queued.extend(items)
            wanted = self._wanted(len(items))
            for _ in range(min(wanted - self._idle, self._places() - self._threads)):
                self._start()
            self._work.notify(wanted)

    def take_back(self) -> list[Claimed]:
        """Stop beginning anything; returns what was queued and never will be begun."""
        with self._work:
            self._stopping = True
            left = [item for line in self._lines.values() for item in line.queued]
            left += self._put_down
            self._put_down = []
            for line in self._lines.values():
                line.queued.clear()
            self._turns.clear()
            self._work.notify_all()
            return left

    def look(self, *, deadline_seconds: float) -> list[Claimed]:
        """Notice what is slow, and abandon what is past its deadline; returns those rows."""
        given_up: list[Claimed] = []
        with self._work:
            for seat in list(self._seats):
                took = time.monotonic() - seat.since
                if took > deadline_seconds:
                    seat.abandoned = True
                    self._leave(seat)
                    self._threads -= 1
                    given_up.extend(seat.items)
                elif took > SLOW_SECONDS and not seat.slow:
                    seat.slow = True
                    self._lines[seat.tenant].slow += 1
            queued = sum(len(line.queued) for line in self._lines.values())
            for _ in range(min(queued, self._places() - self._threads)):
                self._start()
            self._work.notify_all()
        return given_up

    def _wanted(self, rows: int) -> int:
        """Return how many threads have something to do: of what goes fast, one does much."""
        return min(rows, 1 + int(rows * self._seconds / CHUNK_SECONDS))

    def _places(self) -> int:
        """Return how many threads there may be."""
        slow = sum(seat.slow for seat in self._seats)
        return self._workers + min(slow, STAND_INS * self._workers)

    def _start(self) -> None:
        self._threads += 1
        name = f"{self.destination}-{self._threads}"
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        while (seat := self._next()) is not None:
            if not self._rise(seat, self._do(seat)):
                return

    def _do(self, seat: _Seat) -> int:
        """Deliver a seat's rows, and tell of them soon after; returns how many were begun."""
        done: list[Carried] = []
        told = 0
        tell_at = time.monotonic() + CHUNK_SECONDS
        for item in seat.items:
            if seat.abandoned or (done and self._stopping):
                break
            done.append(self._carry(item))
            if time.monotonic() >= tell_at:
                self._ended(done[told:])
                told = len(done)
                tell_at = time.monotonic() + CHUNK_SECONDS
        if len(done) > told:
            self._ended(done[told:])
        return len(done)

    def _next(self) -> _Seat | None:
        """Wait for a turn; None when this thread is needed no more."""
        with self._work:
            while True:
                if self._stopping or self._threads > self._places():
                    self._threads -= 1
                    return None
                tenant = self._whose_turn()
                if tenant is not None:
                    return self._sit(tenant)
                self._idle += 1
                self._work.wait()
                self._idle -= 1

    def _whose_turn(self) -> str | None:
        """Return the first tenant that may begin something; those who may not keep their place."""
        for tenant in self._turns:
            line = self._lines[tenant]
            if line.running < self._share and not line.slow:
                return tenant
        return None

    def _sit(self, tenant: str) -> _Seat:
        line = self._lines[tenant]
        fits = min(int(CHUNK_SECONDS / self._seconds), MOST_IN_A_CHUNK, len(line.queued))
        seat = _Seat(tenant, [line.queued.popleft() for _ in range(max(1, fits))], time.monotonic())
        line.running += 1
        self._turns.remove(tenant)
        if line.queued:
            self._turns.append(tenant)
        self._seats.add(seat)
        return seat

    def _rise(self, seat: _Seat, done: int) -> bool:
        """Note what a seat's deliveries took; False when its thread was given up meanwhile."""
        with self._work:
            if seat.abandoned:
                return False
            self._leave(seat)
            self._put_down += seat.items[done:]
            took = (time.monotonic() - seat.since) / max(done, 1)
            self._seconds += (max(took, 1e-5) - self._seconds) * 0.2
            if self._turns:
                self._work.notify()
            return True

    def _leave(self, seat: _Seat) -> None:
        self._seats.discard(seat)
        line = self._lines[seat.tenant]
        line.running -= 1
        line.slow -= seat.slow
        if not line.running and not line.queued:
            del self._lines[seat.tenant]


class Lanes:
    """The lanes by destination, opened when something goes there."""

    def __init__(
        self,
        workers: int,
        carry: Callable[[Claimed], Carried],
        ended: Callable[[Sequence[Carried]], None],
    ) -> None:
        self._workers = workers
        self._carry = carry
        self._ended = ended
        self._open: dict[str, Lane] = {}

    def __getitem__(self, destination: str) -> Lane:
        lane = self._open.get(destination)
        if lane is None:
            lane = self._open[destination] = Lane(
                destination, self._workers, self._carry, self._ended
            )
        return lane

    def look(self, *, deadline_seconds: float) -> list[Claimed]:
        """Look after every lane; returns the rows that were abandoned."""
        return [
            item
            for lane in list(self._open.values())
            for item in lane.look(deadline_seconds=deadline_seconds)
        ]

    def take_back(self) -> list[Claimed]:
        """Stop every lane from beginning anything; returns what was never begun."""
        return [item for lane in list(self._open.values()) for item in lane.take_back()]

    def held(self) -> Counter[str]:
        """Count what is under way or queued, by destination."""
        return Counter({name: lane.held for name, lane in self._open.items()})
