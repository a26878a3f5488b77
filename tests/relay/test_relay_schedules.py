"""Schedules as relays run them: once for each due time, made up for after a pause, tried again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from connected import Connected
from databases import Database
from factories import Salon, open_business, open_salon
from sqlalchemy import Engine as Pool
from sqlalchemy import text

from bookra.config import Settings
from bookra.engine.runtime import Engine
from bookra.engine.schedules import actions, runs, waiting
from bookra.engine.schedules.model import DEFAULTS, JOBS, NewSchedule, RunState
from bookra.engine.schedules.runs import MOST_ATTEMPTS, Taken
from bookra.errors import ConflictError, NotFoundError, UnavailableError
from bookra.ids import new_id
from bookra.relay.jobs import scheduled, schedules
from bookra.relay.jobs.scheduled import SCHEDULED, Came, Work, pay_period
from bookra.relay.jobs.schedules import Schedules, carry_out

NAME = "rarely"
# Due once a year, so that it is due in a test only when the test says so.
RARELY = NewSchedule(NAME, "close-days", "0 0 29 2 *")
DUE = text(
    "UPDATE schedules SET due_at = now() - make_interval(mins => :minutes)"
    " WHERE tenant_id = :tenant_id AND name = :name"
)
ALL_DUE = text("UPDATE schedules SET due_at = now() WHERE tenant_id = :tenant_id")
NEWER = text("UPDATE schedules SET job = 'dream' WHERE tenant_id = :tenant_id AND name = :name")
LAPSE = text(
    "UPDATE schedule_runs SET leased_until = now() - interval '1 second'"
    " WHERE tenant_id = :tenant_id AND state = 'running'"
)
LEASES = text(
    "SELECT EXTRACT(EPOCH FROM leased_until - now())::float8 AS seconds FROM schedule_runs"
    " WHERE tenant_id = :tenant_id"
)


@pytest.fixture
def salon(database: Database, pool: Pool) -> Salon:
    """A salon by the database's clock, with a schedule that can be made due."""
    live = replace(open_salon(database, pool), engine=Engine(pool))
    live.act(lambda tx: actions.add(tx, RARELY))
    return live


@contextmanager
def relaying(salon: Salon, settings: Settings) -> Iterator[Schedules]:
    """The schedules of one relay, which is stopped at the end."""
    opened = Schedules(salon.engine, settings, new_id())
    try:
        yield opened
    finally:
        opened.stop(5)


def make_due(salon: Salon, minutes: int = 0) -> None:
    salon.act(lambda tx: tx.run(DUE, name=NAME, minutes=minutes))


def last(salon: Salon) -> list[tuple[str, str | None, int]]:
    """Return state, outcome and attempts of the schedule's runs, the latest first."""
    _, found = salon.ask(lambda tx: actions.show(tx, NAME))
    return [(run.state.value, run.outcome, run.attempts) for run in found]


def doing(monkeypatch: pytest.MonkeyPatch, work: Callable[[Work], Came]) -> None:
    """Let the schedule's job do something else."""
    monkeypatch.setitem(schedules.SCHEDULED, "close-days", work)  # type: ignore[attr-defined]


def test_each_job_that_a_schedule_may_name_has_its_function() -> None:
    assert set(SCHEDULED) == set(JOBS)


def test_a_relay_plants_the_defaults_once_and_never_what_was_removed(
    salon: Salon, settings: Settings
) -> None:
    salon.act(lambda tx: actions.remove(tx, "nightly-verify"))
    with relaying(salon, settings) as relay:
        relay.once()
        relay.once()
    names = [schedule.name for schedule in salon.ask(actions.schedules)]
    assert names == sorted({NAME, *(each.name for each in DEFAULTS)} - {"nightly-verify"})
    assert salon.engine.across_tenants(waiting.unplanted) == []


def test_two_relays_run_each_due_time_once(salon: Salon, settings: Settings) -> None:
    make_due(salon)
    with relaying(salon, settings) as one, relaying(salon, settings) as other:
        both = threading.Barrier(2)

        def work(relay: Schedules) -> int:
            both.wait(10)
            begun = relay.once()
            relay.finish()
            return begun

        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(work, (one, other))) == 1
    assert [state for state, _, _ in last(salon)] == ["done"]


