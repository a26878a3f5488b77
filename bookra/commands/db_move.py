"""``bookra db move``: from the embedded database to a server, in one command."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from bookra.commands import output
from bookra.commands.session import current
from bookra.errors import UsageError

VARIABLE = "BOOKRA_MOVE_URL"


def move(
    url: Annotated[
        str | None,
        typer.Argument(
            help=f"postgresql://… of an empty database. Or in {VARIABLE}, where nobody reads it."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Look whether it could be, and change nothing.")
    ] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Stay: open the embedded database again.")
    ] = False,
) -> None:
    """Move the embedded database to a server: rows, roles, proof; then name the server.

    The embedded database is closed while it is read, and stays as it is, closed. What goes wrong
    before the server has everything opens it again. The login needs CREATEROLE, and CREATE on the
    empty database; its password is best left to ~/.pgpass.

    Examples:

      bookra db move postgresql://bookra_admin@db.example/bookra --dry-run
      bookra db move postgresql://bookra_admin@db.example/bookra
      bookra db move --undo
    """
    from bookra import removal

    settings = current().settings
    if undo:
        output.record({"database": settings.database, "opened": removal.take_back(settings)})
        return
    target = url or os.environ.get(VARIABLE)
    if not target:
        raise UsageError("no_url", "No server was named", hint="bookra db move postgresql://…")
    moved = removal.move(settings, target, dry_run=dry_run)
    output.record(
        {
            "from": settings.database,
            "to": moved.server,
            "tenants": moved.tenants,
            "moved": not dry_run,
            "already": moved.already,
            "left_alone": list(moved.restored.left_alone) if moved.restored else [],
        }
    )
    if not dry_run:
        output.remark(f"From now on: export BOOKRA_DATABASE_URL=postgresql://…@{moved.server}")
        output.remark("The embedded database stays, closed. To go back: bookra db move --undo")
