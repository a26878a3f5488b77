"""Schedules and their runs as values; the jobs that a schedule may name, and the defaults. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from bookra.errors import InvalidInputError

PERIODS = ("previous", "current", "previous-week")
"""Pay periods as seen from the due time: the calendar month or ISO week before it, or its month."""


class RunState(StrEnum):
    """What became of a run. ``found`` is a check that did its work and found something."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    FOUND = "found"


@dataclass(frozen=True, slots=True)
class Job:
    """What a schedule may start. ``choices`` are the values of each argument, the first by default.

    A job may run twice for one due time, after a crash: doing it again changes nothing.
    """

    what: str
    choices: Mapping[str, tuple[Any, ...]] = field(default_factory=lambda: MappingProxyType({}))


JOBS: Mapping[str, Job] = MappingProxyType(
    {
        "payout-run": Job(
            "compute what staff are owed for a period, and seal it if asked to",
            {"period": PERIODS, "approve": (False, True)},
        ),
        "rent": Job("accrue the chair rent that has fallen due"),
        "verify": Job("close the days that are over, and check the whole ledger"),
        "reconcile": Job("compare the ledger with what Stripe moved"),
        "close-days": Job("close the ledger's days that are over"),
        "prune": Job("delete what is older than the business keeps it"),
        "retention": Job("erase customers who have not come for as long as the business says"),
    }
)
"""The jobs by name; the relay has a function for each."""


@dataclass(frozen=True, slots=True)
class NewSchedule:
    """A schedule to be: when, and which job with which arguments."""

    name: str
    job: str
    cron: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


DEFAULTS = (
    NewSchedule("nightly-verify", "verify", "15 3 * * *"),
    NewSchedule("nightly-reconcile", "reconcile", "15 3 * * *"),
    NewSchedule("nightly-prune", "prune", "45 3 * * *"),
    NewSchedule("nightly-retention", "retention", "15 4 * * *"),
)
"""What every business has unless it decides otherwise, by its own clock."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule of a business. ``due_at`` is the next time; ``id`` None is a default not kept yet.

    ``last`` is its latest run, if there was one.
    """

    id: UUID | None
    name: str
    job: str
    cron: str
    arguments: Mapping[str, Any]
    enabled: bool
    due_at: datetime
    last: Run | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a schedule. ``outcome`` holds counts and codes, never a name."""

    schedule: str
    job: str
    due_at: datetime
    state: RunState
    attempts: int
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None

    @property
    def is_trouble(self) -> bool:
        """Tell whether somebody should look at it."""
        return self.state in (RunState.FAILED, RunState.FOUND)


def checked_arguments(job: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every argument of a job, defaults filled in.

    Raises InvalidInputError: ``unknown_job``, ``bad_argument``.
    """
    known = JOBS.get(job)
    if known is None:
        raise InvalidInputError(
            "unknown_job", f"'{job}' is not a job", hint=f"One of: {', '.join(JOBS)}"
        )
    for name, value in given.items():
        choices = known.choices.get(name)
        if choices is None:
            raise InvalidInputError(
                "bad_argument",
                f"The job {job} takes no --{name}",
                hint=f"It is there to {known.what}",
            )
        if value not in choices:
            listed = ", ".join(map(str, choices))
            raise InvalidInputError(
                "bad_argument",
                f"The {name} of a {job} can't be '{value}' on a schedule",
                hint=f"One of: {listed}",
            )
    whole = {name: given.get(name, choices[0]) for name, choices in known.choices.items()}
    if whole.get("approve") and whole["period"] == "current":
        raise InvalidInputError(
            "bad_argument",
            "A period that goes on can't be sealed",
            hint="Leave --approve out, or say --period previous",
        )
    return whole
