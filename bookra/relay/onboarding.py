"""Accounts at Stripe that are opened for businesses: what the command line asks the platform for.

These calls are made while somebody waits for the answer: a link that a person follows at once is
no effect for the outbox. Nothing but the account's opening changes anything, and that is single
however often it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

from bookra.config import Settings, sandbox_address
from bookra.engine.tenancy.providers import ProviderAccount
from bookra.relay.providers.stripe import StripeAccess, StripeGateway
from bookra.relay.providers.stripe_account import Standing
from bookra.relay.providers.stripe_connect import NewAccount, OnboardingLink, StripePlatform


def open_account(settings: Settings, new: NewAccount, key: str, *, sandbox: bool) -> str:
    """Open a business's account with the platform's ``key``, or find it; returns its id.

    Raises BookraError: ``sandbox_down``, ``stripe_unavailable``, ``stripe_refused``.
    """
    with StripePlatform(key, _url(settings, sandbox=sandbox)) as platform:
        return platform.open_account(new)


def onboarding_link(
    settings: Settings, account: ProviderAccount, token: Mapping[str, str], page: str
) -> OnboardingLink:
    """Return a fresh link for an account that is being opened; it leads back to ``page``."""
    url = _url(settings, sandbox=account.sandbox)
    with StripePlatform(token["token"], url) as platform:
        return platform.onboarding_link(
            account.config["account"], return_url=page, refresh_url=page
        )


def ask_standing(
    settings: Settings, account: ProviderAccount, token: Mapping[str, str]
) -> Standing:
    """Ask Stripe what an account may do now."""
    url = _url(settings, sandbox=account.sandbox)
    with StripeGateway(StripeAccess(token["token"], account.config.get("account"), url)) as stripe:
        return stripe.standing()


def _url(settings: Settings, *, sandbox: bool) -> str | None:
    return sandbox_address(settings) if sandbox else None
