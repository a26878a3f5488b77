"""Pictures of the front desk without a terminal, for documentation: an SVG of what it shows."""

from __future__ import annotations

import asyncio
import html
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.pilot import Pilot

from bookra.errors import UnavailableError
from bookra.tui.app import BookraApp

if TYPE_CHECKING:
    from bookra.tui.desk import Desk

FONTS = "'DejaVu Sans Mono', 'Fira Code', Menlo, Consolas, monospace"

PATIENCE_SECONDS = 20.0
"""How long the desk may take to answer before there is no picture."""


def screenshot(
    desk: Desk,
    size: tuple[int, int],
    path: Path,
    keys: Sequence[str] = (),
    *,
    light: bool = False,
    ascii_only: bool = False,
    wished: Mapping[str, str] | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Write an SVG of the front desk at ``size`` (columns, lines) after ``keys`` were pressed.

    Keys are Textual's names (``n``, ``enter``, ``right_square_bracket``); ``wished`` gives actions
    other ones, as `actions.remap.checked` returns them. Raises
    UnavailableError (``desk_silent``) if the desk does not answer in time.
    """
    app = BookraApp(desk, desk.brand(), light=light, ascii_only=ascii_only, now=now, keys=wished)
    asyncio.run(_take(app, size, path, keys))


async def _take(app: BookraApp, size: tuple[int, int], path: Path, keys: Sequence[str]) -> None:
    async with app.run_test(size=size, notifications=True) as pilot:
        await settle(app, pilot)
        for key in keys:
            await pilot.press(key)
            await settle(app, pilot)
        path.write_text(self_contained(app.export_screenshot()), "utf-8")


def self_contained(svg: str) -> str:
    """Return the picture without fonts from elsewhere: it shows offline, and asks nobody.

    Each word gets a place of its own: a font that is a little narrower than the picture's cells
    would let the end of a long line drift out of its column. Bars and blocks are drawn: no font's
    fill a line of the picture, so that a bar or a QR code would be crossed by stripes.
    """
    local = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)
    local = local.replace("font-family: Fira Code", f"font-family: {FONTS}")
    return _TEXT.sub(_words, local)


_LINE, _BASELINE = 24.4, 18.5
"""How high a line of the picture is, and how far below its top its text stands."""
_BLOCKS = "\u2580-\u2590\u2594\u2595"
_WORD = re.compile(rf"([{_BLOCKS}])\1*|\w+|[^\w\s{_BLOCKS}]{{1,4}}")
"""A run of one block, a word, or a few signs: lines are long runs of one of them."""

_TEXT = re.compile(
    r'<text class="([^"]*)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"([^>]*)>([^<]*)</text>'
)


def _words(found: re.Match[str]) -> str:
    """Return a line's text as one element a word, each at its cell."""
    name, x, y, length, rest, escaped = found.groups()
    text = html.unescape(escaped).replace("\u00a0", " ")
    cell = float(length) / max(1, cell_len(text))
    written = []
    for word in _WORD.finditer(text):
        place = float(x) + cell_len(text[: word.start()]) * cell
        size = cell_len(word[0]) * cell
        if word[1]:
            written += _shapes(word[0], place, float(y) - _BASELINE, cell, name)
            continue
        written.append(
            f'<text class="{name}" x="{place:g}" y="{y}" textLength="{size:g}"{rest}>'
            f"{html.escape(word[0])}</text>"
        )
    return "".join(written)


def _shapes(blocks: str, x: float, y: float, cell: float, name: str) -> list[str]:
    """Return a run of one block as rectangles: one, where they touch each other."""
    left, top, width, height = _shape(blocks[0])
    each = [blocks] if width == 1 else list(blocks)
    overlap = 0.5 if top + height == 1 else 0  # no stripe between this line and the next
    return [
        f'<rect class="{name}" x="{x + (number + left) * cell:.6g}" y="{y + top * _LINE:.6g}" '
        f'width="{len(run) * width * cell:.6g}" height="{height * _LINE + overlap:.6g}" '
        'shape-rendering="crispEdges"/>'
        for number, run in enumerate(each)
    ]


def _shape(block: str) -> tuple[float, float, float, float]:
    """Return which part of its cell a block fills: left, top, width and height."""
    if named := {"▀": (0, 0, 1, 0.5), "▐": (0.5, 0, 0.5, 1), "▔": (0, 0, 1, 0.125)}.get(block):
        return named
    if block == "▕":
        return 0.875, 0, 0.125, 1
    number = ord(block) - ord("▀")
    if number <= 8:  # eighths from below: ▁ to █
        return 0, 1 - number / 8, 1, number / 8
    return 0, 0, (16 - number) / 8, 1  # eighths from the left: ▉ to ▏


async def settle(app: BookraApp, pilot: Pilot[None]) -> None:
    """Wait until every question was answered and what was answered is painted."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    calm = 0
    while calm < 2:  # an answer may be what the next question waited for
        await pilot.pause()
        calm = calm + 1 if app.base.settled else 0
        if not calm:
            if time.monotonic() > deadline:
                raise UnavailableError("desk_silent", "The desk did not answer in time")
            await asyncio.sleep(0.005)
