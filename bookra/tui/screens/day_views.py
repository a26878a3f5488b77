"""The day screen's views: by staff, the days of one person, a week by staff, and by rooms.

``v`` goes round. What the other keys mean in each view is the business of `day_view_verbs`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import ClassVar

from textual.content import Content
from textual.widgets import Static

from bookra import clock
from bookra.engine.bookings.day import DaySnapshot
from bookra.tui import describe
from bookra.tui.front import Front
from bookra.tui.messages_views import ViewLoaded
from bookra.tui.screens.day_hours import DayHours
from bookra.tui.text import clean
from bookra.tui.widgets.day_grid.cursor import Pointed
from bookra.tui.widgets.day_grid.folding import days_of, rooms_of
from bookra.tui.widgets.inspector import Peek
from bookra.tui.widgets.week_board import WeekBoard

STAFF, DAYS, WEEK, ROOMS = "staff", "days", "week", "rooms"
VIEWS = (STAFF, DAYS, WEEK, ROOMS)
SPAN = 7
"""Days of a view that shows several."""


class DayViews(DayHours):
    """Which picture the day screen shows, and what its keys mean there."""

    LANE: ClassVar[str] = "day"

    def __init__(self, front: Front, wanted: object) -> None:
        super().__init__(front, wanted)
        self.view = STAFF
        self._person = ""
        self._days: tuple[DaySnapshot, ...] = ()

    @property
    def board(self) -> WeekBoard:
        """The week."""
        return self.query_one(WeekBoard)

    @property
    def first_day(self) -> date:
        """The first day that is shown: a week begins on Monday."""
        return self.day - timedelta(days=self.day.weekday()) if self.view == WEEK else self.day

    # Going from one to the other

    def action_view(self) -> None:
        """Show the next view of the same time."""
        self._turn_to(VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)])

    def _turn_to(
        self, view: str, then: Callable[[], None] | None = None, day: date | None = None
    ) -> None:
        pointed = self.pointed
        if pointed is not None:
            self._person = pointed.staff or self._person
            day = day or clock.local_day(pointed.at, self.front.look.tz)
        self.view, self._days = view, ()
        self.freshness.shown = None
        self.set_class(view == WEEK, "-week")
        (self.board if view == WEEK else self.grid).focus()
        self.forget_picture()
        self.load(day or self.day, then)

    @property
    def pointed(self) -> Pointed | None:
        """What the cursor of the view points at; on a week, a person's day at its beginning."""
        if self.view != WEEK:
            return self.grid.pointed
        week, row, column = self.board.week, self.board.row, self.board.column
        if not week.people or not week.days:
            return None
        hours, _ = week.cell(row, column)
        person, day = week.people[row], week.days[column]
        opening = clock.from_epoch(clock.opening(day.day, 9 * 60, self.front.look.tz))
        at = min((start for start, _ in hours.shifts), default=opening) if hours else opening
        return Pointed(person.slug, clean(person.name), at, None, 0)

    def forget_picture(self) -> None:
        """Paint what is read next, even if it was shown before in another view."""
        raise NotImplementedError

    def on_staff_day(self, then: Callable[[], None]) -> None:
        """Do something on the day by staff, with the cursor on what it points at here."""
        pointed = self.pointed
        if self.view == STAFF or pointed is None:
            then()
            return
        block = pointed.block

        def arrive() -> None:
            if block is not None:
                self.grid.point_at(block.code)
            then()

        self._turn_to(STAFF, arrive)

    # Reading

    def read_view(self) -> bool:
        """Ask for what another view than that by staff shows; False on that one."""
        if self.view == STAFF:
            return False
        desk, view, day = self.front.desk, self.view, self.day
        call = partial(desk.days, self.first_day, SPAN)
        rooms = partial(desk.rooms, day)
        self.front.work.ask(
            self,
            self.LANE,
            (lambda: (rooms(),)) if view == ROOMS else call,
            lambda ticket, days: ViewLoaded(ticket, view, day, tuple(days)),
        )
        return True

    def on_view_loaded(self, message: ViewLoaded) -> None:
        """Show a view, if it is still the one that is wanted."""
        if (message.view, message.day) != (self.view, self.freshness.wanted):
            return
        old, self._days = self._days, message.days
        self.was_read(message.day)
        if [replace(day, read_at=self.front.now()) for day in old] != [
            replace(day, read_at=self.front.now()) for day in message.days
        ]:
            self._show_view(message.days)
        self.arrived()
        self.show_state()

    def arrived(self) -> None:
        """Do what was to be done once the wanted picture is shown."""
        raise NotImplementedError

    def _show_view(self, days: Sequence[DaySnapshot]) -> None:
        now, look = self.front.now(), self.front.look
        if self.view == WEEK:
            titles = [look.day(day.day).rpartition(" ")[0] for day in days]
            dates = [day.day for day in days]
            today = dates.index(self.front.today) if self.front.today in dates else -1
            before = bool(self.board.week.days)
            self.board.show(days, titles, today)
            if not before or self.board.week.days[0].day != days[0].day or self._person:
                self.board.point_at(self._person, (self.day - self.first_day).days)
                self._person = ""
        elif self.view == ROOMS:
            if not days[0].columns:
                self._no_rooms()
                return
            picture, fold = rooms_of(days[0])
            self.grid.show(picture, now, fold)
        else:
            heads = [look.day(day.day) for day in days]
            slugs = [column.slug for column in days[0].columns]
            self._person = self._person if self._person in slugs else (slugs or [""])[0]
            picture, fold = days_of(days, self._person, heads)
            self.grid.show(picture, now, fold)
        totals = self.grid.scene.snapshot if self.view != WEEK and self.grid.scene else days[0]
        self.query_one("#totals", Static).update(
            self._week_totals(days) if self.view == WEEK else describe.totals(look, totals),
            layout=False,
        )

    def _no_rooms(self) -> None:
        self.notify(
            "There are no rooms or chairs. bookra resource add makes the first one",
            severity="warning",
        )
        self._turn_to(STAFF)

    def _week_totals(self, days: Sequence[DaySnapshot]) -> Content:
        visits = sum(len(day.blocks) for day in days)
        booked = sum(day.totals.booked.minor for day in days)
        money = replace(days[0].totals.booked, minor=booked)
        return describe.line(
            (f" {visits}", "bold"), (" bookings   ", describe.MUTED),
            (self.front.look.short_money(money), "bold"), (" booked   ", describe.MUTED),
            ("\u2588" if not self.front.look.ascii_only else "#", "$text-accent"),
            (" booked   blank is free   ", describe.MUTED),
            (self.front.look.glyphs.shut, describe.MUTED), (" not at work", describe.MUTED),
        )  # fmt: skip

    # What is said

    def shown_time(self) -> str:
        """Return which time is shown, for the header."""
        look, first = self.front.look, self.first_day
        if self.view == WEEK:
            last = look.day(first + timedelta(days=SPAN - 1))
            return f"{look.day(first)} {look.glyphs.dash} {last}"
        if self.view == DAYS and self.grid.scene and self.grid.scene.layout.fold:
            seats = self.grid.scene.layout.fold.seats
            name = clean(seats[0].name) if seats else ""
            return look.joined(name, f"7 days from {look.day(first)}")
        year = f" {self.day.year}" if self.day.year != self.front.today.year else ""
        today = look.also("today") if self.day == self.front.today else ""
        rooms = look.also("rooms") if self.view == ROOMS else ""
        return f"{look.day(self.day)}{year}{today}{rooms}"

    def on_week_board_moved(self) -> None:
        """Say what the cell under the cursor holds."""
        pointed = self.pointed
        if self.view != WEEK or pointed is None:
            return
        look = self.front.look
        count, full, free = self.board.week.figures(self.board.row, self.board.column)
        said = "day off" if full is None else f"{full}% booked, {free // 60}h{free % 60:02d} free"
        self.query_one(Peek).content = describe.line(
            (f" {pointed.staff_name} ", "bold"),
            look.day(clock.local_day(pointed.at, look.tz)),
            (
                look.also(
                    f"{count} visit{'s' * (count != 1)}",
                    said,
                    f"{look.key('booking.open')} opens the day",
                ),
                describe.MUTED,
            ),
        )
        self.show_state()

    def on_week_board_opened(self) -> None:
        """Do for the mouse what ⏎ does."""
        self.open_day()

    def open_day(self) -> None:
        """Open the day under the week's cursor, with that person."""
        pointed = self.pointed
        if pointed is not None:
            slug, at = pointed.staff, pointed.at
            self._turn_to(STAFF, lambda: self.grid.point_person(slug, at))
