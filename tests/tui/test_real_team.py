"""The team and the plain desk over the real engine; a second process reads what became of it."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine
from driving import Hand
from factories import Salon
from over_the_engine import as_front_desk, at_the_desk

from bookra.engine.availability.absences import find_bookable
from bookra.engine.availability.away import TIME_OFF, new_absence
from bookra.engine.bookings.displacement.displacing import add_absence
from bookra.engine.runtime import Tx
from bookra.tui.engine_desk import EngineDesk
from bookra.tui.plain.desk import run

TODAY, FRIDAY = "2026-11-23", "2026-11-27"
SINCE = ("--from", "2026-11-23")
"""A command goes by the real clock, the salon by its own."""


@pytest.fixture
def bookra(environment: dict[str, str], tmp_path: Path) -> CommandLine:
    """The command line on the test's database."""
    return CommandLine.in_folder(tmp_path, **environment, BOOKRA_TENANT="luna")


def hours(bookra: CommandLine, day: str) -> dict[str, Any]:
    """Return Ana's week as another process sees it."""
    document = bookra("hours", "show", "ana", "--from", day, "--json", check=True).json
    assert isinstance(document, dict)
    return document


def test_hours_are_set_and_taken_back_with_what_was_planned_for_later(
    salon: Salon, bookra: CommandLine
) -> None:
    bookra("hours", "set", "ana", "mon closed", "--from", "2026-12-07", check=True)
    before = bookra("hours", "list", "ana", "--json", check=True).json

    async def play(hand: Hand) -> None:
        await hand.press("5")
        await hand.press("h", *"mon-fri 10:00-16:00", "enter")
        assert "Ana has new hours" in hand.text()
        assert hours(bookra, TODAY)["mon"] == "10:00-16:00"
        assert hours(bookra, TODAY)["sat"] == "09:00-18:00"
        assert hours(bookra, "2026-12-07")["mon"] == "10:00-16:00"
        await hand.press("u")
        assert "The former hours hold again" in hand.text()

    at_the_desk(salon, play)
    after = bookra("hours", "list", "ana", "--json", check=True).json
    assert hours(bookra, TODAY)["mon"] == "09:00-18:00"
    assert hours(bookra, "2026-12-07")["mon"] == "closed"
    assert [row["shifts"] for row in after] == [row["shifts"] for row in before]


def test_one_day_gets_its_own_hours_and_loses_them(salon: Salon, bookra: CommandLine) -> None:
    def own() -> list[Any]:
        listed = bookra("hours", "list", "ana", "--on", FRIDAY, "--json", check=True).json
        return [row["shifts"] for row in listed if row["day"] == FRIDAY]

    async def play(hand: Hand) -> None:
        await hand.press("5")
        await hand.press("x", *"fri", "tab", *"closed", "enter")
        assert "Ana on Fri 27 Nov: closed" in hand.text()
        assert own() == ["closed"]
        await hand.press("x", *"fri", "enter")
        assert own() == []
        await hand.press("u")
        assert own() == ["closed"]
        await hand.press("u")

    at_the_desk(salon, play)
    assert own() == []


def test_time_off_displaces_who_is_booked(salon: Salon, bookra: CommandLine) -> None:
    code = salon.book(f"{FRIDAY}T10:00").code

    async def play(hand: Hand) -> None:
        await hand.press("5")
        await hand.press("o", *"fri")
        assert "1 visit needs another time" in hand.text()
        assert "Rosa Vega" in hand.text()
        await hand.press("tab", "tab", *"Flu", "enter")
        assert "Ana is off Fri 27 Nov" in hand.text()
        assert "1 visit waits for another time" in hand.text()

    at_the_desk(salon, play)
    (listed,) = bookra("time-off", "list", "ana", *SINCE, "--json", check=True).json
    assert (listed["start"][:10], listed["end"][:10], listed["reason"]) == (
        FRIDAY, "2026-11-28", "Flu",
    )  # fmt: skip
    assert bookra("booking", "show", code, "--json", check=True).json["status"] == "displaced"


def ana_has_the_flu(tx: Tx) -> None:
    """Displace whom Ana would have served on Friday."""
    ana = find_bookable(tx, "ana", staff_only=True)
    add_absence(
        tx, ana, new_absence(ana, TIME_OFF, FRIDAY, FRIDAY, tx.now, reason="Flu"), displace=True
    )


