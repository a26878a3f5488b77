"""Payments by their own logins, and many at once: rights suffice, and nothing is taken twice."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from factories import Salon
from paying import charge_for, operation_of
from racing import outcome, together
from sqlalchemy import text

from bookra.bootstrap import administration
from bookra.config import Settings
from bookra.engine.bookings.model import Status
from bookra.engine.database import open_pool
from bookra.engine.ledger.verify import verify
from bookra.engine.payments import cards, saved_cards
from bookra.engine.payments.asked import Asked
from bookra.engine.payments.cards import KeptCard
from bookra.engine.payments.links import Wish, request_link
from bookra.engine.payments.settling import settle_payment
from bookra.engine.payments.taking import book_with_saved_card, complete, take
from bookra.engine.prices.policies import set_policy
from bookra.engine.runtime import Tx, administrative_tx
from bookra.engine.tenancy.operators import add_operator
from bookra.money import Money

SLOT = "2026-11-24 10:00"
CARD = KeptCard("cus_1", "pm_1", "visa", "4242", None)
Result = TypeVar("Result")


@pytest.fixture
def online(salon: Salon, tmp_path: Path) -> Salon:
    """A salon with a Stripe account and a policy."""
    salon.connect_provider("stripe", tmp_path / "key")
    salon.act(lambda tx: set_policy(tx, "A no-show costs half.", 1440, None, None))
    return salon


@pytest.fixture
def desk(online: Salon, tmp_path: Path) -> Iterator[Salon]:
    """The salon as its front desk's own login sees it."""
    login, password = f"desk_{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    settings = Settings(home=tmp_path, database_url=online.database.admin_url)
    with administration(settings) as connection:
        tx = administrative_tx(connection, online.tenant)
        add_operator(connection, tx, login, "front-desk", password)
    pool = open_pool(online.database.seen_by(login, password).conninfo)
    yield replace(online, pool=pool).at(online.now)
    pool.dispose()


def as_relay(action: Callable[[Tx], Result]) -> Callable[[Tx], Result]:
    """Return the action with the relay's rights and no others."""

    def limited(tx: Tx) -> Result:
        tx.connection.execute(text("SET LOCAL ROLE bookra_relay"))
        return action(tx)

    return limited


def test_the_front_desk_takes_parts_asks_for_pages_and_ends_visits(desk: Salon) -> None:
    booked = desk.book(SLOT)
    part = Asked(Money(1000, "EUR"), Money(100, "EUR"))
    desk.act(lambda tx: take(tx, booked.code, "terminal", part, reference="4711"))
    desk.act(lambda tx: request_link(tx, booked.code, Wish(days=2, saves_card=True)))
    desk.act(lambda tx: saved_cards.request_setup(tx, booked.customer_id))
    assert desk.act(lambda tx: complete(tx, booked.code)).recognised_at is not None
    assert desk.act(lambda tx: take(tx, booked.code, "cash")).due.minor == 0


def test_the_relay_settles_keeps_a_card_and_frees_what_was_declined(
    online: Salon, desk: Salon
) -> None:
    rosa = desk.customer(phone="030 901820")
    booked = desk.book(SLOT, customer=rosa)
    desk.act(lambda tx: request_link(tx, booked.code))
    wanted, charge = operation_of(online, booked), charge_for(online, booked)
    assert online.act(as_relay(lambda tx: settle_payment(tx, wanted, charge))) == "paid"
    assert online.booking(booked.code).policy_accepted_at is not None
    assert online.act(as_relay(lambda tx: cards.keep(tx, booked.customer_id, CARD)))
    other = desk.request("2026-11-24 12:00", customer=rosa)
    held = desk.act(lambda tx: book_with_saved_card(tx, other))
    asked = operation_of(online, held, "saved-card")
    declined = as_relay(lambda tx: saved_cards.declined(tx, asked, "card_declined"))
    assert [online.act(declined) for _ in range(2)] == ["declined", "known"]
    assert online.booking(held.code).status is Status.EXPIRED
    (card,) = desk.ask(lambda tx: cards.cards_of(tx, booked.customer_id))
    desk.act(lambda tx: cards.remove(tx, card))
    assert desk.ask(lambda tx: cards.cards_of(tx, booked.customer_id)) == []


def test_of_sixteen_parts_at_once_just_those_that_are_due_are_taken(salon: Salon) -> None:
    booked = salon.book(SLOT)
    part = Asked(Money(500, "EUR"))
    pays = partial(outcome, salon, lambda tx: take(tx, booked.code, "cash", part))
    came = together([pays] * 16)
    assert came.count("done") == 9
    assert set(came) <= {"done", "already_paid", "over_payment"}
    assert salon.balances()["assets:cash:drawer"] == 4500
    assert salon.booking(booked.code).due.minor == 0
    assert salon.ask(verify).ok


def test_the_same_saved_card_asked_for_by_many_is_charged_once(online: Salon) -> None:
    booked = online.book(SLOT)
    online.act(lambda tx: cards.keep(tx, booked.customer_id, CARD))
    pays = partial(outcome, online, lambda tx: saved_cards.pay(tx, booked.code))
    assert set(together([pays] * 8)) == {"done"}
    count = text("SELECT count(*) AS n FROM operations WHERE tenant_id = :tenant_id")
    assert online.ask(lambda tx: tx.rows(count))[0].n == 1
