"""``bookra invoice``: list, show, and print invoices."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from bookra.commands import documents, output
from bookra.commands.options import group
from bookra.commands.session import current
from bookra.errors import InvalidInputError

app = group("Invoices: list, show, pdf.")
Name = Annotated[str, typer.Argument(help="The invoice's number, or the booking's code.")]
COLUMNS = ("number", "issued_at", "booking", "customer", "net", "tax", "gross")


@app.command("list")
def list_() -> None:
    """List every invoice by number.

    Examples:

      bookra invoice list --json
    """
    from bookra.engine.invoices.actions import invoices

    found = current().ask(
        lambda tx: [documents.invoice(item, tx.tenant.zone) for item in invoices(tx)]
    )
    output.rows(found, COLUMNS, empty="No invoices yet: a paid booking gets one from the relay.")


@app.command()
def show(name: Name) -> None:
    """Show an invoice; --json shows its whole content.

    Examples:

      bookra invoice show LUN-2026-00001
    """
    from bookra.engine.invoices.actions import find_invoice

    def question(tx: Any) -> dict[str, Any]:
        found = find_invoice(tx, name)
        document = documents.invoice(found, tx.tenant.zone)
        if current().format == "json":
            document["document"] = found.document.to_json()
        return document

    output.record(current().ask(question))


@app.command()
def pdf(
    name: Name,
    to: Annotated[Path | None, typer.Option(help="The file; NUMBER.pdf by default.")] = None,
) -> None:
    """Write an invoice as PDF.

    Examples:

      bookra invoice pdf LUN-7F3K --to invoice.pdf
    """
    from bookra.engine.invoices.actions import find_invoice
    from bookra.engine.invoices.pdf import render

    found = current().ask(lambda tx: find_invoice(tx, name))
    path = to or Path(f"{found.number}.pdf")
    _write(path, render(found.document))
    output.record({"number": found.number, "file": str(path)})


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    try:
        descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(partial).chmod(0o644)
        Path(partial).replace(path)
    except OSError as error:
        raise InvalidInputError(
            "cannot_write", f"{path} can't be written: {error.strerror}", hint="Choose another --to"
        ) from None
