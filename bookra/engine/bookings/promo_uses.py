"""Uses of a promo code as numbered rows: unique keys make its limits exact, whoever books.

A use goes back when its booking is cancelled or expires (``SET_STATUS``), and is taken again
when an expired booking is paid after all.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from bookra.engine.runtime import Tx
from bookra.ids import new_id

UNLIMITED = 2**31 - 1

FREE = text(
    """
    SELECT (SELECT n FROM generate_series(1, :most) n
             WHERE NOT EXISTS (SELECT FROM promo_uses u
                                WHERE u.tenant_id = :tenant_id AND u.promo_id = :promo_id
                                  AND u.use_no = n)
             ORDER BY n LIMIT 1) AS free,
           (SELECT n FROM generate_series(1, :most_each) n
             WHERE NOT EXISTS (SELECT FROM promo_uses u
                                WHERE u.tenant_id = :tenant_id AND u.promo_id = :promo_id
                                  AND u.customer_id = :customer_id AND u.customer_use_no = n)
             ORDER BY n LIMIT 1) AS free_each
    """
)
# Two keys may refuse a use, its number and its customer's, so that no constraint is named. A
# booking has one use at most, and its row is locked: its own key never meets another.
TAKE = text(
    """
    INSERT INTO promo_uses (tenant_id, id, promo_id, use_no, customer_id, customer_use_no,
                            booking_id)
    VALUES (:tenant_id, :id, :promo_id, :use_no, :customer_id, :customer_use_no, :booking_id)
    ON CONFLICT DO NOTHING
    """
)
GIVE_BACK = text("DELETE FROM promo_uses WHERE tenant_id = :tenant_id AND booking_id = :booking_id")
OF_BOOKING = text(
    """
    SELECT p.id, p.max_uses, p.max_uses_per_customer, b.customer_id
      FROM bookings b
      JOIN promo_codes p ON p.tenant_id = b.tenant_id AND p.id = b.promo_id
     WHERE b.tenant_id = :tenant_id AND b.id = :booking_id
    """
)


@dataclass(frozen=True, slots=True)
class Limits:
    """A promo code and how often it may be used; None is without a limit."""

    promo_id: UUID
    most: int | None
    most_each: int | None


def take_use(tx: Tx, limits: Limits, customer_id: UUID, booking_id: UUID) -> str | None:
    """Take a free number; returns None, or which limit refused: ``all`` or ``customer``.

    The caller has locked the booking, and it has no use. Waits for whoever takes the same number
    at this moment, and then looks again.
    """
    while True:
        row = tx.row(
            FREE,
            promo_id=limits.promo_id,
            customer_id=customer_id,
            most=limits.most or 0,
            most_each=limits.most_each or 0,
        )
        assert row is not None
        if limits.most_each is not None and row.free_each is None:
            return "customer"
        if limits.most is not None and row.free is None:
            return "all"
        if tx.run(
            TAKE,
            id=new_id(),
            promo_id=limits.promo_id,
            use_no=row.free if limits.most is not None else secrets.randbelow(UNLIMITED) + 1,
            customer_id=customer_id,
            customer_use_no=(
                row.free_each if limits.most_each is not None else secrets.randbelow(UNLIMITED) + 1
            ),
            booking_id=booking_id,
        ):
            return None


def give_back_use(tx: Tx, booking_id: UUID) -> None:
    """Give a booking's use of a promo code back, if it has one."""
    tx.run(GIVE_BACK, booking_id=booking_id)


def retake_use(tx: Tx, booking_id: UUID) -> bool:
    """Take the use of an expired booking's promo code again; False when there is none left."""
    row = tx.row(OF_BOOKING, booking_id=booking_id)
    if row is None:
        return True
    limits = Limits(row.id, row.max_uses, row.max_uses_per_customer)
    return take_use(tx, limits, row.customer_id, booking_id) is None
