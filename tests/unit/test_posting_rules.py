"""The posting rules, to the cent: a case for each row of the table of postings.

Each case says which drafts the rules make for a fact, and what they come to. What the transfers
that are written move is looked at, not what the drafts say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.engine.ledger import chart
from bookra.engine.ledger.entry import Draft, transfers
from bookra.engine.ledger.rules import pay, refunds, sales, stripe, till, value
from bookra.engine.ledger.rules.refunds import GivenBack
from bookra.engine.ledger.rules.sales import Fact, Sale, Tender
from bookra.engine.ledger.rules.stripe import StripeMovement

NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
BOOKING, LINE, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
FACT = Fact("a-key", NOW, "EUR", BOOKING)
CUT = Sale(LINE, "ana", 10_000, 800, 800)
"""100.00 and 8 % tax."""

AVL, CLR = chart.AVAILABLE, chart.CLEARING
DRAWER, BANK, TAX = chart.DRAWER, chart.BANK, "liabilities:tax:8"
TIPS, COMMISSION = "liabilities:tips:ana", "liabilities:commission:ana"
FEES, PLATFORM = chart.STRIPE_FEES, chart.PLATFORM_FEES


def card(amount: int, tip: int = 0) -> Tender:
    return Tender("card", amount, {"ana": tip} if tip else {})


def cash(amount: int) -> Tender:
    return Tender("cash", amount, {})


def moved(kind: str, amount: int, fee: int = 0, platform: int = 0, category: str = "") -> Draft:
    return stripe.balance_transaction(StripeMovement(FACT, kind, amount, fee, platform, category))


def back(net: int, tax: int, *, tips: int = 0, deposits: int = 0, how: str = "card") -> Draft:
    sold = [Sale(LINE, "ana", net, tax, 800)] if net or tax else []
    return refunds.refund(FACT, GivenBack(how, sold, deposits, {"ana": tips} if tips else {}))


class Row(NamedTuple):
    """A row of the table: the entries that a fact makes, and what they move together."""

    drafts: Callable[[], list[Draft]]
    kinds: str
    moves: dict[str, int]


ROWS = {
    "A1 card 100.00 + 8 % tax + 15.00 tip": Row(
        lambda: [sales.payment_in_full(FACT, card(10_800, 1500), [CUT])],
        "card_payment",
        {CLR: 12_300, chart.SERVICES: -10_000, TAX: -800, TIPS: -1500},
    ),
    "A2 its balance transaction": Row(
        lambda: [moved("charge", 12_300, 387, 100)],
        "stripe_charge",
        {AVL: 11_813, FEES: 387, PLATFORM: 100, CLR: -12_300},
    ),
    "A3 commission 40 %": Row(
        lambda: [pay.commission(FACT, "ana", 4000, line_id=LINE)],
        "commission",
        {chart.COMMISSION_EXPENSE: 4000, COMMISSION: -4000},
    ),
    "A4 the same sale in cash": Row(
        lambda: [sales.payment_in_full(FACT, cash(10_800), [CUT])],
        "cash_payment",
        {DRAWER: 10_800, chart.SERVICES: -10_000, TAX: -800},
    ),
    "the same sale by the card terminal": Row(
        lambda: [sales.payment_in_full(FACT, Tender("terminal", 10_800, {}), [CUT])],
        "terminal_payment",
        {chart.TERMINAL: 10_800, chart.SERVICES: -10_000, TAX: -800},
    ),
    "B1 deposit 30.00 by card": Row(
        lambda: [sales.deposit(FACT, card(3000))],
        "card_payment",
        {CLR: 3000, chart.DEPOSITS: -3000},
    ),
    "B2 its balance transaction": Row(
        lambda: [moved("charge", 3000, 117, 30)],
        "stripe_charge",
        {AVL: 2853, FEES: 117, PLATFORM: 30, CLR: -3000},
    ),
    "B3 service done, deposit applied": Row(
        lambda: [sales.done_with_deposit(FACT, [CUT], 3000)],
        "sale",
        {chart.RECEIVABLE: 7800, chart.DEPOSITS: 3000, chart.SERVICES: -10_000, TAX: -800},
    ),
    "B4 rest in cash": Row(
        lambda: [sales.payment_of_rest(FACT, cash(7800))],
        "cash_payment",
        {DRAWER: 7800, chart.RECEIVABLE: -7800},
    ),
    "deposit forfeited": Row(
        lambda: [sales.deposit_kept(FACT, chart.NO_SHOW, 3000)],
        "deposit_kept",
        {chart.DEPOSITS: 3000, chart.NO_SHOW: -3000},
    ),
    "discount 20.00 on 100.00": Row(
        lambda: [
            sales.payment_in_full(FACT, card(8640), [Sale(LINE, "ana", 8000, 640, 800, 2000)])
        ],
        "card_payment",
        {CLR: 8640, chart.DISCOUNTS: 2000, chart.SERVICES: -10_000, TAX: -640},
    ),
    "VAT-inclusive 99.99 at 20 %": Row(
        lambda: [sales.payment_in_full(FACT, card(9999), [Sale(LINE, "ana", 8333, 1666, 2000)])],
        "card_payment",
        {CLR: 9999, chart.SERVICES: -8333, "liabilities:tax:20": -1666},
    ),
    "C1 refund 54.00": Row(
        lambda: [back(5000, 400)], "card_refund", {chart.REFUNDS: 5000, TAX: 400, CLR: -5400}
    ),
    "C2 its balance transaction": Row(
        lambda: [moved("refund", -5400, 0, -44)],
        "stripe_refund",
        {CLR: 5400, AVL: -5356, PLATFORM: -44},
    ),
    "C1 with the tip, in cash": Row(
        lambda: [back(10_000, 800, tips=1500, how="cash")],
        "cash_refund",
        {chart.REFUNDS: 10_000, TAX: 800, TIPS: 1500, DRAWER: -12_300},
    ),
    "C1 of a deposit": Row(
        lambda: [back(0, 0, deposits=3000)],
        "card_refund",
        {chart.DEPOSITS: 3000, CLR: -3000},
    ),
    "C3 clawback": Row(
        lambda: [pay.commission(FACT, "ana", -2000, line_id=LINE)],
        "clawback",
        {COMMISSION: 2000, chart.COMMISSION_EXPENSE: -2000},
    ),
    "C3 clawback of what was paid out": Row(
        lambda: [pay.clawback_of_paid(FACT, "ana", 2000, line_id=LINE)],
        "clawback",
        {"assets:receivable:clawback:ana": 2000, chart.COMMISSION_EXPENSE: -2000},
    ),
    "D no-show fee 25.00 on the saved card": Row(
        lambda: [
            sales.fee_payment(FACT, chart.NO_SHOW, 2500),
            moved("charge", 2500, 103, 25),
        ],
        "fee_payment stripe_charge",
        {chart.NO_SHOW: -2500, AVL: 2372, FEES: 103, PLATFORM: 25},
    ),
    "late cancellation keeps a part of the price": Row(
        lambda: [sales.revenue_kept(FACT, chart.LATE_CANCEL, [Sale(LINE, "ana", 5000, 400, 800)])],
        "revenue_kept",
        {chart.REFUNDS: 5000, TAX: 400, chart.LATE_CANCEL: -5400},
    ),
    "E gift card 100.00 sold": Row(
        lambda: [value.value_sold(FACT, card(10_000), "gift-card")],
        "card_payment",
        {CLR: 10_000, chart.GIFT_CARDS: -10_000},
    ),
    "E 60.00 of it redeemed": Row(
        lambda: [
            sales.payment_in_full(
                FACT, Tender("gift-card", 6000, {}), [Sale(LINE, "ana", 5556, 444, 800)]
            )
        ],
        "gift_card_payment",
        {chart.GIFT_CARDS: 6000, chart.SERVICES: -5556, TAX: -444},
    ),
    "F package of 3 for 100.00 in cash": Row(
        lambda: [value.value_sold(FACT, cash(10_000), "package")],
        "cash_payment",
        {DRAWER: 10_000, chart.PACKAGES: -10_000},
    ),
    "F its three visits": Row(
        lambda: [
            sales.payment_in_full(
                FACT, Tender("package", share, {}), [Sale(LINE, "ana", share, 0, 0)]
            )
            for share in (3334, 3333, 3333)
        ],
        "package_redemption package_redemption package_redemption",
        {chart.PACKAGES: 10_000, chart.SERVICES: -10_000},
    ),
    "F what nobody used": Row(
        lambda: [value.expired(FACT, chart.PACKAGES, 3333)],
        "breakage",
        {chart.PACKAGES: 3333, chart.BREAKAGE: -3333},
    ),
    "a member's period without visits": Row(
        lambda: [value.membership_earned(FACT, 4900)],
        "membership_earned",
        {chart.PACKAGES: 4900, chart.MEMBERSHIPS: -4900},
    ),
    "G dispute 30.00 opened": Row(
        lambda: [moved("adjustment", -3000, 1500, category="dispute")],
        "stripe_adjustment",
        {chart.DISPUTED: 3000, chart.DISPUTE_FEES: 1500, AVL: -4500},
    ),
    "G won": Row(
        lambda: [moved("adjustment", 3000, category="dispute_reversal")],
        "stripe_adjustment",
        {AVL: 3000, chart.DISPUTED: -3000},
    ),
    "G lost (25.00)": Row(
        lambda: [stripe.dispute_lost(FACT, 2500)],
        "dispute_lost",
        {chart.DISPUTE_LOSSES: 2500, chart.DISPUTED: -2500},
    ),
    "H staff pay run": Row(
        lambda: [pay.pay_run(FACT, "bank", {COMMISSION: 2000, TIPS: 1500})],
        "pay_run",
        {COMMISSION: 2000, TIPS: 1500, BANK: -3500},
    ),
    "H nets what was clawed back, in cash": Row(
        lambda: [
            pay.pay_run(FACT, "cash", {COMMISSION: 5000, "assets:receivable:clawback:ana": -2000})
        ],
        "pay_run",
        {COMMISSION: 5000, "assets:receivable:clawback:ana": -2000, DRAWER: -3000},
    ),
    "I payout by Stripe": Row(
        lambda: [moved("payout", -15_762)],
        "stripe_payout",
        {chart.IN_TRANSIT: 15_762, AVL: -15_762},
    ),
    "I its failure is the exact reverse": Row(
        lambda: [moved("payout", -15_762), moved("payout_failure", 15_762)],
        "stripe_payout stripe_payout_failure",
        {},
    ),
    "I bank line matched": Row(
        lambda: [stripe.payout_received(FACT, 15_762)],
        "payout_received",
        {BANK: 15_762, chart.IN_TRANSIT: -15_762},
    ),
    "refund that fails later": Row(
        lambda: [moved("refund_failure", 1000)],
        "stripe_refund_failure",
        {AVL: 1000, chart.REFUNDS_OWED: -1000},
    ),
    "what is owed is paid out in cash": Row(
        lambda: [refunds.owed_paid_out(FACT, "cash", 1000)],
        "owed_refund",
        {chart.REFUNDS_OWED: 1000, DRAWER: -1000},
    ),
    "J chair rent 250.00": Row(
        lambda: [pay.chair_rent(FACT, 25_000)],
        "chair_rent",
        {chart.RENT_RECEIVABLE: 25_000, chart.CHAIR_RENT: -25_000},
    ),
    "K drawer 0.50 short": Row(
        lambda: [till.counted(FACT, -50)],
        "drawer_difference",
        {chart.OVER_SHORT: 50, DRAWER: -50},
    ),
    "drawer: change from the bank, milk": Row(
        lambda: [till.brought(FACT, 5000), till.spent(FACT, 1230)],
        "drawer_bank petty_cash",
        {DRAWER: 3770, BANK: -5000, chart.PETTY_CASH: 1230},
    ),
    "the terminal's acquirer pays": Row(
        lambda: [till.terminal_received(FACT, 42_000, 630)],
        "terminal_received",
        {BANK: 41_370, chart.TERMINAL_FEES: 630, chart.TERMINAL: -42_000},
    ),
    "a late payment and its refund": Row(
        lambda: [sales.late_payment(FACT, 10_800), refunds.late_payment_refund(FACT, 10_800)],
        "late_payment late_payment_refund",
        {},
    ),
    "a type that no rule knows": Row(
        lambda: [moved("climate_order_purchase", -700)],
        "stripe_climate_order_purchase",
        {chart.SUSPENSE: 700, AVL: -700},
    ),
}


def balances(drafts: list[Draft]) -> dict[str, int]:
    """Return what the written transfers move, each account's sum, zeros left out."""
    sums: Counter[str] = Counter()
    for entry in drafts:
        for pair in transfers(entry.postings):
            sums[pair.debit] += pair.amount_minor
            sums[pair.credit] -= pair.amount_minor
    return {account: amount for account, amount in sums.items() if amount}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_of_the_table_is_posted_to_the_cent(name: str) -> None:
    row = ROWS[name]
    drafts = row.drafts()
    assert balances(drafts) == row.moves
    assert [draft.kind for draft in drafts] == row.kinds.split()
    assert {(draft.key, draft.booking_id) for draft in drafts} == {("a-key", BOOKING)}


