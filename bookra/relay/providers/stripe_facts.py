"""What Stripe's objects tell, as values: read from plain documents, checked, and nothing more.

Reading raises KeyError, TypeError or ValueError where a document lacks what every such document
has; the gateway turns that into an outcome or an error. Amounts become ``Money`` here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from bookra.clock import from_epoch
from bookra.money import Money, from_stripe

Document: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RefundMade:
    """A refund that Stripe took on. ``status``: succeeded, pending, requires_action or failed.

    ``moved`` says that it left the balance; ``failure`` is why it failed; ``operation_id`` is
    empty for one that was made in the dashboard.
    """

    refund_id: str
    status: str
    amount: Money
    moved: bool = False
    failure: str = ""
    charge_ref: str = ""
    operation_id: str = ""


@dataclass(frozen=True, slots=True)
class IntentState:
    """A PaymentIntent as it is now; ``failure`` is the last attempt's code, such as a decline's."""

    intent_ref: str
    status: str
    operation_id: str
    booking_code: str
    amount: Money
    charge_ref: str | None
    captured_at: datetime | None
    refunded: Money
    failure: str | None


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """That something happened to an object; what, is asked of the object itself.

    ``created`` is in epoch seconds, as the reader of events takes them (``since``).
    """

    id: str
    kind: str
    created: int
    object_id: str
    object_kind: str

    @property
    def happened_at(self) -> datetime:
        """``created`` as an instant."""
        return from_epoch(self.created)


@dataclass(frozen=True, slots=True)
class Movement:
    """One balance transaction: money that moved on the account, the fact that the ledger books.

    ``fee = stripe_fee + application_fee``: what isn't the platform's is Stripe's, taxes included.
    ``source_ref`` is the charge, refund, payout or dispute that moved it; ``charge_ref``,
    ``intent_ref`` and ``operation_id`` are what that source names. Empty: there is none.
    """

    txn_ref: str
    type: str
    source_ref: str
    amount: Money
    fee: Money
    net: Money
    stripe_fee: Money
    application_fee: Money
    created_at: datetime
    available_on: datetime
    charge_ref: str = ""
    intent_ref: str = ""
    operation_id: str = ""
    category: str = ""
    source: Document = field(default_factory=dict, repr=False, compare=False)
    """The object behind it, where it was expanded."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What Stripe holds for the account in one currency."""

    available: Money
    pending: Money


def refund_made(refund: Document) -> RefundMade:
    """Read a refund."""
    return RefundMade(
        text_of(refund, "id"),
        text_of(refund, "status"),
        money_of(refund, "amount"),
        moved=bool(refund.get("balance_transaction")),
        failure=str(refund.get("failure_reason") or ""),
        charge_ref=reference(refund.get("charge")),
        operation_id=mark_of(refund, "op"),
    )


def intent_state(intent: Document) -> IntentState:
    """Read a PaymentIntent whose ``latest_charge`` was expanded."""
    charge = captured_charge(intent)
    error = intent.get("last_payment_error") or {}
    currency = text_of(intent, "currency")
    return IntentState(
        intent_ref=text_of(intent, "id"),
        status=text_of(intent, "status"),
        operation_id=mark_of(intent, "op"),
        booking_code=mark_of(intent, "booking"),
        amount=money_of(intent, "amount")
        if charge is None
        else money_of(charge, "amount_captured"),
        charge_ref=None if charge is None else text_of(charge, "id"),
        captured_at=None if charge is None else from_epoch(charge["created"]),
        refunded=from_stripe(
            0 if charge is None else whole_of(charge, "amount_refunded"), currency
        ),
        failure=error.get("decline_code") or error.get("code"),
    )


def provider_event(event: Document) -> ProviderEvent:
    """Read an event; the snapshot inside it is only asked for its id and kind."""
    subject = event["data"]["object"]
    return ProviderEvent(
        text_of(event, "id"),
        text_of(event, "type"),
        whole_of(event, "created"),
        str(subject.get("id") or ""),
        str(subject.get("object") or ""),
    )


def movement(txn: Document) -> Movement:
    """Read a balance transaction; raises ValueError when its own sums don't agree."""
    amount, fee, net = (money_of(txn, name) for name in ("amount", "fee", "net"))
    if amount - fee != net:
        raise ValueError("a balance transaction's net is not its amount less its fee")
    platform = sum(
        whole_of(part, "amount") for part in txn["fee_details"] if part["type"] == "application_fee"
    )
    application_fee = from_stripe(platform, text_of(txn, "currency"))
    source = txn.get("source")
    within: Document = source if isinstance(source, Mapping) else {}
    return Movement(
        txn_ref=text_of(txn, "id"),
        type=text_of(txn, "type"),
        source_ref=reference(source),
        amount=amount,
        fee=fee,
        net=net,
        stripe_fee=fee - application_fee,
        application_fee=application_fee,
        created_at=from_epoch(txn["created"]),
        available_on=from_epoch(txn["available_on"]),
        charge_ref=_charge_of(within),
        intent_ref=reference(within.get("payment_intent")),
        operation_id=mark_of(within, "op"),
        category=str(txn.get("reporting_category") or ""),
        source=within,
    )


def balance(document: Document, currency: str) -> Balance:
    """Read the two sums of one currency; one that Stripe doesn't list holds nothing."""
    sums = [
        sum(
            whole_of(part, "amount")
            for part in document[name]
            if part["currency"] == currency.lower()
        )
        for name in ("available", "pending")
    ]
    return Balance(*(from_stripe(total, currency) for total in sums))


def reference(thing: object) -> str:
    """Return the id of an object that Stripe gives as its id, expanded, or not at all."""
    if isinstance(thing, Mapping):
        return str(thing.get("id") or "")
    return thing if isinstance(thing, str) else ""


def captured_charge(intent: object) -> Document | None:
    """Return the captured charge of an expanded intent; None while nothing was captured."""
    if not isinstance(intent, Mapping):
        return None
    charge = intent.get("latest_charge")
    if charge is None:
        return None
    if not isinstance(charge, Mapping):
        raise TypeError("latest_charge was not expanded")
    return charge if charge["status"] == "succeeded" and charge["captured"] else None


def _charge_of(source: Document) -> str:
    if source.get("object") == "charge":
        return reference(source)
    return reference(source.get("charge"))


def money_of(document: Document, name: str) -> Money:
    """Return an amount of a document, in the document's currency."""
    return from_stripe(whole_of(document, name), text_of(document, "currency"))


def mark_of(document: Document, name: str) -> str:
    """Return what we wrote into the metadata; empty when there is nothing."""
    return str((document.get("metadata") or {}).get(name, ""))


def text_of(document: Document, name: str) -> str:
    """Return a text that every such document has."""
    value = document[name]
    if not isinstance(value, str) or not value:
        raise TypeError(f"{name} is not a text")
    return value


def whole_of(document: Document, name: str) -> int:
    """Return a whole number that every such document has."""
    value = document[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is not a whole number")
    return value
