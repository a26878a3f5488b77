"""``bookra schedule``: what the relay does for the business by the clock, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import documents, output
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import Session, current
from bookra.errors import CheckFailedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

    from bookra.engine.runtime import Tx
    from bookra.engine.schedules.model import Run, Schedule
    from bookra.engine.schedules.runs import Taken
    from bookra.relay.jobs.scheduled import Came

app = group("Schedules: add, list, show, set, enable, disable, run, remove.")

Name = Annotated[str, typer.Argument(help="The schedule's name.")]
Cron = Annotated[
    str, typer.Option("--cron", help="Minute hour day month weekday, on the business's clock.")
]
Period = Annotated[
    str | None, typer.Option("--period", help="Of a pay run: previous, current, previous-week.")
]
Approve = Annotated[
    bool | None, typer.Option("--approve/--no-approve", help="Seal the pay runs, or not.")
]
COLUMNS = ("name", "job", "cron", "enabled", "due_at", "last.state", "last.outcome")
RUN_COLUMNS = ("due_at", "state", "attempts", "finished_at", "outcome")
ONE_RUN_SECONDS = 3600.0
"""How long a run by hand is kept from the relays; it takes no longer than the whole ledger."""


@app.command()
def add(
    name: Name,
    job: Annotated[
        str,
        typer.Option("--job", help="payout-run, rent, verify, reconcile, close-days or prune."),
    ],
    cron: Cron,
    period: Period = None,
    approve: Approve = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Add a schedule; the relay runs its job at each due time, once. The same again is no change.

    A time that the clocks jump over is due right after the jump, and one that the clock shows
    twice is due once. After a pause of the relay the latest missed time is made up for.

    Examples:

      bookra schedule add pay-day --job payout-run --cron '0 6 1 * *' --period previous --approve
      bookra schedule add weekly-pay --job payout-run --cron '0 6 * * mon' --period previous-week
      bookra schedule add rents --job rent --cron '0 5 1 * *'
    """
    from bookra.engine.schedules.actions import add as add_schedule
    from bookra.engine.schedules.model import NewSchedule

    new = NewSchedule(name, job, cron, _arguments(period, approve))
    parameters = {"name": name, "job": job, "cron": cron, "arguments": dict(new.arguments)}
    _write("schedule add", lambda tx: add_schedule(tx, new)[0], parameters, key, dry_run=dry_run)


@app.command("list")
def list_() -> None:
    """List the schedules: when each is due next, and what came of its last run.

    Examples:

      bookra schedule list
      bookra schedule list --json
    """
    from bookra.engine.schedules.actions import schedules

    found = current().ask(lambda tx: [document(each, tx.tenant.zone) for each in schedules(tx)])
    output.rows(found, COLUMNS)


@app.command()
def show(
    name: Name,
    limit: Annotated[int, typer.Option(help="The latest so many runs.", min=1, max=500)] = 20,
) -> None:
    """Show a schedule and its latest runs.

    Examples:

      bookra schedule show nightly-verify
      bookra schedule show pay-day --limit 3 --json
    """
    from bookra.engine.schedules.actions import show as look

    def question(tx: Tx) -> dict[str, Any]:
        schedule, runs = look(tx, name, limit)
        shown = document(schedule, tx.tenant.zone)
        return {**shown, "runs": [run_document(each, tx.tenant.zone) for each in runs]}

    found = current().ask(question)
    if current().format == "json":
        output.record(found)
        return
    output.record({key: found[key] for key in found if key not in ("runs", "last")})
    output.rows(found["runs"], RUN_COLUMNS, empty="It has not run yet.")


