r"""One row of PostgreSQL's COPY text: cells between tabs, ``\N`` for NULL, escapes. Pure.

https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
"""

from __future__ import annotations

import re

_NULL = b"\\N"
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_MEANS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def cells(line: bytes) -> list[str | None]:
    """Return the cells of a line with its line feed; raises UnicodeDecodeError for other bytes."""
    return [
        None if cell == _NULL else _plain(cell).decode()
        for cell in line.removesuffix(b"\n").split(b"\t")
    ]


def _plain(cell: bytes) -> bytes:
    if b"\\" not in cell:
        return cell
    return _ESCAPE.sub(lambda found: _MEANS.get(found[1], found[1]), cell)
