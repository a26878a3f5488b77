"""Prices: net and tax by rate, what a discount takes off each part, and that the parts sum up."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.engine.bookings.pricing import Discount, Priced, line_price, taken_off
from bookra.money import Money

CUT, COLOR = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("listed", "bps", "inclusive", "off", "expected"),
    [
        (9999, 2000, True, 0, (8333, 1666, 0)),
        (5200, 1900, True, 0, (4370, 830, 0)),
        (3999, 1900, True, 0, (3361, 638, 0)),
        (10000, 800, False, 0, (10000, 800, 0)),
        (10000, 800, False, 2000, (8000, 640, 2000)),
        (9999, 2000, True, 2000, (6666, 1333, 1667)),
        (10000, 0, True, 2500, (7500, 0, 2500)),
        (10000, 800, False, 10000, (0, 0, 10000)),
        (10000, 1900, True, 10000, (0, 0, 8403)),
        (1, 10000, True, 0, (1, 0, 0)),
        (333, 770, False, 0, (333, 26, 0)),
        (0, 1900, True, 0, (0, 0, 0)),
    ],
)
def test_a_price_is_split_and_a_discount_shrinks_what_is_taxed(
    listed: int, bps: int, inclusive: bool, off: int, expected: tuple[int, int, int]
) -> None:
    price = line_price(Money(listed, "EUR"), bps, inclusive=inclusive, off_minor=off)
    assert (price.net.minor, price.tax.minor, price.discount_minor) == expected
    assert price.list_minor == listed


@pytest.mark.parametrize(
    ("discount", "expected"),
    [
        (None, [0, 0, 0, 0]),
        (Discount("manual", bps=1000), [450, 900, 200, 0]),
        (Discount("manual", amount_minor=100), [29, 58, 13, 0]),
        (Discount("manual", amount_minor=99_999), [4500, 9000, 2000, 0]),
        (Discount("promo", bps=5000, service_id=CUT), [2250, 0, 0, 0]),
        (Discount("promo", amount_minor=700, service_id=COLOR), [0, 700, 0, 0]),
        (Discount("promo", bps=10_000, service_id=UUID(int=9)), [0, 0, 0, 0]),
    ],
)
def test_a_discount_is_shared_out_over_what_it_applies_to(
    discount: Discount | None, expected: list[int]
) -> None:
    parts = [
        Priced(4500, CUT),
        Priced(9000, COLOR),
        Priced(2000),
        Priced(3334, CUT, fixed=True),
    ]
    assert taken_off(discount, parts) == expected


def test_the_earliest_part_gets_the_odd_cent() -> None:
    parts = [Priced(1000, CUT)] * 3
    assert taken_off(Discount("manual", amount_minor=100), parts) == [34, 33, 33]


AMOUNTS = st.integers(0, 10**9)
RATES = st.integers(0, 10_000)
PARTS = st.lists(
    st.builds(Priced, AMOUNTS, st.sampled_from([None, CUT, COLOR]), st.booleans()),
    min_size=1,
    max_size=8,
)
DISCOUNTS = st.one_of(
    st.none(),
    st.builds(Discount, st.just("manual"), bps=st.integers(1, 10_000)),
    st.builds(
        Discount,
        st.just("promo"),
        amount_minor=st.integers(1, 10**9),
        service_id=st.sampled_from([None, CUT]),
    ),
)


@given(PARTS, DISCOUNTS, st.lists(RATES, min_size=8, max_size=8), st.booleans())
def test_whatever_is_discounted_the_parts_are_exact_and_never_negative(
    parts: list[Priced], discount: Discount | None, rates: list[int], inclusive: bool
) -> None:
    offs = taken_off(discount, parts)
    for part, off, bps in zip(parts, offs, rates, strict=False):
        assert 0 <= off <= part.list_minor
        price = line_price(Money(part.list_minor, "EUR"), bps, inclusive=inclusive, off_minor=off)
        net, tax = price.net.minor, price.tax.minor
        full = line_price(Money(part.list_minor, "EUR"), bps, inclusive=inclusive)
        assert min(net, tax, price.discount_minor) >= 0
        assert net + price.discount_minor == full.net.minor
        assert (net + tax if inclusive else net) == part.list_minor - off
        assert not (part.fixed and off)


@given(PARTS, st.integers(1, 10_000))
def test_a_percentage_is_exact_over_the_whole_visit(parts: list[Priced], bps: int) -> None:
    whole = sum(part.list_minor for part in parts if not part.fixed)
    off = sum(taken_off(Discount("manual", bps=bps), parts))
    assert abs(off * 20_000 - whole * bps * 2) <= 10_000


@given(PARTS, st.integers(1, 10**9))
def test_an_amount_is_taken_off_to_the_cent(parts: list[Priced], minor: int) -> None:
    whole = sum(part.list_minor for part in parts if not part.fixed)
    assert sum(taken_off(Discount("manual", amount_minor=minor), parts)) == min(minor, whole)
