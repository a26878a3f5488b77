"""Booking by keys alone, in as many as the desk promises; whatever refuses, nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from desk_double import NOW, TODAY, DeskDouble, at
from driving import Hand, drive

from bookra.errors import ConflictError, InvalidInputError
from bookra.tui.desk import NewCustomer
from bookra.tui.desk.booking import Repeat
from bookra.tui.screens import booking_steps
from bookra.tui.screens.booking import BookingDialog
from bookra.tui.screens.booking_steps import HOLD_MINUTES, parse_repeat
from bookra.tui.screens.day import DayScreen
from bookra.tui.screens.rebook import RebookDialog
from bookra.tui.screens.seats import SeatsDialog
from bookra.tui.screens.series import SeriesDialog

HALF_PAST = at(11, 30)


async def to_free_time(hand: Hand) -> None:
    """Put the cursor on Noor's free half past eleven."""
    await hand.press("right", "down")
    assert "Free for 1h30" in hand.text()
    hand.presses = 0


def a_class(desk: DeskDouble) -> str:
    """Turn a booking into a class of eight seats; return its code."""
    block = next(b for b in desk.blocks.values() if b.status == "confirmed")
    desk.blocks[block.code] = replace(block, status="class", customer="3 of 8 seats")
    return block.code


def test_a_regular_is_booked_in_seven_keys() -> None:
    desk = DeskDouble()
    desk.habits = {"c0": ["dry-cut"]}

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", "a", "n", "a", "enter", "enter", "enter")
        assert hand.presses == 7
        assert "Booked 11:30 · Ana Moreira" in hand.text()
        assert isinstance(hand.app.screen, DayScreen)
        assert "Ana M" in hand.text()

    drive(play, desk=desk)
    (call,) = desk.writes()
    assert call[:4] == ("book", "dry-cut", "noor", HALF_PAST)
    assert call[4].name == "Ana Moreira"  # type: ignore[attr-defined]


def test_seven_keys_typed_at_once_book_the_same() -> None:
    """A fast hand does not wait for lists: neither the client nor the usual service is another."""
    desk = DeskDouble()
    desk.habits = {"c19": ["brow-wax"]}

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        desk.gate.clear()
        await hand.pilot.press("n", "t", "e", "s", "enter")
        await hand.pilot.pause()
        assert "Client    …" in hand.text()
        desk.gate.set()
        await hand.rest()
        assert "Tess Moran" in hand.text()
        desk.gate.clear()
        await hand.pilot.press("enter")
        desk.gate.set()
        await hand.rest()
        await hand.press("enter")

    drive(play, desk=desk)
    (call,) = desk.writes()
    assert call[1] == "brow-wax"
    assert call[4].name == "Tess Moran"  # type: ignore[attr-defined]


def test_a_new_client_is_booked_with_a_phone() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", *"zed", "enter", *"07700900900", "enter")
        await hand.press("d", "r", "y", "enter", "enter")

    drive(play, desk=desk)
    (call,) = desk.writes()
    assert call == ("book", "dry-cut", "noor", HALF_PAST, NewCustomer("zed", "07700900900", ""))


def test_a_new_client_known_by_phone_needs_a_name() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", *"07700900900", "enter", "enter")
        assert "A new client needs a name" in hand.text()
        await hand.press(*"Zed", "enter", "enter", "enter")

    drive(play, desk=desk)
    assert desk.writes()[0][4] == NewCustomer("Zed", "07700900900", "")


def test_a_phone_and_an_email_are_checked_as_one_types() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", *"zed", "enter", *"0770")
        assert "'0770' is not a phone number" in hand.text()
        await hand.press("enter")
        assert "Phone or e-mail" in hand.text() or "0770" in hand.text()
        assert "Service" not in hand.text().partition("Client")[2].partition("esc")[0]
        await hand.press(*["backspace"] * 4, *"zed@x")
        assert "'zed@x' is not an e-mail address" in hand.text()
        await hand.press(*".org")
        assert "is not an e-mail" not in hand.text()
        await hand.press("enter", "enter", "enter")

    drive(play, desk=desk)
    assert desk.writes()[0][4] == NewCustomer("zed", "", "zed@x.org")


def test_several_services_make_one_visit() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", "a", "n", "a", "enter", *"dry", "plus", *"brow w", "enter")
        text = hand.text()
        assert "Dry cut · 30m · £34.00" in text
        assert "Brow wax · 15m · £14.00" in text
        assert "11:30–12:15" in text
        assert "£48.00, at the counter" in text
        await hand.press("plus", *"intro", "enter")
        assert "11:30–12:45" in hand.text()
        await hand.press("enter")

    drive(play, desk=desk)
    (call,) = desk.writes()
    assert call[1] == "dry-cut"
    assert call[5:] == ("brow-wax", "intro-call")


