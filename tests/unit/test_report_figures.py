"""What a transfer means in a report, how a period is cut, and how bars are drawn. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.commands.charts import bars
from bookra.engine.ledger import chart
from bookra.engine.ledger.entry import Draft, transfers
from bookra.engine.ledger.rules import pay, refunds, sales, stripe
from bookra.engine.ledger.rules.refunds import GivenBack
from bookra.engine.ledger.rules.sales import Fact, Sale, Tender
from bookra.engine.reports.figures import Figures, figures_of, method_of, telling_account
from bookra.engine.reports.period import Period, period_of
from bookra.errors import InvalidInputError

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
FACT = Fact("fact", NOW, "EUR")
SALE = Sale(None, "ana", 10_000, 800, 800, discount_minor=2_000)


def figures(draft: Draft) -> Figures:
    """Return what a whole entry means."""
    moved = transfers(draft.postings)
    return sum((figures_of(t.debit, t.credit, t.amount_minor) for t in moved), Figures())


def test_a_sale_with_a_discount_and_a_tip() -> None:
    found = figures(sales.payment_in_full(FACT, Tender("card", 10_800, {"ana": 1500}), [SALE]))
    assert found == Figures(
        gross=12_000, discounts=2_000, tax=800, tips=1500, collected=12_300, by_card=12_300
    )
    assert found.net == 10_000


def test_a_deposit_is_collected_when_it_comes_and_sold_when_it_is_used() -> None:
    assert figures(sales.deposit(FACT, Tender("cash", 3_000, {}))) == Figures(collected=3_000)
    rest = sales.payment_in_full(FACT, Tender("cash", 7_800, {}), [SALE], deposits_minor=3_000)
    assert figures(rest).collected == 7_800
    assert figures(rest).net == 10_000


def test_a_gift_card_brings_money_once() -> None:
    used = sales.payment_in_full(FACT, Tender("gift-card", 10_800, {}), [SALE])
    assert figures(used).collected == 0
    assert figures_of(chart.DRAWER, chart.GIFT_CARDS, 10_000) == Figures(collected=10_000)


def test_a_refund_takes_price_tax_and_tip_back() -> None:
    given = GivenBack("card", [Sale(None, "ana", 5_000, 400, 800)], 0, {"ana": 100})
    assert figures(refunds.refund(FACT, given)) == Figures(
        refunds=5_000, tax=-400, tips=-100, collected=-5_500, by_card=-5_500
    )


def test_stripes_movement_brings_its_fees_alone_and_the_payout_is_what_is_left() -> None:
    movement = stripe.StripeMovement(FACT, "charge", 12_300, 387, 100)
    found = figures(stripe.balance_transaction(movement))
    assert found == Figures(stripe_fees=387, platform_fees=100)
    paid = figures(sales.payment_in_full(FACT, Tender("card", 10_800, {"ana": 1500}), [SALE]))
    assert (paid + found).payout == 11_813


def test_what_a_bank_takes_back_is_missing_in_the_payout_until_it_is_won() -> None:
    taken = stripe.StripeMovement(FACT, "adjustment", -3_000, 1_500, 0, "dispute")
    found = figures(stripe.balance_transaction(taken))
    assert found == Figures(disputes=4_500)
    assert found.payout == -4_500
    assert not figures(stripe.dispute_lost(FACT, 3_000))
    won = stripe.StripeMovement(FACT, "adjustment", 3_000, 0, 0, "dispute_reversal")
    assert figures(stripe.balance_transaction(won)) == Figures(disputes=-3_000)


def test_commission_counts_when_it_is_earned_and_taken_back() -> None:
    assert figures(pay.commission(FACT, "ana", 4_000)) == Figures(commissions=4_000)
    assert figures(pay.clawback_of_paid(FACT, "ana", 1_000)) == Figures(commissions=-1_000)


@pytest.mark.parametrize(
    ("debit", "credit"),
    [
        (chart.IN_TRANSIT, chart.AVAILABLE),
        (chart.DRAWER, chart.BANK),
        (chart.PETTY_CASH, chart.DRAWER),
        (chart.OVER_SHORT, chart.DRAWER),
        (chart.BANK, chart.TERMINAL),
        (chart.DRAWER, chart.RENT_RECEIVABLE),
        (chart.DISPUTE_LOSSES, chart.DISPUTED),
    ],
)
def test_money_that_is_only_put_elsewhere_is_in_no_column(debit: str, credit: str) -> None:
    assert not figures_of(debit, credit, 100)


def test_a_refund_that_failed_later_came_back() -> None:
    assert figures_of(chart.AVAILABLE, chart.REFUNDS_OWED, 500).collected == 500


def test_a_transfer_names_how_it_was_settled_or_what_it_is_about() -> None:
    assert method_of(chart.CLEARING, chart.GIFT_CARDS) == "card"
    assert method_of(chart.GIFT_CARDS, chart.SERVICES) == "gift-card"
    assert method_of(chart.DEPOSITS, chart.SERVICES) == "deposit"
    assert method_of(chart.REFUNDS, chart.DRAWER) == "cash"
    assert method_of(chart.DISCOUNTS, chart.SERVICES) == chart.DISCOUNTS
    assert telling_account(chart.STRIPE_FEES, chart.CLEARING) == chart.STRIPE_FEES
    assert telling_account(chart.CLEARING, chart.NO_SHOW) == chart.NO_SHOW
    assert telling_account(chart.DRAWER, chart.GIFT_CARDS) == chart.GIFT_CARDS


def test_a_month_is_asked_for_by_default_and_from_a_day_to_its_months_end() -> None:
    assert period_of(BERLIN, NOW, None, None) == Period(
        date(2026, 11, 1), date(2026, 11, 30), BERLIN
    )
    assert period_of(BERLIN, NOW, "2026-02-10", None).last == date(2026, 2, 28)
    assert period_of(BERLIN, NOW, None, "2026-10-15").first == date(2026, 10, 1)


@pytest.mark.parametrize(
    ("first", "last"), [("2026-11-02", "2026-11-01"), ("1990-01-01", "2026-01-01"), ("soon", None)]
)
def test_a_period_that_makes_no_sense_is_refused(first: str, last: str | None) -> None:
    with pytest.raises(InvalidInputError):
        period_of(BERLIN, NOW, first, last)


def test_days_are_as_long_as_the_clock_makes_them() -> None:
    autumn = Period(date(2026, 10, 25), date(2026, 10, 25), BERLIN)
    spring = Period(date(2026, 3, 29), date(2026, 3, 29), BERLIN)
    hours = [(day.until - day.start).total_seconds() / 3600 for day in (autumn, spring)]
    assert hours == [25, 23]


@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(0, 500),
    st.sampled_from(["day", "week", "month"]),
)
def test_pieces_follow_each_other_without_a_gap(first: date, more: int, step: str) -> None:
    whole = Period(first, date.fromordinal(first.toordinal() + more), BERLIN)
    pieces = list(whole.pieces(step).values())
    assert pieces[0].start == whole.start
    assert pieces[-1].until == whole.until
    for one, following in pairwise(pieces):
        assert one.until == following.start
    assert sum(piece.days for piece in pieces) == whole.days


def test_pieces_are_named_as_people_name_them() -> None:
    whole = Period(date(2026, 12, 28), date(2027, 1, 4), BERLIN)
    assert list(whole.pieces("week")) == ["2026-W53", "2027-W01"]
    assert list(whole.pieces("month")) == ["2026-12", "2027-01"]


def test_bars_are_as_long_as_their_amounts_and_fit() -> None:
    lines = bars(
        [("ana", 1000, "10.00 EUR"), ("benjamin", 500, "5.00 EUR"), ("cy", -500, "-5.00 EUR")],
        width=60,
    )
    assert [len(line) <= 60 for line in lines] == [True] * 3
    assert lines[0].count("█") == 2 * lines[1].count("█") + lines[1].count("▌")
    assert "░" in lines[2]
    assert "█" not in lines[2]
    assert bars([("none", 0, "0.00 EUR")], width=40) == ["none  0.00 EUR"]
    assert bars([]) == []
