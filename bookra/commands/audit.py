"""``bookra audit``: who changed what by which command, and whether anything else changed it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra import clock
from bookra.commands import documents, output
from bookra.commands.options import group
from bookra.commands.session import current
from bookra.errors import CheckFailedError

if TYPE_CHECKING:
    from bookra.engine.audit.verifying import Verified
    from bookra.engine.runtime import Tx

app = group("The audit: list, verify.")

First = Annotated[str | None, typer.Option("--from", help="A date, or a date and time.")]
Limit = Annotated[int, typer.Option(help="At most so many.", min=1, max=100_000)]


@app.command("list")
def list_(
    first: First = None,
    last: Annotated[str | None, typer.Option("--to", help="The last date.")] = None,
    by: Annotated[str | None, typer.Option(help="Only by this login.")] = None,
    command: Annotated[
        str | None, typer.Option(help="Only by this command, or a noun's: 'booking'.")
    ] = None,
    about: Annotated[
        str | None, typer.Option(help="Only about a code, or KIND:ID as the list shows it.")
    ] = None,
    limit: Limit = 200,
    installation: Annotated[
        bool, typer.Option("--installation", help="What was done to all businesses together.")
    ] = False,
) -> None:
    """List what was changed, the newest first: when, by which login and command, and what.

    Examples:

      bookra audit list --from 2026-11-01 --by ana_desk
      bookra audit list --about LUN-7F3K
      bookra audit list --command 'booking cancel' --output csv
    """
    from bookra.engine.audit.reading import Wanted, changes
    from bookra.engine.tenancy.installation import events

    if installation:
        found = current().engine.across_tenants(lambda connection: events(connection, limit=limit))
        listed = [
            {
                "at": each.recorded_at.isoformat(),
                "by": each.recorded_by,
                "command": each.command,
                "subjects": list(each.subjects),
            }
            for each in found
        ]
        output.rows(listed, ("at", "by", "command", "subjects"))
        return

    def question(tx: Tx) -> list[dict[str, Any]]:
        since, until = _period(tx, first, last)
        wanted = Wanted(since, until, by, command, about, limit)
        return [
            {
                "at": documents.instant(each.at, tx.tenant.zone),
                "by": each.login,
                "command": each.command,
                "subjects": list(each.subjects),
            }
            for each in changes(tx, wanted)
        ]

    output.rows(current().ask(question), ("at", "by", "command", "subjects"))


@app.command()
def verify(first: First = None, limit: Limit = 1000) -> None:
    """Look for rows that were written by anything but the program; exit 8 if there are any.

    Deleted rows leave nothing to look at; docs/operators.md says what shows them.

    Examples:

      bookra audit verify
      bookra audit verify --from 2026-11-01 --json
    """
    from bookra.engine.audit import verifying

    def question(tx: Tx) -> tuple[dict[str, Any], Verified]:
        since, _ = _period(tx, first, None)
        found = verifying.verify(tx, since=since, limit=limit)
        return _verified(tx, found), found

    session = current()
    document, found = session.engine.ask(session.tenant, question, consistent=True)
    if session.format == "table":
        summary = {key: value for key, value in document.items() if key != "changes"}
        output.record(summary)
        columns = ("table", "id", "what", "changed_by", "after")
        output.rows(document["changes"], columns, empty="")
    elif session.format == "csv":
        output.rows(document["changes"], ())
    else:
        output.record(document)
    if found.found:
        raise CheckFailedError(
            "changed_past_the_program",
            f"{found.found} rows were written by something that left no audit row",
            hint="Who may log in to the database? See docs/operators.md",
        )


def _verified(tx: Tx, found: Verified) -> dict[str, Any]:
    zone = tx.tenant.zone
    return {
        "ok": not found.found,
        "since": documents.instant(found.since, zone) if found.since else None,
        "tables": found.tables,
        "not_readable": list(found.unread),
        "found": found.found,
        "changes": [
            {
                "table": each.table,
                "id": each.id,
                "what": each.label,
                "changed_by": each.writer,
                "after": documents.instant(each.after, zone) if each.after else None,
            }
            for each in found.changes
        ],
    }


def _period(tx: Tx, first: str | None, last: str | None) -> tuple[datetime | None, datetime | None]:
    """Return the instants from which and before which to look; a last day is whole."""
    zone, since, until = tx.tenant.zone, None, None
    if first is not None and ":" in first:
        since = clock.parse_moment(first, zone, tx.now)
    elif first is not None:
        day = clock.parse_day(first, zone, tx.now)
        since = clock.from_epoch(clock.opening(day, 0, zone))
    if last is not None:
        day = clock.parse_day(last, zone, tx.now) + timedelta(days=1)
        until = clock.from_epoch(clock.opening(day, 0, zone))
    return since, until
