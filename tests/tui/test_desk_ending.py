"""How the desk ends: quietly when it is left, and with the cause when that is a bug."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from desk_double import DeskDouble
from driving import Hand, drive
from textual._context import active_app

from bookra.tui.app import BookraApp, run
from bookra.tui.screens.base import DeskScreen


def test_clocks_that_go_off_while_the_program_ends_do_nothing() -> None:
    shown: list[DeskScreen] = []
    apps: list[BookraApp] = []

    async def play(hand: Hand) -> None:
        apps.append(hand.app)
        for key in "123456":
            await hand.press(key)
            shown.append(hand.app.base)

    drive(play)
    active_app.set(apps[0])
    for screen in shown:
        for interval in ("tick", "poll", "_look_again"):
            getattr(screen, interval, lambda: None)()
    assert len({type(screen) for screen in shown}) == 6


def headless(app: BookraApp) -> None:
    """Run an app as `run` does, without a terminal."""
    asyncio.run(app.run_async(headless=True, size=(120, 36)))


def test_a_bug_in_a_screen_is_the_callers_and_not_a_traceback_on_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Odd(DeskDouble):
        def day(self, *_: Any) -> Any:
            return None

    monkeypatch.setattr(BookraApp, "run", headless)
    desk: Any = Odd()
    with pytest.raises(AttributeError):
        run(desk)
    assert capsys.readouterr() == ("", "")


def test_what_the_reader_of_the_keys_dies_of_ends_the_program_with_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def dies(app: BookraApp) -> None:
        app.panic("the terminal is gone")

    monkeypatch.setattr(BookraApp, "run", dies)
    desk: Any = DeskDouble()
    with pytest.raises(SystemExit) as ended:
        run(desk)
    assert ended.value.code == 1
