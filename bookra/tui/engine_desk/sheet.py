"""The day sheet over the engine: read in one transaction, written into a file of its own."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from bookra.engine.reports.day_sheet import day_sheet
from bookra.errors import ConflictError, InvalidInputError
from bookra.tui.desk import Done
from bookra.tui.engine_desk.counter import Counter, words

TEXT_SUFFIXES = (".txt", ".text")


class EngineSheet(Counter):
    """The verb of the day sheet."""

    def save_sheet(self, day: date, path: Path) -> Done:
        """Write it for its owner alone: it holds phone numbers and notes."""
        found = self._ask(lambda tx: day_sheet(tx, day))
        if path.suffix.lower() in TEXT_SUFFIXES:
            from bookra.tui.sheet.words import sheet_lines

            flag, content = "--text", "\n".join([*sheet_lines(found), ""]).encode()
        else:
            from bookra.engine.reports.day_sheet_pdf import render

            flag, content = "--pdf", render(found)
        _write_new(path, content)
        return Done(day.isoformat(), words("day", day, flag, path))


def _write_new(path: Path, content: bytes) -> None:
    try:
        descriptor = os.open(path.expanduser(), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except FileExistsError:
        raise ConflictError(
            "file_exists", f"There is a file {path} already", hint="Choose another name"
        ) from None
    except OSError as error:
        raise InvalidInputError(
            "cannot_write",
            f"{path} can't be written: {error.strerror}",
            hint="Choose another file",
        ) from None
