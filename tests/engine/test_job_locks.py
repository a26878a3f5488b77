"""Jobs that must not overlap: who holds one, how it lapses, and what the second is told."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest
from factories import Salon, open_salon

from bookra.engine.runtime import Engine
from bookra.engine.tenancy import locks
from bookra.engine.tenancy.locks import Lease, held, holders, take
from bookra.errors import ConflictError

JOB = "payout run"
SPAN = 60.0


def taken(salon: Salon, process: str = "one") -> Lease:
    return salon.act(lambda tx: take(tx, JOB, process, SPAN))


def test_of_many_at_once_one_begins(salon: Salon) -> None:
    live = Engine(salon.pool)

    def one(number: int) -> object:
        try:
            return live.act(
                salon.slug, lambda tx: take(tx, JOB, f"p{number}", SPAN), command=None
            ).process
        except ConflictError as refused:
            return refused.details["holder"]

    with ThreadPoolExecutor(8) as racers:
        assert len(set(racers.map(one, range(8)))) == 1


def test_the_second_is_told_who_holds_it_since_when(salon: Salon) -> None:
    with (
        held(salon.engine, salon.slug, JOB, command="payout run"),
        pytest.raises(ConflictError) as caught,
        held(salon.engine, salon.slug, JOB),
    ):
        pass
    refused = caught.value
    assert (refused.exit_code, refused.code) == (4, "job_running")
    process = f"{socket.gethostname()}, process {os.getpid()}: payout run"
    login = salon.database.conninfo["user"]
    assert refused.details["holder"] == process
    assert refused.details["login"] == login
    assert refused.details["since"] == "2026-11-23T09:00:00+01:00"
    assert f"since 09:00:00: {process}, as {login}" in refused.message
    assert "09:01:00" in refused.hint


def test_one_that_ended_leaves_the_job_to_the_next_at_once(salon: Salon) -> None:
    with pytest.raises(ZeroDivisionError), held(salon.engine, salon.slug, JOB):
        raise ZeroDivisionError
    assert salon.ask(holders) == []
    with held(salon.engine, salon.slug, JOB) as lease:
        assert lease.fence == 2


def test_a_dead_holders_lease_lapses_and_it_can_do_nothing_to_the_next(salon: Salon) -> None:
    dead = taken(salon)
    with pytest.raises(ConflictError):
        taken(salon.later(seconds=59), "two")
    later = salon.later(seconds=60)
    taken(later, "two")
    assert not later.act(lambda tx: locks.renew(tx, dead, SPAN))
    later.act(lambda tx: locks.release(tx, dead))
    (holder,) = later.ask(holders)
    assert (holder.process, holder.since) == ("two", later.now)


def test_a_lease_is_renewed_while_the_work_lasts(
    salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "BEATS_A_LEASE", 1000)
    live = Engine(salon.pool)
    with held(live, salon.slug, JOB) as lease:
        (first,) = live.ask(salon.slug, holders)
        for _ in range(1000):
            (now,) = live.ask(salon.slug, holders)
            if now.until > first.until:
                break
            sleep(0.01)
        else:
            pytest.fail("the lease was never renewed")
        assert (now.since, lease.lost) == (first.since, False)


def test_one_business_never_waits_for_another(salon: Salon) -> None:
    sol = open_salon(salon.database, salon.pool, "sol")
    taken(salon)
    taken(sol)
    assert [holder.process for holder in sol.ask(holders)] == ["one"]
