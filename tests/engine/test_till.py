"""The cash drawer and the bank's statement: what the ledger expects, what is found, once each."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from factories import Salon
from racing import outcome, together

from bookra.bootstrap import administration
from bookra.config import Settings
from bookra.engine.database import open_pool
from bookra.engine.ledger.days import close_all
from bookra.engine.ledger.reading import Filter, entries
from bookra.engine.ledger.reversing import reverse
from bookra.engine.ledger.verify import verify
from bookra.engine.payments.asked import Asked
from bookra.engine.payments.bank_payouts import PayoutFact, settle_payout
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import refund
from bookra.engine.payments.taking import take
from bookra.engine.runtime import Tx, administrative_tx
from bookra.engine.tenancy.operators import add_operator
from bookra.engine.till import bank, drawer
from bookra.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from bookra.money import Money

DRAWER, BANK, TERMINAL = "assets:cash:drawer", "assets:bank", "assets:card-terminal"
OVER_SHORT = "expenses:cash-over-short"


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def sell(salon: Salon, wall: str, method: str = "cash") -> None:
    """Sell a cut for 45.00."""
    booked = salon.book(wall)
    salon.act(lambda tx: take(tx, booked.code, method, Asked()))


def cash_accounts(salon: Salon) -> dict[str, int]:
    known = (DRAWER, BANK, OVER_SHORT, "expenses:petty-cash")
    return {code: minor for code, minor in salon.balances().items() if code in known}


def test_a_day_of_the_drawer_ends_with_what_is_left_in_it(salon: Salon) -> None:
    salon.act(lambda tx: drawer.open_drawer(tx, eur(10_000)))
    assert cash_accounts(salon) == {DRAWER: 10_000, BANK: -10_000}
    sell(salon, "2026-11-24 10:00")
    sell(salon, "2026-11-24 11:00", "terminal")
    salon.act(lambda tx: drawer.move(tx, eur(2000), "Change", into=True))
    salon.act(lambda tx: drawer.move(tx, eur(1230), "Milk", into=False, expense=True))
    shown = salon.act(lambda tx: drawer.count(tx, eur(15_300)))
    assert (shown.expected, shown.difference) == (eur(15_300), None)
    assert cash_accounts(salon)[OVER_SHORT] == -30  # 0.30 over

    closed = salon.act(lambda tx: drawer.close(tx, eur(15_250), eur(10_000)))
    assert (closed.expected, closed.counted, closed.left) == (
        eur(15_300),
        eur(15_250),
        eur(10_000),
    )
    assert closed.difference == eur(-50)
    assert cash_accounts(salon) == {
        DRAWER: 10_000,
        BANK: -10_000 - 2000 + 5250,
        OVER_SHORT: 20,
        "expenses:petty-cash": 1230,
    }
    assert [event.kind for event in closed.events] == ["open", "in", "out", "count", "close"]
    assert salon.ask(verify).ok


@pytest.mark.parametrize(
    ("found", "moved"),
    [
        (10_000, {}),
        (12_000, {BANK: -2000}),  # change was brought
        (9900, {OVER_SHORT: 100}),  # something is missing since the evening
    ],
)
def test_the_next_morning_begins_with_what_was_left(
    salon: Salon, found: int, moved: dict[str, int]
) -> None:
    sell(salon, "2026-11-24 10:00")
    salon.act(lambda tx: drawer.open_drawer(tx, eur(4500)))
    salon.act(lambda tx: drawer.close(tx, eur(4500)))
    salon.act(lambda tx: drawer.open_drawer(tx, eur(4500)))
    salon.act(lambda tx: drawer.move(tx, eur(5500), "Change", into=True))
    salon.act(lambda tx: drawer.close(tx, eur(10_000)))
    before = cash_accounts(salon)
    salon.later(hours=12).act(lambda tx: drawer.open_drawer(tx, eur(found)))
    after = cash_accounts(salon)
    assert {code: after.get(code, 0) - before.get(code, 0) for code in (BANK, OVER_SHORT)} == {
        BANK: 0,
        OVER_SHORT: 0,
    } | moved
    assert after[DRAWER] == found


def test_cash_needs_no_opened_drawer_and_a_closed_one_takes_no_orders(salon: Salon) -> None:
    with pytest.raises(NotFoundError):
        salon.ask(drawer.drawer)
    sell(salon, "2026-11-24 10:00")
    for action in (
        lambda tx: drawer.count(tx, eur(1)),
        lambda tx: drawer.close(tx, eur(1)),
        lambda tx: drawer.move(tx, eur(1), "Change", into=True),
    ):
        assert outcome(salon, action) == "drawer_closed"
    salon.act(lambda tx: drawer.open_drawer(tx, eur(0)))
    assert cash_accounts(salon) == {BANK: 4500}


def test_what_can_not_be_is_refused(salon: Salon) -> None:
    salon.act(lambda tx: drawer.open_drawer(tx, eur(1000)))
    refused = {
        "over_drawer": lambda tx: drawer.move(tx, eur(1001), "Out", into=False),
        "no_reason": lambda tx: drawer.move(tx, eur(1), " ", into=True),
        "bad_move": lambda tx: drawer.move(tx, eur(1), "In", into=True, expense=True),
        "drawer_open": lambda tx: drawer.open_drawer(tx, eur(1)),
    }
    assert {code: outcome(salon, action) for code, action in refused.items()} == {
        code: code for code in refused
    }
    for amount in (eur(-1), Money(5, "USD")):
        with pytest.raises(InvalidInputError):
            salon.act(lambda tx, amount=amount: drawer.count(tx, amount))
    with pytest.raises(InvalidInputError):
        salon.act(lambda tx: drawer.close(tx, eur(100), eur(101)))


def test_the_drawer_is_opened_once_and_closed_once_by_whoever_comes_first(salon: Salon) -> None:
    def opens() -> str:
        return outcome(salon, lambda tx: drawer.open_drawer(tx, eur(5000)))

    def closes() -> str:
        return outcome(salon, lambda tx: drawer.close(tx, eur(4000), eur(0)))

    assert sorted(together([opens] * 6)) == ["done", *["drawer_open"] * 5]
    assert sorted(together([closes] * 6)) == ["done", *["drawer_closed"] * 5]
    assert cash_accounts(salon) == {BANK: -1000, OVER_SHORT: 1000}


def payout(salon: Salon, state: str = "paid") -> None:
    fact = PayoutFact(
        payout_ref="po_1",
        amount=eur(15_762),
        state=state,
        automatic=True,
        arrives_on=date(2026, 11, 25),
        failure="",
        created_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    salon.act(lambda tx: settle_payout(tx, fact))


def test_refunds_at_once_take_no_more_out_of_an_open_drawer_than_it_holds(salon: Salon) -> None:
    visits = [salon.book(f"2026-11-24 {hour}:00").code for hour in (10, 11)]
    back = Back(eur(1000), to="cash")
    for code in visits:
        salon.act(lambda tx, code=code: take(tx, code, "terminal", Asked()))
        salon.act(lambda tx, code=code: refund(tx, code, back))  # a closed drawer bounds nothing
    salon.act(lambda tx: drawer.open_drawer(tx, eur(2500)))

    def refunds(code: str) -> Callable[[], str]:
        return lambda: outcome(salon, lambda tx: refund(tx, code, back))

    outcomes = together([refunds(code) for code in visits * 3])
    assert sorted(outcomes) == ["done", "done", *["over_drawer"] * 4]
    with pytest.raises(ConflictError, match=r"The drawer holds 5\.00 EUR, less than 10\.00 EUR"):
        salon.act(lambda tx: refund(tx, visits[0], back))
    assert cash_accounts(salon)[DRAWER] == 500
    assert salon.ask(verify).ok


def test_a_payout_is_matched_with_the_bank_once(salon: Salon) -> None:
    payout(salon)

    def match() -> str:
        return outcome(salon, lambda tx: bank.receive_payout(tx, "po_1", date(2026, 11, 23)))

    assert sorted(together([match] * 4)) == ["already_received"] * 3 + ["done"]
    assert salon.balances() == {BANK: 15_762, "assets:payouts:in-transit": -15_762}
    (entry,) = salon.ask(lambda tx: entries(tx, Filter(account=BANK)))
    assert entry.effective_at == salon.local("2026-11-23 00:00")


def test_a_payout_that_was_matched_by_mistake_can_be_matched_again(salon: Salon) -> None:
    payout(salon)
    first = salon.act(lambda tx: bank.receive_payout(tx, "po_1"))
    salon.act(lambda tx: reverse(tx, str(first), "Another line"))
    assert salon.balances() == {}
    again = salon.act(lambda tx: bank.receive_payout(tx, "po_1"))
    assert again != first
    assert salon.balances()[BANK] == 15_762
    assert salon.ask(verify).ok


@pytest.mark.parametrize(
    ("state", "code"), [("failed", "payout_failed"), ("canceled", "payout_failed")]
)
def test_a_payout_that_came_back_is_not_received(salon: Salon, state: str, code: str) -> None:
    payout(salon, state)
    assert outcome(salon, lambda tx: bank.receive_payout(tx, "po_1")) == code
    assert outcome(salon, lambda tx: bank.receive_payout(tx, "po_2")) == "unknown_payout"
    tomorrow = date(2026, 11, 24)
    assert outcome(salon, lambda tx: bank.receive_terminal(tx, eur(1))) == "over_terminal"
    sell(salon, "2026-11-24 10:00", "terminal")
    received = lambda tx: bank.receive_terminal(tx, eur(1), on=tomorrow)  # noqa: E731
    assert outcome(salon, received) == "bad_date"


def test_a_terminals_line_counts_once_by_its_reference(salon: Salon) -> None:
    sell(salon, "2026-11-24 10:00", "terminal")
    first = salon.act(lambda tx: bank.receive_terminal(tx, eur(2000), eur(30), None, "17"))
    again = outcome(salon, lambda tx: bank.receive_terminal(tx, eur(2000), eur(30), None, "17"))
    assert again == "already_received"
    assert salon.balances()[TERMINAL] == 2500
    salon.act(lambda tx: reverse(tx, first.hex[:24], "Typed 20.00 for 25.00"))
    salon.act(lambda tx: bank.receive_terminal(tx, eur(2500), eur(40), None, "17"))
    found = salon.balances()
    assert (found[TERMINAL], found[BANK], found["expenses:terminal-fees"]) == (2000, 2460, 40)


def test_an_entry_is_reversed_once_by_a_manager_with_a_reason(salon: Salon) -> None:
    salon.act(lambda tx: drawer.open_drawer(tx, eur(1000)))
    salon.act(lambda tx: drawer.move(tx, eur(300), "Milk", into=False, expense=True))
    (spent,) = salon.ask(lambda tx: entries(tx, Filter(account="expenses:petty-cash")))

    def undo() -> str:
        return outcome(salon, lambda tx: reverse(tx, str(spent.id), "Paid twice"))

    assert outcome(salon, lambda tx: reverse(tx, str(spent.id), " ")) == "no_reason"
    assert sorted(together([undo] * 4)) == ["already_reversed"] * 3 + ["done"]
    assert cash_accounts(salon) == {DRAWER: 1000, BANK: -1000}
    back = salon.ask(lambda tx: entries(tx, Filter(account="expenses:petty-cash")))[-1]
    assert (back.kind, back.reverses, back.memo) == ("reversal", spent.id, "Paid twice")
    assert salon.ask(verify).ok
    assert outcome(salon, lambda tx: reverse(tx, str(back.id), "Again")) == "not_by_hand"
    assert outcome(salon, lambda tx: reverse(tx, "0" * 12, "Typo")) == "unknown_entry"


def test_what_other_records_lean_on_is_not_reversed_by_hand(salon: Salon) -> None:
    sell(salon, "2026-11-24 10:00")
    (sold,) = salon.ask(entries)
    with pytest.raises(ConflictError) as refused:
        salon.act(lambda tx: reverse(tx, str(sold.id), "Typo"))
    assert "bookra refund" in refused.value.hint


@pytest.fixture
def operators(salon: Salon, tmp_path: Path) -> Iterator[dict[str, Salon]]:
    """The salon as a front desk's and a manager's own login see it."""
    password, pools = secrets.token_urlsafe(12), {}
    settings = Settings(home=tmp_path, database_url=salon.database.admin_url)
    with administration(settings) as connection:
        tx = administrative_tx(connection, salon.tenant)
        for role in ("front-desk", "manager"):
            login = f"{role.replace('-', '_')}_{secrets.token_hex(4)}"
            add_operator(connection, tx, login, role, password)
            pools[role] = open_pool(salon.database.seen_by(login, password).conninfo)
    yield {role: replace(salon, pool=pool).at(salon.now) for role, pool in pools.items()}
    for pool in pools.values():
        pool.dispose()


def test_the_front_desk_keeps_the_drawer_and_managers_correct_it(
    salon: Salon, operators: dict[str, Salon]
) -> None:
    desk, manager = operators["front-desk"], operators["manager"]
    desk.act(lambda tx: drawer.open_drawer(tx, eur(1000)))
    desk.act(lambda tx: drawer.move(tx, eur(300), "Milk", into=False, expense=True))
    desk.act(lambda tx: drawer.close(tx, eur(690), eur(500)))
    (spent,) = desk.ask(lambda tx: entries(tx, Filter(account="expenses:petty-cash")))

    def undo(tx: Tx) -> object:
        return reverse(tx, str(spent.id), "Paid twice")

    assert outcome(desk, undo) == "managers_only"
    payout(salon)
    assert outcome(desk, lambda tx: bank.receive_payout(tx, "po_1")) == "not_allowed"
    assert outcome(manager, undo) == "done"
    assert outcome(manager, lambda tx: bank.receive_payout(tx, "po_1")) == "done"


def test_managers_close_days_and_the_front_desk_checks_them(
    operators: dict[str, Salon],
) -> None:
    in_two_days = datetime.now(UTC) + timedelta(days=2)
    desk, manager = (operators[role].at(in_two_days) for role in ("front-desk", "manager"))
    desk.act(lambda tx: drawer.open_drawer(tx, eur(1000)))
    with pytest.raises(NotAllowedError):
        close_all(desk.engine, desk.slug, command="close")
    assert len(close_all(manager.engine, manager.slug, command="close")) == 1
    found = desk.ask(verify)
    assert (found.ok, found.days) == (True, 1)
