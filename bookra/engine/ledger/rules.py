"""The posting rules: which accounts each business fact moves, to the cent. Pure.

The names in brackets are the rows of the table in ``docs/money.md``. Fees are those of Stripe's
balance transaction, never computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bookra.engine.ledger import chart
from bookra.engine.ledger.entry import Draft, Posting
from bookra.money import allocate, share


@dataclass(frozen=True, slots=True)
class Sale:
    """What one booking line sells. ``staff`` is a slug, amounts are minor units."""

    line_id: UUID
    staff: str
    net_minor: int
    tax_minor: int
    tax_bps: int


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment of a whole booking. ``key`` is the fact's own: a charge, a till receipt."""

    key: str
    booking_id: UUID
    currency: str
    effective_at: datetime
    sales: Sequence[Sale]
    tip_minor: int = 0


@dataclass(frozen=True, slots=True)
class StripeMovement:
    """A balance transaction. ``amount = net + stripe_fee + application_fee``, signs as Stripe's."""

    key: str
    type: str
    currency: str
    effective_at: datetime
    amount_minor: int
    stripe_fee_minor: int
    application_fee_minor: int
    booking_id: UUID | None = None

    @property
    def net_minor(self) -> int:
        """What the movement adds to Stripe's balance."""
        return self.amount_minor - self.stripe_fee_minor - self.application_fee_minor


CHARGED = frozenset({"charge", "payment"})
REFUNDED = frozenset({"refund", "payment_refund"})


def card_payment(payment: Payment) -> Draft:
    """Post a card payment [A1]: clearing against services, tax and tips."""
    return _sale(payment, "card_payment", chart.CLEARING)


def cash_payment(payment: Payment) -> Draft:
    """Post a cash payment [A4]: the drawer against services, tax and tips."""
    return _sale(payment, "cash_payment", chart.DRAWER)


def _sale(payment: Payment, kind: str, money_account: str) -> Draft:
    weights = [sale.net_minor + sale.tax_minor for sale in payment.sales]
    tips = allocate(payment.tip_minor, weights)
    postings = []
    for sale, tip in zip(payment.sales, tips, strict=True):
        postings += [
            Posting(chart.SERVICES, -sale.net_minor, sale.line_id),
            Posting(chart.tax(sale.tax_bps), -sale.tax_minor, sale.line_id),
            Posting(chart.tips(sale.staff), -tip, sale.line_id),
        ]
    received = Posting(money_account, sum(weights) + payment.tip_minor)
    return Draft(
        payment.key,
        kind,
        payment.effective_at,
        payment.currency,
        tuple(posting for posting in (received, *postings) if posting.amount_minor),
        payment.booking_id,
    )


def late_payment(payment: Payment, amount_minor: int) -> Draft:
    """Post money for a visit that can't take place any more: it is owed back at once."""
    return Draft(
        payment.key,
        "late_payment",
        payment.effective_at,
        payment.currency,
        (Posting(chart.CLEARING, amount_minor), Posting(chart.REFUNDS_OWED, -amount_minor)),
        payment.booking_id,
    )


def late_payment_refund(
    key: str, booking_id: UUID, currency: str, effective_at: datetime, amount_minor: int
) -> Draft:
    """Post the refund of a late payment: what was owed back is on its way."""
    return Draft(
        key,
        "late_payment_refund",
        effective_at,
        currency,
        (Posting(chart.REFUNDS_OWED, amount_minor), Posting(chart.CLEARING, -amount_minor)),
        booking_id,
    )


def balance_transaction(movement: StripeMovement) -> Draft:
    """Post what Stripe moved [A2, C2]: the net reaches the balance, the fees are expenses.

    The other side is clearing for charges and refunds, in-transit for payouts, and suspense for
    a type that no rule knows: it is never dropped, and the reconciliation names it.
    """
    if movement.type in CHARGED | REFUNDED:
        against = chart.CLEARING
    elif movement.type == "payout":
        against = chart.IN_TRANSIT
    else:
        against = chart.SUSPENSE
    postings = (
        Posting(chart.AVAILABLE, movement.net_minor),
        Posting(chart.STRIPE_FEES, movement.stripe_fee_minor),
        Posting(chart.PLATFORM_FEES, movement.application_fee_minor),
        Posting(against, -movement.amount_minor),
    )
    return Draft(
        movement.key,
        f"stripe_{movement.type}",
        movement.effective_at,
        movement.currency,
        tuple(posting for posting in postings if posting.amount_minor),
        movement.booking_id,
    )


def commission_minor(net_minor: int, rate_bps: int) -> int:
    """Return the commission on a line: after discount, without tax, rounded half up."""
    return share(net_minor, rate_bps)


def commission(
    sale: Sale, amount_minor: int, booking_id: UUID, currency: str, effective_at: datetime
) -> Draft:
    """Post a line's commission [A3]: an expense against what the staff member is owed."""
    return Draft(
        f"commission:{sale.line_id}",
        "commission",
        effective_at,
        currency,
        (
            Posting(chart.COMMISSION_EXPENSE, amount_minor, sale.line_id),
            Posting(chart.commission(sale.staff), -amount_minor, sale.line_id),
        ),
        booking_id,
    )
