"""Classes at the command line: what a front desk types from the first course to the last seat."""

from __future__ import annotations

from typing import Any

import pytest
from front_desk import Desk
from moments import monday_at

EVENING = monday_at("17:00")
CLASS = {"code", "service", "start", "end", "staff", "capacity", "sold", "free", "status"}


@pytest.fixture
def studio(desk: Desk) -> Desk:
    """A salon that sells yoga, two seats a class."""
    words = ("--name", "Yoga", "--minutes", "60", "--price", "15.00", "--capacity", "2")
    desk("service", "add", "yoga", *words, check=True)
    desk("customer", "add", "--name", "Mia Kern", check=True)
    return desk


def add(desk: Desk, at: str = EVENING, *words: str) -> dict[str, Any]:
    added = desk("class", "add", "yoga", "--staff", "ana", "--at", at, *words, "--json", check=True)
    return dict(added.json)


def take(desk: Desk, who: str, *words: str, at: str = EVENING) -> dict[str, Any]:
    taken = desk("book", "yoga", "--at", at, "--customer", who, *words, "--json", check=True)
    return dict(taken.json)


def test_a_class_is_added_listed_and_sold_out(studio: Desk) -> None:
    added = add(studio)
    assert set(added) >= CLASS
    assert (added["code"][:5], added["free"], added["status"]) == ("LUNC-", 2, "open")
    first = take(studio, "Rosa Vega")
    second = take(studio, "Mia Kern", "--hold", "10")
    (listed,) = studio("class", "list", "--json", check=True).json
    assert (listed["sold"], listed["free"]) == (2, 0)
    seats = studio("class", "seats", added["code"].lower(), "--json", check=True).json
    assert {(s["booking"], s["customer"], s["status"]) for s in seats} == {
        (first["code"], "Rosa Vega", "confirmed"),
        (second["code"], "Mia Kern", "held"),
    }
    assert {seat["seat_no"] for seat in seats} == {1, 2}
    assert studio("slots", "yoga", "--days", "30", "--json", check=True).json == []


def test_slots_and_why_speak_of_seats(studio: Desk) -> None:
    add(studio)
    (slot,) = studio("slots", "yoga", "--days", "30", "--json", check=True).json
    assert (slot["staff"], slot["seats_free"], slot["price"]["amount_minor"]) == ("ana", 2, 1500)
    words = ("why", "yoga", "--staff", "ana", "--json", "--at")
    assert studio(*words, EVENING, check=True).json["free"] is True
    take(studio, "Rosa Vega", "--seats", "2")
    full = studio(*words, EVENING, check=True).json
    assert [reason["rule"] for reason in full["reasons"]] == ["class_full"]
    none = studio(*words, monday_at("11:00"), check=True).json
    assert [reason["rule"] for reason in none["reasons"]] == ["no_class"]


def test_who_comes_too_late_is_told_of_the_next_class(studio: Desk) -> None:
    add(studio)
    add(studio, monday_at("17:00", days_later=1))
    take(studio, "Rosa Vega", "--seats", "2")
    ran = studio("book", "yoga", "--at", EVENING, "--customer", "Mia Kern", "--json")
    assert (ran.code, ran.error["code"]) == (4, "class_full")
    assert [near["staff"] for near in ran.error["details"]["nearest"]] == ["ana"]
    again = studio("book", "yoga", "--at", EVENING, "--customer", "Rosa Vega", "--json")
    assert (again.code, again.error["code"]) == (4, "already_booked")


def test_a_course_is_added_whole_or_not_at_all(studio: Desk) -> None:
    course = add(studio, EVENING, "--every", "week", "--count", "4")
    assert (course["every"], len(course["classes"])) == ("week", 4)
    words = ("class", "add", "yoga", "--staff", "ana", "--every", "week", "--count", "3", "--json")
    ran = studio(*words, "--at", monday_at("16:30", days_later=14))
    assert (ran.code, ran.error["code"]) == (4, "class_conflicts")
    assert len(ran.error["details"]["conflicts"]) == 2
    assert len(studio("class", "list", "--json", check=True).json) == 4


