"""Whose time some appointments take: looked up once for all of them, then decided line by line.

What is found here is a plan. The exclusion constraint stays the judge: who was quicker is seen when
the claims are written, and then the plan is made again with what was lost.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bookra.engine.imports.appointments import Appointment
from bookra.engine.imports.spans import Span, meets, spans_of
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError

# Index: allocations_tenant_id_bookable_id_starts_at_idx. None is longer than a day and an hour.
TAKEN = text(
    """
    SELECT DISTINCT o.bookable_id, o.starts_at, o.ends_at
      FROM unnest(CAST(:bookables AS uuid[]), CAST(:starts AS timestamptz[]),
                  CAST(:ends AS timestamptz[])) AS w (bookable_id, starts_at, ends_at)
      JOIN allocations o ON o.bookable_id = w.bookable_id
       AND o.starts_at > w.starts_at - interval '25 hours'
       AND o.starts_at < w.ends_at AND o.ends_at > w.starts_at
     WHERE o.tenant_id = :tenant_id
    """
)

Claim = tuple[UUID, Span]
"""A person or a unit, and when."""


class Times:
    """Whose time is taken, as far as some appointments could want it, and by which of them."""

    def __init__(
        self, units: Mapping[str, Sequence[UUID]], taken: Mapping[UUID, Sequence[Span]]
    ) -> None:
        self._units = units
        self._taken = {bookable_id: list(spans) for bookable_id, spans in taken.items()}

    @classmethod
    def of(
        cls,
        tx: Tx,
        wanted: Sequence[Appointment],
        units: Mapping[str, Sequence[UUID]],
        before: Mapping[UUID, Sequence[Span]],
        lost: Iterable[Claim],
    ) -> Times:
        """Look up what is taken where some appointments want to be.

        Besides: what lines ``before`` took that were taken back, sorted, and what was ``lost`` to
        writers who can't be read yet.
        """
        times = cls(units, before)
        asked = {claim for each in wanted for claim in _wishes(each, units)}
        if asked:
            rows: Sequence[Any] = tx.rows(
                TAKEN,
                bookables=[bookable_id for bookable_id, _ in asked],
                starts=[starts_at for _, (starts_at, _) in asked],
                ends=[ends_at for _, (_, ends_at) in asked],
            )
            found = ((row.bookable_id, (row.starts_at, row.ends_at)) for row in rows)
            for bookable_id, span in (*found, *lost):
                insort(times._taken.setdefault(bookable_id, []), span)
        return times

    def claim(self, wanted: Appointment) -> list[Claim]:
        """Take the person's time, and a unit of each pool that the service needs; all or none.

        Raises ConflictError (``slot_taken``).
        """
        claims: list[Claim] = []
        try:
            busy, gaps = spans_of(wanted)
            if not self._take(claims, wanted.staff.id, busy):
                raise ConflictError("slot_taken", f"'{wanted.staff.slug}' is busy at that time")
            for need in wanted.service.needs:
                spans = _spans(wanted, need.span, busy, gaps)
                units = self._units.get(need.pool, ())
                if not any(self._take(claims, unit, spans) for unit in units):
                    raise ConflictError(
                        "slot_taken", f"No unit of '{need.pool}' is free at that time"
                    )
        except ConflictError:
            for bookable_id, span in claims:
                self._taken[bookable_id].remove(span)
            raise
        return claims

    def _take(self, claims: list[Claim], bookable_id: UUID, spans: Sequence[Span]) -> bool:
        """Take some spans of a person or a unit, all or none; tell whether they were free."""
        taken = self._taken.setdefault(bookable_id, [])
        if any(meets(span, taken) for span in spans):
            return False
        for span in spans:
            insort(taken, span)
            claims.append((bookable_id, span))
        return True


def _wishes(wanted: Appointment, units: Mapping[str, Sequence[UUID]]) -> Iterable[Claim]:
    """Yield all that an appointment could take."""
    busy, gaps = spans_of(wanted)
    for span in busy:
        yield wanted.staff.id, span
    for need in wanted.service.needs:
        for span in _spans(wanted, need.span, busy, gaps):
            for unit in units.get(need.pool, ()):
                yield unit, span


def _spans(
    wanted: Appointment, part: str, busy: Sequence[Span], gaps: Sequence[Span]
) -> Sequence[Span]:
    """Return when a unit is needed: while the person is busy, in the gaps, or throughout."""
    return {"busy": busy, "gap": gaps}.get(part, [(wanted.starts_at, wanted.ends_at)])
