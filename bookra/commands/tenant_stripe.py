"""Stripe's part of ``bookra tenant provider``: accounts opened with Connect, and their standing."""

from __future__ import annotations

from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from bookra.clock import rfc3339
from bookra.commands import output
from bookra.commands.connecting import UNREADY, Opened, document
from bookra.commands.files import text_of
from bookra.commands.session import current
from bookra.errors import BookraError, ConflictError, InvalidInputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bookra.engine.business import Tenant
    from bookra.engine.runtime import Tx
    from bookra.engine.tenancy.providers import ProviderAccount

SANDBOX_PAGE = "https://bookra.example/onboarded"
"""Where the stand-in sends the owner afterwards; a live account names a page of its own."""


def open_connected(
    config: Mapping[str, str | None],
    *,
    sandbox: bool,
    country: str | None,
    email: str | None,
    token_file: IO[str] | None,
    key: str | None,
) -> None:
    """Open a connected account for the business, store it as pending, and print where to go on.

    Asking again opens no second one: it brings a fresh link. Raises UsageError without a key, an
    address or a page; ConflictError (``already_connected``) where an account works already.
    """
    from bookra.engine.tenancy.providers import ProviderAccount, account, set_account
    from bookra.engine.tenancy.vault import Vault
    from bookra.relay.onboarding import ask_standing, onboarding_link, open_account
    from bookra.relay.providers.stripe_connect import NewAccount

    session = current()
    tenant, known = session.ask(lambda tx: (tx.tenant, account(tx, "stripe")))
    _check_free(known, sandbox=sandbox)
    given = {name: value for name, value in config.items() if value}
    token = _platform_key(token_file, sandbox=sandbox)
    page = _page(given, sandbox=sandbox)
    address = email or tenant.brand.email
    if not address:
        raise UsageError("usage", "Stripe needs the owner's address", hint="--email …")
    new = NewAccount(tenant.id, tenant.name, address, country or tenant.country, tenant.currency)
    opened = open_account(session.settings, new, token["token"], sandbox=sandbox)
    chosen = ProviderAccount("stripe", sandbox, {**given, "account": opened}, "pending")
    # One that was opened before, and is found again, may do more by now.
    standing = ask_standing(session.settings, chosen, token)
    chosen = replace(chosen, state=standing.state)
    vault = Vault.of(session.settings)

    def action(tx: Tx) -> dict[str, Any]:
        return document(set_account(tx, vault, chosen, token))

    parameters = {"provider": "stripe", "sandbox": sandbox, "connect": True, **config}
    stored = session.write("tenant provider set", action, parameters=parameters, key=key)
    link = onboarding_link(session.settings, chosen, token, page)
    output.record(
        {**stored, "onboarding_url": link.url, "expires_at": rfc3339(link.expires_at, tenant.zone)}
    )
    output.remark("Open it within minutes. Then: bookra tenant provider check stripe")


def check(*, link: bool) -> None:
    """Ask Stripe what the account may do, note it, and show it; ``link``: with a fresh link."""
    from bookra.engine.tenancy.providers import account, open_account
    from bookra.engine.tenancy.vault import Vault
    from bookra.relay.events import accounts
    from bookra.relay.onboarding import ask_standing, onboarding_link

    session = current()
    vault = Vault.of(session.settings)
    known, token = session.ask(lambda tx: open_account(tx, vault, "stripe"))
    standing = ask_standing(session.settings, known, token)

    def action(tx: Tx) -> dict[str, Any]:
        accounts.settled(tx, standing)
        found = account(tx, "stripe")
        assert found is not None
        return document(found)

    told = session.write("tenant provider check", action)
    more: dict[str, Any] = {
        "charges": standing.charges,
        "payouts": standing.payouts,
        "due": list(standing.due),
    }
    if link and standing.state in UNREADY and "account" in known.config:
        page = _page(dict(known.config), sandbox=known.sandbox)
        fresh = onboarding_link(session.settings, known, token, page)
        more["onboarding_url"] = fresh.url
    output.record({**told, **more})


def check_currency(chosen: ProviderAccount, token: dict[str, str]) -> None:
    """Refuse an account at Stripe that settles in another currency than the business's.

    Stripe may be out of reach now: then nothing is refused, and the reconciliation tells later.
    """
    from bookra.relay.facts import settlement_currency

    session = current()
    try:
        settles_in = settlement_currency(session.settings, chosen, token)
    except BookraError as error:
        output.remark(f"Its currency could not be checked: {error.message}")
        return
    own = session.ask(lambda tx: tx.tenant.currency)
    if settles_in != own:
        raise InvalidInputError(
            "currency_differs",
            f"This account settles in {settles_in}, and the business in {own}: every amount would"
            " be converted, and nothing would add up",
            hint=f"Open an account at Stripe that settles in {own}, or add a bank account in it",
        )


def opened_in_sandbox(tenant: Tenant) -> Opened:
    """Open an account at the stand-in that may take payments at once."""
    from bookra import sandbox

    opened = sandbox.open_stripe_account(
        current().settings.sandbox_dir,
        country=tenant.country,
        currency=tenant.currency,
        name=tenant.name,
    )
    return {"account": opened.id}, {"token": opened.secret_key}


def _check_free(known: ProviderAccount | None, *, sandbox: bool) -> None:
    """Refuse to open an account where one works, or a live one in place of a stand-in's."""
    if known is None:
        return
    if known.sandbox is not sandbox or known.state not in UNREADY:
        raise ConflictError(
            "already_connected",
            f"The business has a Stripe account: {known.config.get('account', 'its own')}",
            hint="Stay with one account: its payments stay in the ledger. Open another business",
            details={"account": known.config.get("account"), "state": known.state},
        )


def _platform_key(token_file: IO[str] | None, *, sandbox: bool) -> dict[str, str]:
    if sandbox:
        from bookra import sandbox as stand_ins

        return {"token": stand_ins.open_stripe_platform(current().settings.sandbox_dir)}
    token = text_of(token_file).strip() if token_file is not None else ""
    if not token:
        raise UsageError(
            "usage", "Connect needs the platform's key: --token-file", hint="'-' reads stdin"
        )
    return {"token": token}


def _page(given: Mapping[str, str], *, sandbox: bool) -> str:
    """Return the page to which Stripe sends the owner: where customers come after paying."""
    page = given.get("success_url") or (SANDBOX_PAGE if sandbox else None)
    if page is None:
        raise UsageError("usage", "stripe needs --success-url")
    return page
