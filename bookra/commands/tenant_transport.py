"""``bookra tenant export`` and ``import``: a whole business into a file, and out of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import files, output
from bookra.commands.options import DryRun
from bookra.commands.session import current
from bookra.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from bookra.engine.transport.arriving import Arrived


def export(
    slug: Annotated[str, typer.Argument(help="The business's slug.")],
    file: Annotated[Path, typer.Argument(help="Where to write it; only you may read it.")],
) -> None:
    """Write everything of a business into one file, as it is at one moment.

    Customers and bookings, the ledger, the audit, what is still to be delivered: all but logins and
    the providers' tokens. Keep the file as you keep your customers' names: it holds them.

    Examples:

      bookra tenant export luna luna.bookra
    """
    from bookra.engine.transport.leaving import leave

    session = current()
    with files.whole_file(file, files.PRIVATE) as opened:
        try:
            left = leave(session.engine, slug, opened)
        except OSError as error:
            raise InvalidInputError(
                "cannot_write", f"{file} can't be written: {error.strerror}"
            ) from None
    output.record(
        {
            "tenant": left.slug,
            "file": str(file),
            "bytes": file.stat().st_size,
            "tables": left.tables,
            "rows": left.rows,
            "ledger": left.ledger,
            "operators": left.left_behind["operators"],
            "providers": left.left_behind["providers"],
        }
    )


def import_(
    file: Annotated[Path, typer.Argument(help="What 'bookra tenant export' wrote.")],
    slug: Annotated[str | None, typer.Option(help="Another slug for it here.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Bring in a business that was exported from another installation, all of it or nothing.

    Its ids stay. The ledger is proved before anything is kept. Nothing is delivered to providers
    until they are connected again and released. Needs the database's administrator.

    Examples:

      bookra tenant import luna.bookra --dry-run
      bookra tenant import luna.bookra --slug luna-mitte
    """
    session = current()
    _ = session.engine  # makes sure that the database is there
    arrived = _arrive(file, slug, dry_run=dry_run)
    output.record(_document(arrived))
    if arrived.operators:
        logins = ", ".join(each["login"] for each in arrived.operators)
        output.remark(f"Add the operators again: {logins} (bookra operator add LOGIN --role …).")
    if arrived.held:
        output.remark(f"Held back until you release it: {', '.join(arrived.held)}.")


class _TakeBackError(Exception):
    """A dry run has seen what it wanted."""


def _arrive(file: Path, slug: str | None, *, dry_run: bool) -> Arrived:
    from bookra.bootstrap import administration
    from bookra.engine.revision import HEAD
    from bookra.engine.transport.archive import opened
    from bookra.engine.transport.arriving import arrive

    done: list[Arrived] = []
    try:
        with (
            file.open("rb") as content,
            opened(content, HEAD) as archive,
            administration(current().settings) as connection,
        ):
            done.append(arrive(connection, archive, slug))
            if dry_run:
                raise _TakeBackError
    except _TakeBackError:
        pass
    except FileNotFoundError:
        raise NotFoundError("no_file", f"There is no file {file}") from None
    except OSError as error:
        raise InvalidInputError("cannot_read", f"{file} can't be read: {error.strerror}") from None
    return done[0]


def _document(arrived: Arrived) -> dict[str, Any]:
    document = asdict(arrived)
    document["id"] = str(document.pop("tenant_id"))
    return {"tenant": document.pop("slug"), **document}
