"""Signed webhooks: registered through the control API, delivered by a thread, tried for days.

Stripe signs ``t.body`` into ``Stripe-Signature``; Meta signs the body into
``X-Hub-Signature-256``. A queued delivery is part of the transaction that caused it. Faults make
a webhook come late, twice, in another order or never.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import sqlite3
import threading
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from bookra.errors import InvalidInputError
from bookra.sandbox import faults
from bookra.sandbox.state import Json, State, random_id

LONGEST_WAIT_SECONDS = 3600
"""The wait doubles from a second on with each attempt, up to this."""

MOST_ATTEMPTS = 12 + 3 * 24
"""About three days, as Stripe does; then it is given up."""

OVERTAKEN_BY_SECONDS = 0.001
TICK_SECONDS = 0.2
ANSWER_SECONDS = 10
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def register(tx: sqlite3.Connection, provider: str, url: str, secret: str) -> str:
    """Send the provider's events to ``url`` (loopback only) from now on; return the id.

    An address that is known keeps its id, and gets the new secret.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        raise InvalidInputError(
            "bad_url", f"'{url}' is not on this machine", hint="Use http://127.0.0.1:PORT/path"
        )
    known = tx.execute(
        "SELECT id FROM webhooks WHERE provider = ? AND url = ?", (provider, url)
    ).fetchone()
    if known is not None:
        tx.execute("UPDATE webhooks SET secret = ? WHERE id = ?", (secret, known["id"]))
        return str(known["id"])
    identifier = random_id("we_")
    tx.execute(
        "INSERT INTO webhooks (id, provider, url, secret) VALUES (?, ?, ?, ?)",
        (identifier, provider, url, secret),
    )
    return identifier


def registered(tx: sqlite3.Connection, provider: str) -> int:
    """Return how many receivers the provider has."""
    row = tx.execute(
        "SELECT count(*) AS n FROM webhooks WHERE provider = ?", (provider,)
    ).fetchone()
    return int(row["n"])


def receivers(tx: sqlite3.Connection) -> list[Json]:
    """Return who is sent webhooks, and how many deliveries still wait; secrets are not shown."""
    rows = tx.execute(
        "SELECT w.id, w.provider, w.url, count(d.sequence) AS waiting FROM webhooks AS w "
        "LEFT JOIN deliveries AS d ON d.webhook = w.id AND d.answered IS NULL "
        "GROUP BY w.id ORDER BY w.rowid"
    )
    return [dict(row) for row in rows]


def forget(tx: sqlite3.Connection, provider: str, url: str | None) -> None:
    """Send the provider's events to ``url`` no more, with what waits; None: to nobody."""
    chosen = "SELECT id FROM webhooks WHERE provider = ? AND url = coalesce(?, url)"
    tx.execute(f"DELETE FROM deliveries WHERE webhook IN ({chosen})", (provider, url))  # noqa: S608 - a constant
    tx.execute(
        "DELETE FROM webhooks WHERE provider = ? AND url = coalesce(?, url)", (provider, url)
    )


def queue(tx: sqlite3.Connection, provider: str, document: Json) -> None:
    """Queue ``document`` for each receiver of the provider, with what a fault makes of it."""
    now = time.time()
    due = [now]
    text = json.dumps(document, separators=(",", ":"))
    fault = faults.draw_webhook(tx, provider, text) if registered(tx, provider) else None
    if fault is not None:
        due = _faulty(tx, fault, now)
    for moment in due:
        tx.execute(
            "INSERT INTO deliveries (webhook, body, due) "
            "SELECT id, ?, ? FROM webhooks WHERE provider = ?",
            (text, moment, provider),
        )


def _faulty(tx: sqlite3.Connection, fault: faults.Fault, now: float) -> list[float]:
    """Return when a webhook goes out that suffers from ``fault``: each time of them."""
    held_seconds = fault.seconds or 0.0
    if fault.kind == "webhook-drop":
        return []
    if fault.kind == "webhook-duplicate":
        return [now, now]
    if fault.kind == "webhook-delay":
        return [now + held_seconds]
    # The first is held back; those that come meanwhile go out just before it, the newest first.
    row = tx.execute(
        "SELECT min(due) AS due FROM deliveries "
        "WHERE answered IS NULL AND attempts = 0 AND due > ?",
        (now,),
    ).fetchone()
    return [now + held_seconds if row["due"] is None else row["due"] - OVERTAKEN_BY_SECONDS]


def signature(provider: str, secret: str, body: bytes, at: int) -> Mapping[str, str]:
    """Return the header that proves to the receiver who sent ``body``."""
    if provider == "stripe":
        signed = f"{at}.".encode() + body
        digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        return {"Stripe-Signature": f"t={at},v1={digest}"}
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}"}


def deliver_until(state: State, stop: threading.Event) -> None:
    """Deliver what is due, again and again, until ``stop`` is set. Runs on its own thread."""
    while not stop.wait(TICK_SECONDS):
        deliver_due(state)


def deliver_due(state: State) -> int:
    """Try each delivery that is due once; return how many were answered with success."""
    with state.reading() as tx:
        due = tx.execute(
            "SELECT d.sequence, d.body, d.attempts, w.provider, w.url, w.secret "
            "FROM deliveries AS d JOIN webhooks AS w ON w.id = d.webhook "
            "WHERE d.answered IS NULL AND d.due <= ? AND d.attempts < ? "
            "ORDER BY d.due, d.sequence",
            (time.time(), MOST_ATTEMPTS),
        ).fetchall()
    succeeded = 0
    for row in due:
        status = _post(row["url"], row["provider"], row["secret"], row["body"].encode())
        done = status is not None and 200 <= status < 300
        succeeded += done
        wait_seconds = min(2 ** row["attempts"], LONGEST_WAIT_SECONDS)
        with state.writing() as tx:
            tx.execute(
                "UPDATE deliveries SET attempts = attempts + 1, answered = ?, due = ? "
                "WHERE sequence = ?",
                (status if done else None, time.time() + wait_seconds, row["sequence"]),
            )
    return succeeded


def _post(url: str, provider: str, secret: str, body: bytes) -> int | None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port or 80, timeout=ANSWER_SECONDS
    )
    headers = {
        "Content-Type": "application/json",
        **signature(provider, secret, body, int(time.time())),
    }
    try:
        connection.request("POST", parts.path or "/", body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
