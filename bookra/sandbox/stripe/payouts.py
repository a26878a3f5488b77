"""Payouts: money that leaves for the bank, by request or by Stripe's own daily run."""

from __future__ import annotations

from bookra.sandbox.state import Json, random_id
from bookra.sandbox.stripe import balance, events
from bookra.sandbox.stripe.errors import RefusedError
from bookra.sandbox.stripe.forms import Group, Integer, Metadata, Text
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
        "description": Text(),
        "expand": EXPAND,
        "metadata": Metadata(),
        "method": Text(choices=("standard",)),
        "statement_descriptor": Text(22),
    },
    {"amount": Integer(1), "currency": Text(3)},
)
RETRIEVE = Group({"expand": EXPAND})
LIST = list_parameters(status=Text(choices=("pending", "paid", "failed", "canceled", "in_transit")))
TRAVEL_SECONDS = 24 * 3600


def create(call: Call) -> Json:
    """POST /v1/payouts: a manual payout, out of the available balance."""
    available, _ = balance.totals(call).get(call.params["currency"], (0, 0))
    if call.params["amount"] > available:
        raise RefusedError(
            "You have insufficient funds in your Stripe account for this transfer.",
            code="balance_insufficient",
            param="amount",
        )
    return _payout(call, call.params["amount"], call.params["currency"], automatic=False)


def run(call: Call, *, early: bool = False) -> list[Json]:
    """Pay out all that is available, one automatic payout a currency, and stamp its members.

    ``early`` makes pending money available at once, for somebody who won't wait two days.
    """
    if early:
        for movement in every(call, "balance_transaction"):
            if movement["status"] == "pending":
                save(call, {**movement, "available_on": call.now})
    made = []
    for currency, (available, _) in balance.totals(call).items():
        if available <= 0:
            continue
        members = [
            movement
            for movement in every(call, "balance_transaction", currency=currency)
            if movement["status"] == "available" and "_payout" not in movement
        ]
        payout = _payout(call, available, currency, automatic=True)
        for movement in members:
            save(call, {**movement, "_payout": payout["id"]})
        events.emit(call, "payout.reconciliation_completed", payout)
        made.append(payout)
    return made


def arrive(call: Call, identifier: str) -> Json:
    """Mark a payout as paid: the bank has it."""
    payout = find(call, "payout", identifier)
    if payout["status"] in ("failed", "canceled"):
        raise RefusedError(f"Payout {identifier} is {payout['status']} already.")
    payout["status"] = "paid"
    save(call, payout)
    events.emit(call, "payout.paid", payout)
    return payout


def fail(call: Call, identifier: str) -> Json:
    """Let a payout fail, even one that was paid: the money comes back as a movement of its own."""
    payout = find(call, "payout", identifier)
    if payout["status"] == "failed":
        return payout
    back = balance.book(call, "payout_failure", payout, payout["amount"])
    payout.update(
        status="failed",
        failure_balance_transaction=back["id"],
        failure_code="account_closed",
        failure_message="The bank account has been closed.",
    )
    save(call, payout)
    events.emit(call, "payout.failed", payout)
    return payout


def cancel(call: Call, identifier: str) -> Json:
    """POST /v1/payouts/{id}/cancel: stop a manual payout that has not left yet."""
    payout = find(call, "payout", identifier)
    if payout["status"] != "pending" or payout["automatic"]:
        raise RefusedError(
            f"Payout {identifier} can't be canceled: only manual payouts that are pending can be."
        )
    back = balance.book(call, "payout_cancel", payout, payout["amount"])
    payout.update(status="canceled", failure_balance_transaction=back["id"])
    save(call, payout)
    events.emit(call, "payout.canceled", payout)
    return payout


def _payout(call: Call, amount: int, currency: str, *, automatic: bool) -> Json:
    given = call.params
    payout: Json = {
        "id": random_id("po_1"),
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": call.now + TRAVEL_SECONDS,
        "automatic": automatic,
        "balance_transaction": None,
        "created": call.now,
        "currency": currency,
        "description": given.get("description", "STRIPE PAYOUT"),
        "destination": None,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": given.get("metadata", {}),
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "completed" if automatic else "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": given.get("statement_descriptor"),
        "status": "in_transit" if automatic else "pending",
        "trace_id": None,
        "type": "bank_account",
    }
    movement = balance.book(call, "payout", payout, -amount)
    payout["balance_transaction"] = movement["id"]
    if automatic:
        save(call, {**movement, "_payout": payout["id"]})
    add(call, payout)
    events.emit(call, "payout.created", payout)
    return payout


def retrieve(call: Call, identifier: str) -> Json:
    """GET /v1/payouts/{id}."""
    return find(call, "payout", identifier)


def listed(call: Call) -> Json:
    """GET /v1/payouts, by ``status``."""
    return page(call, "payout", "/v1/payouts", equal={"status": call.params.get("status")})
