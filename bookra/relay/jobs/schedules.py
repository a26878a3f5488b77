"""Runs the businesses' schedules: takes what is due, holds it by a lease, notes what came of it.

Each job has a few threads of its own: a provider that hangs, or a ledger of a million entries that
is being verified, delays neither the relay's other work nor a pay run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from uuid import UUID

from bookra.config import Settings
from bookra.engine.runtime import Engine
from bookra.engine.schedules import actions, runs, waiting
from bookra.engine.schedules.model import RunState
from bookra.engine.schedules.runs import Taken
from bookra.engine.schedules.waiting import Waiting
from bookra.engine.tenancy import locks
from bookra.engine.tenancy.locks import RUNNING
from bookra.errors import BookraError, UnavailableError, code_of
from bookra.relay.jobs.scheduled import SCHEDULED, Came, Work
from bookra.relay.log import log

LEASE_SECONDS = 120.0
RENEW_SECONDS = LEASE_SECONDS / 4
AT_ONCE = 2
"""Runs of one job at once; each holds a database connection."""

COMMANDS = {
    "payout-run": "payout run",
    "reconcile": "reconcile stripe",
    "close-days": "ledger close-day",
}
"""The jobs that cron may do as well, by their commands: both hold the same lease."""


class Schedules:
    """The schedules of every business, as one relay runs them. ``once`` is for one thread."""

    def __init__(self, engine: Engine, settings: Settings, relay_id: UUID) -> None:
        self._engine = engine
        self._settings = settings
        self._relay_id = relay_id
        self._pools = {
            job: ThreadPoolExecutor(AT_ONCE, thread_name_prefix=job) for job in SCHEDULED
        }
        self._held: dict[UUID, Taken] = {}
        self._futures: set[Future[None]] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def once(self) -> int:
        """Plant defaults, and start what is due as far as there is room; returns how many began."""
        for slug in self._engine.across_tenants(waiting.unplanted):
            self._guarded(slug, lambda slug=slug: self._plant(slug))  # type: ignore[misc]
        begun = 0
        for run in self._engine.across_tenants(waiting.lapsed):
            begun += self._take(run, runs.take_again)
        for schedule in self._engine.across_tenants(waiting.due):
            begun += self._take(schedule, runs.take)
        return begun

    def renew(self) -> None:
        """Keep the leases of what is at work; to be called well within a lease."""
        with self._lock:
            held = list(self._held.values())
        for taken in held:
            self._guarded(taken.tenant, lambda taken=taken: self._renew(taken))  # type: ignore[misc]

    def finish(self) -> None:
        """Wait for what is at work, and keep its leases meanwhile."""
        while wait(list(self._futures), RENEW_SECONDS).not_done:
            self.renew()

    def stop(self, grace_seconds: float) -> bool:
        """Begin nothing more and wait for what is at work; tells whether all of it ended.

        What did not is taken over by another relay once its lease runs out.
        """
        self._stopping.set()
        left = wait(list(self._futures), grace_seconds).not_done
        for pool in self._pools.values():
            pool.shutdown(wait=not left, cancel_futures=True)
        return not left

    def _take(self, found: Waiting, how: Callable[..., Taken | None]) -> int:
        """Take a run and start it, if there is room; a job of a newer release is left to it."""
        if not self._has_room(found.job):
            return 0
        taken = self._guarded(
            found.tenant,
            lambda: self._engine.act(
                found.tenant,
                lambda tx: how(tx, found.id, self._relay_id, lease_seconds=LEASE_SECONDS),
                command=None,
            ),
        )
        if not isinstance(taken, Taken):
            return 0
        with self._lock:
            self._held[taken.id] = taken
        future = self._pools[taken.job].submit(self._carry, taken)
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)
        return 1

    def _has_room(self, job: str) -> bool:
        with self._lock:
            at_work = sum(taken.job == job for taken in self._held.values())
        return job in self._pools and at_work < AT_ONCE and not self._stopping.is_set()

    def _carry(self, taken: Taken) -> None:
        try:
            carry_out(self._engine, self._settings, taken)
        except Exception as error:  # noqa: BLE001 - a thread must outlive any run; its lease lapses
            log("schedule.not_noted", level="error", error=code_of(error), **_told(taken))
        finally:
            with self._lock:
                self._held.pop(taken.id, None)

    def _plant(self, slug: str) -> None:
        count = self._engine.act(slug, actions.plant, command=None)
        log("schedule.planted", tenant=slug, count=count)

    def _renew(self, taken: Taken) -> None:
        if not self._engine.act(
            taken.tenant,
            lambda tx: runs.renew(tx, taken, lease_seconds=LEASE_SECONDS),
            command=None,
        ):
            log("schedule.lost", level="warning", **_told(taken))

    def _guarded(self, slug: str, work: Callable[[], object]) -> object:
        """Do ``work`` for one business; its trouble is its own."""
        try:
            return work()
        except BookraError as error:
            log("schedule.not_taken", level="warning", tenant=slug, error=error.code)
            return None


def carry_out(
    engine: Engine, settings: Settings, taken: Taken, tell: Callable[..., None] = log
) -> Came:
    """Do what a taken run is for and note what came of it; trouble is noted, not raised.

    What may pass by itself is tried again later; what can't, and what keeps failing, has failed.
    ``tell`` is where events go.
    """
    late = taken.late or None
    tell("schedule.begun", level="info", due_at=taken.due_at, late=late, **_told(taken))
    try:
        with _alone(engine, taken):
            came = SCHEDULED[taken.job](Work(engine, settings, taken))
    except BookraError as error:
        came = Came(RunState.FAILED, error.code, error)
        if isinstance(error, UnavailableError) or error.code == RUNNING:
            return _put_off(engine, taken, tell, came)
    except Exception as error:  # noqa: BLE001 - one run's trouble is its own
        return _put_off(engine, taken, tell, Came(RunState.FAILED, type(error).__name__, error))
    noted = engine.act(
        taken.tenant,
        lambda tx: runs.finish(tx, taken, came.state, came.outcome),
        command=None,
    )
    event = "schedule.ended" if noted else "schedule.lost"
    level = "info" if came.state is RunState.DONE and noted else "error"
    tell(event, level=level, state=came.state.value, outcome=came.outcome, **_told(taken))
    return came


def _alone(engine: Engine, taken: Taken) -> AbstractContextManager[object]:
    """Hold the job that a command line may be at too, or nothing for any other."""
    if taken.job not in COMMANDS:
        return nullcontext()
    command = f"schedule {taken.schedule}"
    return locks.held(engine, taken.tenant, COMMANDS[taken.job], command=command)


def _put_off(engine: Engine, taken: Taken, tell: Callable[..., None], came: Came) -> Came:
    again = engine.act(taken.tenant, lambda tx: runs.put_off(tx, taken, came.outcome), command=None)
    level = "warning" if again else "error"
    tell("schedule.failed", level=level, again=again, error=came.outcome, **_told(taken))
    return came


def _told(taken: Taken) -> dict[str, object]:
    return {
        "tenant": taken.tenant,
        "schedule": taken.schedule,
        "job": taken.job,
        "run": str(taken.id),
        "attempt": taken.attempts,
    }
