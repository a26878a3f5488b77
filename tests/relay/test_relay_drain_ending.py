"""The end of a relay, and of deliveries that never end: nothing is lost or held for ever."""

from __future__ import annotations

from pathlib import Path

import pytest
from factories import Salon
from relay.scripted_routes import (
    DONE,
    Scripted,
    connect,
    deliver,
    draining,
    rows,
    scripted,
    states,
    want,
)
from sqlalchemy import text

from bookra.config import Settings
from bookra.engine.outbox.pruning import prune_aggregates
from bookra.errors import UnavailableError
from bookra.relay.outcome import Outcome

__all__ = ["scripted"]

NAMES = [f"row-{number}" for number in range(12)]
LAPSE = text(
    "UPDATE outbox SET leased_until = now() - interval '1 second', changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND leased_until IS NOT NULL"
)
LINES = text("SELECT count(*) AS n FROM outbox_aggregates WHERE tenant_id = :tenant_id")


@pytest.fixture
def luna(salon: Salon, tmp_path: Path) -> Salon:
    return connect(salon, tmp_path / "key")


def test_what_was_not_begun_is_given_back_uncounted(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    scripted.says = scripted.hang
    want(luna, *NAMES)
    with draining(luna, settings, workers=2) as drain:
        claimed = drain.once()
        assert scripted.under_way.wait(10)
        left = drain.stop(0.05)
        assert len(left) == 1
        assert len(left) < claimed
    by_state = {row.state: row.attempts for row in rows(luna)}
    assert by_state == {"ready": 0, "leased": 1}
    assert sum(row.state == "leased" for row in rows(luna)) == 1


def test_what_is_under_way_is_finished_within_the_grace(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    def slow(_tenant: str, _name: str) -> Outcome:
        scripted.under_way.set()
        scripted.go_on.wait(0.2)
        return DONE

    scripted.says = slow
    want(luna, *NAMES)
    with draining(luna, settings, workers=2) as drain:
        drain.start()
        assert scripted.under_way.wait(10)
        assert drain.stop(20) == []
    assert {(row.state, row.attempts) for row in rows(luna)} <= {("ready", 0)}
    assert sorted(scripted.names()) == sorted(
        row.aggregate.partition(":")[2] for row in rows(luna, "delivered")
    )


def test_a_delivery_past_its_deadline_is_somebody_elses(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    """Its late answer changes nothing, and the place that it held is another's."""
    scripted.says = lambda _tenant, name: scripted.hang() if not scripted.calls else DONE
    hung = ["row-0"]
    want(luna, *hung)
    with draining(luna, settings, deadline_seconds=0.05, workers=1) as drain:
        drain.once()
        assert scripted.under_way.wait(10)
        drain.finish()  # abandoned: nothing is in flight any more
        luna.act(lambda tx: tx.run(LAPSE))
        drain.rescue()
        scripted.says = lambda _tenant, _name: DONE
        drain.once()
        drain.finish()
        assert states(luna) == {}
        scripted.go_on.set()
    delivered = rows(luna, "delivered")
    assert [(row.attempts, row.rescues) for row in delivered] == [(2, 1)]


def test_a_heartbeat_keeps_what_is_under_way(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    scripted.says = scripted.hang
    want(luna, "row-0")
    with draining(luna, settings, lease_seconds=1.0) as drain:
        drain.once()
        assert scripted.under_way.wait(10)
        luna.act(lambda tx: tx.run(LAPSE))
        drain._leases.renew()
        with draining(luna, settings) as other:
            other.rescue()
            assert other.once() == 0
        scripted.go_on.set()
        drain.finish()
    assert scripted.names() == ["row-0"]


def test_lines_that_ended_are_forgotten_and_begin_anew(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    want(luna, *NAMES)
    deliver(luna, settings)
    want(luna, "waits", "row-3")
    forgotten, cursor = luna.act(lambda tx: prune_aggregates(tx, limit=5))
    assert cursor is not None
    while cursor is not None:
        more, cursor = luna.act(lambda tx, after=cursor: prune_aggregates(tx, after, limit=5))
        forgotten += more
    assert forgotten == len(NAMES) - 1
    (left,) = luna.ask(lambda tx: tx.rows(LINES))
    assert left.n == 2
    want(luna, "row-0", "row-0")
    deliver(luna, settings)
    assert states(luna) == {}
    assert scripted.names()[-4:].count("row-0") == 2


class Patience:
    """Stands in for the event that ends a drain: notes how long it is waited for, and ends it."""

    def __init__(self, waits: int) -> None:
        self.waited: list[float] = []
        self._waits = waits

    def is_set(self) -> bool:
        return len(self.waited) >= self._waits

    def set(self) -> None:
        self._waits = 0

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        return self.is_set()


def test_a_database_that_is_away_is_asked_more_and_more_seldom(
    luna: Salon, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> bool:
        raise UnavailableError("database_unavailable", "The database is away")

    with draining(luna, settings) as drain:
        patience = Patience(8)
        monkeypatch.setattr(drain, "_stopping", patience)
        monkeypatch.setattr(drain._claiming, "look", away)
        drain._run()
    assert patience.waited == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0]
