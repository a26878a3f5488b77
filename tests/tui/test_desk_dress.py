"""The day in every dress: three sizes, dark, light and without colours, for two brands.

A kept picture is the text, and below it who wears what: for each line runs of styles, each a letter
and how many cells, with the styles themselves at the end.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from string import ascii_letters

import pytest
from desk_double import LUNA, DeskDouble
from driving import Hand, drive
from rich.style import Style
from test_desk_sizes import SIZES, compare

from bookra.tui.desk import Brand

NORD = replace(
    LUNA, name="Nordlicht Coaching", logo_text="Nordlicht Coaching", primary="#0b6e4f", accent=None
)
BRANDS = {"luna": LUNA, "nord": NORD}
NAMES = [*ascii_letters, *(a + b for a in ascii_letters for b in ascii_letters)]


@pytest.mark.parametrize("brand", BRANDS)
@pytest.mark.parametrize("dress", ["dark", "light", "plain"])
def test_the_day_is_dressed_as_it_was_approved(
    dress: str, brand: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if dress == "plain":
        monkeypatch.setenv("NO_COLOR", "1")

    async def play(hand: Hand) -> None:
        for size in SIZES:
            await hand.resize(size)
            await hand.press("left", "full_stop", "right", "down")
            compare(f"dress/{size[0]}x{size[1]}-{dress}-{brand}", pictured(hand))

    drive(play, desk=DeskDouble(BRANDS[brand]), size=SIZES[0], light=dress == "light")


@pytest.mark.parametrize("light", [False, True])
def test_without_colours_nothing_has_a_colour(light: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def play(hand: Hand) -> None:
        await hand.press("tab")
        for strip in hand.strips():
            for segment in strip:
                for colour in (segment.style.color, segment.style.bgcolor) if segment.style else ():
                    red, green, blue = colour.get_truecolor() if colour else (0, 0, 0)
                    assert red == green == blue

    drive(play, light=light)


@pytest.mark.parametrize("brand", [*BRANDS.values()])
def test_a_brand_is_seen_in_its_logo_and_its_accent(brand: Brand) -> None:
    async def play(hand: Hand) -> None:
        grounds = {segment.style.bgcolor for segment in hand.strips()[0] if segment.style}
        assert brand.primary in {colour.name for colour in grounds if colour}

    drive(play, desk=DeskDouble(brand))


def pictured(hand: Hand) -> str:
    """Return text, runs of styles, and the styles by their letters."""
    letters: dict[str, str] = {}
    runs = []
    for strip in hand.strips():
        worn = [_said(segment.style) for segment in strip for _ in range(segment.cell_length)]
        for style in worn:
            letters.setdefault(style, NAMES[len(letters)])
        runs.append(" ".join(f"{letters[one]}{len(list(same))}" for one, same in groupby(worn)))
    legend = [f"{letter} {style}" for style, letter in letters.items()]
    return "\n".join([hand.text(), "", *runs, "", *legend])


def _said(style: Style | None) -> str:
    if style is None:
        return "none"
    marks = [name for name in ("bold", "underline", "reverse", "dim") if getattr(style, name)]
    front, back = (colour.name if colour else "-" for colour in (style.color, style.bgcolor))
    return " ".join([front, "on", back, *marks])
