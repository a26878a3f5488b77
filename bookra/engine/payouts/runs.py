"""Pay runs: computed from the ledger, sealed once their period is over, paid once.

Every verb takes the business's lock on pay runs first, so whoever starts them how often ever, one
after the other sees what stands. The keys of the table say the same: one run a person and period,
and no two that overlap.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from bookra.clock import local_day
from bookra.engine.ledger import chart
from bookra.engine.ledger.batch import post_all
from bookra.engine.ledger.entry import Draft
from bookra.engine.ledger.rules import pay as rules
from bookra.engine.ledger.rules.sales import Fact
from bookra.engine.payments.drawer_cash import check_covered
from bookra.engine.payouts import chairs, store
from bookra.engine.payouts.figures import Run, State
from bookra.engine.payouts.period import Period
from bookra.engine.people.staff import find_staff
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, NotFoundError
from bookra.ids import new_id
from bookra.money import Money

LISTED = 500


def run(tx: Tx, period: Period, staff: str | None = None, *, approve: bool = False) -> list[Run]:
    """Compute the runs of a period, also one that goes on; ``approve`` seals them.

    Drafts are computed again; sealed ones are returned as they are. Chair rent that is due is
    accrued. Raises ConflictError: ``period_overlaps`` where a person's pay is sealed up to a day in
    or after the period; ``period_running`` when sealing one that is not over; ``period_to_come``.
    """
    store.lock(tx)
    staff_id = find_staff(tx, staff).id if staff is not None else None
    _check_days(tx, period, approve=approve)
    there = store.runs_from(tx, period, staff_id)
    sealed = {found.staff_id for found in there if found.period == period and found.is_sealed}
    _check_room(period, [found for found in there if found.staff_id not in sealed])
    chairs.accrue(tx, min(period.ends_on, local_day(tx.now, tx.tenant.zone)), staff_id)
    drafted = _drafts(tx, period, staff_id, sealed)
    if approve:
        drafted = [_sealed(tx, draft) for draft in drafted]
    store.replace_drafts(tx, period, staff_id, drafted)
    if approve:
        tx.run(store.HOLD_RENTS, runs=[found.id for found in drafted])
    for found in drafted:
        tx.concerns("pay-run", found.id)
    return store.runs_of(tx, period, staff_id)


def pay(
    tx: Tx, period: Period, method: str, reference: str = "", staff: str | None = None
) -> list[Run]:
    """Post what approved runs pay, once; returns the period's runs.

    ``method`` is ``bank``, ``cash`` or ``payroll``. Raises ConflictError: ``not_approved``,
    ``already_paid``, ``nothing_to_pay``, ``over_drawer``; NotFoundError ``unknown_run``.
    """
    store.lock(tx)
    staff_id = find_staff(tx, staff).id if staff is not None else None
    tx.rows(store.LOCK_RUNS, starts_on=period.starts_on, ends_on=period.ends_on)
    there = found_runs(tx, period, staff_id)
    payable = [found for found in there if found.state is State.APPROVED]
    if not payable:
        raise _unpayable(period, there)
    drafts = [_settling(tx, found, method) for found in payable]
    posted = post_all(tx, drafts)
    if method == "cash":
        taken = sum(found.figures.net_minor for found in payable)
        check_covered(tx, Money(taken, tx.tenant.currency))
    ids, entries = [found.id for found in payable], [posted[draft.key] for draft in drafts]
    tx.run(
        store.MARK_PAID, runs=ids, entries=entries, method=method, reference=reference, now=tx.now
    )
    tx.run(store.SETTLE_RENTS, runs=ids)
    for id_ in ids:
        tx.concerns("pay-run", id_)
    return store.runs_of(tx, period, staff_id)


def show(tx: Tx, period: Period, staff: str | None = None) -> list[Run]:
    """Return the runs of a period; raises NotFoundError (``unknown_run``) when there is none."""
    return found_runs(tx, period, find_staff(tx, staff).id if staff is not None else None)


def history(tx: Tx, staff: str | None = None, limit: int = LISTED) -> list[Run]:
    """Return runs, the newest period first."""
    return store.all_runs(tx, find_staff(tx, staff).id if staff is not None else None, limit)


def found_runs(tx: Tx, period: Period, staff_id: UUID | None) -> list[Run]:
    """Return the runs of a period; raises NotFoundError (``unknown_run``) when there is none."""
    found = store.runs_of(tx, period, staff_id)
    if not found:
        raise NotFoundError(
            "unknown_run",
            f"There is no pay run for {period}",
            hint=f"Compute it: bookra payout run --period {period}",
            details={"period": str(period)},
        )
    return found


def _check_days(tx: Tx, period: Period, *, approve: bool) -> None:
    start, until = store.span(tx, period)
    if start > tx.now:
        raise ConflictError(
            "period_to_come",
            f"{period} has not begun",
            hint="Run a period that goes on, or is over",
            details={"period": str(period)},
        )
    if approve and until > tx.now:
        raise ConflictError(
            "period_running",
            f"{period} is not over: it can be approved from the day after {period.ends_on} on",
            hint=f"Look at it as it stands: bookra payout run --period {period}",
            details={"period": str(period), "ends_on": str(period.ends_on)},
        )


def _check_room(period: Period, there: list[Run]) -> None:
    for found in there:
        if found.blocks(period):
            raise ConflictError(
                "period_overlaps",
                f"The pay of {found.staff} is sealed up to {found.period.ends_on} already,"
                f" by the run of {found.period}",
                hint="The next period begins after that day; what came late is in it, carried",
                details={"staff": found.staff, "period": str(found.period)},
            )


def _drafts(tx: Tx, period: Period, staff_id: UUID | None, sealed: set[UUID]) -> list[Run]:
    owed = {
        person: figures
        for person, figures in store.figures(tx, period, staff_id).items()
        if person not in sealed and not figures.is_empty
    }
    currency = tx.tenant.currency
    return [
        Run(new_id(), who.id, who.slug, who.name, period, State.DRAFT, owed[who.id], currency)
        for who in store.people(tx, owed)
    ]


def _sealed(tx: Tx, draft: Run) -> Run:
    return replace(draft, state=draft.figures.sealed_state, approved_at=tx.now)


def _settling(tx: Tx, found: Run, method: str) -> Draft:
    """Return the entry that settles each account by what the run holds of it [H]."""
    dues = found.figures.dues
    settled = {
        chart.commission(found.staff): dues.commission_minor,
        chart.tips(found.staff): dues.tips_minor,
        chart.clawback(found.staff): -dues.clawback_minor,
        chart.RENT_RECEIVABLE: -dues.rent_minor,
    }
    fact = Fact(f"pay-run:{found.id}", tx.now, found.currency, memo=f"pay {found.period}")
    return rules.pay_run(fact, method, settled)


def _unpayable(period: Period, there: list[Run]) -> ConflictError:
    states = {found.state for found in there}
    details = {"period": str(period)}
    if State.DRAFT in states:
        return ConflictError(
            "not_approved",
            f"The run of {period} is a draft",
            hint=f"Approve it: bookra payout approve {period}",
            details=details,
        )
    if State.PAID in states:
        return ConflictError(
            "already_paid",
            f"The run of {period} is paid",
            hint=f"Look at it: bookra payout show {period}",
            details=details,
        )
    return ConflictError(
        "nothing_to_pay",
        f"The run of {period} pays nothing: it is carried to the next one",
        hint=f"Look at it: bookra payout show {period}",
        details=details,
    )
