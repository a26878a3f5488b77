"""What is held back after a restore, and how it is let go.

A restored database has forgotten what was delivered since its backup. Until that is settled with
the providers, nothing goes to them: the breaker of each destination is ``held``, which no trial,
no success and no new account ends, only `let_go`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from bookra.engine.outbox import breakers
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError
from bookra.ids import new_id

WHY = "restored"

# By the clock and not by the transaction's begin: a restore may take as long as it likes, and what
# fell due meanwhile may have been sent by the database that it replaces.
HOLD = text(
    """
    INSERT INTO breakers (tenant_id, id, destination, state, why, changed_at)
    VALUES (:tenant_id, :id, :destination, 'held', :why, clock_timestamp())
    ON CONFLICT (tenant_id, destination) DO UPDATE
       SET state = 'held', failures = 0, openings = 0, until = NULL, why = EXCLUDED.why,
           changed_at = EXCLUDED.changed_at, changed_by = EXCLUDED.changed_by
    """
)
DESTINATIONS = text(
    """
    SELECT provider AS destination FROM provider_accounts WHERE tenant_id = :tenant_id
     UNION SELECT destination FROM outbox
            WHERE tenant_id = :tenant_id AND destination <> 'local'
     ORDER BY destination
    """
)
HELD = text(
    """
    SELECT destination, changed_at FROM breakers
     WHERE tenant_id = :tenant_id AND state = 'held'
       AND (CAST(:destination AS text) IS NULL OR destination = :destination)
     ORDER BY destination
    """
)
LET_GO = text(
    """
    UPDATE breakers SET state = 'closed', failures = 0, openings = 0, until = NULL, why = NULL,
                        changed_at = now(), changed_by = session_user
     WHERE tenant_id = :tenant_id AND destination = :destination AND state = 'held'
    """
)
HOLDING = text(
    """
    SELECT t.slug FROM tenants t
     WHERE EXISTS (SELECT 1 FROM breakers b WHERE b.tenant_id = t.id AND b.state = 'held')
     ORDER BY t.slug
    """
)


@dataclass(frozen=True, slots=True)
class Held:
    """A destination that nothing goes to, ``since`` the restore."""

    destination: str
    since: datetime


def hold_all(tx: Tx) -> list[str]:
    """Hold every destination that the business has, or has rows for; returns them."""
    found = [row.destination for row in tx.rows(DESTINATIONS)]
    for destination in found:
        tx.run(HOLD, id=new_id(), destination=destination, why=WHY)
    return found


def held(tx: Tx, destination: str | None = None) -> list[Held]:
    """Return what the business has held, or only one destination of it."""
    return [Held(row.destination, row.changed_at) for row in tx.rows(HELD, destination=destination)]


def let_go(tx: Tx, destination: str) -> bool:
    """Deliver to a destination again; False when it was not held."""
    changed = bool(tx.run(LET_GO, destination=destination))
    if changed:
        tx.concerns("breaker", destination)
        tx.wakes = True
    return changed


def resume(tx: Tx, destination: str, *, after_restore: bool = False) -> bool:
    """Deliver to a destination again because a person says so; False when nothing kept it.

    Raises ConflictError (``held_after_restore``) for what a restore holds, unless it is said that
    this is meant.
    """
    if not held(tx, destination):
        return breakers.close(tx, destination)
    if not after_restore:
        raise ConflictError(
            "held_after_restore",
            f"{destination} is held since a restore: what waits may have been delivered before",
            hint="Settle it first: bookra outbox reconcile. Or let it go all the same:"
            f" bookra outbox resume {destination} --after-restore",
        )
    return let_go(tx, destination)


def holding(connection: Connection) -> list[str]:
    """Return the slugs of the businesses that have something held, across tenants."""
    return [row.slug for row in connection.execute(HOLDING)]
