"""What is sold without a visit: an order, and the gift card, package or membership that it buys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from bookra.engine.bookings.model import Item
from bookra.money import Money, allocate

RETAIL, GIFT_CARD, PACKAGE, MEMBERSHIP = "retail", "gift-card", "package", "membership"


@dataclass(frozen=True, slots=True)
class Order:
    """An order: ``open`` until it is paid in full, ``paid``, or ``cancelled`` unpaid.

    ``bought`` is the code of the gift card, package or membership that it pays for; goods are
    ``items``. ``amount`` is what the customer pays, tax included.
    """

    id: UUID
    code: str
    kind: str
    state: str
    amount: Money
    customer_id: UUID | None
    customer: str | None
    created_at: datetime
    paid_at: datetime | None
    items: tuple[Item, ...] = ()
    bought: str | None = None
    payment_url: str | None = None

    @property
    def net(self) -> Money:
        """The amount without the tax of goods; value that is bought is taxed when it is used."""
        tax = sum(item.tax.minor for item in self.items)
        return Money(self.amount.minor - tax, self.amount.currency)


@dataclass(frozen=True, slots=True)
class GiftCard:
    """A gift card. Its ``code`` is as good as money: who knows it may spend it.

    ``balance`` is zero until it is paid for, and once it has expired. ``expires_on`` is the last
    day on which it is good.
    """

    id: UUID
    code: str
    state: str
    initial: Money
    balance: Money
    expires_on: date | None
    order_id: UUID
    order: str
    customer: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Use:
    """Something that the ledger says of a gift card: sold, spent on a visit, expired."""

    at: datetime
    kind: str
    subject: str | None
    amount: Money


@dataclass(frozen=True, slots=True)
class Package:
    """Visits that are paid for. ``price`` holds the tax; it is used up in equal shares.

    A member's period is a package too: ``membership`` is its code, and ``service`` is None when
    the period has no visits. ``value`` is what nobody has used yet.
    """

    id: UUID
    code: str
    state: str
    service: str | None
    service_id: UUID | None
    visits: int
    used: int
    price: Money
    value: Money
    customer_id: UUID
    customer: str
    starts_on: date | None
    expires_on: date | None
    order_id: UUID
    order: str
    membership: str | None
    created_at: datetime

    def share(self, use_no: int) -> Money:
        """Return the value of one of its visits, counted from 1: 3334, 3333, 3333."""
        return Money(allocate(self.price.minor, [1] * self.visits)[use_no - 1], self.price.currency)


@dataclass(frozen=True, slots=True)
class Membership:
    """A customer's membership. Everything until ``billed_until`` has been billed.

    ``past-due`` is a member who owes a period; ``open_order`` is what they owe it on.
    """

    id: UUID
    code: str
    state: str
    plan: str
    customer_id: UUID
    customer: str
    price: Money
    started_on: date
    billed_until: date
    open_order: str | None = None
