"""Names from the database can't steer the terminal, and take the cells they are given."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bookra.money import Money
from bookra.tui.amounts import amount, due_mark, rounded
from bookra.tui.glyphs import ASCII, UNICODE, WORDS, word
from bookra.tui.text import clean, fit, fit_name, pad, spell_minutes


@given(st.text())
def test_cleaned_text_holds_nothing_that_steers_a_terminal(text: str) -> None:
    steering = {"Cc", "Cf", "Cs", "Co", "Cn", "Me", "Zl", "Zp"}
    assert not [c for c in clean(text) if unicodedata.category(c) in steering]


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("Ana\x1b[2J\x1b[31m Moreira", "Ana[2J[31m Moreira"),
        ("Ana\nMoreira", "Ana Moreira"),
        ("Ana\u202e ariroM", "Ana ariroM"),
        ("\u200bAna\ufeff", "Ana"),
        ("👩🏽\u200d🦰 Ana", "👩🦰 Ana"),
        ("A\u0301\u0301\u0301\u0301\u0301na", "Á\u0301\u0301na"),
        ("  Ana   Moreira  ", "Ana   Moreira"),
    ],
)
def test_hostile_names_are_made_harmless(hostile: str, shown: str) -> None:
    assert clean(hostile) == unicodedata.normalize("NFC", shown)


@given(st.text(max_size=120), st.integers(0, 60))
def test_a_padded_text_has_exactly_its_cells(text: str, cells: int) -> None:
    assert cell_len(pad(clean(text), cells)) == cells


@given(st.text(max_size=120), st.integers(0, 60))
def test_a_fitted_text_never_takes_more_than_its_cells(text: str, cells: int) -> None:
    assert cell_len(fit(clean(text), cells)) <= cells
    assert cell_len(fit_name(clean(text), cells)) <= cells


@pytest.mark.parametrize(
    ("cells", "shown"),
    [(10, "Hanna Weiß"), (8, "Hanna W."), (6, "Hanna"), (5, "Hanna"), (4, "Han…")],
)
def test_a_name_shortens_by_words(cells: int, shown: str) -> None:
    assert fit_name("Hanna Weiß", cells) == shown


@pytest.mark.parametrize(
    ("minutes", "spelt"), [(5, "5m"), (60, "1h"), (75, "1h15"), (605, "10h05")]
)
def test_lengths_of_time_are_spelt_short(minutes: int, spelt: str) -> None:
    assert spell_minutes(minutes) == spelt


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_every_sign_takes_one_cell(glyphs: object) -> None:
    signs = [getattr(glyphs, name) for name in glyphs.__dataclass_fields__]  # type: ignore[attr-defined]
    single = [s for s in signs if isinstance(s, str) and s not in ("⏎", "Enter", "↑↓", "Up/Dn")]
    characters = [c for sign in single for c in sign]
    characters += list(glyphs.states.values())  # type: ignore[attr-defined]
    assert {cell_len(c) for c in characters} == {1}


def test_the_ascii_set_is_ascii() -> None:
    signs = "".join(str(getattr(ASCII, name)) for name in ASCII.__dataclass_fields__)
    assert signs.isascii()


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_states_that_still_matter_look_different(glyphs: object) -> None:
    states = glyphs.states  # type: ignore[attr-defined]
    assert set(states) == set(WORDS)
    alive = [states[s] for s in WORDS if s not in ("cancelled", "late_cancelled")]
    assert len(set(alive)) == len(alive)


def test_a_state_not_heard_of_is_still_shown() -> None:
    assert UNICODE.state("sent_to_moon") == "?"
    assert word("sent_to_moon") == "Sent to moon"


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (Money(120450, "GBP"), "£1,204.50"),
        (Money(-900, "EUR"), "-€9.00"),
        (Money(1200, "JPY"), "¥1,200"),
        (Money(4500, "CHF"), "CHF 45.00"),
        (Money(1250, "KWD"), "KWD 1.250"),
    ],
)
def test_money_is_written_with_its_sign_and_all_places(money: Money, shown: str) -> None:
    assert amount(money) == shown


def test_money_without_pence_is_shorter_where_room_is_scarce() -> None:
    assert rounded(Money(120400, "GBP")) == "£1,204"
    assert rounded(Money(120450, "GBP")) == "£1,204.50"


def test_the_due_mark_takes_one_cell_in_any_currency() -> None:
    for currency in ("GBP", "EUR", "CHF", "PLN", "BRL", "KWD"):
        assert cell_len(due_mark(currency)) == 1
        assert due_mark(currency, ascii_only=True).isascii()
