"""Series from the command line: booked together, refused together, cancelled together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from front_desk import Desk
from moments import coming_monday, monday_at

SERIES = ("booking", "series", "cut", "--at", monday_at("10:00"), "--customer", "Rosa Vega")
WEEKLY = (*SERIES, "--staff", "ana", "--every", "week", "--count", "3")
BOOKING_KEYS = {"code", "status", "start", "end", "staff", "service", "customer", "price", "due"}


def starts(document: dict[str, Any]) -> list[str]:
    return [booking["start"][:16] for booking in document["bookings"]]


def block_second_week(desk: Desk) -> None:
    at = monday_at("10:15", days_later=7)
    desk("book", "cut", "--staff", "ana", "--at", at, "--customer", "Rosa Vega", check=True)


def test_a_series_is_one_document_of_bookings(desk: Desk) -> None:
    made = desk(*WEEKLY, "--json", check=True).json
    assert set(made) == {"series", "rule", "bookings", "skipped"}
    assert (made["rule"], made["skipped"]) == ("every week, 3 times", [])
    assert starts(made) == [monday_at("10:00", days_later=7 * n) for n in range(3)]
    assert all(set(booking) >= BOOKING_KEYS for booking in made["bookings"])
    assert {booking["status"] for booking in made["bookings"]} == {"confirmed"}
    code = made["bookings"][1]["code"]
    shown = desk("booking", "show", code, "--json", check=True).json
    assert shown["start"] == made["bookings"][1]["start"]


def test_conflicts_are_named_in_the_error_and_nothing_is_booked(desk: Desk) -> None:
    block_second_week(desk)
    before = desk.rows()
    refused = desk(*WEEKLY, "--json")
    assert (refused.code, refused.error["code"]) == (4, "series_conflicts")
    (conflict,) = refused.error["details"]["conflicts"]
    assert set(conflict) == {"start", "code", "message"}
    assert (conflict["start"][:16], conflict["code"]) == (monday_at("10:00", days_later=7), "busy")
    assert "--skip-conflicts" in refused.error["hint"]
    assert desk.rows() == before


def test_skipped_dates_are_in_the_document_and_told_to_a_person(desk: Desk) -> None:
    block_second_week(desk)
    dry = desk(*WEEKLY, "--skip-conflicts", "--dry-run", check=True)
    assert len(dry.stdout.splitlines()) == 2
    assert "Not booked: " in dry.stderr
    assert "A dry run" in dry.stderr
    made = desk(*WEEKLY, "--skip-conflicts", "--json", check=True).json
    assert [skipped["code"] for skipped in made["skipped"]] == ["busy"]
    assert starts(made) == [monday_at("10:00"), monday_at("10:00", days_later=14)]


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (("--every", "week"), 6, "no_end"),
        (("--every", "fortnight", "--count", "3"), 6, "bad_every"),
        (("--every", "week", "--count", "0"), 6, "bad_count"),
        (("--every", "week", "--count", "105"), 6, "series_too_long"),
        (("--every", "day", "--until", "2020-01-01"), 6, "no_visit"),
        (("--every", "day", "--until", "someday"), 6, "bad_date"),
        (("--every", "week", "--count", "3", "--staff", "zoe"), 3, "unknown_staff"),
        (("--count", "3"), 2, "usage"),
    ],
)
def test_what_is_no_series_is_refused(
    front: Desk, words: tuple[str, ...], exit_code: int, code: str
) -> None:
    refused = front(*SERIES, *words, "--json")
    assert (refused.code, refused.error["code"]) == (exit_code, code)


def test_an_end_date_may_be_the_last_visit(desk: Desk) -> None:
    until = str(coming_monday() + timedelta(days=14))
    made = desk(*SERIES, "--every", "week", "--until", until, "--json", check=True).json
    assert len(made["bookings"]) == 3
    assert made["rule"] == f"every week, until {until}"


def test_a_series_with_a_key_is_booked_once(desk: Desk) -> None:
    first = desk(*WEEKLY, "--idempotency-key", "k-1", "--json", check=True).json
    after = desk.rows()
    assert desk(*WEEKLY, "--idempotency-key", "k-1", "--json", check=True).json == first
    assert desk.rows() == after
    reused = desk(*WEEKLY[:-1], "4", "--idempotency-key", "k-1", "--json")
    assert (reused.code, reused.error["code"]) == (4, "key_reused")


def test_cancelling_with_the_series_takes_the_later_visits_along(desk: Desk) -> None:
    made = desk(*WEEKLY, "--json", check=True).json
    second = made["bookings"][1]["code"]
    desk("booking", "cancel", second, "--series", "--dry-run", check=True)
    cancelled = desk("booking", "cancel", second, "--series", "--json", check=True).json
    assert [each["code"] for each in cancelled["bookings"]] == [
        booking["code"] for booking in made["bookings"][1:]
    ]
    assert {each["status"] for each in cancelled["bookings"]} == {"cancelled"}
    kept = desk("booking", "show", made["bookings"][0]["code"], "--json", check=True).json
    assert kept["status"] == "confirmed"
    again = desk("booking", "cancel", second, "--series", "--json")
    assert (again.code, again.error["code"]) == (4, "illegal_state")


def test_a_booking_alone_has_no_series_to_cancel(desk: Desk) -> None:
    at = monday_at("12:00")
    words = ("book", "cut", "--at", at, "--customer", "Rosa Vega", "--json")
    code = desk(*words, check=True).json["code"]
    refused = desk("booking", "cancel", code, "--series", "--json")
    assert (refused.code, refused.error["code"]) == (4, "not_in_series")


def test_csv_has_a_row_a_visit(desk: Desk) -> None:
    lines = desk(*WEEKLY, "--output", "csv", check=True).stdout.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("code,status,start")


def test_help_shows_examples(front: Desk) -> None:
    shown = front("booking", "series", "--help", check=True).stdout
    assert "Examples:" in shown
    assert "--skip-conflicts" in shown
