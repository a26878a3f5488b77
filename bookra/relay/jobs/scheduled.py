"""What each job that a schedule may name does: the same rooms that the commands use.

A job may run twice for one due time, after a crash, so each changes nothing the second time.
Periods are those of the due time: a run that is made up for late is still that of its own month.
An outcome holds counts and codes, never a name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from bookra.clock import local_day
from bookra.config import Settings
from bookra.engine.ledger import days
from bookra.engine.ledger.verify import verify
from bookra.engine.payouts import chairs, runs
from bookra.engine.payouts.period import Period, parse_period
from bookra.engine.privacy.retention import retain
from bookra.engine.runtime import Engine, Tx
from bookra.engine.schedules.model import RunState
from bookra.engine.schedules.runs import Taken
from bookra.engine.tenancy.providers import account
from bookra.relay.facts import prove_stripe
from bookra.relay.jobs.prune import prune


@dataclass(frozen=True, slots=True)
class Work:
    """One run of a job: for whom, with which arguments, for which due time."""

    engine: Engine
    settings: Settings
    run: Taken

    @property
    def tenant(self) -> str:
        """The business's slug."""
        return self.run.tenant

    @property
    def command(self) -> str:
        """What the audit calls it."""
        return f"schedule {self.run.job}"


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a run, and what it failed with, if it did."""

    state: RunState
    outcome: str
    error: Exception | None = None


def payout_run(work: Work) -> Came:
    """Compute a period's pay runs, and seal them if the schedule says so."""
    seals = bool(work.run.arguments.get("approve"))

    def action(tx: Tx) -> tuple[Period, int]:
        today = local_day(work.run.due_at, tx.tenant.zone)
        period = pay_period(str(work.run.arguments.get("period", "previous")), today)
        return period, len(runs.run(tx, period, approve=seals))

    period, people = work.engine.act(work.tenant, action, command=work.command)
    verb = "sealed" if seals else "computed"
    return _done(f"{period}: {people} {verb}")


def pay_period(word: str, today: date) -> Period:
    """Return the period that a schedule means on its due day: ``previous-week`` is an ISO week."""
    if word == "previous-week":
        year, week, _ = (today - timedelta(days=7)).isocalendar()
        return parse_period(f"{year}-W{week:02d}", today)
    return parse_period(word, today)


def rent(work: Work) -> Came:
    """Accrue the chair rent that has fallen due by the due day."""

    def action(tx: Tx) -> int:
        return len(chairs.accrue_until(tx, local_day(work.run.due_at, tx.tenant.zone)))

    return _done(f"{work.engine.act(work.tenant, action, command=work.command)} accrued")


def verify_ledger(work: Work) -> Came:
    """Close the days that are over, and check the whole ledger."""
    days.close_all(work.engine, work.tenant, command=work.command)
    found = work.engine.ask(work.tenant, verify, consistent=True)
    if found.ok:
        return _done(f"{found.entries} entries stand")
    return Came(RunState.FOUND, f"{len(found.problems)} problems: bookra ledger verify")


def reconcile_stripe(work: Work) -> Came:
    """Prove that the ledger equals what Stripe moved, if the business has a Stripe account."""
    if work.engine.ask(work.tenant, lambda tx: account(tx, "stripe")) is None:
        return _done("no Stripe account")
    found = prove_stripe(work.engine, work.settings, work.tenant)
    broken = [part.name for one in found for part in one.proof if not part.ok]
    if not broken:
        moved = sum(one.balance_transactions for one in found)
        return _done(f"{moved} balance transactions agree")
    return Came(RunState.FOUND, f"{', '.join(dict.fromkeys(broken))}: bookra reconcile stripe")


def close_days(work: Work) -> Came:
    """Close the ledger's days that are over."""
    return _done(f"{len(days.close_all(work.engine, work.tenant, command=work.command))} closed")


def prune_rows(work: Work) -> Came:
    """Delete what is older than the business keeps it."""
    gone = prune(work.engine, work.tenant)
    told = ", ".join(f"{count} {table}" for table, count in sorted(gone.items()))
    return _done(told or "nothing to delete")


def retention(work: Work) -> Came:
    """Erase whom the business need not know any more; does nothing unless it said after when."""
    found = retain(work.engine, work.tenant)
    told = ", ".join(f"{count} {what}" for what, count in sorted(found.items()))
    return _done(told or "nobody to erase")


SCHEDULED: dict[str, Callable[[Work], Came]] = {
    "payout-run": payout_run,
    "rent": rent,
    "verify": verify_ledger,
    "reconcile": reconcile_stripe,
    "close-days": close_days,
    "prune": prune_rows,
    "retention": retention,
}
"""A function for each of ``model.JOBS``."""


def _done(outcome: str) -> Came:
    return Came(RunState.DONE, outcome)
