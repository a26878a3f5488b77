"""The money over the real engine: figures are the ledger's, a second process reads the outcome."""

from __future__ import annotations

import stat
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine
from driving import Hand
from factories import Salon
from over_the_engine import as_front_desk, at_the_desk

from bookra.engine.payments import taking
from bookra.engine.payouts import runs
from bookra.engine.payouts.period import parse_period
from bookra.money import Money
from bookra.tui.engine_desk import EngineDesk

TODAY = "2026-11-23"


@pytest.fixture
def bookra(environment: dict[str, str], tmp_path: Path) -> CommandLine:
    """The command line on the test's database."""
    return CommandLine.in_folder(tmp_path, **environment, BOOKRA_TENANT="luna")


def minor(document: dict[str, Any]) -> int:
    return int(document["amount_minor"])


def pay_in_cash(salon: Salon, *walls: str) -> list[str]:
    """Book Rosa with Ana and take the price in cash; returns the codes."""
    codes = [salon.book(f"{TODAY} {wall}").code for wall in walls]
    for code in codes:
        salon.act(partial(taking.take_cash, code=code))
    return codes


def test_takings_are_the_reports_figures(salon: Salon, bookra: CommandLine) -> None:
    pay_in_cash(salon, "10:00", "11:00")
    found = bookra(
        "report", "revenue", "--from", TODAY, "--to", TODAY, "--by", "staff", "--json", check=True
    ).json["total"]

    async def play(hand: Hand) -> None:
        await hand.press("4")
        text = hand.text()
        assert f"€{minor(found['net']) / 100:.2f}" in text
        assert f"€{minor(found['collected']) / 100:.2f}" in text
        assert "Ana" in text
        assert "Cash" in text

    at_the_desk(salon, play)
    assert minor(found["collected"]) == 9000


def test_a_weeks_trend_adds_up_to_the_persons_figure(salon: Salon) -> None:
    from bookra.tui.screens.money_sections import period_of

    pay_in_cash(salon, "10:00", "11:00")
    desk = EngineDesk(salon.engine, salon.slug)
    takings = desk.takings(period_of(salon.now.date(), "week"))
    (ana,) = takings.staff
    assert sum(ana.trend) == ana.net.minor == takings.net.minor
    assert sum(bar.net.minor for bar in takings.bars) == takings.net.minor
    assert len(takings.bars) == 7


def test_what_is_owed_is_told_until_it_is_paid(salon: Salon) -> None:
    from bookra.engine.bookings import actions

    code = salon.book(f"{TODAY} 09:15").code
    here = salon.later(minutes=20)
    here.act(lambda tx: actions.check_in(tx, code))

    async def play(hand: Hand) -> None:
        await hand.press("4")
        assert "Due · 1 open" in hand.text()
        here.act(lambda tx: taking.take_cash(tx, code))
        hand.app.base.reread()
        await hand.rest()
        assert "open" not in hand.text().split("Refunds")[0].split("Tips")[1]

    at_the_desk(here, play)


def test_an_entry_is_explained_down_to_its_accounts(salon: Salon) -> None:
    (code,) = pay_in_cash(salon, "10:00")

    async def play(hand: Hand) -> None:
        await hand.press("4", "e")
        assert code in hand.text()
        await hand.press("enter")
        text = hand.text()
        assert "assets:cash:drawer" in text
        assert "income:services" in text
        assert code in text

    at_the_desk(salon, play)


def test_the_drawer_is_opened_and_closed_by_keys(salon: Salon, bookra: CommandLine) -> None:
    async def play(hand: Hand) -> None:
        await hand.press("4", "c", "o", *"100", "enter")
        assert "Open since" in hand.text()
        pay_in_cash(salon, "10:00")
        await hand.press("o", *"144.50")
        assert "€0.50 short" in hand.text()
        await hand.press("enter", *"100", "enter")
        assert "Closed at" in hand.text()

    at_the_desk(salon, play)
    found = bookra("drawer", "show", "--json", check=True).json
    assert not found["open"]
    assert minor(found["expected"]) == 14500
    assert minor(found["difference"]) == -50
    assert minor(found["left"]) == 10000
    assert salon.balances()["assets:cash:drawer"] == 10000


