"""Scenario 32: a commission rate changes, and history does not: neither splits nor sealed runs."""

from __future__ import annotations

from datetime import date

from factories import Salon
from payroll import IN_DECEMBER, earned, owed, paid_visit, run, splits, work

from bookra.engine.bookings.moving import move
from bookra.engine.commissions import plans
from bookra.engine.commissions.plans import Aim
from bookra.engine.commissions.rules import Kind, Terms
from bookra.engine.people.staff import set_staff

DAY = "2026-11-24"


def plan(salon: Salon, bps: int, day: date) -> None:
    """Let Ana earn another share from a day on."""
    terms = Terms(Kind.PERCENT, rate_bps=bps)
    salon.act(lambda tx: plans.set_plan(tx, Aim("ana"), terms, day))


def change(salon: Salon, bps: int, day: date) -> None:
    """Let Ana earn another share from a day on, and change her own rate at once."""
    plan(salon, bps, day)
    salon.act(lambda tx: set_staff(tx, "ana", {"commission_bps": bps}))


def test_what_was_split_keeps_its_rate_also_when_it_is_looked_at_again(salon: Salon) -> None:
    visit = earned(salon, f"{DAY} 09:00")
    change(salon, 6000, date(2026, 1, 1))
    work(salon)
    assert splits(salon) == [("split", "ana", 1513)]
    salon.act(lambda tx: move(tx, visit.code, salon.local(f"{DAY} 16:00")))
    work(salon)
    assert owed(salon) == 1513


def test_a_visit_paid_before_the_change_is_split_by_the_old_rate_however_late(
    salon: Salon,
) -> None:
    paid_visit(salon, f"{DAY} 09:00")
    change(salon, 6000, date(2026, 11, 24))
    work(salon.later(days=30))
    assert splits(salon) == [("split", "ana", 1513)]


def test_the_new_rate_is_for_sales_from_its_day_on(salon: Salon) -> None:
    plan(salon, 6000, date(2026, 11, 24))
    earned(salon, f"{DAY} 09:00")
    earned(salon.later(days=1), f"{DAY} 12:00")
    assert splits(salon) == [("split", "ana", 1513), ("split", "ana", 2269)]


def test_a_sealed_run_and_its_statement_stay_as_they_were(salon: Salon) -> None:
    earned(salon, f"{DAY} 09:00")
    december = salon.at(IN_DECEMBER)
    sealed = run(december, approve=True)
    change(december, 9000, date(2026, 11, 1))
    work(december)
    assert run(december, approve=True) == sealed
    assert owed(december) == 1513
