"""What the doctor asks of the database: server, schema, rights, zones, clock, backups, safety."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bookra.commands.finding import Finding
from bookra.commands.session import Session

if TYPE_CHECKING:
    from bookra.engine.runtime import Engine

CLOCK_SKEW_SECONDS = 5
LEAST_FREE_BYTES = 512 * 1024 * 1024
OLDEST_BACKUP_DAYS = 7
FIRST_BACKUP_DAYS = 2
"""How long a new installation may go without one."""
DAY_SECONDS = 86_400


def server(session: Session, engine: Engine) -> Iterator[Finding]:
    """Look at version, revision, login and clock."""
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
    skew = abs(time.time() - facts.epoch_seconds)
    yield Finding(
        "clock",
        ok=skew < CLOCK_SKEW_SECONDS,
        message=f"{skew:.1f} s apart from the database's",
        remedy="Synchronise this machine's clock",
    )
    if session.settings.embedded:
        yield Finding(
            "isolation",
            ok=True,
            message="the embedded server trusts its one user: operators need a server by URL",
        )


def rights(session: Session, engine: Engine) -> Iterator[Finding]:
    """Compare roles, grants and policies with what the migrations made."""
    from bookra.engine.checkup import weaknesses

    del session
    found = engine.across_tenants(weaknesses)
    yield Finding(
        "policies",
        ok=not found,
        message="; ".join(found) if found else "row-level security is forced on every table",
        remedy="Somebody changed rights by hand: take it back, then bookra doctor again",
    )


def zones(session: Session, engine: Engine) -> Iterator[Finding]:
    """Compare the businesses' time zones with the server's."""
    from bookra.engine.checkup import zone_disagreements

    del session
    now = datetime.now(UTC)
    found = engine.across_tenants(lambda connection: zone_disagreements(connection, now))
    yield Finding(
        "zone rules",
        ok=not found,
        message=f"the server knows other rules of {', '.join(found)}" if found else "agree",
        remedy="Bring tzdata up to date here and on the server",
    )


def safety(session: Session, engine: Engine) -> Iterator[Finding]:
    """Look whether what is committed would outlive a crash, a full disk and a lost machine."""
    from bookra.engine.checkup import hazards, last_backup

    found = engine.across_tenants(hazards)
    yield Finding(
        "durability",
        ok=not found,
        message=", ".join(found) if found else "a commit is on the disk",
        remedy="Set them back: ALTER SYSTEM RESET …, then restart the server",
    )
    home = session.settings.home
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    yield Finding(
        "disk",
        ok=free >= LEAST_FREE_BYTES,
        message=f"{free / 1024**3:.1f} GiB free for {home}",
        remedy="Free some space, or move BOOKRA_HOME to another disk",
    )
    last = engine.across_tenants(last_backup)
    if last.known:
        yield _backup(last.age_seconds, last.in_use_seconds)


def _backup(age_seconds: float | None, in_use_seconds: float | None) -> Finding:
    days = None if age_seconds is None else age_seconds / DAY_SECONDS
    fresh = (in_use_seconds or 0.0) < FIRST_BACKUP_DAYS * DAY_SECONDS
    return Finding(
        "backup",
        ok=fresh if days is None else days < OLDEST_BACKUP_DAYS,
        message="none was made yet" if days is None else f"the last one is {days:.1f} days old",
        remedy="Make one, and have cron do it: bookra db backup FILE",
    )
