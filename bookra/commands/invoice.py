"""``bookra invoice``: list, show, and print invoices and credit notes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.clock import parse_day, parse_moment
from bookra.commands import ledger_documents, output
from bookra.commands.files import write_whole
from bookra.commands.options import group
from bookra.commands.session import current
from bookra.errors import InvalidInputError, UsageError

if TYPE_CHECKING:
    from bookra.engine.invoices.store import Invoice
    from bookra.engine.runtime import Tx

app = group("Invoices and credit notes: list, show, pdf.")
Name = Annotated[str, typer.Argument(help="A number, or the code of a booking or an order.")]
From = Annotated[str | None, typer.Option("--from", help="Issued on this day or later.")]
To = Annotated[str | None, typer.Option("--to", help="Issued on this day or earlier.")]
Kind = Annotated[str | None, typer.Option(help="invoice or credit-note; both by default.")]
COLUMNS = (
    *("number", "kind", "issued_at", "booking", "order", "corrects", "customer"),
    *("net", "tax", "gross"),
)


@app.command("list")
def list_(first: From = None, last: To = None, kind: Kind = None) -> None:
    """List invoices and credit notes by number: they share one sequence without a gap.

    Examples:

      bookra invoice list --json
      bookra invoice list --from 2026-11-01 --to 2026-11-30 --kind credit-note
    """
    found = current().ask(
        lambda tx: [
            ledger_documents.invoice(item, tx.tenant.zone) for item in _asked(tx, first, last, kind)
        ]
    )
    output.rows(found, COLUMNS, empty="No invoices yet: a paid booking gets one from the relay.")


@app.command()
def show(name: Name) -> None:
    """Show an invoice or a credit note; --json shows its whole content.

    Examples:

      bookra invoice show LUN-2026-00001
    """
    from bookra.engine.invoices.store import find_invoice
    from bookra.engine.invoices.stored import to_json

    def question(tx: Any) -> dict[str, Any]:
        found = find_invoice(tx, name)
        document = ledger_documents.invoice(found, tx.tenant.zone)
        if current().format == "json":
            document["document"] = to_json(found.document)
        return document

    output.record(current().ask(question))


@app.command()
def pdf(
    name: Annotated[
        str | None, typer.Argument(help="A number, or the code of a booking or an order.")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(help="The file, NUMBER.pdf by default; with --all the last day of issue."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every one of the days asked for.")] = False,
    folder: Annotated[
        Path, typer.Option("--folder", help="Where --all puts its files; made if missing.")
    ] = Path(),
    first: From = None,
    kind: Kind = None,
) -> None:
    """Write one invoice or credit note as PDF, or --all of them into a folder.

    Examples:

      bookra invoice pdf LUN-7F3K --to invoice.pdf
      bookra invoice pdf --all --from 2026-11-01 --to 2026-11-30 --folder invoices
    """
    from bookra.engine.invoices.store import find_invoice

    if every == (name is not None):
        raise UsageError(
            "one_or_all", "Name one document, or ask for --all", hint="See: bookra invoice list"
        )
    if name is not None:
        found = current().ask(lambda tx: find_invoice(tx, name))
        output.record(_printed(found, Path(to or f"{found.number}.pdf")))
        return
    wanted = current().ask(lambda tx: _asked(tx, first, to, kind))
    _make(folder)
    printed = [_printed(found, folder / f"{found.number}.pdf") for found in wanted]
    output.rows(printed, ("number", "file"), empty="No invoices in these days.")


def _asked(tx: Tx, first: str | None, last: str | None, kind: str | None) -> Sequence[Invoice]:
    from bookra.engine.invoices.store import KINDS, invoices

    if kind not in (None, *KINDS):
        raise InvalidInputError(
            "bad_kind", f"'{kind}' is no kind of document", hint=f"One of: {', '.join(KINDS)}"
        )
    return invoices(tx, start=_begin(tx, first, 0), until=_begin(tx, last, 1), kind=kind)


def _begin(tx: Tx, day: str | None, later: int) -> datetime | None:
    if day is None:
        return None
    on = parse_day(day, tx.tenant.zone, tx.now) + timedelta(days=later)
    return parse_moment(f"{on}T00:00", tx.tenant.zone, tx.now)


def _printed(found: Invoice, path: Path) -> dict[str, Any]:
    """Write a document's PDF; names the characters that the fonts don't have."""
    from bookra.engine.invoices.pdf import typeset

    paper = typeset(found.document)
    write_whole(path, [paper.pdf])
    if paper.replaced:
        lost = " ".join(paper.replaced)
        output.remark(
            f"{found.number}: not in the fonts, printed in another form: {lost}."
            " Fonts that the system has are used: install Noto, on Debian fonts-noto-cjk"
        )
    return {"number": found.number, "file": str(path)}


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInputError(
            "cannot_write",
            f"{folder} can't be made: {error.strerror}",
            hint="Choose another --folder",
        ) from None
