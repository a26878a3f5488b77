"""Ticks, the lead and the end of a relay: what must go on, and what must be noticed."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable

import pytest
from command_line import CommandLine
from connected import Connected
from databases import Database
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from bookra.engine.database import open_pool
from bookra.engine.outbox import breakers
from bookra.engine.runtime import Engine
from bookra.engine.schedules import leading, ticks
from bookra.engine.schedules.ticks import Tick
from bookra.errors import UnavailableError
from bookra.ids import new_id
from bookra.relay import daemon
from bookra.relay.daemon import Relay, RelayOptions
from bookra.relay.jobs.job import Job
from bookra.relay.leadership import Leadership
from bookra.relay.ticking import Ticking

JOBS = {"poll", "sweep", "waitlist", "reminders", "calendars", "schedules", "days"}
LAPSE = text("UPDATE relay_leases SET until = now() - interval '1 second'")


def until(holds: Callable[[], object], *, within_seconds: float = 15) -> None:
    """Wait until something holds; fail if it does not in time."""
    end = time.monotonic() + within_seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def ticking(*jobs: Job, leads: Callable[[], bool] = lambda: True) -> Ticking:
    made = Ticking(jobs, leads)
    made.start()
    return made


def test_a_job_that_fails_in_any_way_has_its_next_tick() -> None:
    """One database error while it kept its next run ended APScheduler's own thread for good."""
    troubles: list[Exception] = [
        OperationalError("SELECT 1", {}, Exception("gone")),
        UnavailableError("database_unavailable", "away"),
        KeyError("x"),
    ]
    ran: list[int] = []

    def work() -> int:
        if troubles:
            raise troubles.pop()
        ran.append(1)
        return 1

    made = ticking(Job("shaky", 0.02, work))
    try:
        until(lambda: len(ran) >= 2)
        (tick,) = made.take_notes()
    finally:
        made.stop()
    assert (tick.name, tick.failures, tick.outcome) == ("shaky", 3, "1 done")
    assert tick.runs >= 5


def test_a_job_that_hangs_delays_no_other_and_is_not_begun_twice() -> None:
    go_on, hung, others = threading.Event(), [], []

    def hang() -> int:
        hung.append(1)
        assert go_on.wait(20)
        return 0

    made = ticking(Job("hangs", 0.02, hang), Job("other", 0.02, lambda: others.append(1) or 0))
    try:
        until(lambda: len(others) >= 5)
        assert len(hung) == 1
        assert not made.finish(0)
    finally:
        go_on.set()
        made.stop()
    assert made.finish(10)


def test_only_the_leader_runs_what_one_relay_is_enough_for() -> None:
    lead, led, each = threading.Event(), [], []
    made = ticking(
        Job("one", 0.02, lambda: led.append(1) or 0),
        Job("each", 0.02, lambda: each.append(1) or 0, leads=False),
        leads=lead.is_set,
    )
    try:
        until(lambda: len(each) >= 3)
        assert led == []
        lead.set()
        until(lambda: led)
    finally:
        made.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_scheduler_whose_thread_died_is_noticed() -> None:
    """Its ``running`` stays true: only what it does tells that it lives."""
    made = ticking(Job("any", 5, lambda: 0))
    try:
        until(made.moves)
        until(made.moves)  # it goes on
        made._scheduler._event.set()
        made._scheduler._process_jobs = _die  # type: ignore[method-assign]
        made._scheduler.wakeup()
        until(lambda: not made._scheduler._thread.is_alive())
        made.moves()
        assert made._scheduler.running
        assert not made.moves()
    finally:
        made.stop()


def _die() -> float:
    raise SystemExit


