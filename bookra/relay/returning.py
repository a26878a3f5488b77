"""How an undelivered row goes back to the queue, and what is written when it is given up."""

from __future__ import annotations

import random
from dataclasses import fields
from datetime import datetime
from typing import Protocol

from bookra.engine.outbox import topics
from bookra.engine.outbox.queue import Claimed, PutBack
from bookra.engine.runtime import Tx
from bookra.engine.tenancy import auditing
from bookra.errors import InvalidInputError
from bookra.relay import outcome
from bookra.relay.backoff import delay_seconds, gives_up
from bookra.relay.outcome import Dead, Delivered, Outcome, Retry, Snooze, Unknown
from bookra.relay.routes import ROUTES

jitter = random.random
"""What each wait is drawn with; tests draw the longest, so that a slow drain finds nothing due."""


def put_back(item: Claimed, became: Outcome, now: datetime) -> PutBack:
    """Return how an undelivered row goes back to the queue. Pure but for clock and jitter."""
    assert not isinstance(became, Delivered)
    if isinstance(became, Unknown):
        return PutBack("unknown", became.why, "ambiguous")
    if isinstance(became, Dead):
        return PutBack("dead", became.why, became.error_class)
    if isinstance(became, Snooze):
        wait_seconds = max(0.0, (became.until - now).total_seconds())
        return PutBack("ready", became.why, "snoozed", wait_seconds, counts=False)
    return _again(item, became, now)


def _again(item: Claimed, became: Retry, now: datetime) -> PutBack:
    newer = became.error_class == outcome.NEWER  # its age is no reason to lose it
    if not newer and gives_up(became.error_class, item.destination, item.first_sent_at, now):
        return PutBack("dead", became.why, became.error_class)
    after = became.after_seconds
    if became.error_class == outcome.ACCOUNT:
        after = 0.0  # its destination is parked, and that is what it waits for
    elif after is None:
        after = delay_seconds(became.error_class, item.attempts, jitter)
    return PutBack(
        "ready",
        became.why,
        became.error_class,
        after,
        counts=not newer,
        new_generation=became.new_generation,
    )


class GivenUp(Protocol):
    """A row whose state says that it will not be delivered as it is: ``dead`` or ``unknown``."""

    @property
    def topic(self) -> str:
        """What it was to do."""

    @property
    def payload(self) -> topics.Payload:
        """What it was about; raises InvalidInputError for one that this version can't read."""


def given_up(tx: Tx, row: GivenUp, state: str, why: str) -> None:
    """Write what it means that a row is dead or in doubt now, as its topic's route says."""
    route = ROUTES.get(row.topic)
    hook = {"dead": route.abandoned, "unknown": route.unsure}.get(state) if route else None
    if hook is None:
        return
    try:
        payload = row.payload
    except (InvalidInputError, TypeError, ValueError, KeyError, AttributeError):
        return  # there is nothing to tell what it was about
    hook(tx, payload, why)
    # Bookkeeping has no audit row of its own, but this changes what the business sees.
    auditing.note(tx, f"relay.{row.topic}", _subjects(payload))


def _subjects(payload: topics.Payload) -> list[str]:
    """Return the things that a payload is about, by id."""
    named = {each.name: getattr(payload, each.name) for each in fields(payload)}
    return [
        f"{name.removesuffix('_id')}:{value}"
        for name, value in named.items()
        if name.endswith("_id") and value is not None
    ]
