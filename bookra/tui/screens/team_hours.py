"""Hours as a form: of the week, and of one day. The engine checks them as one types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from textual.message import Message

from bookra.tui.describe import line, lines
from bookra.tui.desk.team import Member, PlannedDay, PlannedHours
from bookra.tui.front import Front
from bookra.tui.messages import Written
from bookra.tui.messages_team import DayPlanned, HoursPlanned
from bookra.tui.screens import team_words
from bookra.tui.screens.team_form import Field, PersonForm
from bookra.tui.text import clean
from bookra.tui.work import WRITES


class HoursDialog(PersonForm[Written]):
    """Sets the hours of some weekdays; the others stay."""

    def __init__(self, front: Front, member: Member) -> None:
        super().__init__(front, member, "Hours")
        self._plan: PlannedHours | None = None

    def fields(self) -> Sequence[Field]:
        """Ask for the hours, and for their first and last day."""
        return [
            Field("hours", "Hours", "mon-fri 09:00-13:00,14:00-18:00; sat closed"),
            Field("hours-first", "From", "today, or a day such as 2026-12-01", "today"),
            Field("hours-last", "Until", "empty: for good"),
        ]

    def plan(self) -> tuple[Callable[[], Any], Callable[[int, Any], Message]]:
        """Ask what the week would be."""
        return partial(self.front.desk.plan_hours, self.member.slug, *self.all_typed), HoursPlanned

    def on_hours_planned(self, message: HoursPlanned) -> None:
        """Show the week, with what is new."""
        self._plan, look = message.plan, self.front.look
        head = f"The week from {self._span(message.plan)}"
        week = team_words.week(look, message.plan.week, message.plan.changed)
        same = [] if message.plan.changed else [line(("Nothing changes", "$text-warning"))]
        self.was_planned(message.ticket, lines([line(), line((head, "bold")), *week, *same]))

    def _span(self, plan: PlannedHours) -> str:
        look = self.front.look
        until = f" to {look.day(plan.last)}, then as before" if plan.last else " on"
        return f"{look.day(plan.first)}{until}"

    def write(self) -> None:
        """Set them."""
        if self._plan is None:
            return
        said = f"{clean(self.member.name)} has new hours from {self._span(self._plan)}"
        self.front.work.ask(
            self,
            WRITES,
            partial(self.front.desk.set_hours, self.member.slug, *self.all_typed),
            lambda ticket, done: Written(ticket, done, said),
        )

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)


class OneDayDialog(PersonForm[Written]):
    """Gives a day its own shifts, in place of the week's and of public holidays."""

    def __init__(self, front: Front, member: Member) -> None:
        super().__init__(front, member, "One day")
        self._plan: PlannedDay | None = None

    def fields(self) -> Sequence[Field]:
        """Ask for the day and its shifts."""
        return [
            Field("day", "Day", "2026-12-24, tomorrow or thu"),
            Field("day-shifts", "Shifts", "09:00-12:00, closed; empty: as the week"),
        ]

    def plan(self) -> tuple[Callable[[], Any], Callable[[int, Any], Message]]:
        """Ask what the day is, and what it would be."""
        return partial(self.front.desk.plan_day, self.member.slug, *self.all_typed), DayPlanned

    def on_day_planned(self, message: DayPlanned) -> None:
        """Show before and after."""
        self._plan, look = message.plan, self.front.look
        whose = "of its own" if message.plan.own else "the week's"
        rows = [
            line(),
            line((look.day(message.plan.day), "bold"), f" {message.plan.day.year}"),
            line(
                ("Now     ", "$text-muted"),
                team_words.hours(look, message.plan.before),
                (look.also(whose), "$text-muted"),
            ),
            line(("Then    ", "$text-muted"), (self._after(message.plan), "bold $text-accent")),
        ]
        self.was_planned(message.ticket, lines(rows))

    def _after(self, plan: PlannedDay) -> str:
        """Return what would hold; for no text the week's hours, whatever these are that day."""
        written = team_words.hours(self.front.look, plan.shifts)
        if self.typed("day-shifts"):
            return written
        back = f"as the week{self.front.look.also(written)}"
        return back if plan.own else "nothing to take away: type its shifts"

    def write(self) -> None:
        """Set it, or take it away."""
        if self._plan is None:
            return
        day = self.front.look.day(self._plan.day)
        what = team_words.hours(self.front.look, self._plan.shifts)
        said = f"{clean(self.member.name)} on {day}: {what}"
        self.front.work.ask(
            self,
            WRITES,
            partial(self.front.desk.set_day, self.member.slug, *self.all_typed),
            lambda ticket, done: Written(ticket, done, said),
        )

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)
