"""The audit as a list: who changed what, when, and by which command; the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from bookra.engine.audit import subjects
from bookra.engine.runtime import Tx

# By audit_tenant_id_recorded_at_idx, backwards. A part of a transaction is not shown beside the
# row of the whole.
LISTED = text(
    """
    SELECT a.recorded_at, a.recorded_by, a.command, a.subjects
      FROM audit a
     WHERE a.tenant_id = :tenant_id
       AND (CAST(:since AS timestamptz) IS NULL OR a.recorded_at >= :since)
       AND (CAST(:until AS timestamptz) IS NULL OR a.recorded_at < :until)
       AND (CAST(:login AS text) IS NULL OR a.recorded_by = :login)
       AND (CAST(:command AS text) IS NULL OR a.command = :command
            OR starts_with(a.command, CAST(:command AS text) || ' ')
            OR starts_with(a.command, CAST(:command AS text) || '.'))
       AND (CAST(:about AS text[]) IS NULL OR a.subjects ?| :about)
       AND NOT (a.command = 'part' AND EXISTS (
             SELECT FROM audit whole
              WHERE whole.tenant_id = :tenant_id AND whole.recorded_at = a.recorded_at
                AND whole.written_in = a.written_in AND whole.command <> 'part'))
     ORDER BY a.recorded_at DESC, a.id DESC LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which audit rows to list. ``command`` also takes a noun or a prefix before a dot."""

    since: datetime | None = None
    until: datetime | None = None
    login: str | None = None
    command: str | None = None
    about: str | None = None
    limit: int = 200


@dataclass(frozen=True, slots=True)
class Change:
    """One change by a command. ``subjects`` are ``kind:code`` or ``kind:id``."""

    at: datetime
    login: str
    command: str
    subjects: tuple[str, ...]


def changes(tx: Tx, wanted: Wanted) -> list[Change]:
    """Return the audit rows that are wanted, with codes and slugs for ids where they are known."""
    about = subjects.named(tx, wanted.about) if wanted.about is not None else None
    if about == []:
        return []
    rows = tx.rows(
        LISTED,
        since=wanted.since,
        until=wanted.until,
        login=wanted.login,
        command=wanted.command,
        about=about,
        limit=wanted.limit,
    )
    shown = subjects.opened(tx, [row.subjects for row in rows])
    return [
        Change(
            row.recorded_at,
            row.recorded_by,
            row.command,
            tuple(dict.fromkeys(shown.get(each, each) for each in row.subjects)),
        )
        for row in rows
    ]
