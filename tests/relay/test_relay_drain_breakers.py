"""Breakers: what fails is left alone for a while, for its tenant, and found again by one trial."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from databases import Database
from factories import Salon, open_salon
from relay.scripted_routes import (
    DONE,
    Scripted,
    connect,
    deliver,
    draining,
    hurry,
    rows,
    scripted,
    states,
    want,
)
from sqlalchemy import Engine as Pool
from sqlalchemy import text

from bookra.config import Settings
from bookra.engine.outbox import breakers, inspect
from bookra.engine.outbox.breakers import Breaker
from bookra.engine.outbox.queue import Claimed
from bookra.engine.tenancy.providers import set_state
from bookra.ids import new_id
from bookra.relay.carrying import Carried
from bookra.relay.outcome import ACCOUNT, TRANSIENT, Retry
from bookra.relay.trouble import Trouble

__all__ = ["scripted"]

DOWN = Retry("503", TRANSIENT, after_seconds=60)
REVOKED = Retry("401", ACCOUNT)
NAMES = [f"row-{number}" for number in range(8)]
TIME_IS_OVER = text(
    "UPDATE breakers SET changed_at = changed_at - interval '1 hour', changed_by = session_user,"
    " until = until - interval '1 hour' WHERE tenant_id = :tenant_id"
)
ACCOUNTS = text(
    "SELECT provider, state, state_why FROM provider_accounts WHERE tenant_id = :tenant_id"
)


@pytest.fixture
def luna(salon: Salon, tmp_path: Path) -> Salon:
    return connect(salon, tmp_path / "key")


def breaker(salon: Salon, destination: str = "google") -> Breaker | None:
    found = {one.destination: one for one in salon.ask(breakers.breakers)}
    return found.get(destination)


def state(salon: Salon) -> str | None:
    found = breaker(salon)
    return found.state if found else None


def accounts(salon: Salon) -> dict[str, tuple[str, str]]:
    return {
        row.provider: (row.state, row.state_why) for row in salon.ask(lambda tx: tx.rows(ACCOUNTS))
    }


def opened(luna: Salon, settings: Settings, scripted: Scripted) -> None:
    """Let five deliveries fail in a row."""
    scripted.says = lambda _tenant, _name: DOWN
    want(luna, *NAMES[:5])
    deliver(luna, settings, workers=1)
    assert state(luna) == "open"


def test_five_failures_in_a_row_open_it_and_nothing_goes_there(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    scripted.says = lambda _tenant, _name: DOWN
    want(luna, *NAMES[:4])
    deliver(luna, settings)
    assert state(luna) is None
    scripted.says = lambda _tenant, _name: DONE
    hurry(luna)
    deliver(luna, settings)
    opened(luna, settings, scripted)
    tried = len(scripted.calls)
    want(luna, "later")
    want(luna, "elsewhere", to="stripe")
    hurry(luna)
    scripted.says = lambda _tenant, _name: DONE
    deliver(luna, settings)
    assert scripted.names()[tried:] == ["elsewhere"]
    assert luna.engine.across_tenants(breakers.blocked) == {("luna", "google")}


def test_one_row_tries_when_its_time_is_over_and_opens_it_for_longer(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    opened(luna, settings, scripted)
    tried, first = len(scripted.calls), breaker(luna)
    hurry(luna)
    luna.act(lambda tx: tx.run(TIME_IS_OVER))
    deliver(luna, settings)
    again = breaker(luna)
    assert len(scripted.calls) == tried + 1
    assert first is not None
    assert again is not None
    assert (again.state, again.openings) == ("open", 2)
    assert first.until is not None
    assert again.until is not None
    assert again.until - again.changed_at > (first.until - first.changed_at) * 1.9


def test_one_row_that_gets_through_closes_it_for_all(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    opened(luna, settings, scripted)
    hurry(luna)
    luna.act(lambda tx: tx.run(TIME_IS_OVER))
    scripted.says = lambda _tenant, _name: DONE
    deliver(luna, settings)
    assert state(luna) == "closed"
    deliver(luna, settings)
    assert states(luna) == {}


def test_two_relays_have_one_trial_between_them(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    opened(luna, settings, scripted)
    tried = len(scripted.calls)
    hurry(luna)
    luna.act(lambda tx: tx.run(TIME_IS_OVER))
    scripted.says = scripted.hang
    with draining(luna, settings) as one, draining(luna, settings) as other:
        one.once()
        assert scripted.under_way.wait(10)
        assert other.once() == 0
        assert state(luna) == "probing"
        scripted.go_on.set()
        one.finish()
    assert len(scripted.calls) == tried + 1
    assert state(luna) == "closed"


def test_access_that_was_refused_parks_that_destination_and_tells_the_tenant(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    scripted.says = lambda _tenant, _name: REVOKED
    want(luna, *NAMES)
    deliver(luna, settings, workers=1)
    assert state(luna) == "parked"
    assert accounts(luna)["google"] == ("refused", "401")
    assert accounts(luna)["stripe"] == ("active", "")
    assert {row.state for row in rows(luna)} == {"ready"}
    tried = len(scripted.calls)
    want(luna, "later")
    deliver(luna, settings)
    assert len(scripted.calls) == tried


def test_an_account_that_is_not_opened_yet_is_not_opened_by_an_answer(luna: Salon) -> None:
    luna.act(lambda tx: set_state(tx, "stripe", "pending", "details_needed"))
    luna.act(lambda tx: breakers.failed(tx, "stripe", ACCOUNT, "401"))
    assert accounts(luna)["stripe"] == ("pending", "details_needed")
    luna.act(lambda tx: breakers.succeeded(tx, "stripe"))
    assert accounts(luna)["stripe"] == ("pending", "details_needed")


@pytest.mark.parametrize("mended", ["set again", "resumed", "by itself"])
def test_what_was_parked_goes_on_at_once_when_it_is_mended(
    luna: Salon, settings: Settings, scripted: Scripted, tmp_path: Path, mended: str
) -> None:
    scripted.says = lambda _tenant, _name: REVOKED
    want(luna, *NAMES)
    deliver(luna, settings)
    scripted.says = lambda _tenant, _name: DONE
    if mended == "set again":
        connect(luna, tmp_path / "key")
    elif mended == "resumed":
        assert luna.act(lambda tx: breakers.close(tx, "google"))
    else:
        luna.act(lambda tx: tx.run(TIME_IS_OVER))
        deliver(luna, settings)
    deliver(luna, settings)
    assert states(luna) == {}
    assert state(luna) == "closed"
    if mended != "resumed":
        assert accounts(luna)["google"] == ("active", "")


def test_a_row_that_a_person_retries_is_tried_whatever_was_held_back(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    opened(luna, settings, scripted)
    scripted.says = lambda _tenant, _name: DONE
    first = rows(luna)[0]
    luna.act(lambda tx: inspect.retry(tx, first.id))
    deliver(luna, settings)
    assert first.id not in {row.id for row in rows(luna)}


def test_trouble_of_one_tenant_holds_back_no_other(
    luna: Salon,
    database: Database,
    pool: Pool,
    tmp_path: Path,
    settings: Settings,
    scripted: Scripted,
) -> None:
    sol = connect(open_salon(database, pool, "sol"), tmp_path / "key")
    opened(luna, settings, scripted)
    scripted.says = lambda _tenant, _name: DONE
    want(sol, *NAMES)
    deliver(luna, settings)
    assert sorted(scripted.names("sol")) == NAMES


def test_a_provider_that_fails_most_of_its_tenants_is_ill() -> None:
    trouble = Trouble()

    def note(tenant: str, *, says: bool) -> None:
        trouble.count([Carried(_claimed(tenant), DONE if says else DOWN, says)])

    for tenant in ("ana", "ben", "cleo"):
        assert not trouble.ill("google")
        for _ in range(3):
            note(tenant, says=False)
    assert trouble.ill("google")
    assert not trouble.ill("stripe")
    for tenant in ("dora", "emil", "fay"):
        note(tenant, says=True)
    assert not trouble.ill("google")


def _claimed(tenant: str) -> Claimed:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return Claimed(
        tenant, new_id(), "google", "ping:1", "test.google", 1, {}, 1, 1, 1, at, at, at, 0.0
    )
