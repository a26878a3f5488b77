"""Time off and blocks: what was asked for, and the time that it takes out of a calendar.

Absences may overlap each other (sick during leave). What occupies the person or the unit is their
merged union, as allocations of kind 'block', cut at local midnights: a row a day, of 25 hours at
most. Removing one absence leaves what the others cover. Visits that are over keep their time: the
blocks lie around them. Who claims here has locked the bookable (``bookings.locks``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra import clock
from bookra.engine.availability.away import Absence, Bookable, blocks, span_of
from bookra.engine.availability.spans import Span, merged
from bookra.engine.availability.window import LONGEST_ALLOCATION_HOURS
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, NotFoundError
from bookra.ids import new_id

SHORTEST_ID = 4
"""How many letters of an id's end name an absence, if it is the only one."""

BOOKABLE = text(
    """
    SELECT b.id, b.slug, b.name, b.kind, COALESCE(st.timezone, l.timezone) AS timezone, r.pool_id
      FROM bookables b
      LEFT JOIN staff st ON st.tenant_id = b.tenant_id AND st.id = b.id
      LEFT JOIN locations l ON l.tenant_id = b.tenant_id AND l.id = b.location_id
      LEFT JOIN resources r ON r.tenant_id = b.tenant_id AND r.id = b.id
     WHERE b.tenant_id = :tenant_id AND b.slug = :slug
    """
)
SELECT = """
    SELECT a.id, a.kind, a.starts_at, a.ends_at, a.reason, b.slug, b.name
      FROM absences a
      JOIN bookables b ON b.tenant_id = a.tenant_id AND b.id = a.bookable_id
     WHERE a.tenant_id = :tenant_id AND a.kind = :kind
"""
LISTED = text(
    SELECT
    + """
       AND a.ends_at > :start AND (CAST(:until AS timestamptz) IS NULL OR a.starts_at < :until)
       AND (CAST(:bookable_id AS uuid) IS NULL OR a.bookable_id = :bookable_id)
     ORDER BY a.starts_at, b.slug, a.id
    """
)
ENDING_IN = text(SELECT + " AND replace(a.id::text, '-', '') LIKE :ending ORDER BY a.id LIMIT 2")
SAME = text(
    SELECT
    + """
       AND a.bookable_id = :bookable_id AND a.starts_at = :start AND a.ends_at = :until
       AND a.reason = :reason
     ORDER BY a.id LIMIT 1
    """
)
SPANS = text(
    """
    SELECT date_part('epoch', starts_at)::bigint AS starts,
           date_part('epoch', ends_at)::bigint AS ends
      FROM absences WHERE tenant_id = :tenant_id AND bookable_id = :bookable_id
    """
)
INSERT = text(
    """
    INSERT INTO absences (tenant_id, id, bookable_id, kind, starts_at, ends_at, reason, created_at)
    VALUES (:tenant_id, :id, :bookable_id, :kind, :start, :until, :reason, :now)
    """
)
DELETE = text("DELETE FROM absences WHERE tenant_id = :tenant_id AND id = :id")

# Rows of the bookable that meet a span. The longest allocation bounds how far back one can start,
# for allocations_tenant_id_bookable_id_starts_at_idx.
MEETING = f"""
      FROM allocations o
     WHERE o.tenant_id = :tenant_id AND o.bookable_id = :bookable_id
       AND o.starts_at > CAST(:start AS timestamptz) - interval '{LONGEST_ALLOCATION_HOURS} hours'
       AND o.starts_at < :until AND o.ends_at > :start
"""
BLOCKS = text(
    f"""
    SELECT o.id, date_part('epoch', o.starts_at)::bigint AS starts,
           date_part('epoch', o.ends_at)::bigint AS ends {MEETING} AND o.kind = 'block'
    """
)
# What an absence leaves alone: visits that are completed, and whatever lies in the past.
OVER = text(
    f"""
    SELECT date_part('epoch', o.starts_at)::bigint AS starts,
           date_part('epoch', o.ends_at)::bigint AS ends {MEETING}
       AND o.kind <> 'block'
       AND (o.ends_at <= :now
            OR EXISTS (SELECT FROM bookings b WHERE b.tenant_id = o.tenant_id
                          AND b.id = o.booking_id AND b.status = 'completed'))
    """  # noqa: S608 - constants
)
CLAIM = text(
    """
    INSERT INTO allocations (tenant_id, id, bookable_id, starts_at, ends_at, kind)
    VALUES (:tenant_id, :id, :bookable_id, :start, :until, 'block')
    ON CONFLICT ON CONSTRAINT allocations_no_overlap DO NOTHING
    """
)
UNBLOCK = text("DELETE FROM allocations WHERE tenant_id = :tenant_id AND id = :id")


