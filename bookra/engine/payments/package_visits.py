"""Visits of a package that were used: given back when the booking that used them is cancelled."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from bookra.engine.runtime import Tx
from bookra.money import Money

# Package rows before their uses, in id order: as whoever redeems locks them.
LOCK_USED = text(
    """
    SELECT p.id, p.currency FROM packages p
     WHERE p.tenant_id = :tenant_id
       AND p.id IN (SELECT u.package_id FROM package_uses u
                      JOIN booking_lines l ON l.tenant_id = u.tenant_id AND l.id = u.booking_line_id
                     WHERE u.tenant_id = :tenant_id AND l.booking_id = :booking_id)
     ORDER BY p.id FOR UPDATE
    """
)
TAKE_BACK = text(
    """
    DELETE FROM package_uses u
     USING booking_lines l
     WHERE u.tenant_id = :tenant_id AND u.package_id = :package_id
       AND l.tenant_id = u.tenant_id AND l.id = u.booking_line_id AND l.booking_id = :booking_id
    RETURNING u.booking_line_id, u.amount_minor
    """
)
# A package that has expired lives again until it expires anew: its value is owed once more.
RESTORE = text(
    """
    UPDATE packages SET used = used - :visits,
                        state = CASE state WHEN 'expired' THEN 'active' ELSE state END,
                        changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)


@dataclass(frozen=True, slots=True)
class ReturnedVisit:
    """A visit that went back to its package: the line that had used it, and its value."""

    package_id: UUID
    booking_line_id: UUID
    amount: Money


def give_back(tx: Tx, booking_id: UUID) -> list[ReturnedVisit]:
    """Return a booking's visits to their packages; the caller posts the refund (``package``).

    Locks the packages. Doing it again returns nothing.
    """
    found = []
    for package in tx.rows(LOCK_USED, booking_id=booking_id):
        rows = tx.rows(TAKE_BACK, package_id=package.id, booking_id=booking_id)
        tx.run(RESTORE, id=package.id, visits=len(rows))
        tx.concerns("package", package.id)
        found += [
            ReturnedVisit(
                package.id, row.booking_line_id, Money(row.amount_minor, package.currency)
            )
            for row in rows
        ]
    return found
