"""Orders: goods over the counter, paid once; their codes never meet a booking's."""

from __future__ import annotations

from pathlib import Path

from factories import Salon
from racing import outcome, together
from selling import crowded, eur, product, proven, refusal, settle_order

from bookra.engine.ledger.store import entries
from bookra.engine.orders import paying
from bookra.engine.orders.model import Order
from bookra.engine.orders.selling import cancel_order, pay_by, sell_goods
from bookra.engine.orders.store import order_by_code, orders
from bookra.engine.outbox.inspect import outbox_rows
from bookra.engine.payments.operations import operations_of
from bookra.engine.prices.items import Wanted
from bookra.ids import CODE_ALPHABET

RACERS = 16


def sold(salon: Salon, method: str, *wanted: Wanted, tip: int = 0) -> Order:
    return salon.act(lambda tx: sell_goods(tx, wanted, None, method, eur(tip) if tip else None))


def test_goods_are_revenue_when_they_are_paid_and_cause_what_a_sale_causes(salon: Salon) -> None:
    product(salon, "oil", 1190)
    product(salon, "course", 2140, kind="add-on", tax_bps=700)
    order = sold(salon, "cash", Wanted("oil", 3, staff="ana"), Wanted("course"), tip=500)
    assert (order.state, order.amount) == ("paid", eur(3570 + 2140))
    assert salon.balances() == {
        "assets:cash:drawer": 6210,
        "income:products": -3000,
        "income:services": -2000,
        "liabilities:tax:19": -570,
        "liabilities:tax:7": -140,
        "liabilities:tips:ana": -500,
    }
    topics = sorted(row.topic for row in salon.ask(outbox_rows))
    assert topics == ["commission.split", "invoice.issue"]
    (entry,) = salon.ask(entries)
    assert entry.kind == "cash_payment"
    assert proven(salon)


def test_an_order_is_paid_once_however_many_take_its_money(salon: Salon) -> None:
    product(salon, "oil", 1190)
    order = sold(salon, "later", Wanted("oil"))
    crowd = crowded(salon, RACERS)
    ways = ["cash", "terminal"] * (RACERS // 2)
    found = together(
        [
            lambda way=way: outcome(crowd, lambda tx: paying.take(tx, order.code, way))
            for way in ways
        ]
    )
    crowd.pool.dispose()
    assert (found.count("done"), found.count("already_paid")) == (1, RACERS - 1)
    assert salon.balances()["income:products"] == -1000


def test_a_charge_that_is_told_again_is_known(salon: Salon, tmp_path: Path) -> None:
    salon.connect_provider("stripe", tmp_path / "key", platform_fee_percent="2")
    product(salon, "oil", 1190)
    order = sold(salon, "link", Wanted("oil", 10))
    again = salon.act(lambda tx: paying.request_link(tx, order.code))
    assert again.id == order.id
    (operation,) = salon.ask(lambda tx: operations_of(tx, order_id=order.id))
    assert (operation.amount, operation.subject) == (eur(11900), order.code)
    assert operation.platform_fee == eur(200)
    charge = paying.Charge("ch_1", "pi_1", operation.amount, salon.now)
    told = [salon.act(lambda tx: paying.settle(tx, operation, charge)) for _ in range(2)]
    assert told == ["paid", "known"]
    assert salon.balances()["assets:stripe:clearing"] == 11900
    assert settle_order(salon, order, minor=1) == "refunding"
    assert proven(salon)


def test_what_can_not_be_sold_is_refused(salon: Salon) -> None:
    product(salon, "oil", 1190)
    product(salon, "free", 0)
    for wanted, code in (
        (Wanted("wig"), "unknown_product"),
        (Wanted("oil", 0), "bad_quantity"),
        (Wanted("oil", staff="zoe"), "unknown_staff"),
        (Wanted("free"), "bad_amount"),
    ):
        assert refusal(lambda wanted=wanted: sold(salon, "cash", wanted)) == code
    assert refusal(lambda: sold(salon, "cash", Wanted("oil"), tip=100)) == "bad_tip"
    assert refusal(lambda: sold(salon, "link", Wanted("oil"))) == "stripe_not_set"
    assert refusal(lambda: sold(salon, "saved-card", Wanted("oil"))) == "no_customer"
    assert salon.ask(orders) == []
    order = sold(salon, "later", Wanted("oil"))
    assert refusal(lambda: salon.act(lambda tx: paying.take(tx, order.code, "shells"))) == (
        "bad_method"
    )
    salon.act(lambda tx: cancel_order(tx, order.code))
    assert refusal(lambda: salon.act(lambda tx: pay_by(tx, order.code, "cash"))) == "illegal_state"
    assert salon.balances() == {}


def test_an_orders_code_has_a_letter_that_no_bookings_code_has(salon: Salon) -> None:
    product(salon, "oil", 1190)
    order = sold(salon, "later", Wanted("oil"))
    assert "O" not in CODE_ALPHABET
    assert order.code.startswith("LUN-O")
    assert salon.ask(lambda tx: order_by_code(tx, order.code.lower())).id == order.id
