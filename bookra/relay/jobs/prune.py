"""Deletes what a business need not keep: settled effects, answers, events, old runs and statuses.

In small batches, a transaction each, so that nobody waits for it and autovacuum keeps up. Books,
bookings, invoices and the audit are never deleted; the database refuses what is too young.

Where an event of ours stands in a calendar is known for as long as the event tells of somebody:
only so can erasing them find it. A class's event names nobody.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from sqlalchemy import TextClause, text

from bookra.engine.outbox.pruning import prune_aggregates
from bookra.engine.runtime import Engine, Tx

BATCH_ROWS = 1_000
LONGEST_BATCHES = 500
"""A night's work for one table: what is left waits for the next."""

LEAST_INBOX_DAYS = 36
"""Stripe tells of an event for 30 days: one that was forgotten sooner would be settled again."""

KEEP_DAYS = text("SELECT keep_days FROM tenants WHERE id = :tenant_id")

PRUNES: dict[str, TextClause] = {
    "outbox_history": text(
        """
        DELETE FROM outbox_history h
         WHERE h.tenant_id = :tenant_id
           AND h.id = ANY(ARRAY(SELECT o.id FROM outbox_history o
                                 WHERE o.tenant_id = :tenant_id AND o.settled_at < :before
                                 ORDER BY o.settled_at LIMIT :batch))
        """
    ),
    "command_results": text(
        """
        DELETE FROM command_results WHERE tenant_id = :tenant_id AND id IN (
               SELECT id FROM command_results
                WHERE tenant_id = :tenant_id AND created_at < :before
                ORDER BY id LIMIT :batch)
        """
    ),
    "inbox": text(
        """
        DELETE FROM inbox WHERE tenant_id = :tenant_id AND id IN (
               SELECT id FROM inbox
                WHERE tenant_id = :tenant_id AND handled_at < :before
                ORDER BY id LIMIT :batch)
        """
    ),
    "schedule_runs": text(
        """
        DELETE FROM schedule_runs WHERE tenant_id = :tenant_id AND id IN (
               SELECT id FROM schedule_runs
                WHERE tenant_id = :tenant_id AND started_at < :before AND state <> 'running'
                ORDER BY started_at LIMIT :batch)
        """
    ),
    "message_statuses": text(
        """
        DELETE FROM message_statuses WHERE tenant_id = :tenant_id AND id IN (
               SELECT id FROM message_statuses
                WHERE tenant_id = :tenant_id AND received_at < :before
                ORDER BY id LIMIT :batch)
        """
    ),
    "calendar_events": text(
        """
        DELETE FROM calendar_events WHERE tenant_id = :tenant_id AND id IN (
               SELECT e.id FROM calendar_events e
                 JOIN sessions x ON x.tenant_id = e.tenant_id AND x.id = e.event_id
                WHERE e.tenant_id = :tenant_id AND x.ends_at < :before
               UNION ALL
               SELECT e.id FROM calendar_events e
                 JOIN booking_lines l ON l.tenant_id = e.tenant_id AND l.id = e.event_id
                 JOIN bookings b ON b.tenant_id = l.tenant_id AND b.id = l.booking_id
                 JOIN customers c ON c.tenant_id = b.tenant_id AND c.id = b.customer_id
                WHERE e.tenant_id = :tenant_id AND b.ends_at < :before AND c.erased_at < :before
                  AND NOT EXISTS (SELECT FROM outbox o
                                   WHERE o.tenant_id = b.tenant_id AND o.booking_id = b.id)
                LIMIT :batch)
        """
    ),
}


def prune(engine: Engine, slug: str) -> Counter[str]:
    """Delete what a business kept for longer than ``keep_days``; returns how many rows by table."""
    gone: Counter[str] = Counter()
    for table in PRUNES:
        for _ in range(LONGEST_BATCHES):
            deleted = engine.act(slug, lambda tx, table=table: _batch(tx, table), command=None)  # type: ignore[misc]
            gone[table] += deleted
            if deleted < BATCH_ROWS:
                break
    gone["outbox_aggregates"] = _forget_lines(engine, slug)
    return +gone


def _forget_lines(engine: Engine, slug: str) -> int:
    """Forget the outbox's lines that have no row any more: a visit of years ago needs none."""
    forgotten, after = 0, ""
    for _ in range(LONGEST_BATCHES):
        number, onward = engine.act(
            slug,
            lambda tx, after=after: prune_aggregates(tx, after, BATCH_ROWS),  # type: ignore[misc]
            command=None,
        )
        forgotten += number
        if onward is None:
            break
        after = onward
    return forgotten


def _batch(tx: Tx, table: str) -> int:
    row = tx.row(KEEP_DAYS)
    assert row is not None
    days = max(row.keep_days, LEAST_INBOX_DAYS) if table == "inbox" else row.keep_days
    before = tx.now - timedelta(days=days)
    return tx.run(PRUNES[table], before=before, batch=BATCH_ROWS)
