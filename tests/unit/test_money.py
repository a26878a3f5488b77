"""Money: amounts are read and split exactly, and no cent is made or lost."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.errors import InvalidInputError
from bookra.money import (
    BPS,
    Money,
    allocate,
    exponent,
    format_minor,
    from_stripe,
    included_tax,
    parse_amount,
    rate_bps,
    share,
    to_stripe,
)

MINOR = st.integers(-(10**12), 10**12)
RATE = st.integers(0, BPS)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("45", "EUR", 4500),
        ("45.5", "EUR", 4550),
        (" 45.50 ", "EUR", 4550),
        ("0.07", "EUR", 7),
        ("1200", "JPY", 1200),
        ("1.005", "KWD", 1005),
        ("0", "EUR", 0),
    ],
)
def test_an_amount_is_read_in_its_currencys_minor_units(
    text: str, currency: str, minor: int
) -> None:
    assert parse_amount(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("45.505", "EUR"),
        ("12.5", "JPY"),
        ("1,50", "EUR"),
        ("-5", "EUR"),
        ("", "EUR"),
        ("5.", "EUR"),
        (".5", "EUR"),
        ("1e3", "EUR"),
        ("1" * 13, "EUR"),
    ],
)
def test_what_is_not_an_amount_is_refused_with_its_text(text: str, currency: str) -> None:
    with pytest.raises(InvalidInputError, match="is not an amount") as refused:
        parse_amount(text, currency)
    assert refused.value.code == "bad_amount"
    assert repr(text) in refused.value.message


@given(st.integers(0, 10**12 - 1), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_an_amount_that_is_shown_is_read_back_the_same(minor: int, currency: str) -> None:
    assert parse_amount(format_minor(minor, currency), currency).minor == minor


def test_amounts_are_shown_with_all_their_decimal_places() -> None:
    assert str(Money(4500, "EUR")) == "45.00 EUR"
    assert str(Money(-7, "EUR")) == "-0.07 EUR"
    assert str(Money(5, "KWD")) == "0.005 KWD"
    assert str(Money(1200, "JPY")) == "1200 JPY"
    assert [exponent(code) for code in ("JPY", "USD", "KWD")] == [0, 2, 3]


def test_currencies_are_never_added() -> None:
    with pytest.raises(ValueError, match="USD and EUR"):
        Money(1, "USD") + Money(1, "EUR")
    with pytest.raises(ValueError, match="USD and EUR"):
        Money(1, "USD") - Money(1, "EUR")


@pytest.mark.parametrize(
    ("text", "bps"), [("40", 4000), ("7.5", 750), ("7.25 %", 725), ("0", 0), ("100", 10_000)]
)
def test_a_percentage_is_read_into_basis_points(text: str, bps: int) -> None:
    assert rate_bps(text) == bps


@pytest.mark.parametrize("text", ["100.01", "-1", "7.125", "x", "", "7,5"])
def test_what_is_not_a_percentage_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        rate_bps(text)
    assert refused.value.code == "bad_percent"


@given(MINOR, RATE)
def test_a_share_is_the_exact_one_rounded_half_away_from_zero(minor: int, bps: int) -> None:
    exact = Fraction(abs(minor) * bps, BPS)
    rounded = int(exact + Fraction(1, 2))  # int() cuts, and exact is not negative
    assert share(minor, bps) == (rounded if minor >= 0 else -rounded)


@given(MINOR, RATE)
def test_what_is_left_of_an_inclusive_price_is_the_rounded_net(gross: int, bps: int) -> None:
    net = abs(gross) - abs(included_tax(gross, bps))
    assert abs(net - Fraction(abs(gross) * BPS, BPS + bps)) <= Fraction(1, 2)
    assert included_tax(-gross, bps) == -included_tax(gross, bps)


@pytest.mark.parametrize(
    ("gross", "bps", "tax"),
    [(9999, 2000, 1666), (4500, 1900, 718), (10_800, 800, 800), (1, 1900, 0)],
)
def test_the_worked_inclusive_prices(gross: int, bps: int, tax: int) -> None:
    assert included_tax(gross, bps) == tax


WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=12)


@given(MINOR, WEIGHTS)
def test_the_parts_sum_to_the_whole_and_are_within_a_unit_of_exact(
    minor: int, weights: list[int]
) -> None:
    parts = allocate(minor, weights)
    assert sum(parts) == minor
    even = weights if any(weights) else [1] * len(weights)
    for part, weight in zip(parts, even, strict=True):
        assert abs(part - Fraction(minor * weight, sum(even))) < 1


@given(MINOR, WEIGHTS)
def test_a_refund_splits_like_its_sale(minor: int, weights: list[int]) -> None:
    assert allocate(-minor, weights) == [-part for part in allocate(minor, weights)]


def test_the_earliest_share_gets_the_cent_that_is_left() -> None:
    assert allocate(10_000, [1, 1, 1]) == [3334, 3333, 3333]
    assert allocate(1500, [10_800]) == [1500]
    assert allocate(5, [0, 0]) == [3, 2]
    with pytest.raises(ValueError, match="nothing to allocate"):
        allocate(5, [])


def test_stripe_counts_two_currencies_in_hundredths_that_have_none() -> None:
    assert to_stripe(Money(500, "ISK")) == 50_000
    assert to_stripe(Money(500, "JPY")) == 500
    assert to_stripe(Money(4500, "EUR")) == 4500
    assert from_stripe(50_000, "isk") == Money(500, "ISK")
    with pytest.raises(ValueError, match="fraction of a UGX"):
        from_stripe(50_001, "ugx")


@given(MINOR, st.sampled_from(["EUR", "JPY", "KWD", "ISK", "UGX"]))
def test_an_amount_comes_back_from_stripe_as_it_went(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert from_stripe(to_stripe(money), currency.lower()) == money
