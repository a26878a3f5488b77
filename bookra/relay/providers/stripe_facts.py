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
class CheckoutOpened:
    """A page on which a customer can pay until ``expires_at``."""

    session_id: str
    url: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CheckoutClosed:
    """A session on which nobody can pay any more. ``status``: ``expired`` or ``complete``."""

    session_id: str
    status: str


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
class CardFacts:
    """A card that Stripe keeps for a customer: references and what a receipt shows of it."""

    customer_ref: str
    method_ref: str
    brand: str
    last4: str
    expires_year: int
    expires_month: int


@dataclass(frozen=True, slots=True)
class CheckoutState:
    """A session as it is now.

    ``status`` is open, complete or expired; ``payment_status`` paid, unpaid or
    no_payment_required. ``amount`` is what was captured, or what was asked while nothing was;
    ``card`` is what was saved for later, if anything was.
    """

    session_id: str
    status: str
    payment_status: str
    operation_id: str
    booking_code: str
    amount: Money
    expires_at: datetime
    intent_ref: str | None
    charge_ref: str | None
    captured_at: datetime | None
    card: CardFacts | None = None


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


def opened_or_closed(session: Document) -> CheckoutOpened | CheckoutClosed:
    """Read a session by whether a customer can still pay on it."""
    identifier, status = _text(session, "id"), _text(session, "status")
    if status != "open":
        return CheckoutClosed(identifier, status)
    return CheckoutOpened(identifier, _text(session, "url"), from_epoch(session["expires_at"]))


def link_state(link: Document, ends_at: datetime) -> CheckoutOpened | CheckoutClosed:
    """Read a Payment Link by whether a customer can still pay on it; we close it at ``ends_at``."""
    if not link["active"]:
        return link_closed(link)
    return CheckoutOpened(_text(link, "id"), _text(link, "url"), ends_at)


def link_closed(link: Document) -> CheckoutClosed:
    """Read a link that is switched off: complete when somebody has paid on it."""
    sessions = (link.get("restrictions") or {}).get("completed_sessions") or {}
    paid = int(sessions.get("count") or 0) > 0
    return CheckoutClosed(_text(link, "id"), "complete" if paid else "expired")


def refund_made(refund: Document) -> RefundMade:
    """Read a refund."""
    return RefundMade(
        _text(refund, "id"),
        _text(refund, "status"),
        _money(refund, "amount"),
        moved=bool(refund.get("balance_transaction")),
        failure=str(refund.get("failure_reason") or ""),
        charge_ref=reference(refund.get("charge")),
        operation_id=_metadata(refund, "op"),
    )


def checkout_state(session: Document) -> CheckoutState:
    """Read a session whose ``payment_intent.latest_charge`` was expanded.

    One that only saves a card has no amount: it counts as zero.
    """
    intent = session["payment_intent"]
    charge = _captured_charge(intent)
    return CheckoutState(
        session_id=_text(session, "id"),
        status=_text(session, "status"),
        payment_status=_text(session, "payment_status"),
        operation_id=_metadata(session, "op"),
        booking_code=_metadata(session, "booking"),
        amount=_asked(session) if charge is None else _money(charge, "amount_captured"),
        expires_at=from_epoch(session["expires_at"]),
        intent_ref=reference(intent) or None,
        charge_ref=None if charge is None else _text(charge, "id"),
        captured_at=None if charge is None else from_epoch(charge["created"]),
        card=_saved_card(intent, session.get("setup_intent")),
    )


def intent_state(intent: Document) -> IntentState:
    """Read a PaymentIntent whose ``latest_charge`` was expanded."""
    charge = _captured_charge(intent)
    error = intent.get("last_payment_error") or {}
    currency = _text(intent, "currency")
    return IntentState(
        intent_ref=_text(intent, "id"),
        status=_text(intent, "status"),
        operation_id=_metadata(intent, "op"),
        booking_code=_metadata(intent, "booking"),
        amount=_money(intent, "amount") if charge is None else _money(charge, "amount_captured"),
        charge_ref=None if charge is None else _text(charge, "id"),
        captured_at=None if charge is None else from_epoch(charge["created"]),
        refunded=from_stripe(0 if charge is None else _whole(charge, "amount_refunded"), currency),
        failure=error.get("decline_code") or error.get("code"),
    )


def provider_event(event: Document) -> ProviderEvent:
    """Read an event; the snapshot inside it is only asked for its id and kind."""
    subject = event["data"]["object"]
    return ProviderEvent(
        _text(event, "id"),
        _text(event, "type"),
        _whole(event, "created"),
        str(subject.get("id") or ""),
        str(subject.get("object") or ""),
    )


def movement(txn: Document) -> Movement:
    """Read a balance transaction; raises ValueError when its own sums don't agree."""
    amount, fee, net = (_money(txn, name) for name in ("amount", "fee", "net"))
    if amount - fee != net:
        raise ValueError("a balance transaction's net is not its amount less its fee")
    platform = sum(
        _whole(part, "amount") for part in txn["fee_details"] if part["type"] == "application_fee"
    )
    application_fee = from_stripe(platform, _text(txn, "currency"))
    source = txn.get("source")
    within: Document = source if isinstance(source, Mapping) else {}
    return Movement(
        txn_ref=_text(txn, "id"),
        type=_text(txn, "type"),
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
        operation_id=_metadata(within, "op"),
        category=str(txn.get("reporting_category") or ""),
        source=within,
    )


def balance(document: Document, currency: str) -> Balance:
    """Read the two sums of one currency; one that Stripe doesn't list holds nothing."""
    sums = [
        sum(
            _whole(part, "amount")
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


def _asked(session: Document) -> Money:
    if session["amount_total"] is None:
        return Money(0, str(session["currency"] or "").upper())
    return from_stripe(_whole(session, "amount_total"), _text(session, "currency"))


def _saved_card(intent: object, setup: object) -> CardFacts | None:
    """Read the card that a payment or a setup kept, if its method was expanded and attached."""
    source: Document = {}
    if isinstance(intent, Mapping) and intent.get("setup_future_usage") == "off_session":
        source = intent
    elif isinstance(setup, Mapping):
        source = setup
    method = source.get("payment_method")
    if source.get("status") != "succeeded" or not isinstance(method, Mapping):
        return None
    customer = reference(source.get("customer"))
    card = method.get("card")
    if not customer or not isinstance(card, Mapping):
        return None
    return CardFacts(
        customer,
        _text(method, "id"),
        str(card.get("brand") or ""),
        str(card.get("last4") or ""),
        _whole(card, "exp_year"),
        _whole(card, "exp_month"),
    )


def _captured_charge(intent: object) -> Document | None:
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


def _money(document: Document, name: str) -> Money:
    return from_stripe(_whole(document, name), _text(document, "currency"))


def _metadata(document: Document, name: str) -> str:
    return str((document.get("metadata") or {}).get(name, ""))


def _text(document: Document, name: str) -> str:
    value = document[name]
    if not isinstance(value, str) or not value:
        raise TypeError(f"{name} is not a text")
    return value


def _whole(document: Document, name: str) -> int:
    value = document[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is not a whole number")
    return value
