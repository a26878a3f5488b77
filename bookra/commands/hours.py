"""``bookra hours``: working hours by weekday, for good or for a while, and days that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.clock import WEEKDAYS, parse_day
from bookra.commands import output, service_documents
from bookra.commands.options import DryRun, FromDay, Key, group
from bookra.commands.session import current
from bookra.errors import UsageError

if TYPE_CHECKING:
    from datetime import date

    from bookra.engine.runtime import Tx

app = group("Working hours and exceptions: set, except, list, show.")
Staff = Annotated[str, typer.Argument(help="The staff member's slug.")]
COLUMNS = ("day", "shifts", "from", "until")


@app.command("set")
def set_(
    staff: Staff,
    week: Annotated[list[str], typer.Argument(help="'mon-fri 09:00-13:00,14:00-18:00' …")],
    from_day: FromDay = "today",
    until: Annotated[
        str | None, typer.Option(help="The last day; then the former hours hold again.")
    ] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Set the hours of some weekdays from a day on; earlier days keep their rules.

    Examples:

      bookra hours set ana 'mon-fri 09:00-13:00,14:00-18:00' 'sat 10:00-14:00' 'sun closed'
      bookra hours set bo 'fri,sat 22:00-02:00' --from 2026-12-01
      bookra hours set ana 'mon-sat 09:00-20:00' --from 2026-12-01 --until 2026-12-23
    """
    from bookra.engine.availability.hours import checked_weeks, parse_week
    from bookra.engine.availability.timetable import set_hours

    parsed = checked_weeks(parse_week(part) for part in week)

    def action(tx: Tx) -> dict[str, Any]:
        first = parse_day(from_day, tx.tenant.zone, tx.now)
        last = None if until is None else parse_day(until, tx.tenant.zone, tx.now)
        set_hours(tx, staff, parsed, first, last)
        ends = {} if last is None else {"until": last.isoformat()}
        return {**_week(tx, staff, first), **ends}

    parameters = {"staff": staff, "week": week, "from": from_day}
    if until is not None:
        parameters["until"] = until
    output.record(
        current().write("hours set", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command("except")
def except_(
    staff: Staff,
    day: Annotated[str, typer.Argument(help="A date, 'tomorrow' or a weekday.")],
    shifts: Annotated[str | None, typer.Argument(help="'10:00-12:00' or 'closed'.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Back to the week's hours.")] = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Give one day its own hours, in place of the week's and of public holidays.

    Examples:

      bookra hours except ana 2026-12-24 '09:00-12:00'
      bookra hours except ana tomorrow closed
      bookra hours except ana 2026-12-24 --clear
    """
    from bookra.engine.availability.hours import parse_shifts
    from bookra.engine.availability.timetable import clear_exception, set_exception

    if clear == (shifts is not None):
        raise UsageError("usage", "Give the day's shifts, 'closed' or --clear, one of them")
    parsed = None if shifts is None else parse_shifts(shifts)

    def action(tx: Tx) -> dict[str, Any]:
        wanted = parse_day(day, tx.tenant.zone, tx.now)
        if parsed is None:
            clear_exception(tx, staff, wanted)
        else:
            set_exception(tx, staff, wanted, parsed)
        shown = None if parsed is None else service_documents.shifts(parsed)
        return {"staff": staff, "day": wanted.isoformat(), "shifts": shown}

    parameters = {"staff": staff, "day": day, "shifts": shifts}
    output.record(
        current().write("hours except", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command("list")
def list_(
    staff: Staff,
    on: Annotated[str | None, typer.Option(help="Only what holds on this day.")] = None,
) -> None:
    """List the rules that hold today or later with their days, then the days that differ.

    Examples:

      bookra hours list ana
      bookra hours list ana --on 2026-12-07 --json
    """

    def question(tx: Tx) -> list[dict[str, Any]]:
        first = parse_day(on or "today", tx.tenant.zone, tx.now)
        return _rules(tx, staff, first, first if on else None)

    output.rows(
        current().ask(question), COLUMNS, empty="No hours. Set them: bookra hours set --help"
    )


@app.command()
def show(staff: Staff, from_day: FromDay = "today") -> None:
    """Show the weekly hours in force on a day.

    Examples:

      bookra hours show ana --json
    """
    output.record(
        current().ask(lambda tx: _week(tx, staff, parse_day(from_day, tx.tenant.zone, tx.now)))
    )


def _week(tx: Tx, staff: str, day: date) -> dict[str, Any]:
    from bookra.engine.availability.timetable import hours_of

    week = hours_of(tx, staff, day)
    shown = {
        WEEKDAYS[weekday]: service_documents.shifts(shifts) for weekday, shifts in week.items()
    }
    return {"staff": staff, "on": day.isoformat(), **shown}


def _rules(tx: Tx, staff: str, first: date, last: date | None) -> list[dict[str, Any]]:
    """Return weekly rules and exceptions as rows; ``until`` is the last day that a rule holds."""
    from datetime import timedelta

    from bookra.engine.availability.timetable import exceptions_of, rules_of

    weekly = [
        {
            "staff": staff,
            "day": WEEKDAYS[rule.weekday],
            "shifts": service_documents.shifts(rule.shifts),
            "from": rule.since.isoformat(),
            "until": rule.until and (rule.until - timedelta(days=1)).isoformat(),
        }
        for rule in rules_of(tx, staff, first, last)
    ]
    days = [
        {
            "staff": staff,
            "day": found.day.isoformat(),
            "shifts": service_documents.shifts(found.shifts),
            "from": found.day.isoformat(),
            "until": found.day.isoformat(),
        }
        for found in exceptions_of(tx, staff, first, last)
    ]
    return weekly + days
