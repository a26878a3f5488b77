"""Sales as the table of postings has them: by card, in cash, in parts, with discount, by value."""

from __future__ import annotations

import pytest
from at_the_counter import Counter, Counters


@pytest.fixture
def counter(open_counter: Counters) -> Counter:
    """8 % tax on top of prices; the platform takes 1 %."""
    return open_counter()


def test_a_sale_by_card_in_cash_and_by_the_terminal(counter: Counter) -> None:
    code = counter.book()
    counter.by_card(code, "--tip", "15.00")
    counter.posted("A1 card 100.00 + 8 % tax + tip 15.00", "--booking", code)
    counter.posted("A2 its balance transaction", "--booking", code)
    counter.posted("A3 commission 40 %", "--booking", code)
    code = counter.book("--pay", "cash")
    counter.posted("A4 the same sale in cash, no tip", "--booking", code)
    for receipt in ("4711", "4712", "4713", "4714"):
        code = counter.book()
        counter("pay", code, "--terminal", "--reference", receipt)
        counter.posted("by the card terminal", "--booking", code)
    line = ("--terminal", "420.00", "--fee", "6.30", "--reference", "26/17")
    received = counter("bank", "receive", *line)
    counter.posted("the terminal's acquirer paid 420.00 less 6.30", "--key", received["key"])
    counter.verified()


def test_a_deposit_is_applied_or_forfeited(counter: Counter) -> None:
    code = counter.book()
    counter.by_card(code, "--amount", "30.00")
    counter.posted("B1 deposit 30.00 by card", "--booking", code)
    counter.posted("B2 its balance transaction", "--booking", code)
    counter("booking", "complete", code)
    counter.posted("B3 service done, deposit applied", "--booking", code)
    counter("pay", code, "--cash")
    counter.posted("B4 the rest in cash", "--booking", code)

    code = counter.book()
    counter.by_card(code, "--amount", "30.00")
    counter.desk.lets_come(code)
    counter("booking", "no-show", code)
    counter.posted("deposit forfeited", "--booking", code)
    counter.verified()


def test_a_price_paid_in_parts_costs_the_platforms_share_of_it_once(counter: Counter) -> None:
    """1 % of 100.00: of the tax in the 108.00 nothing, however the price is cut."""
    code = counter.book()
    for part in ("30.00", "78.00"):
        counter.by_card(code, "--amount", part)
    assert counter("booking", "show", code)["due"]["amount_minor"] == 0
    charges = counter.entries("stripe_charge", "--booking", code)
    assert [moves["expenses:platform-fees"] for moves in charges] == [30, 70]
    counter.verified()


def test_a_discount_and_the_commission_on_it(counter: Counter) -> None:
    code = counter.book()
    counter("booking", "discount", code, "--amount", "20.00")
    counter.by_card(code)
    counter.posted("discount 20.00 on 100.00", "--booking", code)
    counter.posted("its commission 40 %", "--booking", code)

    terms = ("--percent", "40", "--base", "before-discount")
    counter("commission", "plan", "set", "--staff", "ana", *terms)
    code = counter.book()
    counter("booking", "discount", code, "--amount", "20.00")
    counter.by_card(code)
    counter.posted("discount 20.00 on 100.00", "--booking", code)
    counter.posted("the same, before discount", "--booking", code)
    counter.verified()


def test_a_price_with_its_tax_inside(open_counter: Counters) -> None:
    counter = open_counter(tax_bps=2000, inclusive=True)
    counter("service", "add", "style", "--name", "Style", "--minutes", "15", "--price", "99.99")
    counter.by_card(code := counter.book(service="style"))
    counter.posted("99.99 with 20 % tax inside", "--booking", code)
    counter("refund", code)
    counter.drain()
    assert counter.entries("card_refund", "--booking", code) == [
        {"income:refunds": 8333, "liabilities:tax:20": 1666, "assets:stripe:clearing": -9999}
    ]
    counter.verified()


def test_a_gift_card_is_sold_used_and_broken(counter: Counter) -> None:
    sold = counter("gift-card", "sell", "100.00", "--link")
    counter.drain()
    counter("sandbox", "pay", sold["order"])
    counter.drain()
    counter.posted("E gift card 100.00 sold", "--order", sold["order"])
    counter("service", "add", "trim", "--name", "Trim", "--minutes", "15", "--price", "55.56")
    code = counter.book(service="trim")
    counter("pay", code, "--gift-card", sold["code"])
    counter.posted("E 60.00 of it used", "--booking", code)

    assert counter("gift-card", "expire") == {"expired": []}
    counter.expired(sold["code"])
    (ended,) = counter("gift-card", "expire")["expired"]
    assert ended["code"][-4:] == sold["code"][-4:]
    counter.posted("E what nobody used in time", "--order", sold["order"])
    assert counter("gift-card", "expire") == {"expired": []}
    counter.verified()


def test_a_packages_visits_and_what_is_left_of_it(open_counter: Counters) -> None:
    counter = open_counter(tax_bps=0)
    terms = ("--service", "visit", "--visits", "3", "--price", "100.00")
    used, half_used = (
        counter("package", "sell", *terms, "--customer", "Rosa Vega", "--cash") for _ in range(2)
    )
    counter.posted("F package of 3 for 100.00 in cash", "--order", used["order"])
    visit = "F its first visit, no tax"
    for fact in (visit, "F the other two", "F the other two"):
        counter("pay", code := counter.book(), "--package", used["code"])
        counter.posted(fact, "--booking", code)
    for fact in (visit, "F the other two"):
        counter("pay", code := counter.book(), "--package", half_used["code"])
        counter.posted(fact, "--booking", code)

    for package in (used, half_used):
        counter.expired(package["code"])
    counter("package", "expire")
    counter.posted("F what nobody used in time", "--order", half_used["order"])
    assert counter.entries("breakage", "--order", used["order"]) == []
    assert counter("package", "expire") == {"expired": []}
    counter.verified()


def test_a_members_period_without_visits_is_earned_when_it_is_over(counter: Counter) -> None:
    plan = ("--name", "Club", "--price", "49.00", "--discount-percent", "10")
    counter("membership", "plan", "add", "club", *plan)
    counter("membership", "sell", "club", "--customer", "Rosa Vega", "--cash")
    (period,) = counter("package", "list")
    counter.expired(period["code"])
    counter("package", "expire")
    counter.posted("a member's period without visits is over", "--order", period["order"])
    counter.verified()
