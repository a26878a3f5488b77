"""The catalogue's and people's options, as a person types them and a script reads them."""

from __future__ import annotations

import sys

import pytest
from command_line import Ran
from front_desk import Desk
from moments import monday_at

BALAYAGE = (
    "service", "add", "balayage", "--name", "Balayage", "--price", "165",
    "--segments", "busy 45,gap 30,busy 75", "--granularity", "30", "--align", "shift",
    "--notice", "120", "--horizon", "60", "--daily-limit", "2",
    "--resource", "chair", "--resource", "lamp:gap",
    "--level", "senior:185.00", "--level", "junior:120.00:busy 60,gap 30,busy 90",
    "--offered", "tue-thu 09:00-14:00", "--offered", "sat 10:00-12:00",
)  # fmt: skip


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    """A desk whose salon has a place, a chair and a lamp."""
    desk(
        "location",
        "add",
        "mitte",
        "--name",
        "Luna Mitte",
        "--timezone",
        "Europe/Berlin",
        check=True,
    )
    desk("resource", "add", "chair-1", "--pool", "chair", "--location", "mitte", check=True)
    desk("resource", "add", "lamp-1", "--pool", "lamp", check=True)
    return desk


def refused(ran: Ran, exit_code: int, code: str) -> dict[str, object]:
    """Expect an error; return its document."""
    assert (ran.code, ran.error["code"]) == (exit_code, code), ran.stderr
    return ran.error


def test_a_service_is_shown_with_every_option_that_it_was_added_with(stocked: Desk) -> None:
    shown = stocked(*BALAYAGE, "--json", check=True).json
    assert stocked("service", "show", "balayage", "--json", check=True).json == shown
    rules = ("granularity_minutes", "alignment", "notice_minutes", "horizon_days", "daily_limit")
    assert [shown[name] for name in rules] == [30, "shift", 120, 60, 2]
    assert shown["capacity"] is None
    assert shown["resources"] == [
        {"pool": "chair", "span": "visit"},
        {"pool": "lamp", "span": "gap"},
    ]
    assert [(level["level"], level["price"]["amount_minor"]) for level in shown["levels"]] == [
        ("junior", 12000),
        ("senior", 18500),
    ]
    assert shown["levels"][1]["segments"] == shown["segments"]
    assert shown["offered"][0] == {"day": "tue", "shifts": "09:00-14:00"}
    assert [hours["day"] for hours in shown["offered"]] == ["tue", "wed", "thu", "sat"]


def test_a_person_reads_a_service_in_the_notation_that_they_type(stocked: Desk) -> None:
    shown = stocked(*BALAYAGE, check=True).stdout.splitlines()
    assert (
        "levels\tjunior:120.00:busy 60,gap 30,busy 90, senior:185.00:busy 45,gap 30,busy 75"
        in shown
    )
    assert "resources\tchair:visit, lamp:gap" in shown
    assert "offered\ttue-thu 09:00-14:00, sat 10:00-12:00" in shown


def test_the_same_service_again_is_unchanged_and_another_exits_4(stocked: Desk) -> None:
    first = stocked(*BALAYAGE, "--json", check=True).json
    before = stocked.rows()
    assert stocked(*BALAYAGE, "--json", check=True).json == first
    assert stocked.rows() == before
    refused(stocked(*BALAYAGE, "--capacity", "6", "--json"), 4, "exists")


def test_a_service_changes_where_it_is_told_to_and_nowhere_else(stocked: Desk) -> None:
    before = stocked(*BALAYAGE, "--json", check=True).json
    words = ("service", "set", "balayage", "--price", "170.00", "--no-notice", "--level", "top:200")
    after = stocked(*words, "--json", check=True).json
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"price", "notice_minutes", "levels"}
    assert after["price"]["amount_minor"] == 17000
    assert after["notice_minutes"] is None
    assert [level["level"] for level in after["levels"]] == ["top"]


def test_every_part_of_a_service_can_be_cleared(stocked: Desk) -> None:
    stocked(*BALAYAGE, check=True)
    flags = ("granularity", "notice", "horizon", "daily-limit", "resource", "level", "offered")
    words = [f"--no-{flag}" for flag in flags]
    shown = stocked("service", "set", "balayage", *words, "--json", check=True).json
    assert (shown["resources"], shown["levels"], shown["offered"]) == ([], [], [])
    assert shown["granularity_minutes"] is shown["daily_limit"] is None
    stocked("service", "set", "balayage", "--resource", "chair", check=True)
    shown = stocked("service", "set", "balayage", "--resource", "", "--json", check=True).json
    assert shown["resources"] == []


