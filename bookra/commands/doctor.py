"""``bookra doctor``: check everything, and say how to mend each finding."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from bookra.commands import doctor_relay, output
from bookra.commands.finding import Finding
from bookra.commands.options import single
from bookra.commands.session import Session, current
from bookra.errors import BookraError, CheckFailedError

if TYPE_CHECKING:
    from bookra.engine.runtime import Engine

app = single()

CLOCK_SKEW_SECONDS = 5
SMALLEST_TERMINAL = (80, 24)


@app.command()
def doctor() -> None:
    """Check database, clock, relay, outbox, accounts, inbox, schedules, sandbox and terminal.

    Exits 8 when something was found.

    Examples:

      bookra doctor
      bookra doctor --json
    """
    findings = list(_examine(current()))
    shown = [
        {"check": f.check, "ok": f.ok, "message": f.message, "remedy": "" if f.ok else f.remedy}
        for f in findings
    ]
    bad = [finding for finding in findings if not finding.ok]
    if current().format == "table":
        output.rows(shown, ("check", "ok", "message", "remedy"))
    else:
        output.record({"ok": not bad, "checks": shown})
    if bad:
        raise CheckFailedError(
            "findings", f"{len(bad)} of {len(findings)} checks found something: {bad[0].message}"
        )


def _examine(session: Session) -> Iterator[Finding]:
    yield from _machine()
    try:
        engine = session.engine
    except BookraError as error:
        yield Finding("database", ok=False, message=error.message, remedy=error.hint)
        return
    for check in CHECKS:
        yield from _guarded(check, session, engine)


def _guarded(
    check: Callable[[Session, Engine], Iterator[Finding]], session: Session, engine: Engine
) -> Iterator[Finding]:
    try:
        yield from check(session, engine)
    except BookraError as error:
        yield Finding(check.__name__.strip("_"), ok=False, message=error.message, remedy=error.hint)


def _machine() -> Iterator[Finding]:
    zones = len(available_timezones())
    yield Finding(
        "zones",
        ok=zones > 400,
        message=f"{zones} time zones are known",
        remedy="Install the package tzdata",
    )
    if sys.stdout.isatty():
        size = shutil.get_terminal_size()
        fits = size.columns >= SMALLEST_TERMINAL[0] and size.lines >= SMALLEST_TERMINAL[1]
        utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        yield Finding(
            "terminal",
            ok=fits and utf8,
            message=f"{size.columns}×{size.lines}, {sys.stdout.encoding}",
            remedy="Use a UTF-8 terminal of at least 80×24",
        )


def _database(session: Session, engine: Engine) -> Iterator[Finding]:
    from bookra.engine.checkup import database_facts

    facts = engine.across_tenants(database_facts)
    yield Finding(
        "server",
        ok=facts.supported,
        message=f"PostgreSQL {facts.version}",
        remedy="Use PostgreSQL 15 or newer",
    )
    yield Finding(
        "schema",
        ok=facts.up_to_date,
        message=f"revision {facts.revision}",
        remedy="Run: bookra db upgrade",
    )
    yield Finding(
        "login",
        ok=not facts.unbound,
        message="bound by row-level security" if not facts.unbound else "escapes the policies",
        remedy="Give Bookra a login that is no superuser",
    )
    yield Finding(
        "policies",
        ok=facts.unforced_tables == 0,
        message=f"{facts.unforced_tables} tables without forced row-level security",
        remedy="Run: bookra db upgrade",
    )
    skew = abs(time.time() - facts.epoch_seconds)
    yield Finding(
        "clock",
        ok=skew < CLOCK_SKEW_SECONDS,
        message=f"{skew:.1f} s apart from the database's",
        remedy="Synchronise this machine's clock",
    )
    if session.settings.embedded:
        yield Finding("isolation", ok=True, message="the embedded server is for one user alone")


def _schedules(session: Session, engine: Engine) -> Iterator[Finding]:
    """Look for nightly checks that found something, runs that failed, and what is never run."""
    from bookra.engine.schedules.checks import late, worries

    del session
    overdue = engine.across_tenants(late)
    yield Finding(
        "schedules",
        ok=not overdue,
        message=f"{overdue} have been due for over an hour",
        remedy="Start a relay: bookra relay run",
    )
    for worry in engine.across_tenants(worries):
        yield Finding(
            "scheduled run",
            ok=False,
            message=f"{worry.schedule} of {worry.tenant} {worry.state}: {worry.outcome}",
            remedy=f"Mend it, then: bookra schedule run {worry.schedule} --tenant {worry.tenant}",
        )


def _sandbox(session: Session, engine: Engine) -> Iterator[Finding]:
    """Look for the stand-ins when some business visible here is connected to them."""
    from bookra.config import sandbox_address
    from bookra.engine.tenancy.actions import visible
    from bookra.engine.tenancy.providers import accounts
    from bookra.sandbox import SandboxClient

    tenants: list[Any] = engine.across_tenants(visible)
    used = any(
        found.sandbox for tenant in tenants for found in engine.ask(tenant.slug, accounts).values()
    )
    if used:
        SandboxClient(sandbox_address(session.settings)).show()
        yield Finding("sandbox", ok=True, message="answers")


CHECKS: tuple[Callable[[Session, Engine], Iterator[Finding]], ...] = (
    _database,
    doctor_relay.relays,
    doctor_relay.letters,
    doctor_relay.destinations,
    doctor_relay.inboxes,
    doctor_relay.calendars,
    _schedules,
    _sandbox,
)
