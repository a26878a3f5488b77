"""Gift cards: good once paid, spent to the cent whoever races, broken once they expire."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from factories import Salon
from racing import outcome, together
from selling import (
    card_worth,
    crowded,
    eur,
    postings,
    product,
    proven,
    refusal,
    settle_order,
)

from bookra.engine.bookings.model import Status
from bookra.engine.orders.gift_cards import (
    expire_gift_cards,
    gift_card,
    gift_cards,
    sell_gift_card,
    uses,
)
from bookra.engine.orders.redeeming import pay_order_with_gift_card, redeem_gift_card
from bookra.engine.orders.selling import cancel_order, pay_by, sell_goods
from bookra.engine.orders.store import order_by_code
from bookra.engine.payments.gift_balance import refill, used_for
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import refund
from bookra.engine.prices.items import Wanted

SLOT = "2026-11-24 10:00"
RACERS = 16


def test_a_card_is_owed_when_it_is_sold_and_revenue_when_it_is_spent(salon: Salon) -> None:
    card = card_worth(salon, 10000)
    assert (card.state, card.balance) == ("active", eur(10000))
    assert salon.balances() == {"assets:cash:drawer": 10000, "liabilities:gift-cards": -10000}
    booking = salon.book(SLOT)
    paid = salon.act(lambda tx: redeem_gift_card(tx, booking.code, card.code.lower()))
    assert (paid.paid, paid.due) == (eur(4500), eur(0))
    assert postings(salon, booking) == [
        {"liabilities:gift-cards": 4500, "income:services": -3782, "liabilities:tax:19": -718}
    ]
    left = salon.ask(lambda tx: gift_card(tx, card.code))
    assert left.balance == eur(5500)
    told = [(use.kind, use.subject, use.amount) for use in salon.ask(lambda tx: uses(tx, left))]
    assert told == [
        ("cash_payment", card.order, eur(10000)),
        ("gift_card_payment", booking.code, eur(-4500)),
    ]
    assert salon.ask(lambda tx: used_for(tx, booking.id)) == [(card.id, eur(4500))]
    salon.act(lambda tx: refund(tx, booking.code, Back(eur(1000))))
    again = salon.ask(lambda tx: gift_card(tx, card.code))
    assert again.balance == eur(6500)
    assert sum(use.amount.minor for use in salon.ask(lambda tx: uses(tx, again))) == 6500
    assert proven(salon)


def test_a_card_that_holds_less_pays_a_part_and_confirms_a_hold(salon: Salon) -> None:
    card = card_worth(salon, 2000)
    booking = salon.book(SLOT, hold_minutes=30)
    part = salon.act(lambda tx: redeem_gift_card(tx, booking.code, card.code))
    assert (part.status, part.paid, part.due) == (Status.CONFIRMED, eur(2000), eur(2500))
    again = lambda tx: redeem_gift_card(tx, booking.code, card.code)  # noqa: E731
    assert refusal(lambda: salon.act(again)) == "card_short"
    other = card_worth(salon, 10000)
    salon.act(lambda tx: redeem_gift_card(tx, booking.code, other.code, eur(500)))
    too_much = lambda tx: redeem_gift_card(tx, booking.code, other.code, eur(2001))  # noqa: E731
    assert refusal(lambda: salon.act(too_much)) == "over_payment"
    salon.act(lambda tx: redeem_gift_card(tx, booking.code, other.code))
    assert salon.booking(booking.code).due == eur(0)
    assert salon.balances()["liabilities:gift-cards"] == -(12000 - 4500)


def test_sixteen_racers_spend_one_card_exactly_once(salon: Salon) -> None:
    card = card_worth(salon, 9000)
    codes = [
        salon.book(f"2026-11-{24 + n // 8} {9 + n % 8:02}:00", staff="ana").code
        for n in range(RACERS)
    ]
    crowd = crowded(salon, RACERS)
    found = together(
        [
            lambda code=code: outcome(
                crowd, lambda tx: redeem_gift_card(tx, code, card.code, eur(1500))
            )
            for code in codes
        ]
    )
    crowd.pool.dispose()
    assert (found.count("done"), found.count("card_short")) == (6, 10)
    assert salon.ask(lambda tx: gift_card(tx, card.code)).balance == eur(0)
    assert "liabilities:gift-cards" not in salon.balances()
    assert proven(salon)


def test_a_card_by_link_is_good_once_the_payment_is_settled(salon: Salon, tmp_path: Path) -> None:
    salon.connect_provider("stripe", tmp_path / "key", platform_fee_percent="1")
    card = salon.act(lambda tx: sell_gift_card(tx, eur(5000)))
    order = salon.act(lambda tx: pay_by(tx, card.order, "link"))
    booking = salon.book(SLOT)
    spend = lambda tx: redeem_gift_card(tx, booking.code, card.code)  # noqa: E731
    assert (order.state, card.state, card.balance) == ("open", "pending", eur(0))
    assert refusal(lambda: salon.act(spend)) == "not_active"
    assert settle_order(salon, order) == "paid"
    assert salon.balances() == {"assets:stripe:clearing": 5000, "liabilities:gift-cards": -5000}
    assert refusal(lambda: salon.act(spend)) == "done"
    assert settle_order(salon, order) == "refunding"  # another charge of a paid order
    assert salon.balances()["liabilities:refunds-owed"] == -5000
    assert proven(salon)


def test_a_card_that_is_never_paid_is_void(salon: Salon, tmp_path: Path) -> None:
    salon.connect_provider("stripe", tmp_path / "key")
    card = salon.act(lambda tx: sell_gift_card(tx, eur(5000)))
    order = salon.act(lambda tx: pay_by(tx, card.order, "link"))
    salon.act(lambda tx: cancel_order(tx, order.code))
    assert salon.ask(lambda tx: gift_card(tx, card.code)).state == "void"
    assert settle_order(salon, order) == "refunding"
    assert salon.ask(lambda tx: gift_card(tx, card.code)).state == "void"
    assert refusal(lambda: salon.act(lambda tx: cancel_order(tx, order.code))) == "illegal_state"


def test_an_expired_card_is_broken_once_and_a_refund_revives_it(salon: Salon) -> None:
    last = date(2026, 11, 24)
    card = card_worth(salon, 6000, expires_on=last)
    forever = card_worth(salon, 1000)
    booking = salon.book(SLOT)
    salon.act(lambda tx: redeem_gift_card(tx, booking.code, card.code))
    assert salon.later(days=1).act(expire_gift_cards) == []
    later = salon.later(days=2)
    other = later.book("2026-11-26 10:00")
    late = lambda tx: redeem_gift_card(tx, other.code, card.code)  # noqa: E731
    assert refusal(lambda: later.act(late)) == "card_expired"
    assert [each.id for each in later.act(expire_gift_cards, dry_run=True)] == [card.id]
    assert [each.id for each in later.act(expire_gift_cards)] == [card.id]
    assert later.act(expire_gift_cards) == []
    assert refusal(lambda: later.act(late)) == "card_expired"
    assert later.balances()["income:breakage"] == -1500
    assert later.balances()["liabilities:gift-cards"] == -1000
    later.act(lambda tx: refill(tx, card.id, eur(4500)))
    revived = later.ask(lambda tx: gift_card(tx, card.code))
    assert (revived.state, revived.balance) == ("active", eur(4500))
    over = lambda tx: refill(tx, card.id, eur(1501))  # noqa: E731
    assert refusal(lambda: later.act(over)) == "over_refund"
    assert later.ask(lambda tx: gift_card(tx, forever.code)).state == "active"


@pytest.mark.parametrize(
    ("minor", "given", "code"),
    [
        (0, {}, "bad_amount"),
        (100, {"expires_on": date(2026, 11, 22)}, "bad_expiry"),
    ],
)
def test_a_card_that_can_not_be_sold_is_refused(
    salon: Salon, minor: int, given: dict[str, date], code: str
) -> None:
    assert refusal(lambda: salon.act(lambda tx: sell_gift_card(tx, eur(minor), **given))) == code


def test_codes_are_long_and_differ_and_nobody_guesses_one(salon: Salon) -> None:
    codes = {salon.act(lambda tx: sell_gift_card(tx, eur(100))).code for _ in range(20)}
    assert len(codes) == 20
    assert {len(code) for code in codes} == {22}
    guess = "GC-2222-2222-2222-2222"
    assert refusal(lambda: salon.ask(lambda tx: gift_card(tx, guess))) == "unknown_gift_card"
    assert len(salon.ask(gift_cards)) == 20


def test_goods_are_paid_with_a_card_and_value_is_not_bought_with_value(salon: Salon) -> None:
    product(salon, "oil", 1190)
    card = card_worth(salon, 5000)
    order = salon.act(
        lambda tx: sell_goods(tx, [Wanted("oil", 2, staff="ana")], None, "later", None)
    )
    salon.act(lambda tx: pay_order_with_gift_card(tx, order.code, card.code))
    assert salon.ask(lambda tx: order_by_code(tx, order.code)).state == "paid"
    assert salon.balances()["income:products"] == -2000
    second = salon.act(lambda tx: sell_gift_card(tx, eur(1000)))
    swap = lambda tx: pay_order_with_gift_card(tx, second.order, card.code)  # noqa: E731
    assert refusal(lambda: salon.act(swap)) == "wrong_way"
    assert proven(salon)
