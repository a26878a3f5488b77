"""Money back from the command line: refunds, fees and disputes, what scripts read, exit codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Ran
from front_desk import Desk
from moments import monday_at
from relay.served_sandbox import serving

BOOK = ("book", "cut", "--staff", "ana", "--customer", "Rosa Vega", "--json", "--at")


@pytest.fixture
def served(desk: Desk) -> Iterator[Desk]:
    """A desk that is connected to stand-ins which run."""
    for provider in ("stripe", "whatsapp"):
        desk("tenant", "provider", "set", provider, "--sandbox", check=True)
    with serving(desk.shop.settings.sandbox_dir):
        yield desk


def booked(desk: Desk, hour: str = "10:00", *words: str) -> str:
    return str(desk(*BOOK, monday_at(hour), *words, check=True).json["code"])


def paid_by_link(desk: Desk) -> str:
    code = booked(desk, "10:00", "--pay", "link")
    desk("relay", "drain", check=True)
    desk("sandbox", "pay", code, check=True)
    desk("relay", "drain", check=True)
    return code


def refused(ran: Ran, exit_code: int, code: str) -> None:
    assert (ran.code, ran.error["code"]) == (exit_code, code), ran.stderr


def test_cash_goes_back_in_parts_and_what_is_refused_says_what_is_left(desk: Desk) -> None:
    code = booked(desk, "10:00", "--pay", "cash")
    desk("pay", booked(desk, "11:00"), "--cash", "--tip", "5.00", check=True)
    before = desk.rows()
    dry = desk("refund", code, "--amount", "20.00", "--dry-run", "--json", check=True).json
    assert desk.rows() == before
    words = ("refund", code, "--amount", "20.00", "--reason", "colour was off", "--json")
    first = desk(*words, "--idempotency-key", "k-1", check=True).json
    assert first == dry
    assert (first["parts"], first["rest"]["amount_minor"], first["refunded"]["amount_minor"]) == (
        [
            {
                "way": "cash",
                "amount": {"amount_minor": 2000, "currency": "EUR"},
                "tip": {"amount_minor": 0, "currency": "EUR"},
                "state": "done",
            }
        ],
        2500,
        2000,
    )
    assert desk(*words, "--idempotency-key", "k-1", check=True).json == first
    too_much = desk("refund", code, "--amount", "25.01", "--json")
    refused(too_much, 4, "over_refund")
    assert too_much.error["details"]["rest"]["amount_minor"] == 2500
    refused(desk("refund", code, "--to", "card", "--json"), 4, "wrong_way")
    refused(desk("refund", code, "--to", "bitcoin", "--json"), 6, "unknown_way")
    refused(desk("refund", code, "--amount", "0.00", "--json"), 6, "bad_amount")
    refused(desk("refund", code, "--amount", "1.001", "--json"), 6, "bad_amount")
    refused(desk("refund", code, "--owed", "--json"), 4, "nothing_owed")
    refused(desk("refund", "LUN-XXXX", "--json"), 3, "unknown_booking")
    assert desk("refund", code, "--tip", "--tip-only").code == 2
    assert "cash" in desk("refund", code, check=True).stdout
    refused(desk("refund", code, "--json"), 4, "nothing_to_refund")
    shown = desk("booking", "show", code, "--json", check=True).json
    assert (shown["refunded"]["amount_minor"], shown["due"]["amount_minor"]) == (4500, 0)
    assert desk("ledger", "verify", "--json", check=True).json["ok"] is True


def test_a_paid_visit_is_cancelled_with_its_refund_or_its_fee(desk: Desk, tmp_path: Path) -> None:
    policy = tmp_path / "policy.txt"
    policy.write_text("Cancel a month before, please.", encoding="utf-8")
    words = ("--cancel-window", "365d", "--late-cancel-fee", "50%", "--no-show-fee", "100%")
    desk("tenant", "policy", "set", "--text", str(policy), *words, check=True)
    accepted = ("--policy-accepted", "counter", "--pay", "cash")
    late = booked(desk, "10:00", *accepted)
    assert desk("booking", "cancel", late, "--fee", "1.00", "--waive").code == 2
    refused(desk("booking", "cancel", late, "--fee", "45.01", "--json"), 6, "bad_fee")
    done = desk("booking", "cancel", late, "--json", check=True).json
    assert (done["status"], done["refunded"]["amount_minor"]) == ("late_cancelled", 2250)
    kind = booked(desk, "11:00", *accepted)
    done = desk("booking", "cancel", kind, "--waive", "--json", check=True).json
    assert (done["status"], done["refunded"]["amount_minor"]) == ("late_cancelled", 4500)
    absent = booked(desk, "12:00", *accepted)
    refused(desk("booking", "no-show", absent, "--fee", "10.00", "--json"), 4, "not_its_day")
    desk.lets_come(absent)
    done = desk("booking", "no-show", absent, "--fee", "10.00", "--json", check=True).json
    assert (done["status"], done["refunded"]["amount_minor"]) == ("no_show", 3500)
    refused(desk("booking", "cancel", absent, "--json"), 4, "illegal_state")
    history = desk("booking", "show", absent, "--json", check=True).json["history"]
    assert history[-1]["kept"] == "10.00 EUR"


def test_a_card_is_refunded_by_the_relay_and_a_dispute_is_answered(
    served: Desk, tmp_path: Path
) -> None:
    code = paid_by_link(served)
    made = served("refund", code, "--amount", "15.00", "--json", check=True).json
    assert [(part["way"], part["state"]) for part in made["parts"]] == [("card", "requested")]
    served("relay", "drain", check=True)
    shown = served("booking", "show", code, "--json", check=True).json
    assert [each["state"] for each in shown["payments"] if each["kind"] == "refund"] == [
        "succeeded"
    ]
    assert shown["refunded"]["amount_minor"] == 1500
    assert served("dispute", "list", "--json", check=True).json == []
    served("sandbox", "dispute", code, check=True)
    served("relay", "drain", check=True)
    (found,) = served("dispute", "list", "--open", "--json", check=True).json
    assert (found["state"], found["booking"]) == ("needs_response", code)
    refused(served("refund", code, "--json"), 4, "disputed")
    words = tmp_path / "why.txt"
    words.write_text("She was here, and signed.", encoding="utf-8")
    refused(
        served("dispute", "answer", found["id"], "--text", str(tmp_path / "no"), "--json"),
        6,
        "bad_file",
    )
    refused(served("dispute", "show", "du_nobody", "--json"), 3, "unknown_dispute")
    served("dispute", "answer", found["id"], "--text", str(words), "--submit", check=True)
    served("relay", "drain", check=True)
    answered = served("dispute", "show", found["id"], "--json", check=True).json
    assert (answered["state"], answered["submit"]) == ("under_review", True)
    shown = served("booking", "show", code, "--json", check=True).json
    assert [each["id"] for each in shown["disputes"]] == [found["id"]]
    assert served("reconcile", "stripe", "--json").code == 0
