"""Money that goes back: refunds by the way it came, fees of Stripe, what is owed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bookra.engine.ledger import chart
from bookra.engine.ledger.entry import Draft, Posting
from bookra.engine.ledger.rules.sales import Fact, Sale, returned

REFUND_KINDS = {
    "card": "card_refund",
    "cash": "cash_refund",
    "terminal": "terminal_refund",
    "gift-card": "gift_card_refund",
    "package": "package_refund",
}
"""The way that money goes back, and the kind of the entry that says so."""


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What a refund takes back: of the price line by line, of deposits, of tips by staff slug.

    ``others`` by account: a fee that was kept, bought value, or what was never paid.
    """

    method: str
    sales: Sequence[Sale]
    deposits_minor: int
    tips: Mapping[str, int]
    others: Mapping[str, int] = field(default_factory=dict)

    @property
    def total_minor(self) -> int:
        """What the customer gets."""
        price = sum(sale.gross_minor for sale in self.sales)
        rest = sum(self.tips.values()) + sum(self.others.values())
        return price + self.deposits_minor + rest


def refund(fact: Fact, given: GivenBack) -> Draft:
    """Post a refund [C1]: net and tax, deposits, and tips only where they are given back too."""
    return fact.draft(
        REFUND_KINDS[given.method],
        *returned(given.sales),
        Posting(chart.DEPOSITS, given.deposits_minor),
        *(Posting(chart.tips(staff), tip) for staff, tip in given.tips.items()),
        *(Posting(account, amount) for account, amount in given.others.items()),
        Posting(chart.TENDERS[given.method], -given.total_minor),
    )


def late_payment_refund(fact: Fact, amount_minor: int) -> Draft:
    """Post the refund of a late payment: what was owed back is on its way."""
    return fact.draft(
        "late_payment_refund",
        Posting(chart.REFUNDS_OWED, amount_minor),
        Posting(chart.CLEARING, -amount_minor),
    )


def refund_given_up(fact: Fact, amount_minor: int) -> Draft:
    """Post a refund that failed before it moved anything: what was on its way is owed."""
    return fact.draft(
        "refund_given_up",
        Posting(chart.CLEARING, amount_minor),
        Posting(chart.REFUNDS_OWED, -amount_minor),
    )


def owed_paid_out(fact: Fact, method: str, amount_minor: int) -> Draft:
    """Post what was owed after a failed refund and is given in another way."""
    return fact.draft(
        "owed_refund",
        Posting(chart.REFUNDS_OWED, amount_minor),
        Posting(chart.TENDERS[method], -amount_minor),
    )
