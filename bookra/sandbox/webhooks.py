"""Signed webhooks: registered through the control API, delivered by a thread, tried a few times.

Stripe signs ``t.body`` into ``Stripe-Signature``; Meta signs the body into
``X-Hub-Signature-256``. A queued delivery is part of the transaction that caused it.
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
from bookra.sandbox.state import Json, State, random_id

RETRY_SECONDS = (1, 5, 30, 120)
"""The wait before each further attempt; after the last one the sandbox gives up."""

TICK_SECONDS = 0.2
ANSWER_SECONDS = 10
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def register(tx: sqlite3.Connection, provider: str, url: str, secret: str) -> str:
    """Send the provider's events to ``url`` (loopback only) from now on; return the id."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        raise InvalidInputError(
            "bad_url", f"'{url}' is not on this machine", hint="Use http://127.0.0.1:PORT/path"
        )
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


def queue(tx: sqlite3.Connection, provider: str, document: Json, *, due: float) -> None:
    """Queue ``document`` for each receiver of the provider."""
    tx.execute(
        "INSERT INTO deliveries (webhook, body, due) "
        "SELECT id, ?, ? FROM webhooks WHERE provider = ?",
        (json.dumps(document, separators=(",", ":")), due, provider),
    )


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
            "WHERE d.answered IS NULL AND d.due <= ? AND d.attempts <= ? ORDER BY d.sequence",
            (time.time(), len(RETRY_SECONDS)),
        ).fetchall()
    succeeded = 0
    for row in due:
        status = _post(row["url"], row["provider"], row["secret"], row["body"].encode())
        done = status is not None and 200 <= status < 300
        succeeded += done
        wait = RETRY_SECONDS[min(row["attempts"], len(RETRY_SECONDS) - 1)]
        with state.writing() as tx:
            tx.execute(
                "UPDATE deliveries SET attempts = attempts + 1, answered = ?, due = ? "
                "WHERE sequence = ?",
                (status if done else None, time.time() + wait, row["sequence"]),
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
