"""Erasing a customer: what stands against it, who may, what the clock does by itself."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from factories import Salon
from selling import card_worth, package_of, proven, refusal
from sqlalchemy import text

from bookra.bootstrap import administration
from bookra.config import Settings
from bookra.engine.bookings import actions
from bookra.engine.bookings.booking import book
from bookra.engine.bookings.waitlist.actions import WishRequest, add_wish
from bookra.engine.bookings.waitlist.store import wish_by_code
from bookra.engine.database import open_pool
from bookra.engine.payments.taking import take_cash
from bookra.engine.people.customers import Customer, find_customers, the_customer
from bookra.engine.people.editing import Change, change_customer
from bookra.engine.people.habits import latest_customers
from bookra.engine.privacy import consenting
from bookra.engine.privacy.erasing import PSEUDONYM, erase
from bookra.engine.privacy.retention import retain
from bookra.engine.runtime import Tx, administrative_tx
from bookra.engine.tenancy.operators import add_operator
from bookra.engine.tenancy.rules import set_rules
from bookra.errors import ConflictError

PHONE = "+4930901820"
ERASED = text("SELECT id FROM customers WHERE tenant_id = :tenant_id AND erased_at IS NOT NULL")
AUDIT = text(
    "SELECT count(*) FROM audit WHERE tenant_id = :tenant_id AND command = 'schedule retention'"
)
WAITS = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture
def open_for_all(salon: Salon) -> Salon:
    salon.hours("ana", "mon-sun 09:00-18:00")
    return salon


def against(salon: Salon, who: Customer, *, force: bool = False) -> list[str]:
    """Return what stands against erasing somebody."""
    with pytest.raises(ConflictError) as refused:
        salon.act(lambda tx: erase(tx, who.id, force=force))
    assert refused.value.code == "customer_in_use"
    return [each["what"] for each in refused.value.details["against"]]


def erased_ids(salon: Salon) -> set[object]:
    return {row.id for row in salon.ask(lambda tx: tx.rows(ERASED))}


def test_visits_money_and_value_stand_against_it_and_only_some_of_it_yields(
    open_for_all: Salon,
) -> None:
    salon = open_for_all
    rosa = salon.customer(phone=PHONE)
    visit = salon.book("2026-11-24 10:00", customer=rosa)
    assert against(salon, rosa, force=True) == ["visits to come"]
    after = salon.later(days=2)
    after.act(lambda tx: actions.check_in(tx, visit.code))
    after.act(lambda tx: actions.complete(tx, visit.code))
    assert against(after, rosa) == ["unpaid"]
    after.act(lambda tx: take_cash(tx, visit.code))
    package_of(after, rosa, 5, 20000)
    card_worth(after, 5000, customer_id=rosa.id)
    kept = against(after, rosa)
    assert "value not used" in kept
    assert "effects on their way" in kept
    after.act(lambda tx: tx.run(text("DELETE FROM outbox WHERE tenant_id = :tenant_id")))
    assert against(after, rosa) == ["value not used"]
    before = after.balances()
    dry = after.act(lambda tx: erase(tx, rosa.id, force=True), dry_run=True)
    assert after.ask(lambda tx: the_customer(tx, PHONE)).name == "Rosa Vega"
    done = after.act(lambda tx: erase(tx, rosa.id, force=True))
    assert [each.count for each in done.gave_up] == [2]
    assert done.cleared == dry.cleared
    assert after.balances() == before
    assert proven(after)
    again = after.later(hours=1).act(lambda tx: erase(tx, rosa.id))
    assert (again.erased_at, again.cleared) == (done.erased_at, {})


def test_whoever_is_erased_is_found_by_nothing_and_booked_by_no_id(open_for_all: Salon) -> None:
    salon = open_for_all
    rosa = salon.customer(phone=PHONE)
    windows = [(salon.local("2026-12-01 09:00"), salon.local("2026-12-01 12:00"))]
    wish = salon.act(lambda tx: add_wish(tx, WishRequest("cut", "ana", rosa.id, windows))).wish
    salon.act(lambda tx: consenting.record(tx, rosa.id, "marketing", given=True, wording="Yes"))
    gone = salon.book("2026-11-24 10:00", customer=rosa)
    salon.act(lambda tx: actions.cancel(tx, gone.code))
    assert [each.id for each in salon.ask(latest_customers)] == [rosa.id]
    salon.act(lambda tx: erase(tx, rosa.id))
    for words in ("ros", PHONE, "030 901820", str(rosa.id), PSEUDONYM):
        assert salon.ask(lambda tx, words=words: find_customers(tx, words)) == []
    assert salon.ask(lambda tx: wish_by_code(tx, wish.code)).status == "withdrawn"
    wanted = salon.request("2026-11-25 10:00", customer=rosa)
    assert refusal(lambda: salon.act(lambda tx: book(tx, wanted))) == "customer_erased"
    asks = WishRequest("cut", "ana", rosa.id, windows)
    assert refusal(lambda: salon.act(lambda tx: add_wish(tx, asks))) == "customer_erased"
    change = Change(name="Rosa Vega")
    again = lambda tx: change_customer(tx, rosa.id, change)  # noqa: E731
    assert refusal(lambda: salon.act(again)) == "customer_erased"
    assert salon.ask(latest_customers) == []
    said = salon.ask(lambda tx: consenting.history(tx, rosa.id))
    assert [(each.kind, each.given) for each in said] == [("marketing", True)]
    anew = salon.customer(phone=PHONE)
    assert anew.id != rosa.id


def test_who_books_while_somebody_is_erased_waits_and_is_refused(open_for_all: Salon) -> None:
    salon = open_for_all
    rosa = salon.customer(phone=PHONE)
    wanted, held = salon.request("2026-11-25 10:00", customer=rosa), Event()

    def slowly(tx: Tx) -> None:
        erase(tx, rosa.id)
        held.set()
        deadline = time.monotonic() + 20
        while not tx.rows(WAITS)[0][0] and time.monotonic() < deadline:
            time.sleep(0.005)

    with ThreadPoolExecutor(1) as threads:
        erasing = threads.submit(salon.act, slowly)
        held.wait(20)
        assert refusal(lambda: salon.act(lambda tx: book(tx, wanted))) == "customer_erased"
        erasing.result()


@pytest.fixture
def seen_by(salon: Salon, tmp_path: Path) -> Iterator[Callable[[str], Salon]]:
    """Give the salon as somebody with a role sees it."""
    with ExitStack() as stack:

        def as_role(role: str) -> Salon:
            login, password = f"l_{secrets.token_hex(4)}", secrets.token_urlsafe(12)
            settings = Settings(home=tmp_path, database_url=salon.database.admin_url)
            with administration(settings) as connection:
                tx = administrative_tx(connection, salon.tenant)
                add_operator(connection, tx, login, role, password)
            pool = open_pool(salon.database.seen_by(login, password).conninfo)
            stack.callback(pool.dispose)
            return replace(salon, pool=pool).at(salon.now)

        yield as_role


def test_a_manager_erases_the_front_desk_does_not_and_takes_consent_down(
    salon: Salon, seen_by: Callable[[str], Salon]
) -> None:
    rosa = salon.customer(phone=PHONE)
    desk, manager = seen_by("front-desk"), seen_by("manager")
    desk.act(lambda tx: consenting.record(tx, rosa.id, "messages", given=False))
    assert salon.ask(lambda tx: the_customer(tx, PHONE)).opted_out_of == "everything"
    assert desk.act(lambda tx: consenting.record(tx, rosa.id, "messages", given=False)) is False
    desk.act(lambda tx: consenting.record(tx, rosa.id, "messages", given=True))
    assert salon.ask(lambda tx: the_customer(tx, PHONE)).opted_out_of is None
    assert refusal(lambda: desk.act(lambda tx: erase(tx, rosa.id))) == "not_allowed"
    assert erased_ids(salon) == set()
    manager.act(lambda tx: erase(tx, rosa.id))
    assert erased_ids(salon) == {rosa.id}


def test_the_clock_erases_who_has_not_come_and_leaves_who_has_something(
    open_for_all: Salon,
) -> None:
    salon = open_for_all
    rosa, mia, zoe = (salon.customer(name) for name in ("Rosa Vega", "Mia", "Zoe"))
    package_of(salon, mia, 5, 20000)
    salon.act(lambda tx: tx.run(text("DELETE FROM outbox WHERE tenant_id = :tenant_id")))
    late = salon.later(days=400)
    assert retain(late.engine, "luna") == {}
    salon.act(lambda tx: set_rules(tx, {"erase_after_days": 365}))
    late.book("2028-01-03 10:00", customer=zoe)
    assert retain(late.engine, "luna") == {"erased": 1, "kept": 1}
    assert erased_ids(salon) == {rosa.id}
    assert retain(late.engine, "luna") == {"kept": 1}
    assert salon.ask(lambda tx: tx.rows(AUDIT))[0][0] == 1
    young = late.customer("New")
    assert retain(late.engine, "luna") == {"kept": 1}
    assert young.id not in erased_ids(salon)
    salon.act(lambda tx: set_rules(tx, {"erase_after_days": None}))
    assert retain(late.later(days=4000).engine, "luna") == {}
