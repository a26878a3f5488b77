"""Charges: the moment when a card pays, or doesn't, and the fees that follow."""

from __future__ import annotations

from bookra.sandbox.state import Json, random_id
from bookra.sandbox.stripe import balance, events
from bookra.sandbox.stripe.cards import Card
from bookra.sandbox.stripe.forms import Group, Text
from bookra.sandbox.stripe.store import EXPAND, Call, add, find, list_parameters, page, save

LIST = list_parameters(customer=Text(), payment_intent=Text())
RETRIEVE = Group({"expand": EXPAND})

DECLINED = "Your card was declined."


def succeed(call: Call, intent: Json, method: Json, card: Card) -> Json:
    """Charge the card: at once with its balance transaction, or only authorised for a capture."""
    held = intent["capture_method"] == "manual"
    charge = _charge(call, intent, method, card)
    charge["outcome"] = _outcome("authorized", None)
    charge["captured"] = not held
    charge["paid"] = True
    add(call, charge)
    if not held:
        settle(call, charge, charge["amount"], intent["application_fee_amount"] or 0)
    events.emit(call, "charge.succeeded", charge)
    return charge


def fail(call: Call, intent: Json, method: Json, card: Card) -> Json:
    """Record a declined attempt: a charge that moved no money."""
    charge = _charge(call, intent, method, card)
    charge.update(
        status="failed",
        failure_code="card_declined",
        failure_message=DECLINED,
        outcome=_outcome("issuer_declined", card.decline_code),
        application_fee_amount=None,
    )
    add(call, charge)
    events.emit(call, "charge.failed", charge)
    return charge


def settle(call: Call, charge: Json, amount: int, application_fee: int) -> Json:
    """Book the captured amount with its fees, and give the platform its share."""
    currency = charge["currency"]
    fees = [
        balance.fee_detail("application_fee", application_fee, currency),
        balance.fee_detail("stripe_fee", balance.stripe_fee(amount), currency),
    ]
    available_on = call.now + balance.PENDING_SECONDS
    movement = balance.book(call, "charge", charge, amount, fees=fees, available_on=available_on)
    charge.update(
        captured=True,
        amount_captured=amount,
        balance_transaction=movement["id"],
        application_fee_amount=application_fee or None,
    )
    if application_fee:
        charge["application_fee"] = _earn(call, charge, application_fee, available_on)["id"]
    return save(call, charge)


def _earn(call: Call, charge: Json, amount: int, available_on: int) -> Json:
    fee: Json = {
        "id": random_id("fee_1"),
        "object": "application_fee",
        "account": call.account,
        "amount": amount,
        "amount_refunded": 0,
        "application": "ca_sandbox",
        "balance_transaction": None,
        "charge": charge["id"],
        "created": call.now,
        "currency": charge["currency"],
        "description": None,
        "livemode": False,
        "originating_transaction": None,
        "refunded": False,
    }
    movement = balance.book(
        call, "application_fee", fee, amount, available_on=available_on, account=call.platform
    )
    fee["balance_transaction"] = movement["id"]
    add(call, fee, call.platform)
    events.emit(call, "application_fee.created", fee, account=call.platform)
    return fee


def _charge(call: Call, intent: Json, method: Json, card: Card) -> Json:
    return {
        "id": random_id("ch_3"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": "ca_sandbox" if call.connected else None,
        "application_fee": None,
        "application_fee_amount": intent["application_fee_amount"],
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "BOOKRA SANDBOX",
        "captured": False,
        "created": call.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _method_details(card),
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }


def _method_details(card: Card) -> Json:
    face = {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "pass",
        },
        "country": "US",
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"sandbox{card.last4}",
        "funding": "credit",
        "installments": None,
        "last4": card.last4,
        "mandate": None,
        "network": card.brand,
        "three_d_secure": None,
        "wallet": None,
    }
    return {"card": face, "type": "card"}


def _outcome(kind: str, reason: str | None) -> Json:
    approved = kind == "authorized"
    return {
        "advice_code": None if approved else "try_again_later",
        "network_advice_code": None,
        "network_decline_code": None if approved else "01",
        "network_status": "approved_by_network" if approved else "declined_by_network",
        "reason": reason,
        "risk_level": "normal",
        "seller_message": "Payment complete." if approved else "The bank declined the payment.",
        "type": kind,
    }


def retrieve(call: Call, identifier: str) -> Json:
    """GET /v1/charges/{id}."""
    return find(call, "charge", identifier)


def listed(call: Call) -> Json:
    """GET /v1/charges, by ``customer`` or ``payment_intent``."""
    equal = {name: call.params.get(name) for name in ("customer", "payment_intent")}
    return page(call, "charge", "/v1/charges", equal=equal)
