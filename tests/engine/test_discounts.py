"""Discounts, promo codes and items: to the cent, within their limits, while the price is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from databases import Database
from factories import Salon, open_salon
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paying import book_by_link, operations
from racing import outcome, together
from selling import crowded, eur, postings, product, promo, proven, refusal
from sqlalchemy import Engine as Pool

from bookra.engine.bookings.actions import cancel
from bookra.engine.bookings.history import history
from bookra.engine.bookings.holds import expire_lapsed
from bookra.engine.bookings.model import Booking
from bookra.engine.catalog.actions import NewService, add_service, set_service
from bookra.engine.catalog.model import parse_segments
from bookra.engine.catalog.products import products, set_product
from bookra.engine.catalog.promos import end_promo, find_promo
from bookra.engine.outbox.inspect import outbox_rows
from bookra.engine.payments.asked import Asked
from bookra.engine.payments.tab import settle_up
from bookra.engine.payments.taking import take, take_cash
from bookra.engine.prices.booking import book
from bookra.engine.prices.discounts import discount_by_hand, discount_by_promo, no_discount
from bookra.engine.prices.items import Wanted, add_item, parse_wanted, remove_item
from bookra.engine.runtime import Tx

SLOT = "2026-11-24 10:00"
RACERS = 16


def uses(salon: Salon, code: str) -> int:
    return salon.ask(lambda tx: find_promo(tx, code)).uses


def exclusive(salon: Salon) -> None:
    """Add a service of 100.00 with 8 % tax, where the business's prices hold no tax."""
    new = NewService("spa", "Spa", eur(10000), parse_segments("busy 60"), tax_bps=800)
    salon.act(lambda tx: add_service(tx, new))


def test_a_price_that_comes_down_to_what_is_paid_is_revenue(salon: Salon) -> None:
    """No money comes any more: the discount itself settles the visit, with its invoice."""
    booking = salon.book(SLOT)
    salon.act(lambda tx: take(tx, booking.code, "cash", Asked(amount=eur(4000))))

    def action(tx: Tx) -> Booking:
        return settle_up(tx, discount_by_hand(tx, booking.code, amount=eur(500)))

    settled = salon.act(action)
    assert settled.recognised_at is not None
    assert (settled.price, settled.due) == (eur(4000), eur(0))
    topics = {row.topic for row in salon.ask(outbox_rows)}
    assert {"invoice.issue", "commission.split"} <= topics
    assert salon.act(lambda tx: settle_up(tx, settled)) == settled
    proven(salon)


def test_twenty_off_a_hundred_with_eight_percent_on_top_costs_86_40(
    database: Database, pool: Pool
) -> None:
    salon = open_salon(database, pool, settings={"tax_inclusive": 0})
    exclusive(salon)
    booking = salon.book(SLOT, service="spa")
    assert booking.price == eur(10800)
    cheaper = salon.act(
        lambda tx: discount_by_hand(tx, booking.code, amount=eur(2000), reason="a friend")
    )
    assert (cheaper.price, cheaper.off) == (eur(8640), eur(2000))
    salon.act(lambda tx: take_cash(tx, booking.code))
    assert postings(salon, booking) == [
        {
            "assets:cash:drawer": 8640,
            "income:discounts": 2000,
            "income:services": -10000,
            "liabilities:tax:8": -640,
        }
    ]
    assert proven(salon)


def test_a_service_and_a_product_are_taxed_at_their_own_rates(salon: Salon) -> None:
    salon.act(lambda tx: set_service(tx, "cut", {"tax_bps": 700}))
    product(salon, "oil", 1190)
    product(salon, "book", 2140, tax_bps=700)
    booking = salon.book(SLOT)
    salon.act(lambda tx: add_item(tx, booking.code, Wanted("oil", 2, staff="ben")))
    full = salon.act(lambda tx: add_item(tx, booking.code, parse_wanted("book")))
    assert [(line.tax_bps, line.tax.minor) for line in full.lines] == [(700, 294)]
    assert [(item.tax_bps, item.net.minor, item.tax.minor) for item in full.items] == [
        (1900, 2000, 380),
        (700, 2000, 140),
    ]
    assert full.price == eur(4500 + 2380 + 2140)
    cheaper = salon.act(lambda tx: discount_by_hand(tx, booking.code, bps=1000))
    assert cheaper.price == eur(9020 - 902)
    assert cheaper.off == eur(902)
    fewer = salon.act(lambda tx: remove_item(tx, booking.code, 1))
    assert fewer.price == eur(6640 - 664)
    salon.act(lambda tx: take_cash(tx, booking.code))
    balances = salon.balances()
    assert balances["assets:cash:drawer"] == 5976
    assert {"income:products", "income:services", "income:discounts"} <= balances.keys()
    assert balances["liabilities:tax:7"] == -(fewer.price - fewer.net).minor
    assert proven(salon)


