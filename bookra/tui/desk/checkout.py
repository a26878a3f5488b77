"""What check-out asks of the desk: what a visit owes, and the ways to take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bookra.money import Money
from bookra.tui.desk.booking import CustomerChoice
from bookra.tui.desk.done import Done


class CheckoutDesk(Protocol):
    """Questions and verbs of check-out.

    Who pays the last of what is due for a visit that has begun has been served: the visit is done
    then, in the same transaction. No money can be taken back by undo.

    ``tips`` says by staff slug who gets how much of ``tip``, and adds up to it; without it the
    performers of the visit share it by the price of what they do.
    """

    def tab(self, code: str) -> Tab:
        """Return what a visit costs, what was paid of it, and how the rest could be paid."""
        ...

    def take(
        self,
        code: str,
        method: str,
        *,
        amount: Money | None = None,
        tip: Money | None = None,
        tips: Mapping[str, Money] | None = None,
        reference: str = "",
    ) -> Done:
        """Take all that is due, or ``amount`` of it, by ``cash`` or ``terminal``, and a tip."""
        ...

    def ask_link(
        self,
        code: str,
        *,
        amount: Money | None = None,
        tip: Money | None = None,
        tips: Mapping[str, Money] | None = None,
    ) -> Done:
        """Ask for a short payment link; the relay opens it, and settles what comes of it."""
        ...

    def charge_card(
        self,
        code: str,
        card_id: str,
        *,
        amount: Money | None = None,
        tip: Money | None = None,
        tips: Mapping[str, Money] | None = None,
    ) -> Done:
        """Have a saved card charged; the relay says later whether the bank agreed."""
        ...

    def redeem_gift_card(self, code: str, gift_code: str, *, amount: Money | None = None) -> Done:
        """Pay with a gift card: as much as it holds and is due, or ``amount`` exactly."""
        ...

    def redeem_package(self, code: str, package: str) -> Done:
        """Use one visit of a package."""
        ...

    def discount(self, code: str, wanted: Discount) -> Done:
        """Take something off the price, or take the discount away."""
        ...

    def products(self) -> list[ProductChoice]:
        """Return the goods and extras on sale."""
        ...

    def add_item(self, code: str, product: str) -> Done:
        """Put one of a product on the bill."""
        ...

    def remove_item(self, code: str, position: int) -> Done:
        """Take an item off the bill again."""
        ...


@dataclass(frozen=True, slots=True)
class TabLine:
    """A line of the bill. ``position`` is an item's; None is a service, which stays."""

    name: str
    amount: Money
    note: str = ""
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Performer:
    """Who does something of a visit; ``weight`` is its price, by which a tip is shared."""

    staff: str
    name: str
    weight: int


@dataclass(frozen=True, slots=True)
class CardChoice:
    """A saved card: ``Visa 4242``."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class PackageChoice:
    """A package that could pay for this visit, and how many visits it has left."""

    code: str
    service: str
    left: int


@dataclass(frozen=True, slots=True)
class ProductChoice:
    """Goods or an extra, at the catalogue's price."""

    slug: str
    name: str
    price: Money


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of Stripe last: a link or a card, and how far it came.

    ``state`` is new (the relay has not opened it), open, succeeded, failed or cancelled.
    """

    id: str
    kind: str
    state: str
    amount: Money
    url: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Discount:
    """One of: a percentage (``10``), an amount, a promo code; nothing takes the discount away."""

    percent: str = ""
    amount: Money | None = None
    promo: str = ""


@dataclass(frozen=True, slots=True)
class Tab:
    """A visit's bill. ``lines`` less ``off`` are the ``price``; ``discount`` says what it is for.

    ``open`` says that the price may still change, ``begun`` that the visit is under way or over,
    ``done`` that it is over. ``asked`` is a link or a card that was asked for last, if any.
    ``most_off_bps`` is the most that this operator may take off by hand; None is no limit.
    """

    code: str
    customer: CustomerChoice
    status: str
    lines: tuple[TabLine, ...]
    discount: str
    off: Money
    price: Money
    paid: Money
    due: Money
    cards: tuple[CardChoice, ...] = ()
    packages: tuple[PackageChoice, ...] = ()
    asked: Asked | None = None
    open: bool = True
    begun: bool = True
    done: bool = False
    most_off_bps: int | None = None
    performers: tuple[Performer, ...] = ()
