"""Selling by role: what the front desk's own login may sell, and what is the manager's."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factories import Salon
from selling import eur, package_of, product, promo, proven, refusal
from sqlalchemy import text

from bookra.bootstrap import administration
from bookra.config import Settings
from bookra.engine.bookings.actions import retake
from bookra.engine.bookings.holds import expire_lapsed
from bookra.engine.bookings.store import locked_by_code
from bookra.engine.catalog.plans import Plan, add_plan
from bookra.engine.database import open_pool
from bookra.engine.orders.gift_cards import expire_gift_cards, sell_gift_card
from bookra.engine.orders.memberships import bill_memberships, sell_membership
from bookra.engine.orders.packages import expire_packages
from bookra.engine.orders.redeeming import redeem_gift_card, redeem_package
from bookra.engine.orders.selling import cancel_order, pay_by, sell_goods
from bookra.engine.payments.package_visits import give_back
from bookra.engine.prices.discounts import discount_by_hand, discount_by_promo, no_discount
from bookra.engine.prices.items import Wanted, add_item, remove_item
from bookra.engine.prices.policies import set_policy
from bookra.engine.runtime import Tx, administrative_tx
from bookra.engine.tenancy.operators import add_operator
from bookra.engine.tenancy.rules import set_rules
from bookra.errors import NotAllowedError


@pytest.fixture
def front(salon: Salon, tmp_path: Path) -> Iterator[Salon]:
    """The salon as a front desk's own login sees it."""
    password, login = secrets.token_urlsafe(12), f"front_{secrets.token_hex(4)}"
    settings = Settings(home=tmp_path, database_url=salon.database.admin_url)
    with administration(settings) as connection:
        tx = administrative_tx(connection, salon.tenant)
        add_operator(connection, tx, login, "front-desk", password)
    pool = open_pool(salon.database.seen_by(login, password).conninfo)
    yield replace(salon, pool=pool).at(salon.now)
    pool.dispose()


def test_the_front_desk_sells_and_the_manager_decides_what_there_is(
    salon: Salon, front: Salon
) -> None:
    rosa = salon.customer()
    product(salon, "oil", 1190)
    promo(salon, "ONE", max_uses=1)
    salon.act(lambda tx: add_plan(tx, Plan("gold", "Gold", eur(7000), 1, "cut", 2, 1000)))
    code = front.book("2026-11-24 10:00", customer=rosa).code
    for action in (
        lambda tx: discount_by_promo(tx, code, "ONE"),
        lambda tx: no_discount(tx, code),
        lambda tx: add_item(tx, code, Wanted("oil")),
        lambda tx: remove_item(tx, code, 1),
        lambda tx: sell_goods(tx, [Wanted("oil")], None, "cash", None),
        lambda tx: pay_by(tx, sell_membership(tx, "gold", rosa.id)[1].code, "cash"),
        lambda tx: cancel_order(tx, sell_gift_card(tx, eur(100)).order),
        bill_memberships,
        expire_gift_cards,
        expire_packages,
    ):
        assert refusal(lambda action=action: front.act(action)) == "done"
    bought = package_of(front, rosa, 3, 10000)
    card = front.act(lambda tx: sell_gift_card(tx, eur(5000)))
    front.act(lambda tx: pay_by(tx, card.order, "terminal"))
    other = front.book("2026-11-24 12:00", customer=rosa).code
    front.act(lambda tx: redeem_gift_card(tx, other, card.code))
    used = front.act(lambda tx: redeem_package(tx, code, bought.code))
    assert len(front.act(lambda tx: give_back(tx, used.id), dry_run=True)) == 1
    assert proven(salon)
    for decision in (
        lambda tx: set_policy(tx, "Text", 60, None, None),
        lambda tx: add_plan(tx, Plan("club", "Club", eur(1000))),
    ):
        assert refusal(lambda decision=decision: front.act(decision)) == "not_allowed"
    assert refusal(lambda: promo(front, "TWO")) == "not_allowed"
    assert refusal(lambda: product(front, "brush", 500)) == "not_allowed"


def test_a_front_desk_takes_off_by_hand_no_more_than_the_owner_lets_it(
    salon: Salon, front: Salon
) -> None:
    """The limit goes by the listed price, goods included; codes that others made are free of it."""
    salon.act(lambda tx: set_rules(tx, {"front_desk_discount_bps": 2000}))
    product(salon, "oil", 5500)
    promo(salon, "HALF", percent_bps=5000)
    code = salon.book("2026-11-24 10:00", customer=salon.customer()).code

    def by_hand(who: Salon, **off: Any) -> str:
        return refusal(lambda: who.act(lambda tx: discount_by_hand(tx, code, **off)))

    assert by_hand(front, bps=2000) == by_hand(front, amount=eur(900)) == "done"
    with pytest.raises(NotAllowedError, match=r"at most 20% off: 9.00 EUR of") as refused:
        front.act(lambda tx: discount_by_hand(tx, code, amount=eur(901)))
    assert (refused.value.code, refused.value.exit_code) == ("discount_above_limit", 5)
    assert by_hand(front, bps=2001) == "discount_above_limit"
    assert by_hand(salon, bps=9000) == "done"
    assert refusal(lambda: front.act(lambda tx: discount_by_promo(tx, code, "HALF"))) == "done"
    front.act(lambda tx: add_item(tx, code, Wanted("oil")))
    assert by_hand(front, amount=eur(2000)) == "done"
    without = refusal(lambda: front.act(lambda tx: remove_item(tx, code, 1)))
    assert without == "discount_above_limit"
    assert front.booking(code).off == eur(2000)
    assert refusal(lambda: front.act(lambda tx: no_discount(tx, code))) == "done"


@pytest.mark.parametrize("is_left", [True, False])
def test_a_relay_takes_the_promo_code_of_a_late_payment_again(salon: Salon, is_left: bool) -> None:
    promo(salon, "ONE", max_uses=1)
    held = salon.book("2026-11-24 10:00", hold_minutes=5)
    salon.act(lambda tx: discount_by_promo(tx, held.code, "ONE"))
    later = salon.later(minutes=10)
    later.act(expire_lapsed)
    if not is_left:
        other = later.book("2026-11-24 12:00")
        later.act(lambda tx: discount_by_promo(tx, other.code, "ONE"))

    def retake_as_relay(tx: Tx) -> bool:
        booking = locked_by_code(tx, held.code)
        tx.connection.execute(text("SET LOCAL ROLE bookra_relay"))
        taken = retake(tx, booking)
        tx.connection.execute(text("RESET ROLE"))
        return taken

    assert later.act(retake_as_relay) is is_left
    assert ("10:00" in later.starts("2026-11-24")) is not is_left
