"""Verbs of the timetable: weekly hours, days that differ, and public holidays."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import text

from bookra.engine.availability.hours import Shift, WeekHours
from bookra.engine.people.staff import find_staff
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError
from bookra.ids import new_id

CLOSE_RULES = text(
    """
    UPDATE working_hours SET valid_until = :from_day, changed_by = session_user
     WHERE tenant_id = :tenant_id AND staff_id = :staff_id AND weekday = ANY(:weekdays)
       AND valid_from < :from_day AND (valid_until IS NULL OR valid_until > :from_day)
    """
)
DROP_LATER_RULES = text(
    """
    DELETE FROM working_hours
     WHERE tenant_id = :tenant_id AND staff_id = :staff_id AND weekday = ANY(:weekdays)
       AND valid_from >= :from_day
    """
)
INSERT_RULE = text(
    """
    INSERT INTO working_hours (tenant_id, id, staff_id, weekday, opens_minute, closes_minute,
                               valid_from)
    VALUES (:tenant_id, :id, :staff_id, :weekday, :opens, :closes, :from_day)
    """
)
RULES = text(
    """
    SELECT weekday, opens_minute, closes_minute FROM working_hours
     WHERE tenant_id = :tenant_id AND staff_id = :staff_id AND valid_from <= :day
       AND (valid_until IS NULL OR valid_until > :day)
     ORDER BY weekday, opens_minute
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
INSERT_CLOSURE = text(
    "INSERT INTO closures (tenant_id, id, day, name) VALUES (:tenant_id, :id, :day, :name)"
    " ON CONFLICT ON CONSTRAINT closures_key DO NOTHING"
)


def set_hours(tx: Tx, staff: str, hours: Iterable[WeekHours], from_day: date) -> None:
    """Replace the shifts of the named weekdays from a day on; earlier days keep their rules."""
    person = find_staff(tx, staff)
    for week in hours:
        binds = {
            "staff_id": person.id,
            "weekdays": list(week.weekdays),
            "from_day": from_day,
        }
        tx.run(DROP_LATER_RULES, **binds)
        tx.run(CLOSE_RULES, **binds)
        tx.run_many(
            INSERT_RULE,
            [
                {
                    "id": new_id(),
                    "staff_id": person.id,
                    "weekday": weekday,
                    "opens": opens,
                    "closes": closes,
                    "from_day": from_day,
                }
                for weekday in week.weekdays
                for opens, closes in week.shifts
            ],
        )
    tx.concerns("staff", person.id)


def hours_of(tx: Tx, staff: str, day: date) -> dict[int, tuple[Shift, ...]]:
    """Return the shifts in force on ``day`` by weekday (Monday is 0); all seven are there."""
    person = find_staff(tx, staff)
    week: dict[int, list[Shift]] = {weekday: [] for weekday in range(7)}
    for row in tx.rows(RULES, staff_id=person.id, day=day):
        week[row.weekday].append((row.opens_minute, row.closes_minute))
    return {weekday: tuple(shifts) for weekday, shifts in week.items()}


def set_exception(tx: Tx, staff: str, day: date, shifts: tuple[Shift, ...]) -> None:
    """Give one day its own shifts (none means closed), in place of the week's and of holidays."""
    person = find_staff(tx, staff)
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


def import_holidays(
    tx: Tx, country: str, region: str | None, years: Iterable[int]
) -> list[tuple[date, str]]:
    """Close the public holidays of a country; returns those that were not closed already."""
    import holidays

    code = country.upper()
    regions = holidays.list_supported_countries().get(code)
    if regions is None:
        raise InvalidInputError(
            "unknown_country", f"No public holidays are known for '{country}'", hint="Such as DE"
        )
    if region is not None and region.upper() not in regions:
        raise InvalidInputError(
            "unknown_region",
            f"'{region}' is not a region of {code}",
            hint=f"One of: {', '.join(sorted(regions))}" if regions else "Leave --region out",
        )
    subdivision = region.upper() if region else None
    calendar = holidays.country_holidays(code, subdiv=subdivision, years=list(years))
    added = []
    for day, name in sorted(calendar.items()):
        if tx.run(INSERT_CLOSURE, id=new_id(), day=day, name=name):
            added.append((day, name))
    tx.concerns("closures", len(added))
    return added
