"""The team at the double of the desk: fixed hours and pay, and changes of hours in memory."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

from demo_day import NOW, STAFF, TODAY, TZ, at, gbp
from double_base import WRITES, Double

from bookra.clock import parse_day
from bookra.engine.availability.hours import format_shifts, parse_shifts, parse_week
from bookra.errors import ConflictError
from bookra.tui.desk import Done, Undo
from bookra.tui.desk.absences import Affected
from bookra.tui.desk.money import Period
from bookra.tui.desk.team import (
    Away,
    Member,
    Pay,
    PayLine,
    Person,
    PlannedAway,
    PlannedDay,
    PlannedHours,
)

WRITES |= {"set_hours", "set_day"}
WEEK = ("09:00-13:00,14:00-18:00",) * 5 + ("10:00-15:00", "closed")
LEAVE = Away("a1", at(0, day=date(2026, 12, 24)), at(0, day=date(2026, 12, 27)), "Holidays")


class TeamDouble(Double):
    """Everybody has the same week; the first one goes on leave at Christmas."""

    weeks: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - replaced by tests, never changed
    saved: tuple[Path, ...] = ()

    def team(self, period: Period) -> list[Member]:
        self._asked("team", period)
        days = (period.last - period.first).days + 1
        manages = self.look.may("manager")
        return [
            Member(
                name.lower(), name, "senior" if number else "", self.columns[number].shifts,
                480 * days, (60 + 60 * number) * days, number * days, None if number else LEAVE,
                gbp(12345 + number) if manages else None,
            )
            for number, name in enumerate(STAFF)
        ]  # fmt: skip

    def person(self, staff: str) -> Person:
        self._asked("person", staff)
        week = self.weeks.get(staff, WEEK)
        days = ((TODAY + timedelta(days=2), "closed"),)
        return Person(staff, staff.capitalize(), "", ("cut",), week, (), days, (LEAVE,))

    def pay(self, staff: str, month: date) -> Pay | None:
        self._asked("pay", staff, month)
        if not self.look.may("manager"):
            return None
        line = PayLine(month, "Cut & finish", "LUN-AAAA", "45 %", gbp(1967))
        nothing = gbp(0)
        return Pay(
            month, month + timedelta(days=27), (line,), gbp(1967), gbp(200), nothing, nothing,
            nothing, gbp(2167), "open",
        )  # fmt: skip

    def plan_hours(self, staff: str, week: str, first: str, last: str) -> PlannedHours:
        self._asked("plan_hours", staff, week, first, last)
        parts = [parse_week(part) for part in week.split(";") if part.strip()]
        new = {day: format_shifts(part.shifts) for part in parts for day in part.weekdays}
        now = self.weeks.get(staff, WEEK)
        planned = tuple(new.get(day, now[day]) for day in range(7))
        changed = frozenset(day for day in range(7) if planned[day] != now[day])
        end = parse_day(last, TZ, NOW) if last else None
        return PlannedHours(planned, changed, parse_day(first or "today", TZ, NOW), end)

    def set_hours(self, staff: str, week: str, first: str, last: str) -> Done:
        planned = self.plan_hours(staff, week, first, last)
        self._asked("set_hours", staff, week, first, last)
        self._refuse_write()
        self.weeks = {**self.weeks, staff: planned.week}
        command = f"bookra hours set {staff} '{week}'"
        return Done(staff, command, Undo("rehour", (staff,), "The former hours hold again"))

    def plan_day(self, staff: str, day: str, shifts: str) -> PlannedDay:
        self._asked("plan_day", staff, day, shifts)
        wanted = parse_day(day, TZ, NOW)
        week = WEEK[wanted.weekday()]
        given = format_shifts(parse_shifts(shifts)) if shifts else week
        return PlannedDay(wanted, given, week, own=False)

    def set_day(self, staff: str, day: str, shifts: str) -> Done:
        self._asked("set_day", staff, day, shifts)
        self._refuse_write()
        return Done(staff, f"bookra hours except {staff} {day} {shifts}")

    def plan_away(self, staff: str, first: str, last: str) -> PlannedAway:
        self._asked("plan_away", staff, first, last)
        begin, end = (parse_day(text, TZ, NOW) for text in (first, last or first))
        start, until = (
            datetime.combine(day, time(), TZ) for day in (begin, end + timedelta(days=1))
        )
        met = [
            Affected(one.code, one.customer, one.service, one.starts_at, one.status)
            for one in self.blocks.values()
            if one.staff == staff and start <= one.starts_at < until
        ]
        return PlannedAway(start, until, tuple(met))

    def save_sheet(self, day: date, path: Path) -> Done:
        self._asked("save_sheet", day, path)
        if path in self.saved:
            raise ConflictError("file_exists", f"There is a file {path} already")
        self.saved = (*self.saved, path)
        return Done(day.isoformat(), f"bookra day {day} --pdf {path}")
