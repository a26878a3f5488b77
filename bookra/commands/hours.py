"""``bookra hours``: working hours by weekday, and days that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.clock import WEEKDAYS, parse_day
from bookra.commands import output
from bookra.commands.options import DryRun, FromDay, Key, group
from bookra.commands.session import current

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = group("Working hours and exceptions.")
Staff = Annotated[str, typer.Argument(help="The staff member's slug.")]


@app.command("set")
def set_(
    staff: Staff,
    week: Annotated[list[str], typer.Argument(help="'mon-fri 09:00-13:00,14:00-18:00' …")],
    from_day: FromDay = "today",
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Set the hours of some weekdays from a day on; earlier days keep their rules.

    Examples:

      bookra hours set ana 'mon-fri 09:00-13:00,14:00-18:00' 'sat 10:00-14:00' 'sun closed'
      bookra hours set bo 'fri,sat 22:00-02:00' --from 2026-12-01
    """
    from bookra.engine.availability import timetable
    from bookra.engine.availability.hours import parse_week

    parsed = [parse_week(part) for part in week]

    def action(tx: Tx) -> dict[str, Any]:
        day = parse_day(from_day, tx.tenant.zone, tx.now)
        timetable.set_hours(tx, staff, parsed, day)
        return _week(tx, staff, day)

    parameters = {"staff": staff, "week": week, "from": from_day}
    output.record(
        current().write("hours set", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command("except")
def except_(
    staff: Staff,
    day: Annotated[str, typer.Argument(help="A date, 'tomorrow' or a weekday.")],
    shifts: Annotated[str, typer.Argument(help="'10:00-12:00' or 'closed'.")],
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Give one day its own hours, in place of the week's and of public holidays.

    Examples:

      bookra hours except ana 2026-12-24 '09:00-12:00'
      bookra hours except ana tomorrow closed
    """
    from bookra.engine.availability import timetable
    from bookra.engine.availability.hours import format_shifts, parse_shifts

    parsed = parse_shifts(shifts)

    def action(tx: Tx) -> dict[str, Any]:
        wanted = parse_day(day, tx.tenant.zone, tx.now)
        timetable.set_exception(tx, staff, wanted, parsed)
        return {"staff": staff, "day": wanted.isoformat(), "shifts": format_shifts(parsed)}

    parameters = {"staff": staff, "day": day, "shifts": shifts}
    output.record(
        current().write("hours except", action, parameters=parameters, key=key, dry_run=dry_run)
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


def _week(tx: Tx, staff: str, day: Any) -> dict[str, Any]:
    from bookra.engine.availability.hours import format_shifts
    from bookra.engine.availability.timetable import hours_of

    week = hours_of(tx, staff, day)
    shown = {WEEKDAYS[weekday]: format_shifts(shifts) for weekday, shifts in week.items()}
    return {"staff": staff, "on": day.isoformat(), **shown}
