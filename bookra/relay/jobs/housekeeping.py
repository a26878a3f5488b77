"""The relay's jobs that go from business to business: holds, openings, reminders, doubt, days."""

from __future__ import annotations

from bookra.engine.bookings.holds import any_lapsed, expire_lapsed
from bookra.engine.bookings.waitlist.openings import offer_openings, pending
from bookra.engine.ledger.days import close_all
from bookra.engine.messages.reminders import plan_reminders
from bookra.engine.messages.rules import is_quiet
from bookra.engine.messages.unsure import resolve
from bookra.engine.runtime import Engine
from bookra.relay.jobs.job import for_each_tenant
from bookra.relay.log import log


def expire_holds(engine: Engine) -> int:
    """Let holds go whose time is over; returns how many."""

    def work(slug: str) -> int:
        if not engine.ask(slug, any_lapsed):
            return 0
        count = engine.act(slug, expire_lapsed, command="relay.expire-holds")
        log("holds.expired", tenant=slug, count=count)
        return count

    return for_each_tenant(engine, "holds.not_expired", work)


def offer_waitlist(engine: Engine) -> int:
    """Offer what is free to who waits for it; returns how many offers were made.

    None in quiet hours: an offer runs out, and would pass over whoever is asleep.
    """

    def work(slug: str) -> int:
        if not engine.ask(slug, lambda tx: pending(tx) and not is_quiet(tx)):
            return 0
        count = len(engine.act(slug, offer_openings, command="relay.waitlist"))
        log("waitlist.offered", tenant=slug, count=count)
        return count

    return for_each_tenant(engine, "waitlist.not_offered", work)


def remind(engine: Engine) -> int:
    """Plan the reminders that are due; returns how many."""

    def work(slug: str) -> int:
        count = engine.act(slug, plan_reminders, command=None)
        if count:
            log("reminders.planned", tenant=slug, count=count)
        return count

    return for_each_tenant(engine, "reminders.not_planned", work)


def resolve_doubt(engine: Engine) -> int:
    """Decide, where a rule can, what becomes of messages that may have gone out; how many."""

    def work(slug: str) -> int:
        count = engine.act(slug, resolve, command=None)
        if count:
            log("messages.resolved", tenant=slug, count=count)
        return count

    return for_each_tenant(engine, "messages.not_resolved", work)


def close_days(engine: Engine) -> int:
    """Close the ledger's posted days that are over; returns how many."""

    def work(slug: str) -> int:
        closed = close_all(engine, slug, command="relay.close-days")
        for day in closed:
            log("ledger.day_closed", tenant=slug, day=str(day.day), hash=day.hash)
        return len(closed)

    return for_each_tenant(engine, "ledger.day_not_closed", work)
