"""All of stdout: one document as JSON, CSV, a table for a terminal, or plain columns for a pipe."""

from __future__ import annotations

import csv
import io
import os
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from bookra.commands.failures import json_text, printable
from bookra.commands.session import current
from bookra.money import format_minor

Document = Mapping[str, Any]

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
# The wide forms are what Japanese and Chinese spreadsheets take for the narrow ones.
_FORMULA = re.compile(r"((?:^|[;\t\n]) *)(?=[=+@\t\n＝＋－＠-])")


def record(document: Document, *, title: str = "") -> None:
    """Print one thing: JSON, one CSV row, or a line a field."""
    if _structured([document], document):
        return
    pairs = [(_label(key), cell(value)) for key, value in document.items() if _shown(value)]
    if not _rich():
        for label, value in pairs:
            print(f"{label}\t{_one_line(value)}")  # noqa: T201 - this room is stdout
        return
    from rich.table import Table

    table = Table(box=None, show_header=False, title=title or None, title_justify="left")
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for label, value in pairs:
        table.add_row(label, value)
    _console().print(table)


def rows(
    documents: Sequence[Document],
    columns: Sequence[str],
    *,
    empty: str = "Nothing there.",
    right: Collection[str] = (),
) -> None:
    """Print a list of things: a JSON array, CSV, or a table of ``columns``.

    Figures stand to the right, and so do the columns of ``right``, whatever they hold.
    """
    if _structured(documents, documents):
        return
    if not documents:
        if empty:
            remark(empty)
        return
    if not _rich():
        for document in documents:
            print("\t".join(_one_line(cell(_at(document, column))) for column in columns))  # noqa: T201
        return
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        justify: Any = "right" if column in right else _justify(documents, column)
        table.add_column(_label(column), justify=justify, overflow="fold")
    for document in documents:
        table.add_row(*(cell(_at(document, column)) for column in columns))
    _console().print(table)


def lines(texts: Sequence[str], *, empty: str = "Nothing there.") -> None:
    """Print lines that are drawn already, such as bars."""
    if not texts:
        remark(empty)
    for text in texts:
        print(printable(text))  # noqa: T201


def remark(text: str) -> None:
    """Tell a person something on stderr, unless they asked for data alone."""
    session = current()
    if not session.quiet and session.format == "table":
        sys.stderr.write(printable(text) + "\n")


def cell(value: Any) -> str:
    """Return a value as a person reads it: money with its code, times short, lists in a row."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping) and "amount_minor" in value:
        return f"{format_minor(value['amount_minor'], value['currency'])} {value['currency']}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {cell(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(cell(item) for item in value)
    return printable(_short_time(str(value)))


def _one_line(text: str) -> str:
    """Return ``text`` without what would end a column or a line of a pipe."""
    return ", ".join(text.replace("\t", " ").splitlines())


def _short_time(text: str) -> str:
    if len(text) < 19 or text[4:5] != "-" or text[10:11] != "T":
        return text
    try:
        return f"{datetime.fromisoformat(text):%a %d %b %Y %H:%M}"
    except ValueError:
        return text


def _structured(documents: Sequence[Document], whole: Any) -> bool:
    """Print JSON or CSV when that is wanted; tell whether it was."""
    chosen = current().format
    if chosen == "json":
        print(json_text(whole, indent=2))  # noqa: T201
    elif chosen == "csv":
        sys.stdout.write(csv_text(documents))
    return chosen != "table"


def csv_text(documents: Sequence[Document]) -> str:
    """Return documents as CSV: a header, and texts that no spreadsheet takes for formulas."""
    flat = [dict(_flatten(document)) for document in documents]
    names = list(dict.fromkeys(name for row in flat for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    for row in flat:
        writer.writerow({name: _harmless(value) for name, value in row.items()})
    return text.getvalue()


def _flatten(document: Document, prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in document.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found += _flatten(value, f"{name}.")
        elif isinstance(value, list | tuple):
            found.append((name, "; ".join(cell(item) for item in value)))
        else:
            found.append((name, value))
    return found


def _harmless(value: Any) -> Any:
    """Return a text that no spreadsheet takes for a formula, nor a terminal for a command.

    A quotation mark goes before what begins a formula: where a cell begins, and behind what some
    spreadsheet, whatever its language, takes for the end of a cell. A number stays a number, also
    below zero. OWASP: CSV injection.
    """
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    return _FORMULA.sub(r"\1'", printable(value))


def _at(document: Document, column: str) -> Any:
    value: Any = document
    for part in column.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _justify(documents: Sequence[Document], column: str) -> Any:
    value = _at(documents[0], column)
    numeric = isinstance(value, int) and not isinstance(value, bool)
    return (
        "right" if numeric or (isinstance(value, Mapping) and "amount_minor" in value) else "left"
    )


def _label(column: str) -> str:
    return column.rpartition(".")[2].replace("_", " ")


def _shown(value: Any) -> bool:
    return value is not None and value not in ([], "")


def _rich() -> bool:
    return sys.stdout.isatty()


def _console() -> Any:
    from rich.console import Console

    return Console(no_color=bool(os.environ.get("NO_COLOR")), highlight=False, markup=False)
