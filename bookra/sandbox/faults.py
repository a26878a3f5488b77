"""Faults on request: what a provider does wrong, how often, and until when.

A counted fault hits the requests that change something, so that a poller's reads don't use it
up; a fault with a rate, or one that lasts until it is switched off, hits every request. Faults of
webhooks hit what a provider sends by itself.
"""

from __future__ import annotations

import random
import sqlite3
from dataclasses import dataclass

from bookra.errors import InvalidInputError
from bookra.sandbox.state import Json

PROVIDERS = ("stripe", "google", "whatsapp", "mail")
SENDERS = ("stripe", "whatsapp")
"""Providers that send webhooks."""

RATE_LIMIT = "rate-limit"
REQUEST_KINDS = (
    "drop-before",
    "drop-after",
    "500",
    "500-after",
    "409",
    "429",
    "timeout",
    "slow",
    "down",
    "html",
    "revoked",
    RATE_LIMIT,
)
WEBHOOK_KINDS = ("webhook-drop", "webhook-duplicate", "webhook-delay", "webhook-reorder")
KINDS = (*REQUEST_KINDS, *WEBHOOK_KINDS)
LASTING = frozenset({"down", "slow", "revoked", RATE_LIMIT, *WEBHOOK_KINDS})
"""Kinds that stay until they are switched off, unless a count or a rate is given."""

WAITING_SECONDS = {"webhook-delay": 5.0, "webhook-reorder": 2.0}
"""How long these hold a webhook back, unless they are told another time."""

TIMEOUT_SECONDS = 30
SLOW_SECONDS = 2
REQUESTS_A_SECOND = 5.0


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as it is wished for: hits ``count`` requests, a ``rate`` of them, or all.

    ``per_second`` is a rate limit's, ``seconds`` how long a webhook is held back. ``account`` is
    the one that it hits (an account, a calendar, a sender); None hits all.
    """

    kind: str
    count: int | None = None
    rate: float | None = None
    per_second: float | None = None
    seconds: float | None = None
    account: str | None = None


def plan(tx: sqlite3.Connection, provider: str, fault: Fault) -> None:
    """Have the provider suffer from ``fault``, in place of an earlier one of its kind."""
    _check_provider(provider)
    _check(provider, fault)
    one = fault.count is None and fault.rate is None and fault.kind not in LASTING
    tx.execute(
        "INSERT OR REPLACE INTO faults "
        "(provider, kind, remaining, rate, per_second, seconds, account) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            provider,
            fault.kind,
            1 if one else fault.count,
            fault.rate,
            (fault.per_second or REQUESTS_A_SECOND) if fault.kind == RATE_LIMIT else None,
            fault.seconds or WAITING_SECONDS.get(fault.kind),
            fault.account,
        ),
    )


def end(tx: sqlite3.Connection, provider: str, kind: str | None = None) -> None:
    """Let a fault be over; without a kind, all of the provider's."""
    _check_provider(provider)
    if kind is not None:
        _check_kind(kind)
    tx.execute(
        "DELETE FROM faults WHERE provider = ? AND kind = coalesce(?, kind)", (provider, kind)
    )


def active(tx: sqlite3.Connection) -> list[Json]:
    """Return the faults that are planned: provider, kind, remaining, rate; more where given."""
    rows = tx.execute(
        "SELECT provider, kind, remaining, rate, per_second, seconds, account FROM faults "
        "ORDER BY rowid"
    )
    always = ("provider", "kind", "remaining", "rate")
    return [
        {name: row[name] for name in row.keys() if name in always or row[name] is not None}  # noqa: SIM118 - a Row iterates over its values
        for row in rows
    ]


def planned(tx: sqlite3.Connection, provider: str) -> bool:
    """Tell cheaply, without the write lock, whether `draw` may return anything."""
    row = tx.execute("SELECT 1 FROM faults WHERE provider = ? LIMIT 1", (provider,)).fetchone()
    return row is not None


def limit(tx: sqlite3.Connection, provider: str, aimed_at: str = "") -> float | None:
    """Return how many requests a second the provider takes of a caller; None: any number."""
    row = tx.execute(
        "SELECT per_second, account FROM faults WHERE provider = ? AND kind = ?",
        (provider, RATE_LIMIT),
    ).fetchone()
    return float(row["per_second"]) if row is not None and _hits(row, aimed_at) else None


