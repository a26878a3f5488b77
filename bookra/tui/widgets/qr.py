"""A QR code in half-blocks: two modules a cell, black on white whatever the theme. Pure."""

from __future__ import annotations

from functools import lru_cache

import segno
from textual.content import Content

QUIET = 2
"""Modules of white around it: cameras need them."""
INK = "#000000 on #ffffff"
DARK = "on #000000"
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


@lru_cache(8)
def size(link: str, *, ascii_only: bool = False) -> tuple[int, int]:
    """Return how many cells a link's code takes: (columns, lines)."""
    modules = len(_modules(link))
    return (2 * modules, modules) if ascii_only else (modules, (modules + 1) // 2)


@lru_cache(8)
def drawn(link: str, *, ascii_only: bool = False) -> Content:
    """Return the code; without half-blocks, each module is two blanks on black or white."""
    modules = _modules(link)
    if ascii_only:
        rows = [
            Content.assemble(*(("  ", DARK if dark else INK) for dark in row)) for row in modules
        ]
        return Content("\n").join(rows)
    below = [*modules[1:], (False,) * len(modules)]
    pairs = list(zip(modules, below, strict=True))[::2]
    return Content("\n").join(
        Content.styled("".join(_HALVES[pair] for pair in zip(*two, strict=True)), INK)
        for two in pairs
    )


def _modules(link: str) -> list[tuple[bool, ...]]:
    code = segno.make(link, error="l", micro=False)
    return [tuple(bool(module) for module in row) for row in code.matrix_iter(border=QUIET)]
