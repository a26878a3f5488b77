"""What is to be paid beforehand: the sum of what the services of a visit demand."""

from __future__ import annotations

from sqlalchemy import text

from bookra.engine.bookings.model import Booking
from bookra.engine.runtime import Tx
from bookra.money import Money, share

RULES = text(
    """
    SELECT l.id, s.deposit_bps, s.deposit_minor
      FROM booking_lines l
      JOIN services s ON s.tenant_id = l.tenant_id AND s.id = l.service_id
     WHERE l.tenant_id = :tenant_id AND l.booking_id = :booking_id
    """
)


def required(tx: Tx, booking: Booking) -> Money:
    """Return the deposit of a visit, by the rules of its services as they are now.

    A percentage is of what the line costs, tax included; an amount is at most that.
    """
    rules = {row.id: row for row in tx.rows(RULES, booking_id=booking.id)}
    total = 0
    for line in booking.lines:
        gross, rule = line.net.minor + line.tax.minor, rules[line.id]
        if rule.deposit_bps is not None:
            total += share(gross, rule.deposit_bps)
        else:
            total += min(gross, rule.deposit_minor or 0)
    return Money(total, booking.paid.currency)
