"""The end of an authorised payment: its money taken, in full or in part, or let go."""

from __future__ import annotations

from bookra.sandbox.state import Json
from bookra.sandbox.stripe import charges, events
from bookra.sandbox.stripe.amounts import AMOUNT, APPLICATION_FEE, check_application_fee
from bookra.sandbox.stripe.errors import RefusedError
from bookra.sandbox.stripe.forms import Group, Metadata, Text
from bookra.sandbox.stripe.payments import CONFIRMABLE, expect
from bookra.sandbox.stripe.store import EXPAND, Call, find, save

_REASONS = ("duplicate", "fraudulent", "requested_by_customer", "abandoned")
CAPTURE = Group(
    {
        "amount_to_capture": AMOUNT,
        "application_fee_amount": APPLICATION_FEE,
        "metadata": Metadata(),
        "expand": EXPAND,
    }
)
CANCEL = Group({"cancellation_reason": Text(choices=_REASONS), "expand": EXPAND})


def capture(call: Call, identifier: str) -> Json:
    """POST /v1/payment_intents/{id}/capture: take the authorised money, or a part of it."""
    intent = find(call, "payment_intent", identifier)
    expect(intent, "capture", ("requires_capture",))
    amount: int = intent["amount_capturable"]
    if "amount_to_capture" in call.params:
        amount = call.params["amount_to_capture"]
    if not 0 < amount <= intent["amount_capturable"]:
        raise RefusedError(
            "The requested capture amount is greater than the authorized amount.",
            param="amount_to_capture",
            code="amount_too_large",
        )
    fee = call.params.get("application_fee_amount", intent["application_fee_amount"])
    check_application_fee(call, fee, amount, "application_fee_amount")
    charge = find(call, "charge", intent["latest_charge"])
    rest = charge["amount"] - amount
    charge["amount_refunded"] = rest
    charges.settle(call, charge, amount, fee or 0)
    events.emit(call, "charge.captured", charge)
    intent["metadata"].update(call.params.get("metadata", {}))
    intent.update(
        status="succeeded", amount_capturable=0, amount_received=amount, application_fee_amount=fee
    )
    save(call, intent)
    events.emit(call, "payment_intent.succeeded", intent)
    return intent


def cancel(call: Call, identifier: str) -> Json:
    """POST /v1/payment_intents/{id}/cancel."""
    intent = find(call, "payment_intent", identifier)
    expect(intent, "cancel", (*CONFIRMABLE, "requires_capture"))
    if intent["status"] == "requires_capture":
        charge = find(call, "charge", intent["latest_charge"])
        charge.update(refunded=True, amount_refunded=charge["amount"])
        save(call, charge)
        events.emit(call, "charge.refunded", charge)
    intent.update(
        status="canceled",
        canceled_at=call.now,
        cancellation_reason=call.params.get("cancellation_reason"),
        amount_capturable=0,
        next_action=None,
    )
    save(call, intent)
    events.emit(call, "payment_intent.canceled", intent)
    return intent
