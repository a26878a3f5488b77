"""Payment Links of the Stripe stand-in: visited, paid, used up, switched off."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import stripe

from bookra.errors import ConflictError


def wanted(code: str, minor: int = 12300, **more: Any) -> Any:
    marks = {"op": f"op-{code}", "booking": code}
    price = {"currency": "usd", "unit_amount": minor, "product_data": {"name": "Cut"}}
    return {
        "line_items": [{"quantity": 1, "price_data": price}],
        "metadata": marks,
        "payment_intent_data": {"metadata": marks},
        "restrictions": {"completed_sessions": {"limit": 1}},
        "application_fee_amount": 100,
        **more,
    }


def test_a_link_is_paid_once_by_a_session_that_carries_its_marks(
    salon: Any, http: httpx.Client
) -> None:
    link = salon.v1.payment_links.create(wanted("LUN-LINK1"), salon.me)
    assert link.url.endswith(f"/pay/{link.id}")
    assert "123.00 USD" in http.get(link.url).text
    assert "Paid. Thank you." in http.post(link.url, data={"card": "visa"}).text
    listed = {"payment_link": link.id, "expand": ["data.payment_intent.latest_charge"]}
    (session,) = salon.v1.checkout.sessions.list(listed, salon.me).data
    assert (session.status, session.payment_status) == ("complete", "paid")
    assert session.metadata.op == session.payment_intent.metadata.op == "op-LUN-LINK1"
    assert session.payment_intent.latest_charge.application_fee_amount == 100
    used_up = salon.v1.payment_links.retrieve(link.id, None, salon.me)
    assert (used_up.active, used_up.restrictions.completed_sessions.count) == (False, 1)
    assert http.get(link.url).status_code == 409
    assert salon.seen()["charges"] == 1


def test_a_link_outlives_its_sessions(own_sandbox: Any, salon_of: Any) -> None:
    salon = salon_of(own_sandbox)
    link = salon.v1.payment_links.create(wanted("LUN-LINK2"), salon.me)
    assert own_sandbox.control.pay(link.url, "declined")["paid"] is False
    own_sandbox.control.advance(25 * 3600)
    assert own_sandbox.control.pay("LUN-LINK2")["booking"] == "LUN-LINK2"
    sessions = salon.v1.checkout.sessions.list({"payment_link": link.id}, salon.me).data
    assert [session.status for session in sessions] == ["complete", "expired"]


def test_a_link_that_is_switched_off_takes_no_money(salon: Any) -> None:
    link = salon.v1.payment_links.create(wanted("LUN-LINK3"), salon.me)
    assert salon.v1.payment_links.update(link.id, {"active": False}, salon.me).active is False
    with pytest.raises(ConflictError) as refused:
        salon.sandbox.control.pay(link.url)
    assert refused.value.code == "link_inactive"
    assert salon.seen()["charges"] == 0


def test_a_link_follows_the_rules_of_charges(salon: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        salon.v1.payment_links.create(wanted("LUN-LINK4", 49), salon.me)
    assert refused.value.code == "amount_too_small"
    with pytest.raises(stripe.InvalidRequestError, match="application fee"):
        salon.v1.payment_links.create(
            wanted("LUN-LINK4", 100, application_fee_amount=101), salon.me
        )


def test_terms_that_are_asked_for_are_accepted_by_paying(salon: Any) -> None:
    terms = {"consent_collection": {"terms_of_service": "required"}}
    text = {"custom_text": {"submit": {"message": "Free until 24 hours before"}}}
    session = salon.session("LUN-TERMS", **terms, **text)
    assert session.custom_text.submit.message == "Free until 24 hours before"
    salon.sandbox.control.pay("LUN-TERMS")
    paid = salon.v1.checkout.sessions.retrieve(session.id, None, salon.me)
    assert paid.consent.terms_of_service == "accepted"


def test_a_card_is_saved_with_a_customer_and_taken_away_again(salon: Any) -> None:
    setup = {
        "mode": "setup",
        "payment_method_types": ["card"],
        "customer_creation": "always",
        "success_url": "https://salon.example/x",
    }
    session = salon.v1.checkout.sessions.create(setup, salon.me)
    salon.sandbox.control.pay(session.id, "fails-later")
    done = salon.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["setup_intent.payment_method"]}, salon.me
    )
    method = done.setup_intent.payment_method
    assert (method.customer, method.card.last4) == (done.customer, "0341")
    charge = {
        "amount": 2500,
        "currency": "usd",
        "customer": done.customer,
        "payment_method": method.id,
        "off_session": True,
        "confirm": True,
    }
    with pytest.raises(stripe.CardError) as declined:
        salon.v1.payment_intents.create(charge, salon.me)
    assert declined.value.code == "card_declined"
    assert salon.v1.payment_methods.detach(method.id, None, salon.me).customer is None
    with pytest.raises(stripe.InvalidRequestError, match="not attached"):
        salon.v1.payment_intents.create(charge, salon.me)
    with pytest.raises(stripe.InvalidRequestError, match="detachment is impossible"):
        salon.v1.payment_methods.detach(method.id, None, salon.me)
