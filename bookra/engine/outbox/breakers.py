"""Breakers: rows to a destination that fails one tenant wait until it is over.

Five failures in a row open it for 30 s, and each later failure doubles that, up to 15 minutes;
then one row goes through, to see. Access that was refused parks the destination at once, until the
tenant mends it: an hourly trial finds out by itself. After a restore a destination is ``held``,
and nothing but the reconciliation or a person lets it go (``holding``). The state is in the
database, so that every relay and every screen sees the same; what a relay counts on the way there
is its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from bookra.engine.runtime import Tx
from bookra.engine.tenancy import auditing
from bookra.ids import new_id

FIRST_SECONDS, MOST_SECONDS = 30, 900
FAILURES_IN_A_ROW = 5
"""How many it takes to open a breaker that is closed."""

ACCOUNT = "account"
"""The class of trouble that only the tenant can mend; the relay's outcomes name it so too."""

BLOCKED = text(
    """
    SELECT t.slug, b.destination FROM breakers b JOIN tenants t ON t.id = b.tenant_id
     WHERE b.until > now() OR b.state = 'held'
        OR b.state = 'parked' AND b.changed_at > now() - interval '1 hour'
    """
)
ALL = text(
    """
    SELECT destination, state, failures, openings, until, why, changed_at FROM breakers
     WHERE tenant_id = :tenant_id ORDER BY destination
    """
)
FAILED = text(
    """
    INSERT INTO breakers AS b (tenant_id, id, destination, state, failures, openings, until, why,
                               changed_at)
    VALUES (:tenant_id, :id, :destination, :state, :failures, 1,
            CASE WHEN :state = 'open' THEN now() + make_interval(secs => :first) END, :why, now())
    ON CONFLICT (tenant_id, destination) DO UPDATE
       SET state = EXCLUDED.state, failures = b.failures + EXCLUDED.failures,
           openings = b.openings + 1, why = EXCLUDED.why, changed_at = now(),
           until = CASE WHEN EXCLUDED.state = 'open'
                        THEN now() + make_interval(secs => LEAST(:most,
                             :first * 2 ^ LEAST(b.openings, 10))) END,
           changed_by = session_user
     WHERE b.state IN ('closed', 'probing') OR EXCLUDED.state = 'parked' AND b.state = 'open'
    """
)
TRIAL = text(
    """
    UPDATE breakers SET state = 'probing', until = now() + make_interval(secs => :seconds),
                        changed_by = session_user
     WHERE tenant_id = :tenant_id AND destination = :destination
       AND (state IN ('open', 'probing') AND until <= now()
            OR state = 'parked' AND changed_at <= now() - interval '1 hour')
    """
)
CLOSE = text(
    """
    UPDATE breakers SET state = 'closed', failures = 0, openings = 0, until = NULL, why = NULL,
                        changed_at = now(), changed_by = session_user
     WHERE tenant_id = :tenant_id AND destination = :destination
       AND state NOT IN ('closed', 'held')
    """
)
# The one row that was let through said nothing about the destination: the next one may.
AGAIN = text(
    """
    UPDATE breakers SET until = now(), changed_by = session_user
     WHERE tenant_id = :tenant_id AND destination = :destination AND state = 'probing'
    """
)
# A code alone, never a body: it is shown to everybody who may see the account. One that is not
# opened yet, or restricted, stays so: what becomes of it is the provider's to say.
REFUSED = text(
    """
    UPDATE provider_accounts SET state = 'refused', state_why = :why, checked_at = now(),
                                 changed_by = session_user
     WHERE tenant_id = :tenant_id AND provider = :destination AND state = 'active'
    """
)
MENDED = text(
    """
    UPDATE provider_accounts SET state = 'active', state_why = '', checked_at = now(),
                                 changed_by = session_user
     WHERE tenant_id = :tenant_id AND provider = :destination AND state = 'refused'
    """
)


@dataclass(frozen=True, slots=True)
class Breaker:
    """What a destination's trouble means for a tenant: closed, open, probing, parked or held."""

    destination: str
    state: str
    failures: int
    openings: int
    until: datetime | None
    why: str | None
    changed_at: datetime

    @property
    def held_back(self) -> bool:
        """Whether nothing, or one row at a time, goes there."""
        return self.state != "closed"


def blocked(connection: Connection) -> set[tuple[str, str]]:
    """Return the (slug, destination) pairs that nothing is delivered to now, across tenants."""
    return {(row.slug, row.destination) for row in connection.execute(BLOCKED)}


def breakers(tx: Tx) -> list[Breaker]:
    """Return the tenant's breakers, by destination; one that never opened has none."""
    return [
        Breaker(
            row.destination,
            row.state,
            row.failures,
            row.openings,
            row.until,
            row.why,
            row.changed_at,
        )
        for row in tx.rows(ALL)
    ]


def failed(tx: Tx, destination: str, error_class: str, why: str, failures: int = 1) -> bool:
    """Open the breaker, or park the destination when the account was refused.

    ``failures`` is how many in a row the caller has counted. True when the state changed: one
    that is open already stays as it is, since its rows were under way before.
    """
    parked = error_class == ACCOUNT
    changed = tx.run(
        FAILED,
        id=new_id(),
        destination=destination,
        state="parked" if parked else "open",
        failures=failures,
        first=FIRST_SECONDS,
        most=MOST_SECONDS,
        why=why,
    )
    if parked and changed:
        _noted(tx, destination, tx.run(REFUSED, destination=destination, why=why))
    return bool(changed)


def succeeded(tx: Tx, destination: str) -> bool:
    """Close the breaker: the destination answers. True when it was not closed."""
    _noted(tx, destination, tx.run(MENDED, destination=destination))
    return bool(tx.run(CLOSE, destination=destination))


def trial(tx: Tx, destination: str, *, seconds: float) -> bool:
    """Take the one trial of a breaker whose time is over; nobody else may for ``seconds``."""
    return bool(tx.run(TRIAL, destination=destination, seconds=seconds))


def try_again(tx: Tx, destination: str) -> None:
    """Let another trial follow at once: this one never reached the destination."""
    tx.run(AGAIN, destination=destination)


def close(tx: Tx, destination: str) -> bool:
    """Close the breaker because a person says so; True when it was not closed.

    One that is held after a restore stays so: `holding.let_go` ends that.
    """
    changed = bool(tx.run(CLOSE, destination=destination))
    if changed:
        tx.concerns("breaker", destination)
        tx.wakes = True
    return changed


def _noted(tx: Tx, destination: str, changed: int) -> None:
    """Put into the audit that an account's access was refused, or is mended."""
    if changed:
        auditing.note(tx, "relay.account", [f"provider:{destination}"])
