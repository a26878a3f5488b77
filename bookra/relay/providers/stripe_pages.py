"""Stripe's pages for customers: Checkout Sessions to pay or to save a card, and Payment Links.

A session lives a day at most. A link lives until it is switched off; it is restricted to one
completed session, and its sessions carry the link's metadata.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import stripe

from bookra.clock import to_epoch
from bookra.money import Money, to_stripe
from bookra.relay.outcome import Delivered, Outcome
from bookra.relay.providers import stripe_lists as lists
from bookra.relay.providers import stripe_page_facts as facts
from bookra.relay.providers.stripe_effects import carried_out
from bookra.relay.providers.stripe_errors import explained

if TYPE_CHECKING:
    from stripe.params import PaymentLinkCreateParams
    from stripe.params.checkout import SessionCreateParams, SessionCreateParamsPaymentIntentData

LONGEST_SESSION_SECONDS = 24 * 3600 + 300
"""A session ends at most a day after it was made; the rest allows for clocks that differ."""


@dataclass(frozen=True, slots=True)
class CheckoutOrder:
    """A page to be opened for one operation.

    ``expires_at`` of a session is 30 minutes to 24 hours away. ``looks_first`` searches before it
    sends: for a key so old that Stripe may have forgotten it. ``saves_card`` keeps the card for
    later, with ``customer_ref`` where Stripe knows the customer. ``terms`` stand above the button.
    """

    operation_id: str
    idempotency_key: str
    booking_code: str
    description: str
    amount: Money
    platform_fee: Money | None
    expires_at: datetime
    success_url: str
    looks_first: bool = False
    customer_ref: str | None = None
    saves_card: bool = False
    terms: str = ""


class StripePages:
    """The pages of one account. ``_connected`` says that the platform acts for it."""

    _client: stripe.StripeClient
    _connected: bool

    def open_checkout(self, order: CheckoutOrder) -> Outcome:
        """Open a Checkout Session: Delivered(session id, CheckoutOpened).

        The facts are a CheckoutClosed where a look-up found the session, but too late to be paid.
        """
        return self._open_session(order, self._session_params(order))

    def open_setup(self, order: CheckoutOrder) -> Outcome:
        """Open a session that saves a card and takes no money: as ``open_checkout``."""
        return self._open_session(order, _setup_params(order))

    def _open_session(self, order: CheckoutOrder, params: SessionCreateParams) -> Outcome:
        since = to_epoch(order.expires_at) - LONGEST_SESSION_SECONDS

        def send() -> Delivered:
            session = self._client.v1.checkout.sessions.create(
                params, {"idempotency_key": order.idempotency_key}
            )
            return _delivered(facts.opened_or_closed(session.to_dict()))

        def look() -> Delivered | None:
            found = lists.session_of(self._client, order.operation_id, created_since=since)
            return None if found is None else _delivered(facts.opened_or_closed(found))

        return carried_out(send, look, looks_first=order.looks_first, looks_when_reused=True)

    def expire_checkout(self, session_id: str, *, key: str) -> Outcome:
        """Close a session, so that nobody pays on it: Delivered(session id, CheckoutClosed).

        One that was closed already is delivered too: ``status`` then says expired or complete.
        """
        sessions = self._client.v1.checkout.sessions

        def send() -> Delivered:
            session = sessions.expire(session_id, None, {"idempotency_key": key})
            return _delivered(facts.opened_or_closed(session.to_dict()))

        def look() -> Delivered | None:
            found = _delivered(facts.opened_or_closed(sessions.retrieve(session_id).to_dict()))
            return found if isinstance(found.facts, facts.CheckoutClosed) else None

        return carried_out(send, look, looks_when_refused=True)

    def open_link(self, order: CheckoutOrder) -> Outcome:
        """Make a Payment Link: Delivered(link id, CheckoutOpened), CheckoutClosed as above."""

        def send() -> Delivered:
            link = self._client.v1.payment_links.create(
                self._link_params(order), {"idempotency_key": order.idempotency_key}
            )
            return _delivered(facts.link_state(link.to_dict(), order.expires_at))

        def look() -> Delivered | None:
            found = lists.link_of(self._client, order.operation_id)
            return None if found is None else _delivered(facts.link_state(found, order.expires_at))

        return carried_out(send, look, looks_first=order.looks_first, looks_when_reused=True)

    def close_link(self, link_id: str, *, key: str) -> Outcome:
        """Switch a link off, with the sessions that it opened: Delivered(link id, CheckoutClosed).

        Each step may be repeated. ``status`` is complete when somebody has paid on it.
        """
        client = self._client.v1

        def send() -> Delivered:
            link = client.payment_links.update(link_id, {"active": False}, {"idempotency_key": key})
            params = {"payment_link": link_id, "status": "open"}
            opened = lists.every(
                client.checkout.sessions.list, params, most_pages=lists.LOOK_UP_PAGES
            )
            for session in list(opened):
                client.checkout.sessions.expire(session["id"])
            return Delivered(link_id, facts.link_closed(link.to_dict()))

        def look() -> Delivered | None:
            return None

        return carried_out(send, look)

    def find_checkout(
        self, operation_id: str, *, created_since: int | None = None
    ) -> facts.CheckoutOpened | facts.CheckoutClosed | None:
        """Return the session that an operation made; None is proof that there is none."""
        with explained():
            found = lists.session_of(self._client, operation_id, created_since=created_since)
            return None if found is None else facts.opened_or_closed(found)

    def find_link(
        self, operation_id: str, ends_at: datetime
    ) -> facts.CheckoutOpened | facts.CheckoutClosed | None:
        """Return the Payment Link that an operation made; None is proof that there is none."""
        with explained():
            found = lists.link_of(self._client, operation_id)
            return None if found is None else facts.link_state(found, ends_at)

    def checkout(self, session_id: str) -> facts.CheckoutState:
        """Return a session as it is now, with its charge and the card that it saved."""
        expand = ["payment_intent.latest_charge", "payment_intent.payment_method"]
        with explained():
            session = self._client.v1.checkout.sessions.retrieve(
                session_id, {"expand": [*expand, "setup_intent.payment_method"]}
            )
            return facts.checkout_state(session.to_dict())

    def _session_params(self, order: CheckoutOrder) -> SessionCreateParams:
        payment: SessionCreateParamsPaymentIntentData = {"metadata": _marks(order)}
        if self._connected and order.platform_fee and order.platform_fee.minor > 0:
            payment["application_fee_amount"] = to_stripe(order.platform_fee)
        params: SessionCreateParams = {
            "mode": "payment",
            "client_reference_id": order.booking_code,
            "success_url": order.success_url,
            "expires_at": to_epoch(order.expires_at),
            "metadata": _marks(order),
            "payment_intent_data": payment,
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": order.amount.currency.lower(),
                        "unit_amount": to_stripe(order.amount),
                        "product_data": {"name": order.description},
                    },
                }
            ],
        }
        if order.saves_card:
            payment["setup_future_usage"] = "off_session"
            _name_customer(params, order)
        if order.terms:
            params["custom_text"] = {"submit": {"message": order.terms}}
        return params

    def _link_params(self, order: CheckoutOrder) -> PaymentLinkCreateParams:
        params: PaymentLinkCreateParams = {
            "metadata": _marks(order),
            "payment_intent_data": {"metadata": _marks(order)},
            "restrictions": {"completed_sessions": {"limit": 1}},
            "after_completion": {"type": "redirect", "redirect": {"url": order.success_url}},
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": order.amount.currency.lower(),
                        "unit_amount": to_stripe(order.amount),
                        "product_data": {"name": order.description},
                    },
                }
            ],
        }
        if self._connected and order.platform_fee and order.platform_fee.minor > 0:
            params["application_fee_amount"] = to_stripe(order.platform_fee)
        if order.saves_card:
            params["payment_intent_data"]["setup_future_usage"] = "off_session"
            params["customer_creation"] = "always"
        if order.terms:
            params["custom_text"] = {"submit": {"message": order.terms}}
        return params


def _setup_params(order: CheckoutOrder) -> SessionCreateParams:
    marks = {"op": order.operation_id}
    params: SessionCreateParams = {
        "mode": "setup",
        "currency": order.amount.currency.lower(),
        "success_url": order.success_url,
        "expires_at": to_epoch(order.expires_at),
        "metadata": marks,
        "setup_intent_data": {"metadata": marks},
    }
    _name_customer(params, order)
    return params


def _name_customer(params: SessionCreateParams, order: CheckoutOrder) -> None:
    """Keep the card with the customer that Stripe knows, or with a new one."""
    if order.customer_ref:
        params["customer"] = order.customer_ref
    else:
        params["customer_creation"] = "always"


def _marks(order: CheckoutOrder) -> dict[str, str]:
    return {"op": order.operation_id, "booking": order.booking_code}


def _delivered(known: facts.CheckoutOpened | facts.CheckoutClosed) -> Delivered:
    return Delivered(known.session_id, known)
