"""What Stripe takes as an amount: its currencies' smallest charge and their odd wire formats."""

from __future__ import annotations

from bookra.money import (
    STRIPE_LARGEST,
    STRIPE_TWO_DECIMAL,
    format_minor,
    stripe_smallest,
    stripe_step,
    to_stripe,
)
from bookra.sandbox.stripe.errors import bad_parameter
from bookra.sandbox.stripe.forms import Integer
from bookra.sandbox.stripe.store import Call, find

AMOUNT = Integer(0, STRIPE_LARGEST)
APPLICATION_FEE = Integer(1, STRIPE_LARGEST)
"""A platform that takes nothing leaves the parameter out."""


def check_charge(call: Call, amount: int, currency: str, param: str) -> None:
    """Refuse an amount that Stripe would not charge, or a currency that would be converted."""
    if currency != currency.lower() or len(currency) != 3 or not currency.isalpha():
        raise bad_parameter(f"Invalid currency: {currency}.", "currency")
    settles_in = find(call, "account", call.account)["default_currency"]
    if currency != settles_in:
        raise bad_parameter(
            f"This account settles in {settles_in}; the sandbox does not convert {currency}.",
            "currency",
        )
    check_step(amount, currency, param)
    smallest = stripe_smallest(currency.upper())
    if amount < to_stripe(smallest):
        raise bad_parameter(
            f"Amount must be at least {format_minor(smallest.minor, smallest.currency)} {currency}",
            param,
            "amount_too_small",
        )


def check_step(amount: int, currency: str, param: str) -> None:
    """Refuse a fraction of what Stripe moves of a currency: charges and refunds alike."""
    code = currency.upper()
    step = 100 if code in STRIPE_TWO_DECIMAL else stripe_step(code)
    if amount % step:
        raise bad_parameter(
            f"Invalid {param}: amounts in {code} must be divisible by {step}.", param
        )


def check_application_fee(call: Call, fee: int | None, amount: int, param: str) -> None:
    """Refuse a platform's fee outside a direct charge, or one above the amount."""
    if fee is None:
        return
    if not call.connected:
        raise bad_parameter(
            "Can only apply an application_fee_amount when the PaymentIntent is attempting a "
            "direct payment (using an OAuth key or Stripe-Account header) or destination payment "
            "(using `transfer_data[destination]`).",
            param,
        )
    if fee > amount:
        raise bad_parameter("Your application fee can not be greater than the amount.", param)
