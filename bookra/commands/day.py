"""``bookra day``: the visits of a day by time, for a person at a glance or a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.clock import parse_day
from bookra.commands import documents, output
from bookra.commands.options import single
from bookra.commands.session import current

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = single()
COLUMNS = ("start", "end", "staff", "status", "customer", "service", "price", "due", "code")


@app.command()
def day(
    date: Annotated[
        str, typer.Argument(help="A date, 'today', 'tomorrow' or a weekday.")
    ] = "today",
) -> None:
    """Show the day's visits by time.

    Examples:

      bookra day
      bookra day thu --json
    """
    from bookra.engine.bookings.rota import day_snapshot

    def question(tx: Tx) -> dict[str, Any]:
        zone = tx.tenant.zone
        snapshot = day_snapshot(tx, parse_day(date, zone, tx.now))
        return {
            "day": snapshot.day.isoformat(),
            "booked": documents.money(snapshot.totals.booked),
            "taken": documents.money(snapshot.totals.taken),
            "visits": [
                {
                    "start": documents.instant(block.starts_at, zone),
                    "end": documents.instant(block.ends_at, zone),
                    "staff": block.staff,
                    "status": block.status,
                    "customer": block.customer,
                    "service": block.service,
                    "price": documents.money(block.price),
                    "due": documents.money(block.due),
                    "code": block.code,
                }
                for block in snapshot.blocks
            ],
        }

    found = current().ask(question)
    if current().format == "json":
        output.record(found)
        return
    output.rows(found["visits"], COLUMNS, empty=f"No visits on {found['day']}.")
    output.remark(f"{output.cell(found['booked'])} booked, {output.cell(found['taken'])} taken")
