"""Reports of days known to the cent: cut-offs, moved visits, staff, taxes, a day's close."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from factories import Salon
from paying import movement_of, tell_movement
from refunding import give_back, pay_at_counter, pay_by_card
from selling import card_worth, eur, product
from sqlalchemy import text

from bookra.engine.availability.asked import Wish
from bookra.engine.bookings.actions import check_in, no_show
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.model import Booking
from bookra.engine.bookings.moving import move
from bookra.engine.commissions.split import split
from bookra.engine.orders.redeeming import redeem_gift_card
from bookra.engine.payments.fees import no_show as charge_no_show
from bookra.engine.payments.taking import complete
from bookra.engine.prices.items import Wanted, add_item
from bookra.engine.reports.closing import close_of_day
from bookra.engine.reports.cutoff import cutoff
from bookra.engine.reports.figures import Figures
from bookra.engine.reports.liabilities import liabilities
from bookra.engine.reports.performance import Performance, staff_report
from bookra.engine.reports.period import Period, period_of
from bookra.engine.reports.revenue import Revenue, opened, revenue
from bookra.engine.reports.taxes import taxes
from bookra.engine.runtime import Tx
from bookra.engine.till.drawer import close, open_drawer
from bookra.errors import InvalidInputError, NotFoundError

CLOCK = text("SELECT clock_timestamp() AS now")


def month(salon: Salon) -> Period:
    return period_of(salon.zone, salon.now, None, None)


def report(salon: Salon, by: str, as_of: datetime | None = None) -> Revenue:
    return salon.ask(lambda tx: revenue(tx, month(salon), by, as_of))


def rows(found: Revenue) -> dict[str, Figures]:
    return {row.key: row.figures for row in found.rows}


def clock(salon: Salon) -> datetime:
    """Return the database's own time: entries are posted by it, whatever the salon's clock says."""
    row = salon.ask(lambda tx: tx.row(CLOCK))
    assert row is not None
    found: datetime = row.now
    return found


def two_services(salon: Salon) -> Booking:
    """A cut with Ana and a colour with Ben, one after the other: 45.00 and 90.00."""
    wanted = BookingRequest(
        "cut",
        "ana",
        salon.local("2026-11-24 10:00"),
        salon.customer().id,
        more=(Wish("color", "ben"),),
    )
    return salon.act(lambda tx: book(tx, wanted))


def test_what_is_of_the_whole_visit_is_split_by_the_prices_of_its_lines(salon: Salon) -> None:
    """A deposit is shared out; the payment that uses it up says itself what it pays."""
    booking = two_services(salon)
    pay_at_counter(salon, booking, "cash", 1_000)
    pay_at_counter(salon, booking, "terminal", tip=300)
    found = rows(report(salon, "service"))
    assert (found["cut"].collected, found["color"].collected) == (
        333 + 3_500 + 100,
        667 + 9_000 + 200,
    )
    assert found["cut"].gross == booking.lines[0].net.minor
    by_staff = rows(report(salon, "staff"))
    assert (by_staff["ana"].tips, by_staff["ben"].tips) == (100, 200)
    methods = rows(report(salon, "method"))
    assert (methods["cash"].collected, methods["cash"].gross) == (1_000, 0)
    assert methods["deposit"].gross + methods["deposit"].tax == 1_000
    assert report(salon, "service").total.bookings == 1
    assert [row.bookings for row in report(salon, "service").rows] == [1, 1]


def test_fees_are_split_with_largest_remainders(salon: Salon, tmp_path: object) -> None:
    salon.connect_provider("stripe", tmp_path / "key", account="acct_1")  # type: ignore[operator]
    booking = two_services(salon)
    charge = pay_by_card(salon, booking, moves=False)
    tell_movement(salon, movement_of(charge, fees=(421, 113)))
    found = rows(report(salon, "service"))
    assert (found["cut"].stripe_fees, found["color"].stripe_fees) == (140, 281)
    assert (found["cut"].platform_fees, found["color"].platform_fees) == (38, 75)
    assert found["cut"].payout + found["color"].payout == 13_500 - 421 - 113


def test_a_report_as_of_an_instant_is_the_same_ever_after(salon: Salon) -> None:
    booking = two_services(salon)
    pay_at_counter(salon, booking, "cash")
    then = clock(salon)
    before = {by: report(salon, by, then) for by in ("day", "staff", "location", "method")}
    give_back(salon, booking, 4_500)
    salon.act(lambda tx: split(tx, booking.id))
    salon.act(lambda tx: move(tx, booking.code, booking.starts_at, staff="ben", line=1))
    for by, known in before.items():
        again = report(salon, by, then)
        assert (again.rows, again.total) == (known.rows, known.total), by
    assert report(salon, "day").total.figures.refunds > 0
    owed = salon.ask(lambda tx: liabilities(tx, then))
    assert set(owed.totals) == {"tax"}


def test_only_what_no_transaction_can_change_any_more_is_final(salon: Salon) -> None:
    def known(as_of: datetime | None) -> bool:
        return salon.ask(lambda tx: cutoff(tx, as_of)).provisional

    assert known(None)
    assert known(salon.now)
    assert known(salon.now - timedelta(seconds=300))
    assert not known(salon.now - timedelta(hours=1))


def test_rows_open_to_entries_and_unknown_ones_are_refused(salon: Salon) -> None:
    booking = two_services(salon)
    pay_at_counter(salon, booking, "cash", tip=300)

    def behind(by: str, key: str) -> list[tuple[str, str | None]]:
        found = salon.ask(lambda tx: opened(tx, month(salon), by, key))
        return [(entry.kind, entry.subject) for entry in found]

    assert behind("staff", "ana") == [("cash_payment", booking.code)]
    assert behind("day", "2026-11-23") == [("cash_payment", booking.code)]
    with pytest.raises(NotFoundError):
        behind("staff", "nobody")
    with pytest.raises(InvalidInputError):
        report(salon, "nose")


def test_taxes_by_rate_with_what_refunds_took_back(salon: Salon) -> None:
    product(salon, "oil", 1_070, tax_bps=700)
    booking = salon.book("2026-11-24 10:00", service="color")
    salon.act(lambda tx: add_item(tx, booking.code, Wanted("oil")))
    pay_at_counter(salon, booking, "cash")
    give_back(salon, booking, (9_000 + 1_070) // 2)
    found = salon.ask(lambda tx: taxes(tx, month(salon)))
    by_rate = {row.rate: row for row in found.rows}
    assert list(by_rate) == ["19", "7"]
    assert (by_rate["19"].sales_net, by_rate["19"].tax) == (7_563, 1_437)
    assert (by_rate["7"].sales_net, by_rate["7"].tax) == (1_000, 70)
    assert found.total.refunded_net + found.total.refunded_tax == 5_035
    assert by_rate["7"].payable == 35
    assert {row.period for row in found.rows} == {"2026-11-01..2026-11-30"}
    with pytest.raises(InvalidInputError):
        salon.ask(lambda tx: taxes(tx, month(salon), "staff"))


def test_income_without_a_line_is_untaxed(salon: Salon) -> None:
    booking = salon.book("2026-11-24 10:00")
    pay_at_counter(salon, booking, "cash", 1_000)
    later = salon.at(salon.local("2026-11-24 12:00"))
    later.act(lambda tx: charge_no_show(tx, booking.code, fee=eur(1_000)))
    found = later.ask(lambda tx: taxes(tx, month(later)))
    assert [(row.rate, row.net, row.payable) for row in found.rows] == [("none", 1_000, 0)]
    assert rows(report(later, "service"))["cut"].gross == 1_000


def test_liabilities_say_to_whom(salon: Salon) -> None:
    deposit = salon.book("2026-11-24 10:00")
    pay_at_counter(salon, deposit, "cash", 1_000)
    paid = salon.book("2026-11-24 12:00")
    pay_at_counter(salon, paid, "cash", tip=250)
    salon.act(lambda tx: split(tx, paid.id))
    card = card_worth(salon, 3_000)
    found = salon.ask(liabilities)
    assert [(row.key, row.owner, row.minor) for row in found.rows] == [
        ("deposits", deposit.code, 1_000),
        ("gift-cards", card.code, 3_000),
        ("tips", "ana", 250),
        ("commissions", "ana", 1_513),
        ("tax", "19", 718),
    ]
    assert sum(found.totals.values()) == 6_481


def test_staff_hours_visits_and_clients(salon: Salon) -> None:
    rosa, tom = salon.customer("Rosa Vega"), salon.customer("Tom Berg")
    first = salon.book("2026-11-24 10:00", customer=rosa)
    missed = salon.book("2026-11-24 12:00", customer=tom)
    salon.book("2026-11-27 10:00", customer=rosa, staff="ben")
    later = salon.at(salon.local("2026-11-24 16:00"))
    pay_at_counter(later, first, "cash", tip=250)
    later.act(lambda tx: check_in(tx, first.code))
    later.act(lambda tx: complete(tx, first.code))
    later.act(lambda tx: no_show(tx, missed.code))
    day = Period(date(2026, 11, 24), date(2026, 11, 24), salon.zone)

    def ana(tx: Tx) -> Performance:
        (found,) = staff_report(tx, day, "ana").rows
        return found

    found = later.ask(ana)
    assert (found.scheduled_minutes, found.booked_minutes) == (540, 45)
    assert found.utilisation_percent == 8
    assert (found.clients, found.new_clients, found.rebooked, found.no_shows) == (1, 1, 1, 1)
    # The money came on the day of the visit, by the salon's own clock.
    assert (found.tickets, found.average_ticket, found.figures.tips) == (1, 3_782, 250)
    everybody = later.ask(lambda tx: staff_report(tx, day)).rows
    assert [row.staff for row in everybody] == ["ana", "ben"]


def test_the_close_of_a_day(salon: Salon) -> None:
    salon.act(lambda tx: open_drawer(tx, eur(10_000)))
    cash = salon.book("2026-11-23 10:00")
    pay_at_counter(salon, cash, "cash", tip=200)
    give_back(salon, cash, 500)
    card = card_worth(salon, 2_000)
    terminal = salon.book("2026-11-23 12:00")
    salon.act(lambda tx: redeem_gift_card(tx, terminal.code, card.code))
    pay_at_counter(salon, terminal, "terminal")
    deposit = salon.book("2026-11-25 12:00")
    pay_at_counter(salon, deposit, "cash", 700)
    here, gone = salon.book("2026-11-23 14:00"), salon.book("2026-11-23 16:00")
    evening = salon.at(salon.local("2026-11-23 18:00"))
    evening.act(lambda tx: check_in(tx, here.code))
    evening.act(lambda tx: check_in(tx, gone.code))
    evening.act(lambda tx: complete(tx, gone.code))
    found = evening.ask(lambda tx: close_of_day(tx, date(2026, 11, 23)))
    assert {row.method: (row.taken, row.given_back) for row in found.taken} == {
        "cash": (4_700 + 2_000 + 700, 500),
        "terminal": (2_500, 0),
    }
    assert (found.gift_cards.taken, found.gift_cards.used) == (2_000, 2_000)
    # A gift card that pays a part is a deposit until the rest is paid.
    assert found.deposits.taken == 700 + 2_000
    assert found.sales.total.figures.tips == 200
    assert [booking.code for booking in found.open_tabs] == [here.code]
    assert [booking.code for booking in found.unpaid] == [gone.code]
    (drawer,) = found.drawers
    assert (drawer.float_minor, drawer.expected_minor) == (10_000, 16_900)
    evening.act(lambda tx: close(tx, eur(16_850), eur(10_000)))
    (closed,) = evening.ask(lambda tx: close_of_day(tx, date(2026, 11, 23))).drawers
    assert (closed.counted_minor, closed.difference_minor) == (16_850, -50)
    assert evening.ask(lambda tx: close_of_day(tx, date(2026, 11, 22))).taken == ()
