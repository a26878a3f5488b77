"""Any month of sales: every dimension sums to the same, to the ledger's accounts, and stays so.

One salon lives through every example, so that each begins with what the one before left behind.
Visits have one or two services by several people and at several rates, with goods and discounts;
they are paid in parts and in several ways, refunded in parts, and their commission is split.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from factories import Salon
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paying import movement_of, tell_movement
from refunding import give_back, pay_at_counter, pay_by_card
from selling import card_worth, eur, product
from sqlalchemy import text

from bookra.engine.availability.asked import Wish
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.model import Booking
from bookra.engine.commissions.split import split
from bookra.engine.ledger import chart
from bookra.engine.orders.redeeming import redeem_gift_card
from bookra.engine.payments.fees import cancel_visit
from bookra.engine.payments.taking import complete
from bookra.engine.prices.discounts import discount_by_hand
from bookra.engine.prices.items import Wanted, add_item
from bookra.engine.reports.figures import Figures
from bookra.engine.reports.liabilities import liabilities
from bookra.engine.reports.period import Period
from bookra.engine.reports.revenue import BY, Revenue, opened, revenue
from bookra.engine.reports.taxes import taxes
from bookra.errors import BookraError

CLOCK = text("SELECT clock_timestamp() AS now")
DAYS = 40
PEOPLE = ("ana", "ben")


@dataclass(frozen=True)
class Visit:
    """What becomes of a visit; amounts in minor units."""

    day: int
    second: bool
    oils: int
    discount_bps: int
    deposit: int
    way: str
    tip: int
    refunds: list[int]
    tips: str
    called_off: bool
    commission: bool


VISIT = st.builds(
    Visit,
    day=st.integers(0, DAYS - 1),
    second=st.booleans(),
    oils=st.integers(0, 2),
    discount_bps=st.sampled_from([0, 0, 1250, 3333, 10000]),
    deposit=st.integers(0, 2000),
    way=st.sampled_from(["cash", "terminal", "card", "gift-card", "late", "nothing"]),
    tip=st.integers(0, 701),
    refunds=st.lists(st.integers(1, 3000), max_size=2),
    tips=st.sampled_from(["kept", "too"]),
    called_off=st.sampled_from([False, False, True]),
    commission=st.booleans(),
)


@pytest.fixture
def shop(salon: Salon, tmp_path: Path) -> Salon:
    """A salon that sells an oil at a rate of its own and knows Stripe."""
    salon.connect_provider("stripe", tmp_path / "key", account="acct_1")
    product(salon, "oil", 1290, tax_bps=700)
    return salon


class Month:
    """What is done to a salon over some weeks, a visit at a time."""

    def __init__(self, salon: Salon) -> None:
        self.salon = salon
        self.customer = salon.customer()
        self.made = 0

    def live(self, visit: Visit) -> None:
        """Book a visit, pay it, give some of it back; what a rule refuses does not happen."""
        at = self.salon.at(self.salon.now + timedelta(days=visit.day))
        booking = self._booked(at, second=visit.second)
        if booking is None:
            return
        code = booking.code
        oils = [lambda: at.act(lambda tx: add_item(tx, code, Wanted("oil", staff="ben")))]
        refunds = [
            lambda minor=minor: give_back(at, booking, minor, tips=visit.tips)
            for minor in visit.refunds
        ]
        self._attempt(
            *oils * visit.oils,
            lambda: at.act(lambda tx: discount_by_hand(tx, code, bps=visit.discount_bps)),
            lambda: pay_at_counter(at, booking, "cash", visit.deposit),
            lambda: self._pay(at, booking, visit.way, visit.tip),
            lambda: visit.commission and at.act(lambda tx: split(tx, booking.id)),
            *refunds,
            lambda: visit.called_off and at.act(lambda tx: cancel_visit(tx, code, fee=eur(500))),
        )

    def _attempt(self, *actions: Callable[[], object]) -> None:
        for action in actions:
            with suppress(BookraError):
                action()

    def _booked(self, at: Salon, *, second: bool) -> Booking | None:
        more = (Wish("color", PEOPLE[(self.made + 1) % 2]),) if second else ()
        for hour in range(7 * 24):
            self.made += 1
            start = at.now + timedelta(hours=1 + hour)
            who = PEOPLE[self.made % 2]
            wanted = BookingRequest("cut", who, start, self.customer.id, more=more)
            with suppress(BookraError):
                return at.act(lambda tx, wanted=wanted: book(tx, wanted))
        return None

    def _pay(self, at: Salon, booking: Booking, way: str, tip: int) -> None:
        if way == "card":
            charge = pay_by_card(at, booking, tip=tip, moves=False)
            tell_movement(at, movement_of(charge, fees=(29 + tip // 3, 11)))
        elif way == "gift-card":
            card = card_worth(at, 2500)
            at.act(lambda tx: redeem_gift_card(tx, booking.code, card.code))
        elif way == "late":
            at.act(lambda tx: complete(tx, booking.code))
        elif way != "nothing":
            pay_at_counter(at, booking, way, tip=tip)


def whole(salon: Salon) -> Period:
    first = salon.now.date() - timedelta(days=30)
    return Period(first, first + timedelta(days=DAYS + 60), salon.zone)


def report(salon: Salon, by: str, as_of: datetime | None = None) -> Revenue:
    return salon.ask(lambda tx: revenue(tx, whole(salon), by, as_of))


def of_the_ledger(salon: Salon) -> dict[str, int]:
    """Return the report's columns worked out from nothing but the accounts' balances."""
    held = salon.balances()

    def owed(prefix: str) -> int:
        return -sum(minor for code, minor in held.items() if code.startswith(prefix))

    discounts, refunds = held.get(chart.DISCOUNTS, 0), held.get(chart.REFUNDS, 0)
    return {
        "gross": owed("income:") + discounts + refunds,
        "discounts": discounts,
        "refunds": refunds,
        "tax": owed(chart.TAX_PREFIX),
        "tips": owed(chart.TIPS_PREFIX),
        "stripe_fees": held.get(chart.STRIPE_FEES, 0),
        "platform_fees": held.get(chart.PLATFORM_FEES, 0),
        "commissions": held.get(chart.COMMISSION_EXPENSE, 0),
        # Nothing but customers' money moved: what is there, and what Stripe and it took of it.
        "collected": sum(
            held.get(code, 0)
            for code in (
                *(chart.CLEARING, chart.AVAILABLE, chart.DRAWER, chart.TERMINAL),
                *(chart.STRIPE_FEES, chart.PLATFORM_FEES),
            )
        ),
    }


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(visits=st.lists(VISIT, min_size=1, max_size=4))
def test_every_dimension_sums_to_the_ledger_and_opens_to_its_entries(
    shop: Salon, visits: list[Visit]
) -> None:
    month = Month(shop)
    known = shop.ask(lambda tx: tx.row(CLOCK))
    assert known is not None
    before = {by: report(shop, by, known.now) for by in BY}
    for visit in visits:
        month.live(visit)
    expected = of_the_ledger(shop)
    for by in BY:
        found = report(shop, by)
        total = sum((row.figures for row in found.rows), Figures())
        assert {name: getattr(total, name) for name in expected} == expected, by
        assert found.total.figures == total
        assert found.total.bookings == report(shop, "month").total.bookings
        key = found.rows[-1].key if found.rows else None
        if key is not None and found.rows[-1].figures:
            behind = shop.ask(lambda tx, by=by, key=key: opened(tx, whole(shop), by, key))
            assert sum((entry.figures for entry in behind), Figures()) == found.rows[-1].figures
        then = report(shop, by, known.now)
        assert (then.rows, then.total) == (before[by].rows, before[by].total), by
    agree_on_taxes_and_liabilities(shop, expected)


def agree_on_taxes_and_liabilities(shop: Salon, expected: dict[str, int]) -> None:
    found = shop.ask(lambda tx: taxes(tx, whole(shop), "month"))
    assert found.total.payable == expected["tax"]
    assert found.total.net == expected["gross"] - expected["discounts"] - expected["refunds"]
    owed = shop.ask(liabilities)
    held = {code: -minor for code, minor in shop.balances().items() if "liabilities" in code}
    assert sum(row.minor for row in owed.rows) == sum(held.values())
    assert owed.totals.get("deposits", 0) == held.get(chart.DEPOSITS, 0)
