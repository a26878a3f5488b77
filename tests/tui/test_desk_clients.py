"""The clients, the waitlist and the search, by keys alone."""

from __future__ import annotations

import typing
from itertools import combinations

from demo_day import at
from desk_double import NOW, DeskDouble
from driving import Hand, drive

from bookra.errors import ConflictError
from bookra.tui.desk import Desk
from bookra.tui.desk.clients import ClientDraft
from bookra.tui.screens.client_form import ClientForm
from bookra.tui.screens.clients import ClientsScreen
from bookra.tui.screens.day import DayScreen
from bookra.tui.screens.waitlist import WaitlistScreen
from bookra.tui.screens.waitlist_fill import WaitlistFillDialog
from bookra.tui.screens.wish_form import WishForm


def test_no_two_areas_of_the_desk_answer_to_one_name() -> None:
    areas = [area for area in Desk.__mro__[1:] if area.__module__.startswith("bookra.tui.desk")]
    verbs = [{name for name in vars(area) if not name.startswith("_")} for area in areas]
    assert len(areas) > 8
    assert [one & other for one, other in combinations(verbs, 2) if one & other] == []


# Clients


def test_a_client_is_found_as_one_types_and_their_card_is_shown() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("2")
        assert "26 clients" in hand.text()
        assert "Ana Moreira" in hand.text()
        await hand.press("f", "d", "u", "r", "space", "c", "h", "l", "o", "e")
        assert "1 client " in hand.text()
        assert "c2@example.com" in hand.text()
        assert "Ana Moreira" not in hand.text()
        await hand.press("escape")
        assert "26 clients" in hand.text()

    drive(play)


def test_digits_and_letters_of_a_search_are_no_verbs() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("2", "f", *"1n/q?6")
        assert isinstance(hand.app.screen, ClientsScreen)
        assert "1n/q?6" in hand.text()
        assert "Nobody matches: n adds a client" in hand.text()

    drive(play, desk=desk)
    assert ("clients", "1n/q?6") in desk.calls


def test_a_card_says_what_a_client_holds_and_how_they_stand() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("2")
        text = hand.text()
        assert "visa 4242" in text
        assert "£30.00" in text
        assert "all messages" in text
        await hand.press("down")
        assert "Bea Lindqvist" in hand.lines()[4] or "c1@example.com" in hand.text()
        assert "visa 4242" not in hand.text()

    drive(play)


def test_a_new_client_is_added_and_shown() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("2", "n", *"Zed", "down", *"0770", "down", "down", "down", *"shy", "enter")
        assert isinstance(hand.app.screen, ClientsScreen)
        assert "Zed is added" in hand.text()
        assert hand.app.screen.listing.chosen == "c26"
        assert "shy" in hand.text()

    drive(play, desk=desk)
    assert desk.writes() == [("add_client", ClientDraft("Zed", "0770", "", "", "shy"))]


def test_a_form_without_a_name_says_so_and_keeps_what_was_typed() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("2", "n", "down", *"0770", "enter")
        assert isinstance(hand.app.screen, ClientForm)
        assert "A client needs a name" in hand.text()
        assert "0770" in hand.text()

    drive(play, desk=desk)
    assert desk.writes() == []


def test_a_conflict_on_saving_keeps_the_form() -> None:
    desk = DeskDouble()
    desk.refusing_writes = ConflictError("customer_exists", "Another customer has this phone")

    async def play(hand: Hand) -> None:
        await hand.press("2", "e", *"tall", "enter")
        assert isinstance(hand.app.screen, ClientForm)
        assert "Another customer has this phone" in hand.text()
        assert hand.app.screen.draft.notes == "tall"

    drive(play, desk=desk)


def test_a_note_is_written_in_few_keys() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("2")
        hand.presses = 0
        await hand.press("e", *"vip", "enter")
        assert hand.presses == 5
        assert "vip" in hand.text()

    drive(play, desk=desk)
    ((verb, who, draft),) = desk.writes()
    assert (verb, who) == ("change_client", "c0")
    assert isinstance(draft, ClientDraft)
    assert (draft.name, draft.notes) == ("Ana Moreira", "vip")


