"""Waking up: at once by a notice where notices arrive, by polling where they do not."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from databases import Database
from factories import Salon
from relay.scripted_routes import Scripted, connect, draining, scripted, want
from sqlalchemy import text

from bookra.config import Settings
from bookra.engine.database import open_pool
from bookra.relay import waking
from bookra.relay.waking import Waking

__all__ = ["scripted"]

LISTENERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
)


@pytest.fixture
def luna(salon: Salon, tmp_path: Path) -> Salon:
    return connect(salon, tmp_path / "key")


def until(happened: Callable[[], object], *, within_seconds: float = 20) -> None:
    deadline = time.monotonic() + within_seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def listening(drain: Any) -> None:
    """Wait until notices reach a drain."""
    until(drain._waking.listening.is_set)


def test_a_commit_wakes_the_relay(
    luna: Salon, settings: Settings, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Polling would take longer than the test waits."""
    monkeypatch.setattr("bookra.relay.drain.POLL_SECONDS", 3600.0)
    with draining(luna, settings) as drain:
        drain.start()
        listening(drain)
        want(luna, "first")
        until(lambda: scripted.names() == ["first"])
        want(luna, "second", "third")
        until(lambda: len(scripted.calls) == 3)


def test_what_an_effect_causes_here_wakes_the_relay_too(
    luna: Salon, settings: Settings, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookra.relay.drain.POLL_SECONDS", 3600.0)
    scripted.applies = lambda tx, name: (
        want_in(tx, "caused") if name == "cause" else None  # type: ignore[func-returns-value]
    )
    want(luna, "cause", to="local")
    with draining(luna, settings, listen=False) as drain:
        drain.start()
        until(lambda: scripted.names() == ["caused"])


def want_in(tx: Any, name: str) -> None:
    from relay.scripted_routes import Ping

    from bookra.engine.outbox.emit import emit

    emit(tx, Ping(None, name))


def test_the_next_of_a_line_waits_for_no_poll(
    luna: Salon, settings: Settings, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookra.relay.drain.POLL_SECONDS", 3600.0)
    for _ in range(5):
        want(luna, "one")
    with draining(luna, settings, listen=False) as drain:
        drain.start()
        until(lambda: scripted.names() == ["one"] * 5)


def test_polling_finds_what_no_notice_told_of(
    luna: Salon, settings: Settings, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookra.relay.drain.POLL_SECONDS", 0.02)
    with draining(luna, settings, listen=False) as drain:
        drain.start()
        want(luna, "first")
        until(lambda: scripted.names() == ["first"])


def test_a_session_that_breaks_is_opened_again(
    luna: Salon,
    database: Database,
    settings: Settings,
    scripted: Scripted,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bookra.relay.drain.POLL_SECONDS", 3600.0)
    monkeypatch.setattr(waking, "FIRST_PAUSE_SECONDS", 0.5)  # long enough to be seen
    administrator = open_pool(database.administrator, pooled=False)
    with draining(luna, settings) as drain:
        drain.start()
        listening(drain)
        with administrator.begin() as connection:
            assert connection.execute(LISTENERS).scalar_one()
        until(lambda: not drain._waking.listening.is_set())
        listening(drain)
        want(luna, "first")
        until(lambda: scripted.names() == ["first"])


def test_behind_a_pooler_nobody_listens(luna: Salon) -> None:
    """There the session that a notice would reach is not this one's by then."""
    woken: list[bool] = []
    without = open_pool(luna.database.conninfo, pooled=False)
    asleep = Waking(type(luna.engine)(without), lambda: woken.append(True))
    asleep.start()
    asleep._thread.join(10)
    assert not asleep._thread.is_alive()
    assert woken == []
