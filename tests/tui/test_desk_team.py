"""The team by keys alone: who works, somebody opened, hours and time off as forms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from desk_double import LUNA, TODAY, DeskDouble
from double_team import WEEK
from driving import Hand, drive

from bookra.errors import ConflictError
from bookra.tui.screens.team import TeamScreen
from bookra.tui.screens.team_away import AwayDialog
from bookra.tui.screens.team_hours import HoursDialog


def test_the_team_shows_hours_use_and_pay() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("5")
        text = hand.text()
        mia = next(row for row in hand.lines() if row.strip().startswith("Mia"))
        assert "08:00–12:00 13:00–18:00" in mia
        assert [part in mia for part in ("1h", "7h", "13%", "£123.45")] == [True] * 4
        assert "Sun 22 Nov · today" in text
        assert "Thu 24 Dec – Sat 26 Dec" in text

    drive(play, size=(160, 40))


def test_the_front_desk_sees_no_pay_and_changes_no_hours() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("5")
        assert "£" not in hand.text()
        assert "This month" not in hand.text()
        await hand.press("h")
        assert isinstance(hand.app.screen, TeamScreen)
        await hand.press("enter", "h")
        assert "Statement" not in hand.text()
        assert "Mon  09:00–13:00  14:00–18:00" in hand.text()

    desk = drive(play, desk=DeskDouble(replace(LUNA, role="front-desk")))
    assert not any(call[0] == "pay" for call in desk.calls)


def test_the_period_goes_by_day_week_and_month() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("5")
        await hand.press("w")
        assert "Mon 16 Nov – Sun 22 Nov · this week" in hand.text()
        await hand.press("m")
        assert "2026-11 · this month" in hand.text()
        await hand.press("left_square_bracket", "left_square_bracket")
        assert "2026-09" in hand.text()
        await hand.press("d")
        assert "Tue 1 Sep" in hand.text()
        await hand.press("full_stop")
        assert "Sun 22 Nov · today" in hand.text()

    drive(play)


def test_somebody_opens_with_their_week_and_statement() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("5")
        await hand.press("down", "enter")
        text = hand.text()
        assert "Statement 2026-11 · goes on" in text
        assert "Cut & finish" in text
        assert "£21.67" in text
        assert "Tue 24 Nov" in text
        assert "Holidays" in text
        await hand.press("left_square_bracket")
        assert "Statement 2026-10" in hand.text()
        await hand.press("right_square_bracket", "right_square_bracket")
        assert "Statement 2026-11" in hand.text()
        await hand.press("h")
        assert isinstance(hand.app.screen, HoursDialog)

    drive(play)


def test_hours_are_checked_as_they_are_typed_and_taken_back() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("5")
        await hand.press("h", *"mon-fro")
        assert "has no days or no times" in hand.text()
        await hand.press(*("backspace",) * 3, *"fri 10:00-16:00; sat closed")
        assert "→ Mon  10:00–16:00" in hand.text()
        assert "→ Sat  closed" in hand.text()
        await hand.press("enter")
        assert isinstance(hand.app.screen, TeamScreen)
        assert "Mia has new hours from Sun 22 Nov on" in hand.text()
        assert desk.weeks["mia"] == (*("10:00-16:00",) * 5, "closed", "closed")
        await hand.press("exclamation_mark")
        assert "bookra hours set mia" in hand.text()

    drive(play, desk=desk)


def test_enter_before_the_check_has_answered_still_writes_once() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("5")
        await hand.press("h")
        desk.gate.clear()
        for key in ("m", "o", "n", "space", *"closed", "enter", "enter"):
            await hand.pilot.press(key)
        desk.gate.set()
        await hand.rest()

    drive(play, desk=desk)
    assert [call[0] for call in desk.writes()] == ["set_hours"]
    assert desk.weeks["mia"] == ("closed", *WEEK[1:])


def test_what_can_not_be_written_keeps_what_was_typed() -> None:
    desk = DeskDouble()
    desk.refusing_writes = ConflictError("locked", "Somebody else is at it", hint="Try again")

    async def play(hand: Hand) -> None:
        await hand.press("5")
        await hand.press("x", *"thu", "tab", *"9:00-12:00", "enter")
        assert "Somebody else is at it" in hand.text()
        assert "9:00-12:00" in hand.text()
        assert "Thu 26 Nov" in hand.text()

    drive(play, desk=desk)


def test_time_off_lists_whom_it_displaces_before_it_is_written() -> None:
    desk = DeskDouble()
    met = [one for one in desk.blocks.values() if one.staff == "mia"]

    async def play(hand: Hand) -> None:
        await hand.press("5")
        await hand.press("o", *"today")
        assert isinstance(hand.app.screen, AwayDialog)
        assert f"{len(met)} visits need another time" in hand.text()
        assert met[0].customer in hand.text()
        await hand.press("tab", "tab", *"Flu", "enter")
        assert "Mia is off Sun 22 Nov" in hand.text()

    drive(play, desk=desk)
    assert desk.writes()[-1][0] == "take_off"
    assert desk.writes()[-1][-1] == "Flu"


def test_every_size_shows_the_team_and_its_dialogs() -> None:
    async def play(hand: Hand) -> None:
        for size in ((60, 16), (80, 24), (120, 36), (160, 48)):
            await hand.resize(size)
            await hand.press("1", "5")
            assert "Mia" in hand.text()
            for key in ("enter", "h", "escape", "o", "escape", "x", "escape"):
                await hand.press(key)
            assert isinstance(hand.app.screen, TeamScreen)

    drive(play)


def test_the_day_sheet_is_saved_in_two_keys() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("p", "enter")
        assert hand.presses == 2
        assert f"Saved as day-{TODAY}-1122.pdf" in hand.text()
        await hand.press("p", "enter")
        assert "There is a file" in hand.text()

    desk = drive(play)
    assert desk.saved == (Path(f"day-{TODAY}-1122.pdf"),)
