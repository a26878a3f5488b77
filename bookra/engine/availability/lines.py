"""The lines of a visit, checked: their services are known, performed by somebody, and fit a day."""

from __future__ import annotations

from collections.abc import Mapping

from bookra import clock
from bookra.engine.availability.asked import VisitWish
from bookra.engine.availability.bookable import StaffTime
from bookra.engine.availability.window import LineWish
from bookra.engine.catalog.actions import unknown_service
from bookra.engine.catalog.model import Service
from bookra.engine.people.staff import unknown_staff
from bookra.errors import ConflictError, InvalidInputError


def known_service(known: Mapping[str, Service], slug: str) -> Service:
    """Return a service that was loaded; raises NotFoundError (``unknown_service``)."""
    if slug not in known:
        raise unknown_service(slug)
    return known[slug]


def check_performed(people: tuple[StaffTime, ...], lines: tuple[LineWish, ...]) -> None:
    """Raise NotFoundError for an unknown person, ConflictError where nobody can be asked.

    ``nobody_performs`` a line, or it is a class among several services (``not_offered``).
    """
    slugs = {person.slug for person in people}
    for service, staff in lines:
        if service.capacity is not None and len(lines) > 1:
            raise ConflictError(
                "not_offered",
                f"{service.name} is a class: it is booked on its own, not as a part of a visit",
                hint=f"Book it apart: bookra book {service.slug}",
            )
        if staff is not None and staff not in slugs:
            raise unknown_staff(staff)
        if staff is None and not any(person.performs(service) for person in people):
            raise ConflictError(
                "nobody_performs",
                f"Nobody performs '{service.slug}' yet",
                hint="Add staff: bookra staff add SLUG --name …",
            )


def check_length(lines: tuple[LineWish, ...], visit: VisitWish) -> None:
    """Raise when a visit could last beyond what the window shows of its days."""
    longest = [
        max(service.at_level(level).minutes for level in ("", *(v.level for v in service.levels)))
        for service, _ in lines
    ]
    waits = visit.max_wait_minutes * (len(lines) - 1)
    total = max(longest) if visit.parallel else sum(longest) + waits
    if len(lines) > 1 and total > clock.DAY_MINUTES:
        raise InvalidInputError(
            "too_long",
            f"With its waits the visit could last {total} minutes, longer than a day",
            hint="Book its services apart, or with a shorter --max-wait",
        )
