"""What a relay says of itself: metrics for a collector, health for a supervisor."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from connected import Connected
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import create_engine, text
from trusting import NOBODY

from bookra.engine.outbox.gauges import gauges
from bookra.engine.runtime import Engine
from bookra.ids import new_id
from bookra.relay import metrics
from bookra.relay.health import BEHIND_SECONDS, STILL_SECONDS, Health

LATE = text(
    "UPDATE outbox SET due_at = now() - interval '2 minutes', changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND destination = 'google'"
)
PARKED = text(
    """
    INSERT INTO breakers (tenant_id, id, destination, state, why, changed_at)
    VALUES (:tenant_id, :id, 'google', 'parked', 'invalid_grant', now())
    """
)


@pytest.fixture(autouse=True)
def uncounted() -> Iterator[None]:
    """Each test counts from nothing."""
    metrics.switch_off()
    yield
    metrics.switch_off()


@pytest.fixture
def health(luna: Connected) -> Iterator[Health]:
    """The health of a relay on the salon's database."""
    served = Health(luna.salon.engine, "127.0.0.1:0")
    served.start()
    yield served
    served.stop()


def asked(health: Health, path: str) -> httpx.Response:
    """Ask a relay's health."""
    return httpx.get(f"{health.url}{path}", trust_env=False, verify=NOBODY)


