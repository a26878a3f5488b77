"""What a transfer between two accounts means in a report on revenue. Pure.

A report adds up transfers by the accounts that they debit and credit; this module says which of
its columns such a pair moves. So each column is a set of accounts, and adds up to their balances.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache

from bookra.engine.ledger import chart

SETTLING_KINDS = ("pay_run", "chair_rent_paid")
"""Entries in which staff are paid what they are owed already: no sale moves in them."""

SELLING_KINDS = (*chart.PAYMENT_KINDS.values(), "sale")
"""Entries in which the price of a visit becomes revenue."""

MONEY = frozenset({chart.CLEARING, chart.DRAWER, chart.TERMINAL})
"""Where customers' money arrives."""

SOLD = (chart.SERVICES, chart.PRODUCTS)
"""The income that the recognised price of a visit is posted to."""

METHODS = {
    chart.CLEARING: "card",
    chart.AVAILABLE: "card",
    chart.DRAWER: "cash",
    chart.TERMINAL: "terminal",
    chart.GIFT_CARDS: "gift-card",
    chart.PACKAGES: "package",
    chart.DEPOSITS: "deposit",
    chart.RECEIVABLE: "on-account",
}
"""What settled a sale, by account; the more telling one first where a transfer has two."""

DISPUTES = frozenset({chart.DISPUTED, chart.DISPUTE_FEES})
"""Where what a customer's bank takes out of Stripe's balance goes, with its fee."""

_CUSTOMERS = frozenset(
    {
        chart.DEPOSITS,
        chart.GIFT_CARDS,
        chart.PACKAGES,
        chart.RECEIVABLE,
        chart.REFUNDS_OWED,
    }
)
_OWN_COLUMNS = {
    chart.DISCOUNTS: ("discounts", -1),
    chart.REFUNDS: ("refunds", -1),
    chart.STRIPE_FEES: ("stripe_fees", -1),
    chart.PLATFORM_FEES: ("platform_fees", -1),
    chart.COMMISSION_EXPENSE: ("commissions", -1),
}
"""The column of an account, and by which sign a credit moves it."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The columns of a report on revenue, in minor units.

    ``gross`` is income before discounts; ``collected`` is customers' money in less money back,
    tips included, ``by_card`` the part of it that Stripe holds; ``disputes`` is what customers'
    banks have taken of that, with their fees, and not given back.
    """

    gross: int = 0
    discounts: int = 0
    refunds: int = 0
    tax: int = 0
    tips: int = 0
    collected: int = 0
    by_card: int = 0
    stripe_fees: int = 0
    platform_fees: int = 0
    disputes: int = 0
    commissions: int = 0

    @property
    def net(self) -> int:
        """Income after discounts and refunds, without tax and tips."""
        return self.gross - self.discounts - self.refunds

    @property
    def payout(self) -> int:
        """What is left of the money taken by card for the payout: less fees and disputes."""
        return self.by_card - self.stripe_fees - self.platform_fees - self.disputes

    def __add__(self, other: Figures) -> Figures:
        return Figures(*(getattr(self, n) + getattr(other, n) for n in COLUMNS))

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in COLUMNS)


COLUMNS = tuple(column.name for column in fields(Figures))


def figures_of(debit: str, credit: str, amount_minor: int) -> Figures:
    """Return what ``amount_minor`` moved from ``credit`` to ``debit`` means."""
    signs = effects(debit, credit)
    return Figures(**{name: sign * amount_minor for name, sign in signs.items()})


@cache
def effects(debit: str, credit: str) -> Mapping[str, int]:
    """Return the columns that a transfer moves, each by plus or minus its amount."""
    signs: dict[str, int] = {}
    for code, side in ((credit, 1), (debit, -1)):
        column, sign = _column(code)
        if column:
            signs[column] = signs.get(column, 0) + side * sign
    taken = _taken(debit, credit)
    if taken:
        signs["collected"] = taken
    if taken and {debit, credit} & {chart.CLEARING, chart.AVAILABLE}:
        signs["by_card"] = taken
    if chart.AVAILABLE in (debit, credit) and {debit, credit} & DISPUTES:
        signs["disputes"] = 1 if credit == chart.AVAILABLE else -1
    return signs


def method_of(debit: str, credit: str) -> str:
    """Return what a transfer was settled with, or the account that says most where nothing was."""
    for sides in (MONEY | {chart.AVAILABLE}, METHODS):
        for code in (debit, credit):
            if code in sides:
                return METHODS[code]
    return telling_account(debit, credit)


def telling_account(debit: str, credit: str) -> str:
    """Return which account says what a transfer is about: expense, income, then the rest."""
    for prefix in ("expenses:", "income:"):
        for code in (debit, credit):
            if code.startswith(prefix):
                return code
    return credit if debit in METHODS else debit


def _column(code: str) -> tuple[str, int]:
    if code in _OWN_COLUMNS:
        return _OWN_COLUMNS[code]
    if code.startswith("income:"):
        return "gross", 1
    if code.startswith(chart.TAX_PREFIX):
        return "tax", 1
    if code.startswith(chart.TIPS_PREFIX):
        return "tips", 1
    return "", 0


def _taken(debit: str, credit: str) -> int:
    """Tell whether a transfer takes customers' money (1), gives it back (-1), or neither (0).

    A refund that failed later came back to Stripe's balance, past the clearing.
    """
    if (debit, credit) == (chart.AVAILABLE, chart.REFUNDS_OWED):
        return 1
    if debit in MONEY and _customers(credit):
        return 1
    return -1 if credit in MONEY and _customers(debit) else 0


def _customers(code: str) -> bool:
    is_price = code.startswith(("income:", chart.TAX_PREFIX, chart.TIPS_PREFIX))
    return code in _CUSTOMERS or (is_price and code != chart.CHAIR_RENT)
