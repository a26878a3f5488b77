"""Bought value: gift cards and packages are owed until they are used, or expire. Pure.

Using them is a payment as any other (``sales``), by the tender ``gift-card`` or ``package``.
"""

from __future__ import annotations

from bookra.engine.ledger import chart
from bookra.engine.ledger.entry import Draft, Posting
from bookra.engine.ledger.rules.sales import Fact, Tender

OWED_ON = {
    "gift-card": chart.GIFT_CARDS,
    "package": chart.PACKAGES,
    "membership": chart.PACKAGES,
}
"""The kind of an order, and the account on which its value is owed."""


def value_sold(fact: Fact, tender: Tender, order_kind: str) -> Draft:
    """Post the sale of a gift card [E], a package [F] or a member's period."""
    return fact.draft(
        tender.kind, *tender.postings(), Posting(OWED_ON[order_kind], -tender.amount_minor)
    )


def expired(fact: Fact, account: str, amount_minor: int) -> Draft:
    """Post what nobody will use any more: breakage."""
    return fact.draft(
        "breakage", Posting(account, amount_minor), Posting(chart.BREAKAGE, -amount_minor)
    )


def membership_earned(fact: Fact, amount_minor: int, tax_minor: int = 0, tax_bps: int = 0) -> Draft:
    """Post a member's period that is over and had no visits in it: its price is earned.

    ``amount_minor`` holds the tax.
    """
    return fact.draft(
        "membership_earned",
        Posting(chart.PACKAGES, amount_minor),
        Posting(chart.MEMBERSHIPS, tax_minor - amount_minor),
        Posting(chart.tax(tax_bps), -tax_minor),
    )
