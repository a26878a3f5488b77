"""What Stripe takes as an amount: its currencies' smallest charge and their odd wire formats."""

from __future__ import annotations

from bookra.money import STRIPE_TWO_DECIMAL, format_minor, stripe_step
from bookra.sandbox.stripe.errors import bad_parameter
from bookra.sandbox.stripe.forms import Integer
from bookra.sandbox.stripe.store import Call, find

AMOUNT = Integer(0, 99_999_999)
APPLICATION_FEE = Integer(1, 99_999_999)
"""A platform that takes nothing leaves the parameter out."""

SMALLEST = {
    "aed": 200, "bgn": 100, "czk": 1500, "dkk": 250, "gbp": 30, "hkd": 400, "huf": 17500,
    "mxn": 1000, "myr": 200, "nok": 300, "pln": 200, "ron": 200, "sek": 300, "thb": 1000,
}  # fmt: skip
"""Where the smallest charge isn't 50 minor units (https://docs.stripe.com/currencies)."""


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
    smallest = SMALLEST.get(currency, 50)
    if amount < smallest:
        raise bad_parameter(
            f"Amount must be at least {format_minor(smallest, currency.upper())} {currency}",
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
