"""Replacing the key that seals provider tokens, while relays and operators go on working.

A new key is first put in front of the ring, durably; then each business's tokens are sealed with
it, a transaction a business. Killed at any step, the next run finds two keys and goes on. The old
key is kept until somebody says that it may go, and until nothing is sealed with it any more: that
is looked at while nobody else seals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Row, text

from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy import vault_keys as keys
from bookra.engine.tenancy.providers import SEALING, ProviderAccount
from bookra.engine.tenancy.vault import Vault
from bookra.engine.tenancy.vault_keys import Key
from bookra.errors import ConflictError, UnavailableError
from bookra.ids import new_id

COMMAND = "secret rotate"
ROUNDS = 3
"""How often it is looked for tokens that were set meanwhile by the key of before."""

# Across tenants, by the policy for relays and the platform; others see their own business alone.
SEALED = text(
    """
    SELECT t.id AS tenant, t.slug, a.provider, a.sandbox, a.config, a.secret, a.key_id
      FROM provider_accounts AS a JOIN tenants AS t ON t.id = a.tenant_id
     ORDER BY t.slug, a.provider
    """
)
OWN = text(
    """
    SELECT t.id AS tenant, t.slug, a.provider, a.sandbox, a.config, a.secret, a.key_id
      FROM provider_accounts AS a JOIN tenants AS t ON t.id = a.tenant_id
     WHERE a.tenant_id = :tenant_id ORDER BY a.provider
    """
)
LOCK_OWN = text(
    """
    SELECT provider, sandbox, config, secret, key_id FROM provider_accounts
     WHERE tenant_id = :tenant_id ORDER BY provider FOR NO KEY UPDATE
    """
)
RESEAL = text(
    """
    UPDATE provider_accounts SET secret = :secret, key_id = :key_id, changed_by = session_user
     WHERE tenant_id = :tenant_id AND provider = :provider
    """
)
NOBODY_SEALS = text("SELECT pg_advisory_xact_lock(hashtextextended('bookra.keys', 0))")
RECORD = text(
    "INSERT INTO installation_events (id, command, subjects) VALUES (:id, :command, :subjects)"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A sealed token: whose it is, and which key opens it; ``key`` None: none that is known."""

    tenant: str
    provider: str
    sandbox: bool
    key: Key | None


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did: the key that seals, how many tokens it sealed, which none opens."""

    key: Key
    added: bool
    sealed: int
    unopened: tuple[Token, ...]


def tokens(connection: Connection, vault: Vault) -> list[Token]:
    """Return every business's tokens and the key of each; for the platform and relays."""
    return _tokens(connection.execute(SEALED).all(), vault)


def own_tokens(tx: Tx, vault: Vault) -> list[Token]:
    """Return one business's tokens and the key of each."""
    return _tokens(tx.rows(OWN), vault)


def prepare(engine: Engine, vault: Vault) -> tuple[Key, bool]:
    """Add a key that opens and does not seal yet, to be brought to every machine first.

    Returns it, and False when there was one that waits already. Raises UnavailableError
    (``key_missing``), ConflictError (``rotation_unfinished``).
    """
    with vault.changing_keys() as ring:
        waiting = next((key for key in ring if key.upcoming), None)
        if waiting is not None:
            return waiting, False
        _require(ring, vault)
        if len(ring) > 1:
            raise _unfinished()
        ring.append(keys.new_key(vault.places.kept_in, upcoming=True))
    _record(engine, "secret prepare", ring[-1])
    return ring[-1], True


def rotate(engine: Engine, vault: Vault) -> Rotated:
    """Seal every token with a new key, or finish what an earlier run began.

    A second run changes nothing until the old key is forgotten. A key that the program does not
    keep itself (environment, credential) is never made here: what is sealed then is whatever the
    first key of the ring did not seal.
    """
    added = _new_first(vault)
    key = vault.sealing_key()
    if added:
        _record(engine, COMMAND, key)
    sealed = 0
    for _ in range(ROUNDS):
        found = engine.across_tenants(lambda connection: tokens(connection, vault))
        old = sorted({each.tenant for each in found if each.key and each.key.id != key.id})
        if not old:
            break
        for slug in old:
            sealed += engine.act(slug, lambda tx: reseal(tx, vault), command=COMMAND)
    return Rotated(key, added, sealed, tuple(each for each in found if each.key is None))


