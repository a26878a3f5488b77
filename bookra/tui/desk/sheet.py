"""What the day sheet asks of the desk."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Protocol

from bookra.tui.desk.done import Done


class SheetDesk(Protocol):
    """The day on paper."""

    def save_sheet(self, day: date, path: Path) -> Done:
        """Write a day's sheet into a new file for its owner alone: a PDF, or text for ``.txt``.

        Raises ConflictError (``file_exists``), InvalidInputError (``cannot_write``).
        """
        ...
