"""Which commission applies, and what it gives: targets, dates, bases, tiers, refunds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.engine.commissions.rules import (
    Base,
    Every,
    Kind,
    Mode,
    Progress,
    Rule,
    Sold,
    Target,
    Terms,
    Tier,
    checked_terms,
    clawed_back,
    commission,
    period_of,
    rule_for,
)
from bookra.errors import InvalidInputError

ANA, CUT, WAX = uuid4(), uuid4(), uuid4()
DAY = date(2026, 11, 24)
LINE = Sold(ANA, CUT, None, "hair", 10_000, 1900, 1900, 0, 1, 4000)
LADDER = (Tier(0, 4000), Tier(100_000, 5000))
PROGRESSIVE = Terms(Kind.TIERED, tiers=LADDER)
RETROACTIVE = replace(PROGRESSIVE, mode=Mode.RETROACTIVE)


def percent(bps: int, target: Target = Target(), day: date = DAY, *, ended: bool = False) -> Rule:  # noqa: B008
    return Rule(uuid4(), target, Terms(Kind.PERCENT, rate_bps=bps), day, ended)


def rate_of(rules: list[Rule], sale: Sold = LINE, day: date = DAY) -> int:
    return rule_for(sale, rules, day).terms.rate_bps


def test_without_a_rule_the_rate_that_was_agreed_applies() -> None:
    assert rule_for(LINE, [], DAY) == Rule(None, Target(), Terms(Kind.PERCENT, rate_bps=4000), DAY)


def test_the_most_specific_of_six_targets_applies() -> None:
    targets = [
        Target(),
        Target(category="hair"),
        Target(service_id=CUT),
        Target(staff_id=ANA),
        Target(staff_id=ANA, category="hair"),
        Target(staff_id=ANA, service_id=CUT),
    ]
    assert [target.rank for target in targets] == [0, 1, 2, 3, 4, 5]
    rules = [percent(100 * number, target) for number, target in enumerate(targets, 1)]
    while rules:
        assert rate_of(rules[::-1]) == rate_of(rules) == 100 * len(rules)
        rules.pop()


@pytest.mark.parametrize(
    "target", [Target(staff_id=uuid4()), Target(service_id=WAX), Target(category="nails")]
)
def test_a_rule_for_somebody_or_something_else_does_not_apply(target: Target) -> None:
    assert rate_of([percent(9000, target)]) == 4000


def test_an_item_is_meant_by_its_product() -> None:
    oil = uuid4()
    item = replace(LINE, service_id=None, product_id=oil, category="care")
    rules = [percent(1000, Target(product_id=oil)), percent(9000, Target(service_id=CUT))]
    assert (rate_of(rules, item), rate_of(rules)) == (1000, 9000)


def test_a_newer_rule_takes_over_from_its_day_on() -> None:
    rules = [percent(3000, day=date(2026, 1, 1)), percent(5000, day=date(2026, 12, 1))]
    for order in (rules, rules[::-1]):
        assert rate_of(order, day=date(2025, 12, 31)) == 4000
        assert rate_of(order, day=date(2026, 11, 30)) == 3000
        assert rate_of(order, day=date(2026, 12, 1)) == 5000


def test_of_two_rules_from_one_day_the_one_written_later_applies() -> None:
    assert rate_of([percent(3000), percent(5000)]) == 5000


def test_a_rule_that_ended_leaves_the_sale_to_the_next_target() -> None:
    ana = Target(staff_id=ANA)
    rules = [percent(2000), percent(5000, ana), percent(0, ana, date(2026, 12, 1), ended=True)]
    assert rate_of(rules) == 5000
    assert rate_of(rules, day=date(2026, 12, 1)) == 2000


@pytest.mark.parametrize(
    ("base", "with_tax", "expected"),
    [
        (Base.AFTER_DISCOUNT, False, 3200),
        (Base.BEFORE_DISCOUNT, False, 4000),
        (Base.AFTER_DISCOUNT, True, 3456),
        (Base.BEFORE_DISCOUNT, True, 4320),
    ],
)
def test_the_base_is_before_or_after_discount_with_or_without_tax(
    base: Base, with_tax: bool, expected: int
) -> None:
    sale = replace(LINE, net_minor=8000, tax_minor=640, tax_bps=800, discount_minor=2000)
    terms = Terms(Kind.PERCENT, rate_bps=4000, base=base, with_tax=with_tax)
    assert commission(sale, terms).amount_minor == expected


def test_a_fixed_commission_is_given_for_each_piece() -> None:
    sale = replace(LINE, quantity=3)
    assert commission(sale, Terms(Kind.FIXED, amount_minor=250)).amount_minor == 750


def test_a_sale_across_a_tier_earns_each_part_at_its_own_rate() -> None:
    sale = replace(LINE, net_minor=8000)
    given_ = commission(sale, PROGRESSIVE, Progress(98_000, 39_200))
    assert (given_.amount_minor, given_.rate_bps, given_.catch_up_minor) == (3800, 5000, 0)


def test_a_tier_that_reaches_back_posts_the_difference_once() -> None:
    sale = replace(LINE, net_minor=8000)
    crossed = commission(sale, RETROACTIVE, Progress(98_000, 39_200))
    assert (crossed.amount_minor, crossed.catch_up_minor) == (4000, 9800)
    after = commission(sale, RETROACTIVE, Progress(106_000, 53_000))
    assert (after.amount_minor, after.catch_up_minor) == (4000, 0)


@given(
    sales=st.lists(st.integers(0, 60_000), min_size=1, max_size=30),
    rates=st.lists(st.integers(0, 10_000), min_size=3, max_size=3),
    mode=st.sampled_from(Mode),
)
def test_tiers_in_any_steps_give_what_the_total_earns(
    sales: list[int], rates: list[int], mode: Mode
) -> None:
    tiers = (Tier(0, rates[0]), Tier(50_000, rates[1]), Tier(200_000, rates[2]))
    terms, so_far = Terms(Kind.TIERED, tiers=tiers, mode=mode), Progress()
    for net in sales:
        part = commission(replace(LINE, net_minor=net), terms, so_far)
        earned = so_far.earned_minor + part.amount_minor + part.catch_up_minor
        so_far = Progress(so_far.base_minor + net, earned)
    total, exact = sum(sales), 0
    if mode is Mode.RETROACTIVE:
        reached = max(
            (tier for tier in tiers if total >= tier.from_minor), key=lambda t: t.from_minor
        )
        exact = total * reached.rate_bps
        slack = len(sales)  # each sale is rounded by itself until a tier evens them out
    else:
        bounds = [0, 50_000, 200_000, max(total, 200_000)]
        for tier, low, high in zip(tiers, bounds, bounds[1:], strict=False):
            exact += max(0, min(total, high) - low) * tier.rate_bps
        slack = 1
    assert abs(so_far.earned_minor * 10_000 - exact) <= slack * 5000


@given(
    net=st.integers(1, 1_000_000),
    share_bps=st.integers(0, 10_000),
    cuts=st.lists(st.integers(1, 1_000_000), max_size=12),
)
def test_refunds_in_any_sequence_take_exactly_the_commission(
    net: int, share_bps: int, cuts: list[int]
) -> None:
    earned, refunded, taken = net * share_bps // 10_000, 0, 0
    for cut in [*cuts, net]:
        refunded = min(net, refunded + cut)
        whole = clawed_back(earned, refunded, net)
        assert whole >= taken
        assert abs(whole * net - earned * refunded) * 2 <= net
        taken = whole
    assert taken == earned


def test_nothing_refunded_takes_nothing_and_a_free_visit_has_nothing_to_take() -> None:
    assert clawed_back(1000, 0, 4000) == 0
    assert clawed_back(500, 0, 0) == 0


@pytest.mark.parametrize(
    ("every", "first", "after"),
    [
        (Every.WEEK, date(2026, 11, 23), date(2026, 11, 30)),
        (Every.MONTH, date(2026, 11, 1), date(2026, 12, 1)),
        (Every.YEAR, date(2026, 1, 1), date(2027, 1, 1)),
    ],
)
def test_the_period_of_a_day(every: Every, first: date, after: date) -> None:
    assert period_of(DAY, every) == (first, after)


@pytest.mark.parametrize(
    "terms",
    [
        Terms(Kind.PERCENT, rate_bps=10_001),
        Terms(Kind.TIERED, tiers=(Tier(0, 4000), Tier(100, 10_500))),
        Terms(Kind.TIERED, tiers=(Tier(100, 4000), Tier(200, 5000))),
        Terms(Kind.TIERED, tiers=(Tier(0, 4000),)),
        Terms(Kind.TIERED, tiers=(Tier(0, 4000), Tier(0, 5000))),
    ],
)
def test_terms_that_make_no_sense_are_refused(terms: Terms) -> None:
    with pytest.raises(InvalidInputError):
        checked_terms(terms)


def test_tiers_are_kept_in_the_order_of_their_totals() -> None:
    assert checked_terms(replace(PROGRESSIVE, tiers=LADDER[::-1])).tiers == LADDER
