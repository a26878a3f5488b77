"""A job of the relay's own: what it does every so many seconds, and whether one relay is enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bookra.engine.runtime import Engine
from bookra.engine.tenancy.actions import slugs
from bookra.relay.log import log_failure


@dataclass(frozen=True, slots=True)
class Job:
    """``run`` returns how much there was to do. ``leads``: only the leader runs it.

    That saves work and no more: what a job does must be right when two relays do it at once.
    """

    name: str
    every_seconds: float
    run: Callable[[], int]
    leads: bool = True


def for_each_tenant(engine: Engine, trouble: str, work: Callable[[str], int]) -> int:
    """Do ``work`` for each business; one's trouble is logged as ``trouble`` and is its own."""
    total = 0
    for slug in engine.across_tenants(slugs):
        try:
            total += work(slug)
        except Exception as error:  # noqa: BLE001 - the other businesses' turn must come
            log_failure(trouble, error, tenant=slug)
    return total
