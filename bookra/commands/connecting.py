"""How an account at a provider is connected, whichever it is: what `provider set` has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from bookra.commands import output, webhook_secrets
from bookra.commands.files import text_of
from bookra.commands.session import current
from bookra.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from bookra.engine.business import Tenant
    from bookra.engine.runtime import Tx
    from bookra.engine.tenancy.providers import ProviderAccount

UNREADY = ("pending", "restricted")
"""States that belong to the account and not to its token: another setting does not end them."""

Opened: TypeAlias = tuple[dict[str, str], dict[str, str]]
"""The public ids of an account, and its token."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An account to be connected: ``config`` has None for what was not given.

    ``needs`` names the option that a live account can't do without. ``opens`` opens an account at
    the stand-in, running or not; ``checks`` refuses what doesn't fit the business. ``token`` is
    one that was come by already, at the stand-in too. ``secrets`` are those of its webhooks.
    """

    provider: str
    sandbox: bool
    config: Mapping[str, str | None]
    needs: str
    token_file: IO[str] | None
    opens: Callable[[Tenant], Opened]
    checks: Callable[[ProviderAccount, dict[str, str]], None] | None = None
    token: str | None = field(default=None, repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def connect(wanted: Wanted, *, key: str | None) -> None:
    """Store the account and its token, or say that the stand-in's is connected already.

    Raises UsageError when a live account lacks its token or an id, and what ``checks`` raises.
    """
    from bookra.engine.tenancy.providers import ProviderAccount, set_account
    from bookra.engine.tenancy.providers import account as known
    from bookra.engine.tenancy.vault import Vault

    session = current()
    given = {name: value for name, value in wanted.config.items() if value}
    existing = session.ask(lambda tx: known(tx, wanted.provider))
    if wanted.token is not None:
        token = _given_token(wanted, given)
    elif wanted.sandbox:
        same = existing is not None and given.items() <= existing.config.items()
        if existing is not None and existing.sandbox and same and not wanted.secrets:
            output.record(document(existing))
            output.remark("It is connected to the sandbox already; nothing was changed.")
            return
        opened, token = _kept(existing) or wanted.opens(session.ask(lambda tx: tx.tenant))
        given = {**opened, **given}
    else:
        token = _live_token(wanted, given)
    chosen = ProviderAccount(wanted.provider, wanted.sandbox, given, _state(existing, given))
    if wanted.checks is not None:
        wanted.checks(chosen, token)
    token = {**webhook_secrets.kept(wanted.provider), **token, **wanted.secrets}
    vault = Vault.of(session.settings)

    def action(tx: Tx) -> dict[str, Any]:
        return document(set_account(tx, vault, chosen, token))

    parameters = {"provider": wanted.provider, "sandbox": wanted.sandbox, **wanted.config}
    output.record(session.write("tenant provider set", action, parameters=parameters, key=key))


def document(found: ProviderAccount) -> dict[str, Any]:
    """Return what is shown of an account; its token is not."""
    return {
        "provider": found.provider,
        "sandbox": found.sandbox,
        "config": dict(found.config),
        "state": found.state,
        "state_why": found.state_why,
    }


def _state(existing: ProviderAccount | None, given: Mapping[str, str]) -> str:
    """Return what an account starts as: an account that is being opened still is."""
    same = existing is not None and existing.config.get("account") == given.get("account")
    return existing.state if existing and same and existing.state in UNREADY else "active"


def _given_token(wanted: Wanted, given: dict[str, str]) -> dict[str, str]:
    """Return the token that was come by; raises UsageError when the account's id is missing."""
    if wanted.needs not in given:
        raise UsageError("usage", f"{wanted.provider} needs --{wanted.needs.replace('_', '-')}")
    return {"token": wanted.token or ""}


def _live_token(wanted: Wanted, given: dict[str, str]) -> dict[str, str]:
    """Return the token of a live account; raises UsageError when it or an id is missing."""
    _given_token(wanted, given)
    token = text_of(wanted.token_file).strip() if wanted.token_file is not None else ""
    if not token:
        raise UsageError("usage", "A live account needs --token-file", hint="'-' reads stdin")
    return {"token": token}


def _kept(existing: ProviderAccount | None) -> Opened | None:
    """Return what a stand-in's account keeps when its settings change: its ids and its token.

    None when there is none yet, or when its token can't be opened any more.
    """
    from bookra.engine.tenancy.providers import open_account
    from bookra.engine.tenancy.vault import Vault

    if existing is None or not existing.sandbox:
        return None
    session = current()
    vault = Vault.of(session.settings)
    try:
        _, token = session.ask(lambda tx: open_account(tx, vault, existing.provider))
    except UnavailableError:
        return None
    return dict(existing.config), token
