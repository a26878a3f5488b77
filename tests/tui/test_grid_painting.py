"""Every line of the grid has its width in cells, whatever the names, the zoom or the cursor."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from desk_double import LUNA, NOW, TODAY, DeskDouble, at
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from bookra.engine.bookings.day import Away, DayBlock, DaySnapshot
from bookra.tui.glyphs import ASCII, UNICODE, Glyphs
from bookra.tui.theme import hues, ink, tenant_theme
from bookra.tui.widgets.day_grid import cursor
from bookra.tui.widgets.day_grid.cells import paint_row
from bookra.tui.widgets.day_grid.columns import view
from bookra.tui.widgets.day_grid.geometry import axis_of
from bookra.tui.widgets.day_grid.heads import paint_head
from bookra.tui.widgets.day_grid.scene import Layout, Scene

INK = ink(tenant_theme(LUNA))
ODD_NAMES = (
    "山田 花子",
    "👩🏽‍🦰 Ana",
    "محمد بن عبد الله",
    "שרה לוי",
    "Zoë" + "\u0301" * 20,
    "Wolfeschlegelsteinhausenbergerdorff " * 3,
    "🇩🇪🇯🇵 Flag",
    "",
    " ",
    "\x1b]0;owned\x07Ana",
    "Ａｎａ　Ｆｕｌｌｗｉｄｔｈ",
    "1️⃣ keycap",
    "[bold red]markup[/]",
)


def scene(
    snapshot: DaySnapshot, width: int = 100, minutes: int = 15, glyphs: Glyphs = UNICODE,
    now: datetime | None = NOW,
) -> Scene:  # fmt: skip
    categories = (block.category for block in snapshot.blocks)
    columns = view(len(snapshot.columns), width)
    axis = axis_of(snapshot, minutes)
    return Scene(Layout(snapshot, axis), columns, INK, glyphs, "£", hues(categories, {}), now)


def painted(one: Scene, row: int, spot: cursor.Spot | None = None) -> str:
    segments = paint_row(one, row, spot or cursor.Spot(-1, -1, "", focused=True), {})
    return "".join(segment.text for segment in segments)


def column_text(one: Scene, column: int, spot: cursor.Spot | None = None) -> list[str]:
    """Return what stands in a column, row by row."""
    left = 6 + sum(one.view.widths[:column])
    lines = [painted(one, row, spot) for row in range(one.axis.rows)]
    return [line[left : left + one.view.widths[column] - 1] for line in lines]


def one_block(**changes: object) -> DaySnapshot:
    """Return the test day with Mia's first booking alone, changed."""
    desk = DeskDouble()
    block = DayBlock(
        "A", "mia", "Hanna Weiß", "Root tint", "Colour", "confirmed", at(14), at(15, 30), (),
        desk.blocks["LUN-0000"].price, desk.blocks["LUN-0000"].price,
    )  # fmt: skip
    return replace(desk.day(TODAY), blocks=(replace(block, **changes),))  # type: ignore[arg-type]


@given(
    st.lists(st.sampled_from(ODD_NAMES) | st.text(max_size=90), min_size=60, max_size=60),
    st.integers(20, 200),
    st.sampled_from([30, 15, 5]),
    st.sampled_from([UNICODE, ASCII]),
    st.integers(0, 7),
    st.integers(0, 300),
)
@settings(max_examples=25, deadline=None)
def test_odd_names_leave_every_line_aligned(
    names: list[str], width: int, minutes: int, glyphs: Glyphs, column: int, row: int
) -> None:
    day = DeskDouble().day(TODAY)
    blocks = tuple(
        replace(block, customer=name, service=name[::-1])
        for block, name in zip(day.blocks, names, strict=True)
    )
    columns = tuple(
        replace(one, name=name, shifts=((at(12), at(18)),), away=(Away(at(9), at(12), name),))
        for one, name in zip(day.columns, names[:8], strict=True)
    )
    one = scene(replace(day, blocks=blocks, columns=columns), width, minutes, glyphs)
    spot = cursor.spot_at(one, column, one.axis.clamp(row))
    expected = 6 + sum(one.view.widths)
    for number in range(one.axis.rows):
        assert cell_len(painted(one, number, spot)) == expected
    for number in range(3):
        head = "".join(segment.text for segment in paint_head(one, number, spot))
        assert cell_len(head) == expected


@given(
    st.lists(st.tuples(st.integers(0, 600), st.integers(5, 240)), max_size=14), st.integers(20, 60)
)
@settings(max_examples=30, deadline=None)
def test_crowded_columns_stay_aligned(drawn: list[tuple[int, int]], width: int) -> None:
    day = one_block()
    blocks = tuple(
        replace(
            day.blocks[0], code=f"B{number}", starts_at=at(8) + timedelta(minutes=start),
            ends_at=at(8) + timedelta(minutes=start + length),
        )
        for number, (start, length) in enumerate(drawn)
    )  # fmt: skip
    one = scene(replace(day, blocks=blocks), width)
    for code in ("", *(block.code for block in blocks)):
        spot = cursor.on(one, code) or cursor.first(one)
        for row in range(one.axis.rows):
            assert cell_len(painted(one, row, spot)) == 6 + sum(one.view.widths)


