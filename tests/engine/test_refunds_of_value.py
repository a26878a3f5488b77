"""Refunds of orders and of bought value: goods, gift cards, packages; and back onto them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from factories import Salon
from refunding import euros, fact, give_back, pay_by_card, refunds_of, settle_all, tell
from selling import (
    card_worth,
    eur,
    package_of,
    product,
    proven,
    refusal,
    settle_order,
)
from sqlalchemy import text

from bookra.engine.bookings.model import Status
from bookra.engine.orders.gift_cards import gift_card, sell_gift_card
from bookra.engine.orders.packages import package
from bookra.engine.orders.redeeming import redeem_gift_card, redeem_package
from bookra.engine.orders.selling import pay_by, sell_goods
from bookra.engine.outbox.inspect import outbox_rows
from bookra.engine.payments.fees import cancel_visit
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refund_settling import refund_failed
from bookra.engine.payments.refunding import refund
from bookra.engine.prices.booking import book
from bookra.engine.prices.items import Wanted
from bookra.engine.prices.policies import set_policy
from bookra.engine.prices.policy import Fee

SLOT = "2026-11-26 10:00"
REFUND = text(
    "SELECT o.id, c.charge_ref FROM operations o"
    "  JOIN charges c ON c.tenant_id = o.tenant_id AND c.id = o.charge_id"
    " WHERE o.tenant_id = :tenant_id AND o.kind = 'refund' ORDER BY o.id DESC LIMIT 1"
)


@pytest.fixture
def online(salon: Salon, tmp_path: Path) -> Salon:
    salon.connect_provider("stripe", tmp_path / "key", platform_fee_percent="1")
    return salon


def back_for(salon: Salon, code: str, minor: int | None = None, **given: str) -> str:
    back = Back(None if minor is None else eur(minor), **given)
    return refusal(lambda: salon.act(lambda tx: refund(tx, code, back)))


def test_goods_go_back_in_parts_to_nothing(salon: Salon) -> None:
    product(salon, "oil", 1190)
    product(salon, "course", 2140, kind="add-on", tax_bps=700)
    wanted = [Wanted("oil", 3, staff="ana"), Wanted("course")]
    order = salon.act(lambda tx: sell_goods(tx, wanted, None, "cash", eur(500)))
    assert back_for(salon, order.code, 5711) == "over_refund"
    assert [back_for(salon, order.code, 333), back_for(salon, order.code.lower())] == ["done"] * 2
    assert salon.balances() == {
        "assets:cash:drawer": 500,
        "income:products": -3000,
        "income:refunds": 5000,
        "income:services": -2000,
        "liabilities:tips:ana": -500,
    }
    topics = sorted(row.topic for row in salon.ask(outbox_rows))
    assert topics.count("invoice.credit") == topics.count("commission.clawback") == 2
    assert proven(salon)


def test_of_a_gift_card_only_what_nobody_has_spent_goes_back(salon: Salon) -> None:
    card = card_worth(salon, 10_000)
    booking = salon.book(SLOT)
    salon.act(lambda tx: redeem_gift_card(tx, booking.code, card.code))
    assert back_for(salon, card.order, 5501) == "over_refund"
    assert back_for(salon, card.order) == "done"
    assert salon.ask(lambda tx: gift_card(tx, card.code)).balance == eur(0)
    assert salon.balances()["assets:cash:drawer"] == 4500
    assert "liabilities:gift-cards" not in salon.balances()
    assert proven(salon)


def test_what_a_gift_card_paid_goes_back_onto_it(salon: Salon) -> None:
    card = card_worth(salon, 2000)
    booking = salon.book(SLOT)
    salon.act(lambda tx: redeem_gift_card(tx, booking.code, card.code))
    give_back(salon, booking, 500)
    give_back(salon, booking, 300, to="gift-card")
    assert salon.ask(lambda tx: gift_card(tx, card.code)).balance == eur(800)
    salon.act(lambda tx: cancel_visit(tx, booking.code))
    assert salon.ask(lambda tx: gift_card(tx, card.code)).balance == eur(2000)
    assert salon.balances() == {"assets:cash:drawer": 2000, "liabilities:gift-cards": -2000}
    assert back_for(salon, booking.code) == "nothing_to_refund"
    assert proven(salon)


def test_a_gift_card_bought_by_card_is_locked_while_its_refund_is_on_its_way(
    online: Salon,
) -> None:
    card = online.act(lambda tx: sell_gift_card(tx, eur(5000)))
    order = online.act(lambda tx: pay_by(tx, card.order, "link"))
    assert settle_order(online, order) == "paid"
    assert back_for(online, card.order, 4000) == "done"
    assert online.ask(lambda tx: gift_card(tx, card.code)).balance == eur(1000)
    row = online.ask(lambda tx: tx.row(REFUND))
    assert row is not None
    online.act(lambda tx: refund_failed(tx, row.id, None, "refused", moved=False))
    assert online.ask(lambda tx: gift_card(tx, card.code)).balance == eur(5000)
    assert back_for(online, card.order) == "done"
    row = online.ask(lambda tx: tx.row(REFUND))
    assert row is not None
    assert tell(online, fact(row.id, row.charge_ref, 5000)) == "refunded"
    assert "liabilities:gift-cards" not in online.balances()
    assert proven(online)


def test_a_spent_gift_card_refunded_in_the_dashboard_is_owed_by_its_buyer(online: Salon) -> None:
    card = online.act(lambda tx: sell_gift_card(tx, eur(5000)))
    order = online.act(lambda tx: pay_by(tx, card.order, "link"))
    settle_order(online, order)
    booking = online.book(SLOT)
    online.act(lambda tx: redeem_gift_card(tx, booking.code, card.code))
    charge = text("SELECT charge_ref FROM charges WHERE tenant_id = :tenant_id")
    row = online.ask(lambda tx: tx.row(charge))
    assert row is not None
    assert tell(online, fact("", row.charge_ref, 5000)) == "external"
    assert online.ask(lambda tx: gift_card(tx, card.code)).balance == eur(0)
    assert online.balances()["assets:receivable:clients"] == 4500
    assert "liabilities:gift-cards" not in online.balances()


def test_a_package_goes_back_whole_less_the_visits_that_were_used(salon: Salon) -> None:
    rosa = salon.customer()
    bought = package_of(salon, rosa, 3, 10_000)
    booking = salon.book(SLOT, customer=rosa)
    salon.act(lambda tx: redeem_package(tx, booking.code, bought.code))
    assert back_for(salon, bought.order, 5000) == "whole_only"
    assert back_for(salon, bought.order) == "done"
    assert salon.ask(lambda tx: package(tx, bought.code)).state == "void"
    assert salon.balances()["assets:cash:drawer"] == 3334
    assert "liabilities:packages" not in salon.balances()
    again = salon.book("2026-11-26 12:00", customer=rosa)
    assert refusal(lambda: salon.act(lambda tx: redeem_package(tx, again.code, bought.code))) != (
        "done"
    )


def test_a_cancelled_visit_goes_back_into_its_package_and_a_late_one_is_used_up(
    salon: Salon,
) -> None:
    salon.act(lambda tx: set_policy(tx, "Come.", 1440, Fee(bps=5000), None))
    rosa = salon.customer()
    bought = package_of(salon, rosa, 3, 10_000)

    def visit(wall: str) -> str:
        wanted = replace(salon.request(wall, customer=rosa), policy_accepted="phone")
        booking = salon.act(lambda tx: book(tx, wanted))
        salon.act(lambda tx: redeem_package(tx, booking.code, bought.code))
        return booking.code

    first, second = visit(SLOT), visit("2026-11-26 12:00")
    done = salon.act(lambda tx: cancel_visit(tx, first))
    assert done.status is Status.CANCELLED
    assert salon.ask(lambda tx: package(tx, bought.code)).used == 1
    late = salon.at(salon.local("2026-11-26 09:00"))
    done = late.act(lambda tx: cancel_visit(tx, second))
    assert done.status is Status.LATE_CANCELLED
    assert salon.ask(lambda tx: package(tx, bought.code)).used == 1
    balances = salon.balances()
    assert balances["income:late-cancel"] == -3333
    assert balances["liabilities:packages"] == -6667
    assert proven(salon)


def test_a_visit_paid_by_card_and_gift_card_goes_back_to_both(online: Salon) -> None:
    card = card_worth(online, 2000)
    booking = online.book(SLOT)
    online.act(lambda tx: redeem_gift_card(tx, booking.code, card.code))
    pay_by_card(online, booking)
    done = give_back(online, booking)
    assert [(part.way, part.price_minor) for part in done.parts] == [
        ("card", 2500),
        ("gift-card", 2000),
    ]
    settle_all(online, booking)
    assert refunds_of(online, booking) == [(2500, "succeeded")]
    assert online.booking(booking.code).refunded == euros(4500)
    assert proven(online)
