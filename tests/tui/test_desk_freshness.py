"""What is shown is fresh or says that it is not; nothing blocks, nothing is painted for nothing."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from desk_double import NOW, TODAY, TZ, DeskDouble, at
from driving import Hand, drive

from bookra.errors import UnavailableError
from bookra.tui.freshness import Freshness
from bookra.tui.look import Look
from bookra.tui.messages import DayLoaded
from bookra.tui.screens import base

DOWN = UnavailableError("database_down", "The database can't be reached", hint="It is retried")


async def until(true: Any, seconds: float = 5.0) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


def read_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read every few milliseconds, as if nothing were heard of changes."""
    monkeypatch.setattr(base, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(base, "LIVE_POLL_SECONDS", 0.0)


def test_the_desk_is_never_asked_on_the_thread_that_paints() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("tab", "y", "escape", "enter", "escape", "right_square_bracket")

    drive(play, desk=desk, size=(160, 48))
    assert threading.get_ident() not in desk.threads
    assert len(desk.calls) > 4


def test_a_booking_made_elsewhere_appears_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    read_often(monkeypatch)
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        any_block = next(iter(desk.blocks.values()))
        desk.blocks["NEW"] = replace(
            any_block, code="NEW", staff="noor", customer="Zara Novel", status="confirmed",
            starts_at=at(11, 30), ends_at=at(12, 15), gaps=(),
        )  # fmt: skip
        await until(lambda: "Zara N" in hand.text())

    drive(play, desk=desk)


def test_an_idle_desk_paints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    read_often(monkeypatch)
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        shown: list[object] = []
        real = hand.app._display

        def display(screen: Any, renderable: Any) -> None:
            if renderable is not None:
                shown.append(renderable)
            real(screen, renderable)

        await asyncio.sleep(0.2)
        monkeypatch.setattr(hand.app, "_display", display)
        before = desk.reads
        await until(lambda: desk.reads > before + 8)
        assert shown == []

    drive(play, desk=desk)


def test_a_move_paints_two_lines_and_not_the_grid() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("right", "down", "down")
        grid = hand.app.day_screen.grid
        before = grid.lines_painted
        await hand.press("down")
        assert grid.lines_painted - before == 2

    drive(play)


def test_one_changed_booking_paints_its_lines_only(monkeypatch: pytest.MonkeyPatch) -> None:
    read_often(monkeypatch)
    desk = DeskDouble()
    code = next(b.code for b in desk.blocks.values() if b.staff == "noor" and b.starts_at > NOW)

    async def play(hand: Hand) -> None:
        await hand.rest()
        grid = hand.app.day_screen.grid
        before = grid.lines_painted
        desk.blocks[code] = replace(desk.blocks[code], status="in_service")
        minutes = desk.blocks[code].ends_at - desk.blocks[code].starts_at
        reads = desk.reads
        await until(lambda: desk.reads > reads + 3)
        await hand.rest()
        assert 0 < grid.lines_painted - before <= minutes // timedelta(minutes=15) + grid.heads

    drive(play, desk=desk)


def test_the_clock_moves_the_now_line_once_a_minute() -> None:
    now = [NOW]

    async def play(hand: Hand) -> None:
        assert "11:22▶" in hand.text()
        now[0] = NOW + timedelta(minutes=9)
        hand.app.day_screen.tick()
        await hand.pilot.pause()
        assert "11:31▶" in hand.text()
        assert "11:22▶" not in hand.text()

    drive(play, now=lambda: now[0])


def test_a_lost_database_shows_since_when_and_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read_often(monkeypatch)
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        assert "● live" in hand.text()
        desk.failing = DOWN
        await until(lambda: "stale since 11:22" in hand.text())
        assert "Ella O." in hand.text()
        assert hand.text().count("The database can't be reached") <= 1
        await hand.press("right", "down")
        await hand.pilot.press("n")
        await until(lambda: "nothing can be changed" in hand.text())
        desk.failing = None
        await until(lambda: "● live" in hand.text())

    drive(play, desk=desk)
    assert desk.writes() == []


def test_a_database_that_was_never_there_is_stale_from_the_start() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        assert "▲ stale" in hand.text()
        assert "The database can't be reached" in hand.text()
        await hand.press("n", "x", "i", "c", "enter", "y", "tab", "down", "plus", "full_stop")

    brand = desk.brand()
    desk.failing = DOWN
    desk.brand = lambda: brand  # type: ignore[method-assign]
    drive(play, desk=desk)


def test_a_reading_that_hangs_makes_the_picture_old() -> None:
    now = [NOW]
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        desk.gate.clear()
        hand.app.day_screen.reread()
        now[0] = NOW + timedelta(seconds=11)
        hand.app.day_screen.tick()
        await hand.pilot.pause()
        assert "stale since 11:22" in hand.text()
        desk.gate.set()
        await hand.rest()
        assert "● live" in hand.text()

    drive(play, desk=desk, now=lambda: now[0])


def test_fast_day_keys_read_the_last_day_and_show_no_other() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        desk.gate.clear()
        await hand.pilot.press(*["right_square_bracket"] * 6)
        desk.gate.set()
        await hand.rest()
        scene = hand.app.day_screen.grid.scene
        assert scene is not None
        assert scene.snapshot.day == TODAY + timedelta(days=6)

    drive(play, desk=desk)
    assert desk.reads <= 4


def test_nothing_is_booked_on_a_day_that_is_still_being_read() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("right", "down")
        desk.gate.clear()
        await hand.pilot.press("right_square_bracket", "n")
        await hand.pilot.pause()
        assert "Still reading Mon 23 Nov" in hand.text()
        desk.gate.set()
        await hand.rest()

    drive(play, desk=desk)


def test_an_answer_for_another_day_is_dropped() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        late = desk.day(TODAY - timedelta(days=3))
        hand.app.day_screen.post_message(DayLoaded(999, late))
        await hand.rest()
        assert "Sun 22 Nov" in hand.text()
        scene = hand.app.day_screen.grid.scene
        assert scene is not None
        assert scene.snapshot.day == TODAY

    drive(play, desk=desk)


def test_a_read_only_desk_changes_nothing() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        assert "read-only" in hand.text()
        for key in ("n", "x", "i", "c"):
            await hand.press("L", key, "enter", "1", "enter", "escape", "escape", "1")

    drive(play, desk=desk, read_only=True)
    assert desk.writes() == []


def test_the_lock_stops_writing_until_it_is_opened() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        code = next(b.code for b in desk.blocks.values() if b.status == "confirmed")
        hand.goto(code)
        await hand.press("L", "i")
        assert "Writing is locked" in hand.text()
        assert desk.writes() == []
        await hand.press("L", "i")

    drive(play, desk=desk)
    assert len(desk.writes()) == 1


def test_a_bug_in_the_desk_is_told_and_does_not_close_it() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        desk.why = lambda *_: 1 / 0  # type: ignore[method-assign,assignment,return-value]
        await hand.press("y")
        assert "ZeroDivisionError" in hand.text()
        await hand.press("escape")
        assert "● live" in hand.text()

    drive(play, desk=desk)


def test_a_message_can_not_be_changed() -> None:
    message = DayLoaded(1, DeskDouble().day(TODAY))
    with pytest.raises(AttributeError, match="can't be changed"):
        message.ticket = 2


def test_a_read_only_desk_stays_so_whatever_the_lock() -> None:
    state = Freshness(wanted=TODAY, read_only=True)
    state.read(TODAY, NOW)
    for state.locked in (True, False):
        assert state.why_not_write(Look(TZ, "GBP"), NOW) == "This desk is read-only"
