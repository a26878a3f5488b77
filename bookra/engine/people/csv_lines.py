"""The lines of a CSV file as other programs export it: pure, from bytes to cells.

Python's reader does the quoting. What is here is what exports need around it: the encoding and the
delimiter are found out, each record knows the physical line it begins on, and a quotation mark
that is never closed costs its own line, not the rest of the file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bookra.errors import InvalidInputError

MAX_BYTES = 50_000_000
DELIMITERS = (",", ";", "\t")
UNREADABLE = "\ufffd"
"""What stands for a byte that is no text in the file's encoding."""

_MARKS = (  # UTF-32's mark begins with UTF-16's, so it is looked for first
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?[,;]*\s*', re.IGNORECASE)

Score = Callable[[Sequence[str]], int]


@dataclass(frozen=True, slots=True)
class Record:
    """One record. ``line`` is the physical line it begins on, from 1.

    ``torn``: its quotation marks can't be followed, so that its cells mean nothing.
    """

    line: int
    cells: tuple[str, ...]
    torn: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that has a header. ``guessed`` tells that its encoding was not marked or proven."""

    header: tuple[str, ...]
    delimiter: str
    encoding: str
    guessed: bool
    lines: Sequence[str]
    begins: int

    def records(self) -> Iterator[Record]:
        """Yield the records below the header; those whose cells are all empty are left out.

        After a torn record the next ones may be the rest of it: they are torn too, until one has
        as many cells as the header.
        """
        wary = False
        for record in _records(self.lines, self.delimiter, self.begins):
            if not record.torn and not any(cell.strip() for cell in record.cells):
                continue
            wary = record.torn or (wary and len(record.cells) != len(self.header))
            yield Record(record.line, record.cells, torn=True) if wary else record


def read_sheet(content: bytes, score: Score) -> Sheet:
    """Return the sheet that ``content`` is; ``score`` counts the header cells that it knows.

    The delimiter whose header scores best is taken. Raises InvalidInputError: ``too_large``,
    ``empty_file`` or ``not_csv``.
    """
    if len(content) > MAX_BYTES:
        raise InvalidInputError(
            "too_large",
            f"The file is larger than {MAX_BYTES // 1_000_000} MB",
            hint="Split it, with the header in each part",
        )
    if content.startswith(_WORKBOOKS):
        raise _not_csv("The file is a spreadsheet program's workbook")
    text, encoding, guessed = _decoded(content)
    lines = list(io.StringIO(text, newline=""))
    named = _SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    headers = {
        mark: _header(lines, mark, 1 if named else 0)
        for mark in ((named[1],) if named else DELIMITERS)
    }
    sheets = [
        Sheet(tuple(cell.strip() for cell in first.cells), mark, encoding, guessed, lines, begins)
        for mark, (first, begins) in headers.items()
        if not first.torn
    ]
    if not sheets:
        raise _not_csv("The quotation marks of the header can't be followed")
    best = max(sheets, key=lambda sheet: (score(sheet.header), len(sheet.header)))
    if not all(_legible(cell) for cell in best.header):
        raise _not_csv("The file is not text")
    return best


def _decoded(content: bytes) -> tuple[str, str, bool]:
    """Return the text, its encoding, and whether that was guessed.

    Without a mark it is UTF-8, or else what Excel writes in the west, Windows-1252. Letters of
    that are hardly ever UTF-8 by chance: a file in which some are is UTF-8 with damaged lines, and
    to reject those is better than to garble the names of all the others.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _ended(content[len(mark) :].decode(encoding, "replace")), encoding, False
    text = content.decode("utf-8", "replace")
    damaged = text.count(UNREADABLE)
    readable = 0 if not damaged else sum(not character.isascii() for character in text) - damaged
    if damaged > 10 * readable:
        return _ended(content.decode("cp1252", "replace")), "cp1252", True
    return _ended(text), "utf-8", False


def _ended(text: str) -> str:
    """Return ``text`` without the end mark that old systems write."""
    return text.rstrip("\x00\x1a")


def _header(lines: Sequence[str], delimiter: str, start: int) -> tuple[Record, int]:
    """Return the first record that is not empty, and the index of the line after it."""
    records = _records(lines, delimiter, start)
    for record in records:
        if record.torn or any(cell.strip() for cell in record.cells):
            following = next(records, None)
            return record, len(lines) if following is None else following.line - 1
    raise InvalidInputError(
        "empty_file", "The file is empty", hint="Export it again, with its header"
    )


def _records(lines: Sequence[str], delimiter: str, start: int) -> Iterator[Record]:
    """Yield every record from a line on, by its index; after a torn one, begin anew below it.

    Strict reading notices a stray mark where it happens. One that is never closed ends at the
    reader's limit for a cell (128 KB), which bounds what is read twice.
    """
    while start < len(lines):
        reader = csv.reader(
            _from(lines, start), delimiter=delimiter, strict=True, skipinitialspace=True
        )
        index = start
        try:
            for cells in reader:
                yield Record(index + 1, tuple(cells))
                index = start + reader.line_num
            return
        except csv.Error:
            yield Record(index + 1, (), torn=True)
            start = index + 1


def _from(lines: Sequence[str], start: int) -> Iterator[str]:
    for index in range(start, len(lines)):
        yield lines[index]


def _legible(cell: str) -> bool:
    return UNREADABLE not in cell and not any(c < " " and not c.isspace() for c in cell)


def _not_csv(what: str) -> InvalidInputError:
    return InvalidInputError("not_csv", what, hint="Export or save it as CSV, in UTF-8")
