"""Taking somebody or something out of a salon's calendar, as it would be typed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from factories import Salon
from sqlalchemy import text

from bookra.engine.availability.absences import find_bookable
from bookra.engine.availability.away import TIME_OFF, Absence, new_absence
from bookra.engine.bookings.displacement.displacing import Recorded, add_absence, remove_absence
from bookra.engine.runtime import Tx

TAKEN = text(
    "SELECT o.starts_at, o.ends_at FROM allocations o"
    " JOIN bookables b ON b.tenant_id = o.tenant_id AND b.id = o.bookable_id"
    " WHERE o.tenant_id = :tenant_id AND b.slug = :slug AND o.kind = :kind ORDER BY o.starts_at"
)


def add(
    salon: Salon,
    first: str,
    last: str,
    *,
    slug: str = "ana",
    kind: str = TIME_OFF,
    reason: str = "",
    displace: bool = False,
) -> Recorded:
    """Add an absence between two days or moments."""

    def action(tx: Tx) -> Recorded:
        bookable = find_bookable(tx, slug)
        wanted = new_absence(bookable, kind, first, last, tx.now, reason=reason)
        return add_absence(tx, bookable, wanted, displace=displace)

    return salon.act(action)


def remove(salon: Salon, absence: Absence) -> None:
    """Remove an absence."""
    salon.act(lambda tx: remove_absence(tx, str(absence.id), absence.kind))


def taken(salon: Salon, slug: str = "ana", kind: str = "block") -> list[tuple[datetime, datetime]]:
    """Return a bookable's allocations of a kind, by time."""
    rows = salon.ask(lambda tx: tx.rows(TAKEN, slug=slug, kind=kind))
    return [(row[0], row[1]) for row in rows]


def joined(salon: Salon, rows: Sequence[tuple[datetime, datetime]]) -> list[tuple[str, str]]:
    """Return rows that touch as one, as the salon's clock shows them: day and time."""
    spans: list[list[datetime]] = []
    for start, end in rows:
        if spans and spans[-1][1] == start:
            spans[-1][1] = end
        else:
            spans.append([start, end])
    return [
        (f"{a.astimezone(salon.zone):%d %H:%M}", f"{b.astimezone(salon.zone):%d %H:%M}")
        for a, b in spans
    ]
