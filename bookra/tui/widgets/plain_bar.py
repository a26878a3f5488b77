"""A scroll bar for terminals without block characters."""

from __future__ import annotations

from typing import ClassVar

from textual.scrollbar import ScrollBarRender


class PlainBar(ScrollBarRender):
    """A scroll bar of whole cells, without the characters that make its ends finer."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
