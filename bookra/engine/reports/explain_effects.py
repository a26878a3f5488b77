"""The trace from a booking or an order to its effects outside, as one timeline.

Everything that was planned, sent, answered, told and settled because of it, by its ids: rows of the
outbox, Stripe's operations and events, messages and what became of them, calendar events, invoices
and commissions. No name, number or text is in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from bookra.engine.reports.explain import MOST, OF_ORDERS, Subject, subject_of
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError

ROWS = """
    SELECT id::text AS id, topic, destination, outcome AS state, generation, attempts, rescues,
           created_at, first_sent_at, settled_at, NULL::timestamptz AS due_at, reference,
           NULL AS error_class, NULL AS error, aggregate, sequence
      FROM outbox_history WHERE tenant_id = :tenant_id AND {condition}
    UNION ALL
    SELECT id::text, topic, destination, state, generation, attempts, rescues, created_at,
           first_sent_at, NULL, due_at, NULL, error_class, last_error, aggregate, sequence
      FROM outbox WHERE tenant_id = :tenant_id AND {condition}
     ORDER BY created_at, aggregate, sequence LIMIT :most
"""
# By outbox_booking_idx; those of orders by no index: they are few, and explained seldom.
ROWS_OF_BOOKINGS = text(ROWS.format(condition="booking_id = ANY(:bookings)"))
ROWS_OF_ORDERS = text(ROWS.format(condition=OF_ORDERS))
OPERATIONS = text(
    """
    SELECT o.id::text AS id, o.kind, o.purpose, o.state, o.provider_ref AS reference, o.failure,
           o.created_at, o.settled_at
      FROM operations o
     WHERE o.tenant_id = :tenant_id
       AND (o.booking_id = ANY(:bookings) OR o.order_id = ANY(:orders))
     ORDER BY o.created_at, o.id LIMIT :most
    """
)
# What Stripe calls the things of these bookings and orders, and the events that were about them:
# by no index, since the inbox keeps a month at most.
EVENTS = text(
    """
    WITH refs AS (
      SELECT o.provider_ref AS ref FROM operations o
       WHERE o.tenant_id = :tenant_id AND o.provider_ref IS NOT NULL
         AND (o.booking_id = ANY(:bookings) OR o.order_id = ANY(:orders))
      UNION
      SELECT unnest(ARRAY[c.charge_ref, c.intent_ref]) FROM charges c
       WHERE c.tenant_id = :tenant_id
         AND (c.booking_id = ANY(:bookings) OR c.order_id = ANY(:orders))
      UNION
      SELECT d.dispute_ref FROM disputes d
        JOIN charges c ON c.tenant_id = d.tenant_id AND c.id = d.charge_id
       WHERE d.tenant_id = :tenant_id
         AND (c.booking_id = ANY(:bookings) OR c.order_id = ANY(:orders))
    )
    SELECT i.event_ref AS reference, i.kind, i.object_ref AS object, i.via, i.happened_at,
           i.received_at, i.handled_at, i.outcome, i.attempts, i.last_error AS error
      FROM inbox i
     WHERE i.tenant_id = :tenant_id AND i.object_ref IN (SELECT ref FROM refs)
     ORDER BY i.received_at, i.id LIMIT :most
    """
)
MESSAGES = text(
    """
    SELECT m.id::text AS id, m.template, m.channel, m.status, m.provider_ref AS reference,
           m.error_code AS error, m.instead_of::text AS instead_of, m.created_at, m.status_at
      FROM messages m
     WHERE m.tenant_id = :tenant_id
       AND (m.booking_id = ANY(:bookings) OR m.order_id = ANY(:orders))
     ORDER BY m.created_at, m.id LIMIT :most
    """
)
STATUSES = text(
    """
    SELECT s.provider_ref AS reference, s.status, s.error_code AS error, s.happened_at,
           s.received_at
      FROM message_statuses s
     WHERE s.tenant_id = :tenant_id AND s.provider_ref = ANY(:refs)
     ORDER BY s.happened_at, s.id LIMIT :most
    """
)
CALENDAR = text(
    """
    SELECT replace(e.event_id::text, '-', '') AS reference, e.calendar_id AS calendar
      FROM calendar_events e
     WHERE e.tenant_id = :tenant_id AND e.event_id IN
           (SELECT l.id FROM booking_lines l
             WHERE l.tenant_id = :tenant_id AND l.booking_id = ANY(:bookings))
     ORDER BY 1, 2 LIMIT :most
    """
)
INVOICES = text(
    """
    SELECT i.number AS reference, i.kind, i.issued_at
      FROM invoices i
     WHERE i.tenant_id = :tenant_id
       AND (i.booking_id = ANY(:bookings) OR i.order_id = ANY(:orders))
     ORDER BY i.issued_at, i.number LIMIT :most
    """
)
COMMISSIONS = text(
    """
    SELECT s.kind, f.slug AS staff, s.amount_minor, s.currency, s.split_at
      FROM commission_splits s
      JOIN bookables f ON f.tenant_id = s.tenant_id AND f.id = s.staff_id
     WHERE s.tenant_id = :tenant_id
       AND (s.booking_line_id IN (SELECT l.id FROM booking_lines l WHERE
              l.tenant_id = :tenant_id AND l.booking_id = ANY(:bookings))
         OR s.item_id IN (SELECT l.id FROM booking_items l WHERE l.tenant_id = :tenant_id
              AND (l.booking_id = ANY(:bookings) OR l.order_id = ANY(:orders))))
     ORDER BY s.split_at, s.id LIMIT :most
    """
)

CAUSES = ("inbox", "stripe", "message", "outbox", "whatsapp", "invoice", "commission")
"""Sources in the order in which one causes the other: a transaction's steps have one moment."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened at a moment. ``source`` says where it is known from.

    ``reference`` is its id at the provider, an invoice's number or our own id; ``more`` is what
    else is known of it, in words.
    """

    at: datetime
    source: str
    what: str
    reference: str = ""
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trace:
    """The effects of a booking or an order: rows of the outbox, calendar events, the timeline."""

    name: str
    kind: str
    effects: list[dict[str, Any]]
    calendar: list[dict[str, Any]]
    timeline: list[Step]


def trace(tx: Tx, name: str) -> Trace:
    """Trace what is named to its effects, oldest first.

    Raises NotFoundError (``nothing_named``), ConflictError (``no_effects``) for what belongs to no
    booking and no order.
    """
    subject = subject_of(tx, name.strip())
    if not subject.bookings and not subject.orders:
        raise ConflictError(
            "no_effects",
            f"'{name}' belongs to no booking and no order: it has no effects outside",
            hint=f"Open it: bookra explain {name}",
        )
    ask = _Asking(tx, subject)
    effects = ask.rows(ROWS_OF_ORDERS if subject.orders else ROWS_OF_BOOKINGS)
    messages = ask.rows(MESSAGES)
    refs = [each["reference"] for each in messages if each["reference"]]
    steps = [
        *_of_effects(effects),
        *_of_operations(ask.rows(OPERATIONS)),
        *_of_events(ask.rows(EVENTS)),
        *_of_messages(messages, ask.rows(STATUSES, refs=refs) if refs else []),
        *_of_papers(ask.rows(INVOICES), ask.rows(COMMISSIONS)),
    ]
    steps.sort(key=lambda step: (step.at, CAUSES.index(step.source)))
    return Trace(name, subject.kind, effects, ask.rows(CALENDAR), steps)


@dataclass(frozen=True, slots=True)
class _Asking:
    """Asks about one subject: each question takes what it names of it."""

    tx: Tx
    subject: Subject

    def rows(self, query: TextClause, **more: Any) -> list[dict[str, Any]]:
        orders: list[UUID] = self.subject.orders
        binds = {
            "bookings": self.subject.bookings,
            "orders": orders,
            "order_names": [str(each) for each in orders],
            "most": MOST,
            **more,
        }
        named = {name: value for name, value in binds.items() if name in query._bindparams}
        return [dict(row._mapping) for row in self.tx.rows(query, **named)]


def _of_effects(rows: list[dict[str, Any]]) -> Iterator[Step]:
    for row in rows:
        topic, about = row["topic"], row["id"]
        again = {"generation": row["generation"]} if row["generation"] > 1 else {}
        yield Step(row["created_at"], "outbox", f"{topic} planned", about, again)
        if row["first_sent_at"] is not None and row["destination"] != "local":
            yield Step(row["first_sent_at"], "outbox", f"{topic} first sent", about)
        if row["settled_at"] is not None:
            told = {"attempts": row["attempts"], "rescues": row["rescues"] or None}
            reference = row["reference"] or ""
            yield Step(row["settled_at"], "outbox", f"{topic} {row['state']}", reference, _of(told))
        elif row["state"] in ("dead", "unknown") or row["error"]:
            told = {"why": row["error"], "class": row["error_class"], "attempts": row["attempts"]}
            yield Step(row["due_at"], "outbox", f"{topic} {row['state']}", about, _of(told))


def _of_operations(rows: list[dict[str, Any]]) -> Iterator[Step]:
    for row in rows:
        what, reference = f"{row['kind']} for {row['purpose']}", row["reference"] or row["id"]
        yield Step(row["created_at"], "stripe", f"{what} asked for", row["id"])
        if row["settled_at"] is not None:
            told = _of({"why": row["failure"]})
            yield Step(row["settled_at"], "stripe", f"{what} {row['state']}", reference, told)


def _of_events(rows: list[dict[str, Any]]) -> Iterator[Step]:
    for row in rows:
        kind, reference = row["kind"], row["reference"]
        told = {"via": row["via"], "object": row["object"], "happened": row["happened_at"]}
        yield Step(row["received_at"], "inbox", f"{kind} received", reference, _of(told))
        if row["handled_at"] is not None:
            did = {"did": row["outcome"], "attempts": row["attempts"] or None}
            yield Step(row["handled_at"], "inbox", f"{kind} handled", reference, _of(did))
        elif row["error"]:
            did = {"why": row["error"], "attempts": row["attempts"]}
            yield Step(row["received_at"], "inbox", f"{kind} open", reference, _of(did))


def _of_messages(messages: list[dict[str, Any]], statuses: list[dict[str, Any]]) -> Iterator[Step]:
    told_by_provider = {(each["reference"], each["status"]) for each in statuses}
    names = {each["reference"]: each["template"] for each in messages}
    for row in messages:
        told = _of({"by": row["channel"], "instead_of": row["instead_of"]})
        yield Step(row["created_at"], "message", f"{row['template']} planned", row["id"], told)
        if row["status"] == "planned" or (row["reference"], row["status"]) in told_by_provider:
            continue
        reference, why = row["reference"] or row["id"], _of({"why": row["error"]})
        yield Step(
            row["status_at"], "message", f"{row['template']} {row['status']}", reference, why
        )
    for row in statuses:
        what = f"{names[row['reference']]} {row['status']}"
        why = _of({"why": row["error"], "received": row["received_at"]})
        yield Step(row["happened_at"], "whatsapp", what, row["reference"], why)


def _of_papers(invoices: list[dict[str, Any]], commissions: list[dict[str, Any]]) -> Iterator[Step]:
    for row in invoices:
        yield Step(row["issued_at"], "invoice", f"{row['kind']} issued", row["reference"])
    for row in commissions:
        yield Step(row["split_at"], "commission", f"{row['kind']} for {row['staff']}")


def _of(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value not in (None, "")}
