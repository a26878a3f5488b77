"""The judge of every torment of the relay: what is there twice, missing or stuck.

What happened outside is read from the stand-ins' own file, by the marks that each effect bears: the
operation that asked Stripe for it, the line that a calendar's event is of, the message's id.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import UUID

from connected import Connected
from racing import overlaps
from sqlalchemy import text

from bookra.relay.calendar_routes import SHOWN_IN_CALENDAR
from bookra.sandbox.state import FILE

STATES = ("ready", "waiting", "leased", "sending", "unknown", "dead")

ROWS = text(
    """
    SELECT id, topic, destination, state, last_error, aggregate, due_at <= now() AS due,
           EXISTS (SELECT 1 FROM outbox head
                    WHERE head.tenant_id = o.tenant_id AND head.aggregate = o.aggregate
                      AND head.state <> 'waiting') AS headed
      FROM outbox o WHERE tenant_id = :tenant_id
    """
)
LINES = text(
    """
    SELECT l.id, l.starts_at, b.code, b.status FROM booking_lines l
      JOIN bookings b ON b.tenant_id = l.tenant_id AND b.id = l.booking_id
     WHERE l.tenant_id = :tenant_id
    """
)
MESSAGES = text("SELECT id, channel, status, template FROM messages WHERE tenant_id = :tenant_id")
# A booking whose price became revenue has one invoice, and each of its lines one commission.
UNBILLED = text(
    """
    SELECT b.code FROM bookings b
     WHERE b.tenant_id = :tenant_id AND b.recognised_at IS NOT NULL
       AND 1 <> (SELECT count(*) FROM invoices i
                  WHERE i.tenant_id = b.tenant_id AND i.booking_id = b.id AND i.kind = 'invoice')
    """
)
UNSPLIT = text(
    """
    SELECT b.code, l.id FROM booking_lines l
      JOIN bookings b ON b.tenant_id = l.tenant_id AND b.id = l.booking_id
     WHERE l.tenant_id = :tenant_id AND b.recognised_at IS NOT NULL
       AND 1 <> (SELECT count(*) FILTER (WHERE s.kind = 'split')
                      - count(*) FILTER (WHERE s.kind = 'reversal')
                   FROM commission_splits s
                  WHERE s.tenant_id = l.tenant_id AND s.booking_line_id = l.id)
    """
)
GAPS = text(
    """
    SELECT year, count(*) AS invoices, min(sequence) AS first, max(sequence) AS last
      FROM invoices WHERE tenant_id = :tenant_id GROUP BY year
    """
)
DELIVERED_TWICE = text(
    "SELECT id FROM outbox_history WHERE tenant_id = :tenant_id GROUP BY id HAVING count(*) > 1"
)


def prove(luna: Connected) -> None:
    """Check everything, once nothing is under way any more."""
    wrong = problems(luna)
    assert not wrong, wrong
    luna.prove_the_money()


def problems(luna: Connected) -> list[str]:
    """Return what is wrong, a sentence each; the money has a proof of its own."""
    found = [*_rows(luna), *_stripe(luna), *_calendar(luna), *_messages(luna), *_books(luna)]
    if overlaps(luna.salon):
        found.append(f"{overlaps(luna.salon)} pairs of visits overlap")
    return found


def _rows(luna: Connected) -> Iterator[str]:
    """No row is under way, due, or set aside without a reason."""
    for row in luna.salon.ask(lambda tx: tx.rows(ROWS)):
        name = f"{row.topic} {row.id}"
        if row.state in ("leased", "sending") or (row.state == "ready" and row.due):
            yield f"{name} is stuck as {row.state}: {row.last_error}"
        if row.state in ("dead", "unknown") and not row.last_error:
            yield f"{name} is {row.state} and nobody knows why"
        if row.state == "waiting" and not row.headed:
            yield f"{name} waits for nobody"
        if row.state == "unknown" and row.destination not in ("whatsapp", "mail"):
            yield f"{name} is in doubt, where one can ask"
        if row.state == "dead" and row.destination in ("google", "local"):
            yield f"{name} was given up: {row.last_error}"
    for row in luna.salon.ask(lambda tx: tx.rows(DELIVERED_TWICE)):
        yield f"{row.id} was settled twice"


def _stripe(luna: Connected) -> Iterator[str]:
    """Each operation has one page, one charge, one refund at most."""
    for kind in ("checkout.session", "payment_link", "payment_intent", "refund"):
        marks: Counter[str] = Counter()
        for thing in outside(luna, "SELECT body FROM objects WHERE kind = ?", kind):
            operation = (thing.get("metadata") or {}).get("op")
            of_a_link = kind == "checkout.session" and thing.get("payment_link")
            if operation and not of_a_link and thing.get("status") != "requires_payment_method":
                marks[operation] += 1
        yield from (f"operation {op} has {n} of {kind}" for op, n in marks.items() if n > 1)


def _calendar(luna: Connected) -> Iterator[str]:
    """Each line that is shown has one event, at its time; no other has any. A hold may have one."""
    events: dict[str, list[Any]] = {}
    for event in outside(luna, "SELECT body FROM calendar_events"):
        if event["status"] != "cancelled":
            events.setdefault(event["id"], []).append(event)
    for line in luna.salon.ask(lambda tx: tx.rows(LINES)):
        mine = events.pop(line.id.hex, [])
        shown = line.status in {status.value for status in SHOWN_IN_CALENDAR}
        allowed = {0, 1} if line.status == "held" else {1 if shown else 0}
        if len(mine) not in allowed:
            yield f"{line.code} ({line.status}) has {len(mine)} events"
        for event in mine:
            told = event["start"]["dateTime"].replace("Z", "+00:00")
            if not _same_instant(told, line.starts_at.isoformat()):
                yield f"{line.code} is at {line.starts_at} and its event at {told}"
    yield from (f"event {key} is of no visit" for key in events)


def _messages(luna: Connected) -> Iterator[str]:
    """Each message went out once at most, and what became of it is known, or known to be open."""
    out = _sent(luna)
    rows = {row.id: row.state for row in luna.salon.ask(lambda tx: tx.rows(ROWS))}
    for row in luna.salon.ask(lambda tx: tx.rows(MESSAGES)):
        went = out.pop(row.id, 0)
        name = f"{row.template} by {row.channel} {row.id} ({row.status})"
        if went > 1:
            yield f"{name} went out {went} times"
        if row.status in ("sent", "delivered", "read") and not went:
            yield f"{name} never went out"
        if row.status == "skipped" and went:
            yield f"{name} went out"
        if row.status in ("planned", "sending") and not rows:
            yield f"{name} is not on its way"
    yield from (f"message {key} is nobody's" for key in out)


def _sent(luna: Connected) -> Counter[UUID]:
    """Return how often each message went out, by either channel."""
    out: Counter[UUID] = Counter()
    for message in outside(luna, "SELECT body FROM messages"):
        out[UUID(message["biz_opaque_callback_data"].partition("/")[2])] += 1
    for mail in outside(luna, "SELECT body FROM mails"):
        out[UUID(mail["message_id"].partition("@")[0])] += 1
    return out


def _books(luna: Connected) -> Iterator[str]:
    """Invoices are there, once and without a gap, and commissions are."""
    for row in luna.salon.ask(lambda tx: tx.rows(UNBILLED)):
        yield f"{row.code} has not one invoice"
    for row in luna.salon.ask(lambda tx: tx.rows(UNSPLIT)):
        yield f"{row.code} has not one commission"
    for row in luna.salon.ask(lambda tx: tx.rows(GAPS)):
        if (row.first, row.last) != (1, row.invoices):
            yield f"{row.invoices} invoices of {row.year} go from {row.first} to {row.last}"


def outside(luna: Connected, question: str, *binds: str) -> list[Any]:
    """Return the documents that the stand-ins keep."""
    path = luna.settings.sandbox_dir / FILE
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as state:
        return [json.loads(body) for (body,) in state.execute(question, binds).fetchall()]


def _same_instant(one: str, other: str) -> bool:
    from datetime import datetime

    return datetime.fromisoformat(one) == datetime.fromisoformat(other)
