"""When an account is read next, by moments that the test gives."""

from __future__ import annotations

import pytest

from bookra.relay.turns import Turns


@pytest.fixture
def turns() -> Turns:
    """The turns of luna and sol, polled each two seconds, with all of the jitter."""
    made = Turns(2.0, draw=lambda: 1.0)
    made.known([("luna", 1), ("sol", 1)])
    return made


def pauses(turns: Turns, slug: str, count: int, *, start: float, **ended: object) -> list[float]:
    """Let ``count`` turns of a business end one after another; return the pauses between them."""
    found, now = [], start
    for _ in range(count):
        turns.ended(slug, now, **{"found": 0, "awaited": False, **ended})  # type: ignore[arg-type]
        begun = now
        while slug not in turns.due(now):
            now += 0.5
        found.append(now - begun)
    return found


def test_who_was_never_read_is_due_at_once_and_who_waits_longest_comes_first(turns: Turns) -> None:
    assert turns.due(0.0) == ["luna", "sol"]
    turns.ended("luna", 0.0, found=0, awaited=False)
    assert turns.due(0.0) == ["sol"]
    turns.ended("sol", 1.0, found=0, awaited=False)
    assert turns.due(100.0) == ["luna", "sol"]


def test_a_quiet_account_is_asked_less_and_less_often(turns: Turns) -> None:
    # Half a pause early is in time, for a caller who comes each two seconds.
    assert pauses(turns, "luna", 5, start=1000.0) == [3.0, 7.0, 14.0, 14.0, 14.0]


def test_news_and_an_open_page_bring_the_shortest_pause_back(turns: Turns) -> None:
    pauses(turns, "luna", 5, start=1000.0)
    assert pauses(turns, "luna", 2, start=2000.0, awaited=True) == [1.0, 1.0]
    turns.ended("luna", 3000.0, found=1, awaited=False)
    assert pauses(turns, "luna", 2, start=3002.0) == [1.0, 1.0]


def test_where_webhooks_flow_polling_is_rare_even_while_a_page_is_open(turns: Turns) -> None:
    turns.told("luna", 1000.0)
    assert pauses(turns, "luna", 7, start=1000.0, awaited=True)[-1] == 59.0
    assert pauses(turns, "luna", 1, start=5000.0, awaited=True) == [1.0]


def test_an_account_that_does_not_answer_is_asked_within_minutes(turns: Turns) -> None:
    for _ in range(30):
        turns.failed("luna", 1000.0, refused=False)
    assert "luna" not in turns.due(1298.0)
    assert "luna" in turns.due(1300.0)
    assert turns.sound(1000.0) == ["sol"]


def test_an_account_that_refuses_its_token_is_asked_hourly_until_it_is_set_anew(
    turns: Turns,
) -> None:
    turns.failed("luna", 1000.0, refused=True)
    assert "luna" not in turns.due(1050.0)
    for _ in range(30):
        turns.failed("luna", 1000.0, refused=True)
    assert "luna" not in turns.due(4590.0)
    assert "luna" in turns.due(4600.0)
    turns.known([("luna", 1), ("sol", 1)])
    assert turns.troubled("luna")
    turns.known([("luna", 2), ("sol", 1)])
    assert not turns.troubled("luna")
    assert "luna" in turns.due(1000.0)


def test_who_is_no_longer_connected_is_never_due(turns: Turns) -> None:
    turns.known([("sol", 1)])
    assert turns.due(0.0) == ["sol"]


def test_trouble_that_is_over_is_forgotten(turns: Turns) -> None:
    for _ in range(5):
        turns.failed("luna", 1000.0, refused=True)
    turns.ended("luna", 2000.0, found=1, awaited=False)
    assert not turns.troubled("luna")
    assert "luna" in turns.due(2002.0)
