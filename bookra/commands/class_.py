"""``bookra class``: classes that take place, with seats that are sold one by one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra import clock
from bookra.commands import output
from bookra.commands.documents import instant
from bookra.commands.options import DryRun, FromDay, Key, group
from bookra.commands.session import current
from bookra.errors import UsageError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bookra.engine.availability.sessions import Session
    from bookra.engine.bookings.model import Booking
    from bookra.engine.runtime import Tx

app = group("Classes: add, list, seats, set, move, cancel.")

Code = Annotated[str, typer.Argument(help="The class's code, such as LUNC-7F3K.")]
At = Annotated[str, typer.Option(help="'2026-11-24T18:00', 'tomorrow 18:00', 'thu 18:00'.")]
Anyway = Annotated[bool, typer.Option("--anyway", help="Also outside working hours.")]
COLUMNS = ("code", "service", "start", "end", "staff", "capacity", "sold", "free", "status")
SEAT_COLUMNS = ("seat_no", "booking", "customer", "status")


@app.command()
def add(
    service: Annotated[str, typer.Argument(help="A service with a capacity.")],
    staff: Annotated[str, typer.Option(help="Who gives it.")],
    at: At,
    capacity: Annotated[int | None, typer.Option(help="Seats; else the service's own.")] = None,
    every: Annotated[str | None, typer.Option(help="'week', '2 weeks', 'day', 'month'.")] = None,
    count: Annotated[int | None, typer.Option(help="How many, with --every.")] = None,
    anyway: Anyway = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Add a class, or one every so often: all of them, or none. The same again changes nothing.

    Examples:

      bookra class add yoga --staff ana --at 'thu 18:00'
      bookra class add yoga --staff ana --at 2026-11-26T18:00 --every week --count 10 --capacity 12
    """
    if (every is None) != (count is None):
        raise UsageError("usage", "--every and --count go together", hint="bookra class add --help")

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.bookings.classes.adding import NewClass, add_sessions
        from bookra.engine.bookings.recurring.recurrence import parse_every

        rule = None if every is None else parse_every(every)
        moment = clock.parse_moment(at, tx.tenant.zone, tx.now)
        new = NewClass(service, staff, moment, capacity, rule, count or 1, anyway)
        added = [_document(session, tx.tenant.zone) for session in add_sessions(tx, new)]
        return added[0] if rule is None else {"every": str(rule), "classes": added}

    parameters = {
        "service": service,
        "staff": staff,
        "at": at,
        "capacity": capacity,
        "every": every,
        "count": count,
        "anyway": anyway,
    }
    document = current().write("class add", action, parameters=parameters, key=key, dry_run=dry_run)
    if "classes" in document and current().format != "json":
        output.rows(document["classes"], COLUMNS)
    else:
        output.record(document)
    if dry_run:
        output.remark("A dry run: nothing was added.")


@app.command("list")
def list_(
    from_day: FromDay = "today",
    days: Annotated[int | None, typer.Option(help="Only so many days.", min=1, max=36_500)] = None,
) -> None:
    """List classes from today on, by time, cancelled ones too.

    Examples:

      bookra class list --days 7
      bookra class list --from 2026-11-01 --json
    """
    from bookra.engine.availability.sessions import sessions_between

    def question(tx: Tx) -> list[dict[str, Any]]:
        zone = tx.tenant.zone
        first = clock.parse_day(from_day, zone, tx.now)
        start, until = clock.from_epoch(clock.opening(first, 0, zone)), None
        if days is not None:
            until = clock.from_epoch(clock.opening(first + timedelta(days=days), 0, zone))
        return [_document(session, zone) for session in sessions_between(tx, start, until)]

    output.rows(current().ask(question), COLUMNS, empty="No classes there. See: bookra class add")


@app.command()
def seats(code: Code) -> None:
    """List the seats of a class that are sold or held.

    Examples:

      bookra class seats LUNC-7F3K --json
    """
    from bookra.engine.availability.sessions import session_by_code
    from bookra.engine.bookings.classes.seats import seats_of

    def question(tx: Tx) -> tuple[Session, list[dict[str, Any]]]:
        session = session_by_code(tx, code)
        return session, [
            {
                "seat_no": seat.seat_no,
                "booking": seat.booking,
                "customer": seat.customer,
                "status": seat.status,
            }
            for seat in seats_of(tx, session.id)
        ]

    session, found = current().ask(question)
    output.rows(found, SEAT_COLUMNS, empty="No seat is sold.")
    output.remark(f"{session.free} of {session.capacity} seats are free.")


@app.command("set")
def set_(
    code: Code,
    capacity: Annotated[int, typer.Option(help="How many seats it has from now on.")],
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Give a class more seats or fewer, never fewer than are sold.

    Examples:

      bookra class set LUNC-7F3K --capacity 14
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.bookings.classes.changing import set_capacity

        return _document(set_capacity(tx, code, capacity), tx.tenant.zone)

    parameters = {"code": code, "capacity": capacity}
    output.record(
        current().write("class set", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command()
def move(
    code: Code,
    at: At,
    staff: Annotated[str | None, typer.Option(help="Who gives it now; else the same.")] = None,
    anyway: Anyway = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Move a class to another time, or give it to somebody else; all its seats come along.

    Examples:

      bookra class move LUNC-7F3K --at 'fri 18:00'
      bookra class move LUNC-7F3K --at 'thu 18:00' --staff ben
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.bookings.classes.changing import move_session

        moment = clock.parse_moment(at, tx.tenant.zone, tx.now)
        moved = move_session(tx, code, moment, staff=staff, anyway=anyway)
        return _document(moved, tx.tenant.zone)

    parameters = {"code": code, "at": at, "staff": staff, "anyway": anyway}
    output.record(
        current().write("class move", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command()
def cancel(code: Code, key: Key = None, dry_run: DryRun = False) -> None:
    """Cancel a class: its bookings wait for another time, and nobody is told before it is found.

    Examples:

      bookra class cancel LUNC-7F3K
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.bookings.classes.changing import cancel_session

        done = cancel_session(tx, code)
        return _document(done.session, tx.tenant.zone) | {
            "displaced": [_who(booking) for booking in done.displaced],
            "expired": [_who(booking) for booking in done.expired],
        }

    document = current().write(
        "class cancel", action, parameters={"code": code}, key=key, dry_run=dry_run
    )
    if current().format == "json":
        output.record(document)
        return
    output.rows(document["displaced"], ("code", "customer", "seats"), empty="Nobody was booked.")
    if dry_run:
        output.remark("A dry run: nothing was cancelled.")
    elif document["displaced"]:
        output.remark("They wait for another time: bookra displaced list")


def _document(found: Session, zone: ZoneInfo) -> dict[str, Any]:
    """``code service start end staff capacity sold free status``; held seats count as sold."""
    return {
        "code": found.code,
        "service": found.service,
        "start": instant(found.starts_at, zone),
        "end": instant(found.ends_at, zone),
        "staff": found.staff,
        "capacity": found.capacity,
        "sold": found.taken,
        "free": found.free,
        "status": found.status,
    }


def _who(booking: Booking) -> dict[str, Any]:
    return {
        "code": booking.code,
        "customer": booking.customer,
        "seats": len(booking.lines),
        "status": booking.status.value,
    }
