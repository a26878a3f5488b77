"""Pay runs: computed from the ledger, sealed once their period is over, paid once, nothing lost."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from databases import Database
from factories import Salon, open_salon
from payroll import (
    DECEMBER,
    IN_DECEMBER,
    IN_JANUARY,
    NOVEMBER,
    earned,
    owed,
    paid_visit,
    pay,
    run,
    work,
)
from racing import outcome
from refunding import give_back
from sqlalchemy import Engine as Pool

from bookra.engine.commissions.rules import Every
from bookra.engine.ledger.verify import verify
from bookra.engine.payouts import chairs, runs
from bookra.engine.payouts.figures import Run, State
from bookra.engine.payouts.period import Period
from bookra.errors import ConflictError, NotFoundError
from bookra.money import Money

DAY = "2026-11-24"


@pytest.fixture
def plain(database: Database, pool: Pool) -> Salon:
    """A salon without tax: a cut of 45.00 gives 18.00 of commission."""
    return open_salon(database, pool, settings={"tax_bps": 0})


def figures(found: Run) -> tuple[int, int, int, int, int]:
    """Return gross, clawback, rent, carried and net."""
    it = found.figures
    return it.gross_minor, it.clawback_minor, it.rent_minor, it.carried_minor, it.net_minor


def test_a_run_holds_commission_and_tips_less_what_was_taken_back(plain: Salon) -> None:
    earned(plain, f"{DAY} 09:00", tip=500)
    give_back(plain, earned(plain, f"{DAY} 10:00"), 2250)
    earned(plain, f"{DAY} 11:00", staff="ben")
    work(plain)
    found = run(plain)
    assert figures(found["ana"]) == (4100, 900, 0, 0, 3200)
    assert figures(found["ben"]) == (1800, 0, 0, 0, 1800)
    assert {one.state for one in found.values()} == {State.DRAFT}


def test_a_draft_is_computed_again_and_a_sealed_run_stays(plain: Salon) -> None:
    assert run(plain) == {}
    earned(plain, f"{DAY} 09:00")
    assert run(plain)["ana"].net.minor == 1800
    earned(plain, f"{DAY} 10:00")
    assert run(plain)["ana"].net.minor == 3600
    december = plain.at(IN_DECEMBER)
    sealed = run(december, "previous", approve=True)["ana"]
    assert (sealed.state, sealed.net.minor) == (State.APPROVED, 3600)
    earned(plain, f"{DAY} 11:00")
    assert run(december, approve=True)["ana"] == sealed
    assert run(december)["ana"] == sealed


def test_paying_settles_the_accounts_to_the_cent_and_happens_once(plain: Salon) -> None:
    earned(plain, f"{DAY} 09:00", tip=500)
    december = plain.at(IN_DECEMBER)
    run(december, approve=True)
    paid = pay(december)["ana"]
    assert (paid.state, paid.method, paid.reference) == (State.PAID, "bank", "4711")
    assert owed(plain) == 0
    assert plain.balances()["assets:bank"] == -2300
    assert outcome(december, lambda tx: runs.pay(tx, NOVEMBER, "bank")) == "already_paid"
    assert plain.balances()["assets:bank"] == -2300
    assert plain.ask(verify).ok


def test_what_was_committed_late_is_carried_into_the_next_run(plain: Salon) -> None:
    earned(plain, f"{DAY} 09:00")
    paid_visit(plain, f"{DAY} 10:00")  # the relay is down: its commission is not split yet
    december, january = plain.at(IN_DECEMBER), plain.at(IN_JANUARY)
    assert run(december, approve=True)["ana"].net.minor == 1800
    work(plain)
    earned(december, "2026-12-02 09:00")
    assert figures(run(january, DECEMBER)["ana"]) == (1800, 0, 0, 1800, 3600)
    pay(december)
    assert figures(run(january, DECEMBER, approve=True)["ana"]) == (1800, 0, 0, 1800, 3600)
    pay(january, DECEMBER)
    assert owed(plain) == 0


def test_runs_may_be_paid_in_any_order(plain: Salon) -> None:
    earned(plain, f"{DAY} 09:00", tip=300)
    december, january = plain.at(IN_DECEMBER), plain.at(IN_JANUARY)
    run(december, approve=True)
    earned(december, "2026-12-02 09:00", tip=700)
    assert run(january, DECEMBER, approve=True)["ana"].net.minor == 2500
    pay(january, DECEMBER)
    assert plain.balances()["liabilities:tips:ana"] == -300
    pay(january, NOVEMBER)
    assert owed(plain) == 0
    assert plain.ask(verify).ok


def test_an_earlier_period_that_nobody_ran_is_in_the_next_one(plain: Salon) -> None:
    earned(plain, f"{DAY} 09:00")
    january = plain.at(IN_JANUARY)
    assert figures(run(january, DECEMBER, approve=True)["ana"]) == (0, 0, 0, 1800, 1800)
    assert outcome(january, lambda tx: runs.run(tx, NOVEMBER)) == "period_overlaps"


def test_a_period_is_approved_only_when_it_is_over(plain: Salon) -> None:
    earned(plain, f"{DAY} 09:00")
    for minutes, expected in ((-1, "period_running"), (0, "done")):
        midnight = plain.local("2026-12-01 00:00") + timedelta(minutes=minutes)
        told = outcome(plain.at(midnight), lambda tx: runs.run(tx, NOVEMBER, approve=True))
        assert told == expected
    assert outcome(plain, lambda tx: runs.run(tx, DECEMBER)) == "period_to_come"


def test_a_sealed_period_leaves_no_room_for_one_that_overlaps_it(plain: Salon) -> None:
    earned(plain, f"{DAY} 09:00")
    week = Period(date(2026, 11, 23), date(2026, 11, 29))
    december = plain.at(IN_DECEMBER)
    assert run(december)["ana"].net.minor == 1800
    assert run(december, week, approve=True)["ana"].net.minor == 1800  # the draft gave way
    with pytest.raises(ConflictError) as refused:
        run(december)
    assert refused.value.code == "period_overlaps"
    assert refused.value.details == {"staff": "ana", "period": "2026-W48"}
    rest = Period(date(2026, 11, 30), date(2026, 11, 30))
    assert run(december, rest) == {}


def test_one_person_can_be_run_and_paid_alone(plain: Salon) -> None:
    earned(plain, f"{DAY} 09:00")
    earned(plain, f"{DAY} 09:00", staff="ben")
    december = plain.at(IN_DECEMBER)
    assert list(run(december, staff="ana", approve=True)) == ["ana"]
    assert list(run(december)) == ["ana", "ben"]
    states = {name: one.state for name, one in pay(december, staff="ana").items()}
    assert states == {"ana": State.PAID}
    assert outcome(december, lambda tx: runs.pay(tx, NOVEMBER, "cash")) == "not_approved"
    run(december, approve=True)
    assert {one.state for one in pay(december, method="cash").values()} == {State.PAID}
    assert (plain.balances()["assets:bank"], owed(plain, "ben")) == (-1800, 0)


def test_what_comes_to_nothing_or_less_is_carried_and_pays_nobody(plain: Salon) -> None:
    visit = earned(plain, f"{DAY} 09:00")
    december, january = plain.at(IN_DECEMBER), plain.at(IN_JANUARY)
    run(december, approve=True)
    pay(december)
    give_back(december, visit)
    work(december)
    sealed = run(january, DECEMBER, approve=True)["ana"]
    assert (sealed.state, figures(sealed)) == (State.CARRIED, (0, 1800, 0, 0, -1800))
    assert outcome(january, lambda tx: runs.pay(tx, DECEMBER, "bank")) == "nothing_to_pay"
    assert plain.balances()["assets:receivable:clawback:ana"] == 1800


def test_an_unknown_period_has_no_runs(plain: Salon) -> None:
    with pytest.raises(NotFoundError):
        plain.ask(lambda tx: runs.show(tx, NOVEMBER))
    assert (
        outcome(plain.at(IN_DECEMBER), lambda tx: runs.pay(tx, NOVEMBER, "bank")) == "unknown_run"
    )


def rent_of(salon: Salon, staff: str, minor: int, day: date) -> None:
    amount = Money(minor, "EUR")
    salon.act(lambda tx: chairs.set_rent(tx, staff, amount, Every.MONTH, day))


def test_chair_rent_is_accrued_once_and_netted(plain: Salon) -> None:
    rent_of(plain, "ana", 1000, date(2026, 11, 1))
    earned(plain, f"{DAY} 09:00")
    december = plain.at(IN_DECEMBER)
    for _ in range(3):
        assert figures(run(plain)["ana"]) == (1800, 0, 1000, 0, 800)
    assert plain.balances()["income:chair-rent"] == -1000
    run(december, approve=True)
    assert figures(run(december, "2026-12")["ana"]) == (0, 0, 1000, 0, -1000)
    pay(december)
    balances = plain.balances()
    assert balances["assets:bank"] == -800
    assert balances["assets:receivable:chair-rent"] == 1000  # December's
    assert plain.ask(verify).ok


def test_rent_that_was_paid_in_cash_is_not_netted(plain: Salon) -> None:
    rent_of(plain, "ana", 1000, date(2026, 11, 1))
    earned(plain, f"{DAY} 09:00")
    assert plain.act(lambda tx: chairs.paid_in_money(tx, "ana", "cash")) == Money(1000, "EUR")
    assert figures(run(plain)["ana"]) == (1800, 0, 0, 0, 1800)
    assert outcome(plain, lambda tx: chairs.paid_in_money(tx, "ana", "cash")) == "no_rent_due"
    assert "assets:receivable:chair-rent" not in plain.balances()


def test_rent_that_an_approved_run_holds_is_not_taken_in_cash_as_well(plain: Salon) -> None:
    rent_of(plain, "ana", 1000, date(2026, 11, 1))
    earned(plain, f"{DAY} 09:00")
    december = plain.at(IN_DECEMBER)
    run(december, approve=True)
    assert plain.act(chairs.rents)[0].amount == Money(1000, "EUR")
    november_end = plain.at(plain.local("2026-11-30 12:00"))
    assert outcome(november_end, lambda tx: chairs.paid_in_money(tx, "ana", "bank")) == (
        "no_rent_due"
    )


def test_rent_of_who_earns_nothing_is_carried_until_it_is_earned(plain: Salon) -> None:
    rent_of(plain, "ana", 1000, date(2026, 11, 1))
    december, january = plain.at(IN_DECEMBER), plain.at(IN_JANUARY)
    assert run(december, approve=True)["ana"].state is State.CARRIED
    for time in ("09", "10"):
        earned(december, f"2026-12-02 {time}:00")
    assert figures(run(january, DECEMBER, approve=True)["ana"]) == (3600, 0, 1000, -1000, 1600)
    pay(january, DECEMBER)
    assert plain.balances()["assets:bank"] == -1600
