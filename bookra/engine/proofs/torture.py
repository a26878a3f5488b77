"""The torture: thousands of writers' attempts to break the book, and a judge of what is left.

Processes with a connection a thread try verbs of every kind on the same people, rooms, seats and
days at the same moments, some of them past every check in Python. Then queries that share nothing
with the engine count what must not be.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from bookra.engine.proofs.tortures.arena import build
from bookra.engine.proofs.tortures.crew import Crew
from bookra.engine.proofs.tortures.findings import Findings, Made, judge, made
from bookra.engine.proofs.tortures.tally import Tally
from bookra.engine.proofs.tortures.tickets import Arena, Programme, heats
from bookra.engine.runtime import Engine
from bookra.errors import InvalidInputError

SEVERAL = 2
"""The fewest processes; there is one a processor, and never more than writers."""

ROOM = text(
    """
    SELECT current_setting('max_connections')::int
           - current_setting('superuser_reserved_connections')::int
           - (SELECT sum(numbackends)::int FROM pg_stat_database) AS room
    """
)
DEADLOCKS = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a torture came to. ``server_deadlocks`` counts those of the whole database meanwhile."""

    tally: Tally
    findings: Findings
    seconds: float
    processes: int
    server_deadlocks: int
    left_behind: Made

    @property
    def deadlocks_retried(self) -> int:
        """How many deadlocks and serialisation failures a retry has made good."""
        met = self.tally.deadlocks.total()
        # An attempt that ends as contended has met one in each of its tries.
        given_up = self.tally.conflicts["contended"]
        return max(0, met - given_up)


def furnish(engine: Engine, tenant: str, programme: Programme) -> Arena:
    """Fill a business that was opened for this torture."""
    return engine.act(tenant, lambda tx: build(tx, programme), command="torture set-up")


def torture(
    engine: Engine,
    conninfo: Mapping[str, str],
    arena: Arena,
    programme: Programme,
    watch: Callable[[int], None],
) -> Verdict:
    """Let the writers loose, then judge. ``watch`` hears how many attempts are accounted for.

    Raises InvalidInputError (``too_many_writers``) when the server has no room for them, and
    UnavailableError when they can't start. Leaving early, by an error or Ctrl-C, ends them all.
    """
    check_room(engine, programme.writers)
    before, furnished = engine.across_tenants(_deadlocks), engine.ask(arena.tenant, made)
    processes = min(programme.writers, max(SEVERAL, os.cpu_count() or 1))
    tally = Tally()
    with Crew(conninfo, arena.tenant, programme.writers, processes) as crew:
        began = time.monotonic()
        for done in crew.run(heats(arena, programme), tally):
            watch(done)
        seconds = time.monotonic() - began
    promised = _promised(furnished, tally)
    return Verdict(
        tally,
        engine.ask(arena.tenant, lambda tx: judge(tx, promised, tally.unanswered)),
        seconds,
        processes,
        engine.across_tenants(_deadlocks) - before,
        engine.ask(arena.tenant, made),
    )


def check_room(engine: Engine, writers: int) -> None:
    """Raise InvalidInputError unless the server has a connection for each of the writers."""
    room = engine.across_tenants(lambda connection: connection.execute(ROOM).scalar_one())
    if writers > room:
        raise InvalidInputError(
            "too_many_writers",
            f"The server has room for {room} more connections, and {writers} writers want one each",
            hint=f"--writers {max(1, room)}, or raise max_connections",
        )


def _promised(furnished: Made, tally: Tally) -> Made:
    """Return how many rows there have to be: those of the set-up, and one a winner."""
    won = tally.made
    return Made(
        furnished.bookings + won["book"],
        furnished.blocks + won["bare span"] + won["named span"],
        furnished.bare_seats + won["bare seat"],
    )


def _deadlocks(connection: Connection) -> int:
    return int(connection.execute(DEADLOCKS).scalar_one())
