"""What a business decides about its schedules: add, set, remove, enable, and the defaults.

A default is planted as a row like any other when somebody first changes a schedule or a relay
looks after the business, so that it can be set, disabled and removed. A removed one stays removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bookra.engine.runtime import Tx
from bookra.engine.schedules import store
from bookra.engine.schedules.cron import next_due
from bookra.engine.schedules.model import (
    DEFAULTS,
    NewSchedule,
    Run,
    Schedule,
    checked_arguments,
)
from bookra.errors import ConflictError, NotFoundError
from bookra.ids import checked_slug, new_id

MOST_RUNS = 500


def add(tx: Tx, new: NewSchedule) -> tuple[Schedule, bool]:
    """Add a schedule; returns it, and whether it is new. The same again changes nothing.

    Raises InvalidInputError (``bad_slug``, ``bad_cron``, ``unknown_job``, ``bad_argument``),
    ConflictError ``exists``.
    """
    checked_slug(new.name, "schedule")
    wanted = _fresh(tx, new)
    plant(tx)
    known = store.locked(tx, new.name)
    if known is None:
        id_ = new_id()
        if store.insert(tx, id_, wanted):
            tx.concerns("schedule", id_)
            return replace(wanted, id=id_), True
        known = store.locked(tx, new.name)
        assert known is not None
    found, removed_at = known
    if removed_at is not None:
        revived = replace(wanted, id=found.id)
        store.write(tx, revived)
        tx.concerns("schedule", found.id)
        return revived, True
    if (found.job, found.cron, dict(found.arguments)) != (
        wanted.job,
        wanted.cron,
        dict(wanted.arguments),
    ):
        raise ConflictError(
            "exists",
            f"There is a schedule '{new.name}' with other terms",
            hint=f"Change it: bookra schedule set {new.name}",
            details={"schedule": new.name},
        )
    return found, False


def set_terms(
    tx: Tx, name: str, *, cron: str | None = None, arguments: Mapping[str, Any] | None = None
) -> Schedule:
    """Change when a schedule is due, or its arguments; what isn't given stays.

    A new expression counts from now on: what was due and has not run yet is left out.
    """
    found = found_schedule(tx, name)
    given = {**found.arguments, **(arguments or {})}
    changed = replace(
        found, arguments=checked_arguments(found.job, given), cron=_tidy(cron or found.cron)
    )
    if changed.cron != found.cron:
        changed = replace(changed, due_at=next_due(changed.cron, tx.tenant.zone, tx.now))
    return _written(tx, found, changed)


def enable(tx: Tx, name: str) -> Schedule:
    """Let a schedule run again, from its next due time on; nothing is made up for."""
    found = found_schedule(tx, name)
    if found.enabled:
        return found
    due_at = next_due(found.cron, tx.tenant.zone, tx.now)
    return _written(tx, found, replace(found, enabled=True, due_at=due_at))


def disable(tx: Tx, name: str) -> Schedule:
    """Stop a schedule until it is enabled again. A run that has begun goes on."""
    found = found_schedule(tx, name)
    return _written(tx, found, replace(found, enabled=False))


def remove(tx: Tx, name: str) -> Schedule:
    """Take a schedule away; its runs can still be looked at for a while."""
    found = found_schedule(tx, name)
    gone = replace(found, enabled=False)
    store.write(tx, gone, removed_at=tx.now)
    tx.concerns("schedule", found.id)
    return gone


def schedules(tx: Tx) -> list[Schedule]:
    """Return the schedules by name, with defaults that no row is there for yet."""
    kept = store.every(tx)
    taken = {schedule.name for schedule, _ in kept}
    standing = [schedule for schedule, removed_at in kept if removed_at is None]
    missing = [_fresh(tx, default) for default in DEFAULTS if default.name not in taken]
    return sorted((*standing, *missing), key=lambda schedule: schedule.name)


def show(tx: Tx, name: str, limit: int = 20) -> tuple[Schedule, list[Run]]:
    """Return a schedule and its latest runs; raises NotFoundError (``unknown_schedule``)."""
    for schedule in schedules(tx):
        if schedule.name == name:
            return schedule, store.runs(tx, name, min(limit, MOST_RUNS))
    raise _unknown(name)


def found_schedule(tx: Tx, name: str) -> Schedule:
    """Lock and return a schedule that stands; raises NotFoundError (``unknown_schedule``)."""
    plant(tx)
    known = store.locked(tx, name)
    if known is None or known[1] is not None:
        raise _unknown(name)
    return known[0]


def plant(tx: Tx) -> int:
    """Keep the defaults that the business neither has nor has removed; returns how many."""
    taken = store.names(tx)
    missing = [default for default in DEFAULTS if default.name not in taken]
    return sum(store.insert(tx, new_id(), _fresh(tx, default)) for default in missing)


def _fresh(tx: Tx, new: NewSchedule) -> Schedule:
    cron = _tidy(new.cron)
    due_at = next_due(cron, tx.tenant.zone, tx.now)
    arguments = checked_arguments(new.job, new.arguments)
    return Schedule(None, new.name, new.job, cron, arguments, enabled=True, due_at=due_at)


def _tidy(cron: str) -> str:
    return " ".join(cron.split())


def _written(tx: Tx, found: Schedule, changed: Schedule) -> Schedule:
    if changed != found:
        store.write(tx, changed)
        tx.concerns("schedule", found.id)
    return changed


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(
        "unknown_schedule",
        f"There is no schedule '{name}'",
        hint="List them: bookra schedule list",
        details={"schedule": name},
    )
