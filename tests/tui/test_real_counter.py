"""Booking and check-out over the real engine; a second process sees what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine
from connected import Connected, connected_salon
from databases import Database
from driving import Hand, drive
from factories import Salon
from sqlalchemy import Engine as Pool

from bookra.config import Settings
from bookra.engine.availability.asked import Wish
from bookra.engine.bookings import usual
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.catalog.products import add_product, new_product
from bookra.engine.prices.discounts import discount_by_hand
from bookra.money import Money
from bookra.tui.desk import CustomerChoice, NewCustomer
from bookra.tui.desk.booking import Repeat
from bookra.tui.engine_desk import EngineDesk
from bookra.tui.screens.checkout import CheckOutDialog
from bookra.tui.screens.checkout_waiting import WaitingDialog
from bookra.tui.screens.day import DayScreen

TODAY = "2026-11-23"
Play = Callable[[Hand], Awaitable[None]]


@pytest.fixture
def bookra(environment: dict[str, str], tmp_path: Path) -> CommandLine:
    """The command line on the test's database."""
    return CommandLine.in_folder(tmp_path, **environment, BOOKRA_TENANT="luna")


@pytest.fixture
def luna(database: Database, pool: Pool, settings: Settings) -> Iterator[Connected]:
    """A salon that is connected to stand-ins of its own."""
    with connected_salon(database, pool, settings) as connected:
        yield connected


def at_the_desk(salon: Salon, play: Play, **more: Any) -> None:
    """Open the front desk over the salon's engine, at its clock."""
    desk: Any = EngineDesk(salon.engine, salon.slug)
    drive(play, desk=desk, now=lambda: salon.now, **more)


def shown(bookra: CommandLine, code: str) -> dict[str, Any]:
    """Return a booking as another process sees it."""
    document = bookra("booking", "show", code, "--json", check=True).json
    assert isinstance(document, dict)
    return document


def listed(bookra: CommandLine) -> list[dict[str, Any]]:
    """Return the bookings of the day and later as another process sees them."""
    found = bookra("booking", "list", "--from", TODAY, "--days", "90", "--json", check=True).json
    return list(found["bookings"] if isinstance(found, dict) else found)


def test_a_regular_gets_the_usual_service_in_seven_keys(salon: Salon, bookra: CommandLine) -> None:
    rosa = salon.customer("Rosa Vega", phone="+4930901820")
    salon.book("2026-11-24 10:00", service="color", customer=rosa)

    async def play(hand: Hand) -> None:
        await hand.press("down", "down")
        hand.presses = 0
        await hand.press("n", "r", "o", "s", "enter", "enter", "enter")
        assert hand.presses == 7
        assert isinstance(hand.app.screen, DayScreen), hand.text()

    at_the_desk(salon, play)
    (booked,) = [each for each in listed(bookra) if each["start"].startswith(TODAY)]
    assert (booked["service"], booked["customer"]) == ("color", "Rosa Vega")
    assert booked["status"] == "confirmed"


def test_cash_with_a_tip_ends_a_visit_that_has_begun(salon: Salon, bookra: CommandLine) -> None:
    code = salon.book(f"{TODAY} 09:00").code
    later = salon.later(minutes=40)

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("x", "c", *"5.00", "enter")
        assert "taken in cash" in hand.text()
        assert "b books again: Mon 21 Dec 09:00" in hand.text()
        await hand.press("exclamation_mark")
        assert f"bookra pay {code} --cash --tip 5.00" in hand.text()

    at_the_desk(later, play)
    paid = shown(bookra, code)
    assert (paid["status"], paid["due"]["amount_minor"]) == ("completed", 0)


def test_the_tip_of_a_visit_by_two_goes_to_whom_it_was_for(
    salon: Salon, bookra: CommandLine
) -> None:
    both, byrule = (_by_two(salon, f"{TODAY} {hour}") for hour in ("10:00", "12:00"))

    async def play(hand: Hand) -> None:
        hand.goto(both)
        await hand.press("x", "c", *"5.00")
        assert "Ana \u20ac1.67, Ben \u20ac3.33" in hand.text()
        await hand.press("tab", "9")
        assert "The parts come to 9.00 EUR, the tip is 5.00 EUR" in hand.text()
        await hand.press("enter")
        assert isinstance(hand.app.screen, CheckOutDialog)
        await hand.press("backspace", "3")
        assert "Ana \u20ac3.00, Ben \u20ac2.00" in hand.text()
        assert "The parts" not in hand.text()
        await hand.press("enter", "exclamation_mark")
        assert f"bookra pay {both} --cash --tip 5.00 --to-staff" in hand.text()
        assert "ana=3.00,ben=2.00" in hand.text()
        await hand.press("escape")
        hand.goto(byrule)
        await hand.press("x", "t", *"5.00", "enter")

    at_the_desk(salon, play)
    assert _tips(bookra, both) == {"ana": 300, "ben": 200}
    assert _tips(bookra, byrule) == {"ana": 167, "ben": 333}


def _by_two(salon: Salon, at: str) -> str:
    """Book a cut with Ana and a colour with Ben for one client; return the visit's code."""
    request = BookingRequest(
        "cut", "ana", salon.local(at), salon.customer().id, more=(Wish("color", "ben"),)
    )
    return salon.act(lambda tx: book(tx, request)).code


def _tips(bookra: CommandLine, code: str) -> dict[str, int]:
    """Return what each person got of a booking's tips as another process sees it."""
    found = bookra("ledger", "entries", "--booking", code, "--json", check=True).json
    owed = "liabilities:tips:"
    return {
        post["account"].removeprefix(owed): -post["amount"]["amount_minor"]
        for entry in found
        for post in entry["postings"]
        if post["account"].startswith(owed)
    }