def test_many_relays_that_take_at_once_give_one_run(salon: Salon) -> None:
    make_due(salon)
    ((slug, id_, _),) = salon.engine.across_tenants(waiting.due)
    everybody = threading.Barrier(6)

    def take(_: int) -> Taken | None:
        everybody.wait(10)
        return salon.engine.act(
            slug, lambda tx: runs.take(tx, id_, new_id(), lease_seconds=60), command=None
        )

    with ThreadPoolExecutor(6) as pool:
        taken = [each for each in pool.map(take, range(6)) if each is not None]
    assert len(taken) == 1
    assert len(last(salon)) == 1


def test_after_a_pause_there_is_one_run_for_the_latest_time_and_then_the_next(
    salon: Salon, settings: Settings
) -> None:
    salon.act(lambda tx: actions.set_terms(tx, NAME, cron="* * * * *"))
    make_due(salon, minutes=90)
    before = datetime.now(UTC)
    with relaying(salon, settings) as relay:
        assert relay.once() == 1
        relay.finish()
        schedule, (run,) = salon.ask(lambda tx: actions.show(tx, NAME))
        assert timedelta(0) <= before - run.due_at < timedelta(minutes=2)
        assert schedule.due_at > before
        assert schedule.due_at.second == run.due_at.second == 0


def test_a_schedule_that_was_disabled_or_removed_is_not_due(
    salon: Salon, settings: Settings
) -> None:
    make_due(salon)
    salon.act(lambda tx: actions.disable(tx, NAME))
    with relaying(salon, settings) as relay:
        assert relay.once() == 0
        enabled = salon.act(lambda tx: actions.enable(tx, NAME))
        assert enabled.due_at > datetime.now(UTC)
        make_due(salon)
        salon.act(lambda tx: actions.remove(tx, NAME))
        assert relay.once() == 0


def test_a_run_whose_relay_died_is_taken_over_and_its_first_holder_writes_nothing_more(
    salon: Salon, settings: Settings
) -> None:
    make_due(salon)
    ((_, id_, _),) = salon.engine.across_tenants(waiting.due)
    dead = salon.act(lambda tx: runs.take(tx, id_, new_id(), lease_seconds=60))
    assert dead is not None
    with relaying(salon, settings) as relay:
        assert relay.once() == 0
        salon.act(lambda tx: tx.run(LAPSE))
        assert relay.once() == 1
        relay.finish()
    assert last(salon) == [("done", "0 closed", 2)]
    assert not salon.act(lambda tx: runs.renew(tx, dead, lease_seconds=60))
    assert not salon.act(lambda tx: runs.finish(tx, dead, RunState.FAILED, "late"))
    assert last(salon) == [("done", "0 closed", 2)]


def test_a_run_that_kills_every_relay_is_given_up(salon: Salon, settings: Settings) -> None:
    make_due(salon)
    ((_, id_, _),) = salon.engine.across_tenants(waiting.due)
    taken = salon.act(lambda tx: runs.take(tx, id_, new_id(), lease_seconds=60))
    assert taken is not None
    run_id = taken.id
    for _ in range(MOST_ATTEMPTS - 1):
        salon.act(lambda tx: tx.run(LAPSE))
        assert salon.engine.across_tenants(waiting.lapsed) == [(salon.slug, run_id, "close-days")]
        assert salon.act(lambda tx: runs.take_again(tx, run_id, new_id(), lease_seconds=60))
    salon.act(lambda tx: tx.run(LAPSE))
    with relaying(salon, settings) as relay:
        assert relay.once() == 0
    assert last(salon) == [("failed", "its relay died", MOST_ATTEMPTS)]
    assert [run.schedule for run in salon.ask(runs.troubles)] == [NAME]


