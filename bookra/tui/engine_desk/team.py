"""The team over the engine: who works when, how full they are, and what they earn."""

from __future__ import annotations

from datetime import date, timedelta

from bookra import clock
from bookra.clock import WEEKDAYS, parse_day
from bookra.engine.availability import absences, timetable
from bookra.engine.availability.away import TIME_OFF, Absence, new_absence
from bookra.engine.availability.hours import (
    WeekHours,
    checked_weeks,
    format_shifts,
    parse_shifts,
    parse_week,
)
from bookra.engine.bookings import rota
from bookra.engine.payouts import store as payouts
from bookra.engine.payouts.period import month_of
from bookra.engine.people.staff import Staff, find_staff, staff_list
from bookra.engine.reports.performance import staff_report
from bookra.engine.reports.period import Period as Days
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.role import role_of
from bookra.errors import InvalidInputError
from bookra.money import Money
from bookra.tui.desk import Done, Undo
from bookra.tui.desk.money import Period
from bookra.tui.desk.team import Away, Member, Person, PlannedAway, PlannedDay, PlannedHours
from bookra.tui.engine_desk.absences import EngineAbsences
from bookra.tui.engine_desk.counter import words
from bookra.tui.engine_desk.hours_back import days_kept, rules_kept
from bookra.tui.engine_desk.pay import EnginePay

AHEAD_DAYS = 366
"""How far ahead days with their own hours and time off are shown."""


