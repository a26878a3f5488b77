"""The waitlist from the command line: wish, offer, accept, withdraw."""

from __future__ import annotations

from typing import Any

import pytest
from front_desk import Desk
from moments import coming_monday, monday_at

DAY = str(coming_monday())
WINDOW = f"{DAY} 14:00-14:01"
ADD = ("waitlist", "add", "cut", "--customer", "Rosa Vega", "--staff", "ana")
NARROW = (*ADD, "--window", WINDOW)
WISH_KEYS = {"code", "status", "customer", "service", "staff", "windows", "offer", "offers"}
OFFER_KEYS = {"wish", "booking", "start", "end", "staff", "service", "price", "held_until"}


def added(desk: Desk, *words: str) -> dict[str, Any]:
    document: dict[str, Any] = desk(*(words or NARROW), "--json", check=True).json
    return document


def take_the_slot(desk: Desk) -> str:
    words = ("book", "cut", "--staff", "ana", "--at", monday_at("14:00"), "--customer", "Rosa Vega")
    code: str = desk(*words, "--json", check=True).json["code"]
    return code


def test_a_wish_is_listed_with_its_windows(desk: Desk) -> None:
    wish = added(desk)
    assert set(wish) >= WISH_KEYS
    assert (wish["status"], wish["staff"], wish["offer"]) == ("waiting", "ana", None)
    (window,) = wish["windows"]
    assert window["start"][:16] == monday_at("14:00")
    (listed,) = desk("waitlist", "list", "--json", check=True).json
    assert listed["code"] == wish["code"]
    assert "opening" not in listed
    shown = desk("waitlist", "show", wish["code"].lower(), check=True).stdout
    assert "14:00-14:01" in shown


def test_what_is_free_already_is_said_on_stderr_and_in_the_document(desk: Desk) -> None:
    told = desk(*NARROW, check=True)
    assert "Free already" in told.stderr
    assert "Free already" not in told.stdout
    assert added(desk)["opening"]["start"][:16] == monday_at("14:00")
    take_the_slot(desk)
    taken = desk(*NARROW, "--json", check=True)
    assert taken.json["opening"] is None
    assert taken.stderr == ""


def test_windows_may_be_given_in_several_ways(desk: Desk) -> None:
    words = ("--window", f"{DAY} 09:00-10:00,17:00-18:00", "--window", "mon-fri 12:00-13:00")
    assert len(added(desk, *ADD, *words)["windows"]) == 7
    tuesday = [monday_at(clock, days_later=1) for clock in ("09:00", "11:00")]
    moments = ("--from", monday_at("09:00"), "--to", DAY, "--from", tuesday[0], "--to", tuesday[1])
    ends = [window["end"][:16] for window in added(desk, *ADD, *moments)["windows"]]
    assert ends == [monday_at("00:00", days_later=1), tuesday[1]]


def test_an_offer_is_a_held_booking_that_may_be_accepted(desk: Desk) -> None:
    wish = added(desk)
    (offer,) = desk("waitlist", "offer", "--json", check=True).json
    assert set(offer) >= OFFER_KEYS
    assert (offer["wish"], offer["start"][:16]) == (wish["code"], monday_at("14:00"))
    held = desk("booking", "show", offer["booking"], "--json", check=True).json
    assert held["status"] == "held"
    assert desk("waitlist", "offer", "--json", check=True).json == []
    accepted = desk("waitlist", "accept", wish["code"], "--json", check=True).json
    assert (accepted["code"], accepted["status"]) == (offer["booking"], "confirmed")
    assert desk("waitlist", "list", "--json", check=True).json == []
    (done,) = desk("waitlist", "list", "--status", "fulfilled", "--json", check=True).json
    assert done["code"] == wish["code"]


def test_a_dry_run_offers_nothing(desk: Desk) -> None:
    added(desk)
    before = desk.rows()
    assert len(desk("waitlist", "offer", "--dry-run", "--json", check=True).json) == 1
    assert desk.rows() == before


def test_confirming_the_held_booking_accepts_the_offer(desk: Desk) -> None:
    wish = added(desk)
    (offer,) = desk("waitlist", "offer", wish["code"], "--json", check=True).json
    confirmed = desk("booking", "confirm", offer["booking"], "--json", check=True).json
    assert confirmed["status"] == "confirmed"
    assert desk("booking", "confirm", offer["booking"]).code == 4
    desk("relay", "drain", check=True)
    shown = desk("waitlist", "show", wish["code"], "--json", check=True).json
    assert (shown["status"], shown["offer"]) == ("fulfilled", None)
    assert [each["status"] for each in shown["offers"]] == ["confirmed"]


