"""Classes by role: what each login may do with a session and its seats."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from factories import Salon
from sqlalchemy import text
from teaching import give, offer, seats, sit

from bookra.bootstrap import administration
from bookra.config import Settings
from bookra.engine.bookings.actions import retake
from bookra.engine.bookings.classes.changing import cancel_session, move_session, set_capacity
from bookra.engine.bookings.holds import expire_lapsed
from bookra.engine.bookings.store import locked_by_code
from bookra.engine.database import open_pool
from bookra.engine.runtime import Tx, administrative_tx
from bookra.engine.tenancy.operators import add_operator

ROLES = ("front-desk", "manager")


@pytest.fixture
def operators(salon: Salon, tmp_path: Path) -> Iterator[dict[str, Salon]]:
    """The salon as a front desk's and a manager's own login see it."""
    password, pools = secrets.token_urlsafe(12), {}
    settings = Settings(home=tmp_path, database_url=salon.database.admin_url)
    with administration(settings) as connection:
        tx = administrative_tx(connection, salon.tenant)
        for role in ROLES:
            login = f"{role.replace('-', '_')}_{secrets.token_hex(4)}"
            add_operator(connection, tx, login, role, password)
            pools[role] = open_pool(salon.database.seen_by(login, password).conninfo)
    yield {role: replace(salon, pool=pool).at(salon.now) for role, pool in pools.items()}
    for pool in pools.values():
        pool.dispose()


def test_one_operator_enlarges_what_another_has_sold(
    salon: Salon, operators: dict[str, Salon]
) -> None:
    offer(salon, capacity=2)
    session = give(operators["front-desk"])
    sit(operators["front-desk"], salon.customer())
    for seen, size in ((operators["manager"], 9), (salon, 4), (operators["front-desk"], 1)):
        assert seen.act(lambda tx, size=size: set_capacity(tx, session.code, size)).taken == 1
    there = salon.local("2026-11-25 15:00")
    operators["manager"].act(lambda tx: move_session(tx, session.code, there))
    done = operators["front-desk"].act(lambda tx: cancel_session(tx, session.code))
    assert len(done.displaced) == 1


def test_a_relay_may_take_a_seat_for_a_late_payment(salon: Salon) -> None:
    offer(salon, capacity=2)
    session = give(salon)
    held = sit(salon, salon.customer(), hold_minutes=5)
    later = salon.later(minutes=10)
    later.act(expire_lapsed)

    def retake_as_relay(tx: Tx) -> bool:
        booking = locked_by_code(tx, held.code)
        tx.connection.execute(text("SET LOCAL ROLE bookra_relay"))
        taken = retake(tx, booking)
        tx.connection.execute(text("RESET ROLE"))
        return taken

    assert later.act(retake_as_relay)
    assert len(seats(later, session)) == 1