def samples(health: Health) -> dict[tuple[str, tuple[str, ...]], float]:
    """Return what is scraped, by name and the values of its labels."""
    answer = asked(health, "/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_what_was_counted_is_scraped(health: Health) -> None:
    metrics.claimed(3, 0.002)
    metrics.settled("calendar.upsert", "google", "delivered", 0.2)
    metrics.settled("calendar.upsert", "google", "retry", 0.3)
    metrics.called("google", 0.1)
    metrics.stale()
    metrics.rescued(2)
    metrics.tick("drain", True, 0.01)
    metrics.tick("poll", False, 0.01)
    metrics.webhook("stripe", 400)
    found = samples(health)
    expected = {
        ("bookra_outbox_claimed_total", ()): 3,
        ("bookra_outbox_claim_seconds_count", ()): 1,
        ("bookra_outbox_deliveries_total", ("google", "delivered", "calendar.upsert")): 1,
        ("bookra_outbox_deliveries_total", ("google", "retry", "calendar.upsert")): 1,
        ("bookra_outbox_settle_seconds_count", ("google",)): 2,
        ("bookra_provider_call_seconds_count", ("google",)): 1,
        ("bookra_outbox_stale_settles_total", ()): 1,
        ("bookra_outbox_rescued_total", ()): 2,
        ("bookra_relay_ticks_total", ("drain", "ok")): 1,
        ("bookra_relay_ticks_total", ("poll", "failed")): 1,
        ("bookra_webhooks_total", ("stripe", "400")): 1,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert found["bookra_relay_last_tick_timestamp_seconds", ("drain",)] > 1.7e9


def test_what_waits_is_scraped_by_destination_and_business(luna: Connected, health: Health) -> None:
    luna.book()
    luna.salon.act(lambda tx: tx.run(LATE))
    found = samples(health)
    assert found["bookra_outbox_rows", ("google", "ready")] == 1
    assert found["bookra_outbox_rows", ("google", "dead")] == 0
    assert found["bookra_outbox_due", ("google",)] == 1
    assert found["bookra_outbox_oldest_due_seconds", ("google",)] >= 120
    assert found["bookra_tenant_lag_seconds", ("luna",)] >= 120
    assert found["bookra_database_up", ()] == 1
    for name in ("outbox_dead_tuples", "outbox_bytes", "oldest_snapshot_transactions"):
        assert found[f"bookra_{name}", ()] >= 0
    personal = asked(health, "/metrics").text
    assert "Rosa" not in personal


def test_what_a_breaker_holds_back_is_held_and_not_late(luna: Connected) -> None:
    """A provider's outage must not have a relay restarted that does all it can."""
    luna.book()
    luna.salon.act(lambda tx: (tx.run(LATE), tx.run(PARKED, id=new_id())))
    read = luna.salon.engine.across_tenants(gauges)
    (google,) = [each for each in read.waiting if each.destination == "google"]
    assert (google.due, google.held) == (1, 1)
    assert read.oldest_seconds < BEHIND_SECONDS
    assert read.breakers == {("google", "parked"): 1}
    metrics.tick("drain", True, 0.0)
    assert Health(luna.salon.engine, "127.0.0.1:0").ready().ok


def test_it_is_ready_while_it_moves_and_keeps_up(luna: Connected, health: Health) -> None:
    metrics.tick("drain", True, 0.0)
    assert asked(health, "/live").json()["ok"] is True
    told = asked(health, "/ready").json()
    assert told.pop("since_tick_seconds") >= 0
    assert told == {"ok": True, "database": True, "oldest_due_seconds": 0.0}
    luna.book()
    luna.salon.act(lambda tx: tx.run(LATE))
    behind = Health(luna.salon.engine, "127.0.0.1:0").ready()
    assert not behind.ok
    assert behind.figures["oldest_due_seconds"] >= 120


def test_a_loop_that_stands_still_is_not_alive(
    health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert health.live().ok  # it has just begun
    metrics.tick("drain", True, 0.0)
    monkeypatch.setattr(metrics, "since_tick_seconds", lambda: STILL_SECONDS + 1)
    for path in ("/live", "/ready"):
        answer = asked(health, path)
        assert (answer.status_code, answer.json()["ok"]) == (503, False)


def test_one_loop_that_stands_still_is_enough(
    luna: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = [1000.0]
    monkeypatch.setattr(metrics, "time", SimpleNamespace(monotonic=lambda: moment[0]))
    for _ in range(10):
        metrics.tick("tick", True, 0.0)
        moment[0] += STILL_SECONDS / 3
    metrics.moved("claim")
    assert Health(luna.salon.engine, "127.0.0.1:0").live().ok
    moment[0] += STILL_SECONDS + 1
    metrics.tick("tick", True, 0.0)
    assert not Health(luna.salon.engine, "127.0.0.1:0").live().ok


def test_without_its_database_it_lives_and_is_not_ready() -> None:
    nowhere = create_engine(
        "postgresql+psycopg://bookra@127.0.0.1:1/none", connect_args={"connect_timeout": 1}
    )
    cut_off = Health(Engine(nowhere), "127.0.0.1:0")
    cut_off.start()
    metrics.tick("drain", True, 0.0)
    try:
        assert asked(cut_off, "/live").status_code == 200
        answer = asked(cut_off, "/ready")
        assert (answer.status_code, answer.json()["database"]) == (503, False)
        assert "bookra_database_up 0.0" in asked(cut_off, "/metrics").text
    finally:
        cut_off.stop()


def test_the_database_is_asked_at_most_once_a_second(
    luna: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for: list[Any] = []
    across = Engine.across_tenants

    def counting(self: Engine, work: Any, **given: Any) -> Any:
        asked_for.append(work)
        return across(self, work, **given)

    moment = [1000.0]
    monkeypatch.setattr(Engine, "across_tenants", counting)
    monkeypatch.setattr("bookra.relay.health.time", SimpleNamespace(monotonic=lambda: moment[0]))
    served = Health(luna.salon.engine, "127.0.0.1:0")
    for after_seconds, times in ((0.0, 1), (0.9, 1), (0.2, 2), (0.5, 2), (0.6, 3)):
        moment[0] += after_seconds
        served.ready()
        served.ready()
        assert len(asked_for) == times


def test_it_answers_nothing_else(health: Health) -> None:
    for path in ("/", "/metrics/", "/live/x", "/stripe/luna"):
        answer = asked(health, path)
        assert (answer.status_code, answer.text) == (404, "")
    assert httpx.post(f"{health.url}/metrics", trust_env=False, verify=NOBODY).status_code == 404


def test_nothing_is_loaded_before_metrics_are_switched_on() -> None:
    program = (
        "import sys; from bookra.relay import daemon, metrics;"
        "metrics.claimed(1); metrics.settled('t', 'd', 'o', 1.0); metrics.tick('j', True, 0.1);"
        "metrics.webhook('stripe', 200); metrics.stale(); metrics.rescued(1);"
        "assert metrics.since_tick_seconds() < 60;"
        "sys.exit('prometheus_client' in sys.modules or 'waitress' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
