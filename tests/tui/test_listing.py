"""The list with columns: aligned whatever the text, quick however long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from bookra.tui.widgets.listing import Column, Listing, Row

COLUMNS = (Column("Name"), Column("Phone", 14, least=50), Column("Visits", 6, right=True))


class Shown(App[None]):
    def __init__(self, *rows: Row) -> None:
        super().__init__()
        self.listed = rows
        self.told: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield Listing(COLUMNS, empty="Nobody yet: n adds a client")

    def on_mount(self) -> None:
        self.listing.show(self.listed)
        self.listing.focus()

    @property
    def listing(self) -> Listing:
        return self.query_one(Listing)

    def on_listing_moved(self, message: Listing.Moved) -> None:
        self.told.append((type(message).__name__, message.row_id))

    on_listing_chosen = on_listing_moved

    def lines(self) -> list[str]:
        return [self.listing.render_line(y).text for y in range(self.listing.size.height)]


def rows(count: int) -> list[Row]:
    return [Row(f"r{n}", (f"Person {n}", "+44 7700", str(n))) for n in range(count)]


def play(app: Shown, hand: Callable[[Pilot[None]], Awaitable[None]], width: int = 60) -> None:
    async def run() -> None:
        async with app.run_test(size=(width, 10)) as pilot:
            await pilot.pause()
            await hand(pilot)

    asyncio.run(run())


def test_columns_are_aligned_and_numbers_stand_at_the_right() -> None:
    app = Shown(Row("a", ("Ana", "+351", "7")), Row("b", ("Bea Lindqvist", "+46", "12")))

    async def hand(_: Pilot[None]) -> None:
        title, first, second = app.lines()[:3]
        assert title.index("Phone") == first.index("+351") == second.index("+46")
        assert title.rstrip().endswith("Visits")
        assert first.rstrip().endswith("     7")
        assert second.rstrip().endswith("    12")

    play(app, hand)


def test_a_column_goes_where_there_is_no_room_for_it() -> None:
    app = Shown(*rows(2))

    async def hand(_: Pilot[None]) -> None:
        assert "Phone" not in app.lines()[0]
        assert "Person 1" in app.lines()[2]

    play(app, hand, width=40)


def test_ten_thousand_rows_are_walked_by_key() -> None:
    app = Shown(*rows(10_000))

    async def hand(pilot: Pilot[None]) -> None:
        await pilot.press("end")
        assert app.listing.chosen == "r9999"
        assert "Person 9999" in "".join(app.lines())
        await pilot.press("pageup", "up", "enter")
        assert app.told[-1] == ("Chosen", app.listing.chosen)
        await pilot.press("home")
        assert app.listing.chosen == "r0"

    play(app, hand)


def test_the_cursor_stays_on_its_row_when_others_come_and_go() -> None:
    app = Shown(*rows(5))

    async def hand(pilot: Pilot[None]) -> None:
        await pilot.press("down", "down")
        told = len(app.told)
        app.listing.show([Row("new", ("New", "", "0")), *rows(5)])
        await pilot.pause()
        assert app.listing.chosen == "r2"
        app.listing.show(rows(2))
        await pilot.pause()
        assert app.listing.chosen == "r1"
        app.listing.show([])
        await pilot.pause()
        assert app.listing.chosen == ""
        assert "n adds a client" in app.lines()[1]
        assert app.told[told:][-1] == ("Moved", "")

    play(app, hand)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(max_size=90), min_size=1, max_size=6))
def test_whatever_the_names_every_line_has_the_lists_width(names: list[str]) -> None:
    app = Shown(*(Row(str(n), (name, name, name)) for n, name in enumerate(names)))

    async def hand(_: Pilot[None]) -> None:
        assert {cell_len(line) for line in app.lines()} == {60}

    play(app, hand)
