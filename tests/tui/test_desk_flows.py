"""What the counter does all day, by keys alone and in as many as the desk promises."""

from __future__ import annotations

import pytest
from desk_double import NOW, DeskDouble, at, gbp
from driving import Hand, drive

from bookra.errors import ConflictError
from bookra.tui.desk import NewCustomer
from bookra.tui.screens import booking_steps
from bookra.tui.screens.booking import BookingDialog
from bookra.tui.screens.cancel import CancelDialog
from bookra.tui.screens.checkout import CheckOutDialog
from bookra.tui.screens.day import DayScreen
from bookra.tui.screens.reading import DetailDialog


def an_open_booking(desk: DeskDouble) -> str:
    """Return the code of a confirmed booking that owes money."""
    found = (b for b in desk.blocks.values() if b.status == "confirmed" and b.due.minor > 0)
    return next(found).code


async def to_free_time(hand: Hand) -> None:
    """Put the cursor on Noor's free half past eleven."""
    await hand.press("right", "down")
    assert "Free for 1h30" in hand.text()
    hand.presses = 0


def test_a_regular_is_booked_in_seven_keys() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", "enter", "a", "n", "a", "enter", "enter")
        assert hand.presses == 7
        assert "Booked 11:30 · Ana Moreira" in hand.text()
        assert isinstance(hand.app.screen, DayScreen)
        assert "Ana M" in hand.text()

    drive(play, desk=desk)
    (call,) = desk.writes()
    assert call[:4] == ("book", "cut-&-finish", "noor", at(11, 30))
    assert call[4].name == "Ana Moreira"  # type: ignore[attr-defined]


def test_enter_typed_before_the_list_came_waits_for_it() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", "enter")
        desk.gate.clear()
        await hand.pilot.press("t", "e", "s", "enter")
        await hand.pilot.pause()
        assert "Client   …" in hand.text()
        desk.gate.set()
        await hand.rest()
        assert "Tess Moran" in hand.text()
        await hand.press("enter")

    drive(play, desk=desk)
    assert desk.writes()[0][4].name == "Tess Moran"  # type: ignore[attr-defined]


def test_a_new_client_is_booked_with_a_phone() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", "d", "r", "y", "enter", *"zed", "enter")
        assert "New client zed" not in hand.text()
        await hand.press(*"0770", "enter", "enter")

    drive(play, desk=desk)
    (call,) = desk.writes()
    assert call == ("book", "dry-cut", "noor", at(11, 30), NewCustomer("zed", "0770", ""))


def test_a_new_client_known_by_phone_needs_a_name() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", "enter", *"0770090", "enter")
        await hand.press("enter")
        assert "A new client needs a name" in hand.text()
        await hand.press(*"Zed", "enter", "enter")

    drive(play, desk=desk)
    assert desk.writes()[0][4] == NewCustomer("Zed", "0770090", "")


def test_a_refused_booking_says_why_and_keeps_what_was_chosen() -> None:
    desk = DeskDouble()
    desk.refusing_writes = ConflictError(
        "slot_taken", "Noor is busy 11:30–12:00", hint="Next free: 15:15"
    )

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", "enter", "a", "n", "a", "enter", "enter")
        text = hand.text()
        assert isinstance(hand.app.screen, BookingDialog)
        assert "Noor is busy 11:30–12:00" in text
        assert "Next free: 15:15" in text
        assert "Ana Moreira" in text
        desk.refusing_writes = None
        await hand.press("enter")
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)
    assert len(desk.writes()) == 2


def test_escape_goes_back_step_by_step_and_books_nothing() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", "enter", "a", "n", "a", "enter", "escape")
        assert "ana" in hand.text()
        await hand.press("escape", "escape")
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)
    assert desk.writes() == []


def test_a_key_pressed_twice_books_once() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", "enter", "a", "n", "a", "enter")
        desk.gate.clear()
        await hand.pilot.press("enter", "enter", "enter", "escape")
        assert isinstance(hand.app.screen, BookingDialog)
        desk.gate.set()
        await hand.rest()
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)
    assert len(desk.writes()) == 1


def test_services_that_fit_come_first() -> None:
    offered = DeskDouble().services("noor")
    listed = [one.minutes for one in booking_steps.services(offered, "", 60)]
    assert listed == [45, 30, 60, 45, 45, 15, 60, 30, 90, 150, 75]


def test_a_service_is_found_by_the_beginnings_of_its_words() -> None:
    offered = DeskDouble().services("noor")
    found = [one.name for one in booking_steps.services(offered, "fin cu", 60)]
    assert found == ["Cut & finish"]


def test_cash_is_taken_in_three_keys() -> None:
    desk = DeskDouble()
    code = an_open_booking(desk)

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("x", "c", "enter")
        assert hand.presses == 3
        assert "taken in cash" in hand.text()
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)
    assert desk.writes() == [("cash", code, None)]


def test_a_tip_is_added_to_what_is_taken() -> None:
    desk = DeskDouble()
    code = an_open_booking(desk)

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("x", "c", *"5.50")
        assert "Tip             £5.50" in hand.text()
        await hand.press("enter")

    drive(play, desk=desk)
    assert desk.writes() == [("cash", code, gbp(550))]


def test_a_tip_that_is_no_amount_is_refused_and_kept() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        hand.goto(an_open_booking(desk))
        await hand.press("x", "c", *"5,50", "enter")
        assert isinstance(hand.app.screen, CheckOutDialog)
        assert "'5,50' is not an amount in GBP" in hand.text()
        assert "5,50" in hand.text()

    drive(play, desk=desk)
    assert desk.writes() == []


def test_nothing_due_takes_nothing() -> None:
    desk = DeskDouble()
    paid = next(b.code for b in desk.blocks.values() if b.due.minor == 0)

    async def play(hand: Hand) -> None:
        hand.goto(paid)
        await hand.press("x", "c", "enter")
        assert "Nothing is due" in hand.text()

    drive(play, desk=desk)
    assert desk.writes() == []


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

    async def play(hand: Hand) -> None:
        hand.goto(done)
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
    assert desk.writes() == [("cash", code, None)]


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


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (160, 48)])
def test_help_shows_every_key(size: tuple[int, int]) -> None:
    async def play(hand: Hand) -> None:
        await hand.press("question_mark")
        text = hand.text()
        for _ in range(5):
            await hand.press("down")
            text += hand.text()
        for words in ("Book at the cursor", "Today, now", "Leave the front desk", "End of the day"):
            assert words in text

    drive(play, size=size)


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
