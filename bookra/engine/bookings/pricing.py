"""What a line costs: the catalogue's price less a discount, split into net and tax. Pure.

A discount is taken off the price as the business lists it, with tax or without, and shrinks what
is taxed. It is worked out for the whole visit and shared out by largest remainders, so that the
parts always sum to what was promised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from bookra.money import Money, allocate, included_tax, share


@dataclass(frozen=True, slots=True)
class LinePrice:
    """Net and tax of one line; their sum is what the customer pays for it.

    ``discount_minor`` is what was taken off the net price before; ``list_minor`` is the price as
    it is listed, with tax where the business's prices include it.
    """

    net: Money
    tax: Money
    discount_minor: int = 0
    list_minor: int = 0


@dataclass(frozen=True, slots=True)
class Discount:
    """What is taken off a booking: a share (``bps``) or an amount, and why.

    ``kind`` is ``manual``, ``promo`` or ``member``. ``service_id`` narrows it to lines of one
    service. ``promo`` is the code that it came by.
    """

    kind: str
    bps: int | None = None
    amount_minor: int | None = None
    service_id: UUID | None = None
    promo: str | None = None


class Priced(NamedTuple):
    """A line or an item as it is listed. ``fixed`` is paid by a package: nothing is taken off."""

    list_minor: int
    service_id: UUID | None = None
    fixed: bool = False


def line_price(price: Money, tax_bps: int, *, inclusive: bool, off_minor: int = 0) -> LinePrice:
    """Split ``price`` when it includes the tax, or put the tax on top when it does not.

    ``off_minor`` is taken off first, off the price as it is listed.
    """
    full_net, _ = _split(price.minor, tax_bps, inclusive=inclusive)
    net, tax = _split(price.minor - off_minor, tax_bps, inclusive=inclusive)
    currency = price.currency
    return LinePrice(Money(net, currency), Money(tax, currency), full_net - net, price.minor)


def taken_off(discount: Discount | None, parts: Sequence[Priced]) -> list[int]:
    """Return what a discount takes off each part: never more than the part is listed at.

    An amount that is larger than all it applies to takes all of that.
    """
    if discount is None:
        return [0] * len(parts)
    weights = [part.list_minor if _applies(discount, part) else 0 for part in parts]
    total = sum(weights)
    if not total:
        return [0] * len(parts)
    if discount.bps is not None:
        return allocate(share(total, discount.bps), weights)
    return allocate(min(total, discount.amount_minor or 0), weights)


def _applies(discount: Discount, part: Priced) -> bool:
    return not part.fixed and discount.service_id in (None, part.service_id)


def _split(listed_minor: int, tax_bps: int, *, inclusive: bool) -> tuple[int, int]:
    if inclusive:
        tax = included_tax(listed_minor, tax_bps)
        return listed_minor - tax, tax
    return listed_minor, share(listed_minor, tax_bps)
