"""Refunds in parts: any sequence adds up exactly, and a full one leaves nothing behind."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.engine.ledger.rules.sales import Sale
from bookra.engine.payments.refund_parts import (
    Part,
    Pools,
    Source,
    apportion,
    given_back,
    plan,
    taken_from,
    tips_back,
)

WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=6).filter(any)


@given(WEIGHTS, st.data())
def test_no_share_shrinks_when_the_total_grows(weights: list[int], data: st.DataObject) -> None:
    whole = sum(weights)
    first = data.draw(st.integers(0, whole))
    then = data.draw(st.integers(first, whole))
    before, after = apportion(first, weights), apportion(then, weights)
    assert sum(before) == first
    assert sum(after) == then
    assert all(now <= later for now, later in zip(before, after, strict=True))
    assert apportion(whole, weights) == weights


@given(st.lists(st.integers(1, 9), min_size=2, max_size=4))
def test_every_single_cent_of_small_sums_goes_to_somebody_and_stays_there(
    weights: list[int],
) -> None:
    steps = [apportion(total, weights) for total in range(sum(weights) + 1)]
    for before, after in pairwise(steps):
        grown = [now - then for then, now in zip(before, after, strict=True)]
        assert sorted(grown) == [0] * (len(weights) - 1) + [1]


SALE = st.builds(
    lambda gross, bps: (gross - gross * bps // (10_000 + bps), gross * bps // (10_000 + bps)),
    st.integers(1, 10**6),
    st.sampled_from([0, 550, 700, 1900, 2000, 2500]),
)


@given(st.lists(SALE, min_size=1, max_size=5), st.data())
def test_any_sequence_of_part_refunds_adds_up_to_exactly_what_was_sold(
    drawn: list[tuple[int, int]], data: st.DataObject
) -> None:
    sales = [Sale(UUID(int=i), "ana", n, t, 1900) for i, (n, t) in enumerate(drawn, 1)]
    whole, so_far = sum(sale.gross_minor for sale in sales), 0
    back: dict[UUID | None, list[int]] = {sale.line_id: [0, 0] for sale in sales}
    steps = data.draw(st.integers(1, 12))
    while so_far < whole:
        most, steps = whole - so_far, steps - 1
        amount = data.draw(st.integers(1, most)) if steps > 0 else most
        parts = given_back(sales, so_far, amount)
        assert sum(part.gross_minor for part in parts) == amount
        for part in parts:
            assert part.net_minor >= 0
            assert part.tax_minor >= 0
            back[part.line_id][0] += part.net_minor
            back[part.line_id][1] += part.tax_minor
        so_far += amount
        for sale in sales:
            net, tax = back[sale.line_id]
            # Never further from its share than rounding takes it.
            assert abs((net + tax) * sale.tax_minor - tax * sale.gross_minor) <= sale.gross_minor
    assert back == {sale.line_id: [sale.net_minor, sale.tax_minor] for sale in sales}


def test_half_of_a_taxed_sale_takes_back_half_of_its_tax() -> None:
    (part,) = given_back([Sale(UUID(int=1), "ana", 10_000, 800, 800)], 0, 5400)
    assert (part.net_minor, part.tax_minor) == (5000, 400)


def test_more_than_was_sold_is_never_taken_back() -> None:
    with pytest.raises(ValueError, match="more than"):
        given_back([Sale(UUID(int=1), "ana", 100, 0, 0)], 60, 41)


def test_a_refund_is_taken_from_deposits_then_revenue_then_fees_and_the_rest_is_owed() -> None:
    pools = Pools(1000, 500, 0, {"income:no-show": 200, "income:late-cancel": 100})
    taken = taken_from(pools, 1900)
    assert (taken.deposits_minor, taken.sales_minor) == (1000, 500)
    assert taken.others == {"income:no-show": 200, "income:late-cancel": 100}
    assert taken.excess_minor == 100
    assert taken_from(pools, 1200).sales_minor == 200


def test_money_goes_back_as_it_came_card_first_and_a_disputed_charge_is_left_out() -> None:
    one, two, gift = UUID(int=1), UUID(int=2), UUID(int=3)
    sources = [
        Source("cash", 700),
        Source("card", 300, 50, one),
        Source("card", 900, 0, two, disputed=True),
        Source("gift-card", 200, 0, gift),
    ]
    assert plan(sources, 1000, 20) == [
        Part("card", 300, 20, one),
        Part("gift-card", 200, 0, gift),
        Part("cash", 500, 0),
    ]
    assert plan(sources, 600, 0, to="cash") == [Part("cash", 600, 0)]
    with pytest.raises(ValueError, match="left over"):
        plan(sources, 600, 0, to="card")


def test_tips_are_taken_back_from_those_who_have_them() -> None:
    assert tips_back({"ana": 200, "ben": 100}, 150) == {"ana": 100, "ben": 50}
    assert tips_back({"ana": 200}, 0) == {}
