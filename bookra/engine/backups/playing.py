"""Plays an archive of pg_dump into an open transaction.

pg_restore turns the archive into SQL; its rows come as COPY. Playing both on our own connection
keeps all of a restore in one transaction, whatever else belongs to it, needs no psql, and works
over whatever connection the program itself works over.
"""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Iterator
from hashlib import sha256
from typing import IO

import psycopg

from bookra.engine.backups import programs
from bookra.engine.backups.archive import PIECE_BYTES, Archive
from bookra.engine.schema import SCHEMA
from bookra.errors import InvalidInputError

COPY = re.compile(rb"COPY (.+) FROM stdin;\n")
END_OF_ROWS = b"\\.\n"
ROWS_BYTES = 256 * 1024

# Settings that older servers do not know, or that are ours to choose; the schema is there.
_LEFT_OUT = (
    b"SET transaction_timeout",
    b"SET lock_timeout",
    f"CREATE SCHEMA {SCHEMA};".encode(),
)


class _Feeder(threading.Thread):
    """Feeds an archive to a program and adds up its checksum on the way."""

    def __init__(self, source: IO[bytes], sink: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._source, self._sink = source, sink
        self.digest = sha256()
        self.trouble: Exception | None = None

    def run(self) -> None:
        """Copy until the end; what goes wrong is kept for the other thread."""
        try:
            broken = False
            while piece := self._source.read(PIECE_BYTES):
                self.digest.update(piece)
                if not broken:
                    try:
                        self._sink.write(piece)
                    except BrokenPipeError:
                        broken = True  # it has read enough; the rest counts for the checksum
        except Exception as error:  # noqa: BLE001 - told to whoever waits
            self.trouble = error
        finally:
            try:
                self._sink.close()
            except OSError as error:
                self.trouble = self.trouble or error


def play(archive: Archive, driver: psycopg.Connection) -> None:
    """Make the archive's tables and rows on ``driver``, in the transaction that is open there.

    Raises InvalidInputError (``damaged_backup``) and psycopg's errors; the caller rolls back.
    """
    with tempfile.TemporaryFile() as said:
        with programs.converting(said) as (script, process):
            assert process.stdin is not None
            feeder = _Feeder(archive.dump, process.stdin)
            feeder.start()
            _run(script, driver)
            feeder.join()
        if process.returncode or feeder.trouble is not None:
            raise _damaged(programs.last_words(said))
    if feeder.digest.hexdigest() != archive.expected_sum():
        raise _damaged("its checksum is another")


def _run(script: IO[bytes], driver: psycopg.Connection) -> None:
    words: list[bytes] = []
    with driver.cursor() as cursor:
        for line in script:
            rows = COPY.fullmatch(line)
            if rows is not None:
                _say(cursor, words)
                with cursor.copy(b"COPY " + rows[1] + b" FROM STDIN") as copy:
                    for piece in _pieces(script):
                        copy.write(piece)
            elif not line.startswith((b"\\", *_LEFT_OUT)):
                words.append(line)
        _say(cursor, words)


def _say(cursor: psycopg.Cursor, words: list[bytes]) -> None:
    statements = b"".join(words)
    words.clear()
    if statements.strip():
        cursor.execute(statements)


def _pieces(script: IO[bytes]) -> Iterator[bytes]:
    """Yield the rows of one COPY in pieces that are worth a message."""
    rows, size = [], 0
    for line in script:
        if line == END_OF_ROWS:
            break
        rows.append(line)
        size += len(line)
        if size >= ROWS_BYTES:
            yield b"".join(rows)
            rows, size = [], 0
    if rows:
        yield b"".join(rows)


def _damaged(why: str) -> InvalidInputError:
    return InvalidInputError(
        "damaged_backup",
        f"This backup can't be read to its end: {why}",
        hint="Take another one; nothing was changed",
    )
