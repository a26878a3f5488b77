"""Ticks: the relay's jobs at intervals, by APScheduler, and what the relay knows of them.

APScheduler gives interval ticks and nothing else: its cron triggers leave days out and run twice
when the clocks change, and a job store of its own can kill its thread. So what is due, and whether
it ran, is in the database; here nothing is lost when a tick comes late or not at all. A tick lets
no exception out. Whether the scheduler still ticks is seen from its pulse, not from ``running``.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler

from bookra.engine.schedules.ticks import Tick
from bookra.errors import code_of
from bookra.relay import metrics
from bookra.relay.jobs.job import Job
from bookra.relay.log import log

PULSE_SECONDS = 1.0
TOLD_AGAIN_SECONDS = 60.0
"""How often a job that keeps failing in the same way is logged."""


@dataclass(slots=True)
class Noted:
    """What happened to one job since it was last written down, by the monotonic clock."""

    started_at: float = 0.0
    finished_at: float = 0.0
    outcome: str = ""
    runs: int = 0
    failures: int = 0


class Ticking:
    """Runs jobs at their intervals, in threads. ``leads`` tells whether this relay leads now."""

    def __init__(self, jobs: Sequence[Job], leads: Callable[[], bool]) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._leads = leads
        self._lock = threading.Lock()
        self._noted: dict[str, Noted] = {}
        self._failing: dict[str, tuple[str, float]] = {}
        self._at_work: set[str] = set()
        self._stopping = False
        self._pulse = 0
        self._seen = 0
        # A tick that is still at work when the next is due is as it should be, not a warning.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        # A thread for each job: none waits for one that hangs.
        pool = {"type": "threadpool", "max_workers": len(jobs) + 1}
        self._scheduler = BackgroundScheduler(timezone=UTC, executors={"default": pool})

    def start(self) -> None:
        """Begin with every job at once, then at intervals."""
        for job in self._jobs.values():
            self._every(job.every_seconds, job.name, lambda job=job: self.tick(job))  # type: ignore[misc]
        self._every(PULSE_SECONDS, "pulse", self._beat)
        self._scheduler.start()

    def stop(self) -> None:
        """Begin no job any more; what is at work goes on. See ``finish``."""
        self._stopping = True
        self._scheduler.shutdown(wait=False)

    def finish(self, within_seconds: float) -> bool:
        """Wait until no job is at work; tells whether that came within the time."""
        until = time.monotonic() + within_seconds
        while self._at_work:
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True

    def moves(self) -> bool:
        """Tell whether the scheduler has ticked since this was last asked."""
        seen, self._seen = self._seen, self._pulse
        return self._pulse != seen

    def tick(self, job: Job) -> None:
        """Run a job once, unless another relay leads; whatever it raises is logged and noted."""
        self._at_work.add(job.name)  # before the look at _stopping: finish() must not miss it
        try:
            if not self._stopping and (self._leads() or not job.leads):
                self._run(job)
        finally:
            self._at_work.discard(job.name)

    def _run(self, job: Job) -> None:
        started_at = time.monotonic()
        trouble, count = None, 0
        try:
            count = job.run()
        except Exception as error:  # noqa: BLE001 - the next tick must come
            trouble = code_of(error)
        outcome = trouble or (f"{count} done" if count else "nothing to do")
        self._note(job.name, started_at, outcome, failed=trouble is not None)
        self._tell(job.name, trouble)
        metrics.tick(job.name, trouble is None, time.monotonic() - started_at)

    def take_notes(self) -> list[Tick]:
        """Return what happened since this was last asked, to be written down."""
        with self._lock:
            noted, self._noted = self._noted, {}
        now = time.monotonic()
        return [
            Tick(
                name,
                now - each.started_at,
                now - each.finished_at,
                max(0.0, each.started_at + self._jobs[name].every_seconds - now),
                each.outcome,
                each.runs,
                each.failures,
            )
            for name, each in noted.items()
        ]

    def _every(self, seconds: float, name: str, work: Callable[[], None]) -> None:
        self._scheduler.add_job(
            work,
            "interval",
            id=name,
            seconds=seconds,
            next_run_time=datetime.now(UTC),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )

    def _beat(self) -> None:
        self._pulse += 1

    def _note(self, name: str, started_at: float, outcome: str, *, failed: bool) -> None:
        with self._lock:
            noted = self._noted.setdefault(name, Noted())
            noted.started_at, noted.finished_at = started_at, time.monotonic()
            noted.outcome = outcome
            noted.runs += 1
            noted.failures += failed

    def _tell(self, name: str, trouble: str | None) -> None:
        """Log that a job fails, when that is new and now and then; and that it works again."""
        told = self._failing.get(name)
        now = time.monotonic()
        if trouble is None:
            if told is not None:
                del self._failing[name]
                log("relay.tick_works_again", tick=name)
        elif told is None or told[0] != trouble or now - told[1] >= TOLD_AGAIN_SECONDS:
            self._failing[name] = (trouble, now)
            log("relay.tick_failed", level="warning", tick=name, error=trouble)
