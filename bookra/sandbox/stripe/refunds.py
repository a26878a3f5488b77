"""Refunds: money back, never more than was paid; the application fee pro rata when asked."""

from __future__ import annotations

from bookra.money import format_minor
from bookra.sandbox.state import Json, random_id
from bookra.sandbox.stripe import balance, cards, events
from bookra.sandbox.stripe.amounts import check_step
from bookra.sandbox.stripe.errors import RefusedError, bad_parameter
from bookra.sandbox.stripe.forms import Flag, Group, Integer, Metadata, Text
from bookra.sandbox.stripe.store import (
    EXPAND,
    Call,
    add,
    every,
    find,
    list_parameters,
    page,
    save,
)

CREATE = Group(
    {
        "amount": Integer(1),
        "charge": Text(),
        "expand": EXPAND,
        "metadata": Metadata(),
        "payment_intent": Text(),
        "reason": Text(choices=("duplicate", "fraudulent", "requested_by_customer")),
        "refund_application_fee": Flag(),
    }
)
RETRIEVE = Group({"expand": EXPAND})
LIST = list_parameters(charge=Text(), payment_intent=Text())


def create(call: Call) -> Json:
    """POST /v1/refunds, for a ``charge`` or a ``payment_intent``."""
    charge = _charge(call)
    rest = charge["amount"] - charge["amount_refunded"]
    amount = call.params.get("amount", rest)
    _check(call, charge, amount, rest)
    refund = add(call, _refund(call, charge, amount))
    if _waits(call, charge):
        refund.update(status="pending", pending_reason="charge_pending")
        save(call, refund)
    else:
        _pay_back(call, charge, refund)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    save(call, charge)
    events.emit(call, "charge.refunded", charge)
    events.emit(call, "refund.created", refund)
    return refund


def _waits(call: Call, charge: Json) -> bool:
    """Tell whether the charge's card leaves its refunds pending."""
    method = find(call, "payment_method", charge["payment_method"])
    return cards.card_of(method).refunds_wait


def _pay_back(call: Call, charge: Json, refund: Json) -> None:
    """Book the refund's movement, with the platform's share of it."""
    given_back = _give_fee_back(call, charge, refund)
    movement = balance.book(
        call,
        "refund",
        refund,
        -refund["amount"],
        fees=[balance.fee_detail("application_fee", -given_back, charge["currency"])],
        available_on=max(call.now, _settles(call, charge)),
    )
    refund["balance_transaction"] = movement["id"]
    save(call, refund)


def settle(call: Call, identifier: str) -> Json:
    """Let a pending refund succeed: its money moves now."""
    refund = find(call, "refund", identifier)
    if refund["status"] != "pending":
        raise RefusedError(f"Refund {identifier} is not pending but {refund['status']}.")
    charge = find(call, "charge", refund["charge"])
    refund.update(status="succeeded")
    del refund["pending_reason"]
    _pay_back(call, charge, refund)
    events.emit(call, "refund.updated", refund)
    events.emit(call, "charge.refund.updated", refund)
    return refund


