"""PaymentIntents: created, confirmed, declined, authenticated, captured, cancelled."""

from __future__ import annotations

from bookra.sandbox.state import Json, random_id
from bookra.sandbox.stripe import cards, charges, events
from bookra.sandbox.stripe.amounts import (
    AMOUNT,
    APPLICATION_FEE,
    check_application_fee,
    check_charge,
)
from bookra.sandbox.stripe.cards import Card
from bookra.sandbox.stripe.errors import RefusedError, bad_parameter
from bookra.sandbox.stripe.forms import Flag, Group, Items, Metadata, Shape, Text
from bookra.sandbox.stripe.store import EXPAND, Call, add, find, list_parameters, page, save

_HOW: dict[str, Shape] = {
    "payment_method": Text(),
    "off_session": Flag(),
    "error_on_requires_action": Flag(),
    "return_url": Text(),
    "receipt_email": Text(),
    "setup_future_usage": Text(choices=("off_session", "on_session")),
    "expand": EXPAND,
}
CREATE = Group(
    {
        **_HOW,
        "application_fee_amount": APPLICATION_FEE,
        "automatic_payment_methods": Group(
            {"allow_redirects": Text(choices=("always", "never"))}, {"enabled": Flag()}
        ),
        "capture_method": Text(choices=("automatic", "automatic_async", "manual")),
        "confirm": Flag(),
        "customer": Text(),
        "description": Text(1000),
        "metadata": Metadata(),
        "payment_method_types": Items(Text(choices=("card",))),
        "statement_descriptor_suffix": Text(22),
    },
    {"amount": AMOUNT, "currency": Text(3)},
)
CONFIRM = Group(_HOW)
LIST = list_parameters(customer=Text())
RETRIEVE = Group({"client_secret": Text(), "expand": EXPAND})

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


class DeclinedError(Exception):
    """The bank said no. What happened stays: the reply is an error, the transaction commits."""

    def __init__(self, body: Json) -> None:
        super().__init__(body["error"]["message"])
        self.body = body


def create(call: Call) -> Json:
    """POST /v1/payment_intents, confirming it at once with ``confirm=true``."""
    given = call.params
    check_charge(call, given["amount"], given["currency"], "amount")
    fee = given.get("application_fee_amount")
    check_application_fee(call, fee, given["amount"], "application_fee_amount")
    for name in ("off_session", "error_on_requires_action"):
        if given.get(name) and not given.get("confirm"):
            raise bad_parameter(f"`{name}` can only be set when `confirm` is true.", name)
    if customer := given.get("customer"):
        find(call, "customer", customer, param="customer")
    intent = new(call, given)
    return _confirm(call, intent) if given.get("confirm") else intent


def new(call: Call, given: Json) -> Json:
    """Store a PaymentIntent for checked parameters, without confirming it."""
    identifier = random_id("pi_3")
    method = given.get("payment_method")
    intent: Json = {
        "id": identifier,
        "object": "payment_intent",
        "amount": given["amount"],
        "amount_capturable": 0,
        "amount_received": 0,
        "application": "ca_sandbox" if call.connected else None,
        "application_fee_amount": given.get("application_fee_amount"),
        "automatic_payment_methods": given.get("automatic_payment_methods"),
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": given.get("capture_method", "automatic_async"),
        "client_secret": f"{identifier}_secret_{random_id('')}",
        "confirmation_method": "automatic",
        "created": call.now,
        "currency": given["currency"],
        "customer": given.get("customer"),
        "description": given.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": given.get("metadata", {}),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": method,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": given.get("receipt_email"),
        "review": None,
        "setup_future_usage": given.get("setup_future_usage"),
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": given.get("statement_descriptor_suffix"),
        "status": "requires_payment_method" if method is None else "requires_confirmation",
        "transfer_data": None,
        "transfer_group": None,
    }
    add(call, intent)
    events.emit(call, "payment_intent.created", intent)
    return intent


def confirm(call: Call, identifier: str) -> Json:
    """POST /v1/payment_intents/{id}/confirm."""
    return _confirm(call, find(call, "payment_intent", identifier))


