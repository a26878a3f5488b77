"""The digest of a posted day: its entries and transfers in one order, and the day before. Pure.

SHA-256 over lines of compact JSON: first the day and the digest of the day before, then each entry
by ``(posted_at, id)`` with its transfers by ``line``. Whoever changes, adds or removes anything in
a closed day gives it another digest, and every later one with it. The text is part of the format:
a change of it is a new version, and the old days keep theirs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

VERSION = "bookra-ledger-1"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

ENTRY_FIELDS = ("entry_id", "key", "kind", "booking_id", "order_id", "reverses", "memo", "by")
TRANSFER_FIELDS = (
    "transfer_id line debit credit currency amount_minor booking_line_id item_id"
).split()


def genesis(tenant_id: UUID) -> str:
    """Return what stands for the day before a business's first."""
    return sha256(f"{VERSION} {tenant_id}".encode()).hexdigest()


def micros(instant: datetime) -> int:
    """Return the microseconds since 1970 of an aware datetime."""
    return (instant - _EPOCH) // _MICROSECOND


@dataclass(slots=True)
class DayDigest:
    """What one posted day holds so far; rows come in the order of the format.

    ``sums`` has debit and credit in minor units by account id and effective day.
    """

    day: date
    previous: str
    entries: int = 0
    transfers: int = 0
    sums: dict[tuple[str, date], list[int]] = field(default_factory=dict)
    _hash: Any = None
    _entry: str = ""

    def __post_init__(self) -> None:
        self._hash = sha256()
        self._add([VERSION, self.day.isoformat(), self.previous])

    def add(self, row: Any, effective_on: date) -> None:
        """Take in a row: an entry with one of its transfers, or with none (``line`` is None)."""
        if row.entry_id != self._entry:
            self._entry = row.entry_id
            self.entries += 1
            instants = [micros(row.effective_at), micros(row.posted_at)]
            self._add(["e", *(getattr(row, name) for name in ENTRY_FIELDS), *instants])
        if row.line is None:
            return
        self.transfers += 1
        self._add(["t", *(getattr(row, name) for name in TRANSFER_FIELDS)])
        self.sums.setdefault((row.debit_id, effective_on), [0, 0])[0] += row.amount_minor
        self.sums.setdefault((row.credit_id, effective_on), [0, 0])[1] += row.amount_minor

    def hexdigest(self) -> str:
        """Return the digest of what came so far."""
        return str(self._hash.hexdigest())

    def _add(self, values: list[Any]) -> None:
        line = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
        self._hash.update(line.encode())
        self._hash.update(b"\n")
