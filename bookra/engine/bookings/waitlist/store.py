"""Reads wishes whole (windows, offers and what became of them) and writes their rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.bookings.model import Status
from bookra.engine.bookings.waitlist.rules import OfferState, WishStatus
from bookra.engine.bookings.waitlist.windows import Window
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError, NotFoundError
from bookra.ids import booking_code, new_id

CODE_PREFIX = "W"
CODE_ATTEMPTS = 8

SELECT = """
    SELECT w.id, w.code, w.customer_id, c.name AS customer, c.phone, s.slug AS service,
           k.slug AS staff, w.status, w.created_at,
           (SELECT json_agg(json_build_array(x.starts_at, x.ends_at) ORDER BY x.starts_at)
              FROM wish_windows x
             WHERE x.tenant_id = w.tenant_id AND x.wish_id = w.id) AS windows,
           (SELECT json_agg(json_build_array(b.id, b.code, b.status, e.slug, o.starts_at,
                                             b.hold_expires_at, o.offered_at) ORDER BY o.id)
              FROM wish_offers o
              JOIN bookings b ON b.tenant_id = o.tenant_id AND b.id = o.booking_id
              JOIN bookables e ON e.tenant_id = o.tenant_id AND e.id = o.staff_id
             WHERE o.tenant_id = w.tenant_id AND o.wish_id = w.id) AS offers
      FROM wishes w
      JOIN customers c ON c.tenant_id = w.tenant_id AND c.id = w.customer_id
      JOIN services s ON s.tenant_id = w.tenant_id AND s.id = w.service_id
      LEFT JOIN bookables k ON k.tenant_id = w.tenant_id AND k.id = w.staff_id
     WHERE w.tenant_id = :tenant_id