def draw(tx: sqlite3.Connection, provider: str, *, changes: bool, aimed_at: str = "") -> str | None:
    """Return the fault that this request suffers, using one up where it is counted.

    ``aimed_at`` names the request's account among other words. A rate limit is not drawn: whoever
    counts the requests asks for `limit`.
    """
    kinds = tuple(kind for kind in REQUEST_KINDS if kind != RATE_LIMIT)
    found = _drawn(tx, provider, kinds, aimed_at, changes=changes)
    return None if found is None else found.kind


def draw_webhook(tx: sqlite3.Connection, provider: str, aimed_at: str = "") -> Fault | None:
    """Return the fault that this webhook suffers, using one up where it is counted."""
    return _drawn(tx, provider, WEBHOOK_KINDS, aimed_at, changes=True)


def _drawn(
    tx: sqlite3.Connection, provider: str, kinds: tuple[str, ...], aimed_at: str, *, changes: bool
) -> Fault | None:
    rows = tx.execute(
        "SELECT kind, remaining, rate, seconds, account FROM faults WHERE provider = ? "
        "ORDER BY kind <> 'down', rowid",
        (provider,),
    ).fetchall()
    for row in rows:
        if row["kind"] not in kinds or not _hits(row, aimed_at):
            continue
        if row["rate"] is not None and random.random() >= row["rate"]:  # noqa: S311 - not a secret
            continue
        if row["remaining"] is not None and not changes:
            continue
        if row["remaining"] is not None:
            _use_up(tx, provider, row["kind"])
        return Fault(row["kind"], seconds=row["seconds"])
    return None


def _hits(row: sqlite3.Row, aimed_at: str) -> bool:
    return row["account"] is None or row["account"] in aimed_at


def _use_up(tx: sqlite3.Connection, provider: str, kind: str) -> None:
    tx.execute(
        "UPDATE faults SET remaining = remaining - 1 WHERE provider = ? AND kind = ?",
        (provider, kind),
    )
    tx.execute(
        "DELETE FROM faults WHERE provider = ? AND kind = ? AND remaining <= 0", (provider, kind)
    )


def _check_provider(provider: str) -> None:
    if provider not in PROVIDERS:
        raise InvalidInputError(
            "provider_unknown",
            f"'{provider}' has no stand-in here",
            hint=f"Use one of {', '.join(PROVIDERS)}",
        )


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise InvalidInputError(
            "fault_unknown", f"'{kind}' is not a fault", hint=f"Use one of {', '.join(KINDS)}"
        )


def _check(provider: str, fault: Fault) -> None:
    _check_kind(fault.kind)
    if fault.kind in WEBHOOK_KINDS and provider not in SENDERS:
        raise InvalidInputError(
            "bad_fault", f"{provider} sends no webhooks", hint=f"Use one of {', '.join(SENDERS)}"
        )
    if fault.count is not None and fault.count < 1:
        raise InvalidInputError("bad_count", f"{fault.count} is not a count", hint="Use 1 or more")
    if fault.rate is not None and not 0 < fault.rate <= 1:
        raise InvalidInputError("bad_rate", f"{fault.rate} is not a rate", hint="Use 0.05 for 5 %")
    if fault.count is not None and fault.rate is not None:
        raise InvalidInputError(
            "bad_fault", "A fault has a count or a rate, not both", hint="Leave one of them out"
        )
    limits = fault.kind == RATE_LIMIT
    if limits and (fault.count is not None or fault.rate is not None):
        raise InvalidInputError(
            "bad_fault", "A rate limit lasts until it is switched off", hint="Use --per-second"
        )
    if fault.per_second is not None and (not limits or fault.per_second <= 0):
        raise InvalidInputError(
            "bad_fault", "--per-second is a rate limit's, more than zero", hint="Leave it out"
        )
    if fault.seconds is not None and (fault.kind not in WAITING_SECONDS or fault.seconds <= 0):
        raise InvalidInputError(
            "bad_fault",
            f"--seconds is for {' and '.join(WAITING_SECONDS)}, more than zero",
            hint="Leave it out",
        )
