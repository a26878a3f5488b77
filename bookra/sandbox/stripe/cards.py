"""Test cards: what a bank says to each, and the payment methods that stand for them.

No card number ever enters: Checkout offers buttons, the API takes Stripe's own ``pm_card_…``.
"""

from __future__ import annotations

from dataclasses import dataclass

from bookra.sandbox.state import Json, random_id
from bookra.sandbox.stripe import events, store
from bookra.sandbox.stripe.errors import RefusedError, missing_object
from bookra.sandbox.stripe.forms import Group, Text
from bookra.sandbox.stripe.store import EXPAND, Call, add, find, page, save

LIST = Group(
    {
        "customer": Text(),
        "type": Text(choices=("card",)),
        **{name: shape for name, shape in store.LIST.items() if name != "created"},
    }
)
OF_CUSTOMER = Group({name: shape for name, shape in LIST.optional.items() if name != "customer"})
ATTACH = Group({"expand": EXPAND}, {"customer": Text()})


@dataclass(frozen=True, slots=True)
class Card:
    """How a test card behaves: declines with a code, or asks for 3-D Secure.

    ``saves`` is a card that can be kept though its payments are declined; ``refunds_wait`` leaves
    its refunds pending, without a movement, until somebody decides about them.
    """

    name: str
    brand: str
    last4: str
    decline_code: str | None = None
    asks_3ds: bool = False
    saves: bool = False
    refunds_wait: bool = False


CARDS = {
    card.name: card
    for card in (
        Card("visa", "visa", "4242"),
        Card("declined", "visa", "0002", decline_code="generic_decline"),
        Card("3ds", "visa", "3184", asks_3ds=True),
        Card("insufficient", "visa", "9995", decline_code="insufficient_funds"),
        Card("fails-later", "visa", "0341", decline_code="generic_decline", saves=True),
        Card("refund-pending", "visa", "7726", refunds_wait=True),
    )
}

TEST_METHODS = {
    "pm_card_visa": "visa",
    "pm_card_visa_chargeDeclined": "declined",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "insufficient",
    "pm_card_chargeCustomerFail": "fails-later",
    "pm_card_pendingRefund": "refund-pending",
    "pm_card_authenticationRequired": "3ds",
    "pm_card_threeDSecure2Required": "3ds",
}


def new_method(call: Call, card: Card) -> Json:
    """Store a payment method for ``card``, attached to no customer yet."""
    method: Json = {
        "id": random_id("pm_1"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": {
            "address": None,
            "email": None,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        "card": _card_face(card),
        "created": call.now,
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
        "_card": card.name,
    }
    return add(call, method)


def _card_face(card: Card) -> Json:
    return {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "pass",
        },
        "country": "US",
        "display_brand": card.brand,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"sandbox{card.last4}",
        "funding": "credit",
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def chosen_method(call: Call, identifier: str, *, customer: str | None) -> Json:
    """Return the payment method to charge: a saved one of ``customer``, or a test card's.

    Raises RefusedError for a saved card that is charged without its customer, as Stripe does.
    """
    if identifier in TEST_METHODS:
        return new_method(call, CARDS[TEST_METHODS[identifier]])
    method = find(call, "payment_method", identifier, param="payment_method")
    if method["customer"] is None:
        raise RefusedError(
            f"The provided PaymentMethod was previously used or is not attached: {identifier}. "
            "To use a PaymentMethod multiple times, you must attach it to a Customer first.",
            param="payment_method",
        )
    if method["customer"] != customer:
        raise RefusedError(
            f"The PaymentMethod {identifier} belongs to the Customer {method['customer']}. Please "
            "include the Customer in the `customer` parameter on the PaymentIntent.",
            param="payment_method" if customer is None else "customer",
        )
    return method


def card_of(method: Json) -> Card:
    """Return the test card behind a payment method."""
    return CARDS[method["_card"]]


def attach(call: Call, identifier: str) -> Json:
    """POST /v1/payment_methods/{id}/attach: save a card with a customer."""
    customer = find(call, "customer", call.params["customer"], param="customer")
    if identifier in TEST_METHODS:
        return keep(call, new_method(call, CARDS[TEST_METHODS[identifier]]), customer["id"])
    method = find(call, "payment_method", identifier)
    if method["customer"] not in (None, customer["id"]):
        raise RefusedError(
            "The payment method you provided has already been attached to a customer.",
            code="resource_already_exists",
        )
    return keep(call, method, customer["id"])


def keep(call: Call, method: Json, customer: str) -> Json:
    """Attach ``method`` to ``customer`` for later payments."""
    if method["customer"] == customer:
        return method
    method["customer"] = customer
    save(call, method)
    events.emit(call, "payment_method.attached", method)
    return method


def detach(call: Call, identifier: str) -> Json:
    """POST /v1/payment_methods/{id}/detach: the card can't be charged any more."""
    method = find(call, "payment_method", identifier)
    if method["customer"] is None:
        raise RefusedError(
            "The payment method you provided is not attached to a customer so detachment is "
            "impossible.",
            param="payment_method",
        )
    method["customer"] = None
    save(call, method)
    events.emit(call, "payment_method.detached", method)
    return method


def retrieve(call: Call, identifier: str) -> Json:
    """GET /v1/payment_methods/{id}."""
    if not identifier.startswith("pm_"):
        raise missing_object("payment_method", identifier)
    return find(call, "payment_method", identifier)


def listed(call: Call, customer: str | None = None) -> Json:
    """GET /v1/payment_methods and /v1/customers/{id}/payment_methods."""
    owner = customer or call.params.get("customer")
    url = f"/v1/customers/{customer}/payment_methods" if customer else "/v1/payment_methods"
    if owner is not None:
        find(call, "customer", owner, param=None if customer else "customer")
    return page(call, "payment_method", url, equal={"customer": owner or ""})