"""
# The open ones, the oldest first. Index: wishes_open_idx, whose condition this repeats.
OPEN = text(SELECT + " AND w.status IN ('waiting', 'offered') ORDER BY w.created_at, w.id")
ALL = text(
    SELECT
    + " AND (CAST(:status AS text) IS NULL OR w.status = :status) ORDER BY w.created_at, w.id"
)
BY_CODE = text(SELECT + " AND w.code = :code")
LOCK = text("SELECT id FROM wishes WHERE tenant_id = :tenant_id AND code = :code FOR UPDATE")
# Nobody waits here: what another relay holds is that relay's to offer.
LOCK_OPEN = text(
    "SELECT id FROM wishes WHERE tenant_id = :tenant_id AND status IN ('waiting', 'offered')"
    " ORDER BY id FOR UPDATE SKIP LOCKED"
)
INSERT = text(
    """
    INSERT INTO wishes (tenant_id, id, code, customer_id, service_id, staff_id, created_at)
    VALUES (:tenant_id, :id, :code, :customer_id, :service_id, :staff_id, :now)
    ON CONFLICT (tenant_id, code) DO NOTHING
    """
)
INSERT_WINDOW = text(
    "INSERT INTO wish_windows (tenant_id, id, wish_id, starts_at, ends_at)"
    " VALUES (:tenant_id, :id, :wish_id, :starts_at, :ends_at)"
)
INSERT_OFFER = text(
    """
    INSERT INTO wish_offers (tenant_id, id, wish_id, booking_id, staff_id, starts_at, offered_at)
    VALUES (:tenant_id, :id, :wish_id, :booking_id, :staff_id, :starts_at, :now)
    """
)
SET_STATUS = text(
    "UPDATE wishes SET status = :status, changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND id = :id"
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A hold that was offered to a wish, and what its booking is by now."""

    booking_id: UUID
    booking: str
    status: Status
    staff: str
    start: datetime
    held_until: datetime | None
    offered_at: datetime


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody would take, when, and what they were offered, the oldest offer first."""

    id: UUID
    code: str
    customer_id: UUID
    customer: str
    phone: str | None
    service: str
    staff: str | None
    status: WishStatus
    created_at: datetime
    windows: tuple[Window, ...]
    offers: tuple[Offer, ...]

    @property
    def states(self) -> list[OfferState]:
        """What the rules know of its offers."""
        return [OfferState(offer.status, offer.held_until) for offer in self.offers]

    @property
    def last_end(self) -> datetime:
        """When its last window ends."""
        return max(end for _, end in self.windows)

    def wants(self, staff: str, start: datetime) -> bool:
        """Tell whether a start is in its windows, with the right person, and was not offered."""
        return (
            self.staff in (None, staff)
            and any(begin <= start < end for begin, end in self.windows)
            and all((offer.staff, offer.start) != (staff, start) for offer in self.offers)
        )


def open_wishes(tx: Tx) -> list[Wish]:
    """Return the wishes that wait or have an offer, the oldest first."""
    return [_wish(row) for row in tx.rows(OPEN)]


def wishes(tx: Tx, status: WishStatus | None) -> list[Wish]:
    """Return every wish, or those in one state, the oldest first."""
    return [_wish(row) for row in tx.rows(ALL, status=status.value if status else None)]


def wish_by_code(tx: Tx, code: str) -> Wish:
    """Return a wish; codes are read in any case. Raises NotFoundError (``unknown_wish``)."""
    row = tx.row(BY_CODE, code=code.strip().upper())
    if row is None:
        raise _unknown(code)
    return _wish(row)


def locked_wish(tx: Tx, code: str) -> Wish:
    """Return a wish whose row is locked until the transaction ends."""
    if tx.row(LOCK, code=code.strip().upper()) is None:
        raise _unknown(code)
    return wish_by_code(tx, code)


def insert_wish(
    tx: Tx,
    *,
    customer_id: UUID,
    service_id: UUID,
    staff_id: UUID | None,
    windows: Iterable[Window],
) -> str:
    """Write a wish with its windows and return its code."""
    wish_id = new_id()
    binds = {"customer_id": customer_id, "service_id": service_id, "staff_id": staff_id}
    for attempt in range(CODE_ATTEMPTS):
        code = booking_code(CODE_PREFIX, 4 + attempt // 2)
        if tx.run(INSERT, id=wish_id, code=code, now=tx.now, **binds):
            break
    else:
        raise AssertionError("no free code in eight tries of growing length")
    rows = [
        {"id": new_id(), "wish_id": wish_id, "starts_at": start, "ends_at": end}
        for start, end in windows
    ]
    tx.run_many(INSERT_WINDOW, rows)
    tx.concerns("wish", wish_id)
    return code


def set_status(tx: Tx, wish: Wish, status: WishStatus) -> None:
    """Write what a wish (its row locked by the caller) has become."""
    tx.run(SET_STATUS, id=wish.id, status=status.value)
    tx.concerns("wish", wish.id)


def parse_status(text_: str) -> WishStatus:
    """Return the state of this name; raises InvalidInputError (``unknown_status``)."""
    try:
        return WishStatus(text_)
    except ValueError:
        raise InvalidInputError(
            "unknown_status",
            f"'{text_}' is not a state of a wish",
            hint=f"One of: open, all, {', '.join(WishStatus)}",
        ) from None


def _unknown(code: str) -> NotFoundError:
    return NotFoundError(
        "unknown_wish",
        f"There is no wish '{code}' on the waitlist",
        hint="List them: bookra waitlist list",
        details={"code": code},
    )


def _wish(row: Row[Any]) -> Wish:
    return Wish(
        row.id,
        row.code,
        row.customer_id,
        row.customer,
        row.phone,
        row.service,
        row.staff,
        WishStatus(row.status),
        row.created_at,
        tuple((_instant(start), _instant(end)) for start, end in row.windows),
        tuple(_offer(values) for values in row.offers or ()),
    )


def _offer(values: Sequence[Any]) -> Offer:
    booking_id, code, status, staff, start, held_until, offered_at = values
    return Offer(
        UUID(booking_id),
        code,
        Status(status),
        staff,
        _instant(start),
        _instant(held_until) if held_until else None,
        _instant(offered_at),
    )


def _instant(text_: str) -> datetime:
    """Return an instant from JSON; sessions are pinned to UTC, and so is the offset in it."""
    return datetime.fromisoformat(text_)
