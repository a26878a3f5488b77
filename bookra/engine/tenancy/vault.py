"""Seals and opens provider tokens. They are encrypted at rest, and the keys live elsewhere.

AES-GCM with the tenant, the provider and the account's public side as associated data: a
ciphertext that is moved to another tenant does not open, and neither does one whose account id was
changed by hand, which would let a shared key read another business.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bookra.config import Settings
from bookra.engine.tenancy import vault_keys as keys
from bookra.engine.tenancy.vault_keys import Key, Places
from bookra.errors import UnavailableError

if TYPE_CHECKING:
    from bookra.engine.tenancy.providers import ProviderAccount

NONCE_BYTES = 12
VERSION = 1


@dataclass(frozen=True, slots=True)
class Sealed:
    """Nonce and ciphertext of a token, and which key sealed it."""

    secret: bytes
    key_id: str


class Vault:
    """Seals with the first key of the ring and opens with any; the keys are read anew each time.

    A relay that runs for months finds a key that was added a moment ago. The first key is made
    (0600) when a token is to be sealed and there is none.
    """

    def __init__(self, key_file: Path, *, places: Places | None = None) -> None:
        self.places = places or Places(key_file)

    @classmethod
    def of(cls, settings: Settings) -> Vault:
        """Return the vault of an installation."""
        return cls(settings.key_file, places=Places(settings.key_file, settings.uses_keyring))

    def seal(self, tenant_id: object, account: ProviderAccount, token: Mapping[str, str]) -> Sealed:
        """Seal a token, bound to the tenant and the account; raises as `vault_keys.ring` does."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self.sealing_key()
        nonce = secrets.token_bytes(NONCE_BYTES)
        plain = json.dumps(dict(token)).encode()
        context = _context(tenant_id, account)
        return Sealed(nonce + AESGCM(key.secret).encrypt(nonce, plain, context), key.id)

    def open(self, tenant_id: object, account: ProviderAccount, sealed: bytes) -> dict[str, str]:
        """Return the token. Raises UnavailableError: ``key_missing``, ``wrong_key``."""
        ring = self.ring()
        if not ring:
            raise UnavailableError(
                "key_missing",
                f"The key that opens provider tokens is missing: {self.places.kept_in}",
                hint="Copy it from the machine where the provider was set, or set it again",
            )
        found = _tried(ring, tenant_id, account, sealed)
        if found is None:
            raise UnavailableError(
                "wrong_key",
                f"The {account.provider} token can't be opened: the key in {self.places.kept_in}"
                " is another, or the account was changed past the program",
                hint="Bring back that key, or set it again:"
                f" bookra tenant provider set {account.provider}",
            )
        opened: dict[str, str] = json.loads(found[1])
        return opened

    def opened_by(self, tenant_id: object, account: ProviderAccount, sealed: bytes) -> Key | None:
        """Return the key that opens a token, whatever is noted about it; None when none does."""
        found = _tried(self.ring(), tenant_id, account, sealed)
        return None if found is None else found[0]

    def ring(self) -> list[Key]:
        """Return every key that is known, the sealing one first."""
        return keys.ring(self.places)

    def sealing_key(self) -> Key:
        """Return the key that seals, made now if there is none at all."""
        ring = self.ring()
        if not ring:
            keys.create_first(self.places)
            ring = self.ring()
        return ring[0]

    @contextmanager
    def changing_keys(self) -> Iterator[list[Key]]:
        """Give the keys of the program's own place to change; what the list is then, is kept.

        One process of the machine at a time: two that added a key at once would lose one.
        """
        folder = self.places.file.parent
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            before = keys.kept(self.places)
            changed = list(before)
            yield changed
            if changed != before:
                keys.replace(self.places, changed)
        finally:
            os.close(descriptor)


def _tried(
    ring: list[Key], tenant_id: object, account: ProviderAccount, sealed: bytes
) -> tuple[Key, bytes] | None:
    """Return the first key that opens, and what is inside; a tag proves that it is the one."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    context = _context(tenant_id, account)
    for key in ring:
        try:
            return key, AESGCM(key.secret).decrypt(nonce, ciphertext, context)
        except (InvalidTag, ValueError):  # ValueError: the secret was cut short
            continue
    return None


def _context(tenant_id: object, account: ProviderAccount) -> bytes:
    public = json.dumps(dict(account.config), sort_keys=True)
    return f"{tenant_id}|{account.provider}|{VERSION}|{account.sandbox}|{public}".encode()
