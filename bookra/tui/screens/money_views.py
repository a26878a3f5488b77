"""The sections of the money: what each looks like. They show what they are given, and ask nobody.

Each has one widget that the keys go to (``focus_on``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import Static

from bookra.tui.describe import lines
from bookra.tui.desk.money_values import (
    Bar,
    DayEnd,
    Drawer,
    EntryLine,
    Share,
    Takings,
)
from bookra.tui.look import Look
from bookra.tui.screens import day_end_text
from bookra.tui.screens import money_text as written
from bookra.tui.screens.money_text import word
from bookra.tui.text import clean
from bookra.tui.widgets.listing import Column, Listing, Row
from bookra.tui.widgets.plot import Mark, Plot
from bookra.tui.widgets.sparkline import sparkline

ROOMY = 136
"""Columns from which on ways of paying get bars."""


class View(Vertical):
    """A section of the money."""

    def __init__(self, look: Look, id: str) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self.look = look

    @property
    def focus_on(self) -> Widget:
        """The widget that the keys go to."""
        return self.query_one(Listing)


class TakingsView(View):
    """What a period brought: figures, the days as columns, people, and ways of paying."""

    def __init__(self, look: Look, id: str, today: Callable[[], date]) -> None:  # noqa: A002
        super().__init__(look, id)
        self._today = today
        self._shown: Takings | None = None

    def compose(self) -> ComposeResult:
        """Put the figures over the days over the people."""
        yield Static(id="figures", markup=False)
        yield Plot(ascii_only=self.look.ascii_only)
        columns = (
            Column("By staff", weight=2),
            Column("Visits", 6, right=True),
            Column("Net", 13, right=True),
            Column("Tips", 11, right=True),
            Column("", 10, least=64),
            Column("Trend", 7, least=74),
        )
        with Horizontal(id="ways"):
            yield Listing(
                columns,
                empty=f"Nothing was sold; {self.look.key('money.back')} goes back",
                id="staff",
            )
            yield Static(id="methods", markup=False)

    def show(self, takings: Takings) -> None:
        """Show a period."""
        self._shown = takings
        self._write_figures()
        self.query_one("#staff", Listing).show([*self._people(takings.staff)])
        tops = [one.net for one in takings.bars] or [takings.net]
        most = max(tops, key=lambda money: money.minor)
        zero = type(most)(0, most.currency)
        marks = _marks(self.look, takings, self._today())
        scale = self.look.short_money(most) if most.minor > 0 else ""
        self.query_one(Plot).show(marks, scale, self.look.short_money(zero))

    def on_resize(self, _: Resize) -> None:
        """Let as many figures be seen as fit."""
        self._write_figures()

    def _write_figures(self) -> None:
        if self._shown is not None:
            content = written.figures(self.look, self._shown, self.size.width)
            self.query_one("#figures", Static).update(content)
            bars = 8 if self.size.width >= ROOMY else 0
            ways = written.methods(self.look, self._shown, bars)
            self.query_one("#methods", Static).update(ways)

    def _people(self, shares: Sequence[Share]) -> Iterable[Row]:
        most = max((share.net.minor for share in shares), default=1)
        tallest = max((value for share in shares for value in share.trend), default=0)
        return [
            Row(
                share.staff,
                (
                    clean(share.name),
                    str(share.bookings),
                    self.look.money(share.net),
                    self.look.money(share.tips) if share.tips else "",
                    (written.bar(share.net.minor, most, self.look), "$accent"),
                    sparkline(share.trend, ascii_only=self.look.ascii_only, most=tallest),
                ),
            )
            for share in shares
        ]


def _marks(look: Look, takings: Takings, today: date) -> list[Mark]:
    """Name the days of a week by weekday, those of a month by number; light the one meant."""
    week = len(takings.bars) <= 7
    meant = takings.first if takings.first == takings.last else today

    def name(one: Bar) -> str:
        return look.day(one.day).rpartition(" ")[0] if week else str(one.day.day)

    return [
        Mark(
            name(one),
            one.net.minor,
            look.short_money(one.net),
            chosen=one.day == meant,
        )
        for one in takings.bars
    ]


class EntriesView(View):
    """The latest entries of the ledger."""

    def compose(self) -> ComposeResult:
        """Put the list alone."""
        yield Listing(entry_columns(), empty="Nothing was posted yet")

    def show(self, entries: Sequence[EntryLine]) -> None:
        """List entries."""
        self.query_one(Listing).show([entry_row(self.look, one) for one in entries])


def entry_columns() -> tuple[Column, ...]:
    """Return the columns of a list of entries."""
    return (
        Column("When", 16),
        Column("What", weight=2),
        Column("Of", 9),
        Column("Amount", 12, right=True),
        Column("Note", weight=3, least=90),
    )


def entry_row(look: Look, entry: EntryLine) -> Row:
    """Return an entry as a row of such a list."""
    cells = (
        (written.moment(look, entry.at), "$text-muted"),
        word(entry.kind),
        entry.subject,
        look.money(entry.amount),
        (clean(entry.memo), "$text-muted"),
    )
    return Row(entry.id, cells)


class DrawerView(View):
    """How the drawer stands, and what was done to it."""

    def compose(self) -> ComposeResult:
        """Put how it stands over what was done."""
        yield Static(id="drawer-state", markup=False)
        columns = (
            Column("When", 16),
            Column("What", weight=1),
            Column("Amount", 12, right=True),
            Column("Reason", weight=2),
            Column("By", 14, least=70),
        )
        yield Listing(columns)

    def show(self, drawer: Drawer | None) -> None:
        """Show the drawer; None was never opened."""
        self.query_one("#drawer-state", Static).update(written.drawer(self.look, drawer))
        rows = [
            Row(
                f"{number}:{event.entry}",
                (
                    (written.moment(self.look, event.at), "$text-muted"),
                    written.EVENTS.get(event.kind) or word(event.kind),
                    self.look.money(event.amount),
                    clean(event.reason),
                    (clean(event.by), "$text-muted"),
                ),
            )
            for number, event in enumerate(drawer.events if drawer else ())
        ]
        self.query_one(Listing).show(rows[::-1])


class DayEndView(View):
    """The close of a day, to be read and saved."""

    def compose(self) -> ComposeResult:
        """Put the text where it can be scrolled."""
        with VerticalScroll(id="day-end-text"):
            yield Static(markup=False)

    def show(self, end: DayEnd) -> None:
        """Show a day's end."""
        self.query_one("#day-end-text Static", Static).update(
            lines(day_end_text.day_end(self.look, end))
        )

    @property
    def focus_on(self) -> Widget:
        """The text, which the arrows scroll."""
        return self.query_one("#day-end-text")
