"""The day's other views: what they show, what their cursor points at, and the way back."""

from __future__ import annotations

from datetime import date, timedelta

from desk_double import NOW, TODAY, TZ, DeskDouble, at
from driving import Hand, drive
from rich.cells import cell_len

from bookra.tui.widgets.day_grid.folding import days_of, noon
from bookra.tui.widgets.day_grid.geometry import axis_of
from bookra.tui.widgets.day_grid.scene import Layout
from bookra.tui.widgets.week_cells import Week


def test_the_views_go_round_and_keep_person_and_time() -> None:
    async def play(hand: Hand) -> None:
        screen = hand.app.day_screen
        await hand.press("right", "right", "down", "down")
        before = screen.grid.pointed
        await hand.press("v")
        assert "Oskar · 7 days from Sun 22 Nov" in hand.text()
        found = screen.grid.pointed
        assert found
        assert before
        assert (found.staff, found.at) == (before.staff, before.at)
        await hand.press("v")
        assert "Mon 16 Nov – Sun 22 Nov" in hand.text()
        await hand.press("v")
        assert "Window chair" in hand.text()
        await hand.press("v")
        assert "Rosalind" in hand.text()

    drive(play)


def test_another_day_of_a_person_is_booked_on_that_day() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("v", "right", "right")
        pointed = hand.app.day_screen.grid.pointed
        assert pointed is not None
        assert pointed.at.astimezone(TZ).date() == TODAY + timedelta(days=2)
        assert pointed.free_minutes > 0
        await hand.press("n")
        assert "Book" in hand.text()

    drive(play, desk=desk)


def test_a_visit_in_the_days_of_a_person_is_checked_in_by_its_own_code() -> None:
    desk = DeskDouble()
    code = next(b.code for b in desk.blocks.values() if b.status == "confirmed")
    staff = desk.blocks[code].staff

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("v", "i")
        assert staff.capitalize() in hand.text()

    drive(play, desk=desk)
    assert ("check_in", code) in desk.calls


def test_the_week_opens_a_day_of_a_person() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("v", "v", "left", "left", "down", "enter")
        pointed = hand.app.day_screen.grid.pointed
        assert pointed is not None
        assert pointed.staff == "noor"
        assert pointed.at.astimezone(TZ).date() == TODAY - timedelta(days=2)
        assert "Fri 20 Nov" in hand.text()

    drive(play)


def test_no_booking_is_changed_from_a_week() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("v", "v", "i", "x", "c", "N", "d", "s")
        assert "Open a day first" in hand.text()

    drive(play, desk=desk)
    assert desk.writes() == []


def test_weeks_go_by_weeks() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("v", "v", "right_square_bracket")
        assert "Mon 23 Nov – Sun 29 Nov" in hand.text()

    drive(play)


def test_a_desk_without_rooms_says_how_to_make_one() -> None:
    desk = DeskDouble()
    desk.roomless = True

    async def play(hand: Hand) -> None:
        await hand.press("v", "v", "v")
        assert "bookra resource add" in hand.text()
        assert "Rosalind" in hand.text()

    drive(play, desk=desk)


def test_moving_from_another_view_begins_among_everybody() -> None:
    desk = DeskDouble()
    code = next(b.code for b in desk.blocks.values() if b.status == "confirmed")

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("v", "m")
        assert hand.app.day_screen.view == "staff"
        assert "give up" in hand.text()

    drive(play, desk=desk)


def test_every_line_of_every_view_is_as_wide_as_the_screen() -> None:
    async def play(hand: Hand) -> None:
        for _ in range(3):
            await hand.press("v", "end", "right")
            for size in ((60, 16), (80, 24), (120, 36), (160, 48)):
                await hand.resize(size)
                assert {cell_len(line) for line in hand.lines()} == {size[0]}

    drive(play)


def test_days_around_a_change_of_clocks_share_their_rows() -> None:
    desk = DeskDouble()
    saturday, sunday = date(2026, 10, 24), date(2026, 10, 25)
    days = [desk.day(day) for day in (saturday, sunday)]
    picture, fold = days_of(days, "mia", ["Sat", "Sun"])
    layout = Layout(picture, axis_of(picture, 15), fold)
    for column, day in enumerate((saturday, sunday)):
        ten = at(10, day=day)
        assert layout.column_of("mia", ten) == column
        assert layout.drawn(column, ten) == at(10, day=saturday)
        assert layout.real(column, at(10, day=saturday)) == ten
    assert noon(days[1]) - noon(days[0]) == timedelta(hours=25)


def test_the_week_adds_up_what_each_day_holds() -> None:
    day = DeskDouble().day(TODAY)
    week = Week((day,) * 7)
    slugs = [person.slug for person in week.people]
    for row, slug in enumerate(slugs):
        count, full, free = week.figures(row, 0)
        assert count == sum(block.staff == slug for block in day.blocks)
        assert full is not None
        assert free >= 0


def test_a_hold_says_for_how_long_it_lasts_and_counts_down() -> None:
    now = [NOW]

    async def play(hand: Hand) -> None:
        assert "40m" in hand.text()
        now[0] = NOW + timedelta(minutes=1)
        hand.app.day_screen.tick()
        await hand.pilot.pause()
        assert "39m" in hand.text()
        assert "40m" not in hand.text()

    drive(play, now=lambda: now[0])


def test_two_lines_of_a_visit_with_one_person_are_both_shown() -> None:
    desk = DeskDouble()
    first = next(b for b in desk.blocks.values() if b.staff == "noor")
    desk.blocks.clear()
    from dataclasses import replace

    later = replace(
        first, starts_at=at(14), ends_at=at(15), service="Second", gaps=(), status="confirmed"
    )
    desk.blocks = {"a": replace(first, gaps=()), "b": later}

    async def play(hand: Hand) -> None:
        assert "Second" in hand.text()

    drive(play, desk=desk, size=(160, 60))
