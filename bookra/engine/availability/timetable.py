"""Verbs of the timetable: weekly hours in force from and until a day, and days that differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bookra.engine.availability.hours import Shift, WeekHours, checked_weeks
from bookra.engine.people.staff import find_staff
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError, NotFoundError
from bookra.ids import new_id

# Two people who change one timetable at once would leave two sets of rules for one day. Bookings
# only share the row with its key, so this lock does not hold them up.
LOCK = text("SELECT id FROM staff WHERE tenant_id = :tenant_id AND id = :id FOR NO KEY UPDATE")
OUTLASTING = text(
    """
    SELECT weekday, opens_minute, closes_minute, valid_until FROM working_hours
     WHERE tenant_id = :tenant_id AND staff_id = :staff_id AND weekday = ANY(:weekdays)
       AND valid_from < :from_day AND (valid_until IS NULL OR valid_until > :end_day)
    """
)
CUT = text(
    """
    UPDATE working_hours SET valid_until = :from_day, changed_by = session_user
     WHERE tenant_id = :tenant_id AND staff_id = :staff_id AND weekday = ANY(:weekdays)
       AND valid_from < :from_day AND (valid_until IS NULL OR valid_until > :from_day)
    """
)
DROP = text(
    """
    DELETE FROM working_hours
     WHERE tenant_id = :tenant_id AND staff_id = :staff_id AND weekday = ANY(:weekdays)
       AND valid_from >= :from_day
       AND (CAST(:end_day AS date) IS NULL OR valid_until <= :end_day)
    """
)
POSTPONE = text(
    """
    UPDATE working_hours SET valid_from = :end_day, changed_by = session_user
     WHERE tenant_id = :tenant_id AND staff_id = :staff_id AND weekday = ANY(:weekdays)
       AND valid_from >= :from_day AND valid_from < :end_day
       AND (valid_until IS NULL OR valid_until > :end_day)
    """
)
INSERT_RULE = text(
    """
    INSERT INTO working_hours (tenant_id, id, staff_id, weekday, opens_minute, closes_minute,
                               valid_from, valid_until)
    VALUES (:tenant_id, :id, :staff_id, :weekday, :opens, :closes, :since, :until)
    """
)
RULES = text(
    """
    SELECT weekday, opens_minute, closes_minute, valid_from, valid_until FROM working_hours
     WHERE tenant_id = :tenant_id AND staff_id = :staff_id
       AND (valid_until IS NULL OR valid_until > :from_day)
       AND (CAST(:to_day AS date) IS NULL OR valid_from <= :to_day)
     ORDER BY weekday, valid_from, opens_minute
    """
)
EXCEPTIONS = text(
    """
    SELECT day, opens_minute, closes_minute FROM working_exceptions
     WHERE tenant_id = :tenant_id AND staff_id = :staff_id AND day >= :from_day
       AND (CAST(:to_day AS date) IS NULL OR day <= :to_day)
     ORDER BY day, opens_minute
    """
)
DROP_EXCEPTION = text(
    "DELETE FROM working_exceptions"
    " WHERE tenant_id = :tenant_id AND staff_id = :staff_id AND day = :day"
)
INSERT_EXCEPTION = text(
    "INSERT INTO working_exceptions (tenant_id, id, staff_id, day, opens_minute, closes_minute)"
    " VALUES (:tenant_id, :id, :staff_id, :day, :opens, :closes)"
)

Period = tuple[date, date | None]
"""From a day, until before another one; None is for good."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A weekday's shifts in force from ``since`` until before ``until``."""

    weekday: int
    shifts: tuple[Shift, ...]
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class DayHours:
    """A day with shifts of its own; none means that they do not work."""

    day: date
    shifts: tuple[Shift, ...]


def set_hours(
    tx: Tx,
    staff: str,
    hours: Iterable[WeekHours],
    from_day: date,
    last_day: date | None = None,
) -> None:
    """Replace the shifts of the named weekdays from a day on; earlier days keep their rules.

    With ``last_day`` the new shifts hold until its end, and what held before holds again. Raises
    InvalidInputError (``bad_hours``) when they contradict each other, ``bad_dates`` when the last
    day comes before the first. Locks the staff member's row.
    """
    if last_day is not None and last_day < from_day:
        raise InvalidInputError(
            "bad_dates", f"The hours would end on {last_day}, before they begin on {from_day}"
        )
    weeks = checked_weeks(hours)
    person = find_staff(tx, staff)
    tx.row(LOCK, id=person.id)
    end_day = None if last_day is None else last_day + timedelta(days=1)
    for week in weeks:
        _make_room(tx, person.id, week.weekdays, from_day, end_day)
        rows = [
            _rule(person.id, weekday, shift, (from_day, end_day))
            for weekday in week.weekdays
            for shift in week.shifts
        ]
        tx.run_many(INSERT_RULE, rows)
    tx.concerns("staff", person.id)


