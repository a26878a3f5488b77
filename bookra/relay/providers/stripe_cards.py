"""Saved cards at Stripe: charged while the customer is away, and forgotten when asked.

A card that the bank declines is an answer, not a failure: the effect is delivered, its facts say
no. The same key brings the same answer again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import stripe

from bookra.money import Money, to_stripe
from bookra.relay.outcome import Delivered, Outcome
from bookra.relay.providers import stripe_facts as facts
from bookra.relay.providers import stripe_lists as lists
from bookra.relay.providers.stripe_effects import carried_out
from bookra.relay.providers.stripe_errors import explained
from bookra.relay.providers.wire import plain

if TYPE_CHECKING:
    from stripe.params import PaymentIntentCreateParams

NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class CardOrder:
    """A saved card to be charged for one operation.

    ``created_since`` is the operation's own second: no intent of it is older. ``looks_first``
    searches before it sends.
    """

    operation_id: str
    idempotency_key: str
    booking_code: str
    description: str
    customer_ref: str
    method_ref: str
    amount: Money
    platform_fee: Money | None
    created_since: int
    looks_first: bool = False


class StripeCards:
    """The saved cards of one account. ``_connected`` says that the platform acts for it."""

    _client: stripe.StripeClient
    _connected: bool

    def charge_card(self, order: CardOrder) -> Outcome:
        """Charge a saved card: Delivered(intent id, IntentState).

        Its ``failure`` says why when the bank declined, or wants the customer to confirm.
        """

        def send() -> Delivered:
            try:
                intent = self._client.v1.payment_intents.create(
                    self._intent_params(order), {"idempotency_key": order.idempotency_key}
                )
            except stripe.CardError as error:
                return _declined(error, order)
            state = facts.intent_state(intent.to_dict())
            return Delivered(state.intent_ref, state)

        def look() -> Delivered | None:
            found = self._found(order.customer_ref, order.operation_id, order.created_since)
            return None if found is None else Delivered(found.intent_ref, found)

        return carried_out(send, look, looks_first=order.looks_first, looks_when_reused=True)

    def find_card_charge(
        self, customer_ref: str, operation_id: str, *, created_since: int
    ) -> facts.IntentState | None:
        """Return the intent that an operation made; None is proof that there is none."""
        with explained():
            return self._found(customer_ref, operation_id, created_since)

    def detach_card(self, method_ref: str, *, key: str) -> Outcome:
        """Make Stripe forget a card: Delivered(method id). One that is gone already is too."""
        methods = self._client.v1.payment_methods

        def send() -> Delivered:
            methods.detach(method_ref, None, {"idempotency_key": key})
            return Delivered(method_ref)

        def look() -> Delivered | None:
            try:
                method = methods.retrieve(method_ref).to_dict()
            except stripe.InvalidRequestError as error:
                if error.http_status == NOT_FOUND:
                    return Delivered(method_ref)
                raise
            return None if method["customer"] else Delivered(method_ref)

        return carried_out(send, look, looks_when_refused=True)

    def _found(
        self, customer_ref: str, operation_id: str, created_since: int
    ) -> facts.IntentState | None:
        found = lists.intent_of(
            self._client, customer_ref, operation_id, created_since=created_since
        )
        return None if found is None else facts.intent_state(found)

    def _intent_params(self, order: CardOrder) -> PaymentIntentCreateParams:
        params: PaymentIntentCreateParams = {
            "amount": to_stripe(order.amount),
            "currency": order.amount.currency.lower(),
            "customer": order.customer_ref,
            "payment_method": order.method_ref,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "confirm": True,
            "off_session": True,
            "error_on_requires_action": True,
            "description": order.description,
            "metadata": {"op": order.operation_id, "booking": order.booking_code},
            "expand": ["latest_charge"],
        }
        if self._connected and order.platform_fee and order.platform_fee.minor > 0:
            params["application_fee_amount"] = to_stripe(order.platform_fee)
        return params


def _declined(error: stripe.CardError, order: CardOrder) -> Delivered:
    """Return the bank's no, with the intent that Stripe made for the attempt."""
    details = error.error
    intent = getattr(details, "payment_intent", None)
    intent_ref = facts.reference(intent.to_dict()) if intent is not None else ""
    decline = getattr(details, "decline_code", None)
    code = plain(decline or getattr(details, "code", None) or error.code or "card_declined")
    state = facts.IntentState(
        intent_ref=intent_ref,
        status="requires_payment_method",
        operation_id=order.operation_id,
        booking_code=order.booking_code,
        amount=order.amount,
        charge_ref=None,
        captured_at=None,
        refunded=Money(0, order.amount.currency),
        failure=code,
    )
    return Delivered(intent_ref or order.operation_id, state)
