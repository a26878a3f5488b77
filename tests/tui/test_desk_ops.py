"""The screen of operations by keys alone: what is held back, what is stuck, and mending it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from desk_double import LUNA, NOW, DeskDouble
from double_ops import DEAD, TRIED, UNKNOWN
from driving import Hand, drive

from bookra.errors import NotAllowedError
from bookra.tui.screens import ops_text
from bookra.tui.screens.ops import OpsScreen
from bookra.tui.screens.ops_dialogs import DiscardDialog, LetterDialog


async def shows(hand: Hand) -> OpsScreen:
    await hand.press("6")
    screen = hand.app.screen
    assert isinstance(screen, OpsScreen)
    return screen


def test_queues_tell_who_carries_them_and_what_holds_them_back() -> None:
    async def play(hand: Hand) -> None:
        await shows(hand)
        text = hand.text()
        assert "1 relay alive · desk-1:4711 leads" in text
        assert "412 delivered" in text
        assert "open until 11:24" in text
        assert "parked" in text
        assert "e Stuck 2" in text

    drive(play)


def test_no_relay_is_said_with_the_command_that_starts_one() -> None:
    desk = DeskDouble()
    desk.relays_alive = False

    async def play(hand: Hand) -> None:
        await shows(hand)
        assert "No relay is alive · start one: bookra relay run" in hand.text()

    drive(play, desk=desk, size=(80, 24))


def test_a_parked_destination_says_why_and_is_resumed_with_a_key() -> None:
    async def play(hand: Hand) -> None:
        await shows(hand)
        await hand.press("down", "down")
        text = hand.text()
        assert "its access was refused" in text
        assert "bookra tenant provider set whatsapp" in text
        await hand.press("o")
        assert "WhatsApp is delivered to again" in hand.text()
        assert "parked" not in hand.text()

    assert drive(play).writes() == [("resume", "whatsapp")]


def test_a_destination_that_is_not_held_back_is_not_resumed() -> None:
    async def play(hand: Hand) -> None:
        await shows(hand)
        await hand.press("o")
        assert "Nothing is held back from Stripe" in hand.text()

    assert drive(play).writes() == []


def test_a_dead_row_is_retried_in_two_keys() -> None:
    async def play(hand: Hand) -> None:
        await shows(hand)
        hand.presses = 0
        await hand.press("e", "r")
        assert hand.presses == 2
        assert "payment.request is tried again now" in hand.text()
        await hand.press("exclamation_mark")
        assert f"bookra outbox retry {DEAD}" in hand.text()

    assert drive(play).writes() == [("retry_letter", DEAD)]


def test_a_row_is_discarded_after_a_question_alone() -> None:
    async def play(hand: Hand) -> None:
        await shows(hand)
        await hand.press("e", "down", "d")
        assert isinstance(hand.app.screen, DiscardDialog)
        assert "It may have arrived there already" in hand.text()
        await hand.press("escape", "d", "enter")
        assert "message.send is discarded" in hand.text()

    assert drive(play).writes() == [("discard_letter", UNKNOWN)]


def test_a_row_that_is_tried_by_itself_is_not_discarded() -> None:
    async def play(hand: Hand) -> None:
        await shows(hand)
        await hand.press("e", "end", "d")
        assert isinstance(hand.app.screen, OpsScreen)
        assert "tried again by itself" in hand.text()
        await hand.press("r")

    assert drive(play).writes() == [("retry_letter", TRIED)]


def test_a_row_opened_is_told_whole_and_retried_from_there() -> None:
    async def play(hand: Hand) -> None:
        await shows(hand)
        await hand.press("enter", "enter")
        assert isinstance(hand.app.screen, LetterDialog)
        text = hand.text()
        assert "resource_missing" in text
        assert DEAD in text
        await hand.press("r")
        assert isinstance(hand.app.screen, OpsScreen)

    assert drive(play).writes() == [("retry_letter", DEAD)]


def test_an_event_that_failed_is_handled_anew() -> None:
    async def play(hand: Hand) -> None:
        await shows(hand)
        assert "v Events 1" in hand.text()
        await hand.press("v", "enter")
        assert "unknown_charge" in hand.text()
        await hand.press("escape", "r")
        assert "Every event that came is handled" in hand.text()

    assert drive(play).writes() == [("retry_event", "evt_1Q8")]


def test_jobs_tell_when_they_ran_and_open_with_their_command() -> None:
    async def play(hand: Hand) -> None:
        await shows(hand)
        await hand.press("b")
        text = hand.text()
        assert "Relay desk-1:4711" in text
        assert "in 16 h" in text
        await hand.press("down", "down", "enter")
        assert "bookra schedule run nightly-reconcile" in hand.text()

    drive(play)


def test_the_front_desk_looks_and_mends_nothing() -> None:
    desk = DeskDouble(replace(LUNA, role="front-desk"))

    async def play(hand: Hand) -> None:
        await shows(hand)
        for keys in (("o",), ("e", "r"), ("e", "d"), ("v", "r"), ("e", "enter", "r")):
            await hand.press("s", "down", "down", *keys)
            text = hand.text()
            assert "WhatsApp" in text or "Effect" in text or "charge" in text
            await hand.press("escape", "1", "6")

    assert drive(play, desk=desk).writes() == []


def test_what_the_database_refuses_is_said() -> None:
    desk = DeskDouble()
    desk.refusing_writes = NotAllowedError("not_allowed", "This login may not do that")

    async def play(hand: Hand) -> None:
        await shows(hand)
        await hand.press("e", "r")
        assert "This login may not do that" in hand.text()
        assert "payment.request" in hand.text()

    drive(play, desk=desk)


def test_queues_are_read_again_while_they_are_shown_alone() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        screen = await shows(hand)
        before = sum(call[0] == "ops" for call in desk.calls)
        screen._look_again()
        await hand.rest()
        assert sum(call[0] == "ops" for call in desk.calls) == before + 1
        await hand.press("1")
        screen._look_again()
        await hand.rest()
        assert sum(call[0] == "ops" for call in desk.calls) == before + 1

    drive(play, desk=desk)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, ""), (12, "12 s"), (61, "1 min"), (7300, "2 h"), (180000, "2 d")],
)
def test_an_age_is_told_in_its_largest_unit(seconds: float, said: str) -> None:
    assert ops_text.age(seconds) == said


def test_operations_stand_at_every_size_through_any_keys() -> None:
    keys = "s e b v r d o tab enter escape up down end home 6 1 6".split()

    async def play(hand: Hand) -> None:
        await shows(hand)
        for number, key in enumerate(keys):
            size = [(80, 24), (120, 36), (61, 17), (160, 48)][number % 4]
            await hand.pilot.resize_terminal(*size)
            await hand.press(key)
        assert hand.app.is_running

    drive(play, now=lambda: NOW)
