"""``bookra day``: the visits of a day by time, for a person at a glance, a script, or paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.clock import parse_day
from bookra.commands import documents, output
from bookra.commands.files import PRIVATE, write_whole
from bookra.commands.options import single
from bookra.commands.session import current
from bookra.errors import UsageError

if TYPE_CHECKING:
    from bookra.engine.reports.day_sheet import DaySheet
    from bookra.engine.runtime import Tx

app = single()
COLUMNS = ("start", "end", "staff", "status", "customer", "service", "price", "due", "code")
STDOUT = Path("-")


@app.command()
def day(
    date: Annotated[
        str, typer.Argument(help="A date, 'today', 'tomorrow' or a weekday.")
    ] = "today",
    pdf: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the day by person as a PDF.")
    ] = None,
    text: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it as text; - is stdout.")
    ] = None,
) -> None:
    """Show the day's visits by time, or write the day sheet: by person, with phones and notes.

    The files are readable by their owner alone.

    Examples:

      bookra day
      bookra day thu --json
      bookra day tomorrow --pdf tomorrow.pdf
      bookra day --text - | lpr
    """
    if pdf is not None or text is not None:
        _write_sheet(date, pdf, text)
        return
    found = current().ask(lambda tx: _visits(tx, date))
    if current().format == "json":
        output.record(found)
        return
    output.rows(found["visits"], COLUMNS, empty=f"No visits on {found['day']}.")
    output.remark(f"{output.cell(found['booked'])} booked, {output.cell(found['taken'])} taken")


def _visits(tx: Tx, date: str) -> dict[str, Any]:
    """``day booked taken`` and a document a visit."""
    from bookra.engine.bookings.rota import day_snapshot

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


def _write_sheet(date: str, pdf: Path | None, text: Path | None) -> None:
    """Write the sheet into the files that were named, both of the same moment."""
    from bookra.engine.reports.day_sheet import day_sheet

    if pdf == STDOUT:
        raise UsageError("usage", "A PDF needs a file", hint="Such as --pdf day.pdf")
    found = current().ask(
        lambda tx: day_sheet(tx, parse_day(date, tx.tenant.zone, tx.now)),
    )
    if pdf is not None:
        from bookra.engine.reports.day_sheet_pdf import render

        write_whole(pdf, [render(found)], PRIVATE)
    if text is not None:
        _write_text(found, text)
    files = {"pdf": pdf, "text": text}
    if text != STDOUT:
        named = {name: str(path) for name, path in files.items() if path is not None}
        output.record({"day": found.day.isoformat(), "visits": found.visits, **named})


def _write_text(found: DaySheet, path: Path) -> None:
    import sys

    from bookra.tui.sheet.words import sheet_lines

    pieces = (f"{line}\n" for line in sheet_lines(found))
    if path == STDOUT:
        sys.stdout.writelines(pieces)
    else:
        write_whole(path, (piece.encode() for piece in pieces), PRIVATE)