def test_what_may_pass_by_itself_is_tried_again_later_and_waits_longer_each_time(
    salon: Salon, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(work: Work) -> Came:
        raise UnavailableError("stripe_down", "Stripe is down")

    doing(monkeypatch, down)
    make_due(salon)
    waits = []
    with relaying(salon, settings) as relay:
        for _ in range(MOST_ATTEMPTS):
            assert relay.once() == 1
            relay.finish()
            waits += [row.seconds for row in salon.ask(lambda tx: tx.rows(LEASES))]
            salon.act(lambda tx: tx.run(LAPSE))
        assert relay.once() == 0
    assert waits[:-1] == sorted(waits[:-1])
    assert last(salon) == [("failed", "stripe_down", MOST_ATTEMPTS)]


def test_what_can_not_pass_fails_at_once_and_does_not_keep_the_next_time(
    salon: Salon, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(work: Work) -> Came:
        raise ConflictError("period_overlaps", "The pay of ana is sealed already")

    doing(monkeypatch, refused)
    make_due(salon)
    with relaying(salon, settings) as relay:
        assert relay.once() == 1
        relay.finish()
        assert last(salon) == [("failed", "period_overlaps", 1)]
        assert [run.outcome for run in salon.ask(runs.troubles)] == ["period_overlaps"]
        monkeypatch.undo()
        make_due(salon)
        assert relay.once() == 1
        relay.finish()
    assert [state for state, _, _ in last(salon)] == ["done", "failed"]
    assert salon.ask(runs.troubles) == []


def test_a_bug_in_a_job_is_noted_by_its_type_and_tried_again(
    salon: Salon, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(work: Work) -> Came:
        raise KeyError("Rosa Vega")

    doing(monkeypatch, broken)
    make_due(salon)
    with relaying(salon, settings) as relay:
        relay.once()
        relay.finish()
    assert last(salon) == [("running", "KeyError", 1)]


def test_runs_of_one_schedule_never_overlap(
    salon: Salon, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def long(work: Work) -> Came:
        begun.set()
        assert go_on.wait(10)
        return Came(RunState.DONE, "late")

    doing(monkeypatch, long)
    make_due(salon)
    with relaying(salon, settings) as one, relaying(salon, settings) as other:
        assert one.once() == 1
        assert begun.wait(10)
        make_due(salon)
        assert other.once() == 0
        with pytest.raises(ConflictError, match="at work now"):
            salon.act(lambda tx: runs.take_now(tx, NAME, new_id(), lease_seconds=60))
        go_on.set()
        one.finish()
    assert last(salon) == [("done", "late", 1)]


def test_one_business_whose_job_hangs_delays_no_other(
    luna: Connected, settings: Settings, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    go_on = threading.Event()
    open_business(database, "sol")
    engine, ran = luna.salon.engine, threading.Event()

    def work(work: Work) -> Came:
        if work.tenant == luna.slug:
            assert go_on.wait(10)
        else:
            ran.set()
        return Came(RunState.DONE, "ran")

    doing(monkeypatch, work)
    for slug in (luna.slug, "sol"):
        engine.act(slug, lambda tx: actions.add(tx, RARELY), command="test")
        engine.act(slug, lambda tx: tx.run(DUE, name=NAME, minutes=0), command="test")
    with relaying(luna.salon, settings) as relay:
        assert relay.once() == 2
        assert ran.wait(10)
        go_on.set()
        relay.finish()


def test_many_businesses_whose_checks_hang_delay_no_pay_run(
    salon: Salon, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stripe hangs for everybody at once: more wait for it than are looked at in one go."""
    go_on, paid = threading.Event(), threading.Event()

    def hang(work: Work) -> Came:
        assert go_on.wait(20)
        return Came(RunState.DONE, "late")

    def pay(work: Work) -> Came:
        paid.set()
        return Came(RunState.DONE, "paid")

    monkeypatch.setitem(schedules.SCHEDULED, "reconcile", hang)  # type: ignore[attr-defined]
    monkeypatch.setitem(schedules.SCHEDULED, "payout-run", pay)  # type: ignore[attr-defined]
    for number in range(waiting.AT_ONCE + 5):
        hanging = NewSchedule(f"hangs-{number}", "reconcile", "0 0 29 2 *")
        salon.act(lambda tx, new=hanging: actions.add(tx, new))  # type: ignore[misc]
    salon.act(lambda tx: actions.add(tx, NewSchedule("zahltag", "payout-run", "0 0 29 2 *")))
    salon.act(lambda tx: tx.run(ALL_DUE))
    with relaying(salon, settings) as relay:
        relay.once()
        assert paid.wait(10)
        go_on.set()


def test_a_job_of_a_newer_release_is_left_to_it(salon: Salon, settings: Settings) -> None:
    salon.act(lambda tx: tx.run(NEWER, name=NAME))
    make_due(salon)
    with relaying(salon, settings) as relay:
        assert relay.once() == 0
    assert last(salon) == []


def test_the_lease_of_a_long_run_is_kept(
    salon: Salon, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def long(work: Work) -> Came:
        begun.set()
        assert go_on.wait(10)
        return Came(RunState.DONE, "kept")

    doing(monkeypatch, long)
    make_due(salon)
    with relaying(salon, settings) as relay:
        relay.once()
        assert begun.wait(10)
        salon.act(lambda tx: tx.run(LAPSE))
        relay.renew()
        assert salon.engine.across_tenants(waiting.lapsed) == []
        go_on.set()
        relay.finish()
    assert last(salon) == [("done", "kept", 1)]


def test_a_run_that_waits_for_its_next_attempt_is_tried_by_hand_at_once(
    salon: Salon, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(work: Work) -> Came:
        raise UnavailableError("stripe_down", "Stripe is down")

    with monkeypatch.context() as patch:
        doing(patch, down)
        make_due(salon)
        with relaying(salon, settings) as relay:
            relay.once()
            relay.finish()
    taken = salon.act(lambda tx: runs.take_now(tx, NAME, new_id(), lease_seconds=60))
    came = carry_out(salon.engine, settings, taken)
    assert (came.state, taken.attempts) == (RunState.DONE, 2)
    assert last(salon) == [("done", "0 closed", 2)]


def test_a_schedule_that_is_not_there_can_not_be_run(salon: Salon) -> None:
    with pytest.raises(NotFoundError, match="no schedule 'never'"):
        salon.act(lambda tx: runs.take_now(tx, "never", new_id(), lease_seconds=60))


def test_a_pay_run_made_up_for_late_is_that_of_its_due_time(
    salon: Salon, settings: Settings
) -> None:
    """Due on the first of May, run today: it is April's."""
    taken = Taken(
        new_id(),
        salon.slug,
        "pay-day",
        "payout-run",
        {"period": "previous", "approve": True},
        datetime(2026, 5, 1, 4, 0, tzinfo=UTC),
        new_id(),
        1,
    )
    came = scheduled.payout_run(Work(salon.engine, settings, taken))
    assert came == Came(RunState.DONE, "2026-04: 0 sealed")


def test_periods_are_seen_from_the_due_day() -> None:
    assert str(pay_period("previous", date(2026, 12, 1))) == "2026-11"
    assert str(pay_period("current", date(2026, 12, 1))) == "2026-12"
    assert str(pay_period("previous-week", date(2026, 11, 23))) == "2026-W47"
    assert str(pay_period("previous-week", date(2027, 1, 4))) == "2026-W53"


def test_a_check_that_finds_something_says_so_until_it_finds_nothing(
    salon: Salon, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    doing(monkeypatch, lambda work: Came(RunState.FOUND, "1 problems: bookra ledger verify"))
    make_due(salon)
    with relaying(salon, settings) as relay:
        relay.once()
        relay.finish()
        assert [run.state for run in salon.ask(runs.troubles)] == [RunState.FOUND]
        monkeypatch.undo()
        taken = salon.act(lambda tx: runs.take_now(tx, NAME, new_id(), lease_seconds=60))
        carry_out(salon.engine, settings, taken)
    assert salon.ask(runs.troubles) == []


def test_the_nightly_checks_of_a_connected_salon_hold(luna: Connected) -> None:
    booking = luna.book_with_link()
    luna.drain()
    luna.pay(booking)
    luna.drain()

    def came(job: str) -> Came:
        taken = Taken(new_id(), luna.slug, job, job, {}, datetime.now(UTC), new_id(), 1)
        return SCHEDULED[job](Work(luna.salon.engine, luna.settings, taken))

    assert came("verify").state is RunState.DONE
    assert came("rent") == Came(RunState.DONE, "0 accrued")
    agreed = came("reconcile")
    assert agreed.state is RunState.DONE, agreed
    assert "agree" in agreed.outcome


def test_a_salon_without_stripe_has_nothing_to_reconcile(salon: Salon, settings: Settings) -> None:
    taken = Taken(new_id(), salon.slug, "r", "reconcile", {}, datetime.now(UTC), new_id(), 1)
    came = scheduled.reconcile_stripe(Work(salon.engine, settings, taken))
    assert came == Came(RunState.DONE, "no Stripe account")


def test_draining_once_runs_what_is_due_too(luna: Connected) -> None:
    luna.salon.act(lambda tx: actions.add(tx, RARELY))
    luna.salon.act(lambda tx: tx.run(DUE, name=NAME, minutes=0))
    assert luna.drain() >= 1
    _, (run,) = luna.salon.ask(lambda tx: actions.show(tx, NAME))
    assert run.state is RunState.DONE