def absences(
    tx: Tx,
    kind: str,
    start: datetime,
    until: datetime | None = None,
    *,
    bookable_id: UUID | None = None,
) -> list[Absence]:
    """Return the absences of a kind that touch ``[start, until)``, by time."""
    rows = tx.rows(LISTED, kind=kind, start=start, until=until, bookable_id=bookable_id)
    return [_absence(row) for row in rows]


def find_bookable(tx: Tx, slug: str, *, staff_only: bool = False) -> Bookable:
    """Return a member of staff or a unit; raises NotFoundError (``unknown_staff`` or
    ``unknown_bookable``).
    """
    row = tx.row(BOOKABLE, slug=slug)
    if row is None or (staff_only and row.kind != "staff"):
        what = "staff member" if staff_only else "staff member and no unit"
        raise NotFoundError(
            "unknown_staff" if staff_only else "unknown_bookable",
            f"There is no {what} '{slug}'",
            hint="List them: bookra staff list" + ("" if staff_only else ", bookra resource list"),
            details={"staff" if staff_only else "bookable": slug},
        )
    zone = clock.zone(row.timezone) if row.timezone else tx.tenant.zone
    return Bookable(row.id, row.slug, row.name, row.kind, zone, row.pool_id)


def find_absence(tx: Tx, words: str, kind: str) -> Absence:
    """Return the absence whose id is ``words``, or ends so.

    Raises NotFoundError (``unknown_absence``), ConflictError (``ambiguous_absence``).
    """
    ending = words.strip().lower().replace("-", "")
    hexadecimal = len(ending) >= SHORTEST_ID and set(ending) <= set("0123456789abcdef")
    rows = tx.rows(ENDING_IN, kind=kind, ending=f"%{ending}") if hexadecimal else ()
    if not rows:
        raise NotFoundError(
            "unknown_absence",
            f"There is no {kind} '{words}'",
            hint=f"List them: bookra {kind} list",
            details={"id": words},
        )
    if len(rows) > 1:
        raise ConflictError("ambiguous_absence", f"'{words}' ends more than one id; write more")
    return _absence(rows[0])


def same_absence(tx: Tx, bookable: Bookable, wanted: Absence) -> Absence | None:
    """Return the absence that is on record with just these facts, if there is one."""
    row = tx.row(
        SAME,
        bookable_id=bookable.id,
        kind=wanted.kind,
        start=wanted.starts_at,
        until=wanted.ends_at,
        reason=wanted.reason,
    )
    return None if row is None else _absence(row)


def record(tx: Tx, bookable: Bookable, absence: Absence) -> bool:
    """Write an absence and claim its time; False when a part of it is somebody else's now.

    What was written then stays for the caller to roll back. The bookable is locked.
    """
    tx.run(
        INSERT,
        id=absence.id,
        bookable_id=bookable.id,
        kind=absence.kind,
        start=absence.starts_at,
        until=absence.ends_at,
        reason=absence.reason,
        now=tx.now,
    )
    return occupy(tx, bookable, span_of(absence))


def erase(tx: Tx, bookable: Bookable, absence: Absence) -> None:
    """Delete an absence and free what no other one covers. The bookable is locked."""
    if tx.run(DELETE, id=absence.id):
        occupy(tx, bookable, span_of(absence))


def occupy(tx: Tx, bookable: Bookable, changed: Span) -> bool:
    """Make the bookable's blocks equal its absences, around a span in which these changed.

    Rows that are right stay. False when the exclusion constraint refuses one.
    """
    known = _spans(tx.rows(SPANS, bookable_id=bookable.id))
    region = next(span for span in merged([*known, changed]) if span[1] >= changed[1])
    where = {
        "bookable_id": bookable.id,
        "start": clock.from_epoch(region[0]),
        "until": clock.from_epoch(region[1]),
    }
    over = _spans(tx.rows(OVER, **where, now=tx.now))
    inside = [span for span in known if region[0] <= span[0] and span[1] <= region[1]]
    wanted = set(blocks(inside, over, bookable.zone))
    for row in tx.rows(BLOCKS, **where):
        if (row.starts, row.ends) in wanted:
            wanted.remove((row.starts, row.ends))
        else:
            tx.run(UNBLOCK, id=row.id)
    return all(
        tx.run(
            CLAIM,
            id=new_id(),
            bookable_id=bookable.id,
            start=clock.from_epoch(start),
            until=clock.from_epoch(until),
        )
        for start, until in sorted(wanted)
    )


def _spans(rows: Sequence[Row[Any]]) -> list[Span]:
    return [(row.starts, row.ends) for row in rows]


def _absence(row: Row[Any]) -> Absence:
    return Absence(row.id, row.slug, row.name, row.kind, row.starts_at, row.ends_at, row.reason)
