"""Each row of the table of postings, reached as people reach it and read back as they read it.

Commands and the stand-in's events make the entries, ``bookra ledger entries --json`` reads them;
nothing is built by hand. The numbers are those of docs/money.md; all rows are played at one
counter. A price with its tax inside needs another business: see test_posting_rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine
from databases import Server
from factories import open_salon
from front_desk import Desk, Shop
from moments import monday_at
from relay.served_sandbox import serving
from sqlalchemy import text

from bookra.config import Settings
from bookra.engine.database import open_pool
from bookra.engine.runtime import Engine

AVL, CLR = "assets:stripe:available", "assets:stripe:clearing"
DRAWER, BANK, TRANSIT = "assets:cash:drawer", "assets:bank", "assets:payouts:in-transit"
SERVICES, TAX, TIPS = "income:services", "liabilities:tax:8", "liabilities:tips:ana"
FEES, PLATFORM = "expenses:stripe-fees", "expenses:platform-fees"
COMMISSION, EARNED = "expenses:commission", "liabilities:commission:ana"
DEPOSITS, CLIENTS, HELD = (
    "liabilities:deposits",
    "assets:receivable:clients",
    "assets:disputes:held",
)

Moves = dict[str, dict[str, int]]
"""What the entries of each kind move, account by account, zeros left out."""


@dataclass
class Counter:
    """A salon's command line: prices without tax, 8 % on top, 100.00 a visit."""

    desk: Desk
    booked: list[str] = field(default_factory=list)

    def __call__(self, *words: str) -> Any:
        return self.desk(*words, "--json", check=True).json

    def book(self, *words: str, service: str = "visit") -> str:
        """Book the next free time of Ana's."""
        number = TIMES.pop(0)
        at = monday_at(f"{number // 4:02}:{number % 4 * 15:02}")
        who = ("--staff", "ana", "--customer", "Rosa Vega", "--at", at)
        return str(self("book", service, *who, *words)["code"])

    def drain(self) -> None:
        """Let the relay do what is due."""
        self.desk("relay", "drain", check=True)

    def by_card(self, code: str, *words: str) -> str:
        """Pay by a link, as the customer does; returns the charge."""
        self("pay", code, "--link", *words)
        self.drain()
        charge = self("sandbox", "pay", code)["charge"]
        self.drain()
        return str(charge)

    def moved(self, *which: str) -> Moves:
        """Return what the entries of a booking, an order, a key or an account move."""
        found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for entry in self("ledger", "entries", *which):
            for posting in entry["postings"]:
                found[entry["kind"]][posting["account"]] += posting["amount"]["amount_minor"]
        return {
            kind: {code: minor for code, minor in sums.items() if minor}
            for kind, sums in found.items()
        }

    def of(self, code: str) -> Moves:
        """Return what the entries of a booking move, commission left out."""
        found = self.moved("--booking", code)
        return {
            kind: sums for kind, sums in found.items() if kind not in ("commission", "clawback")
        }


MONTH_BEFORE = "UPDATE bookra.{} SET {} = {} - interval '1 month'"
TIMES = list(range(36, 72))
"""Quarter hours of that Monday, from nine to six."""


@pytest.fixture(scope="module")
def shop(postgres: Server, shared_home: Path) -> Iterator[Shop]:
    """A salon that is connected to a stand-in of Stripe."""
    with postgres.clean() as database:
        pool = open_pool(database.conninfo)
        taxed = {"tax_bps": 800, "tax_inclusive": 0}
        opened = open_salon(database, pool, now=datetime.now(UTC), settings=taxed)
        salon = replace(opened, engine=Engine(pool))
        salon.service("visit", "busy 15", "100.00")
        salon.service("trim", "busy 15", "55.56")
        salon.customer("Rosa Vega", phone="+4930901820")
        settings = Settings(home=shared_home / "data", database_url=database.url)
        line = CommandLine.in_folder(
            shared_home,
            BOOKRA_HOME=str(settings.home),
            BOOKRA_DATABASE_URL=database.url,
            BOOKRA_TENANT=salon.slug,
        )
        with serving(settings.sandbox_dir):
            yield Shop(salon, settings, line)
        pool.dispose()


