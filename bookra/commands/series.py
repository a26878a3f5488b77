"""``bookra booking series`` and ``cancel --series``: visits booked and cancelled together."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bookra import clock
from bookra.commands import documents, output
from bookra.commands.options import DryRun, Key
from bookra.commands.session import current

if TYPE_CHECKING:
    from bookra.engine.bookings.recurring.series import Series
    from bookra.engine.runtime import Tx

COLUMNS = ("code", "status", "start", "staff", "service", "customer", "price", "due")


def series(
    service: Annotated[str, typer.Argument(help="The service's slug.")],
    at: Annotated[str, typer.Option(help="The first visit: '2026-11-24T14:30', 'thu 14:30'.")],
    customer: Annotated[str, typer.Option(help="Phone, e-mail, name or id.")],
    every: Annotated[str, typer.Option(help="day, week, '2 weeks', '4 weeks' or month.")],
    staff: Annotated[str, typer.Option(help="A slug, or 'any'.")] = "any",
    count: Annotated[int | None, typer.Option(help="So many visits.")] = None,
    until: Annotated[str | None, typer.Option(help="The last possible day.")] = None,
    skip_conflicts: Annotated[
        bool, typer.Option("--skip-conflicts", help="Book the dates that can be, name the others.")
    ] = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Book the same visit every so often, at the same wall-clock time: all of it, or nothing.

    Dates that are in the way are named with their reasons. With 'any', one person keeps the
    series when somebody is free for all of it. A month without the day has no visit in it.

    Examples:

      bookra booking series cut --staff ana --at 'thu 14:30' --customer Rosa --every week --count 10
      bookra booking series cut --at 'mon 9:00' --customer Rosa --every month --until 2027-06-30
    """
    from bookra.engine.bookings.recurring.dates import SeriesRequest
    from bookra.engine.bookings.recurring.recurrence import parse_every
    from bookra.engine.bookings.recurring.series import book_series
    from bookra.engine.people.customers import the_customer

    often = parse_every(every)

    def action(tx: Tx) -> dict[str, Any]:
        zone = tx.tenant.zone
        request = SeriesRequest(
            service,
            None if staff == "any" else staff,
            clock.parse_moment(at, zone, tx.now),
            the_customer(tx, customer).id,
            often,
            count,
            clock.parse_day(until, zone, tx.now) if until is not None else None,
            skip_conflicts=skip_conflicts,
        )
        return _document(book_series(tx, request), zone)

    parameters = {
        "service": service,
        "at": at,
        "customer": customer,
        "every": every,
        "staff": staff,
        "count": count,
        "until": until,
        "skip_conflicts": skip_conflicts,
    }
    _show(
        current().write("booking series", action, parameters=parameters, key=key, dry_run=dry_run)
    )
    if dry_run:
        output.remark("A dry run: nothing was booked.")


def cancel_from(code: str, *, waive: bool, key: str | None, dry_run: bool) -> None:
    """Cancel a booking and the later ones of its series, with their refunds, and show them."""
    from bookra.engine.bookings.recurring.series import cancel_series
    from bookra.engine.payments.fees import cancel_visit

    def action(tx: Tx) -> dict[str, Any]:
        cancelled = cancel_series(tx, code, partial(cancel_visit, waive=waive))
        return {"bookings": [documents.booking(each, tx.tenant.zone) for each in cancelled]}

    parameters = {"code": code, "series": True} | ({"waive": True} if waive else {})
    _show(
        current().write("booking cancel", action, parameters=parameters, key=key, dry_run=dry_run)
    )


def _document(made: Series, zone: ZoneInfo) -> dict[str, Any]:
    """``series rule bookings skipped``."""
    return {
        "series": str(made.id),
        "rule": made.rule,
        "bookings": [documents.booking(booking, zone) for booking in made.bookings],
        "skipped": [
            {"start": each.start, "code": each.code, "message": each.message}
            for each in made.skipped
        ],
    }


def _show(document: dict[str, Any]) -> None:
    """Print the document as JSON; a table or CSV has a row a visit."""
    if current().format == "json":
        output.record(document)
        return
    output.rows(document["bookings"], COLUMNS)
    for each in document.get("skipped", ()):
        output.remark(f"Not booked: {each['start'][:10]}: {each['message']}")