def test_a_form_that_changes_nothing_writes_nothing() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("2", "e", "enter")
        assert isinstance(hand.app.screen, ClientsScreen)

    drive(play, desk=desk)
    assert desk.writes() == []


def test_a_client_is_sent_no_reminders_by_two_keys() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("2")
        hand.presses = 0
        await hand.press("o", "2")
        assert hand.presses == 2
        assert "no reminders" in hand.text()

    drive(play, desk=desk)
    assert desk.writes() == [("opt_out", "c0", "reminders")]


def test_a_visit_is_opened_on_its_day() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("2", "enter")
        screen = hand.app.screen
        assert isinstance(screen, ClientsScreen)
        code = screen.visits.chosen
        assert code
        await hand.press("enter")
        await hand.rest()
        assert isinstance(hand.app.screen, DayScreen)
        pointed = hand.app.day_screen.grid.pointed
        assert pointed is not None
        assert pointed.block is not None
        assert pointed.block.code == code

    drive(play, desk=desk)


def test_a_change_made_elsewhere_comes_by_itself() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("2")
        desk.change_client("c0", ClientDraft("Ana Moreira", notes="allergic to henna"))
        assert "allergic" not in hand.text()
        desk.announce("customer:c0")
        await hand.pilot.pause(0.2)
        await hand.rest()
        assert "allergic to henna" in hand.text()

    drive(play, desk=desk)


def test_a_read_only_desk_changes_no_client() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("2", "n", "e", "o", "b")
        assert isinstance(hand.app.screen, ClientsScreen)
        await hand.press("3", "n", "o", "d", "y")
        assert isinstance(hand.app.screen, WaitlistScreen)

    drive(play, desk=desk, read_only=True)
    assert desk.writes() == []


# The waitlist


def test_the_list_says_what_each_could_have_and_how_long_an_offer_holds() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("3")
        text = hand.text()
        assert "3 waiting" in text
        assert "42m left" in text
        assert "Sun 22 Nov 14:00" in text
        assert "nothing free" in text

    drive(play)


def test_what_is_free_is_offered_by_one_key() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("3")
        hand.presses = 0
        await hand.press("o")
        assert hand.presses == 1
        assert "Dora Nagy is offered Sun 22 Nov 14:00" in hand.text()
        assert "1h left" in hand.text()

    drive(play, desk=desk)
    assert desk.writes() == [("offer_time", "W-AAAA", "mia", at(14), False)]


def test_who_said_yes_is_booked_and_who_gave_up_is_dropped() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("3", "y")
        assert "has no offer; o makes one" in hand.text()
        await hand.press("down", "y")
        assert "Fay Tanaka is booked" in hand.text()
        await hand.press("d")
        assert "1 waiting" in hand.text()

    drive(play, desk=desk)
    assert desk.writes() == [("accept_offer", "W-BBBB"), ("drop_wish", "W-CCCC")]


def test_a_wish_is_understood_while_it_is_typed() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("3", "n", *"tess", "enter")
        assert "Tess Moran" in hand.text()
        await hand.press(*"dry", "down", *"xx", "down", *"mon")
        assert "Dry cut" in hand.text()
        assert "nobody" in hand.text()
        assert "'mon' is not a day" in hand.text()
        await hand.press("space", *"9:00-12:00", "enter")
        assert isinstance(hand.app.screen, WishForm)  # nobody is called xx
        await hand.press("backspace", "backspace", "enter")
        assert isinstance(hand.app.screen, WaitlistScreen)
        assert "Tess Moran waits for Dry cut" in hand.text()

    drive(play, desk=desk)
    ((verb, service, staff, customer, *windows),) = desk.writes()
    assert (verb, service, staff) == ("wish", "dry-cut", None)
    assert typing.cast("typing.Any", customer).name == "Tess Moran"
    assert len(windows) == 1


def test_a_gap_is_filled_from_the_waitlist_in_two_keys() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("right", "down")
        hand.presses = 0
        await hand.press("w", "enter")
        assert hand.presses == 2
        assert "Dora Nagy is offered 11:30" in hand.text()
        assert isinstance(hand.app.screen, DayScreen)

    drive(play, desk=desk)
    assert desk.writes() == [("offer_time", "W-AAAA", "noor", at(11, 30), False)]


