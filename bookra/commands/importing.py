"""What the imports of CSV files share: options, reading a file, showing what became of it."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, cast

import typer

from bookra.commands import output
from bookra.commands.session import current
from bookra.errors import CheckFailedError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from bookra.engine.imports.batches import Keeper
    from bookra.engine.imports.columns import Columns
    from bookra.engine.people.csv_lines import Sheet

File = Annotated[str, typer.Argument(metavar="CSV", help="The file; - for standard input.")]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN", help="Which column is what, as name='Client'."),
]
Layout = Annotated[
    str, typer.Option(help="auto, square, fresha or easyappointments: checks that it is that.")
]
Source = Annotated[
    str | None, typer.Option(help="Under which name lines are remembered; the layout's otherwise.")
]
Update = Annotated[bool, typer.Option("--update", help="Let the file change what is here already.")]

SHOWN_IN_TABLE = ("line", "what", "code", "reason")


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """Open a file, or standard input, so that it can be read twice; it is never held whole."""
    try:
        source = _copied(sys.stdin.buffer) if file == "-" else _seekable(file)
    except FileNotFoundError:
        raise NotFoundError("no_file", f"There is no file {file}") from None
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        raise InvalidInputError("cannot_read", f"{file} can't be read: {cause}") from None
    with source:
        yield source


def _seekable(file: str) -> BinaryIO:
    source = Path(file).open("rb")  # noqa: SIM115 - `opened` closes it
    if source.seekable():
        return source
    with source:
        return _copied(source)


def _copied(source: BinaryIO) -> BinaryIO:
    """Copy what can't be read twice into a file without a name; a little over the limit at most."""
    from bookra.engine.people.csv_lines import MAX_BYTES, PIECE_BYTES

    aside = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - `opened` closes it
    left = MAX_BYTES + 1
    while left and (piece := source.read(min(left, PIECE_BYTES))):
        aside.write(piece)
        left -= len(piece)
    return aside


@contextmanager
def reading(
    kind: str, file: str, layout: str, named: list[str] | None
) -> Iterator[tuple[Sheet, Columns, dict[str, Any]]]:
    """Give the lines of a file, their columns, and what makes this run another than the last."""
    from bookra.engine.imports.columns import columns_of, known_columns, parse_map
    from bookra.engine.people.csv_lines import open_sheet

    chosen = parse_map(named or [])
    with opened(file) as source:
        sheet = open_sheet(source, lambda header: known_columns(kind, header, chosen))
        columns = columns_of(kind, sheet.header, layout, chosen)
        if columns.ignored:
            output.remark(f"Nothing is read from: {', '.join(columns.ignored)}.")
        remark_on_encoding(sheet)
        yield sheet, columns, {"sha256": sheet.digest, "map": chosen, "layout": layout}


def remark_on_encoding(sheet: Sheet) -> None:
    """Say that the letters of a file were guessed."""
    if sheet.guessed:
        output.remark("The file is not UTF-8 and was read as Windows-1252; check some names.")


def run(
    command: str,
    title: str,
    sheet: Sheet,
    columns: Columns,
    keeper: Keeper,
    *,
    parameters: dict[str, Any],
    key: str | None,
    dry_run: bool,
    unmapped: Callable[[], dict[str, list[str]]] = dict,
) -> None:
    """Bring the lines in, once for each key, and show what became of them."""
    from bookra.engine.imports.batches import bring_in

    session = current()

    def work() -> dict[str, Any]:
        with bar(title, sheet.length) as advance:
            result = bring_in(
                session.engine,
                session.tenant,
                sheet,
                columns,
                keeper,
                command=command,
                dry_run=dry_run,
                listed=dry_run,
                advance=advance,
            )
        names = {kind: found for kind, found in unmapped().items() if found}
        return {**document(result, dry_run=dry_run), **({"unmapped": names} if names else {})}

    with session.alone(command, dry_run=dry_run):
        if dry_run:
            found = work()
        else:
            found = session.write_in_parts(command, work, parameters=parameters, key=key)
    show(found)


def document(result: Any, *, dry_run: bool) -> dict[str, Any]:
    """Return what became of the lines: counts, the refused ones, and in a dry run all of them."""
    counts = {
        "read": result.read,
        "added": result.count("new"),
        "unchanged": result.count("same"),
        "changed": result.count("changed"),
        "skipped": result.count("skipped"),
    }
    rejected = [{"line": f.line, "reason": f.reason, "code": f.code} for f in result.refused]
    lines = [
        {"line": f.line, "what": f.what, "code": f.code, "reason": f.reason} for f in result.fates
    ]
    return {**counts, "rejected": rejected, **({"lines": lines} if dry_run else {})}


def show(found: dict[str, Any]) -> None:
    """Print the result; raise CheckFailedError (``lines_rejected``) when a line was not kept."""
    rejected = found["rejected"]
    if current().format == "table":
        lines = found.get("lines")
        listed = {"rejected": len(rejected)}
        output.record({k: v for k, v in found.items() if k != "lines"} | listed)
        if lines:
            output.rows(lines, SHOWN_IN_TABLE)
        elif rejected:
            output.rows(rejected, ("line", "code", "reason"))
    elif current().format == "csv" and "lines" in found:
        output.rows(found["lines"], SHOWN_IN_TABLE)
    else:
        output.record(found)
    if rejected:
        raise CheckFailedError(
            "lines_rejected",
            f"{len(rejected)} of {found['read']} lines were not kept",
            hint="Mend them and import the file again: those that are in stay as they are",
            details={"rejected": len(rejected)},
        )


@contextmanager
def bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how far a long work is, on a terminal; yields a function that hears of it."""
    session = current()
    if session.quiet or session.format != "table" or not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(28), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(title, total=total)
        yield lambda done: shown.update(task, completed=done)
