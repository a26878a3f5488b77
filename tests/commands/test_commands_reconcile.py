"""``bookra reconcile``, what provokes it (``bookra sandbox …``), and who may connect at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from front_desk import Desk
from moments import monday_at
from relay.served_sandbox import serving

from bookra.sandbox import open_stripe_account

BOOK = ("book", "cut", "--staff", "ana", "--customer", "Rosa Vega", "--json", "--at")


@pytest.fixture
def served(desk: Desk) -> Iterator[Desk]:
    """A desk whose salon takes cards at a stand-in that runs."""
    with serving(desk.shop.settings.sandbox_dir):
        desk("tenant", "provider", "set", "stripe", "--sandbox", check=True)
        yield desk


def paid(desk: Desk, hour: str) -> str:
    """Book a visit, pay its link, and let the relay settle it; return its code."""
    booked = desk(*BOOK, monday_at(hour), "--pay", "link", check=True).json
    desk("relay", "drain", check=True)
    desk("sandbox", "pay", booked["code"], check=True)
    desk("relay", "drain", check=True)
    return str(booked["code"])


def test_a_month_is_proven_until_the_bank_has_its_payout(served: Desk) -> None:
    code = paid(served, "10:00")
    refunded = served("sandbox", "refund", code, "--amount", "5.00", "--json", check=True).json
    disputed = served(
        "sandbox", "dispute", paid(served, "12:00"), "--amount", "10.00", "--json", check=True
    ).json
    served("relay", "drain", check=True)
    proof = served("reconcile", "stripe", "--json", check=True).json
    assert [part["ok"] for part in proof["proof"]] == [True] * 6
    assert {line["type"] for line in proof["types"]} == {"charge", "refund", "adjustment"}
    (held,) = proof["open"]
    assert (held["account"], held["id"]) == ("assets:disputes:held", disputed["id"])
    assert held["amount"] == {"amount_minor": 1000, "currency": "EUR"}
    assert refunded["amount"] == {"amount_minor": 500, "currency": "EUR"}

    served("sandbox", "dispute-close", disputed["id"], "--won", check=True)
    served("sandbox", "fail-refund", refunded["id"], check=True)
    (payout,) = served("sandbox", "payout", "--json", check=True).json
    served("relay", "drain", check=True)
    proof = served("reconcile", "stripe", "--json", check=True).json
    assert proof["stripe"]["amount_minor"] == proof["ledger"]["amount_minor"] == 0
    (way,) = proof["open"]
    assert (way["id"], way["what"]) == (payout["id"], "payout paid")
    assert way["amount"] == payout["amount"]
    (listed,) = served("reconcile", "payouts", "--json", check=True).json
    assert (listed["payout"], listed["status"], listed["received"]) == (payout["id"], "paid", False)
    assert listed["members"] == 6

    served("sandbox", "payout", "--failed", payout["id"], check=True)
    served("relay", "drain", check=True)
    back = served("reconcile", "stripe", "--json", check=True).json
    assert (back["ledger"], back["open"]) == (payout["amount"], [])


def test_what_the_relay_missed_is_repaired_and_then_proven(served: Desk) -> None:
    paid(served, "10:00")
    booked = served(*BOOK, monday_at("12:00"), "--pay", "link", check=True).json
    served("relay", "drain", check=True)
    served("sandbox", "pay", booked["code"], check=True)
    drifted = served("reconcile", "stripe")
    assert drifted.code == 8
    for words in ("✗", "one to one", "missing_here", "--repair", "charge", "opening", "closing"):
        assert words in drifted.stdout, drifted.stdout
    repaired = served("reconcile", "stripe", "--repair", "--json", check=True).json
    assert repaired["ok"] is True
    assert repaired["repaired"][-1] == "1 balance transactions were waiting, and are settled"
    again = served("reconcile", "stripe", "--repair", "--json", check=True).json
    assert again["repaired"] == []


def test_nothing_at_all_is_not_proven_rather_than_zero(served: Desk) -> None:
    ran = served("reconcile", "stripe", "--json")
    assert (ran.code, ran.error["code"]) == (8, "not_proven")
    assert (ran.json["ok"], ran.json["drift"]) == (False, [])
    assert "no balance transaction" in ran.json["proof"][0]["shows"]


def test_an_account_that_settles_in_another_currency_is_refused(desk: Desk) -> None:
    folder = desk.shop.settings.sandbox_dir
    with serving(folder):
        dollars = open_stripe_account(folder, country="US", currency="USD", name="Luna")
        words = ("tenant", "provider", "set", "stripe", "--sandbox", "--account")
        before = desk.rows()
        ran = desk(*words, dollars.id, "--json")
        assert (ran.code, ran.error["code"]) == (6, "currency_differs")
        assert "USD" in ran.error["message"]
        assert desk.rows() == before
        euros = open_stripe_account(folder, country="DE", currency="EUR", name="Luna")
        set_ = desk(*words, euros.id, "--json", check=True).json
        assert set_["config"]["account"] == euros.id


def test_a_bad_period_is_refused(served: Desk) -> None:
    assert served("reconcile", "stripe", "--from", "yesteryear").code == 6
