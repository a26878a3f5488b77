"""Stripe's events: one for each change of state, in the order in which things happened."""

from __future__ import annotations

from bookra.sandbox import webhooks
from bookra.sandbox.state import Json, random_id
from bookra.sandbox.stripe.forms import Group, Items, Text
from bookra.sandbox.stripe.store import EXPAND, Call, add, find, list_parameters, page, public

API_VERSION = "2026-10-28.endive"
KEPT_SECONDS = 30 * 24 * 3600
"""How far back `/v1/events` reaches."""

LIST = list_parameters(type=Text(), types=Items(Text(), most=20))
RETRIEVE = Group({"expand": EXPAND})


def emit(call: Call, kind: str, subject: Json, *, account: str | None = None) -> None:
    """Record that ``kind`` happened to ``subject``, and queue it for registered webhooks."""
    owner = account or call.account
    event: Json = {
        "id": random_id("evt_"),
        "object": "event",
        "api_version": API_VERSION,
        "created": call.now,
        "data": {"object": public(subject)},
        "livemode": False,
        "pending_webhooks": webhooks.registered(call.tx, "stripe"),
        "request": {"id": call.request_id, "idempotency_key": call.key},
        "type": kind,
    }
    if owner != call.platform:
        event["account"] = owner
    add(call, event, owner)
    webhooks.queue(call.tx, "stripe", event)


def retrieve(call: Call, identifier: str) -> Json:
    """GET /v1/events/{id}."""
    return find(call, "event", identifier)


def listed(call: Call) -> Json:
    """GET /v1/events: newest first, 30 days back, by ``type`` (``charge.*`` too) or ``types``."""
    types = call.params.get("types")
    if one := call.params.get("type"):
        types = _matching(call, one) if one.endswith("*") else [one]
    return page(call, "event", "/v1/events", types=types, since=call.now - KEPT_SECONDS)


def _matching(call: Call, pattern: str) -> list[str]:
    prefix = pattern.removesuffix("*")
    rows = call.tx.execute(
        "SELECT DISTINCT json_extract(body, '$.type') AS type FROM objects "
        "WHERE account = ? AND kind = 'event'",
        (call.account,),
    )
    return [row["type"] for row in rows if row["type"].startswith(prefix)]
