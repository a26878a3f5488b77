"""Splits the commission of a paid booking: once a line, at the rate that it was booked at."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from bookra.engine.bookings.store import locked_by_id
from bookra.engine.ledger.rules import pay
from bookra.engine.ledger.rules.sales import Fact
from bookra.engine.ledger.store import post
from bookra.engine.runtime import Tx
from bookra.ids import new_id
from bookra.money import share

KNOWN = text(
    "SELECT 1 FROM commission_splits"
    " WHERE tenant_id = :tenant_id AND booking_line_id = :booking_line_id"
)
INSERT = text(
    """
    INSERT INTO commission_splits (tenant_id, id, key, booking_line_id, staff_id, base_minor,
                                   rate_bps, amount_minor, currency, entry_id, split_at)
    VALUES (:tenant_id, :id, 'line:' || CAST(:booking_line_id AS text), :booking_line_id, :staff_id,
            :base_minor, :rate_bps, :amount_minor,
            :currency, :entry_id, :now)
    """
)


def split(tx: Tx, booking_id: UUID) -> int:
    """Post the commission of each line that has none yet; returns how many were split.

    Locks the booking. The base is the net price: after discount, without tax.
    """
    booking = locked_by_id(tx, booking_id)
    done = 0
    for line in booking.lines:
        if tx.row(KNOWN, booking_line_id=line.id) is not None:
            continue
        amount = share(line.net.minor, line.commission_bps)
        entry_id = None
        if amount:
            fact = Fact(f"commission:{line.id}", tx.now, line.net.currency, booking.id)
            draft = pay.commission(fact, line.staff, amount, line_id=line.id)
            entry_id, _ = post(tx, draft)
        tx.run(
            INSERT,
            id=new_id(),
            booking_line_id=line.id,
            staff_id=line.staff_id,
            base_minor=line.net.minor,
            rate_bps=line.commission_bps,
            amount_minor=amount,
            currency=line.net.currency,
            entry_id=entry_id,
            now=tx.now,
        )
        done += 1
    return done
