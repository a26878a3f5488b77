"""Money as integer minor units and a currency. No float ever enters, no bare int leaves.

The number of decimal places of a currency is ISO 4217's; ``STRIPE_TWO_DECIMAL`` names the two
currencies where Stripe's wire format differs from it (https://docs.stripe.com/currencies).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bookra.errors import InvalidInputError

BPS = 10_000
"""Basis points in a whole: a rate of 8 % is 800."""

ZERO_DECIMAL = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()
)
THREE_DECIMAL = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
STRIPE_TWO_DECIMAL = frozenset({"ISK", "UGX"})

STRIPE_SMALLEST = {
    "AED": 200, "BGN": 100, "CZK": 1500, "DKK": 250, "GBP": 30, "HKD": 400, "HUF": 17500,
    "MXN": 1000, "MYR": 200, "NOK": 300, "PLN": 200, "RON": 200, "SEK": 300, "THB": 1000,
}  # fmt: skip
"""Where Stripe's smallest charge isn't 50 minor units (https://docs.stripe.com/currencies)."""

STRIPE_LARGEST = 99_999_999
"""Stripe takes eight digits for an amount, whatever the currency."""

_AMOUNT = re.compile(r"(\d{1,12})(?:\.(\d+))?")


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in a currency's minor units; may be negative."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} can't be added")
        return other

    def __str__(self) -> str:
        """Return plain text with all decimal places and the code: ``45.00 EUR``."""
        return f"{format_minor(self.minor, self.currency)} {self.currency}"


def exponent(currency: str) -> int:
    """Return the decimal places of ``currency`` (ISO 4217): JPY 0, EUR 2, KWD 3."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def format_minor(minor: int, currency: str) -> str:
    """Return ``minor`` as a decimal string without a symbol: ``-12.50``."""
    places = exponent(currency)
    sign, digits = ("-" if minor < 0 else ""), str(abs(minor)).rjust(places + 1, "0")
    return sign + (digits if not places else f"{digits[:-places]}.{digits[-places:]}")


def parse_amount(text: str, currency: str) -> Money:
    """Read ``45`` or ``45.50``: a dot, and at most the currency's decimal places.

    Raises InvalidInputError (``bad_amount``) that quotes the text.
    """
    found = _AMOUNT.fullmatch(text.strip())
    places = exponent(currency)
    if found is None or len(found[2] or "") > places:
        example = format_minor(4500 if places else 45, currency)
        raise InvalidInputError(
            "bad_amount",
            f"'{text}' is not an amount in {currency}",
            hint=f"Write digits with a dot and at most {places} decimal places: {example}",
        )
    fraction = (found[2] or "").ljust(places, "0")
    return Money(int(found[1] + fraction), currency)


def rate_bps(text: str) -> int:
    """Read a percentage such as ``40`` or ``7.5`` into basis points (0 to 10,000)."""
    found = re.fullmatch(r"(\d{1,3})(?:\.(\d{1,2}))?", text.strip().removesuffix("%").strip())
    bps = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else -1
    if not 0 <= bps <= BPS:
        raise InvalidInputError(
            "bad_percent",
            f"'{text}' is not a percentage from 0 to 100",
            hint="Write it with a dot and at most two decimal places: 7.5",
        )
    return bps


def share(minor: int, bps: int) -> int:
    """Return ``bps`` of ``minor``, rounded half away from zero, exactly and sign-symmetrically."""
    whole = abs(minor) * bps
    rounded = (whole * 2 + BPS) // (2 * BPS)
    return rounded if minor >= 0 else -rounded


def included_tax(gross_minor: int, bps: int) -> int:
    """Return the tax inside an inclusive price: ``gross × rate / (1 + rate)``, rounded.

    99.99 at 20 % holds 16.67 by rounding half up of 16.665; the ledger keeps
    ``gross − round(gross / 1.2)`` so that the net price is the rounded figure: 16.66.
    """
    sign = 1 if gross_minor >= 0 else -1
    gross = abs(gross_minor)
    net = (gross * BPS * 2 + (BPS + bps)) // (2 * (BPS + bps))
    return sign * (gross - net)


def allocate(minor: int, weights: Sequence[int]) -> list[int]:
    """Split ``minor`` by ``weights`` with largest remainders; earliest share wins a tie.

    The parts always sum to ``minor``; the split of ``-minor`` is the negative of this one.
    All weights zero splits evenly.
    """
    if not weights:
        raise ValueError("nothing to allocate to")
    parts = list(weights) if any(weights) else [1] * len(weights)
    total, amount = sum(parts), abs(minor)
    shares = [amount * part // total for part in parts]
    rest = amount - sum(shares)
    by_remainder = sorted(range(len(parts)), key=lambda i: (-(amount * parts[i] % total), i))
    for index in by_remainder[:rest]:
        shares[index] += 1
    return shares if minor >= 0 else [-part for part in shares]


def stripe_step(currency: str) -> int:
    """Return of how many minor units all that Stripe moves is a multiple.

    Of three decimal places the last must be a zero (https://docs.stripe.com/currencies).
    """
    return 10 if currency in THREE_DECIMAL else 1


def stripe_smallest(currency: str) -> Money:
    """Return the least that Stripe charges; a refund may be less."""
    return Money(STRIPE_SMALLEST.get(currency, 50), currency)


def chargeable(wanted: Money) -> Money:
    """Return how much of ``wanted`` a card can be charged: whole steps, nothing below the least."""
    whole = Money(wanted.minor - wanted.minor % stripe_step(wanted.currency), wanted.currency)
    return whole if whole.minor >= stripe_smallest(wanted.currency).minor else whole - whole


def to_stripe(money: Money) -> int:
    """Return the integer that Stripe's API expects for ``money``."""
    return money.minor * 100 if money.currency in STRIPE_TWO_DECIMAL else money.minor


def from_stripe(amount: int, currency: str) -> Money:
    """Return Stripe's integer ``amount`` (currency in any case) as Money."""
    code = currency.upper()
    if code not in STRIPE_TWO_DECIMAL:
        return Money(amount, code)
    if amount % 100:
        raise ValueError(f"Stripe moved a fraction of a {code}: {amount}")
    return Money(amount // 100, code)
