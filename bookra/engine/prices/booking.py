"""Booking at a price: the visit, its promo code and the policy's acceptance in one transaction."""

from __future__ import annotations

from bookra.engine.bookings import booking as bookings
from bookra.engine.bookings.model import Booking
from bookra.engine.bookings.request import BookingRequest
from bookra.engine.prices import policies
from bookra.engine.prices.discounts import discount_by_promo
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError


def book(tx: Tx, request: BookingRequest) -> Booking:
    """Book a visit as ``bookings.booking.book`` does, and use the promo code that it names.

    Raises what that and ``discount_by_promo`` raise; InvalidInputError (``bad_acceptance``),
    ConflictError (``no_policy``) when an acceptance is to be noted and there is no policy.
    """
    if request.policy_accepted is not None:
        _check_acceptance(tx, request.policy_accepted)
    booked = bookings.book(tx, request)
    if request.promo is None:
        return booked
    return discount_by_promo(tx, booked.code, request.promo)


def _check_acceptance(tx: Tx, way: str) -> None:
    if way not in policies.accepted_ways:
        raise InvalidInputError(
            "bad_acceptance",
            f"'{way}' is not a way to accept a policy",
            hint=" or ".join(policies.accepted_ways),
        )
    if policies.current(tx) is None:
        raise ConflictError(
            "no_policy",
            "There is no policy to accept",
            hint="Set one: bookra tenant policy set --help",
        )
