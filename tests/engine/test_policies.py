"""Policies by version, what a booking was made under, its fees, and the deposits of services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from factories import Salon
from racing import outcome, together
from selling import crowded, eur, refusal

from bookra.engine.bookings.model import Booking
from bookra.engine.catalog.actions import set_service
from bookra.engine.prices import deposits, policies
from bookra.engine.prices.booking import book
from bookra.engine.prices.discounts import discount_by_hand
from bookra.engine.prices.policy import LATE_CANCEL, NO_SHOW, Fee, Policy
from bookra.engine.runtime import Tx

SLOT = "2026-11-24 10:00"
HALF, TWENTY = Fee(bps=5000), Fee(minor=2000)


def set_to(body: str, late: Fee | None = None, absent: Fee | None = None) -> Callable[[Tx], Policy]:
    return lambda tx: policies.set_policy(tx, body, 1440, late, absent)


def test_a_booking_keeps_the_version_that_it_was_made_under(salon: Salon) -> None:
    before = salon.book(SLOT)
    first = salon.act(set_to("Half of it.", HALF, TWENTY))
    kept = salon.book("2026-11-24 12:00")
    assert salon.act(set_to("Half of it.", HALF, TWENTY)) == first
    second = salon.later(minutes=1).act(set_to("All of it.", Fee(bps=10_000)))
    late = salon.later(minutes=2).book("2026-11-24 14:00")
    assert [first.version, second.version] == [1, 2]
    under = [
        salon.ask(lambda tx, each=each: policies.of(tx, each)) for each in (before, kept, late)
    ]
    assert under == [None, first, second]
    assert salon.later(minutes=2).ask(policies.current) == second
    assert salon.ask(lambda tx: policies.version(tx, 1)).body == "Half of it."
    missing = lambda tx: policies.version(tx, 3)  # noqa: E731
    assert refusal(lambda: salon.ask(missing)) == "unknown_policy"


@pytest.mark.parametrize(
    ("late", "absent", "expected"),
    [
        (HALF, TWENTY, (2250, 2000)),
        (None, Fee(bps=10_000), (0, 4500)),
        (Fee(minor=99_999), Fee(bps=3333), (4500, 1500)),
    ],
)
def test_a_fee_is_a_share_of_the_price_or_an_amount_and_never_more_than_it(
    salon: Salon, late: Fee | None, absent: Fee | None, expected: tuple[int, int]
) -> None:
    policy = salon.act(set_to("Text", late, absent))
    booking = salon.book(SLOT)
    fees = [policies.fee(policy, kind, booking) for kind in (LATE_CANCEL, NO_SHOW)]
    assert fees == [eur(minor) for minor in expected]
    assert policy.is_late(booking.starts_at, booking.starts_at - timedelta(hours=23))


def test_an_acceptance_is_noted_with_how_it_was_given(salon: Salon) -> None:
    accepted = replace(salon.request(SLOT), policy_accepted="phone")
    assert refusal(lambda: salon.act(lambda tx: book(tx, accepted))) == "no_policy"
    policy = salon.act(set_to("Text"))
    booked = salon.act(lambda tx: book(tx, accepted))
    assert (booked.policy_id, booked.policy_accepted_at) == (policy.id, salon.now)
    odd = replace(salon.request("2026-11-24 12:00"), policy_accepted="pigeon")
    assert refusal(lambda: salon.act(lambda tx: book(tx, odd))) == "bad_acceptance"
    assert salon.book("2026-11-24 12:00").policy_accepted_at is None


def test_versions_have_numbers_of_their_own_however_many_set_one(salon: Salon) -> None:
    crowd = crowded(salon, 6)
    found = together([lambda n=n: outcome(crowd, set_to(f"Version of {n}")) for n in range(6)])
    crowd.pool.dispose()
    assert found == ["done"] * 6
    assert salon.ask(policies.version).version == 6


@pytest.mark.parametrize("body", ["", "  \n", "x" * 20_001])
def test_a_policy_has_a_text(salon: Salon, body: str) -> None:
    assert refusal(lambda: salon.act(set_to(body))) == "bad_text"


def test_a_deposit_is_what_the_services_demand_of_the_price_after_discount(salon: Salon) -> None:
    def required(booking: Booking) -> int:
        return salon.ask(lambda tx: deposits.required(tx, salon.booking(booking.code))).minor

    booking = salon.book(SLOT)
    assert required(booking) == 0
    salon.act(lambda tx: set_service(tx, "cut", {"deposit_bps": 2000}))
    assert required(booking) == 900
    salon.act(lambda tx: discount_by_hand(tx, booking.code, bps=5000))
    assert required(booking) == 450
    salon.act(lambda tx: set_service(tx, "cut", {"deposit_bps": None, "deposit_minor": 9999}))
    assert required(booking) == 2250
    both = lambda tx: set_service(tx, "cut", {"deposit_bps": 1, "deposit_minor": 1})  # noqa: E731
    assert refusal(lambda: salon.act(both)) == "bad_deposit"
