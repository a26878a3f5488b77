"""Shades that stand out from white paper. Pure."""

from __future__ import annotations

import colorsys


def legible(colour: str, least_contrast: float) -> str:
    """Return ``#rrggbb`` made darker, in its own hue, until it stands out from white."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    for step in range(101):
        shade = colorsys.hls_to_rgb(hue, lightness * (100 - step) / 100, saturation)
        rounded = tuple(round(part * 255) for part in shade)
        if _contrast_with_white(rounded) >= least_contrast:
            return "#" + "".join(f"{part:02x}" for part in rounded)
    raise AssertionError("black stands out from white")


def _contrast_with_white(rgb: tuple[int, ...]) -> float:
    """WCAG's ratio of relative luminances."""
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in rgb
    )
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
