"""Pay, payouts and the drawer as the table of postings has them; and the table is whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from at_the_counter import Counter, Counters, table


@pytest.fixture
def counter(open_counter: Counters) -> Counter:
    """8 % tax on top of prices; the platform takes 1 %."""
    return open_counter()


def test_a_sale_that_reaches_the_next_tier_earns_by_both(counter: Counter) -> None:
    for name, price in (("great", "980.00"), ("small", "80.00")):
        words = ("--name", name.capitalize(), "--minutes", "15", "--price", price)
        counter("service", "add", name, *words)
    for staff, mode in (("ana", "progressive"), ("ben", "retroactive")):
        tiers = ("--tier", "0:40", "--tier", "1000.00:50", "--mode", mode)
        counter("commission", "plan", "set", "--staff", staff, *tiers)

    sales = {}
    for staff in ("ana", "ben"):
        for service in ("great", "small"):
            sales[staff] = counter.book("--pay", "cash", service=service, staff=staff)
            counter.drain()
    counter.posted(
        "tiers 40 %, 50 % from 1000.00: 80.00 at 980.00 so far", "--booking", sales["ana"]
    )
    counter.posted("the same, retroactive", "--booking", sales["ben"])
    earned = "liabilities:commission:ben"
    counter.posted("and for what was sold before", "--account", earned)
    assert counter("ledger", "balance", earned)["balance"]["amount_minor"] == -53_000
    counter.verified()


def test_a_pay_run_pays_commission_and_tips(counter: Counter) -> None:
    words = ("--name", "Trim", "--minutes", "15", "--price", "50.00")
    counter("service", "add", "trim", *words)
    code = counter.book(service="trim")
    counter("pay", code, "--cash", "--tip", "15.00")
    counter.drain()
    counter.long_ago("1 month")
    counter("payout", "run", "--period", "previous", "--approve")
    counter("payout", "pay", "previous", "--method", "bank")
    counter.posted("H pay run", "--account", "assets:bank")
    counter.verified()


def test_chair_rent_falls_due(counter: Counter) -> None:
    first = (datetime.now(UTC).date().replace(day=1) - timedelta(days=1)).replace(day=1)
    counter("staff", "rent", "set", "ben", "250.00", "--per", "month", "--from", str(first))
    counter("payout", "rent")
    counter.posted("J chair rent 250.00", "--account", "income:chair-rent")
    counter.verified()


def test_the_drawer_is_short_and_pays_for_milk(counter: Counter) -> None:
    counter("drawer", "open", "--float", "100.00")
    counter("drawer", "move", "--in", "50.00", "--reason", "Change")
    counter("drawer", "move", "--out", "12.30", "--reason", "Milk", "--expense")
    counter("drawer", "close", "--counted", "137.20", "--leave", "100.00")
    drawer = ("--account", "assets:cash:drawer")
    counter.posted("drawer: change from the bank", *drawer)
    counter.posted("drawer: milk", *drawer)
    counter.posted("K drawer 0.50 short", *drawer)
    counter.verified()


def test_a_payout_reaches_the_bank_or_comes_back(open_counter: Counters) -> None:
    """162.64, of which Stripe keeps 5.02 and the platform nothing, makes 157.62."""
    counter = open_counter(tax_bps=0, platform_percent="0")
    words = ("--name", "Style", "--minutes", "15", "--price", "162.64")
    counter("service", "add", "style", *words)
    counter.by_card(counter.book(service="style"))
    counter("sandbox", "payout")
    counter.drain()
    transit = ("--account", "assets:payouts:in-transit")
    counter.posted("I payout by Stripe", *transit)
    (payout,) = counter("reconcile", "payouts")
    counter("bank", "receive", "--payout", payout["payout"])
    counter.posted("I the bank's line matched", *transit)

    counter.by_card(counter.book(service="style"))
    counter("sandbox", "payout", "--fail")
    counter.drain()
    counter.posted("I its failure", *transit)
    assert counter("ledger", "balance", transit[1])["balance"]["amount_minor"] == 0
    counter.verified()


def test_each_row_of_the_table_is_played() -> None:
    here = Path(__file__).parent
    played = "".join(file.read_text("utf-8") for file in here.glob("test_postings_*.py"))
    assert [fact for fact in table() if f'"{fact}"' not in played] == []
    assert len(table()) > 40
