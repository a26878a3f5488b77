"""Invoices: one a booking, numbered without a gap, and never different afterwards."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from databases import Database
from factories import Salon, open_salon
from sqlalchemy import Engine as Pool

from bookra.engine.bookings.model import Booking
from bookra.engine.invoices.actions import Invoice, find_invoice, invoices, issue
from bookra.engine.ledger.verify import verify
from bookra.engine.payments.taking import take_cash
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.actions import set_brand
from bookra.errors import ConflictError, NotFoundError
from bookra.money import Money


def paid(salon: Salon, wall: str, *, staff: str = "ana", tip: int = 0) -> Booking:
    booked = salon.book(wall, staff=staff)
    return salon.act(lambda tx: take_cash(tx, booked.code, Money(tip, "EUR")))


def issued(salon: Salon, booking: Booking) -> Invoice:
    return salon.act(lambda tx: issue(tx, booking.id))


def numbers(salon: Salon) -> list[str]:
    return [invoice.number for invoice in salon.ask(invoices)]


def test_an_invoice_says_what_was_sold_and_paid(salon: Salon) -> None:
    invoice = issued(salon, paid(salon, "2026-11-24 10:00", tip=500))
    assert invoice.number == "LUN-2026-00001"
    assert (invoice.net.minor, invoice.tax.minor, invoice.gross.minor) == (3782, 718, 5000)
    document = invoice.document
    assert (document.totals.tip.minor, document.totals.paid.minor) == (500, 5000)
    assert document.totals.due.minor == 0
    assert [(row.rate_bps, row.tax.minor) for row in document.tax_rows] == [(1900, 718)]
    assert document.lines[0].detail.startswith("Ana · ")
    assert document.customer.name == "Rosa Vega"


def test_a_booking_has_one_invoice(salon: Salon) -> None:
    booking = paid(salon, "2026-11-24 10:00")
    assert issued(salon, booking) == issued(salon, booking)
    assert numbers(salon) == ["LUN-2026-00001"]


def test_an_invoice_is_found_by_its_number_and_by_its_booking(salon: Salon) -> None:
    booking = paid(salon, "2026-11-24 10:00")
    invoice = issued(salon, booking)
    for name in ("lun-2026-00001", booking.code):
        assert salon.ask(lambda tx, name=name: find_invoice(tx, name)) == invoice
    with pytest.raises(NotFoundError):
        salon.ask(lambda tx: find_invoice(tx, "LUN-2026-00002"))


def test_an_invoice_keeps_the_brand_that_it_was_issued_with(salon: Salon) -> None:
    booking = paid(salon, "2026-11-24 10:00")
    before = issued(salon, booking)
    salon.act(lambda tx: set_brand(tx, {"legal_name": "Nova GmbH", "primary_color": "#000000"}))
    assert issued(salon, booking) == before
    later = issued(salon, paid(salon, "2026-11-24 12:00"))
    assert later.document.seller.name == "Nova GmbH"


def test_a_number_that_is_rolled_back_is_used_again(salon: Salon) -> None:
    first, second = paid(salon, "2026-11-24 10:00"), paid(salon, "2026-11-24 12:00")

    def fail(tx: Tx) -> None:
        issue(tx, first.id)
        raise ConflictError("power_cut", "half-way")

    with pytest.raises(ConflictError):
        salon.act(fail)
    salon.act(lambda tx: issue(tx, first.id), dry_run=True)
    assert issued(salon, second).number == "LUN-2026-00001"
    assert issued(salon, first).number == "LUN-2026-00002"
    assert salon.ask(verify).ok


def test_a_year_is_the_salons_own_and_starts_at_one(salon: Salon) -> None:
    first, second = paid(salon, "2026-11-24 10:00"), paid(salon, "2026-11-24 12:00")
    issued(salon, first)
    new_year = salon.at(datetime(2026, 12, 31, 23, 30, tzinfo=UTC))
    assert issued(new_year, second).number == "LUN-2027-00001"


def test_businesses_count_on_their_own(database: Database, pool: Pool) -> None:
    for slug, number in (("luna", "LUN-2026-00001"), ("sol", "SOL-2026-00001")):
        salon = open_salon(database, pool, slug)
        assert issued(salon, paid(salon, "2026-11-24 10:00")).number == number


def test_eight_at_once_number_without_a_gap_or_a_double(salon: Salon) -> None:
    """Each thread issues one invoice for good, after one that it rolls back."""
    slots = [(f"2026-11-24 {hour}:00", who) for hour in range(10, 18) for who in ("ana", "ben")]
    bookings = [paid(salon, wall, staff=who) for wall, who in slots]
    failures: list[BaseException] = []

    def work(mine: list[Booking]) -> None:
        try:
            for booking in mine:
                salon.act(lambda tx, booking=booking: issue(tx, booking.id), dry_run=True)
                issued(salon, booking)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(bookings[n::8],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert numbers(salon) == [f"LUN-2026-{n:05d}" for n in range(1, 17)]
    assert salon.ask(verify).problems == ()


def test_one_booking_that_two_issue_at_once_has_one_invoice(salon: Salon) -> None:
    booking = paid(salon, "2026-11-24 10:00")
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(issued(salon, booking).number))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == ["LUN-2026-00001"] * 4
    assert numbers(salon) == ["LUN-2026-00001"]