def test_a_time_is_held_with_h() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", "a", "n", "a", "enter", "enter", "h")
        assert hand.presses == 7
        assert "Held 11:30 · Ana Moreira" in hand.text()

    drive(play, desk=desk)
    (call,) = desk.writes()
    assert call[0] == "hold"
    held = next(b for b in desk.blocks.values() if b.customer == "Ana Moreira" and b.held_until)
    assert held.held_until == NOW + timedelta(minutes=HOLD_MINUTES)


def test_a_time_taken_meanwhile_names_who_has_it_and_offers_others() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", "a", "n", "a", "enter", "enter")
        desk.book(
            service="brow-wax",
            staff="noor",
            at=HALF_PAST,
            customer=NewCustomer("Rosa Vega", "", ""),
        )
        desk.announce("booking:x")
        await hand.pilot.pause(0.2)
        await hand.rest()
        text = hand.text()
        assert isinstance(hand.app.screen, BookingDialog)
        assert "Rosa Vega · Brow wax · 11:30–11:45" in text
        assert "Ana Moreira" in text
        assert "11:45–12:30" in text
        await hand.press("down", "enter")
        assert "12:00–12:45" in hand.text()
        await hand.press("enter")
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)
    assert desk.writes()[-1][:4] == ("book", "cut-&-finish", "noor", at(12))


def test_a_conflict_on_save_keeps_all_that_was_chosen() -> None:
    desk = DeskDouble()
    desk.refusing_writes = ConflictError("slot_taken", "Noor is busy 11:30–12:00. Next free: 15:15")

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", "a", "n", "a", "enter", "enter", "enter")
        text = hand.text()
        assert "Noor is busy 11:30–12:00" in text
        assert "Ana Moreira" in text
        assert "Cut & finish" in text
        desk.refusing_writes = None
        await hand.press("escape", "enter")
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)
    assert len(desk.writes()) == 2


def test_another_refusal_leaves_the_booking_as_it_is() -> None:
    desk = DeskDouble()
    desk.refusing_writes = InvalidInputError("past", "11:30 is in the past", hint="A later one")

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", "a", "n", "a", "enter", "enter", "enter")
        assert "11:30 is in the past" in hand.text()
        assert "A later one" in hand.text()
        desk.refusing_writes = None
        await hand.press("enter")

    drive(play, desk=desk)
    assert len(desk.writes()) == 2


def test_who_can_not_have_a_time_is_put_on_the_waitlist() -> None:
    desk = DeskDouble()
    desk.refusing_writes = ConflictError("slot_taken", "Noor is busy")

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", "a", "n", "a", "enter", "enter", "enter", "w")
        assert "Sun 22 Nov, any time with Noor" in hand.text()
        desk.refusing_writes = None
        await hand.press("down", "down", "enter")
        assert "On the waitlist · Ana Moreira" in hand.text()
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)
    call = desk.writes()[-1]
    assert call[:3] == ("wish", "cut-&-finish", None)
    assert call[4] == (NOW, at(0, day=TODAY + timedelta(days=1)))


def test_w_on_a_taken_time_waits_for_it() -> None:
    desk = DeskDouble()
    block = next(b for b in desk.blocks.values() if b.status == "confirmed" and not b.gaps)

    async def play(hand: Hand) -> None:
        hand.goto(block.code)
        await hand.press("w", "a", "n", "a", "enter", "enter", "enter")
        assert "On the waitlist · Ana Moreira" in hand.text()

    drive(play, desk=desk)
    (call,) = desk.writes()
    assert call[:3] == ("wish", "cut-&-finish", block.staff)
    assert call[4][0] == block.starts_at  # type: ignore[index]


def test_escape_goes_back_step_by_step_and_books_nothing() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", "a", "n", "a", "enter", "enter", "escape", "escape")
        assert "ana" in hand.text()
        await hand.press("escape")
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)
    assert desk.writes() == []


def test_a_key_pressed_twice_books_once() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", "a", "n", "a", "enter", "enter")
        desk.gate.clear()
        await hand.pilot.press("enter", "enter", "enter", "escape")
        assert isinstance(hand.app.screen, BookingDialog)
        desk.gate.set()
        await hand.rest()
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)
    assert len(desk.writes()) == 1


