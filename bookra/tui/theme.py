"""A tenant's look from one or two brand colours; everything else is derived and kept readable.

Whatever colour an owner picks, text reaches WCAG AA on its ground: brand colours are pushed
towards black or white until they do. Dark, light and branded looks take the same path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from zlib import crc32

from textual.color import Color, ColorParseError
from textual.theme import Theme

from bookra.tui.contrast import AA, AA_GRAPHIC, contrast, legible, mix

if TYPE_CHECKING:
    from bookra.tui.desk import Brand

DARK, LIGHT = "bookra-dark", "bookra-light"

HUES = (
    "#56b4e9", "#e69f00", "#cc79a7", "#009e73", "#7a8cf0", "#d55e00", "#f0e442", "#35c2cf",
)  # fmt: skip
"""Hues for service categories, after Okabe and Ito's for impaired colour vision."""
_DEPTHS = (1.0, 0.85, 1.15, 0.9, 1.25, 1.05, 0.72, 0.8)
"""How strongly each hue tints a block: hues that look alike to some differ in brightness."""

_FALLBACK = "#8f6fd8"
_SIGNALS = {"success": "#3fb68b", "warning": "#e0a526", "error": "#ff6b5f"}


@dataclass(frozen=True, slots=True)
class Ink:
    """The colours that the day grid paints with, all ``#rrggbb``."""

    ground: str
    band: str
    shut: str
    text: str
    soft: str
    rule: str
    hatch: str
    dots: str
    accent: str
    on_accent: str
    now: str


@dataclass(frozen=True, slots=True)
class Tone:
    """The colours of one part of a block: text, secondary text, texture, ground and left bar."""

    text: str
    soft: str
    texture: str
    ground: str
    bar: str


def tenant_theme(brand: Brand, *, light: bool = False) -> Theme:
    """Return the Textual theme of a tenant; a colour that can't be read falls back to violet."""
    primary = _colour(brand.primary, _FALLBACK)
    paper, pen = ("#fcfcfa", "#17161a") if light else ("#121215", "#f4f2f6")
    tint = 0.015 if light else 0.035
    ground = mix(paper, primary, tint)
    surface = mix(mix(ground, pen, 0.025), primary, tint)
    panel = mix(mix(ground, pen, 0.055), primary, 0.06)
    grounds = (ground, surface, panel)
    text = legible(mix(pen, primary, 0.04), *grounds, ratio=9.0)
    accent = legible(_nearest(_colour(brand.accent or primary, primary), primary, panel), *grounds)
    signals = {name: legible(colour, *grounds) for name, colour in _SIGNALS.items()}
    named = {"ground": ground, "panel": panel, "text": text, "primary": primary, "accent": accent}
    return Theme(
        name=LIGHT if light else DARK,
        primary=primary,
        secondary=accent,
        accent=accent,
        foreground=text,
        background=ground,
        surface=surface,
        panel=panel,
        dark=not light,
        success=signals["success"],
        warning=signals["warning"],
        error=signals["error"],
        variables=_variables(**named) | {f"text-{name}": hue for name, hue in signals.items()},
    )


def _variables(*, ground: str, panel: str, text: str, primary: str, accent: str) -> dict[str, str]:
    on_accent, soft = legible(ground, accent), legible(mix(text, panel, 0.38), panel)
    return {
        "text": text,
        "text-muted": soft,
        "text-disabled": soft,
        "on-primary": legible(text, primary),
        "on-accent": on_accent,
        "rule": mix(ground, text, 0.17),
        "block-cursor-background": accent,
        "block-cursor-foreground": on_accent,
        "block-cursor-blurred-background": accent,
        "block-cursor-blurred-foreground": on_accent,
        "block-hover-background": mix(panel, text, 0.1),
        "footer-key-foreground": accent,
        "border": accent,
        "border-blurred": mix(ground, text, 0.3),
        "input-cursor-background": accent,
        "input-cursor-foreground": on_accent,
        "input-selection-background": accent,
        "input-selection-foreground": on_accent,
        "scrollbar": mix(ground, text, 0.28),
        "scrollbar-hover": mix(ground, text, 0.4),
        "scrollbar-active": accent,
        "scrollbar-background": ground,
        "scrollbar-background-hover": ground,
        "scrollbar-background-active": ground,
        "scrollbar-corner-color": ground,
        "link-color": accent,
        "text-accent": accent,
    }


@lru_cache(16)
def ink_of(ground: str, text: str, accent: str, on_accent: str, error: str) -> Ink:
    """Derive the grid's colours from a theme's (see ``ink``)."""
    band, shut = mix(ground, text, 0.035), mix(ground, text, 0.015)
    return Ink(
        ground=ground,
        band=band,
        shut=shut,
        text=text,
        soft=legible(mix(text, ground, 0.45), ground, band),
        rule=mix(ground, text, 0.15),
        hatch=mix(ground, text, 0.2),
        dots=legible(mix(ground, text, 0.3), ground, band, ratio=AA_GRAPHIC),
        accent=accent,
        on_accent=on_accent,
        now=error,
    )


def ink(theme: Theme) -> Ink:
    """Return the grid's colours under one of our themes."""
    named = theme.variables
    return ink_of(
        str(theme.background), named["text"], named["text-accent"], named["on-accent"],
        named["text-error"],
    )  # fmt: skip


@lru_cache(1024)
def tone(ink: Ink, hue: str, *, head: bool, chosen: bool, done: bool) -> Tone:
    """Return how a part of a block looks: its first line stands out, what is done steps back."""
    strength = (0.26 if done else 0.46) if head else (0.15 if done else 0.29)
    depth = _DEPTHS[HUES.index(hue)] if hue in HUES else 1.0
    ground = _tint(ink, hue, strength * depth + (0.2 if chosen else 0.0))
    text = legible(mix(ink.text, ground, 0.4 if done else 0.0), ground)
    return Tone(
        text=text,
        soft=legible(mix(text, ground, 0.3), ground),
        texture=legible(mix(ground, hue, 0.55), ground, ratio=AA_GRAPHIC),
        ground=ground,
        bar=legible(ink.text if chosen else hue, ground, ratio=1.6),
    )


def _tint(ink: Ink, hue: str, strength: float) -> str:
    """Return the grid's ground in a hue, as strong as its text stays well readable on it."""
    steps = (strength * share / 10 for share in range(10, 0, -1))
    tints = (mix(ink.ground, hue, step) for step in steps)
    return next((tint for tint in tints if contrast(ink.text, tint) >= AA + 0.4), ink.ground)


def hues(categories: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Give every category a hue, keeping those ``known``.

    A name's checksum decides, so that a category looks the same tomorrow; where two meet, the
    later one takes the next hue that is free.
    """
    given = dict(known)
    for category in sorted(set(categories) - given.keys()):
        start = crc32(category.casefold().encode()) % len(HUES)
        ring = HUES[start:] + HUES[:start]
        taken = set(given.values())
        given[category] = next((hue for hue in ring if hue not in taken), ring[0])
    return given


def _nearest(accent: str, primary: str, ground: str) -> str:
    """Return the accent, or the main colour where that needs less change to be read."""
    if contrast(accent, ground) >= AA:
        return accent
    return max(accent, primary, key=lambda colour: contrast(colour, ground))


def _colour(text: str, fallback: str) -> str:
    try:
        colour = Color.parse(text)
    except ColorParseError:
        return fallback
    return fallback if colour.ansi is not None else colour.hex6.lower()
