"""What Stripe moved, by balance transaction, and what follows without one. Pure.

Fees are those of the balance transaction, never computed here. A payment [A1] and its balance
transaction [A2] commute: clearing back at zero proves that both arrived.
"""

from __future__ import annotations

from dataclasses import dataclass

from bookra.engine.ledger import chart
from bookra.engine.ledger.entry import Draft, Posting
from bookra.engine.ledger.rules.sales import Fact


@dataclass(frozen=True, slots=True)
class StripeMovement:
    """A balance transaction. ``amount = net + stripe_fee + application_fee``, signs as Stripe's.

    ``category`` is Stripe's reporting category: it tells adjustments apart.
    """

    fact: Fact
    type: str
    amount_minor: int
    stripe_fee_minor: int
    application_fee_minor: int
    category: str = ""

    @property
    def net_minor(self) -> int:
        """What the movement adds to Stripe's balance."""
        return self.amount_minor - self.stripe_fee_minor - self.application_fee_minor


AGAINST = {
    "charge": chart.CLEARING,
    "payment": chart.CLEARING,
    "refund": chart.CLEARING,
    "payment_refund": chart.CLEARING,
    "refund_failure": chart.REFUNDS_OWED,
    "payment_failure_refund": chart.REFUNDS_OWED,
    "payout": chart.IN_TRANSIT,
    "payout_cancel": chart.IN_TRANSIT,
    "payout_failure": chart.IN_TRANSIT,
    "stripe_fee": chart.STRIPE_FEES,
    "application_fee": chart.PLATFORM_FEES,
    "application_fee_refund": chart.PLATFORM_FEES,
}
"""The other side of each type of balance transaction (docs.stripe.com/reports/
balance-transaction-types)."""

DISPUTES = frozenset({"dispute", "dispute_reversal"})


def against(type_: str, category: str) -> str:
    """Return the other side of a movement; suspense for one that no rule knows."""
    if type_ == "adjustment" and category in DISPUTES:
        return chart.DISPUTED
    return AGAINST.get(type_, chart.SUSPENSE)


def is_known(type_: str, category: str) -> bool:
    """Tell whether a rule knows such a movement."""
    return against(type_, category) != chart.SUSPENSE


def balance_transaction(movement: StripeMovement) -> Draft:
    """Post what Stripe moved [A2, C2, G, I]: the net reaches the balance, fees are expenses.

    A type that no rule knows goes to suspense: it is never dropped, and the proof names it.
    """
    disputed = movement.category in DISPUTES and movement.type == "adjustment"
    fees = chart.DISPUTE_FEES if disputed else chart.STRIPE_FEES
    return movement.fact.draft(
        f"stripe_{movement.type}",
        Posting(chart.AVAILABLE, movement.net_minor),
        Posting(fees, movement.stripe_fee_minor),
        Posting(chart.PLATFORM_FEES, movement.application_fee_minor),
        Posting(against(movement.type, movement.category), -movement.amount_minor),
    )


def dispute_lost(fact: Fact, amount_minor: int) -> Draft:
    """Post a dispute that was lost [G]: what the bank took stays away."""
    return fact.draft(
        "dispute_lost",
        Posting(chart.DISPUTE_LOSSES, amount_minor),
        Posting(chart.DISPUTED, -amount_minor),
    )


def payout_received(fact: Fact, amount_minor: int) -> Draft:
    """Post a payout that the bank's statement shows [I]."""
    return fact.draft(
        "payout_received",
        Posting(chart.BANK, amount_minor),
        Posting(chart.IN_TRANSIT, -amount_minor),
    )
