"""Scenario 33: a refund after the commission was paid out is carried, netted in the next run, and
no run ever asks anybody for cash.
"""

from __future__ import annotations

from factories import Salon
from payroll import (
    DECEMBER,
    IN_DECEMBER,
    IN_JANUARY,
    earned,
    owed,
    pay,
    run,
    work,
)
from refunding import give_back

from bookra.engine.ledger.verify import verify
from bookra.engine.payouts import runs
from bookra.engine.payouts.figures import State
from bookra.engine.payouts.period import Period, month_of


def test_a_refund_after_the_pay_is_netted_in_the_next_run(salon: Salon) -> None:
    visit = earned(salon, "2026-11-24 09:00")
    december, january = salon.at(IN_DECEMBER), salon.at(IN_JANUARY)
    run(december, approve=True)
    pay(december)
    give_back(december, visit)
    work(december)
    assert salon.balances()["assets:receivable:clawback:ana"] == 1513
    for hour in ("09", "10", "11"):
        earned(december, f"2026-12-02 {hour}:00")
    found = run(january, DECEMBER, approve=True)["ana"].figures
    assert (found.gross_minor, found.clawback_minor, found.net_minor) == (4539, 1513, 3026)
    pay(january, DECEMBER)
    balances = salon.balances()
    assert "assets:receivable:clawback:ana" not in balances
    assert balances["assets:bank"] == -1513 - 3026
    assert salon.ask(verify).ok


def test_a_debt_is_carried_as_long_as_it_takes_and_never_paid_by_anybody(salon: Salon) -> None:
    visits = [earned(salon, f"2026-11-24 {hour:02d}:00") for hour in (9, 10, 11)]
    december = salon.at(IN_DECEMBER)
    run(december, approve=True)
    pay(december)
    for visit in visits:
        give_back(december, visit)
    earned(december, "2026-12-02 09:00")
    work(december)
    nets = []
    for month in (1, 2, 3):
        now = salon.at(IN_JANUARY.replace(month=month))
        found = run(now, _month_before(month), approve=True)["ana"]
        nets.append((found.state, found.net.minor))
        earned(now, f"2027-{month:02d}-05 09:00")
        assert salon.balances()["assets:bank"] == -3 * 1513
    assert nets == [
        (State.CARRIED, -2 * 1513),
        (State.CARRIED, -1513),
        (State.CARRIED, 0),
    ]
    now = salon.at(IN_JANUARY.replace(month=4))
    assert run(now, _month_before(4), approve=True)["ana"].net.minor == 1513
    pay(now, _month_before(4))
    assert owed(salon) == 0
    assert all(one.net.minor > 0 for one in salon.ask(runs.history) if one.state is State.PAID)


def _month_before(month: int) -> Period:
    return DECEMBER if month == 1 else month_of(IN_JANUARY.date().replace(month=month - 1))


def test_a_refund_between_approval_and_payment_does_not_change_what_is_paid(
    salon: Salon,
) -> None:
    visit = earned(salon, "2026-11-24 09:00")
    december = salon.at(IN_DECEMBER)
    run(december, approve=True)
    give_back(december, visit)
    work(december)
    assert pay(december)["ana"].net.minor == 1513
    assert owed(salon) == -1513
