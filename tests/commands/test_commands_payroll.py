"""Payroll as people and cron use it: plans, runs, bank files, statements, chair rent, refusals."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from front_desk import Desk
from payroll import earned
from pypdf import PdfReader

from bookra.engine.payouts.pain001 import NAMESPACE

SALON_IBAN, ANAS_IBAN = "DE89370400440532013000", "FR1420041010050500013M02606"


@pytest.fixture
def month(desk: Desk) -> Desk:
    """A shop where Ana earned 15.13 last month, and a tip of 5.00."""
    now = desk.salon.ask(lambda tx: tx.now)
    past = desk.salon.at(now.replace(day=1, hour=6) - timedelta(days=20))
    day = past.now.date() + timedelta(days=1)
    day += timedelta(days=day.weekday() == 6)
    earned(past, f"{day} 10:00", tip=500)
    return desk


def json_of(desk: Desk, *words: str) -> Any:
    return json.loads(desk(*words, "--json", check=True).stdout)


def code_of(desk: Desk, *words: str) -> tuple[int, str]:
    ran = desk(*words, "--json")
    return ran.code, json.loads(ran.stderr)["error"]["code"]


def euros(minor: int) -> dict[str, Any]:
    return {"amount_minor": minor, "currency": "EUR"}


def test_a_month_from_the_draft_to_the_money(month: Desk, tmp_path: Path) -> None:
    words = ("payout", "run", "--period", "previous")
    draft = json_of(month, *words, "--dry-run")
    assert {"period", "runs"} <= draft.keys()
    (ana,) = draft["runs"]
    assert {"staff", "gross", "clawback", "net", "status"} <= ana.keys()
    assert (ana["staff"], ana["status"]) == ("ana", "draft")
    assert [ana[name] for name in ("gross", "commission", "tips", "clawback", "net")] == [
        euros(2013),
        euros(1513),
        euros(500),
        euros(0),
        euros(2013),
    ]
    assert json_of(month, "payout", "list") == []
    sealed = json_of(month, *words, "--approve")
    assert json_of(month, *words, "--approve") == sealed
    assert sealed["runs"][0]["status"] == "approved"
    assert code_of(month, "payout", "export", "previous") == (4, "no_bank_account")
    for account in (("--iban", SALON_IBAN), ("--iban", ANAS_IBAN, "--staff", "ana")):
        shown = month("bank-account", "set", "--holder", "Somebody", *account, check=True).stdout
        assert account[1][:4] in shown
        assert account[1] not in shown
    file = tmp_path / "pay.xml"
    written = json_of(month, "payout", "export", "previous", "--to", str(file))
    assert (written["payments"], written["total"]) == (1, euros(2013))
    assert file.stat().st_mode & 0o077 == 0
    (iban,) = [node.text for node in ET.parse(file).iter(f"{{{NAMESPACE}}}IBAN")][1:]
    assert iban == ANAS_IBAN
    pay = ("payout", "pay", "previous", "--method", "bank", "--reference", "4711")
    paid = json_of(month, *pay, "--idempotency-key", "pay")
    assert paid == json_of(month, *pay, "--idempotency-key", "pay")
    assert (paid["runs"][0]["status"], paid["runs"][0]["method"]) == ("paid", "bank")
    assert code_of(month, *pay) == (4, "already_paid")
    assert code_of(month, "payout", "export", "previous") == (4, "nothing_to_pay")
    balance = json_of(month, "ledger", "balance", "assets:bank")
    assert balance["balance"] == euros(-2013)
    assert json_of(month, "ledger", "verify")["ok"]


def test_a_csv_for_the_bank(month: Desk, tmp_path: Path) -> None:
    month("payout", "approve", "previous", check=True)
    for owner in ((), ("--staff", "ana")):
        words = ("--holder", "Ana =1+1", "--iban", SALON_IBAN, *owner)
        month("bank-account", "set", *words, check=True)
    file = tmp_path / "pay.csv"
    month("payout", "export", "previous", "--format", "csv", "--to", str(file), check=True)
    (row,) = csv.DictReader(file.read_text("utf-8").splitlines())
    assert (row["iban"], row["amount"], row["currency"]) == (SALON_IBAN, "20.13", "EUR")


def test_a_statement_opens_each_line_and_sums_to_the_run(month: Desk, tmp_path: Path) -> None:
    words = ("commission", "statement", "ana", "--period", "previous")
    open_ = json_of(month, *words)
    assert [line["kind"] for line in open_["lines"]] == ["commission", "tip"]
    commission = open_["lines"][0]
    assert (commission["sold"], commission["rate"]) == ("Cut", "40 %")
    assert (commission["base"], commission["amount"]) == (euros(3782), euros(1513))
    assert commission["code"]
    assert (open_["status"], open_["totals"]["net"]) == ("open", euros(2013))
    assert sum(line["amount"]["amount_minor"] for line in open_["lines"]) == 2013
    month("payout", "approve", "previous", check=True)
    assert json_of(month, *words)["status"] == "approved"
    rows = list(csv.DictReader(month(*words, "--format", "csv", check=True).stdout.splitlines()))
    assert [row["amount.amount_minor"] for row in rows] == ["1513", "500"]
    file = tmp_path / "ana.pdf"
    month(*words, "--format", "pdf", "--to", str(file), check=True)
    text = "".join(page.extract_text() for page in PdfReader(file).pages)
    assert "Pay statement" in text
    assert commission["code"] in text
    assert "20.13" in text.replace("€", "").replace(",", ".")


def test_plans_are_set_shown_and_ended(desk: Desk) -> None:
    plan = ("commission", "plan")
    tiered = json_of(desk, *plan, "set", "--staff", "ana", "--tier", "1000.00:50", "--tier", "0:40")
    assert tiered["tiers"] == [
        {"from": euros(0), "percent": "40"},
        {"from": euros(100_000), "percent": "50"},
    ]
    desk(*plan, "set", "--service", "cut", "--percent", "12.5", check=True)
    desk(*plan, "set", "--staff", "ana", "--service", "cut", "--fixed", "5.00", check=True)
    which = (*plan, "show", "--staff", "ana", "--service", "cut")
    assert json_of(desk, *which)["amount"] == euros(500)
    desk(*plan, "set", "--staff", "ana", "--service", "cut", "--end", check=True)
    assert json_of(desk, *which)["kind"] == "tiered"
    assert json_of(desk, *plan, "show", "--staff", "ben", "--service", "cut")["percent"] == "12.5"
    assert json_of(desk, *plan, "show", "--staff", "ben", "--service", "color")["percent"] == "40"
    assert len(json_of(desk, *plan, "list")) == 4
    assert len(json_of(desk, *plan, "list", "--at", "today")) == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("commission plan set --percent 101", (6, "bad_percent")),
        ("commission plan set --tier 0:40 --tier 5:101", (6, "bad_percent")),
        ("commission plan set --tier 5:40", (6, "bad_tiers")),
        ("commission plan set --percent 40 --fixed 1.00", (2, "no_rate")),
        ("commission plan set", (2, "no_rate")),
        ("commission plan set --staff zoe --percent 40", (3, "unknown_staff")),
        ("payout run --period nov", (6, "bad_period")),
        ("payout run --period 2999-01", (4, "period_to_come")),
        ("payout run --period current --approve", (4, "period_running")),
        ("payout show 2020-01", (3, "unknown_run")),
        ("payout pay 2020-01 --method bank", (3, "unknown_run")),
        ("payout rent-paid ana --cash", (4, "no_rent_due")),
        ("payout rent-paid ana", (2, "no_method")),
        ("staff rent set ana 250 --per year", (6, "bad_period")),
        ("bank-account set --holder Ana --iban DE88370400440532013000", (6, "bad_iban")),
        ("bank-account remove --staff ana", (3, "unknown_bank_account")),
    ],
)
def test_what_makes_no_sense_is_refused(front: Desk, words: str, expected: tuple[int, str]) -> None:
    assert code_of(front, *words.split()) == expected


def test_chair_rent_is_set_posted_and_paid(desk: Desk) -> None:
    first = desk.salon.ask(lambda tx: tx.now).date().replace(day=1)
    set_ = ("staff", "rent", "set", "ben", "250.00", "--from", str(first))
    assert json_of(desk, *set_)["rent"] == euros(25_000)
    assert [row["staff"] for row in json_of(desk, "staff", "rent", "list")] == ["ben"]
    assert json_of(desk, "payout", "rent", "--dry-run") == json_of(desk, "payout", "rent")
    assert json_of(desk, "payout", "rent") == {"accrued": []}
    (run,) = json_of(desk, "payout", "run", "--period", "current")["runs"]
    assert (run["staff"], run["rent"], run["net"]) == ("ben", euros(25_000), euros(-25_000))
    assert json_of(desk, "payout", "rent-paid", "ben", "--cash")["paid"] == euros(25_000)
    assert json_of(desk, "payout", "run", "--period", "current")["runs"] == []
