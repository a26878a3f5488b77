"""``bookra calendar connect|disconnect|feeds|resend``: calendars at Google, read and written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import documents, output
from bookra.commands.options import DryRun, Key
from bookra.commands.session import current

if TYPE_CHECKING:
    from bookra.engine.availability.calendars.feeds import Feed
    from bookra.engine.runtime import Tx

StaffSlug = Annotated[str, typer.Argument(help="The staff member's slug.")]
COLUMNS = ("staff", "calendar", "pulled_at", "busy", "failure", "conflicts")


def connect(
    staff: StaffSlug,
    calendar: Annotated[str, typer.Argument(help="The calendar's id, from its settings.")],
    busy_only: Annotated[
        bool, typer.Option("--busy-only", help="Only read it: visits stay out of it.")
    ] = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Read when somebody is busy elsewhere, and write their visits into the same calendar.

    The calendar must be shared with the account that the business is connected by. The relay reads
    it about once a minute; slots leave its busy times out.

    Examples:

      bookra calendar connect ana ana@luna.example
      bookra calendar connect ben ben.private@gmail.com --busy-only
    """
    from bookra.engine.bookings.calendars import connect_calendar

    document = current().write(
        "calendar connect",
        lambda tx: _document(tx, connect_calendar(tx, staff, calendar, busy_only=busy_only)),
        parameters={"staff": staff, "calendar": calendar, "busy_only": busy_only},
        key=key,
        dry_run=dry_run,
    )
    output.record(document)


def disconnect(staff: StaffSlug, key: Key = None, dry_run: DryRun = False) -> None:
    """Leave somebody's calendar: its busy times are dropped, visits go to the business's own.

    Examples:

      bookra calendar disconnect ana
    """
    from bookra.engine.bookings.calendars import disconnect_calendar

    document = current().write(
        "calendar disconnect",
        lambda tx: _document(tx, disconnect_calendar(tx, staff)),
        parameters={"staff": staff},
        key=key,
        dry_run=dry_run,
    )
    output.record(document)


def feeds() -> None:
    """List the calendars that are read: how fresh, why not, and which bookings they overlap.

    Examples:

      bookra calendar feeds --json
    """
    from bookra.engine.availability.calendars import feeds as room

    def question(tx: Tx) -> list[dict[str, Any]]:
        return [_document(tx, feed) for feed in room.feeds(tx)]

    output.rows(
        current().ask(question),
        COLUMNS,
        empty="No calendar is read. Connect one: bookra calendar connect --help",
    )


def resend(
    staff: Annotated[str | None, typer.Option(help="Only this person's visits.")] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Write all visits to come into their calendars again: after one was emptied, or connected.

    Examples:

      bookra calendar resend
      bookra calendar resend --staff ana
    """
    from bookra.engine.bookings import calendars

    document = current().write(
        "calendar resend",
        lambda tx: {"staff": staff, "bookings": calendars.resend(tx, staff)},
        parameters={"staff": staff},
        key=key,
        dry_run=dry_run,
    )
    output.record(document)


def _document(tx: Tx, feed: Feed) -> dict[str, Any]:
    """``staff calendar writes pulled_at tried_at failure busy conflicts``.

    ``writes`` says that the person's visits are written there, ``busy`` counts times to come.
    """
    from bookra.engine.availability.calendars.feeds import conflicts
    from bookra.engine.people.staff import find_staff

    zone = tx.tenant.zone
    return {
        "staff": feed.staff,
        "calendar": feed.calendar_id,
        "writes": find_staff(tx, feed.staff).calendar_id == feed.calendar_id,
        "pulled_at": documents.instant(feed.pulled_at, zone),
        "tried_at": documents.instant(feed.tried_at, zone),
        "failure": feed.failure,
        "busy": feed.busy,
        "conflicts": list(conflicts(tx, feed)),
    }