def _confirm(call: Call, intent: Json) -> Json:
    given = call.params
    expect(intent, "confirm", CONFIRMABLE)
    chosen = given.get("payment_method") or intent["payment_method"]
    if chosen is None:
        raise RefusedError(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can "
            "either update the PaymentIntent with a payment method and then confirm it again, or "
            "confirm it again directly with a payment method.",
            code="payment_intent_unexpected_state",
        )
    intent["setup_future_usage"] = given.get("setup_future_usage") or intent["setup_future_usage"]
    method = cards.chosen_method(call, chosen, customer=intent["customer"])
    absent = bool(given.get("off_session") or given.get("error_on_requires_action"))
    card = cards.card_of(method)
    attempted = attempt(call, intent, method, authenticated=not card.asks_3ds, absent=absent)
    if attempted["status"] == "requires_payment_method":
        raise DeclinedError({"error": _decline(attempted)})
    return attempted


def attempt(
    call: Call, intent: Json, method: Json, *, authenticated: bool, absent: bool = False
) -> Json:
    """Try to pay ``intent`` with ``method``; return it in its new state.

    ``absent`` says that nobody is there to pass 3-D Secure: then asking for it is a decline.
    """
    card = cards.card_of(method)
    intent["payment_method"] = method["id"]
    if card.decline_code is not None:
        charge = charges.fail(call, intent, method, card)
        return _failed(call, intent, method, "card_declined", card.decline_code, charge["id"])
    if not authenticated and absent:
        return _failed(call, intent, method, "authentication_required", None, None)
    if not authenticated:
        return _ask(call, intent)
    return _succeeded(call, intent, method, card)


def _succeeded(call: Call, intent: Json, method: Json, card: Card) -> Json:
    charge = charges.succeed(call, intent, method, card)
    held = intent["capture_method"] == "manual"
    intent.update(
        status="requires_capture" if held else "succeeded",
        latest_charge=charge["id"],
        amount_capturable=intent["amount"] if held else 0,
        amount_received=0 if held else intent["amount"],
        next_action=None,
        last_payment_error=None,
    )
    save(call, intent)
    if intent["setup_future_usage"] and intent["customer"]:
        cards.keep(call, method, intent["customer"])
    kind = "amount_capturable_updated" if held else "succeeded"
    events.emit(call, f"payment_intent.{kind}", intent)
    return intent


def _failed(
    call: Call, intent: Json, method: Json, code: str, decline_code: str | None, charge: str | None
) -> Json:
    message = charges.DECLINED
    if code == "authentication_required":
        message = "Your card was declined. This transaction requires authentication."
    error: Json = {
        "code": code,
        "decline_code": decline_code or code,
        "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}",
        "message": message,
        "payment_method": method,
        "type": "card_error",
    }
    if charge is not None:
        error["charge"] = charge
    intent.update(
        status="requires_payment_method",
        payment_method=None,
        latest_charge=charge or intent["latest_charge"],
        last_payment_error=error,
        next_action=None,
    )
    save(call, intent)
    events.emit(call, "payment_intent.payment_failed", intent)
    return intent


def _ask(call: Call, intent: Json) -> Json:
    intent.update(
        status="requires_action",
        next_action={
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {"type": "three_d_secure_redirect"},
        },
    )
    save(call, intent)
    events.emit(call, "payment_intent.requires_action", intent)
    return intent


def _decline(intent: Json) -> Json:
    return {**intent["last_payment_error"], "payment_intent": intent}


def expect(intent: Json, verb: str, states: tuple[str, ...]) -> None:
    """Refuse what can't be done in the intent's state."""
    if intent["status"] not in states:
        raise RefusedError(
            f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}. "
            f"Only a PaymentIntent with one of the following statuses may be {verb}ed: "
            f"{', '.join(states)}.",
            code="payment_intent_unexpected_state",
        )


def retrieve(call: Call, identifier: str) -> Json:
    """GET /v1/payment_intents/{id}."""
    return find(call, "payment_intent", identifier)


def listed(call: Call) -> Json:
    """GET /v1/payment_intents."""
    equal = {"customer": call.params.get("customer")}
    return page(call, "payment_intent", "/v1/payment_intents", equal=equal)
