"""The edges of an answer: how long to wait, and what may be shown of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.relay.providers.wire import plain, wished_seconds

SENT = "Tue, 24 Nov 2026 13:30:00 GMT"
LATER = "Tue, 24 Nov 2026 13:32:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "999999999"}, 3600),
        ({"Retry-After": LATER, "Date": SENT}, 120),
        ({"Retry-After": SENT, "Date": LATER}, 1),
        ({"Retry-After": LATER}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon", "Date": SENT}, None),
        ({}, None),
    ],
)
def test_a_wish_is_read_within_reason(headers: Mapping[str, str], seconds: float | None) -> None:
    assert wished_seconds(headers) == seconds


@given(st.text(), st.text())
def test_no_header_breaks_the_reading_or_parks_a_row_for_ever(wish: str, date: str) -> None:
    seconds = wished_seconds({"Retry-After": wish, "Date": date})
    assert seconds is None or 1 <= seconds <= 3600


@given(st.text())
def test_what_is_shown_is_short_plain_and_one_line(text: str) -> None:
    shown = plain(text)
    assert len(shown) <= 64
    assert all(letter.isascii() and (letter.isalnum() or letter in "_.:-") for letter in shown)


def test_a_code_is_shown_as_it_is() -> None:
    assert plain("charge_already_refunded") == "charge_already_refunded"


@pytest.mark.parametrize("name", ["httpx", "httpcore"])
def test_addresses_are_not_logged(name: str) -> None:
    assert not logging.getLogger(name).isEnabledFor(logging.INFO)