@app.command("set")
def set_(
    name: Name,
    cron: Annotated[
        str | None, typer.Option("--cron", help="Minute hour day month weekday.")
    ] = None,
    period: Period = None,
    approve: Approve = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Change when a schedule is due, or its arguments; what isn't given stays.

    Examples:

      bookra schedule set nightly-verify --cron '30 2 * * *'
      bookra schedule set pay-day --no-approve
    """
    from bookra.engine.schedules.actions import set_terms

    arguments = _arguments(period, approve)
    parameters = {"name": name, "cron": cron, "arguments": arguments}
    _write(
        "schedule set",
        lambda tx: set_terms(tx, name, cron=cron, arguments=arguments),
        parameters,
        key,
        dry_run=dry_run,
    )


@app.command()
def enable(name: Name, key: Key = None, dry_run: DryRun = False) -> None:
    """Let a disabled schedule run again, from its next due time on.

    Examples:

      bookra schedule enable nightly-reconcile
    """
    from bookra.engine.schedules import actions

    _write(
        "schedule enable", lambda tx: actions.enable(tx, name), {"name": name}, key, dry_run=dry_run
    )


@app.command()
def disable(name: Name, key: Key = None, dry_run: DryRun = False) -> None:
    """Stop a schedule until it is enabled again.

    Examples:

      bookra schedule disable nightly-reconcile
    """
    from bookra.engine.schedules import actions

    _write(
        "schedule disable",
        lambda tx: actions.disable(tx, name),
        {"name": name},
        key,
        dry_run=dry_run,
    )


@app.command()
def run(name: Name, key: Key = None, dry_run: DryRun = False) -> None:
    """Run a schedule's job now, once; its due times stay. It may be repeated at will.

    A run that failed and waits for its next attempt is tried at once. Exits 8 when a check found
    something. --dry-run tells whether it could begin, and does not.

    Examples:

      bookra schedule run nightly-verify
      bookra schedule run nightly-verify --dry-run
      bookra schedule run pay-day --idempotency-key pay-2026-11 --json
    """
    session = current()

    def work() -> dict[str, Any]:
        job, came = run_now(session, name)
        if came.error is not None:
            raise came.error
        return {"name": name, "job": job, "state": came.state.value, "outcome": came.outcome}

    if dry_run:
        job = take_now(session, name, dry_run=True).job
        output.record({"name": name, "job": job, "state": "dry-run", "outcome": None})
        return
    done = session.write_in_parts("schedule run", work, parameters={"name": name}, key=key)
    output.record(done)
    if done["state"] == "found":
        raise CheckFailedError("found", f"The job {done['job']} found something: {done['outcome']}")


@app.command()
def remove(name: Name, key: Key = None, dry_run: DryRun = False) -> None:
    """Take a schedule away. A default that is removed stays removed.

    Examples:

      bookra schedule remove weekly-pay
    """
    from bookra.engine.schedules import actions

    _write(
        "schedule remove", lambda tx: actions.remove(tx, name), {"name": name}, key, dry_run=dry_run
    )


def run_now(session: Session, name: str) -> tuple[str, Came]:
    """Run a schedule's job now, whatever it may ask of providers; returns the job and what came.

    Raises NotFoundError (``unknown_schedule``) and ConflictError (``in_progress``).
    """
    from bookra.relay.jobs.schedules import carry_out

    taken = take_now(session, name)
    came = carry_out(session.engine, session.settings, taken, tell=lambda *_, **__: None)
    return taken.job, came


def take_now(session: Session, name: str, *, dry_run: bool = False) -> Taken:
    """Take a run out of turn, so that no relay begins it meanwhile; raises as `run_now`."""
    from bookra.engine.schedules import runs
    from bookra.ids import new_id

    return session.engine.act(
        session.tenant,
        lambda tx: runs.take_now(tx, name, new_id(), lease_seconds=ONE_RUN_SECONDS),
        command="schedule run",
        dry_run=dry_run,
    )


def document(schedule: Schedule, zone: ZoneInfo) -> dict[str, Any]:
    """Return a schedule as JSON shows it; ``due_at`` is null while it is disabled."""
    return {
        "name": schedule.name,
        "job": schedule.job,
        "cron": schedule.cron,
        "arguments": dict(schedule.arguments),
        "enabled": schedule.enabled,
        "due_at": documents.instant(schedule.due_at, zone) if schedule.enabled else None,
        "last": run_document(schedule.last, zone) if schedule.last else None,
    }


def run_document(run: Run, zone: ZoneInfo) -> dict[str, Any]:
    """Return a run as JSON shows it."""
    return {
        "due_at": documents.instant(run.due_at, zone),
        "state": run.state.value,
        "attempts": run.attempts,
        "started_at": documents.instant(run.started_at, zone),
        "finished_at": documents.instant(run.finished_at, zone) if run.finished_at else None,
        "outcome": run.outcome,
    }


def _arguments(period: str | None, approve: bool | None) -> dict[str, Any]:
    given = {"period": period, "approve": approve}
    return {name: value for name, value in given.items() if value is not None}


def _write(
    command: str,
    action: Callable[[Tx], Schedule],
    parameters: dict[str, Any],
    key: str | None,
    *,
    dry_run: bool,
) -> None:
    output.record(
        current().write(
            command,
            lambda tx: document(action(tx), tx.tenant.zone),
            parameters=parameters,
            key=key,
            dry_run=dry_run,
        )
    )