@pytest.mark.parametrize(
    ("names", "zero"),
    [
        (("A1 card 100.00 + 8 % tax + 15.00 tip", "A2 its balance transaction"), CLR),
        (("B1 deposit 30.00 by card", "B2 its balance transaction"), CLR),
        (("C1 refund 54.00", "C2 its balance transaction"), CLR),
        (("B3 service done, deposit applied", "B4 rest in cash"), chart.RECEIVABLE),
        (("G dispute 30.00 opened", "G won"), chart.DISPUTED),
        (("I payout by Stripe", "I bank line matched"), chart.IN_TRANSIT),
        (("refund that fails later", "what is owed is paid out in cash"), chart.REFUNDS_OWED),
    ],
)
def test_two_facts_that_belong_together_leave_nothing_between_them(
    names: tuple[str, str], zero: str
) -> None:
    either = [draft for name in names for draft in ROWS[name].drafts()]
    assert zero not in balances(either)
    assert zero in ROWS[names[0]].moves


def test_each_line_keeps_its_own_income_and_tax() -> None:
    sold = [CUT, Sale(OTHER, "ben", 500, 95, 1900)]
    entry = sales.payment_in_full(FACT, card(11_395), sold)
    by_line = Counter[tuple[str, UUID | None]]()
    for pair in transfers(entry.postings):
        by_line[pair.credit, pair.line_id] += pair.amount_minor
    assert by_line == {
        (chart.SERVICES, LINE): 10_000,
        (TAX, LINE): 800,
        (chart.SERVICES, OTHER): 500,
        ("liabilities:tax:19", OTHER): 95,
    }


