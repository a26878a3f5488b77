"""Scenario 8: deadlocks under load surface as a clean retry or as a refusal, never as a bug."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import psycopg
import pytest
from factories import Salon
from psycopg.conninfo import make_conninfo
from racing import overlaps
from sqlalchemy import text

from bookra.engine.bookings.moving import move, swap
from bookra.engine.people.staff import find_staff
from bookra.engine.runtime import ATTEMPTS, Tx
from bookra.errors import BookraError, UnavailableError
from bookra.ids import new_id

CARELESS = text(
    """
    INSERT INTO allocations (tenant_id, id, bookable_id, starts_at, ends_at, kind)
    VALUES (:tenant_id, :id, :staff_id, :start, :until, 'block')
    """
)
CARELESS_OUTSIDE = """
    INSERT INTO bookra.allocations (tenant_id, id, bookable_id, starts_at, ends_at, kind)
    VALUES (%s, %s, (SELECT id FROM bookra.bookables WHERE tenant_id = %s AND slug = 'ana'),
            %s, %s, 'block')
"""
BLOCKED = "SELECT 1 FROM pg_locks WHERE pid = %s AND NOT granted"
ALLOCATIONS = text("SELECT id FROM allocations WHERE tenant_id = :tenant_id")
CLAIMED = text(
    """
    SELECT b.code, sum(extract(epoch FROM a.ends_at - a.starts_at))::int / 60 AS minutes
      FROM allocations a JOIN bookings b ON b.tenant_id = a.tenant_id AND b.id = a.booking_id
     WHERE a.tenant_id = :tenant_id GROUP BY b.code
    """
)
DEADLOCKS = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
THREADS, ROUNDS = 6, 7
ONE, OTHER = "2026-11-24 10:00", "2026-11-24 14:00"


class Crossing:
    """Two transactions that want the same two times, each beginning with another one."""

    def __init__(self, salon: Salon) -> None:
        self.salon = salon
        self.tries: Counter[str] = Counter()
        self._both_hold_one = threading.Barrier(2, timeout=20)

    def run(self) -> list[str]:
        """Let both try; return how each ended: ``done``, or the code of the refusal."""
        with ThreadPoolExecutor(2) as threads:
            return list(threads.map(self._act, ("there", "back"), (ONE, OTHER), (OTHER, ONE)))

    def _act(self, name: str, first: str, second: str) -> str:
        def both(tx: Tx) -> None:
            self.tries[name] += 1
            insert(self.salon, tx, first)
            if self.tries[name] == 1:
                self._both_hold_one.wait()
            insert(self.salon, tx, second)

        try:
            self.salon.act(both)
        except BookraError as refused:
            return refused.code
        return "done"


def server_deadlocks(salon: Salon, at_least: int) -> int:
    """Return how many deadlocks the server has counted; its statistics may lag a moment."""
    deadline = time.monotonic() + 10
    while True:
        found: int = salon.engine.across_tenants(lambda c: c.execute(DEADLOCKS).scalar_one())
        if found >= at_least or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def test_a_deadlock_is_tried_again_and_ends_as_done_for_one_and_taken_for_the_other(
    salon: Salon,
) -> None:
    crossing = Crossing(salon)
    ended = crossing.run()
    assert sorted(ended) == ["done", "slot_taken"]
    assert crossing.tries.total() == 3, "the one that the server chose has tried again"
    assert server_deadlocks(salon, 1) == 1
    assert overlaps(salon) == 0


def test_a_deadlock_in_every_try_ends_as_contended_and_leaves_nothing(salon: Salon) -> None:
    """Nobody is that unlucky; who is gets exit 7, try later, and nothing was written."""
    opponents: list[Opponent] = []

    def unlucky(tx: Tx) -> None:
        for former in opponents[-1:]:
            former.leave()
        opponents.append(opponent := Opponent(salon, taken=OTHER, wanted=ONE))
        insert(salon, tx, ONE)
        opponent.want()
        insert(salon, tx, OTHER)

    try:
        with pytest.raises(UnavailableError) as refused:
            salon.act(unlucky)
    finally:
        for last in opponents[-1:]:
            last.leave()
    assert (refused.value.code, refused.value.exit_code) == ("contended", 7)
    assert len(opponents) == ATTEMPTS
    assert server_deadlocks(salon, ATTEMPTS) == ATTEMPTS
    assert salon.ask(lambda tx: tx.rows(ALLOCATIONS)) == []


def test_moves_and_swaps_of_the_same_visits_at_once_meet_no_deadlock_at_all(salon: Salon) -> None:
    """Everybody queues in one order; what a retry would make good never comes up."""
    codes = [
        salon.book(f"2026-11-24 {hour:02}:00", staff=staff, service=service).code
        for staff in ("ana", "ben")
        for hour, service in ((9, "cut"), (10, "color"), (12, "cut"), (14, "color"))
    ]
    outcomes: Counter[str] = Counter()
    threads = [
        threading.Thread(target=shuffle, args=(salon, codes, random.Random(number), outcomes))
        for number in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert outcomes.total() == THREADS * ROUNDS
    assert set(outcomes) == {"done", "slot_taken"}
    assert server_deadlocks(salon, 1) == 0
    assert overlaps(salon) == 0
    assert salon.ask(claimed_minutes) == dict.fromkeys(codes, 45), (
        "a cut takes 45 minutes of its person, a colour 30 and 15"
    )


def shuffle(salon: Salon, codes: list[str], dice: random.Random, outcomes: Counter[str]) -> None:
    """Move and swap visits at random, and note how each try ended."""
    for _ in range(ROUNDS):
        code, other = dice.sample(codes, 2)
        at = salon.local(f"2026-11-24 {dice.randint(9, 16):02}:00")
        staff = dice.choice(("ana", "ben"))
        try:
            if dice.random() < 0.5:
                salon.act(partial(swap, code=code, other=other))
            else:
                salon.act(partial(move, code=code, at=at, staff=staff))
            outcomes["done"] += 1
        except BookraError as refused:
            outcomes[refused.code] += 1
        except Exception as bug:
            outcomes[type(bug).__name__] += 1


def claimed_minutes(tx: Tx) -> dict[str, int]:
    """Return how many minutes of people's time each booking claims."""
    return {row.code: row.minutes for row in tx.rows(CLAIMED)}


