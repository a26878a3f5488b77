"""Orders through the relay: a gift card's link is opened and paid, a member's card is charged."""

from __future__ import annotations

from connected import Connected

from bookra.engine.orders.gift_cards import gift_card, sell_gift_card
from bookra.engine.orders.selling import cancel_order, pay_by
from bookra.engine.orders.store import order_by_code
from bookra.money import Money


def test_a_gift_card_by_link_comes_to_life_and_its_books_agree(luna: Connected) -> None:
    card = luna.salon.act(lambda tx: sell_gift_card(tx, Money(5000, "EUR")))
    luna.salon.act(lambda tx: pay_by(tx, card.order, "link"))
    luna.drain()
    order = luna.salon.ask(lambda tx: order_by_code(tx, card.order))
    assert order.payment_url is not None
    luna.outside.pay(order.payment_url)
    luna.drain()
    paid = luna.salon.ask(lambda tx: gift_card(tx, card.code))
    assert (paid.state, paid.balance) == ("active", Money(5000, "EUR"))
    balances = luna.salon.balances()
    assert balances["liabilities:gift-cards"] == -5000
    assert "assets:stripe:clearing" not in balances
    assert luna.salon.ask(lambda tx: order_by_code(tx, card.order)).payment_url is None


def test_an_order_that_is_cancelled_closes_its_page(luna: Connected) -> None:
    card = luna.salon.act(lambda tx: sell_gift_card(tx, Money(5000, "EUR")))
    luna.salon.act(lambda tx: pay_by(tx, card.order, "link"))
    luna.drain()
    luna.salon.act(lambda tx: cancel_order(tx, card.order))
    luna.drain()
    assert [each["status"] for each in luna.sessions()] == ["expired"]
