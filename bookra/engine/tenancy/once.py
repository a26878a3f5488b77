"""Idempotency keys of commands: the second run with a key returns the first result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import text

from bookra.engine.runtime import Tx
from bookra.errors import ConflictError
from bookra.ids import new_id

FIND = text(
    "SELECT command, fingerprint, result FROM command_results"
    " WHERE tenant_id = :tenant_id AND key = :key"
)
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
    Two runs at once: the unique key lets one commit, the other gets ``in_progress``.
    """
    if key is None:
        return produce()
    canonical = json.dumps([command, dict(parameters)], sort_keys=True, default=str)
    fingerprint = hashlib.sha256(canonical.encode()).hexdigest()
    row = tx.row(FIND, key=key)
    if row is None:
        result = produce()
        stored = Jsonb(result)
        tx.run(STORE, id=new_id(), key=key, command=command, fingerprint=fingerprint, result=stored)
        return result
    if row.fingerprint != fingerprint:
        raise ConflictError(
            "key_reused",
            f"The idempotency key '{key}' was used for another {row.command}",
            hint="Use a new key for a new request",
        )
    found: dict[str, Any] = row.result
    return found
