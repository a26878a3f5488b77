"""Money back as the table of postings has it: refunds, commission claimed back, fees, disputes."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

import pytest
from at_the_counter import Counter, Counters

from bookra.engine.tenancy.providers import account
from bookra.sandbox.state import State, now
from bookra.sandbox.stripe import balance
from bookra.sandbox.stripe.store import Call


@pytest.fixture
def counter(open_counter: Counters) -> Counter:
    """8 % tax on top of prices; the platform takes 1 %."""
    return open_counter()


def test_a_part_goes_back_with_its_tax_its_fee_and_its_commission(counter: Counter) -> None:
    code = counter.book()
    counter.by_card(code, "--tip", "15.00")
    counter("refund", code, "--amount", "54.00")
    counter.drain()
    counter.posted("C1 refund 54.00", "--booking", code)
    counter.posted("C2 its balance transaction", "--booking", code)
    counter.posted("C3 clawback", "--booking", code)
    counter.verified()


def test_a_tip_and_a_deposit_go_back_when_they_are_asked_for(counter: Counter) -> None:
    code = counter.book()
    counter("pay", code, "--cash", "--tip", "15.00")
    counter("refund", code, "--tip")
    counter.posted("the whole goes back with its tip, in cash", "--booking", code)

    code = counter.book()
    counter.by_card(code, "--amount", "30.00")
    counter("refund", code)
    counter.drain()
    counter.posted("a deposit goes back", "--booking", code)
    counter.verified()


def test_commission_that_was_paid_out_is_claimed_back_from_the_next_run(counter: Counter) -> None:
    """Two months ago it was earned and paid; since then half of the price went back."""
    code = counter.book("--pay", "cash")
    counter.drain()
    counter.long_ago("2 months")
    first, second = months_ago(2), months_ago(1)
    counter("payout", "run", "--period", first, "--approve")
    counter("payout", "pay", first, "--method", "bank")
    counter("refund", code, "--amount", "54.00")
    counter.drain()
    counter.posted("C3 of commission that was paid out", "--booking", code)
    claim = counter("ledger", "balance", "assets:receivable:clawback:ana")
    assert claim["balance"]["amount_minor"] == 2000

    counter.book("--pay", "cash")
    counter.drain()
    counter.long_ago("1 month")
    (run,) = counter("payout", "run", "--period", second, "--approve", "--staff", "ana")["runs"]
    shown = [run[name]["amount_minor"] for name in ("gross", "clawback", "net")]
    assert shown == [4000, 2000, 2000]
    counter("payout", "pay", second, "--method", "bank")
    counter.posted("H the next nets what was claimed back", "--account", "assets:bank")
    counter.verified()


def months_ago(months: int) -> str:
    """Return a month as a period: ``2026-09``."""
    today = datetime.now(UTC).date()
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return f"{year}-{month + 1:02}"


def test_a_fee_for_who_does_not_come_and_half_a_price_of_who_cancels_late(
    counter: Counter,
) -> None:
    policy = counter.desk.shop.command_line.folder / "policy.txt"
    policy.write_text("Please come.", "utf-8")
    fees = ("--cancel-window", "30d", "--late-cancel-fee", "50%", "--no-show-fee", "25.00")
    counter("tenant", "policy", "set", "--text", str(policy), *fees)
    code = counter.book("--policy-accepted", "counter")
    counter.by_card(code)
    counter("booking", "cancel", code)
    counter.posted("late cancellation keeps half of a price", "--booking", code)

    counter("customer", "card", "add", "Rosa Vega")
    counter.drain()
    counter("sandbox", "pay", counter("customer", "card", "add", "Rosa Vega")["url"])
    counter.drain()
    code = counter.book("--policy-accepted", "counter")
    counter.desk.lets_come(code)
    counter("booking", "no-show", code)
    counter.drain()
    counter.posted("D no-show fee 25.00, saved card", "--booking", code)
    counter.posted("D its balance transaction", "--booking", code)
    counter.verified()


def test_disputes_won_and_lost(counter: Counter) -> None:
    charge = counter.by_card(code := counter.book())
    opened = counter("sandbox", "dispute", charge, "--amount", "30.00")
    counter.drain()
    counter.posted("G dispute 30.00 opened", "--booking", code)
    counter("sandbox", "dispute-close", opened["id"], "--won")
    counter.drain()
    counter.posted("G won", "--booking", code)

    charge = counter.by_card(code := counter.book())
    opened = counter("sandbox", "dispute", charge, "--amount", "25.00")
    counter("sandbox", "dispute-close", opened["id"], "--lost")
    counter.drain()
    counter.posted("G lost", "--booking", code)
    counter.verified()


def test_a_refund_that_fails_later_is_owed(counter: Counter) -> None:
    counter.by_card(code := counter.book())
    counter("refund", code, "--amount", "10.00")
    counter.drain()
    operations = counter("explain", code)["operations"]
    (ref,) = [each["ref"] for each in operations if each["kind"] == "refund"]
    counter("sandbox", "fail-refund", ref)
    counter.drain()
    counter.posted("a refund that fails later", "--booking", code)
    counter("refund", code, "--owed", "--to", "cash")
    counter.posted("what is owed, paid out in cash", "--booking", code)
    counter.verified()


def test_a_payment_that_comes_too_late_goes_back(counter: Counter) -> None:
    code = counter.book()
    counter("pay", code, "--link")
    counter.drain()
    counter("booking", "cancel", code)
    counter("sandbox", "pay", code)
    counter.drain()
    counter.posted("a payment that came too late", "--booking", code)
    counter.posted("its refund", "--booking", code)
    counter.verified()


def test_a_movement_of_a_type_that_no_rule_knows_waits_in_suspense(counter: Counter) -> None:
    """The stand-in sells no climate orders: it is told that Stripe has taken 7.00 for one."""
    salon, folder = counter.desk.salon, counter.desk.shop.settings.sandbox_dir
    stripe = salon.ask(lambda tx: account(tx, "stripe"))
    assert stripe is not None
    with closing(State(folder)) as state, state.writing() as tx:
        call = Call(tx, stripe.config["account"], "", now(tx))
        source = {"id": "climorder_1", "currency": "eur"}
        balance.book(call, "climate_order_purchase", source, -700)
    counter.drain()
    suspense = ("--account", "liabilities:suspense")
    counter.posted("a movement of a type that no rule knows", *suspense)
    counter.verified()
    proof = counter.desk("reconcile", "stripe", "--json")
    assert proof.code == 8
    assert [each["class"] for each in proof.json["drift"]] == ["unknown_type"]
