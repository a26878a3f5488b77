"""What becomes of a Checkout Session: paid, declined, expired on request, or lapsed."""

from __future__ import annotations

import sqlite3

from bookra.sandbox.state import Json
from bookra.sandbox.stripe import cards, customers, events, links, payments, setups
from bookra.sandbox.stripe.captures import cancel
from bookra.sandbox.stripe.errors import RefusedError
from bookra.sandbox.stripe.store import Call, find, save

_LAPSED = """
SELECT id, account FROM objects
WHERE kind = 'checkout.session' AND json_extract(body, '$.status') = 'open'
  AND json_extract(body, '$.expires_at') <= ?
"""


def pay(call: Call, session: Json, card: cards.Card, *, authenticated: bool) -> Json:
    """Pay an open session (or save a card, in setup mode) as its customer would; return it.

    A declined card leaves it open for another try, as does 3-D Secure not yet passed.
    """
    if session["mode"] == "setup":
        _give_setup_its_customer(call, session)
        saved = setups.attempt(call, session["setup_intent"], cards.new_method(call, card))
        return _complete(call, session, "no_payment_required") if saved else session
    intent = _intent_of(call, session)
    method = cards.new_method(call, card)
    intent = payments.attempt(
        call, intent, method, authenticated=authenticated or not card.asks_3ds
    )
    if intent["status"] not in ("succeeded", "requires_capture"):
        return session
    return _complete(call, session, "paid" if intent["status"] == "succeeded" else "unpaid")


def _give_setup_its_customer(call: Call, session: Json) -> None:
    """Make the customer that a setup session was asked to create."""
    if session["customer"] is None and session["customer_creation"] == "always":
        session["customer"] = customers.new(call, {"email": session["customer_email"]})["id"]
        save(call, session)
    setup = find(call, "setup_intent", session["setup_intent"])
    if setup["customer"] != session["customer"]:
        save(call, {**setup, "customer": session["customer"]})


def _intent_of(call: Call, session: Json) -> Json:
    if session["payment_intent"] is not None:
        return find(call, "payment_intent", session["payment_intent"])
    data = session["_intent"]
    wanted = {
        **data,
        "amount": session["amount_total"],
        "currency": session["currency"],
        "customer": _customer_of(call, session),
    }
    intent = payments.new(call, wanted)
    session["payment_intent"] = intent["id"]
    save(call, session)
    return intent


def _customer_of(call: Call, session: Json) -> str | None:
    """Return the session's customer, made now where Stripe would make one."""
    wanted = (
        session["_intent"].get("setup_future_usage") or session["customer_creation"] == "always"
    )
    if session["customer"] is None and wanted:
        session["customer"] = customers.new(call, {"email": session["customer_email"]})["id"]
        save(call, session)
    customer: str | None = session["customer"]
    return customer


def _complete(call: Call, session: Json, payment_status: str) -> Json:
    session.update(status="complete", payment_status=payment_status, url=None)
    if (session["consent_collection"] or {}).get("terms_of_service") == "required":
        session["consent"] = {"promotions": None, "terms_of_service": "accepted"}
    save(call, session)
    if session["payment_link"] is not None:
        links.completed(call, session["payment_link"])
    events.emit(call, "checkout.session.completed", session)
    return session


def expire(call: Call, identifier: str) -> Json:
    """POST /v1/checkout/sessions/{id}/expire."""
    session = find(call, "checkout.session", identifier)
    if session["status"] != "open":
        raise RefusedError(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of {session['status']}."
        )
    return _expired(call, session)


def _expired(call: Call, session: Json) -> Json:
    session.update(status="expired", url=None)
    save(call, session)
    if session["payment_intent"] is not None:
        intent = find(call, "payment_intent", session["payment_intent"])
        if intent["status"] in payments.CONFIRMABLE:
            cancel(call, intent["id"])
    events.emit(call, "checkout.session.expired", session)
    return session


def lapsed(tx: sqlite3.Connection, now: int) -> list[tuple[str, str]]:
    """Return ``(session, account)`` of the open sessions whose time is over."""
    return [(row["id"], row["account"]) for row in tx.execute(_LAPSED, (now,))]


def lapse(tx: sqlite3.Connection, platform: str, now: int) -> None:
    """Expire the open sessions whose time is over, each with its event."""
    for session, account in lapsed(tx, now):
        call = Call(tx, account, platform, now)
        _expired(call, find(call, "checkout.session", session))
