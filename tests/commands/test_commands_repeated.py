"""A write that is run again: by its idempotency key it happens once, as a dry run never."""

from __future__ import annotations

from typing import Any

import pytest
from front_desk import Desk
from moments import monday_at

BOOK = ("book", "cut", "--staff", "ana", "--customer", "Rosa Vega", "--at", monday_at("10:00"))

WRITES: list[tuple[str, ...]] = [
    BOOK,
    (*BOOK, "--hold", "10"),
    (*BOOK, "--pay", "cash"),
    ("staff", "add", "eva", "--name", "Eva", "--commission-percent", "30"),
    ("service", "add", "wash", "--name", "Wash", "--minutes", "20", "--price", "12.50"),
    ("customer", "add", "--name", "Emil Berg", "--phone", "+4930901821"),
    ("hours", "set", "ana", "sun 10:00-12:00"),
    ("hours", "except", "ana", monday_at("10:00").partition("T")[0], "closed"),
    ("holiday", "import", "--country", "DE"),
]
ON_A_BOOKING: list[tuple[str, ...]] = [
    ("pay", "{code}", "--cash"),
    ("pay", "{code}", "--cash", "--tip", "2.00"),
    ("booking", "cancel", "{code}"),
    ("booking", "check-in", "{code}"),
]


def prepared(desk: Desk, words: tuple[str, ...]) -> list[str]:
    """Return the words with the code of a booking that is made for them."""
    if "{code}" not in words:
        return list(words)
    code = desk(*BOOK, "--json", check=True).json["code"]
    return [code if word == "{code}" else word for word in words]


@pytest.mark.parametrize("words", [*WRITES, *ON_A_BOOKING], ids=" ".join)
def test_a_write_with_a_key_happens_once_and_answers_the_same(
    desk: Desk, words: tuple[str, ...]
) -> None:
    command = [*prepared(desk, words), "--idempotency-key", "k-1", "--json"]
    first = desk(*command, check=True)
    after = desk.rows()
    again = desk(*command, check=True)
    assert again.json == first.json
    assert desk.rows() == after


@pytest.mark.parametrize("words", [*WRITES, *ON_A_BOOKING], ids=" ".join)
def test_a_dry_run_answers_as_the_write_would_and_writes_nothing(
    desk: Desk, words: tuple[str, ...]
) -> None:
    command = [*prepared(desk, words), "--json"]
    before = desk.rows()
    dry = desk(*command, "--dry-run", "--idempotency-key", "k-1", check=True)
    assert desk.rows() == before
    real = desk(*command, "--idempotency-key", "k-1", check=True)
    assert shape(dry.json) == shape(real.json)
    assert desk.rows() != before


def test_a_key_that_was_used_for_something_else_is_refused(desk: Desk) -> None:
    desk(*BOOK, "--idempotency-key", "k-1", check=True)
    after = desk.rows()
    other = (*BOOK[:-1], monday_at("12:00"), "--idempotency-key", "k-1", "--json")
    assert (desk(*other).code, desk(*other).error["code"]) == (4, "key_reused")
    command = ("customer", "add", "--name", "Emil Berg", "--idempotency-key", "k-1", "--json")
    assert desk(*command).error["code"] == "key_reused"
    assert desk.rows() == after


def test_a_key_of_a_refused_write_may_be_used_again(desk: Desk) -> None:
    closed = (*BOOK[:-1], monday_at("20:00"), "--idempotency-key", "k-1")
    assert desk(*closed).code == 4
    desk(*BOOK, "--idempotency-key", "k-1", check=True)


def test_a_provider_is_set_once_by_its_key_and_other_settings_are_refused(desk: Desk) -> None:
    words = ("tenant", "provider", "set", "stripe", "--sandbox", "--json", "--idempotency-key")
    first = desk(*words, "k-1", "--platform-fee-percent", "1", check=True).json
    assert desk(*words, "k-1", "--platform-fee-percent", "1", check=True).json == first
    refused = desk(*words, "k-1", "--platform-fee-percent", "2")
    assert (refused.code, refused.error["code"]) == (4, "key_reused")


def test_a_provider_whose_fee_changes_keeps_its_account(desk: Desk) -> None:
    words = ("tenant", "provider", "set", "stripe", "--sandbox", "--json")
    first = desk(*words, "--platform-fee-percent", "1", check=True).json
    changed = desk(*words, "--platform-fee-percent", "2", check=True).json
    assert changed["config"] == {**first["config"], "platform_fee_percent": "2"}


def shape(document: Any) -> Any:
    """Return a document's keys and kinds: ids and codes differ from run to run."""
    if isinstance(document, dict):
        return {name: shape(value) for name, value in document.items()}
    if isinstance(document, list):
        return [shape(value) for value in document]
    return type(document)