def _make_room(
    tx: Tx, staff_id: UUID, weekdays: tuple[int, ...], from_day: date, end_day: date | None
) -> None:
    """Take the rules of some weekdays out of ``[from_day, end_day)``; the rest of each stays."""
    binds = {"staff_id": staff_id, "weekdays": list(weekdays), "from_day": from_day}
    rest = []
    if end_day is not None:
        rest = [
            _rule(
                staff_id,
                row.weekday,
                (row.opens_minute, row.closes_minute),
                (end_day, row.valid_until),
            )
            for row in tx.rows(OUTLASTING, **binds, end_day=end_day)
        ]
    tx.run(CUT, **binds)
    tx.run(DROP, **binds, end_day=end_day)
    if end_day is not None:
        tx.run(POSTPONE, **binds, end_day=end_day)
    tx.run_many(INSERT_RULE, rest)


def _rule(staff_id: UUID, weekday: int, shift: Shift, period: Period) -> dict[str, Any]:
    (opens, closes), (since, until) = shift, period
    return {
        "id": new_id(),
        "staff_id": staff_id,
        "weekday": weekday,
        "opens": opens,
        "closes": closes,
        "since": since,
        "until": until,
    }


def hours_of(tx: Tx, staff: str, day: date) -> dict[int, tuple[Shift, ...]]:
    """Return the shifts in force on ``day`` by weekday (Monday is 0); all seven are there."""
    week: dict[int, tuple[Shift, ...]] = dict.fromkeys(range(7), ())
    return week | {rule.weekday: rule.shifts for rule in rules_of(tx, staff, day, day)}


def rules_of(tx: Tx, staff: str, from_day: date, to_day: date | None = None) -> list[Rule]:
    """Return the rules in force on some day from ``from_day`` to ``to_day``, by weekday and day."""
    person = find_staff(tx, staff)
    found: dict[tuple[int, date, date | None], list[Shift]] = {}
    for row in tx.rows(RULES, staff_id=person.id, from_day=from_day, to_day=to_day):
        key = (row.weekday, row.valid_from, row.valid_until)
        found.setdefault(key, []).append((row.opens_minute, row.closes_minute))
    return [Rule(key[0], tuple(shifts), key[1], key[2]) for key, shifts in found.items()]


def exceptions_of(tx: Tx, staff: str, from_day: date, to_day: date | None = None) -> list[DayHours]:
    """Return the days with shifts of their own from ``from_day`` to ``to_day``, by day."""
    person = find_staff(tx, staff)
    found: dict[date, list[Shift]] = {}
    for row in tx.rows(EXCEPTIONS, staff_id=person.id, from_day=from_day, to_day=to_day):
        shifts = found.setdefault(row.day, [])
        if row.opens_minute is not None:
            shifts.append((row.opens_minute, row.closes_minute))
    return [DayHours(day, tuple(shifts)) for day, shifts in found.items()]


def set_exception(tx: Tx, staff: str, day: date, shifts: tuple[Shift, ...]) -> None:
    """Give one day its own shifts (none means closed), in place of the week's and of holidays."""
    person = find_staff(tx, staff)
    tx.row(LOCK, id=person.id)
    tx.run(DROP_EXCEPTION, staff_id=person.id, day=day)
    rows: list[tuple[int | None, int | None]] = list(shifts) or [(None, None)]
    tx.run_many(
        INSERT_EXCEPTION,
        [
            {"id": new_id(), "staff_id": person.id, "day": day, "opens": opens, "closes": closes}
            for opens, closes in rows
        ],
    )
    tx.concerns("staff", person.id)


def clear_exception(tx: Tx, staff: str, day: date) -> None:
    """Let the week's hours hold again on a day; raises NotFoundError (``unknown_exception``)."""
    person = find_staff(tx, staff)
    if not tx.run(DROP_EXCEPTION, staff_id=person.id, day=day):
        raise NotFoundError(
            "unknown_exception",
            f"{person.name} has no hours of their own on {day}",
            hint=f"List them: bookra hours list {person.slug}",
            details={"staff": person.slug, "day": day.isoformat()},
        )
    tx.concerns("staff", person.id)
