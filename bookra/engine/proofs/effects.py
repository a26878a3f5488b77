"""What each booking that is paid in full caused here: to be held against what the outside saw."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from bookra.engine.runtime import Tx

PAID = text(
    """
    SELECT b.code,
           (SELECT count(*) FROM invoices i
             WHERE i.tenant_id = b.tenant_id AND i.booking_id = b.id
               AND i.kind = 'invoice') AS invoices,
           (SELECT count(*) FROM commission_splits c
              JOIN booking_lines l ON l.tenant_id = c.tenant_id AND l.id = c.booking_line_id
             WHERE c.tenant_id = b.tenant_id AND l.booking_id = b.id
               AND c.kind = 'split') AS splits,
           (SELECT count(*) FROM booking_lines l
             WHERE l.tenant_id = b.tenant_id AND l.booking_id = b.id) AS lines
      FROM bookings b
     WHERE b.tenant_id = :tenant_id AND b.recognised_at IS NOT NULL
     ORDER BY b.code
    """
)


@dataclass(frozen=True, slots=True)
class PaidBooking:
    """A paid booking with the effects that live in our own tables."""

    code: str
    invoices: int
    splits: int
    lines: int

    @property
    def settled(self) -> bool:
        """Tell whether it has its one invoice, and one commission split a line."""
        return self.invoices == 1 and self.splits == self.lines


def paid_bookings(tx: Tx) -> list[PaidBooking]:
    """Return every paid booking of the tenant."""
    return [PaidBooking(row.code, row.invoices, row.splits, row.lines) for row in tx.rows(PAID)]
