"""The torture itself: it loses no attempt, it can be repeated, and it finds what is broken."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from databases import Database
from sqlalchemy import text

from bookra.engine.database import open_pool
from bookra.engine.proofs import torture as torturing
from bookra.engine.proofs.torture import Verdict, furnish, torture
from bookra.engine.proofs.tortures import crew as crews
from bookra.engine.proofs.tortures.arena import new_business
from bookra.engine.proofs.tortures.findings import Made, judge, made
from bookra.engine.proofs.tortures.tickets import (
    KINDS,
    Arena,
    ClassSession,
    Programme,
    Ticket,
    heats,
)
from bookra.engine.runtime import Engine
from bookra.engine.tenancy import actions as tenancy
from bookra.errors import InvalidInputError

SEED = 20261124
UNPROTECT = "ALTER TABLE bookra.allocations DROP CONSTRAINT allocations_no_overlap"
# The name is still there, and the engine's inserts still name it; it compares rows with themselves.
PRETEND = (
    "ALTER TABLE bookra.allocations ADD CONSTRAINT allocations_no_overlap"
    " EXCLUDE USING gist (id WITH =)"
)


class Yard:
    """An arena in a test's database, and the torture in it."""

    def __init__(self, database: Database, engine: Engine, programme: Programme) -> None:
        self.database, self.engine, self.programme = database, engine, programme
        administrator = open_pool(database.administrator, pooled=False)
        with administrator.begin() as connection:
            tenant, _ = tenancy.create(connection, new_business())
        self.arena = furnish(engine, tenant.slug, programme)

    def run(self, watch: Callable[[int], None] = lambda _: None) -> Verdict:
        """Torture with the arena's own programme."""
        conninfo = self.database.conninfo
        return torture(self.engine, conninfo, self.arena, self.programme, watch)

    def administer(self, *statements: str) -> None:
        """Break something, as only an administrator can."""
        pool = open_pool(self.database.administrator, pooled=False)
        with pool.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))


def yard(database: Database, engine: Engine, *kinds: str, attempts: int = 128) -> Yard:
    """Furnish an arena for eight writers."""
    return Yard(database, engine, Programme(kinds or KINDS, attempts, 8, SEED))


@pytest.fixture
def few_writers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes, whatever machine this is."""
    monkeypatch.setattr(torturing, "SEVERAL", 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def some_arena(programme: Programme) -> Arena:
    sessions = tuple(ClassSession(f"s{n}", n, programme.seats) for n in range(programme.sessions))
    return Arena(
        "torture-test",
        ZoneInfo("Europe/Berlin"),
        date(2026, 11, 25),
        tuple(f"customer-{n}" for n in range(2 * programme.heat)),
        tuple(f"T-{n}" for n in range(8)),
        "T-9",
        sessions,
    )


@pytest.mark.parametrize("attempts", [1, 7, 8, 1000, 4001])
@pytest.mark.parametrize("kinds", [KINDS, ("slot",), ("direct", "seats")])
def test_every_attempt_is_dealt_once_and_the_kinds_share_alike(
    attempts: int, kinds: tuple[str, ...]
) -> None:
    programme = Programme(kinds, attempts, 16, SEED)
    dealt = [ticket for heat in heats(some_arena(programme), programme) for ticket in heat]
    assert sorted(ticket.number for ticket in dealt) == list(range(attempts))
    shares = Counter(ticket.kind for ticket in dealt)
    assert shares == {kind: share for kind, share in programme.shares.items() if share}
    assert max(programme.shares.values()) - min(programme.shares.values()) <= 1


def test_a_seed_deals_the_same_again_and_another_seed_others() -> None:
    def dealt(seed: int) -> list[list[Ticket]]:
        programme = Programme(KINDS, 500, 16, seed)
        return list(heats(some_arena(programme), programme))

    assert dealt(1) == dealt(1)
    assert dealt(1) != dealt(2)


def test_a_heat_wants_one_slot_and_the_next_heat_another() -> None:
    programme = Programme(("slot",), 64, 16, SEED)
    wanted = [{ticket.at for ticket in heat} for heat in heats(some_arena(programme), programme)]
    assert [len(times) for times in wanted] == [1] * 4
    assert len(set.union(*wanted)) == 4


def test_more_attempts_than_windows_make_larger_heats() -> None:
    programme = Programme(("slot",), 1_000_000, 16, SEED)
    assert programme.heat > 16
    assert programme.rounds <= 4200


@pytest.mark.usefixtures("few_writers")
def test_a_torture_of_all_kinds_finds_nothing_and_accounts_for_every_attempt(
    database: Database, engine: Engine
) -> None:
    heard: list[int] = []
    verdict = yard(database, engine, attempts=240).run(heard.append)
    tally = verdict.tally
    assert verdict.findings.clean, verdict.findings
    assert not tally.errors
    assert not tally.deaths
    assert tally.attempts == 240 == heard[-1] == len(tally.seconds)
    assert {name: kind.attempts for name, kind in tally.kinds.items()} == dict.fromkeys(KINDS, 30)
    assert all(kind.winners for kind in tally.kinds.values()), tally.kinds
    assert tally.winners + tally.conflicts.total() == 240
    assert set(tally.conflicts) <= {
        "slot_taken",
        "class_full",
        "seat_taken",
        "not_offered",
        "contended",
    }
    assert verdict.processes == 2


@pytest.mark.usefixtures("few_writers")
def test_without_the_exclusion_constraint_bare_inserts_overlap_and_are_found(
    database: Database, engine: Engine
) -> None:
    it = yard(database, engine, "direct", attempts=400)
    it.administer(UNPROTECT)
    verdict = it.run()
    assert verdict.findings.overlaps > 0
    assert verdict.findings.units_twice == 0
    assert verdict.tally.errors["42704"] > 0, "naming a constraint that is gone is no conflict"
    assert verdict.tally.attempts == 400


@pytest.mark.usefixtures("few_writers")
@pytest.mark.parametrize("kind", ["slot", "neighbours", "any"])
def test_the_writers_meet_so_closely_that_only_the_constraint_keeps_them_apart(
    database: Database, engine: Engine, kind: str
) -> None:
    """With a constraint that compares nothing, the engine's own check lets them overlap."""
    it = yard(database, engine, kind, attempts=160)
    it.administer(UNPROTECT, PRETEND)
    verdict = it.run()
    assert verdict.findings.overlaps > 0
    assert not verdict.tally.errors