def test_a_product_belongs_to_its_item() -> None:
    item = Sale(None, "ana", 1000, 190, 1900, item_id=OTHER, income=chart.PRODUCTS)
    entry = sales.payment_in_full(FACT, cash(1190), [item])
    assert {(pair.credit, pair.item_id) for pair in transfers(entry.postings)} == {
        (chart.PRODUCTS, OTHER),
        ("liabilities:tax:19", OTHER),
    }


SALES = st.lists(
    st.tuples(
        st.integers(1, 10**8),
        st.integers(0, 10**7),
        st.integers(0, 10**6),
        st.sampled_from(["ana", "ben"]),
    ),
    min_size=1,
    max_size=5,
)


def test_a_tip_is_paired_with_the_money_it_came_in_and_a_deposit_with_the_price() -> None:
    """What was paid of a price is asked of the transfers: a tip must not look like a part of it."""
    draft = sales.payment_in_full(FACT, card(7800, 1500), [CUT], deposits_minor=3000)
    tip = [move.debit for move in transfers(draft.postings) if move.credit == TIPS]
    applied = sum(m.amount_minor for m in transfers(draft.postings) if m.debit == chart.DEPOSITS)
    assert (tip, applied) == ([CLR], 3000)
    assert all(m.credit != TIPS for m in transfers(draft.postings) if m.debit != CLR)


