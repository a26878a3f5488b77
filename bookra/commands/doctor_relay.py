"""What the doctor asks of the relay: does it live and keep up, and what waits for a person."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from bookra.commands.finding import Finding
from bookra.commands.session import Session

if TYPE_CHECKING:
    from bookra.engine.runtime import Engine

Answer = TypeVar("Answer")

LAG_SECONDS = 60
OFTEN = 3
"""An event that failed so often is not a moment's trouble any more."""
LOOK_SECONDS = 0.8
"""How long the doctor looks into inboxes, business by business: it is to answer in two seconds."""


def relays(session: Session, engine: Engine) -> Iterator[Finding]:
    """Look whether a relay lives, leads, keeps up, and is woken at once."""
    from bookra.bootstrap import conninfo
    from bookra.engine.checkup import hears
    from bookra.engine.outbox import relays as known
    from bookra.engine.outbox.gauges import gauges
    from bookra.engine.schedules.leading import leader

    alive = [relay for relay in engine.across_tenants(known.relays) if relay.alive]
    waits = everywhere(engine, known.waiting)
    pending = sum(w["ready"] + w["waiting"] + w["in_flight"] for w in waits)
    yield Finding(
        "relay",
        ok=bool(alive) or not pending,
        message=f"{len(alive)} running, {pending:.0f} effects on their way",
        remedy="Start one: bookra relay run (or from cron: bookra relay run --once)",
    )
    if alive:
        leads = engine.across_tenants(leader) is not None
        yield Finding(
            "leader",
            ok=leads,
            message=f"{'one' if leads else 'no'} relay leads the schedules",
            remedy="Wait 15 s; if it stays so, start the relays anew, and look at their log",
        )
    lag = max((read.oldest_seconds for read in everywhere(engine, gauges)), default=0.0)
    yield Finding(
        "outbox lag",
        ok=lag < LAG_SECONDS,
        message=f"{lag:.0f} s behind",
        remedy="See what is stuck: bookra outbox list --state ready",
    )
    heard = hears(conninfo(session.settings))
    yield Finding(
        "wake-up",
        ok=True,
        message="LISTEN works" if heard else "no LISTEN here: relays find work by polling",
    )


def letters(session: Session, engine: Engine) -> Iterator[Finding]:
    """Look for effects that nobody delivers until a person decides."""
    from bookra.engine.outbox.checks import set_aside

    del session
    found = _flat(everywhere(engine, set_aside))
    for state, what in (("dead", "bookra outbox retry|discard"), ("unknown", "bookra outbox show")):
        of_it = [each for each in found if each.state == state]
        where = ", ".join(f"{each.tenant} × {each.destination} {each.rows}" for each in of_it[:5])
        named = f" --tenant {of_it[0].tenant}" if of_it else ""
        yield Finding(
            f"{state} letters",
            ok=not of_it,
            message=f"{sum(each.rows for each in of_it)}" + (f": {where}" if where else ""),
            remedy=f"Look: bookra outbox list --state {state}{named}, then {what} ID",
        )


def destinations(session: Session, engine: Engine) -> Iterator[Finding]:
    """Look for destinations that are cut off, and for accounts that their providers refuse."""
    from bookra.engine.outbox.checks import cut_off
    from bookra.engine.tenancy.checks import troubled

    del session
    cut = _flat(everywhere(engine, cut_off))
    accounts = _flat(everywhere(engine, troubled))
    if not cut and not accounts:
        yield Finding("destinations", ok=True, message="none is cut off, and no account refused")
    for each in cut:
        resume = f"bookra outbox resume {each.destination} --tenant {each.tenant}"
        remedies = {
            "parked": f"{_set_again(each.destination, each.tenant)}, or if it has it: {resume}",
            "held": f"It was restored: bookra outbox reconcile --tenant {each.tenant}",
        }
        yield Finding(
            "destination",
            ok=False,
            message=f"{each.tenant} × {each.destination} is {each.state}: {each.why or 'failures'}",
            remedy=remedies.get(each.state, f"It is tried again by itself, or now: {resume}"),
        )
    for account in accounts:
        yield Finding(
            "account",
            ok=False,
            message=f"{account.provider} of {account.tenant} is {account.state}: {account.why}",
            remedy=_set_again(account.provider, account.tenant),
        )


def inboxes(session: Session, engine: Engine) -> Iterator[Finding]:
    """Look for events that were received and can't be handled, as far as the time goes."""
    from bookra.engine.payments.inbox import events

    del session

    def often(tx: Any) -> int:
        return sum(each.attempts >= OFTEN for each in events(tx, state="failed"))

    stuck, rest = _counted(engine, often)
    where = ", ".join(f"{slug} {number}" for slug, number in list(stuck.items())[:5])
    yield Finding(
        "inbox",
        ok=not stuck,
        message=(f"events that can't be handled: {where}" if stuck else "nothing is stuck") + rest,
        remedy=f"Look: bookra inbox list --state failed --tenant {next(iter(stuck), '')}",
    )


def calendars(session: Session, engine: Engine) -> Iterator[Finding]:
    """Look for people's calendars that can't be read: what they say of free time is old."""
    from bookra.engine.availability.calendars.feeds import feeds

    del session
    failing, rest = _counted(engine, lambda tx: sum(bool(feed.failure) for feed in feeds(tx)))
    where = ", ".join(f"{slug} {number}" for slug, number in list(failing.items())[:5])
    yield Finding(
        "calendars",
        ok=not failing,
        message=(f"can't be read: {where}" if failing else "every connected one is read") + rest,
        remedy=f"See why: bookra calendar feeds --tenant {next(iter(failing), '')}",
    )


def _counted(engine: Engine, question: Callable[[Any], int]) -> tuple[dict[str, int], str]:
    """Ask business after business, as far as the time goes; returns who has any, and how far."""
    from bookra.engine.tenancy.actions import visible

    found: dict[str, int] = {}
    until, looked = time.monotonic() + LOOK_SECONDS, 0
    tenants = engine.across_tenants(visible)
    for tenant in tenants:
        if time.monotonic() > until:
            break
        looked += 1
        if number := engine.ask(tenant.slug, question):
            found[tenant.slug] = number
    rest = f" (looked at {looked} of {len(tenants)} businesses)" if looked < len(tenants) else ""
    return found, rest


def everywhere(engine: Engine, question: Callable[[Any], Answer]) -> list[Answer]:
    """Ask across all businesses at once, or of each that this login belongs to."""
    from bookra.engine.tenancy.actions import visible
    from bookra.engine.tenancy.checks import sees_all

    if engine.across_tenants(sees_all):
        return [engine.across_tenants(question)]
    slugs = [tenant.slug for tenant in engine.across_tenants(visible)]
    return [engine.ask(slug, lambda tx: question(tx.connection)) for slug in slugs]


def _set_again(provider: str, tenant: str) -> str:
    return f"Give it access again: bookra tenant provider set {provider} --tenant {tenant} …"


def _flat(found: Iterable[list[Answer]]) -> list[Answer]:
    return [each for some in found for each in some]
