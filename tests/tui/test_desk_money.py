"""The screen of the money by keys alone: takings, the drawer, the close of a day, bank and pay."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from desk_double import LUNA, NOW, TODAY, DeskDouble, gbp
from driving import Hand, drive

from bookra.errors import ConflictError, UnavailableError
from bookra.tui.desk.money import Period
from bookra.tui.screens.explain import ExplainDialog
from bookra.tui.screens.money import MoneyScreen
from bookra.tui.screens.money_dialogs import DrawerDialog, SaveDialog
from bookra.tui.screens.money_sections import period_of
from bookra.tui.widgets.plot import _place
from bookra.tui.widgets.sparkline import sparkline

Play = Callable[[Hand], Awaitable[None]]


def asked(desk: DeskDouble, name: str) -> list[tuple[object, ...]]:
    """Return what was asked of one verb, in order."""
    return [call[1:] for call in desk.calls if call[0] == name]


def test_a_week_is_shown_with_people_and_ways_of_paying() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("4", "w")
        text = hand.text()
        assert "Mon 16 – Sun 22 Nov" in text
        assert "£2,613.63" in text
        assert "Due · 3 open" in text
        assert "Card terminal" in text
        assert text.count("█") > 20

    monday = TODAY - timedelta(days=TODAY.weekday())
    desk = drive(play)
    assert asked(desk, "takings")[-1] == (Period(monday, monday + timedelta(6), "week"),)


def test_the_brackets_go_from_month_to_month() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("4", "m", "left_square_bracket", "left_square_bracket")
        assert "September" in hand.text()
        await hand.press("right_square_bracket")
        assert "October" in hand.text()
        await hand.press("full_stop")
        assert "November" in hand.text()

    drive(play)


def test_where_nothing_can_be_opened_the_key_says_why() -> None:
    desk = DeskDouble()
    empty = desk.takings(Period(TODAY, TODAY))
    desk.takings = lambda period: replace(empty, staff=(), methods=(), net=gbp(0))

    async def play(hand: Hand) -> None:
        await hand.press("4", "enter")
        await hand.sees("nothing was sold")
        await hand.press("c", "enter")
        await hand.sees("nothing was done")

    drive(play, desk=desk)


def test_a_persons_figure_opens_its_entries_and_an_entry_its_postings() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("4", "w", "enter")
        assert "Ana Castillo · Mon 16 – Sun 22 Nov" in hand.text()
        assert "LUN-2MPQ" in hand.text()
        await hand.press("enter")
        text = hand.text()
        assert "assets:cash:drawer" in text
        assert "-£45.00" in text

    desk = drive(play)
    assert asked(desk, "entries_behind")[0][1] == "ana"
    assert str(asked(desk, "explained")[0][0]).startswith("0192f4c1")


def test_a_line_of_an_explanation_is_explained_in_turn() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("4", "e", "enter", "up", "up", "enter")
        assert isinstance(hand.app.screen, ExplainDialog)
        await hand.press("escape", "escape")
        assert isinstance(hand.app.screen, MoneyScreen)

    desk = drive(play)
    assert asked(desk, "explained")[-1] == ("LUN-7F3K",)


def test_tab_goes_round_all_sections() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("4")
        seen = []
        for _ in range(6):
            assert isinstance(hand.app.screen, MoneyScreen)
            seen.append(hand.app.screen.section)
            await hand.press("tab")
        assert seen == ["takings", "entries", "drawer", "day-end", "bank", "pay"]
        assert hand.app.screen.section == "takings"  # type: ignore[attr-defined]
        await hand.press("shift+tab")
        assert "Ana Castillo" in hand.text()

    drive(play)


def test_the_drawer_is_opened_and_closed_after_the_difference_was_shown() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("4", "c")
        assert "never opened" in hand.text()
        await hand.press("o", *"100", "enter")
        assert "Open since" in hand.text()
        assert "£154.00" in hand.text()
        await hand.press("o", *"153")
        assert "£1.00 short" in hand.text()
        await hand.press("enter", *"50")
        assert "£103.00" in hand.text()
        await hand.press("enter")
        assert "Closed at" in hand.text()
        assert "-£1.00" in hand.text()

    desk = drive(play)
    assert desk.writes() == [
        ("open_drawer", gbp(10000)),
        ("close_drawer", gbp(15300), gbp(5000)),
    ]


def test_all_stays_in_the_drawer_unless_it_is_said() -> None:
    desk = DeskDouble()
    desk.open_drawer(gbp(10000))

    async def play(hand: Hand) -> None:
        await hand.press("4", "c", "o", *"154", "enter", "enter")
        assert "Closed at" in hand.text()

    drive(play, desk=desk)
    assert desk.writes()[-1] == ("close_drawer", gbp(15400), None)


def test_a_count_that_is_exact_says_so_and_leaves_the_drawer_open() -> None:
    desk = DeskDouble()
    desk.open_drawer(gbp(10000))

    async def play(hand: Hand) -> None:
        await hand.press("4", "c", "n", *"154")
        assert "It is exact" in hand.text()
        await hand.press("enter")
        assert "Open since" in hand.text()

    drive(play, desk=desk)
    assert desk.writes()[-1] == ("count_drawer", gbp(15400))


def test_an_amount_that_is_none_is_told_as_one_types_and_not_written() -> None:
    desk = DeskDouble()
    desk.open_drawer(gbp(10000))

    async def play(hand: Hand) -> None:
        await hand.press("4", "c", "o", *"15x")
        assert "'15x' is not an amount in GBP" in hand.text()
        await hand.press("enter")
        assert isinstance(hand.app.screen, DrawerDialog)
        await hand.press("backspace", "backspace", "backspace", "enter")
        assert "Count it first" in hand.text()

    drive(play, desk=desk)
    assert len(desk.writes()) == 1


def test_a_refused_close_keeps_what_was_counted() -> None:
    desk = DeskDouble()
    desk.open_drawer(gbp(10000))
    desk.refusing_writes = ConflictError("drawer_closed", "The drawer is closed", hint="Open it")

    async def play(hand: Hand) -> None:
        await hand.press("4", "c", "o", *"154", "enter", "enter")
        assert isinstance(hand.app.screen, DrawerDialog)
        assert "The drawer is closed" in hand.text()
        assert "154" in hand.text()

    drive(play, desk=desk)


def test_the_close_of_a_day_is_saved_as_it_is_shown() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("4", "z")
        assert "LUN-7F3K" in hand.text()
        await hand.press("s")
        assert isinstance(hand.app.screen, SaveDialog)
        await hand.press("enter")
        assert "Saved as close-2026-11-22.txt" in hand.text()

    ((day, path, text),) = asked(drive(play), "save_day_end")
    assert day == TODAY
    assert path == Path("close-2026-11-22.txt")
    assert "Rosa Vega" in str(text)
    assert "Should hold" in str(text)
    assert str(text).endswith("£54.00\n")


def test_another_days_close_is_a_bracket_away() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("4", "z", "right_square_bracket")
        assert "Nothing happened that day" in hand.text()
        await hand.press("left_square_bracket", "left_square_bracket")
        assert "Close of day – Sat 21 Nov 2026" in hand.text()

    drive(play)


def test_reconciling_runs_beside_and_tells_what_it_found() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("4", "b")
        assert "The ledger equals what Stripe moved" in hand.text()
        desk.gate.clear()
        await hand.pilot.press("r")
        await hand.pilot.pause()
        assert "Asking Stripe" in hand.text()
        await hand.pilot.press("r")
        desk.gate.set()
        await hand.rest()
        await hand.rest()
        assert "The ledger and Stripe differ" in hand.text()

    drive(play, desk=desk)
    assert asked(desk, "prove") == [()]


def test_a_payout_opens_what_it_carries() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("4", "b", "enter")

    assert asked(drive(play), "explained") == [("po_1Q8x",)]


def test_a_pay_run_opens_with_the_command_that_comes_next() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("4", "p", "enter")
        assert "bookra payout approve 2026-11" in hand.text()
        assert "-£10.00" in hand.text()

    drive(play, size=(80, 24))


def test_the_front_desk_is_never_shown_bank_and_pay() -> None:
    desk = DeskDouble(replace(LUNA, role="front-desk"))

    async def play(hand: Hand) -> None:
        await hand.press("4")
        for key in ("b", "p", "r"):
            await hand.press(key)
            text = hand.text()
            assert "Pay" not in text
            assert "Bank" not in text
            assert "Commission" not in text
            assert hand.app.screen.section == "takings"  # type: ignore[attr-defined]
        for _ in range(4):
            await hand.press("tab")
        assert hand.app.screen.section == "takings"  # type: ignore[attr-defined]

    drive(play, desk=desk, size=(160, 48))
    assert not {call[0] for call in desk.calls} & {"bank_payouts", "pay_runs", "prove", "proof"}


def test_a_locked_desk_counts_nothing() -> None:
    desk = DeskDouble()
    desk.open_drawer(gbp(10000))

    async def play(hand: Hand) -> None:
        await hand.press("4", "c", "L", "o")
        assert isinstance(hand.app.screen, MoneyScreen)
        assert "Writing is locked" in hand.text()

    drive(play, desk=desk)


def test_figures_that_can_not_be_read_any_more_stay_and_say_since_when() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("4", "w")
        desk.failing = UnavailableError("gone", "The database is gone")
        hand.app.base.reread()
        await hand.rest()
        assert "£2,613.63" in hand.text()
        assert "stale since" in hand.text()

    drive(play, desk=desk)


def test_plain_characters_draw_the_same_figures() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("4", "w")
        shown = "".join(hand.text().split("Tess")[0])
        assert shown.replace("✦", "").isascii()
        assert "#" * 9 in shown

    drive(play, ascii_only=True)


@pytest.mark.parametrize(
    ("day", "step", "first", "last"),
    [
        (date(2026, 2, 28), "month", date(2026, 2, 1), date(2026, 2, 28)),
        (date(2026, 12, 31), "month", date(2026, 12, 1), date(2026, 12, 31)),
        (date(2027, 1, 1), "week", date(2026, 12, 28), date(2027, 1, 3)),
        (date(2026, 11, 22), "day", date(2026, 11, 22), date(2026, 11, 22)),
    ],
)
def test_a_period_holds_whole_days(day: date, step: str, first: date, last: date) -> None:
    assert period_of(day, step) == Period(first, last, step)


def test_a_sparkline_shows_the_least_and_the_most_and_tells_nothing_from_little() -> None:
    assert sparkline([0, 1, 500, 1000, -3]) == "·▁▄█▿"
    assert sparkline([0, 1, 500, 1000, -3], ascii_only=True) == "_.=#v"
    assert sparkline([]) == ""


@pytest.mark.parametrize("width", [1, 10, 70, 110, 150])
@pytest.mark.parametrize("count", [1, 7, 31])
def test_columns_stay_within_the_plot(count: int, width: int) -> None:
    gap, room = _place(count, width)
    assert room >= 1
    assert count * (gap + room) <= max(width, count)


def test_the_money_stands_at_every_size_through_any_keys() -> None:
    keys = "t e c z b p d w m o n s r tab enter escape left_square_bracket up down 1 4".split()

    async def play(hand: Hand) -> None:
        await hand.press("4")
        for number, key in enumerate(keys):
            size = [(80, 24), (120, 36), (61, 17), (160, 48)][number % 4]
            await hand.pilot.resize_terminal(*size)
            await hand.press(key)
        assert hand.app.is_running

    drive(play, now=lambda: NOW)
