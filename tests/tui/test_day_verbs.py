"""The verbs on the grid, by keys alone and in as many as the desk promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from desk_double import TODAY, DeskDouble, at, gbp
from driving import Hand, drive
from textual.geometry import Offset

from bookra.engine.bookings.day import DayBlock
from bookra.errors import ConflictError
from bookra.tui.desk import NewCustomer
from bookra.tui.screens.day import DayScreen
from bookra.tui.screens.jump import JumpLayer, labels
from bookra.tui.screens.moving import MovingLayer
from bookra.tui.screens.no_show import NoShowDialog
from bookra.tui.screens.repair import RepairDialog
from bookra.tui.screens.time_off import TimeOffLayer
from bookra.tui.screens.walk_in import WalkInDialog


def a_desk() -> DeskDouble:
    """Return a desk with little on it: Ana with Mia at two, Bea with Noor at three."""
    desk = DeskDouble()
    desk.blocks = {}
    put(desk, "LUN-ANA", "mia", "Ana Moreira", 14)
    put(desk, "LUN-BEA", "noor", "Bea Lindqvist", 15)
    return desk


def put(desk: DeskDouble, code: str, staff: str, client: str, hour: int, **more: object) -> None:
    """Put a confirmed hour into the day."""
    facts = {"status": "confirmed", "starts_at": at(hour), "ends_at": at(hour + 1)} | more
    desk.blocks[code] = DayBlock(
        code=code, staff=staff, customer=client, service="Gel manicure", category="Nails",
        gaps=(), price=gbp(3800), due=gbp(3800), **facts,  # type: ignore[arg-type]
    )  # fmt: skip


def tomorrow(hour: int) -> dict[str, Any]:
    """Return when an hour of the next day begins and ends."""
    day = TODAY + timedelta(days=1)
    return {"starts_at": at(hour, day=day), "ends_at": at(hour + 1, day=day)}


def where(desk: DeskDouble, code: str) -> tuple[str, str]:
    """Return with whom and when a booking is."""
    block = desk.blocks[code]
    return block.staff, f"{block.starts_at:%H:%M}"


# Moving


def test_a_booking_is_moved_by_two_keys_and_arrows() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("m", "down", "down", "enter")
        assert hand.presses == 2 + 2
        assert isinstance(hand.app.screen, DayScreen)
        assert "Moved Ana Moreira to 14:30 · Mia" in hand.text()
        pointed = hand.app.day_screen.grid.pointed
        assert pointed is not None
        assert pointed.block is not None
        assert pointed.block.code == "LUN-ANA"

    drive(play, desk=desk)
    assert where(desk, "LUN-ANA") == ("mia", "14:30")


def test_the_ghost_says_whom_it_hits_and_enter_moves_nothing_there() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("m", "right", "down", "down")
        assert "✗ 14:30 Ana" in hand.text()
        assert "hits Bea" in hand.text()
        assert "Noor is busy · Bea Lindqvist" in hand.text()
        await hand.press("enter")
        assert isinstance(hand.app.screen, MovingLayer)
        assert "f finds the next that fits" in hand.text()
        await hand.press("escape")
        assert "hits" not in hand.text()

    drive(play, desk=desk)
    assert desk.writes() == []


def test_the_ghost_says_what_fits() -> None:
    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("m", "down")
        assert "✓ 14:15 Ana" in hand.text()
        assert "→ 15:15" in hand.text()

    drive(play, desk=a_desk())


def test_f_leads_the_ghost_to_the_next_that_fits() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("m", "right", "down", "f", "enter")
        assert "Moved Ana Moreira to 16:00 · Noor" in hand.text()

    drive(play, desk=desk)
    assert where(desk, "LUN-ANA") == ("noor", "16:00")


def test_a_booking_is_moved_to_another_day() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("m", "right_curly_bracket", "enter")
        assert hand.presses == 3
        assert "Mon 23 Nov" in hand.text()
        pointed = hand.app.day_screen.grid.pointed
        assert pointed is not None
        assert pointed.block is not None

    drive(play, desk=desk)
    assert desk.blocks["LUN-ANA"].starts_at == at(14) + timedelta(days=1)


def test_enter_before_the_answer_waits_for_it() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("m")
        desk.gate.clear()
        await hand.pilot.press("down", "enter")
        assert "… 14:15 Ana" in hand.text()
        desk.gate.set()
        await hand.rest()

    drive(play, desk=desk)
    assert where(desk, "LUN-ANA") == ("mia", "14:15")


def test_a_conflict_on_save_names_who_was_quicker_and_keeps_the_ghost() -> None:
    desk = a_desk()
    desk.refusing_writes = ConflictError(
        "slot_taken", "Mia is busy at Sun 22 Nov 14:30. Next free: Sun 16:00, Sun 16:15"
    )

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("m", "down", "down")
        put(desk, "LUN-NEW", "mia", "Quick Quentin", 15)
        await hand.press("enter")
        text = hand.text()
        assert "Next free: Sun 16:00" in text
        assert "hits Quick" in text
        assert isinstance(hand.app.screen, MovingLayer)
        desk.refusing_writes = None
        await hand.press("f", "enter")
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)
    assert where(desk, "LUN-ANA") == ("mia", "16:00")


def test_a_move_is_taken_back() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("m", "right", "enter", "u")
        assert "Put back" in hand.text()

    drive(play, desk=desk)
    assert where(desk, "LUN-ANA") == ("mia", "14:00")


def test_what_is_over_is_not_moved() -> None:
    desk = a_desk()
    put(desk, "LUN-OLD", "mia", "Olu Bello", 9, status="completed")

    async def play(hand: Hand) -> None:
        hand.goto("LUN-OLD")
        await hand.press("m")
        assert "Olu Bello can't be moved: done" in hand.text()
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)


def test_a_click_leads_the_ghost_and_a_second_one_moves() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("m")
        grid = hand.app.day_screen.grid
        assert grid.scene is not None
        row = grid.scene.axis.row(at(16)) - grid.scroll_offset.y + grid.heads
        column = 6 + grid.scene.view.widths[0] + 3
        await hand.pilot.double_click(offset=Offset(grid.region.x + column, grid.region.y + row))
        await hand.rest()
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)
    assert where(desk, "LUN-ANA") == ("noor", "16:00")


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
def test_a_ghost_leaves_every_line_as_wide_as_it_was(size: tuple[int, int]) -> None:
    desk = a_desk()
    put(desk, "LUN-WIDE", "noor", "山田 花子", 13)

    async def play(hand: Hand) -> None:
        hand.goto("LUN-WIDE")
        await hand.press("m")
        for key in ("left", "down", "right", "up", "up", "right"):
            await hand.press(key)
            from rich.cells import cell_len

            assert {cell_len(text) for text in hand.lines()} == {size[0]}

    drive(play, desk=desk, size=size)


# Swapping


def test_two_bookings_are_swapped() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("s", "tab")
        assert "Swap Ana Moreira with Bea Lindqvist  ✓ fits" in hand.text()
        await hand.press("enter")
        assert hand.presses == 2 + 1
        assert "Swapped Ana Moreira with Bea Lindqvist" in hand.text()

    drive(play, desk=desk)
    assert where(desk, "LUN-ANA") == ("noor", "15:00")
    assert where(desk, "LUN-BEA") == ("mia", "14:00")


def test_a_swap_that_can_not_be_says_why() -> None:
    desk = a_desk()
    put(desk, "LUN-BEA", "noor", "Bea Lindqvist", 15, status="completed")

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("s", "tab", "enter")
        assert "✗ LUN-BEA is over and can't be moved" in hand.text()
        await hand.press("escape")

    drive(play, desk=desk)
    assert desk.writes() == []


# At the counter


def test_a_walk_in_takes_four_keys() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        await hand.press("a", "c", "u", "enter")
        assert hand.presses == 4
        assert "Walk-in · 11:25 · Cut & finish · Noor" in hand.text()
        assert isinstance(hand.app.screen, DayScreen)
        pointed = hand.app.day_screen.grid.pointed
        assert pointed is not None
        assert pointed.block is not None
        assert pointed.block.status == "checked_in"

    drive(play, desk=desk)
    assert desk.writes() == [("walk_in", "cut-&-finish", None)]


def test_a_walk_in_may_give_a_name() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        await hand.press("a", *"pedi", "tab", *"Zed", "enter")

    drive(play, desk=desk)
    assert desk.writes() == [("walk_in", "pedicure", NewCustomer("Zed", "", ""))]


def test_a_refused_walk_in_keeps_what_was_typed() -> None:
    desk = a_desk()
    desk.refusing_writes = ConflictError("slot_taken", "Noor is busy", hint="Next free: 15:15")

    async def play(hand: Hand) -> None:
        await hand.press("a", "c", "u", "enter")
        assert isinstance(hand.app.screen, WalkInDialog)
        assert "Noor is busy" in hand.text()
        desk.refusing_writes = None
        await hand.press("enter")
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)


def test_no_service_by_that_name_books_nobody() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        await hand.press("a", *"xyz", "enter")
        assert "No service is called that" in hand.text()

    drive(play, desk=desk)
    assert desk.writes() == []


def test_a_no_show_takes_two_keys_and_says_what_is_kept() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("N")
        assert isinstance(hand.app.screen, NoShowDialog)
        assert "£7.60 is kept" in hand.text()
        await hand.press("enter")
        assert hand.presses == 2
        assert "No-show · Ana Moreira" in hand.text()
        await hand.press("u")
        assert "The visit stands again" in hand.text()

    drive(play, desk=desk)
    assert desk.blocks["LUN-ANA"].status == "confirmed"


def test_nobody_is_a_no_show_before_the_day_of_the_visit() -> None:
    """What the screen knows it says at once; what it does not know yet, the engine says."""
    desk = a_desk()
    put(desk, "LUN-LATER", "mia", "Jo Park", 10, **tomorrow(10))

    async def play(hand: Hand) -> None:
        await hand.press("right_square_bracket")
        hand.goto("LUN-LATER")
        await hand.press("N")
        assert isinstance(hand.app.screen, DayScreen)
        await hand.sees("Jo Park can't be noted as a no-show before Mon 23 Nov")
        assert desk.writes() == []
        await hand.press("left_square_bracket")
        hand.goto("LUN-ANA")
        desk.blocks["LUN-ANA"] = replace(desk.blocks["LUN-ANA"], **tomorrow(14))  # just now
        await hand.press("N", "enter")
        assert isinstance(hand.app.screen, NoShowDialog)
        assert "LUN-ANA is on Mon 23 Nov" in hand.text()

    drive(play, desk=desk)
    assert {block.status for block in desk.blocks.values()} == {"confirmed"}


def test_a_visit_is_over_by_one_key() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("d")
        assert "Ana Moreira is done; £38.00 is still due" in hand.text()

    drive(play, desk=desk)
    assert desk.writes() == [("complete", "LUN-ANA")]


def test_a_check_in_is_taken_back() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("i", "u")
        assert "Not here yet after all" in hand.text()

    drive(play, desk=desk)
    assert desk.blocks["LUN-ANA"].status == "confirmed"


# Time off and what it displaces


def test_time_off_takes_two_keys_and_arrows() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto("LUN-BEA")
        await hand.press("left", "down", "down", "down", "down")
        hand.presses = 0
        await hand.press("o", "down", "down", "down")
        assert "Time off for Mia · Sun 22 Nov 16:00–17:00 1h" in hand.text()
        assert "nobody is booked then" in hand.text()
        await hand.press("enter")
        assert hand.presses == 2 + 3
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)
    assert desk.writes() == [("take_off", "mia", at(16), at(17), "")]


def test_time_off_names_whom_it_displaces_and_goes_on_to_the_repair() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("o", "down")
        assert "! Ana Moreira needs another time" in hand.text()
        assert "1 to move" in hand.text()
        await hand.press("enter")
        assert isinstance(hand.app.screen, RepairDialog)
        assert "Ana Moreira" in hand.text()
        await hand.press("enter")
        assert "nobody waits any more" in hand.text()
        await hand.press("escape")

    drive(play, desk=desk)
    assert desk.blocks["LUN-ANA"].status == "confirmed"
    assert desk.blocks["LUN-ANA"].staff != "mia"


def test_the_whole_day_off_is_one_key_more() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("o", "d", "enter")

    drive(play, desk=desk)
    shifts = desk.columns[0].shifts
    assert desk.writes() == [("take_off", "mia", shifts[0][0], shifts[-1][1], "")]


def test_time_off_is_taken_back_with_its_visits_in_their_place() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("o", "enter", "escape", "u")
        assert "The time off is taken back" in hand.text()

    drive(play, desk=desk)
    assert desk.blocks["LUN-ANA"].status == "confirmed"


def test_all_displaced_visits_get_their_proposal_by_one_key() -> None:
    desk = a_desk()
    put(desk, "LUN-ANA", "mia", "Ana Moreira", 14, status="displaced")
    put(desk, "LUN-BEA", "noor", "Bea Lindqvist", 15, status="displaced")

    async def play(hand: Hand) -> None:
        await hand.press("R", "A")
        assert "2 have a new time, nobody waits any more" in hand.text()

    drive(play, desk=desk)
    assert {block.status for block in desk.blocks.values()} == {"confirmed"}


def test_another_proposal_is_chosen_by_the_arrows() -> None:
    desk = a_desk()
    put(desk, "LUN-ANA", "mia", "Ana Moreira", 14, status="displaced")

    async def play(hand: Hand) -> None:
        await hand.press("R", "right", "right", "enter")

    drive(play, desk=desk)
    assert ("accept", "LUN-ANA", 3) in desk.calls


def test_a_displaced_visit_is_moved_by_hand() -> None:
    desk = a_desk()
    put(desk, "LUN-ANA", "mia", "Ana Moreira", 14, status="displaced")

    async def play(hand: Hand) -> None:
        await hand.press("R", "m")
        assert isinstance(hand.app.screen, MovingLayer)
        await hand.press("down", "down", "down", "down", "enter")

    drive(play, desk=desk)
    assert where(desk, "LUN-ANA") == ("mia", "15:00")
    assert desk.blocks["LUN-ANA"].status == "confirmed"


def test_a_day_that_needs_no_repair_says_so() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("R")
        assert "Everybody has a time on this day" in hand.text()

    drive(play, desk=a_desk())


# Jumping


def test_letters_lead_to_a_booking() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        await hand.press("g")
        assert isinstance(hand.app.screen, JumpLayer)
        await hand.press("s")
        assert hand.presses == 2
        assert isinstance(hand.app.screen, DayScreen)
        pointed = hand.app.day_screen.grid.pointed
        assert pointed is not None
        assert pointed.block is not None
        assert pointed.block.code == "LUN-BEA"

    drive(play, desk=desk)


def test_a_letter_that_is_on_no_booking_gives_up() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("g", "z")
        assert isinstance(hand.app.screen, DayScreen)
        await hand.press("g", "enter")
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=a_desk())


def test_no_label_begins_another() -> None:
    for count in (1, 26, 27, 200):
        found = labels(count)
        assert len(set(found)) == count
        assert len({len(label) for label in found}) == 1


# Whatever the day is like


def test_a_locked_desk_moves_nothing() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("L", "m", "s", "a", "o", "R", "N", "d")
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)
    assert desk.writes() == []


def test_the_day_goes_on_below_a_ghost() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("m", "right", *["down"] * 10)
        assert "✓ 16:30 Ana" in hand.text()
        put(desk, "LUN-NEW", "noor", "Vera Petrov", 17)
        desk.announce("booking:1")
        for _ in range(100):
            await hand.pilot.pause(0.01)
            if "hits Vera" in hand.text():
                break
        assert "hits Vera" in hand.text()

    drive(play, desk=desk)


def test_a_day_without_people_is_no_trouble() -> None:
    desk = a_desk()
    desk.columns = ()

    async def play(hand: Hand) -> None:
        for key in "m s a o R N d g".split():
            await hand.press(key, "enter", "escape", "escape")
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)


def test_a_span_is_marked_up_and_across_days() -> None:
    desk = a_desk()

    async def play(hand: Hand) -> None:
        hand.goto("LUN-ANA")
        await hand.press("o", "up", "up")
        assert isinstance(hand.app.screen, TimeOffLayer)
        assert "13:30–14:15" in hand.text()
        await hand.press("right_curly_bracket", "enter")

    drive(play, desk=desk)
    assert desk.writes() == [
        ("take_off", "mia", at(14), at(13, 45) + timedelta(days=1), ""),
    ]
