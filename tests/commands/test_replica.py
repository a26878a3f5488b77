"""Reports from a standby that streams from the primary: when it answers, and when it may not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from front_desk import Desk, Shop, open_shop
from replicated import Pair, pair

from bookra.engine.database import open_pool

REPORTS = (
    ("report", "revenue"),
    ("ledger", "accounts"),
    ("ledger", "verify"),
    ("ledger", "export"),
    ("commission", "statement", "ana"),
)


@pytest.fixture(scope="module")
def streaming() -> Iterator[Pair]:
    """A primary and its standby."""
    with pair() as found:
        yield found


@pytest.fixture(scope="module")
def replicated(streaming: Pair, shared_home: Path) -> Iterator[Shop]:
    """A salon on the primary."""
    pool = open_pool(streaming.database.conninfo)
    yield open_shop(shared_home, streaming.database, pool)
    pool.dispose()


@pytest.fixture
def desk(
    replicated: Shop,
    streaming: Pair,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Desk:
    monkeypatch.setenv("BOOKRA_REPLICA_URL", streaming.url(streaming.standby))
    return Desk(replicated, monkeypatch, capsys)


def paid(desk: Desk) -> str:
    """Book and pay in cash; return the booking's code."""
    at = desk("slots", "cut", "--staff", "ana", "--from", "tomorrow", "--limit", "1", "--json")
    made = ("book", "cut", "--staff", "ana", "--at", at.json[0]["start"], "--customer", "Rosa Vega")
    return str(desk(*made, "--pay", "cash", "--json", check=True).json["code"])


def answered_by(pair: Pair, home: Path) -> int:
    """Count the transactions that a server has finished in the database."""
    with pair.session(home) as session:
        session.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        row = session.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = 'bookra'"
        ).fetchone()
        return int((row or (0,))[0])


def test_a_report_sees_what_was_just_written_and_comes_from_the_standby(
    desk: Desk, streaming: Pair
) -> None:
    code = paid(desk)
    for words in (*REPORTS, ("explain", code)):
        before = answered_by(streaming, streaming.standby)
        ran = desk(*words, check=True)
        assert "replica" not in ran.stderr
        assert answered_by(streaming, streaming.standby) > before, words
    revenue = desk("report", "revenue", "--json", check=True).json
    assert revenue["total"]["bookings"] >= 1
    assert desk("explain", code, "--json", check=True).json


def test_writes_and_the_desk_never_go_to_the_standby(desk: Desk, streaming: Pair) -> None:
    streaming.pause(paused=True)
    try:
        code = paid(desk)
        assert desk("booking", "show", code, "--json", check=True).json["code"] == code
        assert code in desk("day", "tomorrow", "--json", check=True).stdout
    finally:
        streaming.pause(paused=False)


def test_one_that_is_too_far_behind_is_left_out_with_a_remark(desk: Desk, streaming: Pair) -> None:
    streaming.pause(paused=True)
    try:
        code = paid(desk)
        ran = desk("explain", code, check=True, BOOKRA_REPLICA_LAG="0")
        assert "The replica is" in ran.stderr
        assert "the primary answers" in ran.stderr
        late = desk("explain", code, "--json", BOOKRA_REPLICA_LAG="3600")
        assert (late.code, late.error["code"]) == (3, "nothing_named")
    finally:
        streaming.pause(paused=False)


@pytest.mark.parametrize(
    ("which", "why"),
    [("primary", "is no standby"), ("nobody", "does not answer")],
)
def test_what_is_no_standby_or_not_there_is_left_out_with_a_remark(
    desk: Desk, streaming: Pair, which: str, why: str
) -> None:
    url = "postgresql://bookra@/bookra?host=/nowhere"
    if which == "primary":
        url = streaming.url(streaming.primary)
    ran = desk("report", "revenue", check=True, BOOKRA_REPLICA_URL=url)
    assert f"The replica {why}" in ran.stderr


def test_a_password_of_the_replica_is_not_shown(desk: Desk) -> None:
    url = "postgresql://ana:s3cret@db.example/bookra"
    shown = desk("config", "show", "--json", check=True, BOOKRA_REPLICA_URL=url)
    assert "db.example" in shown.stdout
    assert "s3cret" not in shown.stdout