@given(SALES, st.integers(0, 10**6), st.sampled_from(sorted(chart.TENDERS)))
def test_all_that_is_received_is_somebodys(
    drawn: list[tuple[int, int, int, str]], tip: int, method: str
) -> None:
    sold = [
        Sale(UUID(int=number), who, net, tax, 1900, off)
        for number, (net, tax, off, who) in enumerate(drawn, 1)
    ]
    price = sum(sale.gross_minor for sale in sold)
    tender = Tender(method, price, {"ana": tip} if tip else {})
    posted = balances([sales.payment_in_full(FACT, tender, sold)])
    assert posted.pop(chart.TENDERS[method]) == price + tip
    assert sum(posted.values()) == -price - tip
    assert posted[chart.SERVICES] == -sum(net + off for net, _, off, _ in drawn)


@given(SALES, st.integers(1, 99))
def test_a_deposit_and_its_rest_come_to_what_one_payment_does(
    drawn: list[tuple[int, int, int, str]], percent: int
) -> None:
    sold = [
        Sale(UUID(int=number), who, net, tax, 1900, off)
        for number, (net, tax, off, who) in enumerate(drawn, 1)
    ]
    price = sum(sale.gross_minor for sale in sold)
    first = price * percent // 100
    parts = [sales.payment_in_full(FACT, cash(price - first), sold, first)]
    if first:
        parts.append(sales.deposit(FACT, cash(first)))
    done = [sales.done_with_deposit(FACT, sold, 0), sales.payment_of_rest(FACT, cash(price))]
    whole = balances([sales.payment_in_full(FACT, cash(price), sold)])
    assert balances(parts) == whole == balances(done)
