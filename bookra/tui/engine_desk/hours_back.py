"""Hours as they were, kept in a word: what a change of hours replaces, so that it can be undone."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date, timedelta

from bookra.engine.availability import timetable
from bookra.engine.availability.hours import WeekHours, format_shifts
from bookra.engine.runtime import Tx
from bookra.tui.desk import Done
from bookra.tui.engine_desk.counter import words


def rules_kept(tx: Tx, staff: str, weekdays: Collection[int], first: date) -> str:
    """Return the rules of some weekdays that hold from a day on."""
    found = [
        [
            rule.weekday,
            [list(shift) for shift in rule.shifts],
            max(rule.since, first).isoformat(),
            None if rule.until is None else (rule.until - timedelta(days=1)).isoformat(),
        ]
        for rule in timetable.rules_of(tx, staff, first)
        if rule.weekday in weekdays
    ]
    return json.dumps([sorted(weekdays), found])


def rehoured(tx: Tx, staff: str, first: str, kept: str) -> Done:
    """Put the rules back, from that day on; what was set meanwhile for these weekdays goes."""
    weekdays, rules = json.loads(kept)
    start = date.fromisoformat(first)
    timetable.set_hours(tx, staff, [WeekHours(tuple(weekdays), ())], start)
    for weekday, shifts, since, until in rules:
        hours = WeekHours((weekday,), tuple((opens, closes) for opens, closes in shifts))
        last = None if until is None else date.fromisoformat(until)
        timetable.set_hours(tx, staff, [hours], date.fromisoformat(since), last)
    return Done(staff, words("hours", "list", staff))


def days_kept(tx: Tx, staff: str, day: date) -> str:
    """Return the shifts of their own that a day has, nothing where it has none."""
    found = timetable.exceptions_of(tx, staff, day, day)
    return json.dumps([list(shift) for shift in found[0].shifts]) if found else ""


def redayed(tx: Tx, staff: str, day: str, kept: str) -> Done:
    """Let a day be as it was."""
    wanted = date.fromisoformat(day)
    if not kept:
        timetable.clear_exception(tx, staff, wanted)
        return Done(staff, words("hours", "except", staff, day, "--clear"))
    shifts = tuple((opens, closes) for opens, closes in json.loads(kept))
    timetable.set_exception(tx, staff, wanted, shifts)
    return Done(staff, words("hours", "except", staff, day, format_shifts(shifts)))
