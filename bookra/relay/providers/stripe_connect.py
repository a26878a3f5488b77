"""The platform's side of Stripe Connect: accounts opened for businesses, and links to onboard them.

An account carries its business's id. Opening looks for that first and sends a key of the business's
besides, so that asking again, after a lost answer or a week later, opens no second one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self
from uuid import UUID

import stripe

from bookra.relay.providers.stripe import API_VERSION, plain_session
from bookra.relay.providers.stripe_errors import UnprovenError, explained
from bookra.relay.providers.wire import ANSWER_SECONDS, CONNECT_SECONDS

if TYPE_CHECKING:
    from stripe.params.v2.core import AccountCreateParams

MARK = "bookra_business"
PAGE_ROWS = 100
MOST_ACCOUNTS = 5_000
"""How many accounts of the platform are looked through for one that is known already."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be opened for a business, which pays Stripe's fees and bears its losses.

    ``country`` is ISO 3166, ``currency`` ISO 4217: what it settles in.
    """

    business_id: UUID
    name: str
    email: str
    country: str
    currency: str


@dataclass(frozen=True, slots=True)
class OnboardingLink:
    """Where the business tells Stripe who it is. Good for one use, and for minutes."""

    url: str
    expires_at: datetime


class StripePlatform:
    """The platform's own account, by its secret key. Use it in a ``with``."""

    def __init__(self, secret_key: str, base_url: str | None) -> None:
        self._session = plain_session()
        self._client = stripe.StripeClient(
            secret_key,
            stripe_version=API_VERSION,
            base_addresses={"api": base_url, "connect": base_url, "files": base_url}
            if base_url
            else None,
            max_network_retries=0,
            http_client=stripe.RequestsClient(
                timeout=(CONNECT_SECONDS, ANSWER_SECONDS), session=self._session
            ),
        )

    def open_account(self, new: NewAccount) -> str:
        """Return the business's connected account, opened now unless there is one already.

        Raises BookraError as every question does; after one, asking again is safe.
        """
        with explained():
            known = self._known(new.business_id)
            if known is not None:
                return known
            made = self._client.v2.core.accounts.create(
                _params(new), {"idempotency_key": f"acct:{new.business_id}"}
            )
            return str(made.id)

    def onboarding_link(self, account: str, *, return_url: str, refresh_url: str) -> OnboardingLink:
        """Return a fresh link; ``refresh_url`` is where Stripe sends who comes too late."""
        with explained():
            made = self._client.v2.core.account_links.create(
                {
                    "account": account,
                    "use_case": {
                        "type": "account_onboarding",
                        "account_onboarding": {
                            "return_url": return_url,
                            "refresh_url": refresh_url,
                        },
                    },
                }
            )
            return OnboardingLink(str(made.url), datetime.fromisoformat(str(made.expires_at)))

    def _known(self, business_id: UUID) -> str | None:
        """Return the account that carries the business's id; None is proof that there is none."""
        page = self._client.v2.core.accounts.list({"limit": PAGE_ROWS})
        for count, account in enumerate(page.auto_paging_iter()):
            told = account.to_dict()
            if (told.get("metadata") or {}).get(MARK) == str(business_id):
                return str(told["id"])
            if count >= MOST_ACCOUNTS:
                raise UnprovenError(f"more than {MOST_ACCOUNTS} accounts")
        return None

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_trouble: object) -> None:
        self.close()


def _params(new: NewAccount) -> AccountCreateParams:
    return {
        "contact_email": new.email,
        "display_name": new.name,
        "dashboard": "full",
        "identity": {"country": new.country.lower()},
        "defaults": {
            "currency": new.currency.lower(),
            "responsibilities": {"fees_collector": "stripe", "losses_collector": "stripe"},
        },
        "configuration": {"merchant": {"capabilities": {"card_payments": {"requested": True}}}},
        "metadata": {MARK: str(new.business_id)},
    }
