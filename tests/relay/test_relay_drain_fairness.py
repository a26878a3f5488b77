"""Turns and shares: what hangs, floods or is limited delays nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from databases import Database
from factories import Salon, open_salon
from relay.scripted_routes import DONE, Scripted, connect, deliver, draining, scripted, want
from sqlalchemy import Engine as Pool

from bookra.config import Settings
from bookra.engine.outbox.looking import pairs_with_work
from bookra.relay.limits import Limits
from bookra.relay.outcome import Outcome

__all__ = ["scripted"]

FLOOD = [f"flood-{number}" for number in range(40)]


@pytest.fixture
def luna(salon: Salon, tmp_path: Path) -> Salon:
    return connect(salon, tmp_path / "key")


@pytest.fixture
def sol(luna: Salon, database: Database, pool: Pool, tmp_path: Path) -> Salon:
    """Another salon, whose rows are written first in each test."""
    return connect(open_salon(database, pool, "sol"), tmp_path / "key")


def test_a_tenant_that_hangs_at_a_provider_delays_no_other_there(
    luna: Salon, sol: Salon, settings: Settings, scripted: Scripted
) -> None:
    scripted.says = lambda tenant, name: scripted.hang() if tenant == "sol" else DONE
    want(sol, *FLOOD)
    want(luna, *FLOOD)
    with draining(luna, settings, workers=4) as drain:
        drain.once()
        assert sorted(scripted.names("luna")) == sorted(FLOOD)
        assert scripted.names("sol") == []
        scripted.go_on.set()
        drain.once()
        drain.finish()
    assert sorted(scripted.names("sol")) == sorted(FLOOD)


def test_a_provider_that_hangs_delays_no_other_provider(
    luna: Salon, sol: Salon, settings: Settings, scripted: Scripted
) -> None:
    scripted.says = lambda _tenant, name: scripted.hang() if "flood" in name else DONE
    for salon in (sol, luna):
        want(salon, *FLOOD)
        want(salon, "link", to="stripe")
        want(salon, "message", to="whatsapp")
    with draining(luna, settings, workers=2) as drain:
        drain.once()
        assert sorted(scripted.names("luna")) == ["link", "message"]
        assert sorted(scripted.names("sol")) == ["link", "message"]
        scripted.go_on.set()
        drain.finish()


def test_tenants_take_turns_whoever_came_first(
    luna: Salon, sol: Salon, settings: Settings, scripted: Scripted
) -> None:
    want(sol, *FLOOD)
    want(luna, "one", "two")
    deliver(luna, settings, workers=2)
    order = [tenant for tenant, _ in scripted.calls]
    assert len(order) == 42
    assert max(place for place, tenant in enumerate(order) if tenant == "luna") < 21


def test_no_more_is_claimed_than_can_begin_soon(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    scripted.says = scripted.hang
    want(luna, *FLOOD)
    with draining(luna, settings, workers=4) as drain:
        assert 1 <= drain.once() <= 4
        scripted.go_on.set()
        drain.finish()


def test_a_rate_bounds_what_is_claimed_and_loses_nothing(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    want(luna, *FLOOD)
    with draining(luna, settings, calls_per_second={"google": 25.0}) as drain:
        drain.once()
        drain.finish()
    assert sorted(scripted.names()) == sorted(FLOOD)


def test_an_account_may_say_how_often_it_is_asked(
    luna: Salon, tmp_path: Path, scripted: Scripted
) -> None:
    connect(luna, tmp_path / "key", calls_per_second="3.5")
    want(luna, "one")
    (due,) = luna.engine.across_tenants(pairs_with_work)
    assert due.calls_per_second == 3.5
    connect(luna, tmp_path / "key", calls_per_second="as you like")
    (due,) = luna.engine.across_tenants(pairs_with_work)
    assert due.calls_per_second is None


def test_a_bucket_holds_a_second_and_fills_by_the_clock() -> None:
    now = [0.0]
    limits = Limits({"google": 5.0}, clock=lambda: now[0])
    pair, other = ("luna", "google"), ("sol", "google")
    assert limits.take(pair, 100) == 5
    assert limits.take(pair, 1) == 0
    assert limits.wait_seconds(pair) == pytest.approx(0.2)
    assert limits.take(other, 3) == 3
    now[0] += 0.4
    assert limits.take(pair, 100) == 2
    limits.give_back(pair, 2)
    assert limits.take(pair, 100) == 2
    now[0] += 60
    assert limits.take(pair, 100) == 5
    assert limits.take(("luna", "stripe"), 100) == 100
    limits.set(pair, 0.5)
    now[0] += 60
    assert limits.take(pair, 100) == 1


def test_a_slow_delivery_leaves_its_place_to_others(
    luna: Salon,
    sol: Salon,
    settings: Settings,
    scripted: Scripted,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both workers hang for one tenant each; a third tenant finds another."""
    monkeypatch.setattr("bookra.relay.lanes.SLOW_SECONDS", 0.05)
    monkeypatch.setattr("bookra.relay.leases.LOOK_SECONDS", 0.02)

    def says(tenant: str, name: str) -> Outcome:
        return scripted.hang() if "flood" in name else DONE

    scripted.says = says
    want(sol, *FLOOD[:8])
    want(luna, *FLOOD[:8])
    ana = connect(open_salon(luna.database, luna.pool, "ana"), settings.key_file)
    with draining(luna, settings, workers=2) as drain:
        drain.once()
        want(ana, "late")
        while not scripted.names("ana"):
            drain.once()
        assert scripted.names("sol") == scripted.names("luna") == []
        scripted.go_on.set()
        drain.finish()
