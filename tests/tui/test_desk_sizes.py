"""The desk at every size, in every dress, under any keys; and what it looked like before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from desk_double import NOW, DeskDouble
from driving import Hand, drive
from rich.cells import cell_len

from bookra.tui import actions
from bookra.tui.picture import screenshot
from bookra.tui.screens.base import DeskScreen
from bookra.tui.screens.day import DayScreen
from bookra.tui.widgets.day_grid.grid import DayGrid
from bookra.tui.widgets.inspector import Inspector

SNAPSHOTS = Path(__file__).parent / "snapshots"
RENEW = "BOOKRA_RENEW_SNAPSHOTS"
SIZES = [(80, 24), (120, 36), (160, 48)]


def compare(name: str, text: str) -> None:
    """Compare a screen's text with what was looked at and kept."""
    path = SNAPSHOTS / f"{name}.txt"
    if os.environ.get(RENEW):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", "utf-8")
    kept = path.read_text("utf-8")
    assert text + "\n" == kept, f"Look at the screen; if it is right, run again with {RENEW}=1"


def test_the_ascii_day_looks_as_it_was_approved() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("x")
        text = hand.text()
        compare("day-ascii", text)
        data = ("✦", "é", "ß", *"山田花子")
        shown = "".join(c for c in text if c not in data)
        assert shown.isascii(), {c for c in shown if not c.isascii()}

    drive(play, size=(80, 24), ascii_only=True)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("booking", ["right", "down", "n", "enter", "a", "n"]),
        ("check-out", ["right", "x", "c", "5"]),
        ("why", ["y"]),
        ("detail", ["enter"]),
    ],
)
def test_a_dialog_looks_as_it_was_approved_on_the_smallest_screen(
    name: str, keys: list[str]
) -> None:
    async def play(hand: Hand) -> None:
        await hand.press(*keys)
        compare(name, hand.text())

    drive(play, size=(80, 24))


def test_every_line_is_as_wide_as_the_screen() -> None:
    async def play(hand: Hand) -> None:
        for size in (*SIZES, (60, 16), (100, 17), (61, 60), (250, 70)):
            await hand.resize(size)
            for keys in ([], ["tab"], ["end"], ["right"] * 3):
                await hand.press(*keys)
                assert {cell_len(line) for line in hand.lines()} == {size[0]}
                assert len(hand.lines()) == size[1]

    drive(play)


def test_a_screen_too_small_says_what_it_needs() -> None:
    async def play(hand: Hand) -> None:
        for size in ((59, 30), (100, 15), (20, 5)):
            await hand.resize(size)
            words = " ".join(hand.text().split())
            assert "Too small" in words
            assert "● live" not in words

    drive(play, size=(59, 30))


def test_a_resized_terminal_keeps_the_cursor_in_sight_and_what_was_typed() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("right", "down", "n", "enter", *"tess")
        await hand.pilot.resize_terminal(80, 24)
        await hand.rest()
        assert "tess" in hand.text()
        await hand.pilot.resize_terminal(160, 48)
        await hand.rest()
        assert "Tess Moran" in hand.text()
        await hand.press("escape", "escape")
        await hand.pilot.resize_terminal(66, 18)
        await hand.rest()
        assert "+11:30" in hand.text().replace("+ ", "+")

    drive(play, size=(120, 36))


def test_state_is_told_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def play(hand: Hand) -> None:
        assert hand.app.no_color
        assert "▶ In service" in hand.text()
        assert "◆ Quinn" in hand.text()

    drive(play, size=(80, 24))


@pytest.mark.parametrize("light", [False, True])
def test_the_desk_is_dark_unless_asked(light: bool) -> None:
    async def play(hand: Hand) -> None:
        assert hand.app.current_theme.dark is not light

    drive(play, light=light)


def test_the_brightness_can_be_changed_while_it_runs() -> None:
    async def play(hand: Hand) -> None:
        before = hand.app.day_screen.grid.lines_painted
        hand.app._switch_brightness()
        await hand.rest()
        assert not hand.app.current_theme.dark
        assert hand.app.day_screen.grid.lines_painted > before + 20

    drive(play)


def test_a_screenshot_is_taken_after_the_day_was_painted(tmp_path: Path) -> None:
    desk = DeskDouble()
    desk.slow_seconds = 0.1
    path = tmp_path / "day.svg"
    screenshot(desk, (80, 24), path, ["right", "x"], now=lambda: NOW)
    picture = path.read_text("utf-8")
    assert "Check</text>" in picture
    assert "Ella" in picture
    assert "\u258c" not in picture  # blocks are drawn: no font's fill a line
    assert "<rect class=" in picture


def test_every_action_has_its_own_id_and_a_method() -> None:
    everything = [one for table in actions.TABLES.values() for one in table.actions]
    everything += [*actions.GRID, *actions.EVERYWHERE, *actions.APP]
    assert len({one.id for one in everything}) == len(everything)
    for table in actions.TABLES.values():
        moves = actions.GRID if table.screen == "day" else ()
        here = (*table.actions, *moves, *actions.EVERYWHERE)
        keys = [key for one in here for key in one.keys.split(",")]
        assert len(set(keys)) == len(keys), table.screen
        assert set(table.bar) <= set(actions.by_id())
    assert all(hasattr(DayScreen, f"action_{one.name}") for one in actions.DAY)
    assert all(hasattr(DayGrid, f"action_{one.name}") for one in actions.GRID)
    assert all(hasattr(DeskScreen, f"action_{one.name}") for one in actions.EVERYWHERE)


def test_the_front_desk_knows_no_database_and_no_provider() -> None:
    code = (
        "import sys, bookra.tui.app, bookra.tui.picture, bookra.tui.screens.booking, "
        "bookra.tui.screens.checkout, bookra.tui.screens.cancel, bookra.tui.screens.reading; "
        "print([m for m in ('sqlalchemy', 'psycopg', 'stripe', 'httpx', 'apscheduler') "
        "if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_what_a_wide_terminal_shows_beside_the_grid_lies_over_a_narrow_one_on_a_key() -> None:
    desk = DeskDouble()
    code = next(one.code for one in desk.blocks.values() if one.staff == "mia")

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.rest()
        before = hand.text()
        assert "Price" not in before
        await hand.press("I")
        assert "Price" in hand.text()
        assert ("detail", code) in desk.calls  # what the day's picture does not know is asked
        mia = hand.lines()[1].find("Mia")
        assert mia >= 0  # the column of the cursor stays in sight
        grid = hand.app.day_screen.grid
        for _ in grid.scene.view.widths[1:] if grid.scene else ():
            await hand.press("right")
        assert hand.app.day_screen.query_one(Inspector).region.x == 0
        await hand.press("escape")
        hand.goto(code)
        await hand.rest()
        assert hand.text() == before
        await hand.press("I", "I")
        assert hand.text() == before

    drive(play, desk=desk, size=(80, 24))
