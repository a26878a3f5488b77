"""A storm of 429 and 503 passes over; one business's revoked token stops that business alone.

Scenario of the fault list: Retry-After is kept, one tenant's breaker opens, the others drain.
"""

from __future__ import annotations

import pytest
from connected import Connected, connect, live_salon
from databases import Database
from sqlalchemy import Engine as Pool

from bookra.config import Settings
from bookra.engine.bookings.model import Status
from bookra.engine.outbox.breakers import Breaker, breakers
from bookra.engine.tenancy.providers import ProviderAccount, account, set_account
from bookra.engine.tenancy.vault import Vault


@pytest.fixture
def sol(luna: Connected, database: Database, pool: Pool, settings: Settings) -> Connected:
    """Another salon beside Luna, with accounts of its own at the same stand-ins."""
    return connect(live_salon(database, pool, "sol"), settings, luna.url)


def stripe_breaker(salon: Connected) -> str:
    """Return the state of the business's breaker for Stripe; closed where it has none."""
    found: list[Breaker] = salon.salon.ask(breakers)
    return next((each.state for each in found if each.destination == "stripe"), "closed")


def test_a_revoked_token_parks_one_business_and_one_command_mends_it(
    luna: Connected, sol: Connected
) -> None:
    luna.outside.fault("stripe", "revoked", account=luna.stripe.id)
    held, other = luna.book_with_link(), sol.book_with_link()
    luna.drain()
    assert (stripe_breaker(luna), stripe_breaker(sol)) == ("parked", "closed")
    known = luna.salon.ask(lambda tx: account(tx, "stripe"))
    assert known is not None
    assert known.state == "refused"
    assert sol.booking(other).payment_url is not None
    assert luna.booking(held).payment_url is None
    luna.outside.fault("stripe", off=True)
    config = {"account": luna.stripe.id, "platform_fee_percent": "1"}
    again = ProviderAccount("stripe", sandbox=True, config=config)
    vault = Vault(luna.settings.key_file)
    luna.salon.act(lambda tx: set_account(tx, vault, again, {"token": luna.stripe.secret_key}))
    assert stripe_breaker(luna) == "closed"
    luna.drain_past_failures()
    luna.pay(held)
    sol.pay(other)
    luna.drain_past_failures()
    assert luna.booking(held).status is sol.booking(other).status is Status.CONFIRMED
    for salon in (luna, sol):
        salon.prove_the_money()


def test_a_token_that_works_again_by_itself_is_found_out_by_the_next_poll(
    luna: Connected,
) -> None:
    luna.outside.fault("stripe", "revoked")
    held = luna.book_with_link()
    luna.drain()
    assert stripe_breaker(luna) == "parked"
    luna.outside.fault("stripe", off=True)
    luna.poll()
    assert stripe_breaker(luna) == "closed"
    luna.drain_past_failures()
    assert luna.booking(held).payment_url is not None


@pytest.mark.parametrize("kind", ["429", "500", "500-after", "drop-after", "html"])
def test_a_storm_that_hits_half_of_all_requests_ends_with_each_effect_once(
    luna: Connected, kind: str
) -> None:
    luna.outside.fault("stripe", kind, rate=0.5)
    visits = [luna.book_with_link(index) for index in range(2)]
    luna.drain()
    luna.outside.fault("stripe", off=True)
    luna.drain_past_failures()
    for visit in visits:
        luna.pay(visit)
    luna.drain_past_failures()
    for visit in visits:
        assert luna.booking(visit).status is Status.CONFIRMED
        assert luna.seen(visit)["sessions"] == 1
    assert luna.outside.show(account=luna.stripe.id)["stripe"]["charges"] == 2
    luna.prove_the_money()


def test_a_rate_limit_slows_the_relay_and_loses_nothing(luna: Connected) -> None:
    luna.outside.fault("stripe", "rate-limit", per_second=1)
    visit = luna.book_with_link()
    luna.drain()
    assert {row.error_class for row in luna.rows("ready")} <= {"throttle"}
    luna.outside.fault("stripe", off=True)
    luna.drain_past_failures()
    luna.pay(visit)
    luna.drain_past_failures()
    assert luna.booking(visit).status is Status.CONFIRMED
    luna.prove_the_money()