def test_a_discount_takes_the_place_of_the_one_before_and_history_tells(salon: Salon) -> None:
    booking = salon.book(SLOT)
    salon.act(lambda tx: discount_by_hand(tx, booking.code, bps=5000, reason="late start"))
    second = salon.act(lambda tx: discount_by_hand(tx, booking.code, amount=eur(500)))
    assert second.price == eur(4000)
    plain = salon.act(lambda tx: no_discount(tx, booking.code))
    assert (plain.price, plain.off, plain.discount) == (eur(4500), eur(0), None)
    told = [
        (change.kind, change.facts["reason"], change.facts["price"])
        for change in salon.ask(lambda tx: history(tx, booking.id))
    ]
    assert told == [
        ("discount", "late start", "22.50 EUR"),
        ("discount", "by hand", "40.00 EUR"),
        ("discount", "none", "45.00 EUR"),
    ]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"bps": 10_001}, "bad_percent"),
        ({"bps": 0}, "bad_percent"),
        ({"amount": eur(0)}, "bad_amount"),
        ({}, "bad_discount"),
        ({"bps": 1, "amount": eur(1)}, "bad_discount"),
        ({"bps": 1, "reason": "x" * 201}, "bad_reason"),
    ],
)
def test_a_discount_that_can_not_be_is_refused(
    salon: Salon, given: dict[str, object], code: str
) -> None:
    booking = salon.book(SLOT)
    assert (
        refusal(lambda: salon.act(lambda tx: discount_by_hand(tx, booking.code, **given))) == code  # type: ignore[arg-type]
    )


def test_the_price_never_falls_below_what_is_paid_and_stays_once_it_is_revenue(
    salon: Salon,
) -> None:
    booking = salon.book(SLOT)
    salon.act(lambda tx: take(tx, booking.code, "cash", Asked(eur(3000))))
    more = lambda tx: discount_by_hand(tx, booking.code, amount=eur(1501))  # noqa: E731
    assert refusal(lambda: salon.act(more)) == "over_discounted"
    assert salon.booking(booking.code).price == eur(4500)
    salon.act(lambda tx: discount_by_hand(tx, booking.code, amount=eur(1000)))
    salon.act(lambda tx: take_cash(tx, booking.code))
    for late in (
        lambda tx: discount_by_hand(tx, booking.code, bps=100),
        lambda tx: no_discount(tx, booking.code),
        lambda tx: remove_item(tx, booking.code, 1),
    ):
        assert refusal(lambda late=late: salon.act(late)) == "already_recognised"
    assert salon.balances()["income:discounts"] == 3782 - 2941
    assert proven(salon)


def test_a_link_is_closed_when_it_asks_for_another_price(salon: Salon, tmp_path: Path) -> None:
    salon.connect_provider("stripe", tmp_path / "key")
    booking = book_by_link(salon, SLOT)
    cheaper = salon.act(lambda tx: discount_by_hand(tx, booking.code, bps=1000))
    assert cheaper.due == eur(4050)
    topics = [row.topic for row in salon.ask(outbox_rows)]
    assert "payment.cancel" in topics
    assert operations(salon, booking) == [("checkout", "new")]


def test_a_promo_code_works_by_its_rules(salon: Salon) -> None:
    promo(salon, "autumn", service="color", least_total=eur(5000))
    promo(salon, "SOON", starts_on=date(2026, 12, 1))
    promo(salon, "GONE", ends_on=date(2026, 11, 22))
    promo(salon, "TODAY", starts_on=date(2026, 11, 23), ends_on=date(2026, 11, 23))
    cut, color = salon.book(SLOT), salon.book("2026-11-24 12:00", service="color")

    def tries(booking: Booking, code: str) -> str:
        return refusal(lambda: salon.act(lambda tx: discount_by_promo(tx, booking.code, code)))

    assert tries(cut, "AUTUMN") == "promo_not_for_this"
    assert tries(cut, "SOON") == tries(cut, "GONE") == "promo_not_now"
    assert tries(cut, "NEVER") == "unknown_promo"
    assert tries(color, "autumn") == "done"
    assert salon.booking(color.code).price == eur(8100)
    assert tries(color, "TODAY") == "done"
    assert (uses(salon, "AUTUMN"), uses(salon, "TODAY")) == (0, 1)
    salon.act(lambda tx: end_promo(tx, "today"))
    assert tries(cut, "TODAY") == "promo_not_now"