def test_a_relay_whose_ticks_stand_still_ends_by_itself(
    luna: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    # This process is pytest's: its signals and its log stay as they are.
    monkeypatch.setattr(daemon.signal, "signal", lambda *_: None)
    monkeypatch.setattr(daemon, "bind", lambda **_: None)
    monkeypatch.setattr(daemon, "STILL_CHECKS", 1)
    monkeypatch.setattr(Ticking, "moves", lambda _: False)
    relay = Relay(luna.salon.engine, luna.settings, RelayOptions(workers=1))
    with pytest.raises(UnavailableError) as caught:
        relay.run()
    assert caught.value.code == "relay_stalled"


def test_the_first_relay_leads_until_it_ends_or_its_lease_does(engine: Engine) -> None:
    one, other = Leadership(engine, new_id()), Leadership(engine, new_id())
    assert (one.renew(), other.renew(), one.renew()) == (1, 0, 1)
    assert (one.leads, other.leads) == (True, False)
    one.step_down()
    assert other.renew() == 1
    assert not one.leads
    first = engine.across_tenants(leading.leader)
    engine.across_tenants(lambda connection: connection.execute(LAPSE), write=True)
    assert engine.across_tenants(leading.leader) is None
    assert one.renew() == 1
    last = engine.across_tenants(leading.leader)
    assert first is not None
    assert last is not None
    assert last.fence > first.fence


def test_a_relay_that_can_not_renew_leads_no_longer_than_its_lease(engine: Engine) -> None:
    short = Leadership(engine, new_id(), lease_seconds=1)
    assert short.renew() == 1
    until(lambda: not short.leads)


def test_a_leader_whose_database_only_answers_questions_gives_up_the_lead(
    database: Database, engine: Engine
) -> None:
    """As after a failover, when its connection leads to what is now the standby."""
    standby = open_pool(database.conninfo)
    read_only = threading.Event()

    @event.listens_for(standby, "begin")
    def begin(connection: object) -> None:
        if read_only.is_set():
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")  # type: ignore[attr-defined]

    leader = Leadership(Engine(standby), new_id())
    assert leader.renew() == 1
    read_only.set()
    with pytest.raises(UnavailableError) as caught:
        leader.renew()
    assert caught.value.code == "read_only"
    assert not leader.leads
    engine.across_tenants(lambda connection: connection.execute(LAPSE), write=True)
    assert Leadership(engine, new_id()).renew() == 1
    standby.dispose()


def test_what_relays_note_of_a_job_adds_up(engine: Engine) -> None:
    def note(runs: int, failures: int, outcome: str) -> None:
        noted = [Tick("poll", 3.0, 2.0, 1.0, outcome, runs, failures)]
        engine.across_tenants(lambda tx: ticks.note(tx, new_id(), noted), write=True)

    note(4, 0, "2 done")
    note(3, 1, "stripe_down")
    (job,) = engine.across_tenants(ticks.jobs)
    assert (job.runs, job.failures, job.outcome) == (7, 1, "stripe_down")
    assert job.started_at is not None
    assert job.finished_at is not None
    assert job.next_at is not None
    assert job.started_at < job.finished_at < job.next_at


def test_a_running_relay_tells_its_jobs_and_who_leads(luna: Connected, bookra: CommandLine) -> None:
    with bookra.start("relay", "run") as relay:

        def status() -> dict[str, object]:
            return dict(bookra("relay", "status", "-t", luna.slug, "--json", check=True).json)

        luna.until(lambda: names(status()["jobs"]) >= JOBS, within_seconds=60)
        told = status()
        relay.send_signal(signal.SIGTERM)
        assert relay.wait(30) == 0
    (seen,) = told["relays"]  # type: ignore[misc]
    assert seen["leads"] is True
    assert seen["pid"] == relay.pid
    assert told["leader"] == seen["id"]
    jobs = {job["job"]: job for job in told["jobs"]}  # type: ignore[attr-defined]
    assert all(job["runs"] and not job["failures"] for job in jobs.values()), jobs
    assert {"nightly-verify"} <= {each["name"] for each in told["schedules"]}  # type: ignore[attr-defined]
    assert status_after(bookra)["leader"] is None


def names(jobs: object) -> set[str]:
    assert isinstance(jobs, list)
    return {job["job"] for job in jobs}


def test_the_status_tells_what_is_held_back(luna: Connected, bookra: CommandLine) -> None:
    luna.salon.act(lambda tx: breakers.failed(tx, "google", "account", "401"))
    told = bookra("relay", "status", "-t", luna.slug, "--json", check=True).json
    assert told["blocked"] == [{"tenant": luna.slug, "destination": "google"}]
    (held,) = told["breakers"]
    assert (held["destination"], held["state"], held["why"]) == ("google", "parked", "401")


def status_after(bookra: CommandLine) -> dict[str, object]:
    return dict(bookra("relay", "status", "--json", check=True).json)


def test_a_relay_that_can_not_finish_in_its_grace_time_ends_all_the_same(
    luna: Connected, bookra: CommandLine
) -> None:
    luna.outside.fault("google", "timeout", count=1)
    with bookra.start("relay", "run", "--grace", "1") as relay:
        booking = luna.book()
        luna.until(lambda: luna.row("calendar.upsert").state == "leased")
        relay.send_signal(signal.SIGTERM)
        _, stderr = relay.communicate(timeout=20)
    assert relay.returncode == 0
    (stopped,) = [line for line in map(json.loads, stderr.splitlines()) if _stopped(line)]
    assert "deliveries" in stopped["left"]
    luna.let_leases_lapse()
    luna.drain_past_failures()
    assert luna.seen(booking)["events"] == 1


def _stopped(line: dict[str, object]) -> bool:
    return line["event"] == "relay.stopped"
