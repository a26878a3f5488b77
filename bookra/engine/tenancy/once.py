"""Idempotency keys of commands: the second run with a key returns the first result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import text

from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError
from bookra.ids import new_id

MAX_KEY = 200

FIND = text(
    "SELECT command, fingerprint, result FROM command_results"
    " WHERE tenant_id = :tenant_id AND key = :key"
)
LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
STORE = text(
    "INSERT INTO command_results (tenant_id, id, key, command, fingerprint, result)"
    " VALUES (:tenant_id, :id, :key, :command, :fingerprint, :result)"
)


def once(
    tx: Tx,
    key: str | None,
    command: str,
    parameters: Mapping[str, Any],
    produce: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """Return ``produce()``, or the document that an earlier run with ``key`` stored.

    The same key with another command or other parameters raises ConflictError (``key_reused``).
    Of two runs at once the second waits for the first (an advisory lock on the key, until the
    transaction ends) and returns its result.
    """
    if key is None:
        return produce()
    checked_key(key)
    tx.row(LOCK, name=f"{tx.tenant.id}|{key}")
    canonical = json.dumps([command, dict(parameters)], sort_keys=True, default=str)
    fingerprint = hashlib.sha256(canonical.encode()).hexdigest()
    row = tx.row(FIND, key=key)
    if row is None:
        result = produce()
        stored = Jsonb(result)
        tx.run(STORE, id=new_id(), key=key, command=command, fingerprint=fingerprint, result=stored)
        return result
    if row.fingerprint != fingerprint:
        raise key_reused(key, row.command)
    found: dict[str, Any] = row.result
    return found


def checked_key(key: str) -> str:
    """Return ``key`` if it can be one; raises InvalidInputError (``bad_key``)."""
    if not 1 <= len(key) <= MAX_KEY:
        raise InvalidInputError(
            "bad_key", f"An idempotency key has 1 to {MAX_KEY} letters, this one has {len(key)}"
        )
    return key


def key_reused(key: str, command: str) -> ConflictError:
    """Return the error for a key that was used for another request of ``command``."""
    return ConflictError(
        "key_reused",
        f"The idempotency key '{key}' was used for another {command}",
        hint="Use a new key for a new request",
    )
