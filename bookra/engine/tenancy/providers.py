"""A business's accounts at the providers. Tokens are encrypted at rest and never shown.

AES-GCM with the tenant, the provider and the account's public side as associated data: a
ciphertext that is moved to another tenant does not open, and neither does one whose account id was
changed by hand, which would let a shared key read another business. The key lives outside the
database.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError, UnavailableError
from bookra.ids import new_id

KEY_BYTES = 32
NONCE_BYTES = 12
VERSION = 1

UPSERT = text(
    """
    INSERT INTO provider_accounts (tenant_id, id, provider, sandbox, config, secret,
                                   secret_version, state, created_at)
    VALUES (:tenant_id, :id, :provider, :sandbox, :config, :secret, :version, :state, :now)
    ON CONFLICT (tenant_id, provider) DO UPDATE
       SET sandbox = EXCLUDED.sandbox, config = EXCLUDED.config, secret = EXCLUDED.secret,
           secret_version = EXCLUDED.secret_version, state = EXCLUDED.state,
           state_why = '', checked_at = NULL, changed_by = session_user
    """
)
ACCOUNTS = "provider accounts"
CONFIGURED = text(
    "SELECT provider, sandbox, config, state, state_why FROM provider_accounts"
    " WHERE tenant_id = :tenant_id ORDER BY provider"
)
SEALED = text(
    "SELECT provider, sandbox, config, state, state_why, secret, secret_version"
    "  FROM provider_accounts WHERE tenant_id = :tenant_id AND provider = :provider"
)
# An account that is set anew is worth a try at once, whatever its predecessor was refused for.
CLOSE_BREAKER = text(
    """
    UPDATE breakers SET state = 'closed', failures = 0, openings = 0, until = NULL, why = NULL,
                        changed_at = :now, changed_by = session_user
     WHERE tenant_id = :tenant_id AND destination = :provider AND state <> 'closed'
    """
)
SET_STATE = text(
    """
    UPDATE provider_accounts
       SET state = :state, state_why = :why, checked_at = :now, changed_by = session_user
     WHERE tenant_id = :tenant_id AND provider = :provider
       AND (state, state_why) IS DISTINCT FROM (:state, :why)
    """
)
# Across tenants, by the policy for the relay. xmin tells that a row was set anew since.
CONNECTED = text(
    """
    SELECT t.slug, a.state, CAST(CAST(a.xmin AS text) AS bigint) AS version
      FROM provider_accounts AS a JOIN tenants AS t ON t.id = a.tenant_id
     WHERE a.provider = :provider ORDER BY t.slug
    """
)


@dataclass(frozen=True, slots=True)
class ProviderAccount:
    """What is public of an account: ``config`` holds ids and rates, never a token.

    ``state`` is active; pending (being opened, nothing works yet), restricted (the provider wants
    something first) or refused (the provider refuses its token). ``state_why`` holds codes.
    """

    provider: str
    sandbox: bool
    config: Mapping[str, str]
    state: str = "active"
    state_why: str = ""


@dataclass(frozen=True, slots=True)
class ConnectedTenant:
    """A business with an account of some provider; ``version`` changes when that is set anew."""

    slug: str
    state: str
    version: int


class Vault:
    """Seals and opens tokens with the key of a file, which is made (0600) when it is missing."""

    def __init__(self, key_file: Path) -> None:
        self._key_file = key_file

    def seal(self, tenant_id: object, account: ProviderAccount, token: Mapping[str, str]) -> bytes:
        """Return nonce and ciphertext of ``token``, bound to the tenant and the account."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(NONCE_BYTES)
        plain = json.dumps(dict(token)).encode()
        return nonce + AESGCM(self._key(create=True)).encrypt(
            nonce, plain, _context(tenant_id, account)
        )

    def open(self, tenant_id: object, account: ProviderAccount, sealed: bytes) -> dict[str, str]:
        """Return the token; raises UnavailableError when the key is missing or another."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            plain = AESGCM(self._key(create=False)).decrypt(
                nonce, ciphertext, _context(tenant_id, account)
            )
        except (InvalidTag, ValueError):  # ValueError: the file holds no key at all
            raise UnavailableError(
                "wrong_key",
                f"The {account.provider} token can't be opened: the key in {self._key_file} is"
                " another, or the account was changed past the program",
                hint="Bring back that key, or set it again:"
                f" bookra tenant provider set {account.provider}",
            ) from None
        opened: dict[str, str] = json.loads(plain)
        return opened

    def _key(self, *, create: bool) -> bytes:
        try:
            return self._key_file.read_bytes()
        except FileNotFoundError:
            if not create:
                raise UnavailableError(
                    "key_missing",
                    f"The key that opens provider tokens is missing: {self._key_file}",
                    hint="Copy it from the machine where the provider was set, or set it again",
                ) from None
        self._key_file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._key_file.with_name(f".{self._key_file.name}.{secrets.token_hex(8)}")
        descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        try:
            os.link(partial, self._key_file)  # fails when another process was first: its key stays
        except FileExistsError:
            pass
        finally:
            partial.unlink()
        return self._key_file.read_bytes()


def set_account(
    tx: Tx,
    vault: Vault,
    account: ProviderAccount,
    token: Mapping[str, str],
) -> ProviderAccount:
    """Store an account and its token, in place of an earlier one of the same provider.

    Its state is taken over, and its breaker closed: setting an account anew ends what an earlier
    token was refused for.
    """
    tx.run(
        UPSERT,
        id=new_id(),
        provider=account.provider,
        sandbox=account.sandbox,
        config=Jsonb(dict(account.config)),
        secret=vault.seal(tx.tenant.id, account, token),
        version=VERSION,
        state=account.state,
        now=tx.now,
    )
    tx.run(CLOSE_BREAKER, provider=account.provider, now=tx.now)
    tx.wakes = True
    tx.memory.pop(ACCOUNTS, None)
    tx.concerns("provider", account.provider)
    return account


def accounts(tx: Tx) -> dict[str, ProviderAccount]:
    """Return the configured providers by name, read once a transaction; tokens are not read."""
    known: dict[str, ProviderAccount] | None = tx.memory.get(ACCOUNTS)
    if known is None:
        known = tx.memory[ACCOUNTS] = {
            row.provider: ProviderAccount(
                row.provider, row.sandbox, row.config, row.state, row.state_why
            )
            for row in tx.rows(CONFIGURED)
        }
    return known


def account(tx: Tx, provider: str) -> ProviderAccount | None:
    """Return one configured provider, or None."""
    return accounts(tx).get(provider)


def set_state(tx: Tx, provider: str, state: str, why: str = "") -> bool:
    """Note what the provider says of the account; ``why`` holds codes. False: nothing new."""
    changed = bool(tx.run(SET_STATE, provider=provider, state=state, why=why, now=tx.now))
    if changed:
        tx.memory.pop(ACCOUNTS, None)
        tx.concerns("provider", provider)
    return changed


def connected(connection: Connection, provider: str) -> list[ConnectedTenant]:
    """Return the businesses that have an account of ``provider``, for the relay: one read."""
    rows = connection.execute(CONNECTED, {"provider": provider})
    return [ConnectedTenant(row.slug, row.state, row.version) for row in rows]


def open_account(tx: Tx, vault: Vault, provider: str) -> tuple[ProviderAccount, dict[str, str]]:
    """Return an account with its token in clear, for the relay's clients alone."""
    row = tx.row(SEALED, provider=provider)
    if row is None:
        raise NotFoundError(
            "provider_not_set",
            f"{tx.tenant.slug} has no {provider} account",
            hint=f"Set it: bookra tenant provider set {provider} --sandbox",
        )
    known = ProviderAccount(row.provider, row.sandbox, row.config, row.state, row.state_why)
    return known, vault.open(tx.tenant.id, known, bytes(row.secret))


def _context(tenant_id: object, account: ProviderAccount) -> bytes:
    public = json.dumps(dict(account.config), sort_keys=True)
    return f"{tenant_id}|{account.provider}|{VERSION}|{account.sandbox}|{public}".encode()