class EngineTeam(EnginePay, EngineAbsences):
    """Questions and verbs of the screen of the team, one transaction each."""

    def team(self, period: Period) -> list[Member]:
        """Return the active staff with the report on staff for a period."""

        def question(tx: Tx) -> list[Member]:
            days = Days(period.first, period.last, tx.tenant.zone)
            done = {row.staff: row for row in staff_report(tx, days).rows}
            today = clock.local_day(tx.now, tx.tenant.zone)
            shifts = {one.slug: one.shifts for one in rota.day_snapshot(tx, today).columns}
            away: dict[str, Away] = {}
            for one in absences.absences(tx, TIME_OFF, tx.now):
                away.setdefault(one.bookable, _away(one))
            earned = _earned(tx, today)
            return [
                Member(
                    person.slug,
                    person.name,
                    person.level,
                    shifts.get(person.slug, ()),
                    row.scheduled_minutes if row else 0,
                    row.booked_minutes if row else 0,
                    row.tickets if row else 0,
                    away.get(person.slug),
                    earned.get(person.slug),
                )
                for person in staff_list(tx)
                for row in [done.get(person.slug)]
            ]

        return self._ask(question)

    def person(self, staff: str) -> Person:
        """Return the rules in force, those to come, exceptions, and time off."""

        def question(tx: Tx) -> Person:
            found = find_staff(tx, staff)
            today = clock.local_day(tx.now, tx.tenant.zone)
            week = timetable.hours_of(tx, staff, today)
            rules = timetable.rules_of(tx, staff, today)
            until = today + timedelta(days=AHEAD_DAYS)
            who = absences.find_bookable(tx, staff, staff_only=True)
            away = absences.absences(tx, TIME_OFF, tx.now, bookable_id=who.id)
            return Person(
                found.slug,
                found.name,
                found.level,
                found.services,
                tuple(format_shifts(week[day]) for day in range(7)),
                tuple(
                    (rule.since, rule.weekday, format_shifts(rule.shifts))
                    for rule in sorted(rules, key=lambda rule: (rule.since, rule.weekday))
                    if rule.since > today
                ),
                tuple(
                    (one.day, format_shifts(one.shifts))
                    for one in timetable.exceptions_of(tx, staff, today, until)
                ),
                tuple(map(_away, away)),
            )

        return self._ask(question)

    # Hours

    def plan_hours(self, staff: str, week: str, first: str, last: str) -> PlannedHours:
        """Return the week of the first day as it would be."""

        def question(tx: Tx) -> PlannedHours:
            parts, start, end = _read_hours(tx, week, first, last)
            now = timetable.hours_of(tx, staff, start)
            new = {day: part.shifts for part in parts for day in part.weekdays}
            return PlannedHours(
                tuple(format_shifts((now | new)[day]) for day in range(7)),
                frozenset(day for day in new if new[day] != now[day]),
                start,
                end,
            )

        return self._ask(question)

    def set_hours(self, staff: str, week: str, first: str, last: str) -> Done:
        """Set them; taking it back restores the rules as they were from that day on."""

        def action(tx: Tx) -> Done:
            parts, start, end = _read_hours(tx, week, first, last)
            before = rules_kept(tx, staff, {d for part in parts for d in part.weekdays}, start)
            timetable.set_hours(tx, staff, parts, start, end)
            until = () if end is None else ("--until", end)
            given = [part.strip() for part in week.split(";") if part.strip()]
            command = words("hours", "set", staff, *given, "--from", start, *until)
            undo = Undo("rehour", (staff, start.isoformat(), before), "The former hours hold again")
            return Done(staff, command, undo)

        return self._act("hours set", action)

    def plan_day(self, staff: str, day: str, shifts: str) -> PlannedDay:
        """Check both; no shifts at all mean that the week's hours are to hold again."""

        def question(tx: Tx) -> PlannedDay:
            wanted = parse_day(day, tx.tenant.zone, tx.now)
            own = timetable.exceptions_of(tx, staff, wanted, wanted)
            week = timetable.hours_of(tx, staff, wanted)[wanted.weekday()]
            given = parse_shifts(shifts) if shifts.strip() else week
            before = format_shifts(own[0].shifts if own else week)
            return PlannedDay(wanted, format_shifts(given), before, own=bool(own))

        return self._ask(question)

    def set_day(self, staff: str, day: str, shifts: str) -> Done:
        """Set or clear it; taking it back restores what was there."""

        def action(tx: Tx) -> Done:
            wanted = parse_day(day, tx.tenant.zone, tx.now)
            before = days_kept(tx, staff, wanted)
            if shifts.strip():
                timetable.set_exception(tx, staff, wanted, parse_shifts(shifts))
            else:
                timetable.clear_exception(tx, staff, wanted)
            shown = shifts.strip() or "--clear"
            command = words("hours", "except", staff, wanted, shown)
            undo = Undo("reday", (staff, wanted.isoformat(), before), "That day is as it was")
            return Done(staff, command, undo)

        return self._act("hours except", action)

    # Time off

    def plan_away(self, staff: str, first: str, last: str) -> PlannedAway:
        """Read the span in the person's own zone; a last day left out is the first one."""

        def question(tx: Tx) -> Absence:
            who = absences.find_bookable(tx, staff, staff_only=True)
            return new_absence(who, TIME_OFF, first, last or first, tx.now)

        span = self._ask(question)
        affected = self.in_the_way(staff, span.starts_at, span.ends_at)
        return PlannedAway(span.starts_at, span.ends_at, tuple(affected))


def _read_hours(
    tx: Tx, week: str, first: str, last: str
) -> tuple[tuple[WeekHours, ...], date, date | None]:
    parts = checked_weeks(parse_week(part) for part in week.split(";") if part.strip())
    if not parts:
        raise InvalidInputError(
            "bad_hours", "No hours were given", hint=f"Such as {WEEKDAYS[0]}-fri 09:00-17:00"
        )
    zone = tx.tenant.zone
    start = parse_day(first or "today", zone, tx.now)
    end = parse_day(last, zone, tx.now) if last.strip() else None
    if end is not None and end < start:
        raise InvalidInputError("bad_dates", f"The last day ({end}) comes before the first")
    return parts, start, end


def _earned(tx: Tx, today: date) -> dict[str, Money]:
    """Return this month's commission less what was taken back, for who may see it."""
    if role_of(tx) == "front-desk":
        return {}
    people: list[Staff] = staff_list(tx)
    found = payouts.figures(tx, month_of(today), None)
    return {
        one.slug: Money(
            found[one.id].earned_minor - found[one.id].clawback_minor if one.id in found else 0,
            tx.tenant.currency,
        )
        for one in people
    }


def _away(one: Absence) -> Away:
    return Away(str(one.id), one.starts_at, one.ends_at, one.reason)
