"""Blocked times at the front desk: removed at the cursor, and blocked again by undo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine
from driving import Hand
from factories import Salon
from over_the_engine import at_the_desk

from bookra.engine.availability.absences import find_bookable
from bookra.engine.availability.away import BLOCK, new_absence
from bookra.engine.bookings.displacement.displacing import add_absence
from bookra.engine.people.resources import add_resource
from bookra.engine.runtime import Tx
from bookra.tui.screens.time_on import TimeOnDialog

TODAY = "2026-11-23"


@pytest.fixture
def bookra(environment: dict[str, str], tmp_path: Path) -> CommandLine:
    """The command line on the test's database."""
    return CommandLine.in_folder(tmp_path, **environment, BOOKRA_TENANT="luna")


def blocked(salon: Salon, slug: str, first: str, last: str, reason: str) -> None:
    """Block somebody's, or something's, time today."""

    def action(tx: Tx) -> None:
        who = find_bookable(tx, slug)
        span = (f"{TODAY}T{first}", f"{TODAY}T{last}")
        add_absence(tx, who, new_absence(who, BLOCK, *span, tx.now, reason=reason))

    salon.act(action)


def listed(bookra: CommandLine) -> list[dict[str, Any]]:
    """Return what is blocked today and later as another process sees it."""
    return list(bookra("block", "list", "--from", TODAY, "--json", check=True).json)


def test_a_block_is_removed_at_the_cursor_and_stands_again_by_undo(
    salon: Salon, bookra: CommandLine
) -> None:
    blocked(salon, "ana", "10:00", "12:00", "Delivery")
    blocked(salon, "ana", "14:00", "15:00", "Supplier")
    salon.act(lambda tx: add_resource(tx, "chair-1", "chair", name="By the window"))
    blocked(salon, "chair-1", "16:00", "17:00", "Repair")
    salon.service("spa", "busy 30", "40.00", after=15)
    kim = salon.customer("Kim Roth")
    salon.book(f"{TODAY} 10:00", staff="ben", service="spa", customer=kim)

    async def play(hand: Hand) -> None:
        day = hand.app.day_screen
        day.grid.point_to("ana", salon.local(f"{TODAY} 11:00"))
        await hand.press("O")
        assert isinstance(hand.app.screen, TimeOnDialog)
        text = hand.text()
        assert "Blocked" in text
        assert "Delivery" in text
        assert "10:00\u201312:00" in text
        assert "14:00\u201315:00" not in text
        await hand.press("enter")
        assert "Ana is not blocked Mon 23 Nov 10:00\u201312:00" in hand.text()
        assert [one["reason"] for one in listed(bookra)] == ["Supplier", "Repair"]
        await hand.press("exclamation_mark")
        assert "bookra block remove" in hand.text()
        await hand.press("escape", "u")
        again = listed(bookra)[0]
        assert (again["reason"], again["start"][11:16], again["end"][11:16]) == (
            "Delivery", "10:00", "12:00",
        )  # fmt: skip
        await hand.press("O", "enter")
        salon.book(f"{TODAY} 10:30")
        await hand.press("u")
        assert "Ana is booked then" in hand.text()
        assert "Move what is booked then first" in hand.text()
        assert "--displace" not in hand.text()
        day.grid.point_to("ana", salon.local(f"{TODAY} 13:00"))
        await hand.press("O")
        assert "Ana has no time off and no block at 13:00" in hand.text()
        await hand.press("enter", "escape")
        day.grid.point_to("ben", salon.local(f"{TODAY} 10:30"))
        await hand.press("o")
        assert "Kim Roth needs another time" in hand.text(), "the buffer after is taken, too"
        await hand.press("up", "down", "down")
        assert "Kim Roth needs another time" in hand.text()
        await hand.press("escape", "v", "v", "v")
        day.grid.point_now(salon.local(f"{TODAY} 16:30"))
        await hand.press("O", "enter")
        assert "By the window is not blocked Mon 23 Nov 16:00\u201317:00" in hand.text()

    at_the_desk(salon, play)