def test_who_has_said_yes_is_booked_into_the_gap() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("right", "down", "w", "b")
        assert "Booked 11:30, Dora Nagy" in hand.text()

    drive(play, desk=desk)
    assert desk.writes() == [("offer_time", "W-AAAA", "noor", at(11, 30), True)]


def test_a_gap_that_nobody_waits_for_names_no_key_that_gives_it() -> None:
    desk = DeskDouble()
    desk.who_fits = lambda staff, start, until: []  # type: ignore[method-assign]

    async def play(hand: Hand) -> None:
        await hand.press("right", "down", "w", "enter")
        assert isinstance(hand.app.screen, WaitlistFillDialog)
        text = hand.text()
        assert "Nobody waits for this time" in text
        assert "they said yes" not in text

    drive(play, desk=desk)
    assert desk.writes() == []


def test_a_gap_that_is_gone_says_so_and_asks_again() -> None:
    desk = DeskDouble()
    desk.refusing_writes = ConflictError("no_opening", "W-AAAA can't have this time any more")

    async def play(hand: Hand) -> None:
        await hand.press("right", "down", "w", "enter")
        assert isinstance(hand.app.screen, WaitlistFillDialog)
        assert "can't have this time any more" in hand.text()

    drive(play, desk=desk)
    assert len([call for call in desk.calls if call[0] == "who_fits"]) == 2


# The search


def test_the_search_goes_to_a_client() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("slash", *"ros", "space", "v", "enter")
        await hand.rest()
        screen = hand.app.screen
        assert isinstance(screen, ClientsScreen)
        assert screen.listing.chosen == "c17"
        assert "c17@example.com" in hand.text()

    drive(play)


def test_the_search_goes_to_a_visit_by_its_code() -> None:
    desk = DeskDouble()
    code = next(c for c, block in desk.blocks.items() if block.starts_at > NOW)
    typed = ["minus" if letter == "-" else letter for letter in code]

    async def play(hand: Hand) -> None:
        await hand.press("2", "slash", *typed, "enter")
        await hand.rest()
        assert isinstance(hand.app.screen, DayScreen)
        pointed = hand.app.day_screen.grid.pointed
        assert pointed is not None
        assert pointed.block is not None
        assert pointed.block.code == code

    drive(play, desk=desk)


def test_the_search_goes_to_the_next_free_time_of_a_service() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("slash", *"pedi", "enter")
        await hand.rest()
        pointed = hand.app.day_screen.grid.pointed
        assert pointed is not None
        assert (pointed.staff, pointed.at) == ("mia", at(15))

    drive(play)


def test_enter_pressed_before_the_answer_came_goes_where_it_was_meant() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("slash", "a")
        desk.gate.clear()
        await hand.pilot.press("backspace", "t", "e", "s", "s", "enter")
        await hand.pilot.pause()
        desk.gate.set()
        await hand.rest()
        await hand.rest()
        screen = hand.app.screen
        assert isinstance(screen, ClientsScreen)
        assert screen.listing.chosen == "c19"

    drive(play, desk=desk)


def test_a_client_is_booked_from_their_card() -> None:
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        await hand.press("2", "down", "b")
        await hand.sees("For Bea Lindqvist: choose a time")
        await hand.press("right", "down")
        hand.presses = 0
        await hand.press("n", "enter", "enter")
        assert hand.presses == 3
        assert "Bea Lindqvist" in hand.text()
        assert hand.app.front.sitting.guest is None

    drive(play, desk=desk)
    ((verb, _, staff, when, customer, *_),) = desk.writes()
    assert (verb, staff, when) == ("book", "noor", at(11, 30))
    assert typing.cast("typing.Any", customer).name == "Bea Lindqvist"


def test_who_was_to_be_booked_for_is_forgotten_on_another_screen() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("2", "b")
        await hand.rest()
        await hand.press("3", "1")
        assert hand.app.front.sitting.guest is None

    drive(play)
