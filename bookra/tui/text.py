"""Text from the database made fit to show: nothing that steers a terminal, and exact in cells.

A client's name may hold anything. Control and formatting characters could move the cursor,
change colours or turn the line around; joined emoji take a different width in each terminal.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Me"})
_SPACES = frozenset({"Zs", "Zl", "Zp"})
_MARKS_KEPT = 2
"""Accents that may pile up on one letter; more of them climb into the lines above."""


@lru_cache(8192)
def clean(text: str) -> str:
    """Return ``text`` on one line, without characters that steer terminals or fool widths."""
    kept: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        marks = marks + 1 if category == "Mn" else 0
        if character in "\t\n\r" or category in _SPACES:
            kept.append(" ")
        elif category == "Cn":
            kept.append("?")
        elif category not in _DROPPED and marks <= _MARKS_KEPT and not _widens(character):
            kept.append(character)
    return " ".join("".join(kept).split(" ")).strip()


def _widens(character: str) -> bool:
    """Tell variation selectors and skin tones: they change the width of what stands before."""
    return "\ufe00" <= character <= "\ufe0f" or "\U0001f3fb" <= character <= "\U0001f3ff"


@lru_cache(8192)
def fit(text: str, cells: int, ellipsis: str = "…") -> str:
    """Return ``text``, cut with an ellipsis where it is longer than ``cells``."""
    if cell_len(text) <= cells:
        return text
    if cells <= 0:
        return ""
    return set_cell_size(text, cells - 1).rstrip() + ellipsis


@lru_cache(8192)
def fit_name(name: str, cells: int, ellipsis: str = "…") -> str:
    """Shorten a person's name by words, never inside one while that can be helped.

    ``Hanna Weiß`` → ``Hanna W.`` → ``Hanna`` → ``Han…``
    """
    if cell_len(name) <= cells:
        return name
    first, *rest = name.split(" ")
    shorter = [f"{first} {rest[-1][0]}."] if rest and rest[-1] else []
    fitting = (form for form in [*shorter, first] if cell_len(form) <= cells)
    return next(fitting, fit(first, cells, ellipsis))


def pad(text: str, cells: int) -> str:
    """Return ``text`` cropped or filled with spaces to exactly ``cells``."""
    return set_cell_size(text, max(0, cells))


def spell_minutes(minutes: int) -> str:
    """Return a length of time in few letters: ``45m``, ``1h``, ``1h15``."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest}m"
    return f"{hours}h{rest:02d}" if rest else f"{hours}h"
