"""A business's accounts at the providers. Their tokens are sealed by the vault and never shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from bookra.engine.runtime import Tx
from bookra.engine.tenancy.vault import VERSION, Vault
from bookra.errors import NotFoundError
from bookra.ids import new_id

# Whoever seals shares this with others who do; taking a key away waits until nobody is at it.
SEALING = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('bookra.keys', 0))")
UPSERT = text(
    """
    INSERT INTO provider_accounts (tenant_id, id, provider, sandbox, config, secret,
                                   secret_version, key_id, state, created_at)
    VALUES (:tenant_id, :id, :provider, :sandbox, :config, :secret, :version, :key_id, :state,
            :now)
    ON CONFLICT (tenant_id, provider) DO UPDATE
       SET sandbox = EXCLUDED.sandbox, config = EXCLUDED.config, secret = EXCLUDED.secret,
           secret_version = EXCLUDED.secret_version, key_id = EXCLUDED.key_id,
           state = EXCLUDED.state,
           state_why = '', checked_at = NULL, changed_by = EXCLUDED.changed_by
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
     WHERE tenant_id = :tenant_id AND destination = :provider
       AND state NOT IN ('closed', 'held')
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


def set_account(
    tx: Tx,
    vault: Vault,
    account: ProviderAccount,
    token: Mapping[str, str],
) -> ProviderAccount:
    """Store an account and its token, in place of an earlier one of the same provider.

    Its state is taken over, and its breaker closed: setting an account anew ends what an earlier
    token was refused for. Raises UnavailableError as `vault_keys.ring` does.
    """
    tx.row(SEALING)
    sealed = vault.seal(tx.tenant.id, account, token)
    tx.run(
        UPSERT,
        id=new_id(),
        provider=account.provider,
        sandbox=account.sandbox,
        config=Jsonb(dict(account.config)),
        secret=sealed.secret,
        version=VERSION,
        key_id=sealed.key_id,
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
