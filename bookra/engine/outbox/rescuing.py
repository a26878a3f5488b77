"""Takes back what a dead relay left, and mends promotions that were lost.

A row whose relay died three times is poison and goes to the dead letters. A row that may have been
sent without idempotency is ``unknown``: never sent again by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from bookra.engine.outbox import topics
from bookra.engine.outbox.settling import LOCK_AGGREGATES, promote
from bookra.engine.runtime import Tx

MAX_RESCUES = 3
"""A row whose relay died this often is poison."""

SPREAD_SECONDS = 20.0
"""Over how long rows that have lost two relays are spread."""

AT_ONCE = 500
"""Rows of a tenant that one transaction takes back."""

# Only a row that nobody is settling at this moment has lost its relay. One that lost a second is
# tried again at some moment of the next seconds: if one row kills its relays, those that were under
# way with it must not be so again, or they would be taken for poison too.
RESCUE = text(
    """
    WITH lapsed AS MATERIALIZED (
      SELECT o.id FROM outbox o
       WHERE o.tenant_id = :tenant_id AND o.state IN ('leased', 'sending')
         AND o.leased_until < now()
       ORDER BY o.leased_until LIMIT :limit
         FOR UPDATE SKIP LOCKED
    )
    UPDATE outbox o
       SET state = CASE WHEN state = 'sending' THEN 'unknown'
                        WHEN rescues + 1 >= :max_rescues THEN 'dead' ELSE 'ready' END,
           rescues = rescues + 1, fence = fence + 1,
           due_at = now() + CASE WHEN state = 'leased' AND rescues = 1
                                 THEN random() * make_interval(secs => :spread_seconds)
                                 ELSE interval '0' END,
           error_class = CASE WHEN state = 'sending' THEN 'ambiguous' ELSE 'rescued' END,
           last_error = CASE WHEN state = 'sending'
             THEN 'the relay stopped between sending and the answer'
             ELSE 'the relay stopped before this was settled' END,
           leased_by = NULL, leased_until = NULL, changed_by = session_user
      FROM lapsed
     WHERE o.tenant_id = :tenant_id AND o.id = lapsed.id
    RETURNING o.id, o.state, o.topic, o.version, o.payload, o.last_error
    """
)
# outbox_waiting_idx, one step a line behind the cursor; a line with a live head is as it should be.
STRANDED = text(
    """
    WITH RECURSIVE line AS (
      (SELECT w.aggregate, 1 AS n FROM outbox w
        WHERE w.tenant_id = :tenant_id AND w.state = 'waiting' AND w.aggregate > :after
        ORDER BY w.aggregate LIMIT 1)
      UNION ALL
      SELECT next.aggregate, line.n + 1
        FROM line
       CROSS JOIN LATERAL
             (SELECT w.aggregate FROM outbox w
               WHERE w.tenant_id = :tenant_id AND w.state = 'waiting'
                 AND w.aggregate > line.aggregate
               ORDER BY w.aggregate LIMIT 1) next
       WHERE line.n < :limit
    )
    SELECT line.aggregate,
           EXISTS (SELECT 1 FROM outbox live
                    WHERE live.tenant_id = :tenant_id AND live.aggregate = line.aggregate
                      AND live.state IN ('ready', 'leased', 'sending', 'unknown', 'dead')) AS headed
      FROM line ORDER BY line.aggregate
    """
)


@dataclass(frozen=True, slots=True)
class Rescued:
    """A row that was taken back, and what it is now: ready, dead or unknown."""

    id: UUID
    state: str
    topic: str
    version: int
    fields: dict[str, str]
    why: str

    @property
    def payload(self) -> topics.Payload:
        """The typed payload; raises InvalidInputError for one that this version can't read."""
        return topics.load(self.topic, self.version, self.fields)


def rescue(tx: Tx, *, limit: int = AT_ONCE) -> list[Rescued]:
    """Take back up to ``limit`` rows whose lease ran out, the longest ago first."""
    rows = tx.rows(RESCUE, max_rescues=MAX_RESCUES, spread_seconds=SPREAD_SECONDS, limit=limit)
    tx.wakes = tx.wakes or any(row.state == "ready" for row in rows)
    return [
        Rescued(row.id, row.state, row.topic, row.version, row.payload, row.last_error)
        for row in rows
    ]


def mend(tx: Tx, after: str = "", *, limit: int = 1000) -> str | None:
    """Promote what is first in a line without a live head, in the next ``limit`` lines.

    Returns the last line that was looked at, to go on from; None at the end. Promotions are not
    lost by this program: it is for what a person did by hand.
    """
    lines = tx.rows(STRANDED, after=after, limit=limit)
    stranded = [line.aggregate for line in lines if not line.headed]
    if stranded:
        tx.rows(LOCK_AGGREGATES, aggregates=stranded)
        tx.wakes = bool(promote(tx, stranded)) or tx.wakes
    return lines[-1].aggregate if len(lines) == limit else None
