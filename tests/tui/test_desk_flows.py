"""What the counter does all day, by keys alone and in as many as the desk promises."""

from __future__ import annotations

from dataclasses import replace

from desk_double import NOW, DeskDouble, at
from driving import Hand, drive

from bookra.tui.screens.cancel import CancelDialog
from bookra.tui.screens.day import DayScreen
from bookra.tui.screens.reading import DetailDialog


def an_open_booking(desk: DeskDouble) -> str:
    """Return the code of a confirmed booking that owes money."""
    found = (b for b in desk.blocks.values() if b.status == "confirmed" and b.due.minor > 0)
    return next(found).code


def test_a_client_is_checked_in_with_one_key() -> None:
    desk = DeskDouble()
    code = an_open_booking(desk)

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("i")
        assert hand.presses == 1
        assert "is checked in" in hand.text()
        assert "◆ Checked in" in hand.text()

    drive(play, desk=desk)
    assert desk.writes() == [("check_in", code)]


def test_a_check_in_that_can_not_be_says_why() -> None:
    desk = DeskDouble()
    done = next(b.code for b in desk.blocks.values() if b.status == "completed")
    quick = an_open_booking(desk)

    async def play(hand: Hand) -> None:
        hand.goto(done)
        for key, verb in (("i", "checked in"), ("c", "cancelled"), ("N", "noted as a no-show")):
            await hand.press(key)
            assert isinstance(hand.app.screen, DayScreen)
            await hand.sees(f"can't be {verb}: done")
        assert desk.writes() == []
        hand.goto(quick)
        desk.blocks[quick] = replace(desk.blocks[quick], status="completed")  # elsewhere, just now
        await hand.press("i")
        assert "That booking is not waiting" in hand.text()
        assert "Look again" in hand.text()

    drive(play, desk=desk)


def test_a_booking_is_cancelled_in_three_keys_after_the_fee_was_shown() -> None:
    desk = DeskDouble()
    code = an_open_booking(desk)
    name = desk.blocks[code].customer

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("c")
        assert "is kept" in hand.text()
        await hand.press("2", "enter")
        assert hand.presses == 3
        assert f"Cancelled · {name}" in hand.text()

    drive(play, desk=desk)
    assert desk.writes() == [("cancel", code, "client-ill")]


def test_enter_alone_cancels_nothing() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        hand.goto(an_open_booking(desk))
        await hand.press("c", "enter", "enter")
        assert isinstance(hand.app.screen, CancelDialog)
        assert "Choose a reason first" in hand.text()

    drive(play, desk=desk)
    assert desk.writes() == []


def test_why_not_is_one_key() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("y")
        assert hand.presses == 1
        assert "Why not 11:15 with Mia?" in hand.text()
        assert "Mia is at lunch 13:00–14:00" in hand.text()

    drive(play, desk=desk)
    assert ("why", None, "mia", at(11, 15)) in desk.calls


def test_a_booking_opens_and_its_verbs_work_from_there() -> None:
    desk = DeskDouble()
    code = an_open_booking(desk)

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("enter")
        assert isinstance(hand.app.screen, DetailDialog)
        assert "@example.com" in hand.text()
        await hand.press("x", "c", "enter")

    drive(play, desk=desk)
    assert desk.writes() == [("take", code, "cash", None, None)]


def test_an_opened_booking_names_what_its_state_allows() -> None:
    desk = DeskDouble()
    code = an_open_booking(desk)
    told = {
        "confirmed": ("i check in", "x check out", "c cancel"),
        "in_service": ("x check out", "d done", "b book again"),
        "no_show": ("b book again", "esc close"),
    }

    async def play(hand: Hand) -> None:
        hand.goto(code)
        for status, named in told.items():
            desk.blocks[code] = replace(desk.blocks[code], status=status)
            hand.app.day_screen.reread()
            await hand.rest()
            await hand.press("enter")
            keys = next(row for row in hand.lines() if "esc close" in row)
            assert [words for words in named if words not in keys] == [], keys
            assert ("i check in" in keys) == (status == "confirmed")
            await hand.press("escape")

    drive(play, desk=desk)


def test_a_wide_desk_opens_the_booking_beside_the_grid() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("tab")
        assert "@example.com" in hand.text()

    drive(play, desk=desk, size=(160, 48))


def test_a_wide_desk_says_what_fits_into_free_time() -> None:
    async def wide(hand: Hand) -> None:
        await hand.press("right", "down")
        assert "What fits" in hand.text()
        assert "2h30" not in hand.text()

    drive(wide, size=(160, 48))


def test_free_time_that_is_not_free_refuses_a_booking_at_once() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("right", "n")
        assert "Noor is not free at 11:15" in hand.text()
        assert isinstance(hand.app.screen, DayScreen)

    drive(play)


def test_the_day_changes_and_comes_back_to_now() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("right_square_bracket")
        assert "Mon 23 Nov" in hand.text()
        assert "today" not in hand.text()
        await hand.press("left_square_bracket", "left_square_bracket")
        assert "Sat 21 Nov" in hand.text()
        await hand.press("full_stop")
        assert "Sun 22 Nov · today" in hand.text()
        pointed = hand.app.day_screen.grid.pointed
        assert pointed is not None
        assert pointed.at <= NOW < pointed.at.replace(minute=pointed.at.minute + 15)

    drive(play)


def test_zooming_keeps_the_cursor_at_its_time() -> None:
    async def play(hand: Hand) -> None:
        grid = hand.app.day_screen.grid
        await hand.press("right", "down")
        before = grid.pointed
        await hand.press("plus")
        assert grid.scene is not None
        assert grid.scene.axis.minutes == 5
        await hand.press("minus", "minus", "minus")
        assert grid.scene.axis.minutes == 30
        assert before is not None
        assert grid.pointed is not None
        assert grid.pointed.at == before.at

    drive(play)


def test_help_shows_every_key() -> None:
    async def play(hand: Hand) -> None:
        for size in ((80, 24), (120, 36), (160, 48)):
            await hand.resize(size)
            await hand.press("question_mark")
            text = hand.text()
            for _ in range(9):
                await hand.press("down")
                text += hand.text()
            for words in ("Book at the cursor", "Today, now", "Leave the front desk"):
                assert words in text
            assert "End of the day" in text
            await hand.press("escape")

    drive(play)


def test_the_palette_finds_a_verb_and_does_it() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("colon", *"all k")
        await hand.pilot.pause(0.3)
        await hand.press("enter")
        await hand.pilot.pause(0.1)
        assert "Move around" in hand.text()

    drive(play)


def test_the_mouse_points_and_opens() -> None:
    async def play(hand: Hand) -> None:
        grid = hand.app.day_screen.grid
        line = next(i for i, text in enumerate(hand.lines()) if "Ella O." in text)
        await hand.pilot.click(offset=(24, line))
        await hand.rest()
        assert grid.pointed is not None
        assert grid.pointed.staff == "noor"
        await hand.pilot.double_click(offset=(24, line))
        await hand.rest()
        assert isinstance(hand.app.screen, DetailDialog)

    drive(play)


def test_q_leaves() -> None:
    async def play(hand: Hand) -> None:
        await hand.pilot.press("q")
        await hand.pilot.pause()
        assert not hand.app.is_running or hand.app._exit

    drive(play)
