"""The posting rules, to the cent, with the worked numbers of the money rules."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.engine.ledger import chart, rules
from bookra.engine.ledger.entry import Draft, transfers
from bookra.engine.ledger.rules import Payment, Sale, StripeMovement

NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
BOOKING, LINE = UUID(int=1), UUID(int=2)
CUT = Sale(LINE, "ana", 10_000, 800, 800)


def payment(*sales: Sale, tip: int = 0) -> Payment:
    return Payment("a-key", BOOKING, "EUR", NOW, sales, tip)


def movement(kind: str, amount: int, stripe_fee: int, application_fee: int) -> StripeMovement:
    return StripeMovement(
        "stripe:acct:txn", kind, "EUR", NOW, amount, stripe_fee, application_fee, BOOKING
    )


def balances(*drafts: Draft) -> dict[str, int]:
    """Return what the written transfers move, each account's sum, zeros left out."""
    sums: Counter[str] = Counter()
    for entry in drafts:
        for pair in transfers(entry.postings):
            sums[pair.debit] += pair.amount_minor
            sums[pair.credit] -= pair.amount_minor
    return {account: amount for account, amount in sums.items() if amount}


def test_a1_a_card_payment_with_tax_and_tip() -> None:
    entry = rules.card_payment(payment(CUT, tip=1500))
    assert (entry.kind, entry.booking_id, entry.key) == ("card_payment", BOOKING, "a-key")
    assert balances(entry) == {
        "assets:stripe:clearing": 12_300,
        "income:services": -10_000,
        "liabilities:tax:8": -800,
        "liabilities:tips:ana": -1500,
    }


def test_a2_its_balance_transaction_empties_clearing() -> None:
    entry = rules.balance_transaction(movement("charge", 12_300, 387, 100))
    assert balances(entry) == {
        "assets:stripe:available": 11_813,
        "expenses:stripe-fees": 387,
        "expenses:platform-fees": 100,
        "assets:stripe:clearing": -12_300,
    }
    both = balances(rules.card_payment(payment(CUT, tip=1500)), entry)
    assert "assets:stripe:clearing" not in both


def test_a3_a_commission_of_forty_percent() -> None:
    amount = rules.commission_minor(CUT.net_minor, 4000)
    entry = rules.commission(CUT, amount, BOOKING, "EUR", NOW)
    assert entry.key == f"commission:{LINE}"
    assert balances(entry) == {
        "expenses:commission": 4000,
        "liabilities:commission:ana": -4000,
    }


def test_a4_the_same_sale_in_cash() -> None:
    assert balances(rules.cash_payment(payment(CUT))) == {
        "assets:cash:drawer": 10_800,
        "income:services": -10_000,
        "liabilities:tax:8": -800,
    }


def test_c2_a_refunds_balance_transaction_gives_the_platform_fee_back() -> None:
    entry = rules.balance_transaction(movement("refund", -5400, 0, -44))
    assert balances(entry) == {
        "assets:stripe:clearing": 5400,
        "assets:stripe:available": -5356,
        "expenses:platform-fees": -44,
    }


def test_a_price_with_its_tax_inside_is_posted_as_net_and_tax() -> None:
    assert balances(rules.card_payment(payment(Sale(LINE, "ana", 8333, 1666, 2000)))) == {
        "assets:stripe:clearing": 9999,
        "income:services": -8333,
        "liabilities:tax:20": -1666,
    }


def test_i_a_payout_by_stripe_is_on_its_way_to_the_bank() -> None:
    assert balances(rules.balance_transaction(movement("payout", -15_762, 0, 0))) == {
        "assets:payouts:in-transit": 15_762,
        "assets:stripe:available": -15_762,
    }


def test_a_type_that_no_rule_knows_is_kept_in_suspense() -> None:
    entry = rules.balance_transaction(movement("climate_order_purchase", -700, 0, 0))
    assert entry.kind == "stripe_climate_order_purchase"
    assert balances(entry) == {
        "liabilities:suspense": 700,
        "assets:stripe:available": -700,
    }


def test_a_late_payment_is_owed_back_and_its_refund_clears_it() -> None:
    late = rules.late_payment(payment(CUT), 10_800)
    assert balances(late) == {
        "assets:stripe:clearing": 10_800,
        "liabilities:refunds-owed": -10_800,
    }
    back = rules.late_payment_refund("refund:1", BOOKING, "EUR", NOW, 10_800)
    assert balances(late, back) == {}


def test_a_tip_is_shared_by_what_each_earned_the_first_taking_the_odd_cent() -> None:
    sales = (CUT, Sale(UUID(int=3), "ben", 10_000, 800, 800))
    posted = balances(rules.cash_payment(payment(*sales, tip=1501)))
    assert posted["liabilities:tips:ana"] == -751
    assert posted["liabilities:tips:ben"] == -750


def test_each_line_keeps_its_own_income_tax_and_tip() -> None:
    sales = (CUT, Sale(UUID(int=3), "ben", 500, 95, 1900))
    entry = rules.card_payment(payment(*sales, tip=300))
    by_line = Counter[tuple[str, UUID | None]]()
    for pair in transfers(entry.postings):
        by_line[pair.credit, pair.line_id] += pair.amount_minor
    assert by_line["income:services", LINE] == 10_000
    assert by_line["income:services", UUID(int=3)] == 500
    assert by_line["liabilities:tax:19", UUID(int=3)] == 95
    assert None not in {line for _, line in by_line}


SALES = st.lists(
    st.tuples(st.integers(1, 10**8), st.integers(0, 10**7), st.sampled_from(["ana", "ben"])),
    min_size=1,
    max_size=5,
)


@given(SALES, st.integers(0, 10**6))
def test_all_that_is_received_is_somebodys(drawn: list[tuple[int, int, str]], tip: int) -> None:
    sales = [Sale(UUID(int=i), who, net, tax, 1900) for i, (net, tax, who) in enumerate(drawn, 1)]
    posted = balances(rules.card_payment(payment(*sales, tip=tip)))
    assert posted.pop("assets:stripe:clearing") == sum(n + t for n, t, _ in drawn) + tip
    assert posted.pop("income:services") == -sum(net for net, _, _ in drawn)
    assert posted.pop("liabilities:tax:19", 0) == -sum(tax for _, tax, _ in drawn)
    assert sum(posted.values()) == -tip


@pytest.mark.parametrize(
    ("bps", "code"),
    [
        (1900, "liabilities:tax:19"),
        (750, "liabilities:tax:7.5"),
        (0, "liabilities:tax:0"),
        (2000, "liabilities:tax:20"),
        (10_000, "liabilities:tax:100"),
        (725, "liabilities:tax:7.25"),
    ],
)
def test_a_tax_rate_has_its_own_account(bps: int, code: str) -> None:
    assert chart.tax(bps) == code


def test_an_account_knows_its_kind_and_its_staff_member() -> None:
    assert chart.kind_of(chart.DRAWER) == "asset"
    assert chart.kind_of(chart.SERVICES) == "income"
    assert chart.staff_of(chart.tips("ana-m")) == "ana-m"
    assert chart.staff_of(chart.commission("ana")) == "ana"
    assert chart.staff_of(chart.SERVICES) is None
