"""The lines of a CSV file as other programs export it: pure, from bytes to cells.

Python's reader does the quoting. What is here is what exports need around it: the encoding and the
delimiter are found out, each record knows the physical line it begins on, and a quotation mark
that is never closed costs its own line, not the rest of the file. A file is read more than once,
first to find out, and never held: memory is a record's, however many there are.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import BinaryIO

from bookra.errors import InvalidInputError

MAX_BYTES = 1_000_000_000
LONGEST_LINE = 1_000_000
"""Characters of a line that can be followed. Python's reader takes 131,072 of a cell."""
PIECE_BYTES = 1 << 20
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
    """One record. ``line`` is the physical line it begins on, from 1; ``length`` counts its lines.

    ``torn``: its quotation marks can't be followed, so that its cells mean nothing.
    """

    line: int
    cells: tuple[str, ...]
    torn: bool = False
    length: int = 1


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that has a header. ``guessed`` tells that its encoding was not marked or proven.

    ``length`` counts its physical lines; ``digest`` is the SHA-256 of its bytes. ``file`` must stay
    open while records are read.
    """

    header: tuple[str, ...]
    delimiter: str
    encoding: str
    guessed: bool
    length: int
    digest: str
    file: BinaryIO
    mark_bytes: int
    begins: int

    def records(self) -> Iterator[Record]:
        """Yield the records below the header; those whose cells are all empty are left out.

        After a torn record the next ones may be the rest of it: they are torn too, until one has
        as many cells as the header.
        """
        wary = False
        lines = _lines(self.file, self.encoding, self.mark_bytes)
        for record in _records(lines, self.delimiter, self.begins):
            if not record.torn and not any(cell.strip() for cell in record.cells):
                continue
            wary = record.torn or (wary and len(record.cells) != len(self.header))
            yield Record(record.line, record.cells, torn=True) if wary else record


@dataclass(frozen=True, slots=True)
class _Writing:
    """How the bytes of a file are letters, and what was counted on the way."""

    encoding: str
    mark_bytes: int
    guessed: bool
    length: int
    digest: str


def read_sheet(content: bytes, score: Score) -> Sheet:
    """Return the sheet that ``content`` is; see `open_sheet`."""
    return open_sheet(io.BytesIO(content), score)


def open_sheet(file: BinaryIO, score: Score) -> Sheet:
    """Return the sheet that a file is, which can be sought in.

    ``score`` counts the header cells that it knows; the delimiter whose header scores best is
    taken. Raises InvalidInputError: ``too_large``, ``empty_file`` or ``not_csv``.
    """
    if file.seek(0, io.SEEK_END) > MAX_BYTES:
        raise InvalidInputError(
            "too_large",
            f"The file is larger than {MAX_BYTES // 1_000_000} MB",
            hint="Split it, with the header in each part",
        )
    file.seek(0)
    if file.read(8).startswith(_WORKBOOKS):
        raise _not_csv("The file is a spreadsheet program's workbook")
    found = _writing(file)
    first = next(_lines(file, found.encoding, found.mark_bytes), "")
    named = _SEPARATOR_LINE.fullmatch(first)
    headers = {
        mark: _header(_lines(file, found.encoding, found.mark_bytes), mark, 1 if named else 0)
        for mark in ((named[1],) if named else DELIMITERS)
    }
    sheets = [
        Sheet(
            tuple(cell.strip() for cell in header.cells),
            mark,
            found.encoding,
            found.guessed,
            found.length,
            found.digest,
            file,
            found.mark_bytes,
            begins,
        )
        for mark, (header, begins) in headers.items()
        if not header.torn
    ]
    if not sheets:
        raise _not_csv("The quotation marks of the header can't be followed")
    best = max(sheets, key=lambda sheet: (score(sheet.header), len(sheet.header)))
    if not all(_legible(cell) for cell in best.header):
        raise _not_csv("The file is not text")
    return best


def _writing(file: BinaryIO) -> _Writing:
    """Read a file through, and return its encoding and whether that was guessed.

    Without a mark it is UTF-8, or else what Excel writes in the west, Windows-1252. Letters of
    that are hardly ever UTF-8 by chance: a file in which some are is UTF-8 with damaged lines, and
    to reject those is better than to garble the names of all the others.
    """
    file.seek(0)
    start = file.read(4)
    marked = next(((mark, name) for mark, name in _MARKS if start.startswith(mark)), None)
    mark, encoding = marked or (b"", "utf-8")
    decoder, digest = codecs.getincrementaldecoder(encoding)("replace"), sha256(mark)
    damaged = letters = length = 0
    file.seek(len(mark))
    while piece := file.read(PIECE_BYTES):
        digest.update(piece)
        text = decoder.decode(piece)
        damaged += text.count(UNREADABLE)
        letters += len(text) - len(text.encode("ascii", "ignore"))
        length += text.count("\n") or text.count("\r")
    damaged += decoder.decode(b"", True).count(UNREADABLE)
    guessed = marked is None and damaged > 10 * max(0, letters - damaged)
    encoding = "cp1252" if guessed else encoding
    return _Writing(encoding, len(mark), guessed, length, digest.hexdigest())


def _lines(file: BinaryIO, encoding: str, mark_bytes: int) -> Iterator[str]:
    """Yield the physical lines of a file with their ends, without the end mark of old systems.

    Of one that is too long its beginning comes, which is longer than any may be.
    """
    file.seek(mark_bytes)
    reader = io.TextIOWrapper(file, encoding, errors="replace", newline="")
    try:
        line = reader.readline(LONGEST_LINE + 1)
        while line:
            rest = line
            while len(rest) > LONGEST_LINE and not rest.endswith(("\n", "\r")):
                rest = reader.readline(LONGEST_LINE + 1)
            following = reader.readline(LONGEST_LINE + 1)
            line = line if following else line.rstrip("\x00\x1a")
            if line:
                yield line
            line = following
    finally:
        with suppress(ValueError):  # the file was closed before
            reader.detach()


def _header(lines: Iterator[str], delimiter: str, start: int) -> tuple[Record, int]:
    """Return the first record that is not empty, and the index of the line after it."""
    records = _records(lines, delimiter, start)
    for record in records:
        if record.torn or any(cell.strip() for cell in record.cells):
            return record, record.line - 1 + record.length
    raise InvalidInputError(
        "empty_file", "The file is empty", hint="Export it again, with its header"
    )


def _records(lines: Iterator[str], delimiter: str, start: int) -> Iterator[Record]:
    """Yield every record from a line on, by its index; after a torn one, begin anew below it.

    Strict reading notices a stray mark where it happens. One that is never closed ends at the
    reader's limit for a cell (128 KB), which bounds what is kept to be read twice.
    """
    lines, again, taken = islice(lines, start, None), deque[str](), list[str]()

    def feed() -> Iterator[str]:
        while line := again.popleft() if again else next(lines, ""):
            taken.append(line)
            if len(line) > LONGEST_LINE:
                raise csv.Error("line too long")
            yield line

    index = start
    while True:
        reader = csv.reader(feed(), delimiter=delimiter, strict=True, skipinitialspace=True)
        try:
            for cells in reader:
                yield Record(index + 1, tuple(cells), length=len(taken))
                index += len(taken)
                taken.clear()
            return
        except csv.Error:
            again.extendleft(reversed(taken[1:]))
            taken.clear()
            yield Record(index + 1, (), torn=True)
            index += 1


def _legible(cell: str) -> bool:
    return UNREADABLE not in cell and not any(c < " " and not c.isspace() for c in cell)


def _not_csv(what: str) -> InvalidInputError:
    return InvalidInputError("not_csv", what, hint="Export or save it as CSV, in UTF-8")
