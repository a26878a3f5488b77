"""Amounts that Stripe moves: refused here, in words, and not later by the relay's call.

A payment has a least, every amount a most and a step (https://docs.stripe.com/currencies).
"""

from __future__ import annotations

from bookra.errors import ConflictError
from bookra.money import STRIPE_LARGEST, Money, stripe_smallest, stripe_step, to_stripe


def check_amount(amount: Money, *, charges: bool, whole: bool) -> None:
    """Refuse an amount that Stripe would not move; raises ConflictError (``not_by_card``).

    ``charges`` tells a payment from a refund, which may be ever so small; ``whole`` that nothing
    of it can be paid in another way.
    """
    step, smallest = stripe_step(amount.currency), stripe_smallest(amount.currency)
    if amount.minor % step:
        raise _odd_step(amount, step, whole=whole)
    if charges and amount.minor < smallest.minor:
        raise ConflictError(
            "not_by_card",
            f"{amount} can't go by card: Stripe charges {smallest} at least",
            hint="Take it in cash, or ask for more at once",
            details={"amount_minor": amount.minor, "smallest_minor": smallest.minor},
        )
    if to_stripe(amount) > STRIPE_LARGEST:
        raise ConflictError(
            "not_by_card",
            f"{amount} can't go by card: Stripe takes amounts of eight digits at most",
            hint="Let it go in parts",
            details={"amount_minor": amount.minor},
        )


def _odd_step(amount: Money, step: int, *, whole: bool) -> ConflictError:
    below = amount - Money(amount.minor % step, amount.currency)
    return ConflictError(
        "not_by_card",
        f"{amount} can't go by card: "
        f"Stripe moves {amount.currency} in steps of {Money(step, amount.currency)}",
        hint=f"Let {below} go by card, and what is left in cash"
        if below and not whole
        else "Do it in cash",
        details={
            "currency": amount.currency,
            "step_minor": step,
            "amount_minor": amount.minor,
        },
    )
