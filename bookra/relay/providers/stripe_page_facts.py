"""What Stripe's pages tell: sessions, payment links, and the cards that were saved on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bookra.clock import from_epoch
from bookra.money import Money, from_stripe
from bookra.relay.providers.stripe_facts import (
    Document,
    captured_charge,
    mark_of,
    money_of,
    reference,
    text_of,
    whole_of,
)


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


def opened_or_closed(session: Document) -> CheckoutOpened | CheckoutClosed:
    """Read a session by whether a customer can still pay on it."""
    identifier, status = text_of(session, "id"), text_of(session, "status")
    if status != "open":
        return CheckoutClosed(identifier, status)
    return CheckoutOpened(identifier, text_of(session, "url"), from_epoch(session["expires_at"]))


def link_state(link: Document, ends_at: datetime) -> CheckoutOpened | CheckoutClosed:
    """Read a Payment Link by whether a customer can still pay on it; we close it at ``ends_at``."""
    if not link["active"]:
        return link_closed(link)
    return CheckoutOpened(text_of(link, "id"), text_of(link, "url"), ends_at)


def link_closed(link: Document) -> CheckoutClosed:
    """Read a link that is switched off: complete when somebody has paid on it."""
    sessions = (link.get("restrictions") or {}).get("completed_sessions") or {}
    paid = int(sessions.get("count") or 0) > 0
    return CheckoutClosed(text_of(link, "id"), "complete" if paid else "expired")


def checkout_state(session: Document) -> CheckoutState:
    """Read a session whose ``payment_intent.latest_charge`` was expanded.

    One that only saves a card has no amount: it counts as zero.
    """
    intent = session["payment_intent"]
    charge = captured_charge(intent)
    return CheckoutState(
        session_id=text_of(session, "id"),
        status=text_of(session, "status"),
        payment_status=text_of(session, "payment_status"),
        operation_id=mark_of(session, "op"),
        booking_code=mark_of(session, "booking"),
        amount=_asked(session) if charge is None else money_of(charge, "amount_captured"),
        expires_at=from_epoch(session["expires_at"]),
        intent_ref=reference(intent) or None,
        charge_ref=None if charge is None else text_of(charge, "id"),
        captured_at=None if charge is None else from_epoch(charge["created"]),
        card=_saved_card(intent, session.get("setup_intent")),
    )


def _asked(session: Document) -> Money:
    if session["amount_total"] is None:
        return Money(0, str(session["currency"] or "").upper())
    return from_stripe(whole_of(session, "amount_total"), text_of(session, "currency"))


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
        text_of(method, "id"),
        str(card.get("brand") or ""),
        str(card.get("last4") or ""),
        whole_of(card, "exp_year"),
        whole_of(card, "exp_month"),
    )
