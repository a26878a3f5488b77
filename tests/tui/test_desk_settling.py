"""The desk comes to rest, and to the same picture, however busy the machine is meanwhile."""

from __future__ import annotations

import pytest
from desk_double import DeskDouble
from driving import Hand, drive

from bookra.tui.widgets.day_grid.grid import DayGrid
from bookra.tui.widgets.inspector import Inspector

NO_TIME = 1e-9
"""Seconds that have passed before a timer of as many is started: it is late at once."""


def test_a_timer_that_is_late_before_it_starts_goes_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookra.tui.widgets.inspector.REST_SECONDS", NO_TIME)
    desk = DeskDouble()
    heard: list[str] = []

    async def play(hand: Hand) -> None:
        await hand.press("v", "end", "right", "left")
        hand.app.set_timer(NO_TIME, lambda: heard.append("app"))
        await hand.rest()

    drive(play, desk=desk, size=(160, 48))
    assert {call[0] for call in desk.calls} >= {"detail", "services"}
    assert heard == ["app"]


def test_a_timer_that_was_stopped_too_late_asks_nothing() -> None:
    async def play(hand: Hand) -> None:
        inspector = hand.app.day_screen.query_one(Inspector)
        inspector.look_at(hand.app.day_screen.pointed)
        stopped = inspector._rest
        inspector.look_at(hand.app.day_screen.pointed)
        assert stopped
        assert stopped._callback
        stopped._callback()  # it had gone off just before
        await inspector._flush_next_callbacks()
        assert not inspector.settled
        await hand.rest()
        assert inspector.settled

    drive(play, size=(160, 48))


def test_a_new_size_is_laid_out_once_whether_the_day_is_seen_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[int, int]] = []
    update = DayGrid._size_updated

    def note(grid: DayGrid, size: tuple[int, int], *more: object, **named: object) -> bool:
        seen.append((size[0], size[1]))
        return update(grid, size, *more, **named)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(DayGrid, "_size_updated", note)

    async def play(hand: Hand) -> None:
        for screen in ("1", "4"):
            for size in ((80, 24), (160, 48)):
                await hand.press(screen)
                seen.clear()
                await hand.resize(size)
                await hand.press("1")
                assert len(set(seen)) == 1, (screen, size)
            assert seen

    drive(play, size=(120, 40))


def test_details_are_read_when_the_terminal_has_become_wide_enough() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        asked = len(desk.calls)
        await hand.resize((160, 48))
        assert {call[0] for call in desk.calls[asked:]} & {"detail", "services"}

    drive(play, desk=desk, size=(120, 36))
