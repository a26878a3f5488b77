"""Closed days: public holidays by country and region, everywhere or at one location."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text

from bookra.clock import YEARS
from bookra.engine.people.locations import location_id
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError, NotFoundError
from bookra.ids import new_id

INSERT = text(
    "INSERT INTO closures (tenant_id, id, day, name, location_id)"
    " VALUES (:tenant_id, :id, :day, :name, :location_id)"
    " ON CONFLICT ON CONSTRAINT closures_key DO NOTHING"
)
LIST = text(
    """
    SELECT c.day, c.name, l.slug AS location
      FROM closures c
      LEFT JOIN locations l ON l.tenant_id = c.tenant_id AND l.id = c.location_id
     WHERE c.tenant_id = :tenant_id AND c.day >= :from_day
       AND (CAST(:location AS text) IS NULL OR c.location_id IS NULL OR l.slug = :location)
     ORDER BY c.day, l.slug NULLS FIRST
    """
)
REMOVE = text(
    "DELETE FROM closures WHERE tenant_id = :tenant_id AND day = :day"
    " AND location_id IS NOT DISTINCT FROM CAST(:location_id AS uuid)"
)


@dataclass(frozen=True, slots=True)
class Closure:
    """A closed day; ``location`` None means everywhere."""

    day: date
    name: str
    location: str | None


def import_holidays(
    tx: Tx,
    country: str,
    region: str | None,
    years: Iterable[int],
    location: str | None = None,
) -> list[tuple[date, str]]:
    """Close the public holidays of a country, everywhere or at one location.

    Returns those that were not closed there already. Raises InvalidInputError
    (``unknown_country``, ``unknown_region``, ``bad_year``), NotFoundError (``unknown_location``).
    """
    place = _place(tx, location)
    added = [
        (day, name)
        for day, name in public_holidays(country, region, years)
        if tx.run(INSERT, id=new_id(), day=day, name=name, location_id=place)
    ]
    tx.concerns("closures", len(added))
    return added


def public_holidays(
    country: str, region: str | None, years: Iterable[int]
) -> list[tuple[date, str]]:
    """Return the public holidays of some years, by day."""
    import holidays

    code, wanted = country.upper(), sorted(set(years))
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
    for year in wanted:
        if year not in YEARS:
            raise InvalidInputError("bad_year", f"{year} is not a year that hours are kept for")
    subdivision = region.upper() if region else None
    return sorted(holidays.country_holidays(code, subdiv=subdivision, years=wanted).items())


def closures(tx: Tx, from_day: date, location: str | None = None) -> list[Closure]:
    """Return the closed days from a day on; of one ``location``, with those of everywhere."""
    if location is not None:
        location_id(tx, location)
    rows = tx.rows(LIST, from_day=from_day, location=location)
    return [Closure(row.day, row.name, row.location) for row in rows]


def remove_closure(tx: Tx, day: date, location: str | None = None) -> None:
    """Open a day again: everywhere, or at the one location that was closed.

    Raises NotFoundError (``unknown_closure``); what is closed everywhere stays so at a location.
    """
    if not tx.run(REMOVE, day=day, location_id=_place(tx, location)):
        places = [item.location or "everywhere" for item in closures(tx, day) if item.day == day]
        where = "for the whole business" if location is None else f"at '{location}' alone"
        raise NotFoundError(
            "unknown_closure",
            f"{day} is not closed {where}",
            hint=f"It is closed: {', '.join(places)}" if places else "See: bookra holiday list",
            details={"day": day.isoformat(), "location": location, "closed": places},
        )
    tx.concerns("closure", day)


def _place(tx: Tx, location: str | None) -> UUID | None:
    return None if location is None else location_id(tx, location)
