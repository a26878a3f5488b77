"""Carries one row to its provider and says what became of it; raises nothing, whatever happens.

Anything unrecognised is tried again, never taken for success; where the other side knows no
idempotency and the call may have been made, it is ``unknown``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bookra.engine.outbox import topics
from bookra.engine.outbox.queue import Claimed
from bookra.engine.runtime import Engine
from bookra.errors import InvalidInputError, NotFoundError, code_of
from bookra.relay import crash, outcome
from bookra.relay.access import Clients
from bookra.relay.delivery import Delivery, LeaseLostError
from bookra.relay.outcome import Dead, Delivered, Outcome, Retry, Unknown
from bookra.relay.routes import LOCAL, ROUTES

NEWER_SECONDS = 60.0
"""How long a row of a later release is left alone, so that an upgraded relay can have it."""

DONE_HERE = Delivered("local")

UNUSABLE = frozenset({"sandbox_down", "key_missing", "wrong_key"})
"""What keeps every row of a destination from its call, as an outage of the provider would."""


@dataclass(slots=True)
class Carried:
    """What became of a row, on its way to be settled."""

    item: Claimed
    outcome: Outcome
    says: bool | None = None
    """Of its destination: True, it answers; False, it fails; None, it was not asked."""
    failures: int = 0
    """How many in a row the destination had with it, or before it when it worked."""
    tries: int = 0
    """How often something stood in the way of settling it."""


class Carrier:
    """Delivers rows by their topic's route. Used by many threads."""

    def __init__(self, engine: Engine, clients: Clients) -> None:
        self._engine = engine
        self._clients = clients
        self._armed = crash.armed()

    def deliver(self, item: Claimed) -> Carried:
        """Make the call that a row asks for; for a local effect there is none."""
        if self._armed:
            crash.point("claimed", item.topic, lambda: self.sandboxed(item))
        local = item.destination == "local"
        payload = _loaded(item, item.topic in (LOCAL if local else ROUTES))
        if not isinstance(payload, topics.Payload):
            return Carried(item, payload)
        if local:
            return Carried(item, DONE_HERE)
        delivery = Delivery(self._engine, self._clients, item, payload)
        became = _storable(_became(delivery, ROUTES[item.topic].deliver))
        says = _says(became, made=delivery.made)
        return Carried(item, became, says)

    def sandboxed(self, item: Claimed) -> bool:
        """Tell whether a row goes to stand-ins alone: only there may a crash be provoked."""
        return self._clients.all_sandboxed(item.tenant)


def _loaded(item: Claimed, known: bool) -> topics.Payload | Outcome:  # noqa: FBT001 - private
    """Return the payload, or what becomes of a row that has none which can be read here."""
    try:
        payload = item.payload
    except InvalidInputError:
        known = False
    except (TypeError, ValueError, KeyError, AttributeError):
        return Dead("malformed_payload", outcome.PERMANENT)
    if not known:
        return Retry("unknown_topic: upgrade the relay", outcome.NEWER, NEWER_SECONDS)
    return payload


def _became(delivery: Delivery, deliver: Callable[[Delivery], Outcome]) -> Outcome:
    try:
        return deliver(delivery)
    except LeaseLostError:
        return Retry("lease_lost", outcome.TRANSIENT)  # stale, whatever it says
    except Exception as error:  # noqa: BLE001 - unrecognised trouble is never success
        code = code_of(error)
        harmless = not delivery.made or isinstance(delivery.answer, Dead | Retry)
        if delivery.item.destination in topics.AT_MOST_ONCE and not harmless:
            return Unknown(code)
        if isinstance(error, NotFoundError):
            return Dead(code, outcome.PERMANENT)
        return Retry(code, outcome.TRANSIENT)


def _storable(became: Outcome) -> Outcome:
    """Return an outcome whose words the database takes, whatever a provider wrote into them."""
    if isinstance(became, Delivered):
        words = _printable(became.reference)
        return became if words is became.reference else replace(became, reference=words)
    words = _printable(became.why)
    return became if words is became.why else replace(became, why=words)


def _printable(words: str) -> str:
    if words.isprintable():
        return words
    return "".join(c if c.isprintable() else "\ufffd" for c in words)


def _says(became: Outcome, *, made: bool) -> bool | None:
    """Return what an outcome tells of the destination: a refusal is an answer, silence is not."""
    if isinstance(became, Retry) and became.error_class in (outcome.TRANSIENT, outcome.ACCOUNT):
        return False if made or became.why in UNUSABLE else None
    if isinstance(became, Unknown):
        return False
    return True if made else None
