"""Payroll by logins of their own: a manager's rights suffice, the front desk's do not."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from factories import Salon
from payroll import IN_DECEMBER, NOVEMBER, earned, pay, run, work
from racing import outcome
from refunding import give_back
from sqlalchemy import text

from bookra.bootstrap import administration
from bookra.config import Settings
from bookra.engine.commissions import plans
from bookra.engine.commissions.plans import Aim
from bookra.engine.commissions.rules import Every, Kind, Terms
from bookra.engine.commissions.split import claw_back, split
from bookra.engine.database import open_pool
from bookra.engine.payouts import bank, chairs, runs
from bookra.engine.payouts.figures import State
from bookra.engine.payouts.statement import statement_of
from bookra.engine.runtime import Tx, administrative_tx
from bookra.engine.tenancy.operators import add_operator
from bookra.errors import NotAllowedError
from bookra.money import Money

IBAN = "DE89370400440532013000"


@pytest.fixture
def as_role(salon: Salon, tmp_path: Path) -> Iterator[Callable[[str], Salon]]:
    """The salon as operators of a role see it, by logins of their own."""
    pools = []

    def seen(role: str) -> Salon:
        login, password = f"op_{secrets.token_hex(4)}", secrets.token_urlsafe(12)
        settings = Settings(home=tmp_path, database_url=salon.database.admin_url)
        with administration(settings) as connection:
            tx = administrative_tx(connection, salon.tenant)
            add_operator(connection, tx, login, role, password)
        pools.append(open_pool(salon.database.seen_by(login, password).conninfo))
        return replace(salon, pool=pools[-1]).at(salon.now)

    yield seen
    for pool in pools:
        pool.dispose()


def test_a_manager_may_do_all_of_payroll(salon: Salon, as_role: Callable[[str], Salon]) -> None:
    earned(salon, "2026-11-24 10:00", tip=2000)
    manager = as_role("manager")
    december = manager.at(IN_DECEMBER)
    rent = Money(1000, "EUR")
    manager.act(lambda tx: plans.set_plan(tx, Aim(), Terms(Kind.PERCENT), date(2026, 12, 1)))
    manager.act(lambda tx: chairs.set_rent(tx, "ana", rent, Every.MONTH, date(2026, 11, 1)))
    for staff in (None, "ana"):
        manager.act(lambda tx, staff=staff: bank.set_account(tx, staff, "Somebody", IBAN))
    run(manager)
    assert run(december, approve=True)["ana"].net.minor == 1513 + 2000 - 1000
    assert december.ask(lambda tx: bank.batch(tx, NOVEMBER)).transfers[0].to.iban == IBAN
    assert pay(december)["ana"].state is State.PAID
    assert december.ask(lambda tx: statement_of(tx, "ana", NOVEMBER)).rents
    assert december.act(lambda tx: bank.remove_account(tx, "ana"))


def test_the_front_desk_neither_pays_nor_sees_bank_accounts(
    salon: Salon, as_role: Callable[[str], Salon]
) -> None:
    earned(salon, "2026-11-24 10:00")
    salon.act(lambda tx: bank.set_account(tx, "ana", "Ana", IBAN))
    run(salon.at(IN_DECEMBER), approve=True)
    desk = as_role("front-desk").at(IN_DECEMBER)
    verbs: tuple[Callable[[Tx], object], ...] = (
        bank.kept_accounts,
        lambda tx: bank.batch(tx, NOVEMBER),
        lambda tx: bank.set_account(tx, "ana", "Me", IBAN),
        lambda tx: runs.pay(tx, NOVEMBER, "cash"),
        lambda tx: runs.run(tx, NOVEMBER, "ben"),
        lambda tx: plans.set_plan(tx, Aim(), Terms(Kind.PERCENT, 9000), date(2026, 1, 1)),
        lambda tx: chairs.set_rent(tx, "ana", Money(1, "EUR"), Every.WEEK, date(2026, 1, 1)),
    )
    assert [outcome(desk, verb) for verb in verbs] == ["not_allowed"] * len(verbs)
    with pytest.raises(NotAllowedError):
        desk.ask(bank.kept_accounts)


def test_the_relays_rights_suffice_for_its_part(salon: Salon) -> None:
    visit = earned(salon, "2026-11-24 10:00")
    give_back(salon, visit, 1000)

    def limited(tx: Tx) -> tuple[int, int]:
        tx.connection.execute(text("SET LOCAL ROLE bookra_relay"))
        return split(tx, visit.id), claw_back(tx, visit.id, None, "refund")

    assert salon.act(limited) == (0, 336)
    work(salon)
