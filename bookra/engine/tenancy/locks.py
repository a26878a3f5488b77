"""Leases of jobs that must not overlap: two runs of cron at once do the work once.

A row, not an advisory lock: behind a transaction pooler a session's lock belongs to nobody. The
lease is renewed while the work lasts and lapses after its holder died. It saves work and tells
people who is at it; what must happen once is still once by its own key.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, Thread

from sqlalchemy import text

from bookra.engine.runtime import Engine, Tx
from bookra.errors import BookraError, ConflictError
from bookra.ids import new_id

LEASE_SECONDS = 60.0
"""How long nobody else may begin after the last sign of life of who is at work."""

RUNNING = "job_running"
"""The code of the refusal: somebody else is at that job."""

BEATS_A_LEASE = 4
"""How often a lease is renewed in its time: some of them may fail."""

# Citus wants nothing in an update on conflict that changes with time or login, so all of it comes
# with the row that was to be inserted. The row stays when the work is done: its fence only grows.
TAKE = text(
    """
    INSERT INTO job_locks (tenant_id, id, job, holder, since, until)
    VALUES (:tenant_id, :id, :job, :holder, :now, :until)
    ON CONFLICT (tenant_id, job) DO UPDATE
       SET holder = EXCLUDED.holder, since = EXCLUDED.since, until = EXCLUDED.until,
           fence = job_locks.fence + 1, changed_by = EXCLUDED.changed_by
     WHERE job_locks.until <= EXCLUDED.since
    RETURNING fence
    """
)
HOLD = text(
    """
    UPDATE job_locks SET until = :until, changed_by = session_user
     WHERE tenant_id = :tenant_id AND job = :job AND holder = :holder AND fence = :fence
       AND until > :now
    """
)
WHO = text(
    """
    SELECT job, holder, since, until, changed_by AS login FROM job_locks
     WHERE tenant_id = :tenant_id AND (job = :job OR :job IS NULL) AND until > :now
     ORDER BY since
    """
)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is at a job: the database login, the process and its command, and since when."""

    job: str
    process: str
    login: str
    since: datetime
    until: datetime


@dataclass(slots=True)
class Lease:
    """A job that this process may do. ``lost`` says that somebody else may be at it by now."""

    job: str
    process: str
    fence: int
    lost: bool = field(default=False)


@contextmanager
def held(
    engine: Engine, slug: str, job: str, *, command: str = "", lease_seconds: float = LEASE_SECONDS
) -> Iterator[Lease]:
    """Hold ``job`` of a tenant while the block runs, renewing the lease from a thread of its own.

    ``command`` is what others are told of this process. Raises ConflictError (``job_running``)
    when somebody else is at it.
    """
    process = this_process(command or job)
    lease = engine.act(slug, lambda tx: take(tx, job, process, lease_seconds), command=None)
    done = Event()
    beating = Thread(
        target=_beat, args=(engine, slug, lease, lease_seconds, done), name="lease", daemon=True
    )
    beating.start()
    try:
        yield lease
    finally:
        done.set()
        beating.join()
        with suppress(BookraError):  # it lapses by itself; what went wrong before says more
            engine.act(slug, lambda tx: release(tx, lease), command=None)


def take(tx: Tx, job: str, process: str, lease_seconds: float) -> Lease:
    """Take the lease of a job that nobody holds; raises ConflictError (``job_running``).

    Locks the job's row, and waits for who is taking or renewing it at the moment.
    """
    until = tx.now + timedelta(seconds=lease_seconds)
    row = tx.row(TAKE, id=new_id(), job=job, holder=process, now=tx.now, until=until)
    if row is None:
        raise _running(tx, job)
    return Lease(job, process, row.fence)


def renew(tx: Tx, lease: Lease, lease_seconds: float) -> bool:
    """Keep a job; False when its time had run out, or somebody else has it."""
    until = tx.now + timedelta(seconds=lease_seconds)
    return bool(tx.run(HOLD, now=tx.now, until=until, **_own(lease)))


def release(tx: Tx, lease: Lease) -> None:
    """Let somebody else begin at once. A lease that is lost is left as it is."""
    tx.run(HOLD, now=tx.now, until=tx.now, **_own(lease))


def holders(tx: Tx, job: str | None = None) -> list[Holder]:
    """Return who is at work now, the longest first; on one job, or on all."""
    return [
        Holder(row.job, row.holder, row.login, row.since, row.until)
        for row in tx.rows(WHO, job=job, now=tx.now)
    ]


def this_process(command: str) -> str:
    """Return how others are told of this process: ``salon-pc, process 4711: payout run``."""
    return f"{socket.gethostname()}, process {os.getpid()}: {command}"


def _own(lease: Lease) -> dict[str, object]:
    return {"job": lease.job, "holder": lease.process, "fence": lease.fence}


def _beat(engine: Engine, slug: str, lease: Lease, lease_seconds: float, done: Event) -> None:
    while not done.wait(lease_seconds / BEATS_A_LEASE):
        with suppress(BookraError):  # the next beat may be in time
            if not engine.act(slug, lambda tx: renew(tx, lease, lease_seconds), command=None):
                lease.lost = True
                return


def _running(tx: Tx, job: str) -> ConflictError:
    found = holders(tx, job)
    if not found:  # it ended between the two statements
        return ConflictError(RUNNING, f"'{job}' was at work a moment ago", hint="Run it again")
    (holder,) = found
    zone = tx.tenant.zone
    since, until = holder.since.astimezone(zone), holder.until.astimezone(zone)
    return ConflictError(
        RUNNING,
        f"'{job}' is at work since {since:%H:%M:%S}: {holder.process}, as {holder.login}",
        hint=f"Wait for it. If that process is dead, it counts as ended at {until:%H:%M:%S}",
        details={
            "job": job,
            "holder": holder.process,
            "login": holder.login,
            "since": since.isoformat(timespec="seconds"),
            "until": until.isoformat(timespec="seconds"),
        },
    )