def reseal(tx: Tx, vault: Vault) -> int:
    """Seal one business's tokens with the first key; returns how many. Locks their rows."""
    tx.row(SEALING)
    first, sealed = vault.sealing_key().id, 0
    for row in tx.rows(LOCK_OWN):
        account, secret = ProviderAccount(row.provider, row.sandbox, row.config), bytes(row.secret)
        found = vault.opened_by(tx.tenant.id, account, secret)
        if found is None or (found.id, row.key_id) == (first, first):
            continue
        anew = vault.seal(tx.tenant.id, account, vault.open(tx.tenant.id, account, secret))
        tx.run(RESEAL, provider=row.provider, secret=anew.secret, key_id=anew.key_id)
        tx.concerns("provider", row.provider)
        sealed += 1
    return sealed


def forget_old(engine: Engine, vault: Vault) -> list[Key]:
    """Remove every key but the one that seals from the program's own place; returns those.

    Raises ConflictError (``key_in_use``) while one of them seals a token, whoever set it.
    """

    def work(connection: Connection) -> list[Key]:
        connection.execute(NOBODY_SEALS)
        with vault.changing_keys() as ring:
            _require(vault.ring(), vault)
            first = vault.sealing_key()
            used = [
                each for each in tokens(connection, vault) if each.key and each.key.id != first.id
            ]
            if used:
                raise _in_use(used)
            gone = [key for key in ring if key.id != first.id]
            ring[:] = [key for key in ring if key.id == first.id] or ring
            return [key for key in gone if key not in ring]

    gone = engine.across_tenants(work, write=True)
    for key in gone:
        _record(engine, "secret forget", key)
    return gone


def _new_first(vault: Vault) -> bool:
    """Put a key first that was not there, where the rotation before this one is over."""
    if vault.ring() and vault.ring()[0].source != vault.places.kept_in:
        return False
    with vault.changing_keys() as ring:
        _require(ring, vault)
        waiting = next((key for key in ring if key.upcoming), None)
        if waiting is not None:
            ring.remove(waiting)
            ring.insert(0, Key(waiting.id, waiting.source, False, waiting.secret))
        elif len(ring) == 1:
            ring.insert(0, keys.new_key(vault.places.kept_in))
        else:
            return False
    return True


def _tokens(rows: Sequence[Row[Any]], vault: Vault) -> list[Token]:
    found = []
    for row in rows:
        account = ProviderAccount(row.provider, row.sandbox, row.config)
        key = vault.opened_by(row.tenant, account, bytes(row.secret))
        found.append(Token(row.slug, account.provider, account.sandbox, key))
    return found


def _record(engine: Engine, command: str, key: Key) -> None:
    subjects = Jsonb([f"key:{key.id}"])
    binds = {"id": new_id(), "command": command, "subjects": subjects}
    engine.across_tenants(lambda connection: connection.execute(RECORD, binds), write=True)


def _require(ring: list[Key], vault: Vault) -> None:
    if not ring:
        raise UnavailableError(
            "key_missing",
            f"There is no key in {vault.places.kept_in} that another could follow",
            hint="Bring it back; the first one is made when a provider is set",
        )


def _unfinished() -> ConflictError:
    return ConflictError(
        "rotation_unfinished",
        "There is more than one key: the rotation before is not over",
        hint="Finish it: bookra secret rotate --forget-old",
    )


def _in_use(used: list[Token]) -> ConflictError:
    named = [{"tenant": each.tenant, "provider": each.provider} for each in used]
    return ConflictError(
        "key_in_use",
        f"An old key still opens {len(used)} tokens, so none was forgotten",
        hint="Seal them with the new one: bookra secret rotate",
        details={"tokens": named},
    )
