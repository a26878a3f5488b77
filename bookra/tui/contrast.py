"""Colour arithmetic on ``#rrggbb``: mixing, and the contrast that makes text readable.

Luminance and contrast follow WCAG 2.2 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio).
"""

from __future__ import annotations

from functools import lru_cache

AA = 4.5
"""The contrast that WCAG asks of text at level AA."""
AA_GRAPHIC = 3.0
"""The contrast that it asks of signs that carry a meaning."""

_STEPS = 24


@lru_cache(8192)
def mix(base: str, other: str, share: float) -> str:
    """Return ``base`` with ``share`` (0 to 1) of ``other`` in it."""
    pairs = zip(_channels(base), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


@lru_cache(8192)
def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@lru_cache(8192)
def luminance(colour: str) -> float:
    """Return the relative luminance, from 0 (black) to 1 (white)."""
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(8192)
def legible(text: str, *grounds: str, ratio: float = AA) -> str:
    """Return the colour nearest to ``text`` that reaches ``ratio`` on every one of ``grounds``.

    It is pushed towards black or white, whichever stands out more. On a single ground either
    pole reaches 4.58 at least, so AA is always met there; several grounds must be near kin.
    """
    pole = max(("#ffffff", "#000000"), key=lambda end: min(contrast(end, g) for g in grounds))
    for step in range(_STEPS + 1):
        candidate = mix(text, pole, step / _STEPS)
        if min(contrast(candidate, ground) for ground in grounds) >= ratio:
            return candidate
    return pole


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _linear(channel: float) -> float:
    if channel <= 0.04045:
        return channel / 12.92
    return float(((channel + 0.055) / 1.055) ** 2.4)
