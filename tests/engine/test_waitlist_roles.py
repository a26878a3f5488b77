"""The waitlist and series by their own logins: the front desk's and the relay's rights suffice."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from factories import Salon
from sqlalchemy import text

from bookra.bootstrap import administration
from bookra.config import Settings
from bookra.engine.bookings.actions import confirm
from bookra.engine.bookings.model import Status
from bookra.engine.bookings.recurring.dates import SeriesRequest
from bookra.engine.bookings.recurring.recurrence import Every
from bookra.engine.bookings.recurring.series import book_series, cancel_series
from bookra.engine.bookings.store import locked_by_code
from bookra.engine.bookings.waitlist.actions import (
    WishRequest,
    accept,
    add_wish,
    offer_to,
    withdraw,
)
from bookra.engine.bookings.waitlist.openings import offer_openings, pending
from bookra.engine.bookings.waitlist.rules import WishStatus
from bookra.engine.bookings.waitlist.store import Wish, wish_by_code
from bookra.engine.bookings.waitlist.windows import parse_window
from bookra.engine.database import open_pool
from bookra.engine.runtime import Tx, administrative_tx
from bookra.engine.tenancy.operators import add_operator

Result = TypeVar("Result")

CHANGED_BY = text("SELECT DISTINCT changed_by FROM wishes WHERE tenant_id = :tenant_id")


@pytest.fixture
def desk(salon: Salon, tmp_path: Path) -> Iterator[Salon]:
    """The salon as its front desk's own login sees it."""
    login, password = f"desk_{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    settings = Settings(home=tmp_path, database_url=salon.database.admin_url)
    with administration(settings) as connection:
        tx = administrative_tx(connection, salon.tenant)
        add_operator(connection, tx, login, "front-desk", password)
    pool = open_pool(salon.database.seen_by(login, password).conninfo)
    yield replace(salon, pool=pool).at(salon.now)
    pool.dispose()


def wish(salon: Salon, name: str, *days: str) -> Wish:
    windows = [
        window
        for day in days
        for window in parse_window(f"{day} 14:00-14:01", salon.zone, salon.now)
    ]
    request = WishRequest("cut", "ana", salon.customer(name).id, windows)
    return salon.act(lambda tx: add_wish(tx, request)).wish


def as_relay(action: Callable[[Tx], Result]) -> Callable[[Tx], Result]:
    """Return the action with the relay's rights and no others."""

    def limited(tx: Tx) -> Result:
        tx.connection.execute(text("SET LOCAL ROLE bookra_relay"))
        return action(tx)

    return limited


def test_the_front_desk_keeps_the_waitlist(desk: Salon) -> None:
    rosa, mia = (wish(desk, name, "2026-11-26") for name in ("Rosa Vega", "Mia Kern"))
    (offer,) = desk.act(lambda tx: offer_to(tx, mia.code))
    assert desk.act(lambda tx: accept(tx, mia.code)).code == offer.booking.code
    assert desk.act(lambda tx: withdraw(tx, rosa.code)).status is WishStatus.WITHDRAWN


def test_the_front_desk_books_and_cancels_a_series(desk: Salon) -> None:
    at = desk.local("2026-11-24 10:00")
    request = SeriesRequest("cut", None, at, desk.customer().id, Every(1, "week"), count=3)
    series = desk.act(lambda tx: book_series(tx, request))
    assert len(desk.act(lambda tx: cancel_series(tx, series.bookings[0].code))) == 3


def test_the_relay_offers_notes_and_frees(salon: Salon) -> None:
    one = wish(salon, "Rosa Vega", "2026-11-26", "2026-11-27")
    assert salon.act(as_relay(pending))
    (first,) = salon.act(as_relay(offer_openings))
    late = salon.later(minutes=61)
    (second,) = late.act(as_relay(offer_openings))
    late.act(lambda tx: confirm(tx, locked_by_code(tx, first.booking.code)))
    assert late.act(as_relay(offer_openings)) == []
    assert late.ask(lambda tx: wish_by_code(tx, one.code)).status is WishStatus.FULFILLED
    assert salon.booking(second.booking.code).status is Status.CANCELLED


def test_two_logins_work_on_one_wish(salon: Salon, desk: Salon) -> None:
    """Who changed a row last is written in it; whoever else may change it is not kept from it."""
    one = wish(desk, "Rosa Vega", "2026-11-26")
    assert len(salon.act(as_relay(offer_openings))) == 1
    assert desk.act(lambda tx: accept(tx, one.code)).status is Status.CONFIRMED
    (row,) = salon.ask(lambda tx: tx.rows(CHANGED_BY))
    assert row.changed_by.startswith("desk_")