def test_time_off_is_removed_out_of_the_list_or_at_the_cursor_and_stands_again_by_undo(
    salon: Salon, bookra: CommandLine
) -> None:
    code = salon.book(f"{FRIDAY}T10:00").code
    salon.act(ana_has_the_flu)
    before = bookra("time-off", "list", *SINCE, "--json", check=True).json

    def listed() -> list[Any]:
        return bookra("time-off", "list", *SINCE, "--json", check=True).json

    async def play(hand: Hand) -> None:
        await hand.press("5", "O")
        assert "Fri 27 Nov" in hand.text()
        assert "Rosa Vega waits for another time because of it" in hand.text()
        await hand.press("escape")
        assert len(listed()) == 1
        await hand.press("O", "enter")
        assert "Ana is not off Fri 27 Nov" in hand.text()
        assert listed() == []
        await hand.press("exclamation_mark")
        assert "bookra time-off remove" in hand.text()
        await hand.press("escape", "u")
        (again,) = listed()
        assert {**again, "id": ""} == {**before[0], "id": ""}
        await hand.press("1")
        hand.app.day_screen.show_place("ana", datetime.fromisoformat(f"{FRIDAY}T15:00+00:00"))
        await hand.rest()
        await hand.press("O", "enter")
        assert "Ana is not off Fri 27 Nov" in hand.text()
        assert listed() == []

    at_the_desk(salon, play)
    assert bookra("booking", "show", code, "--json", check=True).json["status"] == "displaced"


def test_use_and_hours_are_those_of_the_reports(salon: Salon) -> None:
    salon.book(f"{TODAY}T10:00")
    salon.book(f"{TODAY}T12:00", service="color")

    async def play(hand: Hand) -> None:
        await hand.press("5")
        ana = next(row for row in hand.lines() if row.strip().startswith("Ana"))
        assert [part in ana for part in ("09:00–18:00", "1h30", "7h30", "17%")] == [True] * 4

    at_the_desk(salon, play, size=(160, 40))


def test_the_front_desk_is_not_told_what_anybody_earns(salon: Salon, tmp_path: Path) -> None:
    with as_front_desk(salon, tmp_path / "home") as seen:
        desk = EngineDesk(seen.engine, seen.slug)
        assert desk.pay("ana", salon.now.date()) is None

        async def play(hand: Hand) -> None:
            await hand.press("5")
            assert "Ana" in hand.text()
            assert "€" not in hand.text()

        at_the_desk(seen, play)


def test_the_plain_desk_books_takes_cash_and_cancels(salon: Salon, bookra: CommandLine) -> None:
    salon.customer("Rosa Vega")
    desk: Any = EngineDesk(salon.engine, salon.slug)

    def told(*answers: str, hour: str = "09:00") -> str:
        sink, source = io.StringIO(), io.StringIO("".join(f"{one}\n" for one in answers))
        now = salon.at(salon.local(f"{TODAY}T{hour}"))
        run(EngineDesk(now.engine, now.slug), source, sink, now=lambda: now.now)  # type: ignore[arg-type]
        return sink.getvalue()

    assert desk.brand().slug == "luna"
    text = told("book", "1", "2", "14:00", "rosa", "1", "yes", "quit")
    assert "Booked: " in text
    (visit,) = bookra("day", TODAY, "--json", check=True).json["visits"]
    assert (visit["customer"], visit["start"][11:16]) == ("Rosa Vega", "14:00")
    text = told("1", "2", "2.50", "yes", "quit", hour="15:30")
    assert "Paid: €" in text
    shown = bookra("booking", "show", visit["code"], "--json", check=True).json
    assert shown["due"]["amount_minor"] == 0
    told("book", "2", "1", "16:00", "rosa", "1", "yes", "2", "4", "1", "yes", "quit")
    codes = bookra("day", TODAY, "--json", check=True).json["visits"]
    assert [one["code"] for one in codes] == [visit["code"]]


def test_the_day_sheet_is_saved_by_two_keys(
    salon: Salon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    salon.book(f"{TODAY}T10:00")
    monkeypatch.chdir(tmp_path)

    async def play(hand: Hand) -> None:
        await hand.press("p", "enter")
        assert f"Saved as day-{TODAY}-0900.pdf" in hand.text()
        await hand.press("p")
        await hand.press(*("backspace",) * 4, *".txt", "enter")
        await hand.press("p")
        await hand.press("enter")
        assert f"There is a file day-{TODAY}-0900.pdf already" in hand.text()

    at_the_desk(salon, play)
    pdf, text = tmp_path / f"day-{TODAY}-0900.pdf", tmp_path / f"day-{TODAY}-0900.txt"
    assert pdf.read_bytes()[:4] == b"%PDF"
    assert "Rosa Vega" in text.read_text("utf-8")
    assert {file.stat().st_mode & 0o777 for file in (pdf, text)} == {0o600}


def test_plain_mode_reads_a_pipe(salon: Salon, bookra: CommandLine) -> None:
    salon.book(f"{TODAY}T10:00")
    done = bookra("tui", "--plain")
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.endswith("The input ended. Goodbye.\n")
