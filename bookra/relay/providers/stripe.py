"""Stripe's wire: pages, saved cards, refunds, and what happened, through one client an account.

An effect returns an outcome, whatever the network does; a question raises a BookraError. Nothing
is retried here: the outbox does that, with the same key and in its own time, whereas a retry in
the SDK would outlive the lease. Whoever reads must not take a partial answer for a whole one, so
lists arrive complete or not at all.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import requests
import stripe

from bookra.money import Money, to_stripe
from bookra.relay.outcome import Delivered, Outcome
from bookra.relay.providers import stripe_account as account
from bookra.relay.providers import stripe_facts as facts
from bookra.relay.providers import stripe_lists as lists
from bookra.relay.providers.stripe_cards import StripeCards
from bookra.relay.providers.stripe_disputes import StripeDisputes
from bookra.relay.providers.stripe_effects import carried_out
from bookra.relay.providers.stripe_errors import explained
from bookra.relay.providers.stripe_pages import StripePages
from bookra.relay.providers.wire import ANSWER_SECONDS, CONNECT_SECONDS

if TYPE_CHECKING:
    from stripe.params import RefundCreateParams

API_VERSION = "2026-10-28.endive"
"""Pinned: an upgrade of the SDK must not change the meaning of what is read here."""

# By default the SDK writes an id of this machine to the disk and sends it along, with the platform.
stripe.enable_telemetry = False
# Its DEBUG lines hold whole bodies: names, mail addresses.
logging.getLogger("stripe").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class StripeAccess:
    """A tenant's way in.

    ``account`` is the connected account, None for a business on its own key without Connect;
    ``base_url`` is the stand-in's, None for Stripe itself.
    """

    secret_key: str = field(repr=False)
    account: str | None
    base_url: str | None


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Money to be given back for one operation.

    ``refund_application_fee`` only where a fee was taken: Stripe refuses it elsewhere.
    ``looks_first``: as for a checkout.
    """

    operation_id: str
    idempotency_key: str
    intent_ref: str
    amount: Money
    refund_application_fee: bool
    looks_first: bool = False


class StripeGateway(StripePages, StripeCards, StripeDisputes):
    """One account at Stripe. May be shared by threads; ``close`` it, or use it in a ``with``."""

    def __init__(
        self,
        access: StripeAccess,
        *,
        timeout_seconds: tuple[float, float] = (CONNECT_SECONDS, ANSWER_SECONDS),
    ) -> None:
        self._access = access
        self._connected = access.account is not None
        self._session = plain_session()
        url = access.base_url
        self._client = stripe.StripeClient(
            access.secret_key,
            stripe_account=access.account,
            stripe_version=API_VERSION,
            base_addresses={"api": url, "connect": url, "files": url} if url else None,
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=timeout_seconds, session=self._session),
        )

    def refund(self, order: RefundOrder) -> Outcome:
        """Give money back: Delivered(refund id, RefundMade). Read its status: it may be pending."""

        def send() -> Delivered:
            refund = self._client.v1.refunds.create(
                self._refund_params(order), {"idempotency_key": order.idempotency_key}
            )
            return _refund_delivered(refund.to_dict())

        def look() -> Delivered | None:
            found = lists.refund_of(self._client, order.intent_ref, order.operation_id)
            return None if found is None else _refund_delivered(found)

        return carried_out(send, look, looks_first=order.looks_first, looks_when_refused=True)

    def refund_now(self, refund_id: str) -> facts.RefundMade:
        """Return a refund as it is now."""
        with explained():
            return facts.refund_made(self._client.v1.refunds.retrieve(refund_id).to_dict())

    def intent(self, intent_ref: str) -> facts.IntentState:
        """Return a PaymentIntent as it is now."""
        with explained():
            intent = self._client.v1.payment_intents.retrieve(
                intent_ref, {"expand": ["latest_charge"]}
            )
            return facts.intent_state(intent.to_dict())

    def events(self, since: int, kinds: Sequence[str]) -> Iterator[facts.ProviderEvent]:
        """Yield events from the second ``since`` on (included), oldest first, all or none.

        Stripe keeps them for 30 days.
        """
        with explained():
            found = [facts.provider_event(row) for row in lists.events(self._client, since, kinds)]
        yield from sorted(found, key=lambda event: event.created)

    def movements(self, since: int) -> Iterator[facts.Movement]:
        """Yield balance transactions from the second ``since`` on, oldest first, all or none."""
        params = {"created": {"gte": since}, "expand": ["data.source"]}
        listed = self._client.v1.balance_transactions.list
        with explained():
            rows = lists.every(listed, params, most_pages=lists.POLL_PAGES)
            newest_first = [facts.movement(row) for row in rows]
        yield from reversed(newest_first)

    def movement(self, txn_ref: str) -> facts.Movement:
        """Return a balance transaction as it is now."""
        with explained():
            found = self._client.v1.balance_transactions.retrieve(txn_ref, {"expand": ["source"]})
            return facts.movement(found.to_dict())

    def history(self) -> Iterator[facts.Movement]:
        """Yield every movement of the account, the newest first; raises where a page is missing."""
        with explained():
            yield from account.history(self._client)

    def payout(self, payout_ref: str) -> account.PayoutState:
        """Return a payout as it is now, with its members where Stripe tells them."""
        with explained():
            return account.payout(self._client, payout_ref)

    def payouts(self, since: int) -> Iterator[account.PayoutState]:
        """Yield payouts from the second ``since`` on with their members, the newest first."""
        with explained():
            yield from account.payouts(self._client, since)

    def settlement_currency(self) -> str:
        """Return the currency in which the account settles, such as ``EUR``."""
        with explained():
            return account.settlement_currency(self._client)

    def standing(self) -> account.Standing:
        """Return what the account may do now, and what Stripe wants to know first."""
        with explained():
            return account.standing(self._client)

    def balances(self) -> dict[str, Money]:
        """Return what Stripe holds for the account, available and pending, by currency."""
        with explained():
            return account.balances(self._client)

    def balance(self, currency: str) -> facts.Balance:
        """Return what Stripe holds for the account in ``currency``."""
        with explained():
            return facts.balance(self._client.v1.balance.retrieve().to_dict(), currency)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_trouble: object) -> None:
        self.close()

    def _refund_params(self, order: RefundOrder) -> RefundCreateParams:
        params: RefundCreateParams = {
            "payment_intent": order.intent_ref,
            "amount": to_stripe(order.amount),
            "metadata": {"op": order.operation_id},
        }
        if self._access.account and order.refund_application_fee:
            params["refund_application_fee"] = True
        return params


def plain_session() -> requests.Session:
    """Return a session that no proxy, netrc or redirect leads elsewhere with the key."""
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = 0
    return session


def _refund_delivered(refund: facts.Document) -> Delivered:
    made = facts.refund_made(refund)
    return Delivered(made.refund_id, made)
