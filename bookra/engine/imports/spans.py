"""Which time an imported appointment takes: the person's, and the units' of its pools."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bookra.engine.catalog.model import Segment
from bookra.engine.imports.appointments import Appointment
from bookra.engine.runtime import Tx

UNITS = text(
    """
    SELECT r.id, p.slug AS pool FROM resources r
      JOIN pools p ON p.tenant_id = r.tenant_id AND p.id = r.pool_id
      JOIN bookables b ON b.tenant_id = r.tenant_id AND b.id = r.id
     WHERE r.tenant_id = :tenant_id AND b.active AND p.slug = ANY(:pools)
     ORDER BY b.slug
    """
)

Span = tuple[datetime, datetime]


def spans_of(wanted: Appointment) -> tuple[list[Span], list[Span]]:
    """Return when the person is busy and when not; a visit of another length is one busy block."""
    segments = wanted.service.at_level(wanted.staff.level).segments
    minutes = (wanted.ends_at - wanted.starts_at) // timedelta(minutes=1)
    if sum(segment.minutes for segment in segments) != minutes:
        segments = (Segment(True, minutes),)
    found: dict[bool, list[Span]] = {True: [], False: []}
    at = wanted.starts_at
    for segment in segments:
        end = at + timedelta(minutes=segment.minutes)
        before = found[segment.busy][-1] if found[segment.busy] else None
        if before is not None and before[1] == at:
            found[segment.busy][-1] = (before[0], end)
        else:
            found[segment.busy].append((at, end))
        at = end
    return found[True], found[False]


def units_of(tx: Tx, wanted: Sequence[Appointment]) -> dict[str, list[UUID]]:
    """Return the active units of each pool that some appointments need, by slug."""
    pools = sorted({need.pool for each in wanted for need in each.service.needs})
    units: dict[str, list[UUID]] = {}
    rows: Sequence[Any] = tx.rows(UNITS, pools=pools) if pools else ()
    for row in rows:
        units.setdefault(row.pool, []).append(row.id)
    return units


def meets(span: Span, taken: Sequence[Span]) -> bool:
    """Tell whether a span meets one of some that are sorted and don't meet each other."""
    at = bisect_left(taken, span)
    return any(
        span[0] < until and start < span[1] for start, until in taken[max(0, at - 1) : at + 1]
    )
