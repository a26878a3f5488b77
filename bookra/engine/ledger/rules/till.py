"""The cash drawer and the bank's statement. Pure."""

from __future__ import annotations

from bookra.engine.ledger import chart
from bookra.engine.ledger.entry import Draft, Posting
from bookra.engine.ledger.rules.sales import Fact


def brought(fact: Fact, amount_minor: int) -> Draft:
    """Post cash brought from the bank to the drawer; negative: taken to the bank."""
    return fact.draft(
        "drawer_bank", Posting(chart.DRAWER, amount_minor), Posting(chart.BANK, -amount_minor)
    )


def spent(fact: Fact, amount_minor: int) -> Draft:
    """Post a small expense that was paid out of the drawer."""
    return fact.draft(
        "petty_cash",
        Posting(chart.PETTY_CASH, amount_minor),
        Posting(chart.DRAWER, -amount_minor),
    )


def counted(fact: Fact, difference_minor: int) -> Draft:
    """Post the difference of a count [K]: counted less expected, negative when short."""
    return fact.draft(
        "drawer_difference",
        Posting(chart.OVER_SHORT, -difference_minor),
        Posting(chart.DRAWER, difference_minor),
    )


def terminal_received(fact: Fact, amount_minor: int, fee_minor: int = 0) -> Draft:
    """Post what the external card terminal's acquirer paid into the bank, less its fee."""
    return fact.draft(
        "terminal_received",
        Posting(chart.BANK, amount_minor - fee_minor),
        Posting(chart.TERMINAL_FEES, fee_minor),
        Posting(chart.TERMINAL, -amount_minor),
    )
