"""What the Stripe stand-in refuses, with Stripe's status, type, code and parameter."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
import stripe


@pytest.mark.parametrize(
    "key", ["sk_test_made_up", "sk_live_real_money", "pk_test_public", "nonsense"]
)
def test_a_key_that_the_sandbox_did_not_issue_is_refused(
    sandbox: Any, clients: Any, key: str
) -> None:
    with pytest.raises(stripe.AuthenticationError) as refused:
        clients(sandbox.url, key).v1.balance.retrieve()
    assert refused.value.error.type == "invalid_request_error"
    assert key[4:] not in str(refused.value)


def test_no_key_at_all_is_refused(sandbox: Any, http: httpx.Client) -> None:
    reply = http.get(f"{sandbox.url}/v1/balance")
    assert (reply.status_code, reply.json()["error"]["type"]) == (401, "invalid_request_error")


def test_an_account_of_somebody_else_is_refused(salon: Any) -> None:
    with pytest.raises(stripe.PermissionError) as refused:
        salon.v1.balance.retrieve(None, {"stripe_account": "acct_1nobody"})
    assert refused.value.code is None
    assert refused.value.error.code == "account_invalid"


def test_an_object_of_another_account_does_not_exist(salon: Any, salon_of: Any) -> None:
    intent = salon.paid("LUN-MINE")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        salon.v1.payment_intents.retrieve(intent.id, None, salon_of(salon.sandbox).me)
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


def test_a_platform_fee_needs_a_connected_account(salon: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="application_fee_amount"):
        salon.v1.checkout.sessions.create(salon.wanted("LUN-OWN"))


def changed(wanted: Any, **more: Any) -> Any:
    return {**wanted, **more}


REFUSED = [
    ({"surprise": "x"}, "parameter_unknown", "surprise"),
    ({"success_url": None}, "parameter_missing", "success_url"),
    ({"mode": "donation"}, None, "mode"),
    ({"line_items": []}, "parameter_missing", "line_items"),
    ({"customer": "cus_nobody"}, "resource_missing", "customer"),
    ({"client_reference_id": ""}, "parameter_invalid_empty", "client_reference_id"),
    ({"client_reference_id": "x" * 201}, None, "client_reference_id"),
    ({"metadata": {"k" * 41: "v"}}, None, None),
    ({"payment_intent_data": {"application_fee_amount": 99999}}, None, None),
    ({"payment_intent_data": {"capture": "late"}}, "parameter_unknown", None),
]


@pytest.mark.parametrize(("change", "code", "param"), REFUSED)
def test_a_wrong_parameter_is_named(
    salon: Any, change: dict[str, Any], code: str | None, param: str | None
) -> None:
    wanted = {**salon.wanted("LUN-BAD"), **change}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        salon.v1.checkout.sessions.create(wanted, salon.me)
    assert refused.value.http_status == 400
    assert refused.value.code == code
    assert param in (None, refused.value.param)


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "usd", "amount_too_small"),
        (-100, "usd", "parameter_invalid_integer"),
        ("12.5", "usd", "parameter_invalid_integer"),
        (100_000_000, "usd", "parameter_invalid_integer"),
        (1000, "eur", None),
        (1000, "USD", None),
    ],
)
def test_an_amount_that_stripe_would_not_charge_is_refused(
    salon: Any, amount: Any, currency: str, code: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        salon.v1.payment_intents.create({"amount": amount, "currency": currency}, salon.me)
    assert refused.value.code == code


def test_three_decimal_currencies_take_multiples_of_ten(sandbox: Any, salon_of: Any) -> None:
    salon = salon_of(sandbox, currency="KWD")
    with pytest.raises(stripe.InvalidRequestError, match="divisible by 10"):
        salon.v1.payment_intents.create({"amount": 5001, "currency": "kwd"}, salon.me)
    assert salon.v1.payment_intents.create({"amount": 5010, "currency": "kwd"}, salon.me).id
    wanted = {"amount": 5010, "currency": "kwd", "payment_method": "pm_card_visa", "confirm": True}
    paid = salon.v1.payment_intents.create(wanted, salon.me)
    with pytest.raises(stripe.InvalidRequestError, match="divisible by 10"):
        salon.v1.refunds.create({"payment_intent": paid.id, "amount": 333}, salon.me)
    assert salon.v1.refunds.create({"payment_intent": paid.id, "amount": 330}, salon.me).id


@pytest.mark.parametrize("minutes", [-5, 0, 20, 24 * 60 + 5])
def test_a_link_lives_between_thirty_minutes_and_a_day(salon: Any, minutes: int) -> None:
    expires_at = int(time.time()) + minutes * 60
    with pytest.raises(stripe.InvalidRequestError) as refused:
        salon.session("LUN-TIME", expires_at=expires_at)
    assert refused.value.param == "expires_at"


def test_a_link_can_be_expired_once_and_then_not_be_paid(salon: Any) -> None:
    session = salon.session("LUN-GONE")
    assert salon.v1.checkout.sessions.expire(session.id, None, salon.me).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        salon.v1.checkout.sessions.expire(session.id, None, salon.me)
    with pytest.raises(Exception, match="expired") as refused:
        salon.sandbox.control.pay("LUN-GONE")
    assert getattr(refused.value, "code", "") == "session_expired"


def test_a_link_whose_time_is_over_lapses_with_an_event(own_sandbox: Any, salon_of: Any) -> None:
    salon = salon_of(own_sandbox)
    session = salon.session("LUN-LATE", expires_at=int(time.time()) + 1800)
    own_sandbox.control.advance(1801)
    assert salon.v1.checkout.sessions.retrieve(session.id, None, salon.me).status == "expired"
    kinds = [event.type for event in salon.v1.events.list({}, salon.me).data]
    assert kinds == ["checkout.session.expired"]


def test_a_saved_card_needs_its_customer(salon: Any) -> None:
    customer = salon.v1.customers.create({"name": "Mia"}, salon.me)
    saved = salon.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id}, salon.me)
    wanted = {"amount": 2500, "currency": "usd", "payment_method": saved.id, "confirm": True}
    with pytest.raises(stripe.InvalidRequestError, match="include the Customer"):
        salon.v1.payment_intents.create(wanted, salon.me)


def test_what_cannot_be_expanded_is_refused(salon: Any) -> None:
    intent = salon.paid("LUN-EXP")
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        salon.v1.payment_intents.retrieve(intent.id, {"expand": ["metadata"]}, salon.me)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/unicorns"), ("DELETE", "/v1/customers/cus_1")]
)
def test_an_unknown_address_is_404_in_stripes_shape(
    sandbox: Any, salon: Any, http: httpx.Client, method: str, path: str
) -> None:
    reply = http.request(method, sandbox.url + path, auth=(salon.account.secret_key, ""))
    assert reply.status_code == 404
    assert "Unrecognized request URL" in reply.json()["error"]["message"]
    assert reply.headers["Request-Id"].startswith("req_")
