"""The search over the engine: clients, visits that are coming, and services with a free time."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from bookra import clock
from bookra.engine.availability.actions import Slot, find_slots
from bookra.engine.bookings import store
from bookra.engine.bookings.clientele import Visit, matching_visits
from bookra.engine.catalog.actions import services
from bookra.engine.catalog.model import Service
from bookra.engine.people.customers import Customer, find_customers
from bookra.engine.people.matching import folded
from bookra.engine.runtime import Tx
from bookra.errors import BookraError
from bookra.tui.desk.search import Found, Place
from bookra.tui.engine_desk.counter import Counter

MOST_CLIENTS, MOST_VISITS, MOST_SERVICES = 6, 8, 3
AHEAD_DAYS = 14
"""How far ahead the next free time of a service is looked for."""


class EngineSearch(Counter):
    """One question over all that has a name, and where a booking is."""

    def search(self, text: str) -> list[Found]:
        """Return clients, then visits, then services."""
        return self._ask(lambda tx: _search(tx, text)) if text.strip() else []

    def place_of(self, code: str) -> Place:
        """Return where the first line of a booking is."""

        def question(tx: Tx) -> Place:
            line = store.booking_by_code(tx, code).lines[0]
            return Place(line.staff, line.starts_at)

        return self._ask(question)


def _search(tx: Tx, text: str) -> list[Found]:
    clients = find_customers(tx, text, limit=MOST_CLIENTS)
    since = tx.now - timedelta(days=1)
    visits = matching_visits(tx, text, [one.id for one in clients], since, MOST_VISITS)
    wanted = [service for service in services(tx) if _matches(text, service)][:MOST_SERVICES]
    return [
        *(_client(one) for one in clients),
        *(_visit(one) for one in visits),
        *(_service(tx, one) for one in wanted),
    ]


def _client(one: Customer) -> Found:
    return Found("client", f"client:{one.id}", one.name, one.phone or one.email or "")


def _visit(one: Visit) -> Found:
    detail = f"{one.services}, {one.staff}"
    return Found("booking", one.code, one.customer, detail, one.starts_at, one.status.value)


def _service(tx: Tx, one: Service) -> Found:
    free = _next_free(tx, one)
    place = f"{free.staff}@{free.start.isoformat()}" if free else ""
    detail = f"next free with {free.staff}" if free else f"nothing free in {AHEAD_DAYS} days"
    target = f"service:{one.slug}:{place}"
    return Found("service", target, one.name, detail, free.start if free else None)


def _next_free(tx: Tx, one: Service) -> Slot | None:
    today = clock.local_day(tx.now, tx.tenant.zone)
    with suppress(BookraError):  # a service that nobody performs has no free time
        found = find_slots(tx, one.slug, None, today, AHEAD_DAYS, limit=1)
        return found[0] if found else None
    return None


def _matches(text: str, service: Service) -> bool:
    """Tell whether every word typed begins a word of the service's name or is its slug."""
    words = [*folded(service.name).split(), service.slug]
    typed = folded(text).split()
    return all(any(word.startswith(part) for word in words) for part in typed)
