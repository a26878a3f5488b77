"""A row of figures as one short word: a character each, the taller the more. Pure."""

from __future__ import annotations

from collections.abc import Sequence

EIGHTHS = "▁▂▃▄▅▆▇█"
ASCII_STEPS = ".:-=+*%#"
NOTHING, BELOW = "·", "▿"
ASCII_NOTHING, ASCII_BELOW = "_", "v"


def sparkline(values: Sequence[int], *, ascii_only: bool = False, most: int = 0) -> str:
    """Return a character a value: nothing as a dot, below zero as a mark of its own.

    ``most`` is what the tallest stands for; by default the largest of the values.
    """
    steps = ASCII_STEPS if ascii_only else EIGHTHS
    nothing, below = (ASCII_NOTHING, ASCII_BELOW) if ascii_only else (NOTHING, BELOW)
    top = max(most, *values, 1) if values else 1
    return "".join(
        below if value < 0 else steps[_step(value, top, len(steps))] if value else nothing
        for value in values
    )


def _step(value: int, top: int, steps: int) -> int:
    """Return which of the steps a value takes: the smallest figure still shows."""
    return min(steps - 1, max(0, -(-value * steps // top) - 1))
