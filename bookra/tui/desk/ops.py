"""What the screen of operations asks of the desk: relays, queues, what is stuck, and mending it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bookra.tui.desk.done import Done


class OpsDesk(Protocol):
    """Questions and verbs of the screen of operations."""

    def ops(self) -> Ops:
        """Return how everything that goes out, and what comes in, stands now."""
        ...

    def retry_letter(self, letter: str) -> Done:
        """Make a dead, unknown or postponed row due now; ConflictError (``not_retriable``)."""
        ...

    def discard_letter(self, letter: str) -> Done:
        """Settle a dead or unknown row undelivered; ConflictError (``not_discardable``)."""
        ...

    def resume(self, destination: str) -> Done:
        """Deliver again to a destination that is held back."""
        ...

    def retry_event(self, ref: str) -> Done:
        """Have an event that Stripe has told handled anew."""
        ...


@dataclass(frozen=True, slots=True)
class RelayLine:
    """A relay of the last hour."""

    name: str
    version: str
    started_at: datetime
    seconds_ago: float
    alive: bool
    leads: bool


@dataclass(frozen=True, slots=True)
class JobLine:
    """What is done by the clock: a job of the relay's own, or one of the business's schedules.

    ``state`` is done, failed, found, running or never; ``schedule`` tells the two apart.
    """

    name: str
    state: str
    outcome: str
    last_at: datetime | None
    next_at: datetime | None
    runs: int = 0
    failures: int = 0
    schedule: bool = False


@dataclass(frozen=True, slots=True)
class DestinationLine:
    """A destination: the account there, its queue, and its breaker.

    ``account`` is its state, or empty where none is set; ``breaker`` is closed, open, probing or
    parked, ``why`` a code.
    """

    name: str
    account: str
    account_why: str
    sandbox: bool
    ready: int
    waiting: int
    in_flight: int
    unknown: int
    dead: int
    oldest_seconds: float
    breaker: str = "closed"
    until: datetime | None = None
    why: str = ""

    @property
    def held_back(self) -> bool:
        """Whether nothing, or one row at a time, goes there."""
        return self.breaker != "closed"


@dataclass(frozen=True, slots=True)
class Letter:
    """An effect that is not delivered: dead, unknown, or being tried again after an error."""

    id: str
    topic: str
    destination: str
    subject: str
    state: str
    attempts: int
    rescues: int
    generation: int
    due_at: datetime
    created_at: datetime
    error: str
    error_class: str

    @property
    def waits_for_somebody(self) -> bool:
        """Tell whether nobody delivers it until a person decides."""
        return self.state in ("dead", "unknown")


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event that was received and is not handled: open, or failed ``attempts`` times."""

    ref: str
    kind: str
    subject: str
    state: str
    via: str
    attempts: int
    received_at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class Ops:
    """All of it. ``letters`` are the ones that wait for somebody first."""

    relays: tuple[RelayLine, ...]
    jobs: tuple[JobLine, ...]
    destinations: tuple[DestinationLine, ...]
    letters: tuple[Letter, ...]
    events: tuple[EventLine, ...]
    delivered: int

    @property
    def alive(self) -> int:
        """How many relays live."""
        return sum(relay.alive for relay in self.relays)
