"""Planning reminders: visits whose time before the start has come, each once.

Of several reminders of one visit only the latest that is due is planned, so that a relay that was
away sends none twice over. None is planned in quiet hours: what they outlast is not sent late. A
visit that was booked or moved after its reminder would have been due was just told, and needs none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from sqlalchemy import text

from bookra import clock
from bookra.engine.messages.model import Channel
from bookra.engine.messages.planning import plan
from bookra.engine.messages.rules import is_quiet, message_rules
from bookra.engine.outbox.topics import REMINDER
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.providers import account

AT_MOST = 500
"""Reminders that one run plans; the next run, seconds later, plans the rest."""

# By bookings_tenant_id_starts_at_idx; the key is messages_tenant_id_once_key_key's.
DUE = text(
    """
    SELECT b.id, b.customer_id, b.starts_at
      FROM bookings b
      JOIN customers c ON c.tenant_id = b.tenant_id AND c.id = b.customer_id
     WHERE b.tenant_id = :tenant_id AND b.status = 'confirmed'
       AND b.starts_at > :after AND b.starts_at <= :until
       AND b.created_at <= b.starts_at - make_interval(mins => :lead)
       AND c.opted_out_of IS NULL AND (c.phone IS NOT NULL OR c.email IS NOT NULL)
       AND NOT EXISTS (SELECT 1 FROM messages t
                        WHERE t.tenant_id = b.tenant_id AND t.booking_id = b.id
                          AND t.template IN ('booking_confirmed', 'booking_moved')
                          AND t.created_at > b.starts_at - make_interval(mins => :lead))
       AND NOT EXISTS (SELECT 1 FROM messages m
                        WHERE m.tenant_id = b.tenant_id
                          AND m.once_key = 'reminder:' || b.id || ':'
                              || floor(EXTRACT(EPOCH FROM b.starts_at))::bigint || ':' || :lead)
     ORDER BY b.starts_at, b.id LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class Coming:
    """A visit that a reminder is due for."""

    id: UUID
    customer_id: UUID
    starts_at: datetime


def plan_reminders(tx: Tx) -> int:
    """Plan the tenant's reminders that are due now; returns how many."""
    if not any(account(tx, channel.value) for channel in Channel):
        return 0
    if is_quiet(tx):
        return 0
    leads = sorted({0, *message_rules(tx).reminder_minutes})
    return sum(_planned(tx, shorter, lead) for shorter, lead in pairwise(leads))


def reminder_key(booking_id: UUID, starts_at: datetime, lead_minutes: int) -> str:
    """Return the key of one reminder: of this visit, at this time, so long before."""
    return f"{_prefix(booking_id, starts_at)}{lead_minutes}"


def still_reminds(once_key: str, booking_id: UUID, starts_at: datetime) -> bool:
    """Tell whether a reminder is of the time that the visit has now."""
    return once_key.startswith(_prefix(booking_id, starts_at))


def _planned(tx: Tx, shorter: int, lead: int) -> int:
    """Plan the reminders of one lead, for visits that no shorter lead is due for yet."""
    rows = tx.rows(
        DUE,
        after=tx.now + timedelta(minutes=shorter),
        until=tx.now + timedelta(minutes=lead),
        lead=lead,
        limit=AT_MOST,
    )
    planned = 0
    for row in rows:
        visit = Coming(row.id, row.customer_id, row.starts_at)
        key = reminder_key(visit.id, visit.starts_at, lead)
        planned += plan(tx, visit, REMINDER, once_key=key) is not None
    return planned


def _prefix(booking_id: UUID, starts_at: datetime) -> str:
    return f"reminder:{booking_id}:{clock.to_epoch(starts_at)}:"
