"""``bookra booking``: look at bookings, cancel them, and note the steps of a visit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra import clock
from bookra.commands import documents, output
from bookra.commands.options import DryRun, FromDay, Key, group
from bookra.commands.session import current
from bookra.errors import InvalidInputError

if TYPE_CHECKING:
    from bookra.engine.bookings.model import Booking
    from bookra.engine.runtime import Tx

app = group("Bookings: list, show, cancel, check-in, complete, no-show.")

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
    """Show one booking.

    Examples:

      bookra booking show LUN-7F3K --json
    """
    from bookra.engine.bookings.store import booking_by_code

    output.record(
        current().ask(lambda tx: documents.booking(booking_by_code(tx, code), tx.tenant.zone))
    )


@app.command()
def cancel(code: Code, key: Key = None, dry_run: DryRun = False) -> None:
    """Cancel a booking that is not paid: its time is free again, the customer is told.

    Examples:

      bookra booking cancel LUN-7F3K
    """
    from bookra.engine.bookings import actions

    _write("booking cancel", actions.cancel, code, key=key, dry_run=dry_run)


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
    """Note that the visit is over.

    Examples:

      bookra booking complete LUN-7F3K
    """
    from bookra.engine.bookings import actions

    _write("booking complete", actions.complete, code, key=key, dry_run=dry_run)


@app.command("no-show")
def no_show(code: Code, key: Key = None, dry_run: DryRun = False) -> None:
    """Note that the customer did not come.

    Examples:

      bookra booking no-show LUN-7F3K
    """
    from bookra.engine.bookings import actions

    _write("booking no-show", actions.no_show, code, key=key, dry_run=dry_run)


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
