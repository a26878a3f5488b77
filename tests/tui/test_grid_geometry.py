"""Rows are real time, blocks keep to their rows, lanes never collide."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookra.engine.bookings.day import Away, DayBlock, DayColumn, DaySnapshot, DayTotals
from bookra.money import Money
from bookra.tui.widgets.day_grid.columns import GUTTER, MIN_COLUMN, view
from bookra.tui.widgets.day_grid.geometry import (
    MAX_LANES,
    ZOOMS,
    Placed,
    axis_of,
    busy,
    free_minutes,
    ground,
    place,
)

NOTHING = Money(0, "EUR")
DAY = date(2026, 11, 24)


def moment(hour: int, minute: int = 0, *, day: date = DAY, zone: str = "Europe/Berlin") -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(
        UTC
    )


def block(
    start: datetime, minutes: int, code: str = "A", gaps: tuple[tuple[int, int], ...] = ()
) -> DayBlock:
    """Return a block; its gaps are minutes after its start."""
    spans = tuple((start + timedelta(minutes=a), start + timedelta(minutes=b)) for a, b in gaps)
    return DayBlock(
        code, "mia", "Ana", "Cut", "Cut", "confirmed", start, start + timedelta(minutes=minutes),
        spans, NOTHING, NOTHING,
    )  # fmt: skip


def a_day(
    *blocks: DayBlock,
    shifts: tuple[tuple[datetime, datetime], ...] = (),
    day: date = DAY,
    zone: str = "Europe/Berlin",
) -> DaySnapshot:
    column = DayColumn("mia", "Mia", shifts)
    totals = DayTotals(NOTHING, NOTHING)
    return DaySnapshot(day, zone, moment(9), (column,), blocks, totals)


def test_the_rows_cover_the_shift_and_an_hour_around_it() -> None:
    axis = axis_of(a_day(shifts=((moment(9), moment(17, 30)),)), 15)
    assert (axis.local(0).hour, axis.rows) == (8, 42)


def test_padding_stays_within_the_day_but_a_night_shift_leaves_it() -> None:
    night = (moment(23), moment(23) + timedelta(hours=5))
    axis = axis_of(a_day(shifts=((moment(0, 30), moment(3)), night)), 15)
    assert axis.local(0).date() == DAY
    assert axis.local(0).hour == 0
    assert axis.at(axis.rows) == night[1]


def test_a_day_without_shifts_shows_office_hours() -> None:
    axis = axis_of(a_day(), 15)
    assert f"{axis.local(0):%H:%M}" == "08:00"
    assert f"{axis.local(axis.rows):%H:%M}" == "19:00"


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2027, 3, 28), "Europe/Berlin", 23),
        (date(2026, 10, 25), "Europe/Berlin", 25),
        (date(2026, 4, 5), "Australia/Lord_Howe", 24.5),
        (date(2026, 11, 24), "Asia/Kathmandu", 24),
    ],
)
def test_a_day_has_as_many_rows_as_it_has_time(day: date, zone: str, hours: float) -> None:
    start = moment(0, day=day, zone=zone)
    snapshot = a_day(shifts=((start, start + timedelta(hours=hours)),), day=day, zone=zone)
    axis = axis_of(snapshot, 15)
    assert axis.rows == hours * 4
    assert all(axis.local(row).minute % 15 == 0 for row in range(axis.rows))


def test_the_hour_that_comes_twice_stands_there_twice() -> None:
    day = date(2026, 10, 25)
    axis = axis_of(a_day(shifts=((moment(0, day=day), moment(6, day=day)),), day=day), 30)
    shown = [(f"{axis.local(row):%H:%M}", axis.local(row).fold) for row in range(axis.rows)]
    assert shown[4:8] == [("02:00", 0), ("02:30", 0), ("02:00", 1), ("02:30", 1)]


def test_the_hour_that_is_skipped_is_missing() -> None:
    day = date(2027, 3, 28)
    axis = axis_of(a_day(shifts=((moment(0, day=day), moment(6, day=day)),), day=day), 30)
    assert [axis.local(row).hour for row in range(axis.rows)][2:6] == [1, 1, 3, 3]


def test_neighbours_that_share_a_row_do_not_become_lanes() -> None:
    snapshot = a_day(block(moment(10), 40, "A"), block(moment(10, 40), 20, "B"))
    first, second = place(snapshot.blocks, axis_of(snapshot, 15))
    assert (first.lanes, second.lanes) == (1, 1)
    assert first.bottom == second.top


def test_short_neighbours_on_one_row_share_it() -> None:
    snapshot = a_day(block(moment(10), 5, "A"), block(moment(10, 5), 5, "B"))
    placed = place(snapshot.blocks, axis_of(snapshot, 15))
    assert [(one.lane, one.lanes) for one in placed] == [(0, 2), (1, 2)]


def test_a_client_in_a_processing_gap_stands_inside_the_other() -> None:
    tint = block(moment(10), 120, "TINT", gaps=((45, 75),))
    snapshot = a_day(tint, block(moment(10, 45), 30, "WAX"))
    placed = {one.block.code: one for one in place(snapshot.blocks, axis_of(snapshot, 15))}
    assert (placed["WAX"].host, placed["WAX"].inset) == (placed["TINT"].key, 1)
    assert placed["TINT"].lanes == 1
    assert placed["TINT"].top < placed["WAX"].top < placed["WAX"].bottom < placed["TINT"].bottom


def test_blocks_that_find_no_lane_are_counted() -> None:
    snapshot = a_day(*(block(moment(10), 60, f"S{n}") for n in range(12)))
    placed = place(snapshot.blocks, axis_of(snapshot, 15))
    assert sum(one.shown for one in placed) == MAX_LANES
    assert [one.more for one in placed if one.lane == MAX_LANES - 1] == [12 - MAX_LANES]


def test_free_time_ends_with_the_shift_or_the_next_client() -> None:
    column = DayColumn("mia", "Mia", ((moment(9), moment(12)), (moment(13), moment(17))))
    blocks = [block(moment(14), 60, gaps=((20, 40),))]
    expected = {(9, 0): 180, (11, 45): 15, (12, 0): 0, (13, 15): 45, (14, 0): 0, (14, 20): 20}
    found = {at: free_minutes(column, blocks, moment(*at)) for at in expected}
    assert found == expected


def test_what_lies_between_shifts_is_rest() -> None:
    column = DayColumn("mia", "Mia", ((moment(9), moment(12)), (moment(13), moment(17))))
    kinds = [ground(column, moment(hour)) for hour in (8, 9, 12, 13, 17)]
    assert kinds == ["off", "work", "rest", "work", "off"]


def test_what_an_absence_takes_of_a_shift_is_no_rest() -> None:
    shifts = ((moment(9), moment(11)), (moment(12), moment(17)))
    column = DayColumn("mia", "Mia", shifts, (Away(moment(11), moment(12), "away"),))
    assert [ground(column, moment(hour)) for hour in (10, 11, 12)] == ["work", "away", "work"]
    gone = DayColumn("mia", "Mia", (), (Away(moment(9), moment(17), "away"),))
    assert [ground(gone, moment(hour)) for hour in (8, 9, 16, 17)] == ["off", "away", "away", "off"]


def test_hands_are_busy_around_the_gaps() -> None:
    tint = block(moment(10), 120, gaps=((45, 75), (75, 90)))
    assert [(b - a) // timedelta(minutes=1) for a, b in busy(tint)] == [45, 30]


spans = st.lists(
    st.tuples(st.integers(0, 23 * 60), st.integers(1, 300), st.booleans()), max_size=25
)


@given(spans, st.sampled_from(ZOOMS), st.sampled_from([DAY, date(2027, 3, 28), date(2026, 10, 25)]))
@settings(max_examples=40, deadline=None)
def test_no_two_blocks_share_a_cell_and_none_is_lost(
    drawn: list[tuple[int, int, bool]], minutes: int, day: date
) -> None:
    midnight = moment(0, day=day)
    blocks = [
        block(
            midnight + timedelta(minutes=start), length, f"B{number}",
            ((length // 3, 2 * length // 3),) if gap and length >= 30 else (),
        )
        for number, (start, length, gap) in enumerate(drawn)
    ]  # fmt: skip
    axis = axis_of(a_day(*blocks, day=day), minutes)
    placed = place(blocks, axis)
    assert sorted(one.block.code for one in placed) == sorted(b.code for b in blocks)
    cells: dict[tuple[str, int, int], Placed] = {}
    for one in placed:
        assert 0 <= one.top < one.bottom <= axis.rows
        assert axis.at(one.bottom - 1) < one.block.ends_at
        assert one.lane < one.lanes or not one.shown
        for row in range(one.top, one.bottom):
            assert cells.setdefault((one.host, row, one.lane), one) is one


@given(st.integers(0, 30), st.integers(1, 300), st.integers(-5, 40))
def test_columns_fill_the_width_and_none_is_cut(total: int, width: int, first: int) -> None:
    shown = view(total, width, first)
    assert sum(shown.widths) <= max(0, width - GUTTER) or width - GUTTER < MIN_COLUMN
    assert 0 <= shown.first <= shown.last <= max(total, 0)
    assert len(shown.widths) == 1 or all(one >= MIN_COLUMN for one in shown.widths)


@given(st.integers(1, 30), st.integers(20, 300), st.integers(0, 29))
def test_the_view_moves_to_any_column(total: int, width: int, column: int) -> None:
    column %= total
    shown = view(total, width).showing(column, width)
    assert shown.first <= column < shown.last
    assert shown.column_at(GUTTER + sum(shown.widths[: column - shown.first])) == column
