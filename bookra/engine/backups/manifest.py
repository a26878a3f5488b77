"""What a backup says of itself: versions, and what is in it, business by business. Pure.

A restore counts again and compares. Logins are named, since they belong to the server and not to
the database; no password, no key and nothing of a customer's is in here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bookra.errors import InvalidInputError, UnavailableError

FORMAT = 1

UNCOUNTED = frozenset({"breakers"})
"""Tables in which the restore itself writes."""


@dataclass(frozen=True, slots=True)
class LedgerMark:
    """What a business's ledger comes to.

    ``checksum`` covers every entry and transfer; ``head`` is the digest of the last closed day.
    """

    entries: int
    transfers: int
    checksum: str
    head: str | None
    closed_until: str | None


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A business in a database: its rows by table, its ledger, its operators' roles by login."""

    id: str
    slug: str
    counts: Mapping[str, int]
    ledger: LedgerMark
    operators: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. ``server`` is the number that PostgreSQL gives its version.

    ``relays`` are the logins that work for every business.
    """

    program: str
    revision: str
    server: int
    taken_at: str
    tenants: tuple[Surveyed, ...]
    relays: tuple[str, ...] = ()
    format: int = field(default=FORMAT)

    def dumped(self) -> bytes:
        """Return the manifest as JSON."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode() + b"\n"


def loaded(raw: bytes) -> Manifest:
    """Return the manifest of a backup.

    Raises InvalidInputError (``not_a_backup``), or UnavailableError (``backup_newer``) for one of
    a later program.
    """
    try:
        found: dict[str, Any] = json.loads(raw)
        if found["format"] > FORMAT:
            raise newer(str(found.get("program", "?")))
        tenants = tuple(
            Surveyed(**{**each, "ledger": LedgerMark(**each["ledger"])})
            for each in found["tenants"]
        )
        relays = tuple(found["relays"])
        return Manifest(**{**found, "tenants": tenants, "relays": relays})
    except (ValueError, KeyError, TypeError, UnicodeDecodeError):
        raise not_a_backup() from None


def newer(program: str) -> UnavailableError:
    """Return the refusal of a backup that a later program made."""
    return UnavailableError(
        "backup_newer",
        f"Bookra {program} made this backup, and this version does not know its tables",
        hint="Upgrade Bookra, then restore it: pipx upgrade bookra",
    )


def not_a_backup() -> InvalidInputError:
    """Return the refusal of a file that holds no backup."""
    return InvalidInputError(
        "not_a_backup",
        "This file is no backup of Bookra's, or it is cut off",
        hint="Make one with: bookra db backup FILE",
    )


def differences(wanted: Surveyed, found: Surveyed | None) -> Iterator[str]:
    """Yield in words how a business that was restored differs from what was saved."""
    if found is None:
        yield f"{wanted.slug}: the business is missing"
        return
    for table in sorted({*wanted.counts, *found.counts} - UNCOUNTED):
        before, now = wanted.counts.get(table, 0), found.counts.get(table, 0)
        if before != now and not (table not in wanted.counts and now == 0):
            yield f"{wanted.slug}: {table} has {now} rows, and had {before}"
    for name in ("entries", "transfers", "checksum", "head", "closed_until"):
        if getattr(wanted.ledger, name) != getattr(found.ledger, name):
            yield f"{wanted.slug}: the ledger's {name} is not what it was"
    if wanted.operators != found.operators:
        yield f"{wanted.slug}: its operators are not those it had"
