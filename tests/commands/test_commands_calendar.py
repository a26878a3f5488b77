"""``bookra calendar``: a feed out, busy times in, and each way in which a file can be wrong."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from front_desk import Desk
from icalendar import Calendar
from moments import coming_monday, monday_at

RESULT = {"source", "staff", "events", "added", "unchanged", "removed", "skipped", "conflicts"}

WriteFile = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> WriteFile:
    """Writes an iCalendar file of these events and returns its name."""

    def save(*events: str, name: str = "ana.ics") -> str:
        parts = "".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in events)
        content = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{parts}END:VCALENDAR\r\n"
        (tmp_path / name).write_bytes(content.encode())
        return str(tmp_path / name)

    return save


def event(uid: str, clock: str = "100000", *more: str) -> str:
    day = coming_monday().strftime("%Y%m%d")
    lines = [f"UID:{uid}", f"DTSTART;TZID=Europe/Berlin:{day}T{clock}", "DURATION:PT1H", *more]
    return "\r\n".join(lines)


def starts(desk: Desk) -> set[str]:
    words = ("slots", "cut", "--staff", "ana", "--from", str(coming_monday()), "--json")
    found = desk(*words, "--days", "1", check=True).json
    return {slot["start"][11:16] for slot in found}


def book(desk: Desk, clock: str) -> str:
    words = ("book", "cut", "--staff", "ana", "--customer", "Rosa Vega", "--at", monday_at(clock))
    return str(desk(*words, "--json", check=True).json["code"])


def test_busy_times_come_in_once_and_take_their_slots(desk: Desk, write: WriteFile) -> None:
    file = write(event("dentist"))
    words = ("calendar", "import", file, "--staff", "ana", "--json")
    assert "10:00" in starts(desk)
    first = desk(*words)
    assert (first.code, first.stderr) == (0, "")
    assert set(first.json) >= RESULT
    assert first.json == {
        "source": "ana.ics", "staff": "ana", "events": 1, "own": 0, "added": 1, "unchanged": 0,
        "kept": 0, "removed": 0, "skipped": [], "conflicts": [],
    }  # fmt: skip
    assert not {"09:30", "10:00", "10:45"} & starts(desk)
    rows = desk.rows()
    again = desk(*words)
    assert (again.code, again.json["added"], again.json["unchanged"]) == (0, 0, 1)
    assert desk.rows() == rows
    why = desk("why", "cut", "--staff", "ana", "--at", monday_at("10:00"), "--json", check=True)
    assert [reason["rule"] for reason in why.json["reasons"]] == ["external_busy"]


def test_a_booking_in_the_way_is_named_and_stays(desk: Desk, write: WriteFile) -> None:
    code = book(desk, "10:00")
    ran = desk("calendar", "import", write(event("dentist")), "--staff", "ana", "--json")
    assert (ran.code, ran.json["conflicts"]) == (0, [code])
    assert desk("booking", "show", code, "--json", check=True).json["status"] == "confirmed"
    told = desk("calendar", "import", write(event("dentist")), "--staff", "ana")
    assert code in told.stdout
    assert code in told.stderr


def test_what_is_left_out_is_named_and_exits_8_with_its_result(
    desk: Desk, write: WriteFile
) -> None:
    file = write(event("a"), "UID:b\r\nDTSTART:soon", event("c", "140000"))
    ran = desk("calendar", "import", file, "--staff", "ana", "--json")
    assert (ran.code, ran.error["code"]) == (8, "skipped")
    assert (ran.json["events"], ran.json["added"]) == (3, 2)
    assert ran.json["skipped"] == [
        {"component": "VEVENT 2", "uid": "b", "reason": "DTSTART 'soon' can't be read"}
    ]
    told = desk("calendar", "import", file, "--staff", "ana")
    assert told.code == 8
    assert "skipped VEVENT 2: DTSTART 'soon' can't be read" in told.stderr


def test_a_rule_without_an_end_is_followed_so_far(desk: Desk, write: WriteFile) -> None:
    file = write(event("a", "100000", "RRULE:FREQ=SECONDLY"), event("b", "150000"))
    ran = desk("calendar", "import", file, "--staff", "ana", "--json")
    assert ran.code == 8
    assert [part["uid"] for part in ran.json["skipped"]] == ["a"]
    assert "15:00" not in starts(desk)


def test_sources_have_the_names_they_are_given(desk: Desk, write: WriteFile) -> None:
    words = ("calendar", "import", write(event("a")), "--staff", "ana", "--json")
    assert desk(*words, "--source", "google", check=True).json["source"] == "google"
    assert desk(*words, "--source", "work", check=True).json["added"] == 1
    empty = ("calendar", "import", write(), "--staff", "ana", "--json")
    assert desk(*empty, "--source", "google", check=True).json["removed"] == 1
    assert "10:00" not in starts(desk)
    assert desk(*empty, "--source", " ").code == 6


def test_a_dry_run_and_a_repeated_key_change_nothing(desk: Desk, write: WriteFile) -> None:
    words = ("calendar", "import", write(event("a")), "--staff", "ana", "--json")
    assert desk(*words, "--dry-run", check=True).json["added"] == 1
    assert "10:00" in starts(desk)
    first = desk(*words, "--idempotency-key", "one", check=True).json
    assert desk(*words, "--idempotency-key", "one", check=True).json == first
    write(event("other"))
    assert desk(*words, "--idempotency-key", "one").code == 4


def test_a_file_that_is_absent_unreadable_or_something_else_is_refused(
    desk: Desk, write: WriteFile, tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_text("name,phone\n")
    (tmp_path / "large.ics").write_bytes(b"BEGIN:VCALENDAR\r\n" + b" " * 10_000_001)
    before = desk.rows()
    for file, code, word in (
        (tmp_path / "absent.ics", 3, "no_file"),
        (tmp_path, 6, "cannot_read"),
        (tmp_path / "list.csv", 6, "not_icalendar"),
        (tmp_path / "large.ics", 6, "too_large"),
    ):
        ran = desk("calendar", "import", str(file), "--staff", "ana", "--json")
        assert (ran.code, ran.stdout, ran.error["code"]) == (code, "", word)
    nobody = desk("calendar", "import", write(event("a")), "--staff", "nobody", "--json")
    assert (nobody.code, nobody.error["code"]) == (3, "unknown_staff")
    assert desk.rows() == before


def test_the_feed_goes_to_stdout_as_it_goes_into_a_file(desk: Desk, tmp_path: Path) -> None:
    code = book(desk, "10:00")
    shown = desk.process("calendar", "export", "--staff", "ana", check=True)
    (found,) = Calendar.from_ical(shown.stdout).events
    assert (found["X-BOOKRA-CODE"], found["SUMMARY"]) == (code, "Cut · Rosa Vega")
    assert shown.stderr == ""
    file = tmp_path / "out.ics"
    written = desk("calendar", "export", "--file", str(file), "--json", check=True).json
    assert written == {"file": str(file), "events": 1}
    content = file.read_bytes()
    assert content.startswith(b"BEGIN:VCALENDAR\r\n")
    assert content.endswith(b"END:VCALENDAR\r\n")
    assert os.listdir(tmp_path) == ["out.ics"]  # noqa: PTH208 - hidden ones too
    back = desk("calendar", "import", str(file), "--staff", "ana", "--json", check=True).json
    assert (back["own"], back["added"]) == (1, 0)


def test_a_feed_of_nobody_or_into_nowhere_is_refused(desk: Desk, tmp_path: Path) -> None:
    assert desk("calendar", "export", "--staff", "nobody").code == 3
    assert desk("calendar", "export", "--from", "someday").code == 6
    nowhere = str(tmp_path / "absent" / "out.ics")
    ran = desk("calendar", "export", "--file", nowhere, "--json")
    assert (ran.code, ran.error["code"]) == (6, "cannot_write")


def test_a_feed_of_no_bookings_is_still_a_calendar(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "out.ics"
    desk("calendar", "export", "--days", "7", "--file", str(file), check=True)
    assert Calendar.from_ical(file.read_bytes()).events == []


def test_the_front_desk_may_do_both(desk: Desk, write: WriteFile) -> None:
    code = book(desk, "10:00")
    administrator = {"BOOKRA_DATABASE_URL": desk.salon.database.admin_url}
    login = f"desk_{secrets.token_hex(4)}"
    words = ("operator", "add", login, "--role", "front-desk", "--json")
    url = desk(*words, check=True, **administrator).json["url"]
    importing = ("calendar", "import", write(event("a"), event("b", "140000")), "--staff", "ana")
    assert desk(*importing, "--json", BOOKRA_DATABASE_URL=url).json["conflicts"] == [code]
    write(event("a"))
    assert desk(*importing, "--json", BOOKRA_DATABASE_URL=url).json["removed"] == 1
    shown = desk.process("calendar", "export", check=True, BOOKRA_DATABASE_URL=url)
    assert code in shown.stdout