def test_a_service_that_is_not_sold_leaves_the_list(stocked: Desk) -> None:
    stocked("service", "set", "cut", "--inactive", check=True)
    listed = [row["slug"] for row in stocked("service", "list", "--json", check=True).json]
    assert "cut" not in listed
    everything = stocked("service", "list", "--all", "--json", check=True).json
    assert {row["slug"]: row["active"] for row in everything}["cut"] is False


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (("--resource", "sauna"), 3, "unknown_pool"),
        (("--resource", "chair:always"), 6, "bad_resource"),
        (("--level", "senior"), 6, "bad_level"),
        (("--level", "senior:1.999"), 6, "bad_amount"),
        (("--level", "senior:10:busy 5,nap 3"), 6, "bad_segments"),
        (("--offered", "mon 12:00"), 6, "bad_hours"),
        (("--offered", "mon 09:00-12:00", "--offered", "mon 13:00-14:00"), 6, "bad_hours"),
        (("--granularity", "7"), 6, "bad_rule"),
        (("--notice", "-5"), 6, "bad_rule"),
        (("--capacity", "0"), 6, "bad_rule"),
        (("--align", "moon"), 2, "usage"),
        (("--minutes", "0"), 6, "bad_minutes"),
        (("--segments", "gap 5"), 6, "bad_segments"),
        (("--notice", "5", "--no-notice"), 2, "usage"),
        (("--level", "a:1", "--no-level"), 2, "usage"),
        ((), 2, "nothing_given"),
    ],
    ids=str,
)
def test_what_a_service_can_not_be_set_to_exits_as_documented(
    stocked: Desk, words: tuple[str, ...], exit_code: int, code: str
) -> None:
    before = stocked("service", "show", "cut", "--json").json
    error = refused(stocked("service", "set", "cut", *words, "--json"), exit_code, code)
    if code == "unknown_pool":
        assert "bookra resource add" in str(error["hint"])
    assert stocked("service", "show", "cut", "--json").json == before


