"""``bookra slots``: free times of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.clock import parse_day
from bookra.commands import documents, output
from bookra.commands.options import FromDay, single
from bookra.commands.session import current

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = single()
COLUMNS = ("start", "end", "staff", "price")


@app.command()
def slots(
    service: Annotated[str, typer.Argument(help="The service's slug.")],
    staff: Annotated[str, typer.Option(help="A slug, or 'any'.")] = "any",
    from_day: FromDay = "today",
    days: Annotated[int, typer.Option(help="How many days to look at.")] = 1,
    limit: Annotated[
        int | None, typer.Option(help="At most so many slots.", min=1, max=100_000)
    ] = None,
) -> None:
    """List the free times of a service.

    Examples:

      bookra slots cut --from tomorrow --days 7 --limit 5
      bookra slots cut --staff ana --json
    """
    from bookra.engine.availability.actions import find_slots

    person = None if staff == "any" else staff

    def question(tx: Tx) -> list[dict[str, Any]]:
        first = parse_day(from_day, tx.tenant.zone, tx.now)
        found = find_slots(tx, service, person, first, days, limit)
        return [documents.slot(slot, tx.tenant.zone) for slot in found]

    output.rows(current().ask(question), COLUMNS, empty="Nothing is free. Look further: --days 14")