@pytest.mark.usefixtures("few_writers")
def test_without_the_seats_key_seats_are_sold_twice_and_that_is_found(
    database: Database, engine: Engine
) -> None:
    it = yard(database, engine, "direct", attempts=200)
    it.administer("ALTER TABLE bookra.seats DROP CONSTRAINT seats_key")
    verdict = it.run()
    assert verdict.findings.seats_oversold > 0
    assert verdict.findings.overlaps == 0


@pytest.fixture
def judged(database: Database, engine: Engine) -> Callable[[str], dict[str, int]]:
    """Break something by a statement, and see what the judge finds."""
    it = yard(database, engine, attempts=16)
    promised = engine.ask(it.arena.tenant, made)

    def broken(statement: str) -> dict[str, int]:
        found = engine.ask(it.arena.tenant, lambda tx: judge(tx, promised, 0))
        assert found.clean, found
        it.administer("SET row_security = off", statement)
        found = engine.ask(it.arena.tenant, lambda tx: judge(tx, promised, 0))
        return {
            name: number for name in found.__dataclass_fields__ if (number := getattr(found, name))
        }

    return broken


COLOUR = "(SELECT id FROM bookra.services WHERE slug = 'colour')"
A_COLOUR = f"(SELECT min(id::text)::uuid FROM bookra.booking_lines WHERE service_id = {COLOUR})"


MISMATCHES = {
    "half of its claims are gone": f"""
        DELETE FROM bookra.allocations
         WHERE id = (SELECT min(id::text)::uuid FROM bookra.allocations
                      WHERE booking_line_id = {A_COLOUR})""",
    "a claim is a minute too long": """
        UPDATE bookra.allocations SET ends_at = ends_at + interval '1 minute'
         WHERE id = (SELECT max(id::text)::uuid FROM bookra.allocations
                      WHERE booking_id IS NOT NULL)""",
    "it has moved and its claims have not": f"""
        UPDATE bookra.booking_lines
           SET starts_at = starts_at + interval '1 hour', ends_at = ends_at + interval '1 hour'
         WHERE id = {A_COLOUR}""",
    "it is with somebody else and its claims are not": f"""
        UPDATE bookra.booking_lines
           SET staff_id = (SELECT id FROM bookra.bookables WHERE slug = 'finn')
         WHERE id = {A_COLOUR}""",
    "it is cancelled and still claims its time": f"""
        UPDATE bookra.bookings SET status = 'cancelled'
         WHERE id = (SELECT booking_id FROM bookra.booking_lines WHERE id = {A_COLOUR})""",
    "it holds a unit that it does not need": f"""
        UPDATE bookra.booking_lines
           SET service_id = (SELECT id FROM bookra.services WHERE slug = 'cut')
         WHERE id = {A_COLOUR}""",
}


@pytest.mark.parametrize("what", MISMATCHES)
def test_a_claim_that_does_not_match_its_visit_is_found(
    judged: Callable[[str], dict[str, int]], what: str
) -> None:
    assert judged(MISMATCHES[what]) == {"wrong_claims": 1}


