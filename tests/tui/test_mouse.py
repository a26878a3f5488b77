"""The mouse on the day: a booking is dragged as its ghost, and nothing is written without ⏎."""

from __future__ import annotations

from dataclasses import replace

from demo_day import at
from desk_double import DeskDouble
from driving import Hand, drive
from textual.events import MouseDown, MouseEvent, MouseMove, MouseScrollDown, MouseUp
from textual.geometry import Offset

from bookra.tui.screens.day import DayScreen
from bookra.tui.screens.moving import MovingLayer

MINE, OVER, OTHER = "LUN-MINE", "LUN-OVER", "LUN-OTHR"


def a_desk() -> DeskDouble:
    """Return a desk with three bookings: one to move, one that is over, one in the way."""
    desk = DeskDouble()
    some = next(iter(desk.blocks.values()))
    placed = ((MINE, "mia", 14, "confirmed"), (OVER, "mia", 9, "completed"),
              (OTHER, "noor", 14, "confirmed"))  # fmt: skip
    desk.blocks = {
        code: replace(
            some, code=code, staff=staff, status=status, starts_at=at(hour), ends_at=at(hour + 1),
            gaps=(), customer=f"Client {code}", held_until=None,
        )
        for code, staff, hour, status in placed
    }  # fmt: skip
    return desk


async def mouse(hand: Hand, event: type[MouseEvent], column: int, hour: int, rows: int = 0) -> None:
    """Do something with the left button over a column, some rows below an hour."""
    grid = hand.app.day_screen.grid
    assert grid.scene is not None
    left = 6 + sum(grid.scene.view.widths[:column]) + 3
    row = grid.scene.axis.row(at(hour)) + rows - grid.scroll_offset.y + grid.heads
    place = Offset(grid.region.x + left, grid.region.y + row)
    await hand.pilot._post_mouse_events([event], offset=place, button=1)
    await hand.rest()


def shown(hand: Hand) -> object:
    """Return what kind of screen lies on top."""
    return type(hand.app.screen)


def test_a_booking_is_dragged_by_any_of_its_rows_and_enter_moves_it() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto(MINE)
        await hand.rest()
        grid = hand.app.day_screen.grid

        await mouse(hand, MouseDown, 0, 9)
        await mouse(hand, MouseMove, 0, 10)
        assert "can't be moved: done" in hand.text()
        assert shown(hand) is DayScreen
        await mouse(hand, MouseUp, 0, 10)

        await mouse(hand, MouseDown, 0, 14, rows=2)
        await mouse(hand, MouseMove, 0, 14, rows=3)
        assert shown(hand) is MovingLayer
        await mouse(hand, MouseMove, 1, 14, rows=2)
        assert "Noor is busy" in hand.text()
        await mouse(hand, MouseMove, 1, 16, rows=2)
        assert "fits" in hand.text()
        await mouse(hand, MouseUp, 1, 16, rows=2)
        await mouse(hand, MouseMove, 1, 11)
        assert desk.writes() == []
        assert "to Sun 22 Nov 16:00 Noor" in hand.text()

        await mouse(hand, MouseDown, 1, 16, rows=1)  # it is taken up again by its ghost
        await mouse(hand, MouseMove, 1, 17, rows=1)
        await mouse(hand, MouseUp, 1, 17, rows=1)
        top = grid.scroll_offset.y
        await hand.pilot._post_mouse_events([MouseScrollDown], offset=(40, 12))
        await hand.rest()
        assert grid.scroll_offset.y > top
        await hand.press("enter")
        assert shown(hand) is DayScreen

    drive(play, desk=desk, size=(120, 54))
    block = desk.blocks[MINE]
    assert (block.staff, block.starts_at) == ("noor", at(17))
