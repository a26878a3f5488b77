"""``bookra booking``: look at bookings, cancel them, and note the steps of a visit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra import clock
from bookra.commands import (
    booking_end,
    booking_price,
    dispute,
    documents,
    import_bookings,
    output,
)
from bookra.commands import payment_documents as payments
from bookra.commands.options import DryRun, FromDay, Key, group
from bookra.commands.series import series as book_series
from bookra.commands.session import current
from bookra.commands.visit import person
from bookra.errors import InvalidInputError

if TYPE_CHECKING:
    from bookra.engine.bookings.model import Booking
    from bookra.engine.runtime import Tx

app = group(
    "Bookings: list, show, series, move, swap, note, confirm, cancel, import, a visit's steps."
)

Code = Annotated[str, typer.Argument(help="The booking's code, such as LUN-7F3K.")]
COLUMNS = ("code", "status", "start", "staff", "service", "customer", "price", "due")


@app.command("list")
def list_(
    from_day: FromDay = "today",
    days: Annotated[int | None, typer.Option(help="Only so many days.", min=1, max=36_500)] = None,
    status: Annotated[str | None, typer.Option(help="Only in this state.")] = None,
    limit: Annotated[int | None, typer.Option(help="At most so many.", min=1, max=100_000)] = None,
) -> None:
    """List bookings from today on, by time.

    Examples:

      bookra booking list --days 7
      bookra booking list --from 2026-11-01 --status held --json
    """
    from bookra.engine.bookings.model import Status
    from bookra.engine.bookings.store import bookings_between

    if status is not None and status not in set(Status):
        raise InvalidInputError(
            "unknown_status", f"'{status}' is not a state", hint=f"One of: {', '.join(Status)}"
        )

    def question(tx: Tx) -> list[dict[str, Any]]:
        first = clock.parse_day(from_day, tx.tenant.zone, tx.now)
        start = clock.from_epoch(clock.opening(first, 0, tx.tenant.zone))
        until = None
        if days is not None:
            until = clock.from_epoch(clock.opening(first + timedelta(days), 0, tx.tenant.zone))
        wanted = Status(status) if status else None
        found = bookings_between(tx, start, until, status=wanted, limit=limit)
        return [documents.booking(booking, tx.tenant.zone) for booking in found]

    output.rows(current().ask(question), COLUMNS, empty="No bookings there.")


@app.command()
def show(code: Code) -> None:
    """Show one booking, with what became of it.

    Examples:

      bookra booking show LUN-7F3K --json
    """
    from bookra.engine.bookings.history import history
    from bookra.engine.bookings.store import booking_by_code
    from bookra.engine.payments import refunding
    from bookra.engine.payments.disputes import disputes_of
    from bookra.engine.payments.operations import operations_of

    def question(tx: Tx) -> dict[str, Any]:
        booking, zone = booking_by_code(tx, code), tx.tenant.zone
        document = documents.booking(booking, zone)
        document["note"] = booking.note
        if asked := operations_of(tx, booking_id=booking.id):
            document["payments"] = [payments.payment(each, zone) for each in asked]
        if owed := refunding.owed(tx, booking):
            document["owed"] = documents.money(owed)
        if disputed := disputes_of(tx, booking.id):
            document["disputes"] = [dispute.document(each, zone) for each in disputed]
        if changes := history(tx, booking.id):
            document["history"] = [documents.change(change, zone) for change in changes]
        return document

    output.record(payments.shown(current().ask(question)))


@app.command()
def move(
    code: Code,
    at: Annotated[str, typer.Option(help="'2026-11-24T14:30', 'tomorrow 14:30'.")],
    staff: Annotated[
        str | None, typer.Option(help="Somebody else: a slug, or 'any'. The same if left out.")
    ] = None,
    line: Annotated[int | None, typer.Option(help="Only this line of the visit.", min=1)] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Move a booking to another time or to somebody else; code, price and history stay.

    Examples:

      bookra booking move LUN-7F3K --at 'thu 15:00'
      bookra booking move LUN-7F3K --at 'thu 15:00' --staff any
      bookra booking move LUN-7F3K --line 2 --at 'thu 16:00' --staff ben
    """
    from bookra.engine.bookings import moving

    whom = moving.KEEP if staff is None else person(staff)

    def action(tx: Tx) -> dict[str, Any]:
        moment = clock.parse_moment(at, tx.tenant.zone, tx.now)
        moved = moving.move(tx, code, moment, staff=whom, line=line)
        return documents.booking(moved, tx.tenant.zone)

    parameters = {"code": code, "at": at, "staff": staff, "line": line}
    output.record(
        current().write("booking move", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command()
def swap(
    code: Code,
    other: Annotated[str, typer.Argument(help="The other booking's code.")],
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Exchange the times and the people of two bookings: both or neither.

    Examples:

      bookra booking swap LUN-7F3K LUN-9Q2M
    """
    from bookra.engine.bookings import moving

    def action(tx: Tx) -> dict[str, Any]:
        both = moving.swap(tx, code, other)
        return {"bookings": [documents.booking(each, tx.tenant.zone) for each in both]}

    parameters = {"code": code, "other": other}
    document = current().write(
        "booking swap", action, parameters=parameters, key=key, dry_run=dry_run
    )
    if current().format == "json":
        output.record(document)
    else:
        output.rows(document["bookings"], COLUMNS)


app.command("series")(book_series)
app.command("import")(import_bookings.bookings)
app.command()(booking_price.discount)
app.command()(booking_price.item)


@app.command()
def confirm(code: Code, key: Key = None, dry_run: DryRun = False) -> None:
    """Confirm a held booking, paid or not; it is due at the counter.

    Examples:

      bookra booking confirm LUN-7F3K
    """
    from bookra.engine.bookings.waitlist import actions as waitlist

    _write("booking confirm", waitlist.confirm_held, code, key=key, dry_run=dry_run)


app.command()(booking_end.cancel)


@app.command("check-in")
def check_in(code: Code, key: Key = None, dry_run: DryRun = False) -> None:
    """Note that the customer has arrived.

    Examples:

      bookra booking check-in LUN-7F3K
    """
    from bookra.engine.bookings import actions

    _write("booking check-in", actions.check_in, code, key=key, dry_run=dry_run)


@app.command()
def complete(code: Code, key: Key = None, dry_run: DryRun = False) -> None:
    """Note that the visit is over; what was paid of it before becomes revenue.

    Examples:

      bookra booking complete LUN-7F3K
    """
    from bookra.engine.payments import taking

    _write("booking complete", taking.complete, code, key=key, dry_run=dry_run)


app.command("no-show")(booking_end.no_show)


@app.command("note")
def note_(
    code: Code,
    text: Annotated[str, typer.Argument(help="What to know of this visit; '' removes it.")],
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Write down what to know of a visit, in place of the note before; '' removes it.

    What holds at every visit stands with the customer: bookra customer set --note.

    Examples:

      bookra booking note LUN-7F3K 'Brings her daughter; wants the window seat'
      bookra booking note LUN-7F3K ''
    """
    from bookra.engine.bookings.noting import set_note

    def action(tx: Tx) -> dict[str, Any]:
        noted = set_note(tx, code, text)
        return {**documents.booking(noted, tx.tenant.zone), "note": noted.note}

    parameters = {"code": code, "note": text}
    output.record(
        current().write("booking note", action, parameters=parameters, key=key, dry_run=dry_run)
    )


def _write(
    command: str,
    action: Callable[[Tx, str], Booking],
    code: str,
    *,
    key: str | None,
    dry_run: bool,
) -> None:
    output.record(
        current().write(
            command,
            lambda tx: documents.booking(action(tx, code), tx.tenant.zone),
            parameters={"code": code},
            key=key,
            dry_run=dry_run,
        )
    )