def test_a_terminal_sees_the_word_that_can_not_be_read(
    stocked: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("service", "set", "cut", "--segments", "busy 30,gap twenty,busy 15")
    error = refused(stocked(*words, "--json"), 6, "bad_segments")
    assert error["details"] == {"text": words[-1], "position": 12, "length": 6}
    assert "^" not in stocked(*words).stderr
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    lines = stocked(*words).stderr.splitlines()
    assert "\n".join(lines[1:3]) == f"  {words[-1]}\n{' ' * 14}^^^^^^"
    assert "gap twenty" in lines[0]
    level = stocked("service", "set", "cut", "--level", "junior:5:busy x").stderr.splitlines()
    assert level[1:3] == ["  busy x", "       ^"]


def test_a_staff_member_has_a_level_a_place_a_zone_and_a_limit(stocked: Desk) -> None:
    words = (
        "staff", "add", "cleo", "--name", "Cleo", "--level", "senior", "--location", "mitte",
        "--timezone", "Europe/Vienna", "--daily-limit", "6", "--calendar", "c@x.example",
    )  # fmt: skip
    added = stocked(*words, "--json", check=True).json
    expected = {
        "level": "senior",
        "location": "mitte",
        "timezone": "Europe/Vienna",
        "daily_limit": 6,
        "calendar": "c@x.example",
    }
    assert expected.items() <= added.items()
    assert stocked(*words, "--json", check=True).json == added
    refused(stocked(*words[:-2], "--json"), 4, "exists")
    shown = stocked("location", "show", "mitte", "--json", check=True).json
    assert shown["bookables"] == ["chair-1", "cleo"]


def test_a_staff_member_changes_and_loses_what_is_emptied(stocked: Desk) -> None:
    stocked(
        "staff", "add", "cleo", "--name", "Cleo", "--level", "senior", "--location", "mitte",
        "--services", "cut", "--daily-limit", "6", check=True,
    )  # fmt: skip
    words = ("--commission-percent", "45", "--location", "", "--services", "", "--no-daily-limit")
    changed = stocked("staff", "set", "cleo", *words, "--json", check=True).json
    kept = {"name": "Cleo", "level": "senior", "commission_percent": "45", "services": []}
    assert {**kept, "location": None, "daily_limit": None}.items() <= changed.items()
    assert stocked("staff", "show", "cleo", "--json", check=True).json == changed


def test_somebody_with_bookings_to_come_stays(desk: Desk) -> None:
    words = ("book", "cut", "--staff", "ana", "--customer", "Rosa Vega")
    booked = desk(*words, "--at", monday_at("10:00"), "--json", check=True).json
    error = refused(desk("staff", "set", "ana", "--inactive", "--json"), 4, "has_bookings")
    assert error["details"] == {
        "slug": "ana",
        "bookings": [{"code": booked["code"], "start": booked["start"]}],
    }
    desk("booking", "cancel", booked["code"], check=True)
    desk("staff", "set", "ana", "--inactive", check=True)
    assert [row["slug"] for row in desk("staff", "list", "--json").json] == ["ben"]
    everybody = desk("staff", "list", "--all", "--json").json
    assert [row["slug"] for row in everybody] == ["ana", "ben"]


def test_units_are_listed_by_pool_and_changed(stocked: Desk) -> None:
    shown = stocked("resource", "show", "chair-1", "--json", check=True).json
    assert shown == {
        "slug": "chair-1",
        "name": "chair-1",
        "pool": "chair",
        "location": "mitte",
        "active": True,
    }
    stocked("resource", "set", "chair-1", "--name", "By the window", "--location", "", check=True)
    stocked("resource", "set", "lamp-1", "--inactive", check=True)
    listed = stocked("resource", "list", "--json", check=True).json
    assert [(row["slug"], row["name"], row["location"]) for row in listed] == [
        ("chair-1", "By the window", None)
    ]
    assert len(stocked("resource", "list", "--all", "--json").json) == 2
    refused(stocked("resource", "show", "chair-9", "--json"), 3, "unknown_resource")
    refused(stocked("resource", "add", "ana", "--pool", "chair", "--json"), 4, "exists")


def test_a_location_is_changed_and_asked_for_by_its_slug(stocked: Desk) -> None:
    stocked("location", "set", "mitte", "--name", "Luna am Markt", check=True)
    listed = stocked("location", "list", "--json", check=True).json
    assert [(row["slug"], row["name"], row["timezone"]) for row in listed] == [
        ("mitte", "Luna am Markt", "Europe/Berlin")
    ]
    refused(stocked("location", "show", "west", "--json"), 3, "unknown_location")
    refused(stocked("location", "set", "mitte", "--timezone", "Moon", "--json"), 6, "unknown_zone")


def test_holidays_of_one_place_are_imported_listed_and_removed(stocked: Desk) -> None:
    words = ("holiday", "import", "--country", "DE", "--region", "BY", "--location", "mitte")
    document = stocked(*words, "--year", "2031", "--year", "2032", "--json", check=True).json
    days = [closed["day"] for closed in document["closed"]]
    assert {day[:4] for day in days} == {"2031", "2032"}
    listed = stocked("holiday", "list", "--from", "2031-01-06", "--json", check=True).json
    assert listed[0]["day"] == "2031-01-06"
    assert {row["location"] for row in listed} == {"mitte"}
    refused(stocked("holiday", "remove", "2031-01-06", "--json"), 3, "unknown_closure")
    stocked("holiday", "remove", "2031-01-06", "--location", "mitte", check=True)
    left = stocked("holiday", "list", "--from", "2031-01-06", "--location", "mitte", "--json").json
    assert [row["day"] for row in left] == days[days.index("2031-01-06") + 1 :]


def test_a_temporary_timetable_is_listed_with_its_days(desk: Desk) -> None:
    desk(
        "hours", "set", "ana", "mon 12:00-20:00", "--from", "2031-12-01", "--until", "2031-12-21",
        check=True,
    )  # fmt: skip

    def monday(day: str) -> str:
        return str(desk("hours", "show", "ana", "--from", day, "--json", check=True).json["mon"])

    assert monday("2031-12-21") == "12:00-20:00"
    assert monday("2031-11-30") == monday("2031-12-22") != "12:00-20:00"
    listed = desk("hours", "list", "ana", "--on", "2031-12-08", "--json", check=True).json
    rule = next(row for row in listed if row["day"] == "mon")
    assert (rule["shifts"], rule["from"], rule["until"]) == (
        "12:00-20:00",
        "2031-12-01",
        "2031-12-21",
    )
    mondays = [row for row in desk("hours", "list", "ana", "--json").json if row["day"] == "mon"]
    assert len(mondays) == 3


def test_a_day_of_its_own_is_listed_and_cleared(desk: Desk) -> None:
    desk("hours", "except", "ana", "2031-12-24", "09:00-12:00", check=True)
    listed = desk("hours", "list", "ana", "--on", "2031-12-24", "--json", check=True).json
    assert listed[-1]["day"] == "2031-12-24"
    assert listed[-1]["shifts"] == "09:00-12:00"
    desk("hours", "except", "ana", "2031-12-24", "--clear", check=True)
    again = desk("hours", "except", "ana", "2031-12-24", "--clear", "--json")
    refused(again, 3, "unknown_exception")
    for words in ((), ("closed", "--clear")):
        refused(desk("hours", "except", "ana", "2031-12-24", *words, "--json"), 2, "usage")


def test_hours_that_collide_name_both_shifts(desk: Desk) -> None:
    before = desk("hours", "show", "ana", "--json").json
    for words, named in (
        (("mon 09:00-13:00,12:00-18:00",), ("09:00-13:00", "12:00-18:00")),
        (("fri 22:00-03:00", "sat 02:00-10:00"), ("22:00-03:00", "02:00-10:00")),
    ):
        error = refused(desk("hours", "set", "ana", *words, "--json"), 6, "bad_hours")
        assert all(shift in str(error["message"]) for shift in named)
    assert desk("hours", "show", "ana", "--json").json == before


def test_the_rules_of_a_business_are_shown_and_changed(desk: Desk) -> None:
    shown = desk("tenant", "rules", "--json", check=True).json
    changed = desk(
        "tenant", "rules", "--notice", "90", "--waitlist-rule", "highest-value",
        "--waitlist-hold", "30", "--json", check=True,
    ).json  # fmt: skip
    assert changed == {
        **shown,
        "notice_minutes": 90,
        "waitlist_rule": "highest-value",
        "waitlist_hold_minutes": 30,
    }
    assert desk("tenant", "show", "--json").json["notice_minutes"] == 90
    desk("tenant", "rules", "--notice", "5", "--dry-run", check=True)
    assert desk("tenant", "rules", "--json", check=True).json == changed
    refused(desk("tenant", "rules", "--granularity", "7", "--json"), 6, "bad_rule")


WRITES: list[tuple[str, ...]] = [
    BALAYAGE,
    ("service", "set", "cut", "--price", "48", "--level", "senior:58.00", "--resource", "chair"),
    ("staff", "add", "cleo", "--name", "Cleo", "--level", "senior", "--location", "mitte"),
    ("staff", "set", "ana", "--level", "senior", "--services", "cut"),
    ("resource", "add", "chair-2", "--pool", "chair"),
    ("resource", "set", "chair-1", "--pool", "armchair"),
    ("location", "add", "west", "--name", "West", "--timezone", "Europe/Berlin"),
    ("location", "set", "mitte", "--name", "Mitte"),
    ("holiday", "import", "--country", "DE", "--location", "mitte", "--year", "2031"),
    ("hours", "set", "ana", "mon 12:00-20:00", "--from", "2031-12-01", "--until", "2031-12-21"),
    ("tenant", "rules", "--hold-minutes", "20"),
]


@pytest.mark.parametrize("words", WRITES, ids=" ".join)
def test_a_dry_run_writes_nothing_and_a_key_writes_once(
    stocked: Desk, words: tuple[str, ...]
) -> None:
    before = stocked.rows()
    dry = stocked(*words, "--json", "--dry-run", "--idempotency-key", "k-1", check=True).json
    assert stocked.rows() == before
    first = stocked(*words, "--json", "--idempotency-key", "k-1", check=True).json
    assert first == dry
    after = stocked.rows()
    assert after != before
    assert stocked(*words, "--json", "--idempotency-key", "k-1", check=True).json == first
    assert stocked.rows() == after
    other = stocked(*words[:2], "other", *words[3:], "--json", "--idempotency-key", "k-1")
    assert other.code != 0