def test_a_use_goes_back_with_a_cancellation_an_expiry_or_another_discount(salon: Salon) -> None:
    promo(salon, "ONE", max_uses=1)
    first = salon.book(SLOT)
    second = salon.book("2026-11-24 12:00", customer=salon.customer("Lea Berg"))

    def use(booking: Booking) -> str:
        return refusal(lambda: salon.act(lambda tx: discount_by_promo(tx, booking.code, "ONE")))

    assert (use(first), use(second), use(first)) == ("done", "promo_used_up", "done")
    salon.act(lambda tx: no_discount(tx, first.code))
    assert use(second) == "done"
    salon.act(lambda tx: discount_by_hand(tx, second.code, bps=100))
    assert use(first) == "done"
    salon.act(lambda tx: cancel(tx, first.code))
    assert uses(salon, "ONE") == 0
    held = salon.book("2026-11-24 15:00", hold_minutes=10)
    assert use(held) == "done"
    assert salon.later(minutes=11).act(expire_lapsed) == 1
    assert uses(salon, "ONE") == 0
    assert use(second) == "done"


@pytest.mark.parametrize(("most", "each"), [(5, None), (None, 2), (5, 1)])
def test_limits_of_a_promo_code_are_exact_under_sixteen_racers(
    salon: Salon, most: int | None, each: int | None
) -> None:
    promo(salon, "RUSH", max_uses=most, max_uses_per_customer=each)
    people = [salon.customer(f"Client {number}") for number in range(8)]
    requests = [
        salon.request(
            f"2026-11-{24 + number // 8} {9 + number % 8:02}:00",
            staff="ana" if number % 2 else "ben",
            customer=people[number // 2 % 4],
        )
        for number in range(RACERS)
    ]
    crowd = crowded(salon, RACERS)
    bookings = [salon.act(lambda tx, wanted=wanted: book(tx, wanted)) for wanted in requests]
    found = together(
        [
            lambda code=booking.code: outcome(crowd, lambda tx: discount_by_promo(tx, code, "RUSH"))
            for booking in bookings
        ]
    )
    crowd.pool.dispose()
    wanted = min(most or RACERS, 4 * (each or RACERS))
    assert found.count("done") == wanted == uses(salon, "RUSH")
    assert set(found) == {"done", "promo_used_up"}


def test_booking_with_a_promo_code_is_one_transaction(salon: Salon) -> None:
    promo(salon, "ONE", max_uses=1)
    wanted = replace(salon.request(SLOT), promo="one")
    booked = salon.act(lambda tx: book(tx, wanted))
    assert booked.price == eur(4050)
    assert booked.discount is not None
    assert booked.discount.promo == "ONE"
    second = replace(salon.request("2026-11-24 12:00"), promo="one")
    assert refusal(lambda: salon.act(lambda tx: book(tx, second))) == "promo_used_up"
    assert "12:00" in salon.starts("2026-11-24")


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("percent"), st.integers(1, 10_000)),
        st.tuples(st.just("amount"), st.integers(1, 9_000)),
        st.tuples(st.just("add"), st.integers(1, 40)),
        st.tuples(st.just("remove"), st.integers(1, 3)),
        st.tuples(st.just("none"), st.just(0)),
    ),
    min_size=3,
    max_size=7,
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, rates=st.lists(st.integers(0, 3_000), min_size=2, max_size=2))
def test_any_sequence_of_changes_leaves_an_exact_price(
    salon: Salon, steps: list[tuple[str, int]], rates: list[int]
) -> None:
    if not salon.ask(products):
        product(salon, "oil", 1190)
    salon.act(lambda tx: set_product(tx, "oil", {"tax_bps": rates[0]}))
    salon.act(lambda tx: set_service(tx, "cut", {"tax_bps": rates[1]}))
    salon.act(lambda tx: _play(salon, tx, steps), dry_run=True)


def _play(salon: Salon, tx: Tx, steps: list[tuple[str, int]]) -> None:
    booking = book(tx, salon.request(SLOT))
    for step, number in steps:
        booking = _step(tx, booking, step, number)
        parts = (*booking.lines, *booking.items)
        listed = sum(part.list_minor or 0 for part in parts)
        assert booking.price.minor == listed - booking.off.minor
        assert min(min(p.net.minor, p.tax.minor, p.discount_minor) for p in parts) >= 0
    if booking.due:
        assert not take_cash(tx, booking.code).due


def _step(tx: Tx, booking: Booking, step: str, number: int) -> Booking:
    if step == "percent":
        return discount_by_hand(tx, booking.code, bps=number)
    if step == "amount":
        return discount_by_hand(tx, booking.code, amount=eur(number))
    if step == "add":
        return add_item(tx, booking.code, Wanted("oil", number, eur(333)))
    if step == "remove" and number in {item.position for item in booking.items}:
        return remove_item(tx, booking.code, number)
    return no_discount(tx, booking.code)