@pytest.fixture
def counter(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Counter:
    """The counter, connected to Stripe's stand-in; the platform takes 1 %."""
    opened = Counter(Desk(shop, monkeypatch, capsys))
    provider = ("tenant", "provider", "set", "stripe", "--sandbox", "--platform-fee-percent", "1")
    opened(*provider)
    return opened


SALE = {SERVICES: -10_000, TAX: -800}
DEPOSITED = {"card_payment": {CLR: 3000, DEPOSITS: -3000}}


def a_card(at: Counter) -> None:
    code = at.book()
    at.by_card(code, "--tip", "15.00")
    assert at.moved("--booking", code) == {
        "card_payment": {CLR: 12_300, **SALE, TIPS: -1500},
        "stripe_charge": {AVL: 11_813, FEES: 387, PLATFORM: 100, CLR: -12_300},
        "commission": {COMMISSION: 4000, EARNED: -4000},
    }


def a4_cash(at: Counter) -> None:
    code = at.book("--pay", "cash")
    assert at.of(code) == {"cash_payment": {DRAWER: 10_800, **SALE}}


def a_terminal(at: Counter) -> None:
    code = at.book()
    at("pay", code, "--terminal", "--reference", "4711")
    assert at.of(code) == {"terminal_payment": {"assets:card-terminal": 10_800, **SALE}}
    owed = {"terminal_received": {"assets:card-terminal": -10_800, BANK: 10_638}}
    owed["terminal_received"]["expenses:terminal-fees"] = 162
    entry = at("bank", "receive", "--terminal", "108.00", "--fee", "1.62", "--reference", "17")
    assert at.moved("--key", entry["key"]) == owed
    again = at.desk("bank", "receive", "--terminal", "1.00", "--reference", "17", "--json")
    assert (again.code, again.error["code"]) == (4, "over_terminal")


def b_deposit(at: Counter) -> None:
    code = at.book()
    at.by_card(code, "--amount", "30.00")
    paid = DEPOSITED | {"stripe_charge": {AVL: 2853, FEES: 117, PLATFORM: 30, CLR: -3000}}
    assert at.of(code) == paid
    at("booking", "complete", code)
    done = {"sale": {CLIENTS: 7800, DEPOSITS: 3000, **SALE}}
    assert at.of(code) == paid | done
    at("pay", code, "--cash")
    assert at.of(code) == paid | done | {"cash_payment": {DRAWER: 7800, CLIENTS: -7800}}


def b_deposit_forfeited(at: Counter) -> None:
    code = at.book()
    at.by_card(code, "--amount", "30.00")
    at("booking", "no-show", code)
    assert at.of(code)["deposit_kept"] == {DEPOSITS: 3000, "income:no-show": -3000}


def discount(at: Counter) -> None:
    code = at.book()
    at("booking", "discount", code, "--amount", "20.00")
    at.by_card(code)
    assert at.moved("--booking", code)["card_payment"] == {
        CLR: 8640,
        "income:discounts": 2000,
        SERVICES: -10_000,
        TAX: -640,
    }
    assert at.moved("--booking", code)["commission"] == {COMMISSION: 3200, EARNED: -3200}


def c_refund(at: Counter) -> None:
    code = at.book()
    at.by_card(code, "--tip", "15.00")
    at("refund", code, "--amount", "54.00")
    at.drain()
    found = at.moved("--booking", code)
    assert found["card_refund"] == {"income:refunds": 5000, TAX: 400, CLR: -5400}
    assert found["clawback"] == {EARNED: 2000, COMMISSION: -2000}
    assert found["stripe_refund"] == {CLR: 5400, AVL: -5356, PLATFORM: -44}


def d_no_show_fee(at: Counter) -> None:
    text_of = at.desk.shop.command_line.folder / "policy.txt"
    text_of.write_text("Please come.", "utf-8")
    fees = ("--cancel-window", "24h", "--no-show-fee", "25.00")
    at("tenant", "policy", "set", "--text", str(text_of), *fees)
    at("customer", "card", "add", "Rosa Vega")
    at.drain()
    at("sandbox", "pay", at("customer", "card", "add", "Rosa Vega")["url"])
    at.drain()
    code = at.book("--policy-accepted", "counter")
    at("booking", "no-show", code)
    at.drain()
    assert at.of(code) == {
        "fee_payment": {CLR: 2500, "income:no-show": -2500},
        "stripe_charge": {AVL: 2372, FEES: 103, PLATFORM: 25, CLR: -2500},
    }


def e_gift_card(at: Counter) -> None:
    sold = at("gift-card", "sell", "100.00", "--cash")
    owed = "liabilities:gift-cards"
    order = sold["order"]
    assert at.moved("--order", order) == {"cash_payment": {DRAWER: 10_000, owed: -10_000}}
    code = at.book(service="trim")
    at("pay", code, "--gift-card", sold["code"])
    assert at.of(code) == {"gift_card_payment": {owed: 6000, SERVICES: -5556, TAX: -444}}


def f_package(at: Counter) -> None:
    terms = ("--service", "visit", "--visits", "3", "--price", "100.00")
    sold = at("package", "sell", *terms, "--customer", "Rosa Vega", "--cash")
    owed = "liabilities:packages"
    assert at.moved("--order", sold["order"]) == {"cash_payment": {DRAWER: 10_000, owed: -10_000}}
    used = []
    for _ in range(3):
        code = at.book()
        at("pay", code, "--package", sold["code"])
        used.append(at.of(code)["package_redemption"][owed])
    assert used == [3334, 3333, 3333]


def g_dispute(at: Counter, becomes: str) -> Moves:
    code = at.book()
    charge = at.by_card(code)
    opened = at("sandbox", "dispute", charge, "--amount", "30.00")
    at.drain()
    assert at.of(code)["stripe_adjustment"] == {
        HELD: 3000,
        "expenses:dispute-fees": 1500,
        AVL: -4500,
    }
    at("sandbox", "dispute-close", opened["id"], becomes)
    at.drain()
    return at.of(code)


def g_won(at: Counter) -> None:
    assert g_dispute(at, "--won")["stripe_adjustment"] == {
        "expenses:dispute-fees": 1500,
        AVL: -1500,
    }


def g_lost(at: Counter) -> None:
    lost = {"expenses:dispute-losses": 3000, HELD: -3000}
    assert g_dispute(at, "--lost")["dispute_lost"] == lost


def h_pay_run(at: Counter) -> None:
    """What was earned is moved into the month before by an administrator: it is over then."""
    at.by_card(at.book(), "--tip", "15.00")
    administrator = open_pool(at.desk.salon.database.administrator, pooled=False)
    with administrator.begin() as connection:
        connection.execute(text(MONTH_BEFORE.format("entries", "effective_at", "effective_at")))
        connection.execute(text(MONTH_BEFORE.format("commission_splits", "split_at", "split_at")))
    (run,) = at("payout", "run", "--period", "previous", "--approve", "--staff", "ana")["runs"]
    at("payout", "pay", "previous", "--method", "bank", "--staff", "ana")
    paid = at.moved("--account", BANK)["pay_run"]
    assert paid[BANK] == -run["net"]["amount_minor"]
    assert paid[EARNED] + paid[TIPS] == run["net"]["amount_minor"]
    assert paid[TIPS] >= 1500


def i_payout(at: Counter) -> None:
    at.by_card(at.book())
    at("sandbox", "payout")
    at.drain()
    (payout, *_) = at("reconcile", "payouts")
    amount = payout["amount"]["amount_minor"]
    entry = at("bank", "receive", "--payout", payout["payout"])
    assert at.moved("--key", entry["key"]) == {"payout_received": {BANK: amount, TRANSIT: -amount}}
    opened = at("explain", payout["payout"])
    assert {"stripe_payout", "payout_received"} == {each["kind"] for each in opened["entries"]}
    again = at.desk("bank", "receive", "--payout", payout["payout"], "--json")
    assert (again.code, again.error["code"]) == (4, "already_received")


def i_payout_failed(at: Counter) -> None:
    at.by_card(at.book())
    at("sandbox", "payout", "--fail")
    at.drain()
    found = at.moved("--account", TRANSIT)
    assert set(found) >= {"stripe_payout", "stripe_payout_failure"}
    failed = found["stripe_payout_failure"]
    assert failed[AVL] == -failed[TRANSIT] > 0


def refund_fails_later(at: Counter) -> None:
    code = at.book()
    at.by_card(code)
    at("refund", code, "--amount", "10.00")
    at.drain()
    (refund,) = [each for each in at("explain", code)["operations"] if each["kind"] == "refund"]
    at("sandbox", "fail-refund", refund["ref"])
    at.drain()
    failed = at.of(code)["stripe_refund_failure"]
    assert failed["liabilities:refunds-owed"] == -1000
    at("refund", code, "--owed", "--to", "cash")
    assert at.of(code)["owed_refund"] == {"liabilities:refunds-owed": 1000, DRAWER: -1000}


def j_chair_rent(at: Counter) -> None:
    first = (datetime.now(UTC).date().replace(day=1) - timedelta(days=1)).replace(day=1)
    at("staff", "rent", "set", "ben", "250.00", "--per", "month", "--from", str(first))
    at("payout", "run", "--period", "previous", "--staff", "ben")
    assert at.moved("--account", "income:chair-rent")["chair_rent"] == {
        "assets:receivable:chair-rent": 25_000,
        "income:chair-rent": -25_000,
    }


def k_drawer_short(at: Counter) -> None:
    at("drawer", "open", "--float", "2000.00")
    shown = at("drawer", "close", "--counted", "1999.50", "--leave", "100.00")
    assert shown["difference"]["amount_minor"] == -50
    *_, short = at("ledger", "entries", "--account", "expenses:cash-over-short")
    assert at.moved("--key", short["key"]) == {
        "drawer_difference": {"expenses:cash-over-short": 50, DRAWER: -50}
    }
    at("drawer", "open", "--float", "100.00")
    exact = at("drawer", "close", "--counted", "100.00", "--idempotency-key", "evening")
    assert exact["difference"] == {"amount_minor": 0, "currency": "EUR"}


ROWS: tuple[Callable[[Counter], None], ...] = (
    a_card,
    a4_cash,
    a_terminal,
    b_deposit,
    b_deposit_forfeited,
    discount,
    c_refund,
    d_no_show_fee,
    e_gift_card,
    f_package,
    g_won,
    g_lost,
    i_payout,
    i_payout_failed,
    refund_fails_later,
    j_chair_rent,
    k_drawer_short,
    h_pay_run,
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
def test_a_row_of_the_table_is_reached_by_commands(
    counter: Counter, row: Callable[[Counter], None]
) -> None:
    row(counter)
    proof = counter("ledger", "verify")
    assert (proof["ok"], proof["problems"]) == (True, [])
