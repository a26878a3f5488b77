"""A random walk through sales, refunds, changes of person, late relays and pay runs.

Whatever the order: what was paid, and what is still owed, is what was earned; no run pays a debt,
no sealed run changes, and no cent is paid twice.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from databases import Database
from factories import Salon, open_salon
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from payroll import owed, paid_visit, splits, work
from racing import outcome
from refunding import euros
from sqlalchemy import Engine as Pool

from bookra.engine.bookings.model import Booking
from bookra.engine.bookings.moving import move
from bookra.engine.ledger.verify import verify
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import refund
from bookra.engine.payouts import runs
from bookra.engine.payouts.figures import Run, State
from bookra.engine.payouts.period import Period, month_of

STEPS = (
    *("visit", "visit", "tip", "refund", "refund-tip", "move"),
    *("split", "run", "approve", "pay", "next-month", "payday", "payday"),
)
PEOPLE = ("ana", "ben")
_names = (f"walk-{number}" for number in count(1))


class Walk:
    """One business, whose clock goes on by months."""

    def __init__(self, salon: Salon) -> None:
        self.open, self.month, self.visits, self.tips = salon, 0, list[Booking](), 0
        self.sealed: dict[tuple[str, Period], Run] = {}

    @property
    def salon(self) -> Salon:
        """The business as of the month's second."""
        month = 11 + self.month
        year = 2026 + (month - 1) // 12
        return self.open.at(datetime(year, (month - 1) % 12 + 1, 2, 6, tzinfo=UTC))

    @property
    def before(self) -> Period:
        """The month before."""
        return month_of(self.salon.now.date().replace(day=1) - timedelta(days=1))

    def step(self, name: str, size: int) -> None:
        """Take one step; one that is refused changes nothing."""
        if name in ("visit", "tip"):
            tip = size if name == "tip" else 0
            self.visits.append(paid_visit(self.salon, self._time(), tip=tip))
            self.tips += tip
        elif name == "move" and self.visits:
            self._moves(self.visits[size % len(self.visits)])
        elif name.startswith("refund") and self.visits:
            tips = "only" if name == "refund-tip" else "kept"
            self._refunds(self.visits[size % len(self.visits)], size, tips)
        elif name == "split":
            work(self.salon)
        elif name in ("run", "approve", "pay"):
            self.payroll(name)
        elif name == "next-month":
            self.month += 1
        elif name == "payday":
            self._payday()
        self.check()

    def _payday(self) -> None:
        """Do what cron does each month; the relay may be down meanwhile."""
        self.month += 1
        for name in ("approve", "pay"):
            self.payroll(name)

    def _time(self) -> str:
        """Return a free time of the month to come, in the order of the visits."""
        day = self.salon.now.date() + timedelta(days=1 + len(self.visits) // 8)
        day += timedelta(days=day.weekday() == 6)
        return f"{day} {9 + len(self.visits) % 8:02d}:00"

    def _moves(self, visit: Booking) -> None:
        there = self.salon.booking(visit.code)
        other = PEOPLE[there.lines[0].staff == "ana"]
        outcome(self.salon, lambda tx: move(tx, visit.code, there.starts_at, staff=other))

    def _refunds(self, visit: Booking, size: int, tips: str) -> None:
        back = Back(euros(size), tips, None, "walk")
        if outcome(self.salon, lambda tx: refund(tx, visit.code, back)) == "done":
            self.tips -= size if tips == "only" else 0

    def payroll(self, name: str) -> None:
        """Run, approve or pay the month before."""
        verbs = {
            "run": lambda tx: runs.run(tx, self.before),
            "approve": lambda tx: runs.run(tx, self.before, approve=True),
            "pay": lambda tx: runs.pay(tx, self.before, "bank"),
        }
        outcome(self.salon, verbs[name])

    def check(self) -> None:
        """Judge by the splits, the tips and the bank alone."""
        earned = sum(amount for _, _, amount in splits(self.salon)) + self.tips
        found = self.salon.ask(runs.history)
        paid = [run for run in found if run.state is State.PAID]
        bank = -self.salon.balances().get("assets:bank", 0)
        assert bank == sum(run.net.minor for run in paid)
        assert all(run.net.minor > 0 for run in paid)
        assert bank + sum(owed(self.salon, who) for who in PEOPLE) == earned
        for run in found:
            if run.is_sealed:
                known = self.sealed.setdefault((run.staff, run.period), run)
                assert (known.figures, known.approved_at) == (run.figures, run.approved_at)

    def close(self) -> None:
        """Let everything be split, sealed and paid: then nobody is owed anything."""
        work(self.salon)
        self._payday()
        self.check()
        unpaid = {
            run.staff: run.net.minor
            for run in self.salon.ask(runs.history)
            if run.period == self.before and run.state is State.CARRIED
        }
        held = [run for run in self.salon.ask(runs.history) if run.state is State.APPROVED]
        for who in PEOPLE:
            waits = sum(run.net.minor for run in held if run.staff == who)
            assert owed(self.salon, who) == unpaid.get(who, 0) + waits
            assert unpaid.get(who, 0) <= 0


@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 3000)), max_size=18))
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_cent_that_is_earned_is_paid_once(
    database: Database, pool: Pool, steps: list[tuple[str, int]]
) -> None:
    walk = Walk(open_salon(database, pool, next(_names)))
    walk.step("visit", 1)
    for name, size in steps:
        walk.step(name, size)
    walk.close()
    assert walk.salon.ask(verify).ok