def test_a_visit_that_is_paid_before_it_begins_is_not_over(
    salon: Salon, bookra: CommandLine
) -> None:
    code = salon.book(f"{TODAY} 11:00").code

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("x", "t", "enter")

    at_the_desk(salon, play)
    paid = shown(bookra, code)
    assert (paid["status"], paid["due"]["amount_minor"]) == ("confirmed", 0)


def test_a_link_flips_to_paid_when_the_relay_settles_it(
    luna: Connected, bookra: CommandLine
) -> None:
    visit = luna.book()
    day = visit.starts_at.astimezone(luna.salon.zone).date()

    async def play(hand: Hand) -> None:
        hand.app.day_screen.load(day)
        await hand.rest()
        hand.goto(visit.code)
        await hand.press("x", "l", "enter")
        assert isinstance(hand.app.screen, WaitingDialog), hand.text()
        await hand.app.run_worker(luna.drain, thread=True).wait()
        await _until(hand, "waiting")
        await hand.app.run_worker(lambda: luna.pay(visit), thread=True).wait()
        await hand.app.run_worker(luna.drain, thread=True).wait()
        await _until(hand, "✓ paid")

    at_the_desk(luna.salon, play)
    assert shown(bookra, visit.code)["due"]["amount_minor"] == 0
    luna.prove_the_money()


async def _until(hand: Hand, words: str) -> None:
    """Wait for what the relay's notice brings onto the screen."""
    for _ in range(400):
        if words in hand.text():
            return
        await hand.pilot.pause(0.02)
    raise AssertionError(hand.text())


def test_the_bill_adds_up_whatever_was_done_to_it(salon: Salon) -> None:
    code = salon.book(f"{TODAY} 10:00").code
    desk = EngineDesk(salon.engine, salon.slug)
    salon.act(lambda tx: add_product(tx, new_product("oil", "Oil", "product", Money(1800, "EUR"))))
    desk.add_item(code, "oil")
    salon.act(lambda tx: discount_by_hand(tx, code, bps=1000))
    desk.take(code, "cash", amount=Money(2000, "EUR"))
    tab = desk.tab(code)
    assert sum(line.amount.minor for line in tab.lines) - tab.off.minor == tab.price.minor == 5670
    assert (tab.discount, tab.paid.minor, tab.due.minor) == ("10 %", 2000, 3670)
    assert [line.position for line in tab.lines] == [None, 1]


def test_a_quote_books_nothing(salon: Salon, bookra: CommandLine) -> None:
    desk = EngineDesk(salon.engine, salon.slug)
    at = salon.local(f"{TODAY} 10:00")
    zoe = NewCustomer("Zoe King", "030 901820", "")
    quote = desk.quote(service="cut", staff="ana", at=at, customer=zoe, more=("color",))
    assert quote.price == Money(13500, "EUR")
    assert (quote.ends_at - quote.starts_at).total_seconds() == 110 * 60
    assert listed(bookra) == []
    assert desk.find_customers("zoe") == []


def test_a_series_a_hold_and_a_wish_can_be_taken_back(salon: Salon, bookra: CommandLine) -> None:
    desk = EngineDesk(salon.engine, salon.slug)
    rosa = salon.customer("Rosa Vega", phone="+4930901820")
    who = CustomerChoice(str(rosa.id), rosa.name, "", "", 0)
    at = salon.local(f"{TODAY} 10:00")
    every = Repeat("2 weeks", 3)
    salon.book("2026-12-07 10:00", customer=salon.customer("Kim Roth"))
    dates = desk.series_dates(service="cut", staff="ana", at=at, repeat=every)
    assert [bool(date.why) for date in dates] == [False, True, False]
    series = desk.book_series(
        service="cut", staff="ana", at=at, customer=who, repeat=every, skip=True
    )
    held = desk.book(service="cut", staff="ben", at=at, customer=who, hold_minutes=30)
    taken = desk.instead(service="cut", staff="ana", at=at)
    assert [block.customer for block in taken.taken] == ["Rosa Vega"]
    assert {free.staff for free in taken.free} >= {"ana"}
    wish = desk.wish(
        service="cut", staff="ana", customer=who, windows=((at, salon.local(f"{TODAY} 12:00")),)
    )
    assert [each["status"] for each in listed(bookra)].count("confirmed") == 3
    for done in (wish, held, series):
        assert done.undo is not None
        desk.undo(done.undo)
    states = [each["status"] for each in listed(bookra) if each["customer"] == "Rosa Vega"]
    assert set(states) <= {"cancelled"}
    assert bookra("waitlist", "show", wish.code, "--json", check=True).json["status"] == "withdrawn"


def test_who_comes_every_six_weeks_is_booked_again_in_six(salon: Salon) -> None:
    rosa = salon.customer("Rosa Vega")
    first = salon.at(salon.local("2026-08-31 08:00"))
    for day in ("2026-08-31", "2026-10-12"):
        first.book(f"{day} 10:00", customer=rosa)
    made = salon.book(f"{TODAY} 10:00", customer=rosa)
    again = EngineDesk(salon.engine, salon.slug).again(made.code)
    assert again is not None
    assert again.weeks == 6
    assert again.at == salon.local("2027-01-04 10:00")
    assert again.service.slug == "cut"


def test_habits_are_the_middle_of_the_waits() -> None:
    assert usual.weeks_between([]) == usual.USUAL_WEEKS
