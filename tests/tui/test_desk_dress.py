"""Every screen and the main dialogs in every dress, as they were looked at and approved.

Three sizes, dark, light and without colours, two brands. A kept picture is the text, and below it
who wears what: for each line runs of styles, each a letter and how many cells; then what each
letter is in each dress. The desk is resized and dressed where it stands, as it is when somebody
changes the brightness: the day and the middle size are seen in every dress, and what remains in
two that go round.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import groupby
from string import ascii_letters

import pytest
from desk_double import LUNA, DeskDouble
from driving import Hand, drive
from rich.style import Style
from test_desk_sizes import SIZES, compare
from textual.command import CommandList
from textual.filter import Monochrome
from textual.screen import Screen
from textual.widgets import Input

from bookra.tui.desk import Brand
from bookra.tui.screens.palette import Palette
from bookra.tui.theme import tenant_theme

BRANDS = {"luna": LUNA, "nord": replace(LUNA, primary="#0b6e4f", accent=None)}
NAMES = [*ascii_letters, *(a + b for a in ascii_letters for b in ascii_letters)]
DRESSES = [f"{light}-{brand}" for light in ("dark", "light", "plain") for brand in BRANDS]
"""The first one tells who wears what; the others, what they wear instead."""

SCENES: list[dict[str, list[str]]] = [
    {
        "day": ["full_stop", "right", "down"],
        "clients": ["2"],
        "waitlist": ["3"],
        "money": ["4"],
        "team": ["5"],
        "ops": ["6"],
    },
    {
        "book": ["full_stop", "right", "down", "n"],
        "check-out": ["escape", "@checked_in", "x"],
        "cancel": ["escape", "@confirmed", "c", "2"],
        "move": ["escape", "@confirmed", "m", "down", "right"],
        "help": ["escape", "question_mark"],
        "palette": ["escape", "colon"],
    },
]
"""What is pressed for each picture, from the one before; ``@`` goes to a booking in a state."""

Look = tuple[str, list[list[str]]]
"""The text of a screen, and what each cell of each line wears."""


@pytest.mark.parametrize("scenes", SCENES, ids=["screens", "dialogs"])
def test_screens_and_dialogs_are_dressed_as_they_were_approved(
    scenes: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Screen, "_compositor_refresh", lambda _: None)  # nobody looks in between
    seen: dict[str, dict[str, Look]] = {}

    async def play(hand: Hand) -> None:
        dress_all(hand)
        for number, (scene, keys) in enumerate(scenes.items()):
            await hand.resize(SIZES[0])
            for key in keys:
                await (point_at(hand, key[1:]) if key.startswith("@") else hand.press(key))
            for turn, size in enumerate(SIZES):
                await hand.resize(size)
                every = scene == "day" or size == SIZES[1]
                looks = seen.setdefault(f"{scene}-{size[0]}x{size[1]}", {})
                for dress in DRESSES if every else [DRESSES[0], *going_round(number + turn)]:
                    await put_on(hand, dress)
                    looks[dress] = looked(hand)

    drive(play, size=SIZES[0])
    for name, looks in seen.items():
        compare(f"dress/{name}", pictured(looks))


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


def going_round(number: int) -> list[str]:
    """Return two of the other dresses, others for each number."""
    others = DRESSES[1:]
    return [others[(2 * number + one) % len(others)] for one in (0, 1)]


def dress_all(hand: Hand) -> None:
    """Lay the dresses out."""
    for dress in DRESSES:
        light, _, brand = dress.partition("-")
        made = tenant_theme(BRANDS[brand], light=light == "light")
        hand.app.register_theme(replace(made, name=dress))


async def put_on(hand: Hand, dress: str) -> None:
    """Dress the desk."""
    app = hand.app
    app.no_color = dress.startswith("plain")
    app._filters = [one for one in app._filters if not isinstance(one, Monochrome)]
    if app.no_color:  # as Textual does when it starts, and nothing else
        app._filters.append(Monochrome())
    app.theme = dress
    app.day_screen.grid.recolour()
    if isinstance(app.screen, Palette):  # its lines keep the colours that they came with
        await hand.press("escape", "colon")
        await listed(hand)
    await hand.rest()
    assert not any(field.cursor_blink for field in app.screen.query(Input))


async def point_at(hand: Hand, status: str) -> None:
    """Put the cursor on the first booking in a state."""
    scene = hand.app.day_screen.grid.scene
    assert scene
    hand.goto(next(one.code for one in scene.snapshot.blocks if one.status == status))
    await hand.rest()


async def listed(hand: Hand) -> None:
    """Wait until the palette lists all that can be done."""
    found = len([*hand.app.get_system_commands(hand.app.base)])  # type: ignore[arg-type]  # any screen
    for _ in range(2000):
        if len(hand.app.screen.query_one(CommandList).options) == found:
            return
        await hand.pilot.pause(0.005)


def looked(hand: Hand) -> Look:
    """Return what is to be seen."""
    worn = [
        [said for segment in strip for said in [_said(segment.style)] * segment.cell_length]
        for strip in hand.strips()
    ]
    return hand.text(), worn


def pictured(looks: dict[str, Look]) -> str:
    """Return text, runs of styles, and the styles by their letters in each dress."""
    text, reference = looks[DRESSES[0]]
    letters: dict[str, str] = {}
    for style in (style for line in reference for style in line):
        letters.setdefault(style, NAMES[len(letters)])
    runs = [
        " ".join(f"{letters[one]}{len(list(same))}" for one, same in groupby(line))
        for line in reference
    ]
    said = [text, "", *runs]
    for dress, (words, lines) in looks.items():
        assert words == text, f"{dress} says something else"
        pairs = {
            (letters[before], style)
            for ours, theirs in zip(reference, lines, strict=True)
            for before, style in zip(ours, theirs, strict=True)
        }
        order = {name: number for number, name in enumerate(letters.values())}
        worn = sorted(pairs, key=lambda pair: (order[pair[0]], pair[1]))
        said += ["", dress, *(f"{letter} {style}" for letter, style in worn)]
    return "\n".join(said)


@cache
def _said(style: Style | None) -> str:
    if style is None:
        return "none"
    marks = [name for name in ("bold", "underline", "reverse", "dim") if getattr(style, name)]
    front, back = (colour.name if colour else "-" for colour in (style.color, style.bgcolor))
    return " ".join([front, "on", back, *marks])
