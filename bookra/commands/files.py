"""Writing what a command makes into a file, whole or not at all, or to stdout."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from bookra.errors import InvalidInputError

LONGEST_TEXT = 1_000_000
"""Characters of a text that a person wrote: a policy, an answer, a key."""

OPEN, PRIVATE = 0o644, 0o600
"""Who may read a file: everybody, or its owner alone."""


def written(path: Path | None, pieces: Iterable[str]) -> int:
    """Write pieces of text to a file, or to stdout when there is none; returns how many bytes.

    The file appears once it is complete. Raises InvalidInputError (``cannot_write``).
    """
    if path is None:
        return sum(sys.stdout.write(piece) for piece in pieces)
    return write_whole(path, (piece.encode() for piece in pieces))


def text_of(stream: IO[str]) -> str:
    """Return what a file or stdin says, which is at most LONGEST_TEXT characters of UTF-8.

    Raises InvalidInputError (``too_large``, ``bad_file``).
    """
    name = getattr(stream, "name", "the file")
    try:
        with stream:
            text = stream.read(LONGEST_TEXT + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            "bad_file", f"{name} can't be read as text", hint="A UTF-8 text file, or '-'"
        ) from error
    if len(text) > LONGEST_TEXT:
        raise InvalidInputError(
            "too_large", f"{name} is longer than {LONGEST_TEXT:,} characters", hint="Shorten it"
        )
    return text


def write_whole(path: Path, pieces: Iterable[bytes], mode: int = OPEN) -> int:
    """Write a file that appears once it is complete; returns how many bytes.

    Raises InvalidInputError (``cannot_write``).
    """
    with whole_file(path, mode) as file:
        try:
            file.writelines(pieces)
            file.flush()
            return os.fstat(file.fileno()).st_size
        except OSError as error:
            raise _cannot_write(path, error) from None


@contextmanager
def whole_file(path: Path, mode: int = OPEN) -> Iterator[BinaryIO]:
    """Open a file for writing and reading that takes its name when the block ends well.

    Raises InvalidInputError (``cannot_write``) when it can't be opened or put in its place.
    """
    try:
        descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _cannot_write(path, error) from None
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
        try:
            Path(partial).chmod(mode)
            Path(partial).replace(path)
        except OSError as error:
            raise _cannot_write(path, error) from None
    finally:
        Path(partial).unlink(missing_ok=True)


def _cannot_write(path: Path, error: OSError) -> InvalidInputError:
    return InvalidInputError(
        "cannot_write", f"{path} can't be written: {error.strerror}", hint="Choose another file"
    )
