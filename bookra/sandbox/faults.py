"""Faults on request: what a provider does wrong, how often, and until when.

A counted fault hits the requests that change something, so that a poller's reads don't use it
up; a fault with a rate, or one that lasts until it is switched off, hits every request.
"""

from __future__ import annotations

import random
import sqlite3

from bookra.errors import InvalidInputError
from bookra.sandbox.state import Json

PROVIDERS = ("stripe", "google", "whatsapp", "mail")
KINDS = (
    "drop-before",
    "drop-after",
    "500",
    "500-after",
    "409",
    "429",
    "timeout",
    "slow",
    "down",
)
LASTING = frozenset({"down", "slow"})
"""Kinds that stay until they are switched off, unless a count or a rate is given."""

TIMEOUT_SECONDS = 30
SLOW_SECONDS = 2


def plan(
    tx: sqlite3.Connection,
    provider: str,
    kind: str | None,
    *,
    count: int | None = None,
    rate: float | None = None,
    off: bool = False,
) -> None:
    """Set or clear a fault. ``off`` without a kind clears all of the provider's faults."""
    _check(provider, kind, count=count, rate=rate, off=off)
    if off:
        tx.execute(
            "DELETE FROM faults WHERE provider = ? AND kind = coalesce(?, kind)", (provider, kind)
        )
        return
    if count is None and rate is None and kind not in LASTING:
        count = 1
    tx.execute(
        "INSERT OR REPLACE INTO faults (provider, kind, remaining, rate) VALUES (?, ?, ?, ?)",
        (provider, kind, count, rate),
    )


def active(tx: sqlite3.Connection) -> list[Json]:
    """Return the faults that are planned: provider, kind, remaining, rate."""
    rows = tx.execute("SELECT provider, kind, remaining, rate FROM faults ORDER BY rowid")
    return [dict(row) for row in rows]


def planned(tx: sqlite3.Connection, provider: str) -> bool:
    """Tell cheaply, without the write lock, whether `draw` may return anything."""
    row = tx.execute("SELECT 1 FROM faults WHERE provider = ? LIMIT 1", (provider,)).fetchone()
    return row is not None


def draw(tx: sqlite3.Connection, provider: str, *, changes: bool) -> str | None:
    """Return the fault that this request suffers, using one up where it is counted."""
    rows = tx.execute(
        "SELECT kind, remaining, rate FROM faults WHERE provider = ? "
        "ORDER BY kind <> 'down', rowid",
        (provider,),
    ).fetchall()
    for row in rows:
        if row["rate"] is not None and random.random() >= row["rate"]:  # noqa: S311 - not a secret
            continue
        if row["remaining"] is None:
            return str(row["kind"])
        if changes:
            _use_up(tx, provider, row["kind"])
            return str(row["kind"])
    return None


def _use_up(tx: sqlite3.Connection, provider: str, kind: str) -> None:
    tx.execute(
        "UPDATE faults SET remaining = remaining - 1 WHERE provider = ? AND kind = ?",
        (provider, kind),
    )
    tx.execute(
        "DELETE FROM faults WHERE provider = ? AND kind = ? AND remaining <= 0", (provider, kind)
    )


def _check(
    provider: str, kind: str | None, *, count: int | None, rate: float | None, off: bool
) -> None:
    if provider not in PROVIDERS:
        raise InvalidInputError(
            "provider_unknown",
            f"'{provider}' has no stand-in here",
            hint=f"Use one of {', '.join(PROVIDERS)}",
        )
    if kind not in KINDS and not (off and kind is None):
        raise InvalidInputError(
            "fault_unknown", f"'{kind}' is not a fault", hint=f"Use one of {', '.join(KINDS)}"
        )
    if count is not None and count < 1:
        raise InvalidInputError("bad_count", f"{count} is not a count", hint="Use 1 or more")
    if rate is not None and not 0 < rate <= 1:
        raise InvalidInputError("bad_rate", f"{rate} is not a rate", hint="Use 0.05 for 5 %")
    if count is not None and rate is not None:
        raise InvalidInputError(
            "bad_fault", "A fault has a count or a rate, not both", hint="Leave one of them out"
        )
