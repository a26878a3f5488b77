"""The plain desk: every verb by answers that are typed, over a pipe, without a line drawn."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from desk_double import NOW, TODAY, DeskDouble, gbp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookra.engine.bookings.day import DayBlock
from bookra.errors import ConflictError, UnavailableError
from bookra.tui.desk import NewCustomer
from bookra.tui.desk.checkout import Performer
from bookra.tui.plain.desk import run
from bookra.tui.plain.verbs import in_order


def told(desk: DeskDouble, *answers: str, **options: bool) -> str:
    """Type answers, a line each, and return all that is written."""
    sink = io.StringIO()
    run(desk, io.StringIO("".join(f"{one}\n" for one in answers)), sink, now=lambda: NOW, **options)
    return sink.getvalue()


def number(desk: DeskDouble, status: str) -> tuple[str, DayBlock]:
    """Return the number of the first visit in a state, and the visit."""
    blocks = in_order(desk.day(TODAY))
    place = next(n for n, one in enumerate(blocks) if one.status == status and one.due.minor)
    return str(place + 1), blocks[place]


def test_the_day_is_told_in_order_and_the_desk_is_left() -> None:
    desk = DeskDouble()
    text = told(desk, "quit")
    times = [row.split(" ")[1] for row in text.splitlines() if row[:1].isdigit()]
    assert len(times) == len(desk.blocks)
    assert times == sorted(times)
    assert "Sunday 22 November 2026, today. 60 visits" in text
    assert text.endswith("Goodbye.\n")


def test_nothing_is_drawn_coloured_or_moved() -> None:
    text = told(DeskDouble(), "1", "back", "help", "find", "an", "next", "quit")
    assert "\x1b" not in text
    assert not any("─" <= character <= "▟" or character in "●◆◇·–" for character in text)


def test_the_end_of_the_input_is_no_failure() -> None:
    for answers in ((), ("book",), ("book", "1"), ("1",), ("find",)):
        assert told(DeskDouble(), *answers).endswith("The input ended. Goodbye.\n")


def test_a_client_is_checked_in_and_it_is_taken_back() -> None:
    desk = DeskDouble()
    place, block = number(desk, "confirmed")
    text = told(desk, place, "1", "command", "undo", "quit")
    assert f"{block.customer} is checked in." in text
    assert f"bookra booking check-in {block.code}" in text
    assert "Not here yet after all." in text
    assert desk.blocks[block.code].status == "confirmed"


def test_cash_is_taken_with_a_tip() -> None:
    desk = DeskDouble()
    place, block = number(desk, "confirmed")
    text = told(desk, place, "2", "five", "5.00", "yes", "quit")
    assert "five" in text
    assert "in cash." in text
    assert desk.blocks[block.code].due.minor == 0


def test_who_served_gets_of_the_tip_what_the_client_says() -> None:
    desk = DeskDouble()
    desk.performers = (Performer("mia", "Mia", 3000), Performer("noor", "Noor", 1000))
    place, block = number(desk, "confirmed")
    text = told(desk, place, "2", "5.00", "9", "1.50 3.50", "yes", "quit")
    assert "Who gets of it? Nothing for: Mia £3.75, Noor £1.25." in text
    assert "The parts come to 9.00 GBP, the tip is 5.00 GBP." in text
    tips = {"mia": gbp(150), "noor": gbp(350)}
    assert ("take", block.code, "cash", None, gbp(500), tips) in desk.calls


def test_a_note_is_written_and_removed() -> None:
    desk = DeskDouble()
    place, block = number(desk, "confirmed")
    text = told(desk, place, "5", "Allergic to oil", place, "5", "", place, "5", "none", "quit")
    assert "Noted." in text
    assert "Nothing was changed." in text
    assert "The note is removed." in text
    assert [call for call in desk.calls if call[0] == "note"] == [
        ("note", block.code, "Allergic to oil"),
        ("note", block.code, ""),
    ]


def test_a_visit_is_cancelled_for_a_reason() -> None:
    desk = DeskDouble()
    place, block = number(desk, "confirmed")
    assert "is kept." in told(desk, place, "4", "2", "yes", "quit")
    assert ("cancel", block.code, "client-ill") in desk.calls


def test_no_leaves_a_visit_alone() -> None:
    desk = DeskDouble()
    place, block = number(desk, "confirmed")
    assert "Nothing was changed." in told(desk, place, "4", "1", "no", "quit")
    assert block.code in desk.blocks


def test_a_visit_is_moved_after_what_is_in_the_way_was_said() -> None:
    desk = DeskDouble()
    place, block = number(desk, "confirmed")
    taken = next(one for one in desk.blocks.values() if one.staff == "noor")
    hour = f"{taken.starts_at:%H:%M}"
    text = told(desk, place, "3", "2", "", hour, "2", "tomorrow", "9:00", "yes", "quit")
    assert "It can't go there." in text
    assert "Moved." in text
    moved = desk.blocks[block.code]
    assert (moved.staff, moved.starts_at.date()) == ("noor", TODAY + timedelta(days=1))


def test_somebody_new_is_booked_and_wrong_answers_are_asked_again() -> None:
    desk = DeskDouble()
    desk.blocks = {}
    text = told(
        desk, "book", "99", "1", "0", "1", "25:00", "?", "14:00", "zz", "1",
        "Ada Byron", "12", "+44 7700 900199", "maybe", "yes", "quit",
    )  # fmt: skip
    assert "'99' is not one of the numbers. Type 1 to 8, or back." in text
    assert "'25:00' is not a time. Such as 9:30." in text
    assert "A time on Sunday 22 November 2026, such as 14:30." in text
    assert "'12' is not a phone number in GB." in text
    assert "'maybe' is neither yes nor no." in text
    (booked,) = [call for call in desk.calls if call[0] == "book"]
    assert booked[1:3] == ("cut-&-finish", "mia")
    assert booked[4] == NewCustomer("Ada Byron", "+44 7700 900199", "")


def test_a_time_that_is_taken_is_asked_for_again() -> None:
    desk = DeskDouble()
    desk.blocks = {}
    answers = ("1", "1", "14:00", "ana", "1", "yes")
    told(desk, "book", *answers, "quit")
    text = told(desk, "book", *answers[:-1], "16:00", "yes", "quit")
    assert "Not done. That time is taken." in text
    assert "Free then: 14:45, " in text
    assert len(desk.blocks) == 2


def test_days_are_walked_and_named() -> None:
    text = told(DeskDouble(), "next", "previous", "day 2026-12-24", "day soon", "today", "quit")
    days = [row for row in text.splitlines() if row.endswith("visits.") or "No visits" in row]
    assert "Monday 23 November 2026. No visits." in days
    assert "Thursday 24 December 2026. No visits." in days
    assert "'soon' is not a date." in text
    assert text.count("Sunday 22 November 2026, today.") == 3


def test_a_class_tells_who_sits_in_it() -> None:
    desk = DeskDouble()
    code = next(iter(desk.blocks))
    desk.blocks = {code: replace(desk.blocks[code], status="class")}
    text = told(desk, "1", "quit")
    assert "3 of 8 seats are taken. A seat costs £18.00." in text
    assert "Bea Lindqvist, LUN-C00, confirmed, £18.00 to pay." in text


def test_a_read_only_desk_writes_nothing() -> None:
    desk = DeskDouble()
    text = told(desk, "1", "book", "undo", "quit", read_only=True)
    assert "read-only" in text
    assert "What is to be done?" not in text
    assert desk.writes() == []


@pytest.mark.parametrize(
    "failure", [UnavailableError("down", "The database is away"), ConflictError("late", "Too late")]
)
def test_a_failure_is_told_and_ends_nothing(failure: Exception) -> None:
    desk = DeskDouble()
    place, _ = number(desk, "confirmed")
    desk.refusing_writes = failure  # type: ignore[assignment]
    text = told(desk, place, "1", "next", "quit")
    assert f"Not done. {failure.args[0] if failure.args else ''}" in text
    assert "Monday 23 November 2026" in text


def test_names_that_steer_terminals_are_told_without_it() -> None:
    desk = DeskDouble()
    code = next(iter(desk.blocks))
    desk.blocks[code] = replace(desk.blocks[code], customer="Eve\x1b[2J\n1. \u202eevil 👩\u200d🎤")
    text = told(desk, "quit")
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "Eve[2J 1. evil" in text


WORDS = ("1", "2", "3", "yes", "no", "back", "book", "find", "undo", "next", "list", "?", "day x",
         "14:00", "an", "", "5.00", "command", "help", "60")  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=40))
def test_no_answers_whatever_break_it(answers: list[str]) -> None:
    typed = [one.replace("\n", " ").replace("\r", " ") for one in answers]
    assert told(DeskDouble(), *typed).endswith("Goodbye.\n")