def test_a_series_is_booked_whole() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", "a", "n", "a", "enter", "enter", "r")
        assert isinstance(hand.app.screen, SeriesDialog)
        await hand.press(*"2 weeks x 4")
        assert "4 visits" in hand.text()
        assert "Sun 3 Jan" in hand.text()
        await hand.press("enter", "enter")
        assert "4 visits booked · Ana Moreira" in hand.text()
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)
    (call,) = desk.writes()
    assert call[-2:] == (Repeat("2 weeks", 4), False)


def test_a_series_names_its_conflicts_and_skips_them_when_told() -> None:
    desk = DeskDouble()
    desk.bad_weeks = frozenset({1, 2})

    async def play(hand: Hand) -> None:
        await to_free_time(hand)
        await hand.press("n", "a", "n", "a", "enter", "enter", "r", "enter")
        assert "2 in the way" in hand.text()
        assert "Noor is away" in hand.text()
        await hand.press("enter")
        assert "2 can't be booked" in hand.text()
        assert desk.writes() == []
        await hand.press("s")
        assert "4 visits booked" in hand.text()

    drive(play, desk=desk)
    assert desk.writes()[0][-1] is True


def test_rules_of_a_series_are_read_as_people_write_them() -> None:
    assert parse_repeat("every 2 weeks × 6") == Repeat("2 weeks", 6)
    assert parse_repeat("2weeks x6") == Repeat("2 weeks", 6)
    assert parse_repeat("week 10 times") == Repeat("week", 10)
    for unfinished in ("", "every", "2 weeks", "2 weeks x", "x 6", "2 weeks x 0"):
        assert parse_repeat(unfinished) is None


def test_a_seat_is_booked_in_a_class() -> None:
    desk = DeskDouble()
    code = a_class(desk)

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("n")
        text = hand.text()
        assert "Bea Lindqvist" in text
        assert "5 of 8 seats" in text
        await hand.press(*"tes", "enter", "plus", "enter")
        assert "2 seats booked · Tess Moran" in hand.text()

    drive(play, desk=desk)
    assert desk.writes() == [("seat", code, "Tess Moran", 2)]


def test_a_class_opens_on_its_seats() -> None:
    desk = DeskDouble()
    code = a_class(desk)

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("enter")
        assert isinstance(hand.app.screen, SeatsDialog)

    drive(play, desk=desk)


def test_a_class_is_checked_out_seat_by_seat() -> None:
    desk = DeskDouble()
    code = a_class(desk)
    seat = replace(desk.blocks[code], code="LUN-C00", status="confirmed")
    desk.blocks["LUN-C00"] = replace(seat, due=seat.price)

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("x")
        assert isinstance(hand.app.screen, SeatsDialog)
        await hand.press("x", "c", "enter")

    drive(play, desk=desk)
    assert desk.writes() == [("take", "LUN-C00", "cash", None, None)]


def test_a_client_is_booked_again_in_the_usual_weeks() -> None:
    desk = DeskDouble()
    block = next(b for b in desk.blocks.values() if b.status == "completed")

    async def play(hand: Hand) -> None:
        hand.goto(block.code)
        await hand.press("b")
        assert isinstance(hand.app.screen, RebookDialog)
        assert "in 4 weeks, as usual" in hand.text()
        await hand.press("enter")
        assert hand.presses == 2
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)
    (call,) = desk.writes()
    assert call[3] == block.starts_at + timedelta(weeks=4)


def test_another_time_is_taken_for_the_next_visit() -> None:
    desk = DeskDouble()
    block = next(b for b in desk.blocks.values() if b.status == "completed")

    async def play(hand: Hand) -> None:
        hand.goto(block.code)
        await hand.press("b", "t", "down", "enter", "enter")

    drive(play, desk=desk)
    (call,) = desk.writes()
    assert call[3] == block.starts_at + timedelta(weeks=4, minutes=30)


def test_services_that_fit_come_first_and_usual_ones_before_them() -> None:
    offered = DeskDouble().services("noor")
    listed = [one.minutes for one in booking_steps.services(offered, "", 60)]
    assert listed == [45, 30, 60, 45, 45, 15, 60, 30, 90, 150, 75]
    usual = booking_steps.services(offered, "", 60, ["balayage", "brow-wax"])
    assert [one.name for one in usual[:2]] == ["Brow wax", "Cut & finish"]


def test_a_service_is_found_by_the_beginnings_of_its_words() -> None:
    offered = DeskDouble().services("noor")
    found = [one.name for one in booking_steps.services(offered, "fin cu", 60)]
    assert found == ["Cut & finish"]