def test_a_count_leaves_the_drawer_open(salon: Salon, bookra: CommandLine) -> None:
    async def play(hand: Hand) -> None:
        await hand.press("4", "c", "o", *"80", "enter")
        await hand.press("n", *"81", "enter")
        assert "Counted" in hand.text()

    at_the_desk(salon, play)
    found = bookra("drawer", "show", "--json", check=True).json
    assert found["open"]
    assert minor(found["expected"]) == 8100


def test_the_close_of_a_day_is_saved_for_its_owner_alone(
    salon: Salon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pay_in_cash(salon, "10:00")

    async def play(hand: Hand) -> None:
        await hand.press("4", "z", "s", "enter")
        assert "Saved as close-2026-11-23.txt" in hand.text()
        await hand.press("s", "enter")
        assert "There is a file close-2026-11-23.txt already" in hand.text()

    at_the_desk(salon, play)
    saved = tmp_path / "close-2026-11-23.txt"
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    text = saved.read_text("utf-8")
    assert "Close of day – Mon 23 Nov 2026" in text
    assert "€45.00" in text


def test_reconciling_from_the_desk_is_a_run_of_the_schedule(
    salon: Salon, bookra: CommandLine
) -> None:
    async def play(hand: Hand) -> None:
        await hand.press("4", "b", "r")
        assert "No Stripe account is connected" in hand.text()

    at_the_desk(salon, play, run_schedule=lambda name: bookra("schedule", "run", name, check=True))
    found = bookra("schedule", "show", "nightly-reconcile", "--json", check=True).json
    assert [run["state"] for run in found["runs"]] == ["done"]


def test_a_desk_that_can_not_ask_stripe_says_which_command_can(salon: Salon) -> None:
    async def play(hand: Hand) -> None:
        await hand.press("4", "b", "r")
        assert "bookra reconcile stripe" in hand.text()

    at_the_desk(salon, play)


def test_pay_runs_are_listed_as_they_stand(salon: Salon, bookra: CommandLine) -> None:
    code = salon.book(f"{TODAY} 10:00").code
    salon.act(lambda tx: taking.take_cash(tx, code, tip=Money(500, "EUR")))
    period = parse_period("2026-11", salon.now.date())
    salon.act(lambda tx: runs.run(tx, period))
    (listed,) = bookra("payout", "list", "--json", check=True).json

    async def play(hand: Hand) -> None:
        await hand.press("4", "p")
        text = hand.text()
        assert "2026-11" in text
        assert f"€{minor(listed['net']) / 100:.2f}" in text
        assert "Draft" in text

    at_the_desk(salon, play)
    assert minor(listed["net"]) == 500


def test_the_front_desks_login_is_answered_without_pay_and_bank(
    salon: Salon, tmp_path: Path
) -> None:
    from bookra.tui.screens.money_sections import period_of

    pay_in_cash(salon, "10:00")
    with as_front_desk(salon, tmp_path) as seen:
        desk = EngineDesk(seen.engine, seen.slug)
        takings = desk.takings(period_of(seen.now.date(), "day"))
        assert (takings.fees, takings.commissions) == (None, None)
        assert takings.taken.minor == 4500
        assert desk.pay_runs() == []
        assert desk.bank_payouts() == []
        assert {entry.kind for entry in desk.ledger_entries()} == {"cash_payment"}

        async def play(hand: Hand) -> None:
            await hand.press("4", "c", "o", *"100", "enter")
            assert "Open since" in hand.text()
            assert "Pay" not in hand.text()

        at_the_desk(seen, play)
