"""Refunds by their own logins: the front desk gives money back, a manager answers disputes."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from factories import Salon
from refunding import euros, fact, give_back, pay_by_card, settle_all
from selling import card_worth, package_of
from sqlalchemy import text

from bookra.bootstrap import administration
from bookra.config import Settings
from bookra.engine.database import open_pool
from bookra.engine.orders.redeeming import redeem_gift_card, redeem_package
from bookra.engine.payments import disputes, refund_settling
from bookra.engine.payments.fees import cancel_visit, no_show
from bookra.engine.runtime import Tx, administrative_tx
from bookra.engine.tenancy.operators import add_operator
from bookra.errors import NotAllowedError

Login = Callable[[str], Salon]


@pytest.fixture
def login(salon: Salon, tmp_path: Path) -> Iterator[Login]:
    """Open a login of a role, and return the salon as it sees it."""
    salon.connect_provider("stripe", tmp_path / "key")
    settings = Settings(home=tmp_path, database_url=salon.database.admin_url)
    with ExitStack() as pools:

        def opened(role: str) -> Salon:
            name, password = f"op_{secrets.token_hex(4)}", secrets.token_urlsafe(12)
            with administration(settings) as connection:
                add_operator(
                    connection, administrative_tx(connection, salon.tenant), name, role, password
                )
            pool = open_pool(salon.database.seen_by(name, password).conninfo)
            pools.callback(pool.dispose)
            return replace(salon, pool=pool).at(salon.now)

        yield opened


def test_the_front_desk_gives_back_what_was_paid_in_any_way(salon: Salon, login: Login) -> None:
    desk = login("front-desk")
    rosa = salon.customer()
    card, bought = card_worth(desk, 2000), package_of(desk, rosa, 2, 6000)
    mixed = desk.book("2026-11-26 10:00", customer=rosa)
    desk.act(lambda tx: redeem_gift_card(tx, mixed.code, card.code))
    pay_by_card(salon, mixed)
    give_back(desk, mixed, 3000)
    settle_all(salon, mixed)
    desk.act(lambda tx: cancel_visit(tx, mixed.code))
    packed, absent = (desk.book(f"2026-11-26 {hour}:00", customer=rosa) for hour in ("12", "13"))
    desk.act(lambda tx: redeem_package(tx, packed.code, bought.code))
    desk.act(lambda tx: cancel_visit(tx, packed.code))
    on_the_day = desk.at(absent.starts_at)
    on_the_day.act(lambda tx: no_show(tx, absent.code, fee=euros(1000)))
    settle_all(salon, mixed)
    assert salon.booking(mixed.code).refunded == euros(4500)


def test_the_relays_rights_settle_refunds_and_disputes_and_a_manager_answers(
    salon: Salon, login: Login
) -> None:
    booking = salon.book("2026-11-26 10:00")
    charge = pay_by_card(salon, booking)
    opened = disputes.DisputeFact(
        "du_1", charge.charge_ref, euros(1000), "needs_response", salon.now
    )

    def as_relay(tx: Tx) -> str:
        tx.connection.execute(text("SET LOCAL ROLE bookra_relay"))
        told = fact("", charge.charge_ref, 500)
        return refund_settling.settle_refund(tx, told) + disputes.settle_dispute(tx, opened)

    assert salon.act(as_relay) == "externalneeds_response"
    desk, manager = login("front-desk"), login("manager")
    with pytest.raises(NotAllowedError):
        desk.act(lambda tx: disputes.answer(tx, "du_1", "She came.", submit=True))
    said = manager.act(lambda tx: disputes.answer(tx, "du_1", "She came.", submit=True))
    assert (said.answer, said.answer_submits) == ("She came.", True)
