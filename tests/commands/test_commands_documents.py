"""The JSON that scripts rely on: its keys, its money, its instants, and one document on stdout."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

import pytest
from front_desk import Desk
from moments import BERLIN, coming_monday, monday_at

MONEY = {"amount_minor", "currency"}
SLOT = {"start", "end", "staff", "service", "price"}
BOOKING = {"code", "status", "start", "end", "staff", "service", "customer", "price", "paid", "due"}
OUTBOX_ROW = {"id", "topic", "state", "attempts", "last_error", "due_at"}


def book(desk: Desk, clock: str, *more: str) -> dict[str, Any]:
    """Book a cut with Ana on the coming Monday."""
    words = ("book", "cut", "--staff", "ana", "--customer", "Rosa Vega", "--at", monday_at(clock))
    return dict(desk(*words, *more, "--json", check=True).json)


def test_a_slot_has_its_times_its_people_and_its_price(front: Desk) -> None:
    found = front("slots", "cut", "--from", str(coming_monday()), "--limit", "2", "--json").json
    assert [set(slot) for slot in found] == [SLOT, SLOT]
    assert found[0]["price"] == {"amount_minor": 4500, "currency": "EUR"}
    start = datetime.fromisoformat(found[0]["start"])
    assert start == datetime.fromisoformat(monday_at("09:00")).replace(tzinfo=BERLIN)
    assert start.utcoffset() is not None
    assert {slot["staff"] for slot in found} <= {"ana", "ben"}
    assert found[0]["service"] == "cut"


def test_a_free_time_is_explained_as_free(front: Desk) -> None:
    ran = front("why", "cut", "--staff", "ana", "--at", monday_at("10:00"), "--json")
    assert (ran.code, ran.json) == (0, {"free": True, "reasons": [], "nearest": []})


def test_a_time_that_is_not_free_is_explained_and_exits_zero(front: Desk) -> None:
    ran = front("why", "cut", "--staff", "ana", "--at", monday_at("20:00"), "--json")
    assert ran.code == 0
    assert ran.json["free"] is False
    assert ran.json["reasons"]
    assert all(set(reason) == {"rule", "message", "opens_if"} for reason in ran.json["reasons"])
    assert all(set(slot) == SLOT for slot in ran.json["nearest"])


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (("tenant", "show"), {"slug", "name", "timezone", "currency", "country", "brand"}),
        (("staff", "show", "ana"), {"slug", "name", "commission_percent", "services"}),
        (("service", "show", "cut"), {"slug", "name", "minutes", "price", "segments"}),
        (("customer", "show", "+4930901820"), {"id", "name", "phone", "email", "visits"}),
        (("ledger", "verify"), {"ok", "entries", "transfers", "accounts", "problems"}),
        (
            ("outbox", "stats"),
            {"ready", "waiting", "in_flight", "delivered", "unknown", "dead", "oldest_age_seconds"},
        ),
        (("relay", "status"), {"running", "relays", "outbox"}),
        (("db", "status"), {"kind", "revision", "up_to_date"}),
        (("day",), {"day", "booked", "taken", "visits"}),
    ],
)
def test_a_document_has_at_least_its_fixed_keys(
    front: Desk, words: tuple[str, ...], keys: set[str]
) -> None:
    ran = front(*words, "--json")
    assert (ran.code, ran.stderr) == (0, "")
    assert keys <= set(ran.json)


@pytest.mark.parametrize(
    "words",
    ["tenant list", "staff list", "service list", "customer find x", "booking list", "outbox list",
     "invoice list", "ledger accounts", "ledger entries", "operator list", "tenant provider list",
     "config show"],
)  # fmt: skip
def test_a_list_is_an_array_even_when_it_is_empty(front: Desk, words: str) -> None:
    ran = front(*words.split(), "--json")
    assert (ran.code, ran.stderr) == (0, "")
    assert isinstance(ran.json, list)


def test_a_visit_is_the_same_document_from_booking_to_invoice(desk: Desk) -> None:
    booked = book(desk, "10:00")
    assert set(booked) >= BOOKING
    assert booked["status"] == "confirmed"
    assert datetime.fromisoformat(booked["start"]).strftime("%H:%M") == "10:00"
    assert booked["price"] == booked["due"] == {"amount_minor": 4500, "currency": "EUR"}
    code = booked["code"]
    assert desk("booking", "show", code.lower(), "--json").json == booked | {"note": ""}

    paid = desk("pay", code, "--cash", "--tip", "5.00", "--json", check=True).json
    assert paid["paid"] == {"amount_minor": 4500, "currency": "EUR"}
    assert paid["due"]["amount_minor"] == 0
    drawer = desk("ledger", "balance", "assets:cash:drawer", "--json", check=True).json
    assert drawer["balance"] == {"amount_minor": 5000, "currency": "EUR"}

    waiting = desk("outbox", "list", "--json", check=True).json
    assert {row["topic"] for row in waiting} == {"invoice.issue", "commission.split"}
    assert all(set(row) >= OUTBOX_ROW for row in waiting)
    assert desk("relay", "drain", "--json", check=True).json == {"worked": 2}

    (invoice,) = desk("invoice", "list", "--json", check=True).json
    assert invoice["booking"] == code
    assert invoice["gross"]["amount_minor"] == 5000  # the tip is on it
    assert desk("ledger", "verify", "--json", check=True).json["ok"] is True
    assert desk("pay", code, "--cash").code == 4


def test_a_slot_that_is_taken_is_a_conflict_that_offers_the_next_ones(desk: Desk) -> None:
    book(desk, "10:00")
    words = ("book", "cut", "--staff", "ana", "--customer", "Rosa Vega", "--json", "--at")
    refused = desk(*words, monday_at("10:15"))
    assert refused.code == 4
    assert refused.error["code"] == "slot_taken"
    assert set(refused.error["details"]["nearest"][0]) == SLOT


def test_a_hold_says_until_when_and_is_cancelled(desk: Desk) -> None:
    held = book(desk, "10:00", "--hold", "10")
    assert held["status"] == "held"
    assert datetime.fromisoformat(held["held_until"]).utcoffset() is not None
    cancelled = desk("booking", "cancel", held["code"], "--json", check=True).json
    assert cancelled["status"] == "cancelled"
    assert desk("booking", "cancel", held["code"], "--json").error["code"] == "illegal_state"


def test_an_operator_gets_a_login_that_works_and_a_password_once(desk: Desk) -> None:
    login = f"desk_{secrets.token_hex(4)}"
    words = ("operator", "add", login, "--role", "front-desk", "--json")
    administrator = {"BOOKRA_DATABASE_URL": desk.salon.database.admin_url}
    made = desk(*words, check=True, **administrator).json
    assert set(made) == {"login", "role", "tenant", "password", "url", "changed"}
    again = desk(*words, check=True, **administrator).json
    assert set(again) == {"login", "role", "tenant", "changed"}
    assert (made["changed"], again["changed"]) == (True, False)
    assert desk("day", "--json", BOOKRA_DATABASE_URL=made["url"]).code == 0
    refused = desk("tenant", "brand", "--primary", "#112233", BOOKRA_DATABASE_URL=made["url"])
    assert (refused.code, refused.stderr.split(":")[0]) == (5, "not_allowed")


def test_a_business_is_opened_once_and_other_parameters_are_refused(desk: Desk) -> None:
    words = ("tenant", "create", "sol", "--name", "Sol", "--timezone", "Europe/Madrid",
             "--country", "ES", "--currency")  # fmt: skip
    administrator = {"BOOKRA_DATABASE_URL": desk.salon.database.admin_url}
    first = desk(*words, "EUR", "--json", check=True, **administrator).json
    assert desk(*words, "EUR", "--json", check=True, **administrator).json == first
    assert desk(*words, "USD", "--json", **administrator).error["code"] == "exists"
    assert [tenant["slug"] for tenant in desk("tenant", "list", "--json").json] == ["luna", "sol"]


def test_a_finding_of_the_doctor_is_exit_8_with_its_result_on_stdout(desk: Desk) -> None:
    before = {each["check"] for each in desk("doctor", "--json").json["checks"] if not each["ok"]}
    assert before <= {"durability"}  # the tests' own server forgets what it committed
    paid = book(desk, "10:00", "--pay", "cash")
    assert paid["due"]["amount_minor"] == 0
    ran = desk("doctor", "--json")
    assert (ran.code, ran.error["code"]) == (8, "findings")
    bad = {check["check"] for check in ran.json["checks"] if not check["ok"]}
    assert bad - before == {"relay"}