def test_a_course_for_people_is_a_line_each(studio: Desk) -> None:
    words = ("--staff", "ana", "--at", EVENING, "--every", "week", "--count", "3")
    lines = studio("class", "add", "yoga", *words, check=True).stdout.splitlines()
    assert [line.split("\t")[1] for line in lines] == ["yoga"] * 3


@pytest.mark.parametrize("words", [("--every", "week"), ("--count", "3")])
def test_a_course_needs_to_know_how_often_and_how_long(studio: Desk, words: tuple[str]) -> None:
    ran = studio("class", "add", "yoga", "--staff", "ana", "--at", EVENING, *words)
    assert ran.code == 2


def test_seats_are_added_and_never_taken_from_anybody(studio: Desk) -> None:
    code = add(studio)["code"]
    take(studio, "Rosa Vega", "--seats", "2")
    more = studio("class", "set", code, "--capacity", "5", "--json", check=True).json
    assert (more["capacity"], more["free"]) == (5, 3)
    ran = studio("class", "set", code, "--capacity", "1", "--json")
    assert (ran.code, ran.error["code"]) == (4, "seats_sold")
    assert (ran.error["details"]["sold"], "2 seats" in ran.error["message"]) == (2, True)


def test_a_class_moves_with_its_guests_and_is_cancelled_with_a_list_of_them(studio: Desk) -> None:
    code, booked = add(studio)["code"], take(studio, "Rosa Vega")["code"]
    there = monday_at("15:00", days_later=1)
    studio("class", "move", code, "--at", there, "--dry-run", check=True)
    assert EVENING in studio("booking", "show", booked, "--json", check=True).json["start"]
    studio("class", "move", code, "--at", there, check=True)
    assert there in studio("booking", "show", booked, "--json", check=True).json["start"]
    held = take(studio, "Mia Kern", "--hold", "30", at=there)["code"]
    done = studio("class", "cancel", code, "--json", check=True).json
    assert (done["status"], done["free"]) == ("cancelled", 0)
    assert [one["code"] for one in done["displaced"]] == [booked]
    assert [(one["code"], one["status"]) for one in done["expired"]] == [(held, "expired")]
    assert studio("class", "cancel", code).code == 4


def test_an_idempotency_key_adds_a_course_once(studio: Desk) -> None:
    words = ("--every", "week", "--count", "2", "--idempotency-key", "course-1")
    assert add(studio, EVENING, *words) == add(studio, EVENING, *words)
    assert len(studio("class", "list", "--json", check=True).json) == 2


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("add", "yoga", "--staff", "ana", "--at", "2020-01-01T10:00"), 6, "past"),
        (("add", "yoga", "--staff", "nobody", "--at", EVENING), 3, "unknown_staff"),
        (("add", "nothing", "--staff", "ana", "--at", EVENING), 3, "unknown_service"),
        (("add", "cut", "--staff", "ana", "--at", EVENING), 4, "not_a_class"),
        (("add", "yoga", "--staff", "ana", "--at", monday_at("22:00")), 4, "not_offered"),
        (("add", "yoga", "--staff", "ana", "--at", EVENING, "--capacity", "0"), 6, "bad_capacity"),
        (("seats", "LUNC-NONE"), 3, "unknown_class"),
        (("set", "LUNC-NONE", "--capacity", "3"), 3, "unknown_class"),
        (("move", "LUNC-NONE", "--at", EVENING), 3, "unknown_class"),
        (("cancel", "LUNC-NONE"), 3, "unknown_class"),
    ],
)
def test_what_can_not_be_is_refused_by_name(
    studio: Desk, words: tuple[str, ...], code: int, error: str
) -> None:
    before = studio.rows()
    ran = studio("class", *words, "--json")
    assert (ran.code, ran.error["code"], ran.stdout) == (code, error, "")
    assert studio.rows() == before
