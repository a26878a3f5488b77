"""The tally: every attempt by its kind and how it ended, so that all of them add up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from bookra.engine.proofs.tortures.tickets import Ticket
from bookra.engine.proofs.tortures.trying import CONFLICT, WON

READY, DONE, DEADLOCK = "ready", "done", "deadlock"
"""The first word of each line that a writer says."""

PERCENTILES = {"p50": 50, "p95": 95, "p99": 99, "max": 100}


@dataclass(slots=True)
class KindTally:
    """How the attempts of one kind ended. ``conflicts`` and ``errors`` count by their word."""

    winners: int = 0
    conflicts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def attempts(self) -> int:
        """All of them."""
        return self.winners + self.conflicts.total() + self.errors.total()


@dataclass(slots=True)
class Tally:
    """What the writers said. ``seconds`` holds how long each answered attempt took."""

    kinds: dict[str, KindTally] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)
    deadlocks: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0

    def done(self, ticket: Ticket, verdict: str, word: str, seconds: float) -> None:
        """Note how an attempt ended, and what a winner has made."""
        kind = self._kind(ticket)
        self.seconds.append(seconds)
        if verdict == WON:
            kind.winners += 1
            self.made[ticket.way] += 1
        elif verdict == CONFLICT:
            kind.conflicts[word] += 1
        else:
            kind.errors[word] += 1

    def lost(self, ticket: Ticket, word: str) -> None:
        """Note an attempt that nobody answers for: it may have been made or not."""
        self.unanswered += 1
        self._kind(ticket).errors[word] += 1

    def died(self, why: str) -> None:
        """Note the death of a writer."""
        self.deaths.append(why)

    def deadlock(self, kind: str, way: str, statement: str) -> None:
        """Note a deadlock or a serialisation failure that a writer met, and in which statement."""
        self.deadlocks[f"{kind}: {way}: {statement}"] += 1

    @property
    def attempts(self) -> int:
        """How many attempts are accounted for."""
        return sum(kind.attempts for kind in self.kinds.values())

    @property
    def winners(self) -> int:
        """How many won."""
        return sum(kind.winners for kind in self.kinds.values())

    @property
    def conflicts(self) -> Counter[str]:
        """The documented refusals of all kinds, by code."""
        return sum((kind.conflicts for kind in self.kinds.values()), Counter())

    @property
    def errors(self) -> Counter[str]:
        """Whatever is neither won nor a documented refusal, by its name."""
        return sum((kind.errors for kind in self.kinds.values()), Counter())

    def latency_ms(self) -> dict[str, float]:
        """Return percentiles of the answered attempts' times, in milliseconds."""
        ranked = sorted(self.seconds)
        if not ranked:
            return dict.fromkeys(PERCENTILES, 0.0)
        last = len(ranked) - 1
        return {
            name: round(ranked[last * share // 100] * 1000, 1)
            for name, share in PERCENTILES.items()
        }

    def _kind(self, ticket: Ticket) -> KindTally:
        return self.kinds.setdefault(ticket.kind, KindTally())
