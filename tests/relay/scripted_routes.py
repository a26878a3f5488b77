"""Effects of our own for the drain: a topic a destination, and a script of what becomes of each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from factories import Salon
from sqlalchemy import text

from bookra.config import Settings
from bookra.engine.outbox import topics
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.inspect import OutboxRow, outbox_rows
from bookra.engine.runtime import Tx
from bookra.ids import new_id
from bookra.relay.access import Clients
from bookra.relay.delivery import Delivery, Route
from bookra.relay.drain import Drain
from bookra.relay.options import RelayOptions
from bookra.relay.outcome import Delivered, Outcome
from bookra.relay.routes import LOCAL, ROUTES

DONE = Delivered("done")
HURRY = text(
    "UPDATE outbox SET due_at = now(), changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND state = 'ready'"
)


@dataclass(frozen=True, slots=True)
class Ping(topics.Payload):
    """One effect in a line of its own, to Google."""

    topic: ClassVar[str] = "test.google"
    destination: ClassVar[str] = "google"
    stream: ClassVar[str] = "ping"

    name: str

    @property
    def aggregate(self) -> str:
        return f"{self.stream}:{self.name}"


@dataclass(frozen=True, slots=True)
class PingStripe(Ping):
    topic: ClassVar[str] = "test.stripe"
    destination: ClassVar[str] = "stripe"
    stream: ClassVar[str] = "ping-stripe"


@dataclass(frozen=True, slots=True)
class PingOnce(Ping):
    """One that nobody may send twice."""

    topic: ClassVar[str] = "test.whatsapp"
    destination: ClassVar[str] = "whatsapp"
    stream: ClassVar[str] = "ping-once"


@dataclass(frozen=True, slots=True)
class PingHere(Ping):
    topic: ClassVar[str] = "test.local"
    destination: ClassVar[str] = "local"
    stream: ClassVar[str] = "ping-here"


KINDS: dict[str, type[Ping]] = {
    kind.destination: kind for kind in (Ping, PingStripe, PingOnce, PingHere)
}
Script = Callable[[str, str], Outcome]


@dataclass
class Scripted:
    """What the routes do: ``says`` decides by tenant and name; what was delivered is noted."""

    says: Script = lambda _tenant, _name: DONE
    applies: Callable[[Tx, str], None] | None = None
    calls: list[tuple[str, str]] = field(default_factory=list)
    abandoned: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    under_way: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def deliver(self, delivery: Delivery) -> Outcome:
        assert isinstance(delivery.payload, Ping)
        tenant, name = delivery.item.tenant, delivery.payload.name
        account: Any = _Account()
        return delivery.called(account, lambda: self._called(tenant, name))

    def hang(self, _tenant: str = "", _name: str = "") -> Outcome:
        """Tell that a delivery is under way, and wait for leave to go on."""
        self.under_way.set()
        assert self.go_on.wait(20)
        return DONE

    def names(self, tenant: str = "luna") -> list[str]:
        """Return what was delivered of a tenant, in order."""
        return [name for slug, name in self.calls if slug == tenant]

    def _called(self, tenant: str, name: str) -> Outcome:
        became = self.says(tenant, name)
        self.calls.append((tenant, name))
        return became

    def apply(self, tx: Tx, payload: topics.Payload, _delivered: object = None) -> None:
        assert isinstance(payload, Ping)
        if self.applies is not None:
            self.applies(tx, payload.name)


class _Account:
    sandbox = True


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """Routes for topics of the test's own."""
    script = Scripted()
    for kind in KINDS.values():
        monkeypatch.setitem(topics.TOPICS, kind.topic, kind)
    whole = Route(
        script.deliver,
        applied=script.apply,
        abandoned=lambda _tx, payload, why: script.abandoned.append(f"{payload.name} {why}"),  # type: ignore[attr-defined]
        unsure=lambda _tx, payload, why: script.unsure.append(f"{payload.name} {why}"),  # type: ignore[attr-defined]
    )
    monkeypatch.setitem(ROUTES, Ping.topic, Route(script.deliver))
    monkeypatch.setitem(ROUTES, PingStripe.topic, whole)
    monkeypatch.setitem(ROUTES, PingOnce.topic, whole)
    monkeypatch.setitem(LOCAL, PingHere.topic, script.apply)
    yield script
    script.go_on.set()


def connect(salon: Salon, key_file: Path, **config: str) -> Salon:
    """Give a salon accounts everywhere; nobody is asked anything."""
    for provider in ("google", "stripe", "whatsapp"):
        salon.connect_provider(provider, key_file, **config)
    return salon


def want(salon: Salon, *names: str, to: str = "google") -> None:
    """Write an effect of each name in one transaction."""

    def action(tx: Tx) -> None:
        for name in names:
            emit(tx, KINDS[to](None, name))

    salon.act(action)


@contextmanager
def draining(salon: Salon, settings: Settings, **options: Any) -> Iterator[Drain]:
    """Open a drain, and stop it at the end; a hanging delivery is not waited for."""
    clients = Clients(salon.engine, settings)
    wanted: dict[str, Any] = {"workers": 4, "lease_seconds": 30.0, "calls_per_second": {}}
    drain = Drain(salon.engine, clients, new_id(), RelayOptions(**{**wanted, **options}))
    try:
        yield drain
    finally:
        drain.stop(1.0)
        clients.close()


def deliver(salon: Salon, settings: Settings, **options: Any) -> None:
    """Let a relay deliver what is due, once."""
    with draining(salon, settings, **options) as drain:
        drain.once()
        drain.finish()


def rows(salon: Salon, state: str | None = None) -> list[OutboxRow]:
    """Return what is in the outbox, or what was ``delivered``."""
    return salon.ask(lambda tx: outbox_rows(tx, state=state))


def states(salon: Salon) -> dict[str, str]:
    """Return what is in the outbox: its state by name."""
    return {row.aggregate.partition(":")[2]: row.state for row in rows(salon)}


def hurry(salon: Salon) -> None:
    """Make postponed rows due now."""
    salon.act(lambda tx: tx.run(HURRY))
