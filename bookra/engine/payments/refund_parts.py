"""How much can go back, by which way, and what of a sale it takes back. Pure.

Everything is worked out from running totals, never refund by refund: each part of a sale is given
back as a function of all that was given back so far. So any sequence of refunds adds up exactly,
and a sale refunded in full leaves nothing behind: not a cent of net, tax or commission.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from uuid import UUID

from bookra.engine.ledger.rules.sales import Sale

WAYS = ("card", "gift-card", "terminal", "cash")
"""Ways that money goes back, in the order in which they are used when nobody says."""


@dataclass(frozen=True, slots=True)
class Source:
    """One payment, or all of one way, and what is left of it to be given back.

    ``ref_id`` is the charge or the gift card that it goes back to. A ``disputed`` charge can't be
    refunded, nor can its money go back in another way: the customer's bank has it.
    """

    way: str
    price_minor: int
    tip_minor: int = 0
    ref_id: UUID | None = None
    disputed: bool = False

    @property
    def rest_minor(self) -> int:
        """Price and tip together."""
        return self.price_minor + self.tip_minor


@dataclass(frozen=True, slots=True)
class Part:
    """What goes back by one way at once: of the price, and of the tips."""

    way: str
    price_minor: int
    tip_minor: int
    ref_id: UUID | None = None

    @property
    def amount_minor(self) -> int:
        """What the customer gets."""
        return self.price_minor + self.tip_minor


@dataclass(frozen=True, slots=True)
class Pools:
    """What a payment that is given back can be taken from, as the ledger holds it.

    ``sold_minor`` is the revenue with its tax that was not taken back yet, ``returned_minor`` what
    was; ``fees`` are by income account, ``tips`` by staff slug.
    """

    deposits_minor: int = 0
    sold_minor: int = 0
    returned_minor: int = 0
    fees: Mapping[str, int] = field(default_factory=dict)
    tips: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """What an amount is taken from; ``others`` by account: fees that were kept, bought value.

    ``excess_minor`` was never paid, or is used up: the client owes it.
    """

    deposits_minor: int
    sales_minor: int
    others: Mapping[str, int]
    excess_minor: int


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Split ``total`` by weights so that no share shrinks when the total grows.

    Webster's method: with the sum of the weights as the total each share is its weight. Largest
    remainders do not have that property (a share may shrink), and a refund can't be negative.
    """
    whole = sum(weights)
    if not whole or total < 0:
        raise ValueError(f"{total} can't be split by {list(weights)}")
    shares = [(2 * total * weight + whole) // (2 * whole) for weight in weights]
    order = range(len(weights))
    while (given := sum(shares)) != total:
        if given < total:
            # The largest quotient weight / (2 * share + 1) is next; the earlier one at a tie.
            best = max(order, key=lambda i: (Fraction(weights[i], 2 * shares[i] + 1), -i))
            shares[best] += 1
        else:
            some = [i for i in order if shares[i]]
            last = min(some, key=lambda i: (Fraction(weights[i], 2 * shares[i] - 1), -i))
            shares[last] -= 1
    return shares


def given_back(sales: Sequence[Sale], so_far_minor: int, amount_minor: int) -> list[Sale]:
    """Return what of each line and item ``amount_minor`` takes back after ``so_far_minor``.

    Raises ValueError for more than is left.
    """
    before = _returned(sales, so_far_minor)
    after = _returned(sales, so_far_minor + amount_minor)
    parts = [
        replace(
            sale,
            net_minor=(then - then_tax) - (now - now_tax),
            tax_minor=then_tax - now_tax,
            discount_minor=0,
        )
        for sale, (now, now_tax), (then, then_tax) in zip(sales, before, after, strict=True)
    ]
    return [part for part in parts if part.gross_minor]


def taken_from(pools: Pools, amount_minor: int) -> Taken:
    """Return where a part of the price comes from: deposits first, then revenue, then fees."""
    deposits = min(amount_minor, pools.deposits_minor)
    sales = min(amount_minor - deposits, pools.sold_minor)
    rest, fees = amount_minor - deposits - sales, {}
    for account, held in pools.fees.items():
        if part := min(rest, held):
            fees[account] = part
            rest -= part
    return Taken(deposits, sales, fees, rest)


def plan(
    sources: Sequence[Source], price_minor: int, tip_minor: int = 0, to: str | None = None
) -> list[Part]:
    """Return by which ways an amount goes back: as it was paid, or to ``to``.

    The caller has checked that there is so much to be given back in all. What is paid out in cash
    (or at the terminal) may have come in by any way.
    """
    usable = [source for source in sources if not source.disputed]
    if to in ("cash", "terminal"):
        return [Part(to, price_minor, tip_minor)]
    chosen = [s for way in WAYS for s in usable if s.way == way and to in (None, way)]
    parts = []
    for source in chosen:
        price = max(0, min(price_minor, source.price_minor))
        tip = max(0, min(tip_minor, source.tip_minor))
        if price or tip:
            parts.append(Part(source.way, price, tip, source.ref_id))
            price_minor, tip_minor = price_minor - price, tip_minor - tip
    if price_minor or tip_minor:
        raise ValueError(f"{price_minor} and a tip of {tip_minor} are left over")
    return parts


def tips_back(tips: Mapping[str, int], amount_minor: int) -> dict[str, int]:
    """Return by staff slug what of their tips is given back."""
    if not amount_minor:
        return {}
    shares = apportion(amount_minor, list(tips.values()))
    return {staff: part for staff, part in zip(tips, shares, strict=True) if part}


def _returned(sales: Sequence[Sale], total: int) -> list[tuple[int, int]]:
    """Return gross and tax of each sale once ``total`` of all was given back."""
    gross = [sale.gross_minor for sale in sales]
    if total > sum(gross):
        raise ValueError(f"{total} is more than the {sum(gross)} that was sold")
    if not total:
        return [(0, 0) for _ in sales]
    return [
        (share, (2 * share * sale.tax_minor + whole) // (2 * whole) if whole else 0)
        for sale, whole, share in zip(sales, gross, apportion(total, gross), strict=True)
    ]
