"""What each way to fail at Stripe comes to: an outcome for effects, an error for questions."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from scripted_wire import Drop, Reply, Script, Stall, scripted, unreachable

from bookra.errors import NotAllowedError, UnavailableError
from bookra.money import Money
from bookra.relay.outcome import (
    ACCOUNT,
    CONFLICT,
    PERMANENT,
    THROTTLE,
    TRANSIENT,
    Dead,
    Delivered,
    Outcome,
    Retry,
    Unknown,
)
from bookra.relay.providers.stripe import RefundOrder, StripeAccess, StripeGateway
from bookra.relay.providers.stripe_facts import RefundMade
from bookra.relay.providers.stripe_page_facts import CheckoutClosed, CheckoutOpened
from bookra.relay.providers.stripe_pages import CheckoutOrder

KEY = "sk_test_" + "k" * 24
ENDS = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
CHECKOUT = CheckoutOrder(
    operation_id="op-1",
    idempotency_key="op-1:1",
    booking_code="LUN-7F3K",
    description="Cut",
    amount=Money(12300, "USD"),
    platform_fee=Money(100, "USD"),
    expires_at=ENDS,
    success_url="https://salon.example/thanks",
)
REFUND = RefundOrder("op-2", "op-2:1", "pi_1", Money(5400, "USD"), refund_application_fee=True)
SESSION: dict[str, Any] = {
    "id": "cs_test_1",
    "object": "checkout.session",
    "status": "open",
    "url": "https://checkout.example/cs_test_1",
    "expires_at": 1795527000,
    "metadata": {"op": "op-1"},
}
REFUNDED: dict[str, Any] = {
    "id": "re_1",
    "object": "refund",
    "status": "succeeded",
    "amount": 5400,
    "currency": "usd",
    "charge": "ch_1",
    "metadata": {"op": "op-2"},
}
REPLAYED = {"Idempotent-Replayed": "true"}


def error(kind: str, code: str | None = None, **more: Any) -> dict[str, Any]:
    return {"error": {"message": "Ana Müller's card 4242", "type": kind, "code": code, **more}}


def listing(*rows: dict[str, Any], more: bool = False) -> Reply:
    return Reply(200, {"object": "list", "data": list(rows), "has_more": more, "url": "/v1/x"})


def intent(refunded: int) -> Reply:
    charge = {"id": "ch_1", "object": "charge", "amount_refunded": refunded}
    return Reply(200, {"id": "pi_1", "object": "payment_intent", "latest_charge": charge})


@contextmanager
def gateway(
    *replies: Reply, account: str | None = "acct_1", patience: float = 5
) -> Iterator[tuple[StripeGateway, Script]]:
    with scripted(*replies) as script:
        access = StripeAccess(KEY, account, script.url)
        with StripeGateway(access, timeout_seconds=(2, patience)) as stripe:
            yield stripe, script


def opened(*replies: Reply, order: CheckoutOrder = CHECKOUT, patience: float = 5) -> Outcome:
    with gateway(*replies, patience=patience) as (stripe, _):
        return stripe.open_checkout(order)


def refunded(*replies: Reply, order: RefundOrder = REFUND) -> Outcome:
    with gateway(*replies) as (stripe, _):
        return stripe.refund(order)


def test_a_session_is_ordered_with_its_key_its_account_and_its_marks_on_both_objects() -> None:
    with gateway(Reply(200, SESSION)) as (stripe, script):
        outcome = stripe.open_checkout(CHECKOUT)
    request = script.seen[0]
    assert outcome == Delivered(
        "cs_test_1",
        CheckoutOpened(
            "cs_test_1",
            "https://checkout.example/cs_test_1",
            datetime.fromtimestamp(1795527000, UTC),
        ),
    )
    assert request.headers["Idempotency-Key"] == "op-1:1"
    assert request.headers["Stripe-Account"] == "acct_1"
    assert request.headers["Stripe-Version"] == "2026-10-28.endive"
    marks = {"op": "op-1", "booking": "LUN-7F3K"}
    for name, value in marks.items():
        assert request.form[f"metadata[{name}]"] == value
        assert request.form[f"payment_intent_data[metadata][{name}]"] == value
    assert request.form["payment_intent_data[application_fee_amount]"] == "100"
    assert request.form["expires_at"] == str(int(ENDS.timestamp()))


def test_without_connect_no_account_is_named_and_no_fee_is_taken() -> None:
    with gateway(Reply(200, SESSION), Reply(200, REFUNDED), account=None) as (stripe, script):
        stripe.open_checkout(CHECKOUT)
        stripe.refund(REFUND)
    assert not any("Stripe-Account" in one.headers for one in script.seen)
    assert not any("application_fee" in one.body.decode() for one in script.seen)


def test_a_fee_of_nothing_is_not_sent() -> None:
    with gateway(Reply(200, SESSION)) as (stripe, script):
        stripe.open_checkout(replace(CHECKOUT, platform_fee=Money(0, "USD")))
    assert "application_fee" not in script.seen[0].body.decode()


def test_amounts_go_out_in_stripes_own_units() -> None:
    with gateway(Reply(200, SESSION)) as (stripe, script):
        stripe.open_checkout(replace(CHECKOUT, amount=Money(9900, "ISK"), platform_fee=None))
    form = script.seen[0].form
    assert form["line_items[0][price_data][unit_amount]"] == "990000"
    assert form["line_items[0][price_data][currency]"] == "isk"


def test_nothing_of_this_machine_is_told_to_stripe() -> None:
    with gateway(Reply(200, SESSION), Reply(200, SESSION)) as (stripe, script):
        stripe.open_checkout(CHECKOUT)
        stripe.open_checkout(CHECKOUT)
    for one in script.seen:
        assert "X-Stripe-Client-Telemetry" not in one.headers
        told = json.loads(one.headers["X-Stripe-Client-User-Agent"])
        assert not {"telemetry_id", "platform"} & told.keys()


@pytest.mark.parametrize(
    ("reply", "error_class"),
    [
        (Reply(409, error("idempotency_error", "idempotency_key_in_use")), CONFLICT),
        (Reply(409, error("api_error")), CONFLICT),
        (Reply(429, error("invalid_request_error", "lock_timeout")), CONFLICT),
        (Reply(429, error("invalid_request_error", "rate_limit")), THROTTLE),
        (Reply(400, error("invalid_request_error", "rate_limit")), THROTTLE),
        (Reply(401, error("invalid_request_error")), ACCOUNT),
        (Reply(403, error("invalid_request_error", "account_invalid")), ACCOUNT),
        (Reply(302, None, {"Location": "/elsewhere"}), TRANSIENT),
        (Reply(418, error("invalid_request_error")), TRANSIENT),
        (Reply(200, b"<html>welcome to the hotel</html>"), TRANSIENT),
        (Reply(200, []), TRANSIENT),
        (Reply(200, {"id": "cs_test_1"}), TRANSIENT),
        (Reply(403, {"error": "blocked by the proxy"}), TRANSIENT),
        (Drop(), TRANSIENT),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_may_pass_is_tried_again_by_its_class(reply: Reply, error_class: str) -> None:
    outcome = opened(reply)
    assert isinstance(outcome, Retry)
    assert (outcome.error_class, outcome.new_generation) == (error_class, False)
    assert outcome.counts is (error_class != THROTTLE)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, error("invalid_request_error", "parameter_missing")),
        Reply(402, error("card_error", "card_declined", decline_code="lost_card")),
        Reply(404, error("invalid_request_error", "resource_missing")),
    ],
    ids=lambda reply: str(reply.status),
)
def test_a_refusal_is_the_end_of_it(reply: Reply) -> None:
    outcome = opened(reply)
    assert isinstance(outcome, Dead)
    assert outcome.error_class == PERMANENT


def test_other_parameters_under_a_known_key_say_so_and_are_not_taken_for_done() -> None:
    with gateway(Reply(400, error("idempotency_error"))) as (stripe, script):
        outcome = stripe.refund(REFUND)
    assert isinstance(outcome, Dead)
    assert outcome.why.endswith("the key was used before with other parameters")
    assert script.lines == ["POST /v1/refunds"]


def test_why_holds_codes_and_ids_and_nothing_that_stripe_wrote_for_people() -> None:
    declined = error("card_error", "card_declined", decline_code="lost_card")
    outcome = opened(Reply(402, declined, {"Request-Id": "req_8Xk\x1b[31m"}))
    assert isinstance(outcome, Dead)
    assert outcome.why == "stripe 402 card_declined/lost_card req_8Xk_31m"


def test_a_throttled_call_waits_as_long_as_stripe_asks() -> None:
    throttled = error("invalid_request_error", "rate_limit")
    outcome = opened(Reply(429, throttled, {"Retry-After": "17"}))
    assert isinstance(outcome, Retry)
    assert outcome.after_seconds == 17


def test_silence_and_a_closed_port_are_transient() -> None:
    stalled = opened(Stall(), patience=0.3)
    with StripeGateway(StripeAccess(KEY, None, unreachable())) as stripe:
        refused = stripe.open_checkout(CHECKOUT)
    assert stalled == refused == Retry("stripe no_answer", TRANSIENT)


def test_one_call_is_one_request() -> None:
    """The outbox retries; a client that did so too would multiply, and outlive the lease."""
    with gateway(Drop(), Reply(200, SESSION)) as (stripe, script):
        stripe.open_checkout(CHECKOUT)
    assert script.lines == ["POST /v1/checkout/sessions"]


FAILED = Reply(500, error("api_error"))
FAILED_AGAIN = Reply(500, error("api_error"), REPLAYED)
OTHER = {**SESSION, "id": "cs_test_0", "metadata": {"op": "op-0"}}


def test_a_server_error_that_hid_a_session_is_delivered() -> None:
    outcome = opened(FAILED, listing(OTHER, more=True), listing(SESSION))
    assert isinstance(outcome, Delivered)
    assert outcome.reference == "cs_test_1"


def test_a_first_server_error_keeps_its_key_even_if_nothing_is_found() -> None:
    outcome = opened(FAILED, listing(OTHER))
    assert isinstance(outcome, Retry)
    assert (outcome.error_class, outcome.new_generation) == (TRANSIENT, False)


def test_a_replayed_server_error_behind_which_nothing_is_asks_for_a_new_key() -> None:
    outcome = opened(FAILED_AGAIN, listing(OTHER))
    assert isinstance(outcome, Retry)
    assert outcome.new_generation


@pytest.mark.parametrize(
    "look_up",
    [
        (Reply(500, error("api_error")),),
        (listing(OTHER, more=True), Drop()),
        (listing(more=True),),
        (Reply(200, b"?"),),
    ],
    ids=["500", "half", "broken off", "unreadable"],
)
def test_an_unfinished_look_up_proves_nothing(look_up: tuple[Reply, ...]) -> None:
    outcome = opened(FAILED_AGAIN, *look_up)
    assert isinstance(outcome, Retry)
    assert not outcome.new_generation


def test_a_session_found_too_late_is_delivered_as_closed() -> None:
    outcome = opened(FAILED, listing({**SESSION, "status": "expired", "url": None}))
    assert outcome == Delivered("cs_test_1", CheckoutClosed("cs_test_1", "expired"))


def test_the_look_up_reaches_back_to_before_the_session_can_have_been_made() -> None:
    with gateway(FAILED, listing()) as (stripe, script):
        stripe.open_checkout(CHECKOUT)
    assert int(script.seen[1].query["created[gte]"]) == int(ENDS.timestamp()) - 86400 - 300


def test_a_server_error_that_hid_a_refund_is_delivered() -> None:
    outcome = refunded(FAILED, listing(REFUNDED))
    assert isinstance(outcome, Delivered)
    assert isinstance(outcome.facts, RefundMade)
    made = (outcome.facts.refund_id, outcome.facts.status, outcome.facts.amount)
    assert made == ("re_1", "succeeded", Money(5400, "USD"))


def test_a_replayed_server_error_without_a_refund_asks_for_a_new_key() -> None:
    other = {**REFUNDED, "id": "re_0", "metadata": {}}
    outcome = refunded(FAILED_AGAIN, listing(other), intent(refunded=5400))
    assert isinstance(outcome, Retry)
    assert outcome.new_generation


def test_a_refund_that_the_charge_knows_and_the_list_does_not_keeps_its_key() -> None:
    """A new key here would pay the customer twice."""
    outcome = refunded(FAILED_AGAIN, listing(), intent(refunded=5400))
    assert isinstance(outcome, Retry)
    assert not outcome.new_generation


def test_a_failed_refund_does_not_count_as_refunded() -> None:
    failed = {**REFUNDED, "id": "re_0", "status": "failed", "metadata": {}}
    outcome = refunded(FAILED_AGAIN, listing(failed), intent(refunded=0))
    assert isinstance(outcome, Retry)
    assert outcome.new_generation


def test_already_refunded_by_us_is_delivered_and_by_others_is_dead() -> None:
    refusal = Reply(400, error("invalid_request_error", "charge_already_refunded"))
    ours = refunded(refusal, listing(REFUNDED))
    theirs = refunded(refusal, listing({**REFUNDED, "metadata": {}}), intent(refunded=5400))
    assert isinstance(ours, Delivered)
    assert isinstance(theirs, Dead)


def test_an_old_key_looks_before_it_sends() -> None:
    old = replace(REFUND, looks_first=True)
    with gateway(listing(REFUNDED)) as (stripe, script):
        found = stripe.refund(old)
    assert isinstance(found, Delivered)
    assert script.lines == ["GET /v1/refunds"]
    with gateway(listing(), intent(refunded=0), Reply(200, REFUNDED)) as (stripe, script):
        sent = stripe.refund(old)
    assert isinstance(sent, Delivered)
    assert script.lines[-1] == "POST /v1/refunds"


def test_an_old_key_that_can_not_be_looked_up_is_unknown_and_nothing_is_sent() -> None:
    with gateway(listing(), intent(refunded=5400)) as (stripe, script):
        outcome = stripe.refund(replace(REFUND, looks_first=True))
    assert isinstance(outcome, Unknown)
    assert "POST /v1/refunds" not in script.lines


def test_an_old_key_waits_while_stripe_is_down() -> None:
    outcome = refunded(Reply(503, error("api_error")), order=replace(REFUND, looks_first=True))
    assert isinstance(outcome, Retry)
    assert outcome.error_class == TRANSIENT


@pytest.mark.parametrize("status", ["expired", "complete"])
def test_closing_a_closed_session_is_delivered_and_says_how_it_closed(status: str) -> None:
    closed = {**SESSION, "status": status, "url": None}
    with gateway(Reply(400, error("invalid_request_error")), Reply(200, closed)) as (stripe, _):
        outcome = stripe.expire_checkout("cs_test_1", key="op-1:x")
    assert outcome == Delivered("cs_test_1", CheckoutClosed("cs_test_1", status))


def test_a_session_that_stays_open_was_not_closed() -> None:
    with gateway(FAILED_AGAIN, Reply(200, SESSION)) as (stripe, _):
        outcome = stripe.expire_checkout("cs_test_1", key="op-1:x")
    assert isinstance(outcome, Retry)
    assert outcome.new_generation


def test_closing_a_session_that_is_not_there_is_dead() -> None:
    missing = Reply(404, error("invalid_request_error", "resource_missing"))
    with gateway(missing, missing) as (stripe, _):
        assert isinstance(stripe.expire_checkout("cs_test_1", key="op-1:x"), Dead)


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (Reply(500, error("api_error")), UnavailableError, "stripe_unavailable"),
        (Reply(429, error("invalid_request_error")), UnavailableError, "stripe_unavailable"),
        (Drop(), UnavailableError, "stripe_unavailable"),
        (Reply(200, {"object": "balance"}), UnavailableError, "stripe_unavailable"),
        (Reply(401, error("invalid_request_error")), NotAllowedError, "stripe_refused"),
        (Reply(403, error("invalid_request_error")), NotAllowedError, "stripe_refused"),
        (Reply(404, error("invalid_request_error")), NotAllowedError, "stripe_refused"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_question_that_fails_is_an_error_with_a_hint(
    reply: Reply, kind: type[NotAllowedError | UnavailableError], code: str
) -> None:
    with gateway(reply) as (stripe, _), pytest.raises(kind) as raised:
        stripe.balance("USD")
    assert raised.value.code == code
    assert raised.value.hint
    assert "Ana" not in raised.value.message


def event(number: int) -> dict[str, Any]:
    subject = {"id": f"pi_{number}", "object": "payment_intent"}
    return {
        "id": f"evt_{number}",
        "object": "event",
        "type": "payment_intent.succeeded",
        "created": 1795527000 + number,
        "data": {"object": subject},
    }


def test_events_come_oldest_first_over_all_pages() -> None:
    with gateway(listing(event(3), event(2), more=True), listing(event(1))) as (stripe, script):
        seen = [one.id for one in stripe.events(7, ["payment_intent.succeeded"])]
    assert seen == ["evt_1", "evt_2", "evt_3"]
    first, second = script.seen
    assert first.query["created[gte]"] == second.query["created[gte]"] == "7"
    assert first.query["types[0]"] == "payment_intent.succeeded"
    assert second.query["starting_after"] == "evt_2"


@pytest.mark.parametrize("second_page", [Reply(500, error("api_error")), listing(more=True)])
def test_half_a_list_of_events_is_none(second_page: Reply) -> None:
    with gateway(listing(event(3), more=True), second_page) as (stripe, _):
        events = stripe.events(7, ["charge.succeeded"])
        with pytest.raises(UnavailableError):
            next(events)


def test_a_movement_whose_sums_disagree_is_not_believed() -> None:
    txn = {
        "id": "txn_1",
        "object": "balance_transaction",
        "type": "charge",
        "amount": 12300,
        "fee": 487,
        "net": 11814,
        "currency": "usd",
        "fee_details": [],
        "source": "ch_1",
        "created": 1,
        "available_on": 2,
    }
    with gateway(listing(txn)) as (stripe, _), pytest.raises(UnavailableError):
        list(stripe.movements(0))


def test_bodies_are_not_logged_even_where_everything_is() -> None:
    assert not logging.getLogger("stripe").isEnabledFor(logging.INFO)


def test_no_other_host_is_followed_or_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy or a redirect would carry the key, and the money, elsewhere."""
    monkeypatch.setenv("HTTP_PROXY", unreachable())
    with scripted(Reply(200, SESSION)) as elsewhere:
        away = Reply(307, None, {"Location": f"{elsewhere.url}/v1/checkout/sessions"})
        with gateway(away) as (stripe, script):
            outcome = stripe.open_checkout(CHECKOUT)
    assert outcome == Retry("stripe no_answer", TRANSIENT)
    assert (len(script.seen), elsewhere.seen) == (1, [])


def test_the_key_is_not_shown() -> None:
    assert KEY not in repr(StripeAccess(KEY, None, None))
