"""Bars for a terminal: a label, a bar as long as the amount, the amount. No colour is needed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

EIGHTHS = " ▏▎▍▌▋▊▉█"
NEGATIVE = "░"
LEAST_CELLS = 10


def bars(points: Sequence[tuple[str, int, str]], *, width: int | None = None) -> list[str]:
    """Return a line a point, ``(label, amount, amount as text)``; below zero it is dotted.

    ``width`` is that of the terminal in cells; the longest bar takes what labels and amounts leave.
    """
    if not points:
        return []
    labels = max(len(label) for label, _, _ in points)
    amounts = max(len(text) for _, _, text in points)
    whole = width or shutil.get_terminal_size((80, 24)).columns
    room = max(LEAST_CELLS, whole - labels - amounts - 4)
    most = max(abs(amount) for _, amount, _ in points) or 1
    return [
        f"{label:<{labels}}  {text:>{amounts}}  {_bar(amount, most, room)}".rstrip()
        for label, amount, text in points
    ]


def _bar(amount: int, most: int, room: int) -> str:
    eighths = (abs(amount) * room * 8 + most // 2) // most
    if amount < 0:
        return NEGATIVE * max(1, eighths // 8)
    return EIGHTHS[8] * (eighths // 8) + EIGHTHS[eighths % 8].strip()
