"""The secrets that webhooks are checked by: read from the sealed accounts, kept for moments.

A forged webhook costs its sender nothing; kept secrets make it cost us no transaction either. One
that does not fit the kept ones has them read again, at most once a second, so that a new secret is
good at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from bookra.engine.tenancy.providers import ProviderAccount
from bookra.relay.access import Clients

KEPT_SECONDS = 10.0
AGAIN_SECONDS = 1.0
MOST_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Sealed:
    """An account with its token in clear, and when it was read (monotonic seconds)."""

    account: ProviderAccount
    token: dict[str, str]
    read_at: float

    def secrets(self, name: str) -> list[str]:
        """Return the secrets of a name, one a word: two while one replaces the other."""
        return self.token.get(name, "").split()


class Accounts:
    """Accounts by business and provider, for the receiver's threads.

    Raises BookraError: ``unknown_tenant``, ``provider_not_set``, ``key_missing``, or the
    database's.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._kept: dict[tuple[str, str], Sealed] = {}
        self._lock = threading.Lock()

    def checked(
        self, tenant: str, provider: str, fits: Callable[[Sealed], bool]
    ) -> tuple[Sealed, bool]:
        """Return the account and whether what came ``fits`` it; stale secrets are read again."""
        found = self._found(tenant, provider, KEPT_SECONDS)
        if fits(found):
            return found, True
        found = self._found(tenant, provider, AGAIN_SECONDS)
        return found, fits(found)

    def _found(self, tenant: str, provider: str, oldest_seconds: float) -> Sealed:
        key, now = (tenant, provider), time.monotonic()
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and now - kept.read_at < oldest_seconds:
            return kept
        account, token = self._clients.sealed(tenant, provider)
        found = Sealed(account, token, now)
        with self._lock:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = found
        return found
