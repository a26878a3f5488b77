"""Disputes: a customer's bank takes the money back, with a fee, until somebody wins."""

from __future__ import annotations

from bookra.sandbox.state import Json, random_id
from bookra.sandbox.stripe import balance, events
from bookra.sandbox.stripe.errors import RefusedError
from bookra.sandbox.stripe.forms import Flag, Group, Metadata, Text
from bookra.sandbox.stripe.store import EXPAND, Call, add, find, list_parameters, page, save

FEE_MINOR = 1500
ANSWER_SECONDS = 7 * 24 * 3600
OPEN = ("needs_response", "under_review")

_TEXTS = (
    "access_activity_log billing_address cancellation_policy_disclosure cancellation_rebuttal "
    "customer_email_address customer_name customer_purchase_ip duplicate_charge_explanation "
    "duplicate_charge_id product_description refund_policy_disclosure refund_refusal_explanation "
    "service_date shipping_address shipping_carrier shipping_date shipping_tracking_number "
    "uncategorized_text"
).split()
_FILES = (
    "cancellation_policy customer_communication customer_signature "
    "duplicate_charge_documentation receipt refund_policy service_documentation "
    "shipping_documentation uncategorized_file"
).split()

UPDATE = Group(
    {
        "evidence": Group(dict.fromkeys(_TEXTS, Text(20_000))),
        "expand": EXPAND,
        "metadata": Metadata(),
        "submit": Flag(),
    }
)
RETRIEVE = Group({"expand": EXPAND})
LIST = list_parameters(charge=Text(), payment_intent=Text())


def open_dispute(call: Call, charge_id: str, amount: int | None) -> Json:
    """Let the customer's bank take back a charge, or ``amount`` of it."""
    charge = find(call, "charge", charge_id)
    if charge["disputed"] or not charge["captured"]:
        raise RefusedError(f"Charge {charge_id} can't be disputed now.", code="charge_disputed")
    dispute = add(call, _dispute(call, charge, amount or charge["amount_captured"]))
    charge["disputed"] = True
    save(call, charge)
    events.emit(call, "charge.dispute.created", dispute)
    fee = {**balance.fee_detail("stripe_fee", FEE_MINOR, charge["currency"])}
    fee["description"] = "Dispute fee"
    _move(call, dispute, -dispute["amount"], "dispute", fees=[fee])
    events.emit(call, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def close(call: Call, identifier: str, *, won: bool) -> Json:
    """Let the bank decide: the money comes back, without the fee, or stays away."""
    dispute = find(call, "dispute", identifier)
    if dispute["status"] not in OPEN:
        raise RefusedError(f"Dispute {identifier} is already {dispute['status']}.")
    dispute["status"] = "won" if won else "lost"
    save(call, dispute)
    if won:
        _move(call, dispute, dispute["amount"], "dispute_reversal")
        events.emit(call, "charge.dispute.funds_reinstated", dispute)
        charge = find(call, "charge", dispute["charge"])
        charge["disputed"] = False
        save(call, charge)
    events.emit(call, "charge.dispute.closed", dispute)
    return dispute


def accept(call: Call, identifier: str) -> Json:
    """POST /v1/disputes/{id}/close: give the dispute up."""
    return close(call, identifier, won=False)


def update(call: Call, identifier: str) -> Json:
    """POST /v1/disputes/{id}: hand in evidence; ``submit`` ends it."""
    dispute = find(call, "dispute", identifier)
    if dispute["status"] != "needs_response":
        raise RefusedError("This dispute is closed or already under review.", param="evidence")
    evidence = call.params.get("evidence", {})
    dispute["evidence"].update(evidence)
    dispute["metadata"].update(call.params.get("metadata", {}))
    details = dispute["evidence_details"]
    details["has_evidence"] = details["has_evidence"] or bool(evidence)
    if call.params.get("submit", True) and details["has_evidence"]:
        details["submission_count"] += 1
        dispute["status"] = "under_review"
    save(call, dispute)
    events.emit(call, "charge.dispute.updated", dispute)
    return dispute


def _move(
    call: Call, dispute: Json, amount: int, category: str, *, fees: list[Json] | None = None
) -> None:
    """Book a movement of the dispute, and keep it in the dispute's own list as Stripe does."""
    movement = balance.book(call, "adjustment", dispute, amount, fees=fees or (), category=category)
    dispute["balance_transactions"].append(movement)
    save(call, dispute)


def _dispute(call: Call, charge: Json, amount: int) -> Json:
    return {
        "id": random_id("du_1"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": call.now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys((*_TEXTS, *_FILES)), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": call.now + ANSWER_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": "general",
        "status": "needs_response",
    }


def retrieve(call: Call, identifier: str) -> Json:
    """GET /v1/disputes/{id}."""
    return find(call, "dispute", identifier)


def listed(call: Call) -> Json:
    """GET /v1/disputes, by ``charge`` or ``payment_intent``."""
    equal = {name: call.params.get(name) for name in ("charge", "payment_intent")}
    return page(call, "dispute", "/v1/disputes", equal=equal)