def test_a_day_above_its_limit_is_found(judged: Callable[[str], dict[str, int]]) -> None:
    lowered = (
        "UPDATE bookra.staff SET daily_limit = 1 WHERE id ="
        " (SELECT id FROM bookra.bookables WHERE slug = 'ana')"
    )
    found = judged(lowered)
    assert found == {"days_over_limit": 1}, "ana has two pieces on the first day"


def test_a_visit_that_nobody_won_and_a_winner_without_one_are_found(
    judged: Callable[[str], dict[str, int]],
) -> None:
    found = judged(
        "INSERT INTO bookra.bookings (tenant_id, id, code, customer_id, status, starts_at,"
        " ends_at, currency, created_at) SELECT tenant_id, gen_random_uuid(), 'GHOST',"
        " customer_id, 'cancelled', starts_at, ends_at, currency, created_at"
        " FROM bookra.bookings LIMIT 1"
    )
    assert found == {"unaccounted": 1}


def test_a_missing_row_is_found_however_many_attempts_had_no_answer(
    database: Database, engine: Engine
) -> None:
    it = yard(database, engine, "slot", attempts=8)
    there = engine.ask(it.arena.tenant, made)
    more = Made(there.bookings + 1, there.blocks, there.bare_seats)
    fewer = Made(there.bookings - 2, there.blocks, there.bare_seats)
    assert engine.ask(it.arena.tenant, lambda tx: judge(tx, more, 5)).unaccounted == 1
    assert engine.ask(it.arena.tenant, lambda tx: judge(tx, fewer, 5)).unaccounted == 0
    assert engine.ask(it.arena.tenant, lambda tx: judge(tx, fewer, 1)).unaccounted == 1


@pytest.mark.usefixtures("few_writers")
def test_a_writer_that_is_killed_is_named_and_its_attempts_are_accounted_for(
    database: Database, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = yard(database, engine, attempts=160)
    pids = watched_pids(monkeypatch)
    verdict = it.run(lambda done: killed(pids[:1]) if done == 40 else None)
    tally = verdict.tally
    assert tally.attempts == 160
    assert 0 < tally.errors["writer_died"] == tally.unanswered < 40
    assert tally.deaths == [f"writer {pids[0]} was ended by SIGKILL"]
    assert verdict.findings.clean, verdict.findings


@pytest.mark.usefixtures("few_writers")
def test_when_all_writers_die_what_is_left_is_never_tried_and_said_so(
    database: Database, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = yard(database, engine, attempts=160)
    pids = watched_pids(monkeypatch)
    verdict = it.run(lambda done: killed(pids) if done == 40 else None)
    assert verdict.tally.attempts == 160
    assert len(verdict.tally.deaths) == 2
    assert verdict.tally.errors["never_tried"] > 0
    assert verdict.findings.clean, verdict.findings


@pytest.mark.usefixtures("few_writers")
def test_a_writer_that_falls_silent_is_ended_and_counted(
    database: Database, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = yard(database, engine, attempts=80)
    pids = watched_pids(monkeypatch)

    def silence_one(done: int) -> None:
        if done == 24:  # until all have started, a busy machine may keep them silent for longer
            monkeypatch.setattr(crews, "SILENCE_SECONDS", 3.0)
            os.kill(pids[0], signal.SIGSTOP)

    verdict = it.run(silence_one)
    assert verdict.tally.attempts == 80
    assert verdict.tally.errors["writer_died"] > 0
    assert gone(pids)


@pytest.mark.usefixtures("few_writers")
def test_leaving_early_ends_every_writer_and_leaves_nothing_half_done(
    database: Database, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = yard(database, engine, attempts=400)
    pids = watched_pids(monkeypatch)

    def interrupt(done: int) -> None:
        if done >= 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        it.run(interrupt)
    assert gone(pids)
    there = engine.ask(it.arena.tenant, made)
    assert engine.ask(it.arena.tenant, lambda tx: judge(tx, there, 0)).clean


def test_more_writers_than_the_server_has_room_for_are_refused_before_anything_starts(
    database: Database, engine: Engine
) -> None:
    it = Yard(database, engine, Programme(("slot",), 8, 8, SEED))
    it.programme = Programme(("slot",), 8, 5000, SEED)
    with pytest.raises(InvalidInputError) as refused:
        it.run()
    assert refused.value.code == "too_many_writers"
    assert "5000 writers" in refused.value.message


def watched_pids(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that fills with the ids of the writer processes as they start."""
    pids: list[int] = []
    start = crews.Crew.__enter__

    def remembering(crew: crews.Crew) -> crews.Crew:
        start(crew)
        pids.extend(crew.pids)
        return crew

    monkeypatch.setattr(crews.Crew, "__enter__", remembering)
    return pids


def killed(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def gone(pids: list[int]) -> bool:
    """Tell whether none of these processes is left, not even as a zombie."""
    assert pids
    for pid in pids:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            continue
        return False
    return True
