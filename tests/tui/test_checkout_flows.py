"""Check-out by keys alone: every way to pay, in parts, with tips; a link flips to paid itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from desk_double import DeskDouble, gbp
from double_checkout import SHORT_LINK
from driving import Hand, drive

from bookra.tui.desk.checkout import CardChoice, Discount
from bookra.tui.screens.checkout import CheckOutDialog
from bookra.tui.screens.checkout_waiting import WaitingDialog
from bookra.tui.screens.checkout_words import amount_of
from bookra.tui.screens.day import DayScreen
from bookra.tui.screens.rebook import RebookDialog
from bookra.tui.widgets import qr


def an_open_booking(desk: DeskDouble) -> str:
    """Return the code of a dry cut that owes its 34 pounds."""
    block = next(b for b in desk.blocks.values() if b.status == "confirmed" and b.due.minor > 0)
    desk.blocks[block.code] = replace(block, service="Dry cut", price=gbp(3400), due=gbp(3400))
    return block.code


def paid(*keys: str, desk: DeskDouble | None = None) -> tuple[DeskDouble, str, list[str]]:
    """Check a booking out by some keys; return the desk, its code, and the screens after each."""
    desk = desk or DeskDouble()
    code = an_open_booking(desk)
    texts: list[str] = []

    async def play(hand: Hand) -> None:
        hand.goto(code)
        for key in keys:
            await hand.press(key)
            texts.append(hand.text())
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)
    return desk, code, texts


def test_cash_is_taken_in_three_keys_and_the_next_visit_offered() -> None:
    desk, code, texts = paid("x", "c", "enter")
    assert desk.writes() == [("take", code, "cash", None, None)]
    assert "£34.00 taken in cash" in texts[-1]
    assert "b books again: Sun 20 Dec" in texts[-1]


@pytest.mark.parametrize(
    ("keys", "call"),
    [
        (("t", "enter"), ("take", "terminal", None, None)),
        (("k", "enter"), ("package", "PK-10")),
        (("c", *"5.50", "enter"), ("take", "cash", None, gbp(550))),
        (("c", *"10%", "enter"), ("take", "cash", None, gbp(340))),
    ],
)
def test_each_way_takes_what_is_due(keys: tuple[str, ...], call: tuple[object, ...]) -> None:
    desk, code, _ = paid("x", *keys)
    assert desk.writes() == [(call[0], code, *call[1:])]


def test_a_tip_shows_in_the_bill_as_it_is_typed() -> None:
    _, _, texts = paid("x", "c", *"10%", "enter")
    assert "Tip" in texts[-2]
    assert "£3.40" in texts[-2]
    assert "£37.40" in texts[-2]


def test_a_bill_is_split_between_cash_gift_card_and_terminal() -> None:
    desk, code, texts = paid(
        "x", "c", "tab", *"10", "enter", "g", *"GC-7F3K", "enter", "t", "enter"
    )
    assert desk.writes() == [
        ("take", code, "cash", gbp(1000), None),
        ("gift", code, "GC-7F3K", None),
        ("take", code, "terminal", None, None),
    ]
    after_cash = texts[5]
    assert "Paid" in after_cash
    assert "£24.00" in after_cash
    assert "£4.00 taken by terminal" in texts[-1]


def test_a_link_is_drawn_and_flips_to_paid_by_itself() -> None:
    desk = DeskDouble()
    code = an_open_booking(desk)

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("x", "l", "enter")
        assert hand.presses == 3
        assert isinstance(hand.app.screen, WaitingDialog)
        desk.open_link(code)
        await hand.pilot.pause(0.2)
        await hand.rest()
        text = hand.text()
        assert SHORT_LINK in text
        assert "waiting" in text
        assert "█▀▀▀▀▀█" in text
        desk.settle(code)
        await hand.pilot.pause(0.2)
        await hand.rest()
        assert "✓ paid  £34.00" in hand.text()
        assert "█▀▀▀▀▀█" not in hand.text()
        assert "payment link" not in hand.text(), "the bill shows from beneath"
        await hand.press("enter")
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk, size=(80, 24))
    assert [call[0] for call in desk.writes()] == ["link"]


def test_a_link_that_is_left_goes_on_and_nothing_is_lost() -> None:
    desk = DeskDouble()
    code = an_open_booking(desk)

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("x", "l", "enter", "enter", "escape")
        assert isinstance(hand.app.screen, DayScreen)
        desk.settle(code)
        await hand.pilot.pause(0.2)
        await hand.rest()
        assert "✓ Done" in hand.text()

    drive(play, desk=desk)
    assert len(desk.writes()) == 1


def test_a_link_too_long_to_draw_stands_alone() -> None:
    desk = DeskDouble()
    desk.link = "https://checkout.stripe.com/c/pay/" + "a1B2" * 80
    code = an_open_booking(desk)

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("x", "l", "enter")
        desk.open_link(code)
        await hand.pilot.pause(0.2)
        await hand.rest()
        assert "https://checkout.stripe.com" in hand.text()
        assert "▀" not in "".join(hand.lines()[3:20])

    drive(play, desk=desk, size=(80, 24))


def test_a_declined_card_leads_back_to_the_bill() -> None:
    desk = DeskDouble()
    code = an_open_booking(desk)

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("x", "s", "enter")
        desk.settle(code, failure="card_declined")
        await hand.pilot.pause(0.2)
        await hand.rest()
        assert isinstance(hand.app.screen, CheckOutDialog)
        assert "It was declined" in hand.text()
        assert "payment link" in hand.text()
        await hand.press("c", "enter")

    drive(play, desk=desk)
    assert [call[0] for call in desk.writes()] == ["card", "take"]
    assert desk.writes()[0][2] == "card-1"


def test_one_of_several_saved_cards_is_chosen() -> None:
    desk = DeskDouble()
    desk.cards = (CardChoice("card-1", "Visa 4242"), CardChoice("card-2", "Mastercard 5454"))
    code = an_open_booking(desk)

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("x", "s", "down", "enter")
        desk.settle(code)
        await hand.pilot.pause(0.2)
        await hand.rest()
        await hand.press("b")
        assert isinstance(hand.app.screen, RebookDialog)

    drive(play, desk=desk)
    assert desk.writes()[0][2] == "card-2"


def test_a_discount_and_goods_change_the_bill() -> None:
    desk, code, texts = paid("x", "d", *"10%", "enter", "plus", *"oil", "enter", "c", "enter")
    assert desk.writes() == [
        ("discount", code, Discount(percent="10")),
        ("item", code, "oil"),
        ("take", code, "cash", None, None),
    ]
    bill = texts[-2]
    assert "-£3.40" in bill
    assert "Argan oil" in bill
    assert "£48.60" in bill


def test_goods_are_taken_off_again() -> None:
    desk, code, _ = paid("x", "plus", "enter", "plus", "up", "enter", "c", "enter")
    assert ("no item", code, 1) in desk.writes()


def test_an_unknown_promo_code_says_so_and_stays() -> None:
    desk = DeskDouble()
    code = an_open_booking(desk)

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("x", "d", *"SPRING", "enter")
        assert "There is no promo code SPRING" in hand.text()
        assert "SPRING" in hand.text()
        await hand.press("escape", "d", *"autumn", "enter")
        assert "AUTUMN" in hand.text()

    drive(play, desk=desk)


def test_a_tip_that_is_no_amount_is_refused_and_kept() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        hand.goto(an_open_booking(desk))
        await hand.press("x", "c", *"5,50", "enter")
        assert isinstance(hand.app.screen, CheckOutDialog)
        assert "'5,50' is not an amount in GBP" in hand.text()

    drive(play, desk=desk)
    assert desk.writes() == []


def test_nothing_due_takes_nothing_and_ends_the_visit() -> None:
    desk = DeskDouble()
    code = an_open_booking(desk)
    desk.blocks[code] = replace(desk.blocks[code], due=gbp(0))

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("x", "c")
        assert "Nothing is due" in hand.text()
        await hand.press("enter")

    drive(play, desk=desk)
    assert desk.writes() == [("complete", code)]


def test_a_way_pressed_before_the_bill_came_is_not_lost() -> None:
    desk = DeskDouble()
    code = an_open_booking(desk)

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.rest()
        desk.gate.clear()
        await hand.pilot.press("x", "c")
        desk.gate.set()
        await hand.rest()
        await hand.press("enter")

    drive(play, desk=desk)
    assert desk.writes() == [("take", code, "cash", None, None)]


def test_a_code_for_a_short_link_fits_the_smallest_common_terminal() -> None:
    link = "https://buy.stripe.com/test_" + "x" * 25
    assert len(link) == 53
    assert qr.size(link) == (33, 17)


def test_a_percentage_of_nothing_is_no_tip() -> None:
    assert amount_of("0%", gbp(1000)) is None
    assert amount_of("12.5%", gbp(1000)) == gbp(125)