def test_a_block_says_state_name_due_service_and_end() -> None:
    text = column_text(scene(one_block(), 120), 0)
    start = scene(one_block()).axis.row(at(14))
    assert [line.split() for line in text[start : start + 3]] == [
        ["▌●", "Hanna", "W.", "£"], ["▌", "Root", "tint"], ["▌", "→", "15:30"],
    ]  # fmt: skip


def test_an_unpaid_hold_looks_unlike_a_booking() -> None:
    text = column_text(scene(one_block(status="held"), 120), 0)
    assert text[scene(one_block()).axis.row(at(14))].startswith("┆◇ Hanna")


def test_a_paid_booking_has_no_mark() -> None:
    paid = replace(one_block().blocks[0].due, minor=0)
    assert "£" not in "".join(column_text(scene(one_block(due=paid), 120), 0))


def test_the_cursor_on_free_time_says_when_and_for_how_long() -> None:
    one = scene(one_block(), 120)
    row = one.axis.row(at(13, 15))
    spot = cursor.spot_at(one, 0, row)
    assert column_text(one, 0, spot)[row].strip() == "+ 13:15 45m"


def test_the_cursor_inside_a_block_says_which_quarter() -> None:
    one = scene(one_block(), 120)
    row = one.axis.row(at(14, 45))
    line = column_text(one, 0, cursor.spot_at(one, 0, row))[row]
    assert line.startswith("█")
    assert line.endswith("14:45")


def test_the_now_line_crosses_free_time_only() -> None:
    one = scene(one_block(), 120, now=at(14, 50))
    now_row = painted(one, one.axis.row(at(14, 50)))
    assert now_row.startswith("14:50▶")
    assert "▌───" in now_row
    first_row = painted(scene(one_block(), 120, now=at(14, 2)), one.axis.row(at(14)))
    assert "Hanna" in first_row


@pytest.mark.parametrize(("minute", "line"), [(30, "▔"), (37, "─"), (44, "▁")])
def test_the_now_line_has_three_heights_in_a_row(minute: int, line: str) -> None:
    assert scene(one_block(), now=at(16, minute)).now_line == line


def test_breaks_are_dotted_and_closed_hours_hatched() -> None:
    text = "\n".join(column_text(scene(one_block(), 120), 0))
    assert "·· break ·" in text
    assert "╱╱╱" in text


def test_an_absence_says_what_it_is_where_it_begins() -> None:
    day = one_block()
    taken = (Away(at(9), at(10), "away"), Away(at(10), at(11), "stocktaking in the cellar"))
    mia = replace(day.columns[0], shifts=((at(11), at(18)),), away=taken)
    one = scene(replace(day, columns=(mia, *day.columns[1:]), blocks=()), 120)
    text = column_text(one, 0)
    first, second = one.axis.row(at(9)), one.axis.row(at(10))
    assert text[first].startswith("·· away ··")
    assert set(text[first + 1]) == {"·"}
    assert text[second].startswith("·· stocktaki")
    assert "break" not in "".join(text[:second])
    spot = cursor.spot_at(one, 0, first)
    assert "09:00 away" in column_text(one, 0, spot)[first]
    below = cursor.spot_at(one, 0, second + 1)
    assert "10:15 stocktaking" in column_text(scene(one.snapshot, 300), 0, below)[second + 1]


def test_hidden_columns_are_counted_at_the_edge() -> None:
    one = scene(DeskDouble().day(TODAY), 60)
    head = "".join(segment.text for segment in paint_head(one, 0, cursor.first(one)))
    assert head.startswith("   4▸ ")


def test_a_class_shows_how_many_more_there_are() -> None:
    seat = one_block().blocks[0]
    seats = tuple(replace(seat, code=f"S{number}") for number in range(12))
    one = scene(replace(one_block(), blocks=seats), 200)
    assert any("+9" in line for line in column_text(one, 0))


def test_hopping_visits_every_booking_once_and_returns() -> None:
    one = scene(DeskDouble().day(TODAY))
    spot, seen = cursor.hop(one, cursor.first(one), 1), []
    for _ in one.snapshot.blocks:
        seen.append(spot.chosen)
        spot = cursor.hop(one, spot, 1)
    assert sorted(seen) == sorted(block.code for block in one.snapshot.blocks)
    assert spot.chosen == seen[0]
    assert cursor.hop(one, spot, -1).chosen == seen[-1]


def test_sideways_the_cursor_visits_blocks_that_share_a_cell() -> None:
    seat = one_block().blocks[0]
    one = scene(replace(one_block(), blocks=tuple(replace(seat, code=c) for c in "ABCDE")))
    spot = cursor.spot_at(one, 0, one.axis.row(at(14)))
    visited = [spot.chosen]
    while (spot := cursor.step(one, spot, 1, 0)).column == 0:
        visited.append(spot.chosen)
    assert visited == list("ABCDE")
