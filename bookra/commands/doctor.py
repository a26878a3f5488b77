"""``bookra doctor``: check everything, and say how to mend each finding."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, TypeAlias
from zoneinfo import available_timezones

from bookra.commands import doctor_database, doctor_providers, doctor_relay, output
from bookra.commands.finding import Finding
from bookra.commands.options import single
from bookra.commands.session import Session, current
from bookra.errors import BookraError, CheckFailedError

if TYPE_CHECKING:
    from bookra.engine.runtime import Engine

app = single()

LONGEST_SECONDS = 10.0
"""What a check may take on a server in trouble; on a healthy one all of them take less than one."""
SMALLEST_TERMINAL = (80, 24)

Check: TypeAlias = "Callable[[Session, Engine], Iterator[Finding]]"


@app.command()
def doctor() -> None:
    """Check database, rights, clock, zones, backups, relay, outbox, accounts and terminal.

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
    yield from _together(session, engine)


def _together(session: Session, engine: Engine) -> Iterator[Finding]:
    """Make all checks at the same time; yield what they find in their order.

    One that does not come back is a finding, and holds up no other: its thread ends with us.
    """
    answers = [SimpleQueue[list[Finding]]() for _ in CHECKS]
    for check, answer in zip(CHECKS, answers, strict=True):
        Thread(target=_make, args=(check, session, engine, answer), daemon=True).start()
    until = time.monotonic() + LONGEST_SECONDS
    for check, answer in zip(CHECKS, answers, strict=True):
        try:
            yield from answer.get(timeout=max(0.01, until - time.monotonic()))
        except Empty:
            name = check.__name__.strip("_")
            message = f"no answer within {LONGEST_SECONDS:.0f} s"
            yield Finding(name, ok=False, message=message, remedy="Try again, or see the load")


def _make(
    check: Check, session: Session, engine: Engine, answer: SimpleQueue[list[Finding]]
) -> None:
    """Make one check; what it raises is a finding, too."""
    found: list[Finding] = []
    try:
        found.extend(check(session, engine))
    except BookraError as error:
        name = check.__name__.strip("_")
        found.append(Finding(name, ok=False, message=error.message, remedy=error.hint))
    except Exception as error:  # noqa: BLE001 - the other checks must be heard
        name = check.__name__.strip("_")
        found.append(
            Finding(name, ok=False, message=type(error).__name__, remedy="Please report it")
        )
    answer.put(found)


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
            message=f"{size.columns}×{size.lines}, {sys.stdout.encoding}, {_colours()}",
            remedy="Use a UTF-8 terminal of at least 80×24",
        )


def _colours() -> str:
    if os.environ.get("NO_COLOR"):
        return "no colours, as asked for"
    if os.environ.get("COLORTERM") in ("truecolor", "24bit"):
        return "16 million colours"
    return "256 colours" if "256" in os.environ.get("TERM", "") else "few colours"


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


CHECKS: tuple[Check, ...] = (
    doctor_database.server,
    doctor_database.rights,
    doctor_database.zones,
    doctor_database.safety,
    doctor_relay.relays,
    doctor_relay.letters,
    doctor_relay.destinations,
    doctor_relay.inboxes,
    doctor_relay.calendars,
    _schedules,
    doctor_providers.keys,
    doctor_providers.reachable,
)
