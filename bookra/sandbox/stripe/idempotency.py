"""Stripe's idempotency layer: one key, one execution, and its answer again and again.

Status and body are stored in the transaction of the effect itself, 500s included. Validation
errors and conflicts are not stored; other parameters under a known key are an error; a key in
use answers 409. The source is https://docs.stripe.com/api/idempotent_requests.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bookra.sandbox.state import Json
from bookra.sandbox.stripe.errors import RefusedError, bad_parameter, key_in_use

KEPT_SECONDS = 24 * 3600
LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a document, as they were first given."""

    status: int
    body: Json
    replayed: bool = False


class InFlight:
    """The keys whose request is being worked on now, in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: set[tuple[str, str]] = set()

    @contextmanager
    def only(self, account: str, key: str | None) -> Iterator[None]:
        """Hold ``key`` while its request runs; raises RefusedError (409) when it is held."""
        if key is None:
            yield
            return
        with self._lock:
            if (account, key) in self._keys:
                raise key_in_use(key)
            self._keys.add((account, key))
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard((account, key))


def checked_key(text: str | None) -> str | None:
    """Return the request's key, or None when it has none; refuses one that is too long."""
    if text is not None and not 0 < len(text) <= LONGEST_KEY:
        raise bad_parameter(
            f"Idempotency keys have 1 to {LONGEST_KEY} characters.", "idempotency_key"
        )
    return text


def digest(parameters: Any) -> str:
    """Return what tells one set of parameters from another, whatever their order."""
    return hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()


def recall(
    tx: sqlite3.Connection, account: str, key: str, route: str, parameters: str, *, now: int
) -> Answer | None:
    """Return the stored answer of ``key``, or None; refuses it for anything else than before."""
    tx.execute("DELETE FROM idempotency WHERE created < ?", (now - KEPT_SECONDS,))
    row = tx.execute(
        "SELECT route, digest, status, body FROM idempotency WHERE account = ? AND key = ?",
        (account, key),
    ).fetchone()
    if row is None:
        return None
    if row["route"] != route:
        raise _reused(
            "Keys for idempotent requests can only be used for the same endpoint they were first "
            f"used for ('{route}' vs '{row['route']}'). Try using a key other than '{key}' if you "
            "meant to execute a different request."
        )
    if row["digest"] != parameters:
        raise _reused(
            "Keys for idempotent requests can only be used with the same parameters they were "
            f"first used with. Try using a key other than '{key}' if you meant to execute a "
            "different request."
        )
    return Answer(row["status"], json.loads(row["body"]), replayed=True)


def store(
    tx: sqlite3.Connection,
    account: str,
    key: str,
    route: str,
    parameters: str,
    answer: Answer,
    *,
    now: int,
) -> None:
    """Keep the answer of ``key``."""
    tx.execute(
        "INSERT INTO idempotency (account, key, route, digest, status, body, created) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (account, key, route, parameters, answer.status, json.dumps(answer.body), now),
    )


def _reused(message: str) -> RefusedError:
    return RefusedError(message, kind="idempotency_error", executed=False)
