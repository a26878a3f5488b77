"""Commissions: split once a line, at the rate of the day on which it was booked."""

from __future__ import annotations

import threading

from databases import Database
from factories import Salon, open_salon
from sqlalchemy import Engine as Pool
from sqlalchemy import text

from bookra.engine.bookings.model import Booking
from bookra.engine.commissions.split import split
from bookra.engine.ledger.verify import verify
from bookra.engine.payments.taking import take_cash
from bookra.money import Money

SPLITS = text(
    "SELECT base_minor, rate_bps, amount_minor, entry_id FROM commission_splits"
    " WHERE tenant_id = :tenant_id"
)
RAISE = text(
    "UPDATE staff SET commission_bps = 6000, changed_by = session_user WHERE tenant_id = :tenant_id"
)


def paid(salon: Salon, *, staff: str = "ana", tip: int = 0) -> Booking:
    booked = salon.book("2026-11-24 10:00", staff=staff)
    return salon.act(lambda tx: take_cash(tx, booked.code, Money(tip, "EUR")))


def splits(salon: Salon) -> list[tuple[int, int, int]]:
    rows = salon.ask(lambda tx: tx.rows(SPLITS))
    return [(row.base_minor, row.rate_bps, row.amount_minor) for row in rows]


def test_the_base_is_the_price_without_tax_and_tip(salon: Salon) -> None:
    booking = paid(salon, tip=500)
    assert salon.act(lambda tx: split(tx, booking.id)) == 1
    assert splits(salon) == [(3782, 4000, 1513)]
    balances = salon.balances()
    assert balances["expenses:commission"] == 1513
    assert balances["liabilities:commission:ana"] == -1513
    assert salon.ask(verify).ok


def test_a_line_is_split_once(salon: Salon) -> None:
    booking = paid(salon)
    assert [salon.act(lambda tx: split(tx, booking.id)) for _ in range(3)] == [1, 0, 0]
    assert salon.balances()["expenses:commission"] == 1513


def test_a_line_that_many_split_at_once_is_split_once(salon: Salon) -> None:
    booking = paid(salon)
    done: list[int] = []
    threads = [
        threading.Thread(target=lambda: done.append(salon.act(lambda tx: split(tx, booking.id))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(done) == [0, 0, 0, 1]
    assert splits(salon) == [(3782, 4000, 1513)]


def test_a_new_rate_does_not_change_what_was_booked_before(salon: Salon) -> None:
    booking = paid(salon)
    salon.act(lambda tx: tx.run(RAISE))
    salon.act(lambda tx: split(tx, booking.id))
    assert splits(salon) == [(3782, 4000, 1513)]


def test_who_earns_no_commission_has_a_split_of_nothing(salon: Salon) -> None:
    salon.staff("cleo", commission=0)
    salon.hours("cleo", "mon-sat 09:00-18:00")
    booking = paid(salon, staff="cleo")
    assert salon.act(lambda tx: split(tx, booking.id)) == 1
    assert splits(salon) == [(3782, 0, 0)]
    assert "expenses:commission" not in salon.balances()


def test_a_tax_on_top_earns_no_commission_either(database: Database, pool: Pool) -> None:
    salon = open_salon(database, pool, settings={"tax_inclusive": 0})
    booking = paid(salon)
    salon.act(lambda tx: split(tx, booking.id))
    assert splits(salon) == [(4500, 4000, 1800)]
