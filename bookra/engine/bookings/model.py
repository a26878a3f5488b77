"""What a booking is: its states, which may follow which, and its lines. Values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bookra.engine.bookings.pricing import Discount
from bookra.errors import ConflictError
from bookra.money import Money


class Status(StrEnum):
    """The life of a booking. Whether it is paid is not a state: the ledger says so."""

    HELD = "held"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"
    IN_SERVICE = "in_service"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    LATE_CANCELLED = "late_cancelled"
    NO_SHOW = "no_show"
    DISPLACED = "displaced"
    EXPIRED = "expired"


NEXT: dict[Status, frozenset[Status]] = {
    Status.HELD: frozenset({Status.CONFIRMED, Status.CANCELLED, Status.EXPIRED}),
    Status.CONFIRMED: frozenset(
        {
            Status.CHECKED_IN,
            Status.IN_SERVICE,
            Status.COMPLETED,
            Status.CANCELLED,
            Status.LATE_CANCELLED,
            Status.NO_SHOW,
            Status.DISPLACED,
        }
    ),
    Status.CHECKED_IN: frozenset(
        {Status.IN_SERVICE, Status.COMPLETED, Status.CANCELLED, Status.DISPLACED}
    ),
    Status.IN_SERVICE: frozenset({Status.COMPLETED}),
    Status.COMPLETED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.LATE_CANCELLED: frozenset(),
    Status.NO_SHOW: frozenset(),
    Status.DISPLACED: frozenset({Status.CONFIRMED, Status.CANCELLED}),
    Status.EXPIRED: frozenset({Status.CONFIRMED}),
}
"""``expired`` may still be confirmed: a payment that arrives late takes the slot if it is free."""

OCCUPYING = frozenset({Status.HELD, Status.CONFIRMED, Status.CHECKED_IN, Status.IN_SERVICE})
"""States in which a booking's time can't be given to somebody else."""


@dataclass(frozen=True, slots=True)
class Line:
    """One service in a booking. ``net`` and ``tax`` are in the booking's currency.

    ``requested`` says that the client asked for this person; ``session_id`` is set for a seat.
    ``list_minor`` is the price before any discount, as the business lists it; None is unknown.
    """

    id: UUID
    service_id: UUID
    service: str
    service_name: str
    staff_id: UUID
    staff: str
    staff_name: str
    starts_at: datetime
    ends_at: datetime
    net: Money
    tax: Money
    tax_bps: int
    commission_bps: int
    position: int = 1
    level: str = ""
    requested: bool = False
    session_id: UUID | None = None
    discount_minor: int = 0
    list_minor: int | None = None

    @property
    def off_minor(self) -> int:
        """What was taken off the price as it is listed."""
        return _off(self)


@dataclass(frozen=True, slots=True)
class Item:
    """Goods or an extra sold with a visit; amounts are those of the whole ``quantity``.

    ``kind`` is ``product`` or ``add-on``; ``staff`` is the slug of who sold it, or empty.
    """

    id: UUID
    product: str
    name: str
    kind: str
    category: str
    staff: str
    quantity: int
    net: Money
    tax: Money
    tax_bps: int
    discount_minor: int = 0
    position: int = 1
    list_minor: int | None = None

    @property
    def off_minor(self) -> int:
        """What was taken off the price as it is listed."""
        return _off(self)


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking as read in one transaction; ``paid`` comes from the ledger, tips left out.

    ``recognised_at`` says when its price became revenue; ``refunded`` what was given back of it.
    ``note`` is what to know of this visit alone; empty is none.
    """

    id: UUID
    code: str
    status: Status
    customer_id: UUID
    customer: str
    starts_at: datetime
    ends_at: datetime
    hold_expires_at: datetime | None
    revision: int
    lines: tuple[Line, ...]
    paid: Money
    payment_url: str | None = None
    series_id: UUID | None = None
    items: tuple[Item, ...] = ()
    refunded_minor: int = 0
    recognised_at: datetime | None = None
    policy_id: UUID | None = None
    policy_accepted_at: datetime | None = None
    discount: Discount | None = None
    note: str = ""

    @property
    def off(self) -> Money:
        """What the discount takes off the prices as they are listed."""
        parts: tuple[Line | Item, ...] = (*self.lines, *self.items)
        return Money(sum(part.off_minor for part in parts), self.paid.currency)

    @property
    def price(self) -> Money:
        """What the visit costs with all that is sold in it, tax included, tip left out."""
        lines = sum(line.net.minor + line.tax.minor for line in self.lines)
        items = sum(item.net.minor + item.tax.minor for item in self.items)
        return Money(lines + items, self.paid.currency)

    @property
    def net(self) -> Money:
        """The price without tax."""
        lines = sum(line.net.minor for line in self.lines)
        return Money(lines + sum(item.net.minor for item in self.items), self.paid.currency)

    @property
    def refunded(self) -> Money:
        """What was given back of the price or a deposit."""
        return Money(self.refunded_minor, self.paid.currency)

    @property
    def due(self) -> Money:
        """What is still to pay; zero once the visit is cancelled or expired."""
        if self.status not in OCCUPYING | {Status.COMPLETED, Status.DISPLACED}:
            return Money(0, self.paid.currency)
        return Money(max(0, self.price.minor - self.paid.minor), self.paid.currency)


def _off(part: Line | Item) -> int:
    """Return what was taken off a listed price.

    A listed price is the net before the discount where tax comes on top; else it holds the tax.
    """
    if part.list_minor is None or part.list_minor == part.net.minor + part.discount_minor:
        return part.discount_minor
    return part.list_minor - part.net.minor - part.tax.minor


def require_next(code: str, status: Status, wanted: Status) -> None:
    """Raise ConflictError (``illegal_state``) unless ``wanted`` may follow ``status``."""
    if wanted not in NEXT[status]:
        raise ConflictError(
            "illegal_state",
            f"{code} is {status.value.replace('_', ' ')} and can't become "
            f"{wanted.value.replace('_', ' ')}",
            hint=f"Look at it: bookra booking show {code}",
            details={"code": code, "status": status.value},
        )
