"""``bookra relay status``: which relays live, who leads, what each job did, and what waits."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from bookra.commands import documents, output, schedule
from bookra.commands.session import Session, current

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

RELAYS = ("id", "host", "pid", "version", "started_at", "last_tick_seconds_ago", "alive", "leads")
BREAKERS = ("tenant", "destination", "state", "why", "until")
JOBS = ("job", "outcome", "finished_at", "next_at", "runs", "failures")


def status() -> None:
    """Tell which relays live and who leads, what their jobs did last, and what waits for them.

    With a business (--tenant) its schedules and what is held back of it are told too.

    Examples:

      bookra relay status
      bookra relay status --tenant luna --json
    """
    session = current()
    document = session.engine.across_tenants(_document)
    if session.settings.tenant is not None:
        document |= _of_tenant(session)
    if session.format != "table":
        output.record(document)
        return
    output.rows(document["relays"], RELAYS, empty="No relay.")
    output.rows(document["jobs"], JOBS, empty="")
    output.rows(document.get("schedules", ()), schedule.COLUMNS, empty="")
    output.rows(document.get("breakers", document["blocked"]), BREAKERS, empty="")
    if document["held"]:
        output.remark("Held since a restore; settle it: bookra outbox reconcile")
    output.record(document["outbox"])


def _document(connection: Any) -> dict[str, Any]:
    from bookra.engine.outbox.breakers import blocked
    from bookra.engine.outbox.checks import cut_off
    from bookra.engine.outbox.relays import relays, waiting
    from bookra.engine.schedules.leading import leader
    from bookra.engine.schedules.ticks import jobs

    leads = leader(connection)
    seen = [
        {
            "id": str(relay.id),
            "started_at": _told(relay.started_at),
            "last_tick_seconds_ago": relay.last_tick_seconds_ago,
            "alive": relay.alive,
            "host": relay.host,
            "pid": relay.pid,
            "version": relay.version,
            "leads": leads is not None and leads.relay_id == relay.id,
        }
        for relay in relays(connection)
    ]
    ran = [
        {
            "job": job.name,
            "relay": job.relay_id and str(job.relay_id),
            "started_at": _told(job.started_at),
            "finished_at": _told(job.finished_at),
            "next_at": _told(job.next_at),
            "outcome": job.outcome,
            "runs": job.runs,
            "failures": job.failures,
        }
        for job in jobs(connection)
    ]
    return {
        "running": any(relay["alive"] for relay in seen),
        "leader": leads and str(leads.relay_id),
        "relays": seen,
        "jobs": ran,
        "outbox": waiting(connection),
        "blocked": [
            {"tenant": tenant, "destination": destination}
            for tenant, destination in sorted(blocked(connection))
        ],
        "held": [
            {"tenant": each.tenant, "destination": each.destination}
            for each in cut_off(connection)
            if each.state == "held"
        ],
    }


def _of_tenant(session: Session) -> dict[str, Any]:
    """Return a business's schedules, and the destinations that ever were in trouble."""
    from bookra.engine.outbox.breakers import breakers
    from bookra.engine.schedules.actions import schedules

    def question(tx: Tx) -> dict[str, Any]:
        zone = tx.tenant.zone
        held = [
            {
                "tenant": tx.tenant.slug,
                "destination": each.destination,
                "state": each.state,
                "why": each.why,
                "until": documents.instant(each.until, zone),
                "changed_at": documents.instant(each.changed_at, zone),
            }
            for each in breakers(tx)
        ]
        recurring = [schedule.document(each, zone) for each in schedules(tx)]
        return {"schedules": recurring, "breakers": held}

    return session.ask(question)


def _told(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
