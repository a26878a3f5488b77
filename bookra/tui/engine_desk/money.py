"""The screen of the money over the engine: the ledger's entries, the bank, pay, and the parts."""

from __future__ import annotations

from dataclasses import replace

from bookra.engine.ledger import chart
from bookra.engine.ledger.reading import PostedEntry, entries
from bookra.engine.payments import bank_payouts as bank
from bookra.engine.payouts import runs
from bookra.engine.payouts.figures import Run
from bookra.engine.reports import revenue as report
from bookra.engine.reports.explain import explain
from bookra.engine.reports.period import Period as Days
from bookra.engine.runtime import Tx
from bookra.engine.schedules.actions import schedules
from bookra.engine.schedules.model import Schedule
from bookra.engine.tenancy.providers import account
from bookra.engine.tenancy.role import role_of
from bookra.errors import NotFoundError, UnavailableError
from bookra.money import Money
from bookra.tui.desk import Done
from bookra.tui.desk.money import Period
from bookra.tui.desk.money_values import BankPayout, EntryLine, Explained, PayRun, Proof
from bookra.tui.engine_desk import explaining
from bookra.tui.engine_desk.counter import words
from bookra.tui.engine_desk.takings import EngineTakings
from bookra.tui.engine_desk.till import EngineTill

LATEST = 200
RUNS = 120
PRIVATE = (chart.BANK, chart.IN_TRANSIT, chart.COMMISSION_EXPENSE, chart.RENT_RECEIVABLE)
PRIVATE_PREFIXES = (chart.COMMISSION_PREFIX, chart.CLAWBACK_PREFIX, "expenses:")
"""Accounts of entries that the front desk is not shown: pay, the bank, what it all costs."""
TILL_KINDS = frozenset({"drawer_bank", "drawer_difference", "petty_cash"})
"""Entries that the front desk writes itself."""


class EngineMoney(EngineTakings, EngineTill):
    """Questions and verbs of the screen of the money, one transaction each."""

    def ledger_entries(self) -> list[EntryLine]:
        """Return the latest entries, the newest first."""

        def question(tx: Tx) -> list[EntryLine]:
            found = entries(tx, limit=LATEST)
            if role_of(tx) == "front-desk":
                found = [entry for entry in found if not _is_private(entry)]
            return [_entry(entry) for entry in reversed(found)]

        return self._ask(question)

    def entries_behind(self, period: Period, staff: str) -> list[EntryLine]:
        """Return the entries behind one person's row, the latest first; net amounts."""

        def question(tx: Tx) -> list[EntryLine]:
            days = Days(period.first, period.last, tx.tenant.zone)
            currency = tx.tenant.currency
            return [
                EntryLine(
                    str(one.id),
                    one.effective_at,
                    one.kind,
                    Money(one.figures.net + one.figures.tax + one.figures.tips, currency),
                    one.subject or "",
                    "",
                )
                for one in reversed(report.opened(tx, days, "staff", staff))
                if one.figures.net or one.figures.tips or one.figures.tax
            ]

        return self._ask(question)

    def explained(self, name: str) -> Explained:
        """Open a figure; the front desk sees neither pay nor the bank."""

        def question(tx: Tx) -> Explained:
            found = explain(tx, name)
            if role_of(tx) == "front-desk":
                kept = tuple(entry for entry in found.entries if not _is_private(entry))
                shown = explaining.without_pay(found.sections)
                found = replace(found, entries=kept, sections=shown)
            return explaining.told(found)

        return self._ask(question)

    def bank_payouts(self) -> list[BankPayout]:
        """Return Stripe's latest payouts; the front desk sees none."""

        def question(tx: Tx) -> list[BankPayout]:
            if role_of(tx) == "front-desk":
                return []
            return [
                BankPayout(
                    one.payout_ref,
                    one.amount,
                    one.state,
                    one.arrives_on,
                    one.members,
                    one.received,
                    one.failure,
                )
                for one in bank.bank_payouts(tx, limit=LATEST)
            ]

        return self._ask(question)

    def pay_runs(self) -> list[PayRun]:
        """Return the latest pay runs; the front desk sees none."""

        def question(tx: Tx) -> list[PayRun]:
            if role_of(tx) == "front-desk":
                return []
            return [_pay_run(run) for run in runs.history(tx, limit=RUNS)]

        return self._ask(question)

    def proof(self) -> Proof:
        """Return what came of the latest run of a schedule that reconciles."""

        def question(tx: Tx) -> Proof:
            connected = account(tx, "stripe") is not None
            found = _reconciling(tx)
            if found is None or found.last is None:
                due = found.due_at if found is not None and found.enabled else None
                return Proof("never", next_at=due, connected=connected)
            last = found.last
            at = last.finished_at or last.started_at
            due = found.due_at if found.enabled else None
            return Proof(last.state.value, last.outcome or "", at, due, connected)

        return self._ask(question)

    def prove(self) -> Done:
        """Run the schedule that reconciles now; its outcome is kept as that of any run."""
        found = self._ask(_reconciling)
        if found is None:
            raise NotFoundError(
                "unknown_schedule",
                "No schedule compares the ledger with Stripe",
                hint="Add it: bookra schedule add nightly-reconcile --job reconcile"
                " --cron '15 3 * * *'",
            )
        if self._run_schedule is None:
            raise UnavailableError(
                "no_runner", "This desk can't ask Stripe", hint="bookra reconcile stripe"
            )
        self._run_schedule(found.name)
        return Done(found.name, words("schedule", "run", found.name))


def _reconciling(tx: Tx) -> Schedule | None:
    """Return the schedule that reconciles, the one that ran last where there are several."""
    found = [one for one in schedules(tx) if one.job == "reconcile"]
    ran = sorted(found, key=lambda one: one.last.started_at.timestamp() if one.last else 0.0)
    return ran[-1] if ran else None


def _is_private(entry: PostedEntry) -> bool:
    codes = [posting.account for posting in entry.postings]
    touches = any(code in PRIVATE or code.startswith(PRIVATE_PREFIXES) for code in codes)
    return touches and entry.kind not in TILL_KINDS


def _entry(entry: PostedEntry) -> EntryLine:
    """Return an entry in a line; its amount is the sum of what it debits."""
    debits = [posting.amount for posting in entry.postings if posting.amount.minor > 0]
    currency = entry.postings[0].amount.currency
    return EntryLine(
        str(entry.id),
        entry.effective_at,
        entry.kind,
        Money(sum(amount.minor for amount in debits), currency),
        entry.booking or entry.order or "",
        entry.memo,
    )


def _pay_run(run: Run) -> PayRun:
    figures = run.figures

    def money(minor: int) -> Money:
        return Money(minor, run.currency)

    return PayRun(
        str(run.period),
        run.staff_name,
        money(figures.earned_minor),
        money(figures.tips_minor),
        money(-figures.clawback_minor),
        money(-figures.rent_minor),
        money(figures.carried_minor),
        run.net,
        run.state.value,
        run.paid_at,
        run.method or "",
    )
