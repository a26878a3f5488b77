"""Other keys for actions: read from the settings, checked, shown, and pressed."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from demo_day import at, demo_day
from driving import Hand, drive
from hypothesis import given
from hypothesis import strategies as st
from textual.screen import ModalScreen

from bookra.errors import InvalidInputError
from bookra.preferences import wished_keys
from bookra.tui import actions, screens
from bookra.tui.actions import overlaid
from bookra.tui.actions.remap import checked, key_of
from bookra.tui.screens.day import DayScreen
from bookra.tui.screens.reading import WhyDialog
from bookra.tui.screens.walk_in import WalkInDialog


def test_a_remapped_key_works_and_is_shown_everywhere() -> None:
    async def play(hand: Hand) -> None:
        assert "^t Check in" in hand.text()
        await hand.press("a")
        assert isinstance(hand.app.screen, DayScreen)
        await hand.press("f2")
        assert isinstance(hand.app.screen, WalkInDialog)
        await hand.press("escape", "question_mark")
        assert "f2     Walk-in" in hand.text()

    drive(play, keys=checked({"booking.walk-in": "f2", "booking.check-in": "ctrl+t"}))


def test_two_actions_may_change_places() -> None:
    keys = checked({"booking.walk-in": "y", "why": "a"})

    async def play(hand: Hand) -> None:
        await hand.press("y")
        assert isinstance(hand.app.screen, WalkInDialog)
        await hand.press("escape", "a")
        assert isinstance(hand.app.screen, WhyDialog)

    drive(play, keys=keys)


@pytest.mark.parametrize(
    ("wished", "code"),
    [
        ({"booking.nwe": "b"}, "unknown_action"),
        ({"booking.new": "x"}, "key_taken"),
        ({"money.open": "q"}, "key_taken"),
        ({"time-off": "d", "booking.done": "e"}, "key_taken"),
        ({"move.left": "f"}, "key_taken"),
        ({"booking.move": "A"}, "key_taken"),
        ({"client.book": "j"}, "key_taken"),
        ({"booking.new": "hyper+x"}, "bad_key"),
        ({"booking.new": "no such key"}, "bad_key"),
        ({"booking.new": "escape"}, "bad_key"),
        ({"booking.new": ""}, "bad_key"),
    ],
)
def test_a_wish_that_can_not_be_is_refused(wished: dict[str, str], code: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        checked(wished)
    assert refused.value.code == code
    assert refused.value.hint


def test_a_wish_that_would_hide_a_dialogs_own_key_names_both() -> None:
    with pytest.raises(InvalidInputError) as refused:
        checked({"time-off": "d", "booking.done": "e"})
    said = "d would be both time-off and 'the whole day' while time off is marked"
    assert refused.value.message == said
    assert checked({"booking.move": "f4", "move.left": "f7", "money.open": "enter,f5"})


def test_every_dialog_that_binds_a_screens_actions_is_known_to_the_wishes() -> None:
    found = set()
    for module in iter_modules(screens.__path__, "bookra.tui.screens."):
        for name, one in vars(import_module(module.name)).items():
            if (
                isinstance(one, type)
                and issubclass(one, ModalScreen)
                and one.__module__ == module.name
            ):
                path = f"{module.name}:{name}"
                if any(bound.action in actions.by_id() for bound in overlaid.bound_in(path)):
                    found.add(path)
    assert found - {"bookra.tui.screens.layer:Layer"} == set(overlaid.OVERLAYS)
    assert not [path for path in overlaid.LISTED if not any(p.endswith(path) for p in found)]


@given(st.dictionaries(st.sampled_from(sorted(actions.by_id())), st.text(max_size=12)))
def test_any_wish_is_taken_or_refused_in_words(wished: dict[str, str]) -> None:
    try:
        taken = checked(wished)
    except InvalidInputError:
        return
    assert set(taken) == set(wished)
    assert all(key_of(actions.by_id()[name], taken) for name in taken)


def test_the_settings_name_keys_with_and_without_quotes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert wished_keys() == {}
    (tmp_path / "bookra").mkdir()
    file = tmp_path / "bookra" / "config.toml"
    file.write_text('tenant = "luna"\n[keys]\n"booking.new" = "b"\nbooking.move = "f5"\n', "utf-8")
    assert wished_keys() == {"booking.new": "b", "booking.move": "f5"}
    file.write_text("[keys]\nbooking.new = 3\n", "utf-8")
    with pytest.raises(InvalidInputError, match=r"booking\.new"):
        wished_keys()


MOVED = {
    "booking.new": "f3",
    "booking.move": "f4",
    "booking.swap": "f5",
    "why": "f6",
    "move.left": "f7",
    "move.hop": "f8",
    "client.find": "f9",
    "client.book": "f10",
    "drawer.open": "f11",
    "money.entries": "f12",
    "ops.letters": "ctrl+e",
    "ops.queues": "ctrl+s",
    "team.hours": "ctrl+y",
    "wish.new": "ctrl+n",
    "go.money": "ctrl+g",
    "lock": "ctrl+l",
}
SAYS = {
    "1": ("f3 Book", "f4 Move", "f6 Why not", "^g Money"),
    "2": ("f9 finds: name", "f9 Find", "f10 Book"),
    "3": ("^n Add", "^g Money"),
    "ctrl+g": ("f12 Entries",),
    "c": ("f11 Drawer",),
    "5": ("^y Hours",),
    "6": ("^e Stuck",),
    "ctrl+e": ("^s Queues",),
}
"""What each screen says of its keys, by the keys that lead there in turn."""


def test_whatever_names_a_key_names_the_one_that_is_bound_now() -> None:
    """All screens with their footers and helps, and two layers, in one sitting."""

    async def play(hand: Hand) -> None:
        for key, said in SAYS.items():
            await hand.press(key)
            assert [text for text in said if text not in hand.text()] == []
            await hand.press("question_mark")
            assert "^g Money" in hand.text()
            await hand.press("escape")
        await hand.press("1", "ctrl+l", "f3")
        assert "Writing is locked; ^l unlocks it" in hand.text()
        await hand.press("ctrl+l")
        hand.app.day_screen.grid.point_to("mia", at(6))
        await hand.press("f3")
        assert "Press f6 to see why" in hand.text()
        hand.goto(next(one.code for one in demo_day()[1].values() if one.status == "confirmed"))
        await hand.press("f4")
        assert "f7 ↑ k ↓ j → l where to" in hand.text()
        await hand.press("escape", "f5")
        assert "f8 goes from booking to booking" in hand.text()
        await hand.press("f8")
        assert "Swap" in hand.text()

    drive(play, size=(160, 48), keys=checked(MOVED))