def test_the_relay_offers_what_becomes_free(desk: Desk) -> None:
    code = take_the_slot(desk)
    wish = added(desk)
    assert desk("relay", "drain", "--json", check=True).json == {"worked": 0}
    desk("booking", "cancel", code, check=True)
    assert desk("relay", "run", "--once", "--json", check=True).json["worked"] == 1
    shown = desk("waitlist", "show", wish["code"], "--json", check=True).json
    assert shown["status"] == "offered"
    assert shown["offer"]["start"][:16] == monday_at("14:00")


def test_a_wish_that_cannot_be_offered_anything_says_why(desk: Desk) -> None:
    take_the_slot(desk)
    wish = added(desk)
    nothing = desk("waitlist", "offer", wish["code"], "--json")
    assert (nothing.code, nothing.error["code"]) == (4, "no_opening")
    no_offer = desk("waitlist", "accept", wish["code"], "--json")
    assert (no_offer.code, no_offer.error["code"]) == (4, "no_offer")
    desk("waitlist", "withdraw", wish["code"], check=True)
    over = desk("waitlist", "offer", wish["code"], "--json")
    assert (over.code, over.error["code"]) == (4, "illegal_state")


def test_withdrawing_frees_the_hold(desk: Desk) -> None:
    wish = added(desk)
    (offer,) = desk("waitlist", "offer", "--json", check=True).json
    gone = desk("waitlist", "withdraw", wish["code"], "--json", check=True).json
    assert gone["status"] == "withdrawn"
    assert desk("booking", "show", offer["booking"], "--json").json["status"] == "cancelled"
    assert desk("waitlist", "withdraw", wish["code"]).code == 4


@pytest.mark.parametrize("rule", ["first", "best-fit", "highest-value"])
def test_every_rule_may_be_asked_for(desk: Desk, rule: str) -> None:
    added(desk)
    (offer,) = desk("waitlist", "offer", "--rule", rule, "--json", check=True).json
    assert offer["customer"] == "Rosa Vega"


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (ADD, 6, "no_window"),
        ((*ADD, "--window", "thu 14:00"), 6, "bad_hours"),
        ((*ADD, "--window", "someday 14:00-15:00"), 6, "bad_date"),
        ((*ADD, "--window", "2020-01-01 14:00-15:00"), 6, "past"),
        ((*ADD, "--from", DAY), 2, "usage"),
        ((*NARROW[:6], "zoe", *NARROW[7:]), 3, "unknown_staff"),
        (("waitlist", "offer", "--rule", "nicest"), 2, "usage"),
        (("waitlist", "offer", "W-NONE"), 3, "unknown_wish"),
        (("waitlist", "accept", "W-NONE"), 3, "unknown_wish"),
        (("waitlist", "show", "W-NONE"), 3, "unknown_wish"),
        (("waitlist", "list", "--status", "happy"), 6, "unknown_status"),
    ],
)
def test_what_makes_no_sense_is_refused(
    front: Desk, words: tuple[str, ...], exit_code: int, code: str
) -> None:
    refused = front(*words, "--json")
    assert (refused.code, refused.error["code"]) == (exit_code, code)


def test_the_same_wish_again_is_the_same_and_so_is_its_key(desk: Desk) -> None:
    first = added(desk)
    assert added(desk)["code"] == first["code"]
    keyed = (*ADD, "--window", f"{DAY} 16:00-17:00", "--idempotency-key", "k-1")
    again = added(desk, *keyed)
    after = desk.rows()
    assert added(desk, *keyed) == again
    assert desk.rows() == after


@pytest.mark.parametrize("verb", ["add", "list", "show", "offer", "accept", "withdraw"])
def test_every_verb_has_examples(front: Desk, verb: str) -> None:
    assert "Examples:" in front("waitlist", verb, "--help", check=True).stdout


def test_a_person_reads_short_lines_and_a_script_gets_rows(desk: Desk) -> None:
    assert "Nobody waits." in desk("waitlist", "list", check=True).stderr
    wish = added(desk)
    (line,) = desk("waitlist", "list", check=True).stdout.splitlines()
    assert line.split("\t")[0] == wish["code"]
    header, row = desk("waitlist", "list", "--output", "csv", check=True).stdout.splitlines()
    assert header.startswith("code,status,customer")
    assert row.startswith(f"{wish['code']},waiting,Rosa Vega")


def test_a_certain_time_is_offered_to_one_wish(desk: Desk) -> None:
    wish = added(desk, *ADD, "--window", f"{DAY} 09:00-18:00")
    words = ("waitlist", "offer", wish["code"], "--staff", "ana", "--at", monday_at("15:30"))
    (offer,) = desk(*words, "--json", check=True).json
    assert (offer["wish"], offer["start"][:16]) == (wish["code"], monday_at("15:30"))
    assert desk(*words, "--json").error["code"] == "illegal_state"
    alone = desk("waitlist", "offer", "--at", monday_at("15:30"), "--json")
    assert (alone.code, alone.error["code"]) == (2, "usage")
