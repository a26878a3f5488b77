"""SetupIntents: a card that is saved without a payment, for a no-show fee later."""

from __future__ import annotations

from bookra.sandbox.state import Json, random_id
from bookra.sandbox.stripe import cards, events
from bookra.sandbox.stripe.forms import Group
from bookra.sandbox.stripe.store import EXPAND, Call, add, find, save

RETRIEVE = Group({"expand": EXPAND})


def new(call: Call, customer: str | None, metadata: dict[str, str]) -> Json:
    """Store a SetupIntent that waits for a card."""
    identifier = random_id("seti_1")
    setup: Json = {
        "id": identifier,
        "object": "setup_intent",
        "application": "ca_sandbox" if call.connected else None,
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "client_secret": f"{identifier}_secret_{random_id('')}",
        "created": call.now,
        "customer": customer,
        "description": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": metadata,
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": "off_session",
    }
    add(call, setup)
    events.emit(call, "setup_intent.created", setup)
    return setup


def attempt(call: Call, identifier: str, method: Json) -> bool:
    """Save the card with the customer, if there is one; tell whether the bank agreed."""
    setup = find(call, "setup_intent", identifier)
    card = cards.card_of(method)
    if card.decline_code is not None and not card.saves:
        events.emit(call, "setup_intent.setup_failed", setup)
        return False
    setup.update(status="succeeded", payment_method=method["id"])
    save(call, setup)
    if setup["customer"] is not None:
        cards.keep(call, method, setup["customer"])
    events.emit(call, "setup_intent.succeeded", setup)
    return True


def retrieve(call: Call, identifier: str) -> Json:
    """GET /v1/setup_intents/{id}."""
    return find(call, "setup_intent", identifier)