def _check(call: Call, charge: Json, amount: int, rest: int) -> None:
    """Refuse what can't be refunded, or not that much of it."""
    if charge["disputed"]:
        raise RefusedError(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    if rest == 0:
        raise RefusedError(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    check_step(amount, charge["currency"], "amount")
    if amount > rest:
        raise RefusedError(_too_much(amount, rest, charge["currency"]), param="amount")
    if call.params.get("refund_application_fee") and charge["application_fee"] is None:
        raise RefusedError(
            f"Attempting to refund_application_fee on {charge['id']}, but it has no application "
            "fee",
            param="refund_application_fee",
        )


def fail(call: Call, identifier: str) -> Json:
    """Let a refund fail: the customer's bank sent the money back, or never took it.

    The money comes back as a movement of its own; a pending refund had moved none, and brings
    none back. The charge can then be refunded again.
    """
    refund = find(call, "refund", identifier)
    if refund["status"] == "failed":
        return refund
    if refund["balance_transaction"] is not None:
        back = balance.book(call, "refund_failure", refund, refund["amount"])
        refund["failure_balance_transaction"] = back["id"]
    refund.update(status="failed", failure_reason="lost_or_stolen_card")
    refund.pop("pending_reason", None)
    save(call, refund)
    charge = find(call, "charge", refund["charge"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    save(call, charge)
    events.emit(call, "refund.failed", refund)
    events.emit(call, "charge.refund.updated", refund)
    return refund


def _charge(call: Call) -> Json:
    given = call.params
    if ("charge" in given) == ("payment_intent" in given):
        raise bad_parameter(
            "One of the following params should be provided for this request: payment_intent or "
            "charge.",
            "payment_intent",
            "parameter_missing" if "charge" not in given else None,
        )
    if "charge" in given:
        charge = find(call, "charge", given["charge"], param="charge")
    else:
        intent = find(call, "payment_intent", given["payment_intent"], param="payment_intent")
        if intent["latest_charge"] is None or intent["status"] != "succeeded":
            raise RefusedError(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
                param="payment_intent",
            )
        charge = find(call, "charge", intent["latest_charge"])
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise RefusedError(f"Charge {charge['id']} was not captured; there is nothing to refund.")
    return charge


def _too_much(amount: int, rest: int, currency: str) -> str:
    asked, left = (format_minor(minor, currency.upper()) for minor in (amount, rest))
    return (
        f"Refund amount ({currency} {asked}) is greater than unrefunded amount on charge "
        f"({currency} {left})"
    )


def _settles(call: Call, charge: Json) -> int:
    """Return when the charge's money becomes available: its refund can't be earlier."""
    when: int = find(call, "balance_transaction", charge["balance_transaction"])["available_on"]
    return when


def _give_fee_back(call: Call, charge: Json, refund: Json) -> int:
    """Return the platform's share of this refund, and book it on the platform's side.

    Pro rata and cumulative, so that a charge refunded in parts gives back exactly its fee.
    """
    if not refund["_with_fee"]:
        return 0
    owner = Call(call.tx, call.platform, call.platform, call.now)
    fee = find(owner, "application_fee", charge["application_fee"])
    captured = charge["amount_captured"]
    given_before = _given_before(call, charge, refund)
    target = _pro_rata(fee["amount"], given_before + refund["amount"], captured)
    before = _pro_rata(fee["amount"], given_before, captured)
    part: int = min(fee["amount"] - fee["amount_refunded"], target - before)
    if part <= 0:
        return 0
    fee["amount_refunded"] += part
    fee["refunded"] = fee["amount_refunded"] == fee["amount"]
    save(owner, fee)
    returned: Json = {"id": random_id("fr_1"), "currency": fee["currency"]}
    balance.book(
        owner,
        "application_fee_refund",
        returned,
        -part,
        available_on=max(call.now, _settles(call, charge)),
    )
    events.emit(owner, "application_fee.refunded", fee)
    return part


def _given_before(call: Call, charge: Json, refund: Json) -> int:
    """Return what other refunds of the charge have moved so far, failed ones left out."""
    others = [
        one for one in every(call, "refund", charge=charge["id"]) if one["id"] != refund["id"]
    ]
    return sum(one["amount"] for one in others if one["status"] == "succeeded")


def _pro_rata(whole: int, part: int, of: int) -> int:
    return (2 * whole * part + of) // (2 * of)


def _refund(call: Call, charge: Json, amount: int) -> Json:
    return {
        "id": random_id("re_3"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": call.now,
        "currency": charge["currency"],
        "destination_details": {
            "card": {
                "reference": "7920000000000000",
                "reference_status": "available",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": call.params.get("metadata", {}),
        "payment_intent": charge["payment_intent"],
        "reason": call.params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
        "_with_fee": bool(call.params.get("refund_application_fee")),
    }


def retrieve(call: Call, identifier: str) -> Json:
    """GET /v1/refunds/{id}."""
    return find(call, "refund", identifier)


def listed(call: Call) -> Json:
    """GET /v1/refunds, by ``charge`` or ``payment_intent``."""
    equal = {name: call.params.get(name) for name in ("charge", "payment_intent")}
    return page(call, "refund", "/v1/refunds", equal=equal)