def insert(salon: Salon, tx: Tx, wall: str) -> None:
    """Claim half an hour of Ana's without naming the constraint."""
    start = salon.local(wall)
    binds = {"id": new_id(), "start": start, "until": start + timedelta(minutes=30)}
    tx.run(CARELESS, staff_id=find_staff(tx, "ana").id, **binds)


class Opponent:
    """A session that holds one time, wants another, and is never the one who is sent back.

    The server ends the deadlock in the session that has waited for its own ``deadlock_timeout``.
    """

    def __init__(self, salon: Salon, *, taken: str, wanted: str) -> None:
        self._session = psycopg.connect(make_conninfo(**salon.database.administrator))
        self._session.execute("SET deadlock_timeout = '60s'")
        self._session.execute("SET row_security = off")
        self._salon, self._wanted = salon, wanted
        self._insert(taken)
        self._waiting = threading.Thread(target=self._insert, args=(wanted,))

    def want(self) -> None:
        """Begin to wait for the other time, which somebody else holds."""
        self._waiting.start()
        pid = self._session.info.backend_pid
        with psycopg.connect(make_conninfo(**self._salon.database.administrator)) as watcher:
            deadline = time.monotonic() + 20
            while not watcher.execute(BLOCKED, [pid]).fetchone():
                assert time.monotonic() < deadline
                time.sleep(0.01)

    def leave(self) -> None:
        """Take everything back."""
        self._waiting.join(30)
        self._session.rollback()
        self._session.close()

    def _insert(self, wall: str) -> None:
        start = self._salon.local(wall)
        tenant, until = self._salon.tenant.id, start + timedelta(minutes=30)
        self._session.execute(CARELESS_OUTSIDE, [tenant, new_id(), tenant, start, until])
