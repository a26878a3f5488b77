"""Scenario 28: cron starts the pay run twice, and somebody by hand meanwhile: each is paid once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from command_line import CommandLine
from databases import Database
from factories import Salon, open_salon
from payroll import IN_DECEMBER, NOVEMBER, earned, owed, pay, run
from racing import outcome, together
from sqlalchemy import Engine as Pool

from bookra.engine.database import open_pool
from bookra.engine.ledger.store import entries
from bookra.engine.ledger.verify import verify
from bookra.engine.payouts import runs
from bookra.engine.payouts.figures import State
from bookra.engine.runtime import Engine

RACERS = 16


@pytest.fixture
def november(database: Database) -> Iterator[Salon]:
    """A salon on the first of December, where Ana and Ben earned something the month before."""
    pool = open_pool(database.conninfo, size=RACERS)
    salon = open_salon(database, pool)
    for staff in ("ana", "ben"):
        earned(salon, "2026-11-24 10:00", staff=staff, tip=500)
    yield salon.at(IN_DECEMBER)
    pool.dispose()


def test_sixteen_runs_at_once_make_one_run_a_person(november: Salon) -> None:
    start = partial(outcome, november, lambda tx: runs.run(tx, NOVEMBER, approve=True))
    assert together([start] * RACERS) == ["done"] * RACERS
    found = november.ask(runs.history)
    assert [(one.staff, one.state) for one in found] == [
        ("ana", State.APPROVED),
        ("ben", State.APPROVED),
    ]


def test_sixteen_payments_at_once_pay_each_person_once(november: Salon) -> None:
    run(november, approve=True)
    start = partial(outcome, november, lambda tx: runs.pay(tx, NOVEMBER, "bank"))
    assert sorted(together([start] * RACERS)) == ["already_paid"] * (RACERS - 1) + ["done"]
    assert_paid_once(november)


def test_running_approving_and_paying_at_once_pays_each_person_once(november: Salon) -> None:
    verbs = (
        lambda tx: runs.run(tx, NOVEMBER),
        lambda tx: runs.run(tx, NOVEMBER, approve=True),
        lambda tx: runs.pay(tx, NOVEMBER, "cash", staff="ana"),
        lambda tx: runs.pay(tx, NOVEMBER, "cash"),
    )
    together([partial(outcome, november, verb) for verb in verbs * 4])
    run(november, approve=True)
    if any(one.state is State.APPROVED for one in november.ask(runs.history)):
        pay(november, method="cash")
    assert_paid_once(november, "assets:cash:drawer")


def assert_paid_once(salon: Salon, account: str = "assets:bank") -> None:
    found = salon.ask(runs.history)
    assert [one.state for one in found] == [State.PAID, State.PAID]
    assert [one.net.minor for one in found] == [2013, 2013]
    paid = [entry for entry in salon.ask(entries) if entry.kind == "pay_run"]
    assert [sum(p.amount.minor for p in e.postings if p.account == account) for e in paid] == [
        -2013,
        -2013,
    ]
    assert (owed(salon, "ana"), owed(salon, "ben")) == (0, 0)
    assert salon.ask(verify).ok


def test_cron_twice_and_by_hand_on_the_command_line(
    bookra: CommandLine, database: Database, pool: Pool
) -> None:
    """The commands by the machine's own clock, for what was earned last month."""
    salon = open_salon(database, pool)
    now = Engine(pool).ask(salon.slug, lambda tx: tx.now)
    past = salon.at(now.replace(day=1, hour=6) - timedelta(days=20))
    day = past.now.date() + timedelta(days=1)
    day += timedelta(days=day.weekday() == 6)
    earned(past, f"{day} 10:00")
    run_words = ("payout", "run", "--period", "previous", "--approve", "--tenant", "luna")
    with (
        bookra.start(*run_words) as cron,
        bookra.start(*run_words) as again,
        bookra.start("payout", "approve", "previous", "--tenant", "luna") as by_hand,
    ):
        codes = [process.wait(120) for process in (cron, again, by_hand)]
    assert set(codes) <= {0, 4}, codes  # whoever comes while it is done is told who does it
    bookra(*run_words, check=True)
    pay_words = ("payout", "pay", "previous", "--method", "bank", "--tenant", "luna")
    with bookra.start(*pay_words) as one, bookra.start(*pay_words) as other:
        assert sorted(process.wait(120) for process in (one, other)) == [0, 4]
    (found,) = salon.ask(runs.history)
    assert (found.state, found.net.minor, owed(salon)) == (State.PAID, 1513, 0)
    assert salon.balances()["assets:bank"] == -1513
