"""Stripe's idempotency layer and its faults: one key, one effect, whatever the connection does."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import stripe


def charges(salon: Any) -> int:
    return int(salon.seen()["charges"])


def charge_parameters(minor: int = 2500) -> Any:
    return {
        "amount": minor,
        "currency": "usd",
        "payment_method": "pm_card_visa",
        "confirm": True,
        "metadata": {"op": "op-idem"},
    }


def test_a_second_request_with_the_key_gets_the_first_answer(salon: Any) -> None:
    first = salon.v1.payment_intents.create(charge_parameters(), salon.keyed("op:1"))
    again = salon.v1.payment_intents.create(charge_parameters(), salon.keyed("op:1"))
    assert again.to_dict() == first.to_dict()
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert charges(salon) == 1


def test_a_key_belongs_to_one_account(salon: Any, salon_of: Any) -> None:
    other = salon_of(salon.sandbox)
    salon.v1.payment_intents.create(charge_parameters(), salon.keyed("op:same"))
    other.v1.payment_intents.create(charge_parameters(), other.keyed("op:same"))
    assert (charges(salon), charges(other)) == (1, 1)


def test_other_parameters_under_a_known_key_are_refused(salon: Any) -> None:
    salon.v1.payment_intents.create(charge_parameters(), salon.keyed("op:2"))
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        salon.v1.payment_intents.create(charge_parameters(2600), salon.keyed("op:2"))
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        salon.v1.customers.create({"name": "Mia"}, salon.keyed("op:2"))


def test_a_validation_error_is_not_kept_under_the_key(salon: Any) -> None:
    wrong = {**charge_parameters(), "amount": 1}
    with pytest.raises(stripe.InvalidRequestError):
        salon.v1.payment_intents.create(wrong, salon.keyed("op:3"))
    right = salon.v1.payment_intents.create(charge_parameters(), salon.keyed("op:3"))
    assert right.status == "succeeded"


def test_a_refusal_of_the_endpoint_itself_is_kept_under_the_key(salon: Any) -> None:
    intent = salon.v1.payment_intents.create(charge_parameters(), salon.me)
    too_much = {"payment_intent": intent.id, "amount": 2501}
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            salon.v1.refunds.create(too_much, salon.keyed("op:4"))
    assert refused.value.headers["Idempotent-Replayed"] == "true"


def test_a_declined_card_is_replayed_as_declined(salon: Any) -> None:
    poor = {**charge_parameters(), "payment_method": "pm_card_visa_chargeDeclined"}
    codes = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as declined:
            salon.v1.payment_intents.create(poor, salon.keyed("op:5"))
        codes.append(declined.value.error.charge)
    assert codes[0] == codes[1]
    assert len(salon.v1.charges.list({}, salon.me).data) == 1


def test_an_answer_lost_after_the_charge_is_found_again_by_the_same_key(salon: Any) -> None:
    salon.sandbox.control.fault("stripe", "drop-after")
    with pytest.raises(stripe.APIConnectionError):
        salon.v1.payment_intents.create(charge_parameters(), salon.keyed("op:6"))
    assert charges(salon) == 1
    again = salon.v1.payment_intents.create(charge_parameters(), salon.keyed("op:6"))
    assert (again.status, charges(salon)) == ("succeeded", 1)
    assert again.last_response.headers["Idempotent-Replayed"] == "true"


def test_a_request_dropped_before_the_work_has_no_effect(salon: Any) -> None:
    salon.sandbox.control.fault("stripe", "drop-before")
    with pytest.raises(stripe.APIConnectionError):
        salon.v1.payment_intents.create(charge_parameters(), salon.keyed("op:7"))
    assert charges(salon) == 0
    again = salon.v1.payment_intents.create(charge_parameters(), salon.keyed("op:7"))
    assert "Idempotent-Replayed" not in again.last_response.headers


@pytest.mark.parametrize(("kind", "made"), [("500", 0), ("500-after", 1)])
def test_a_500_is_replayed_whether_or_not_it_hides_a_charge(
    salon: Any, kind: str, made: int
) -> None:
    salon.sandbox.control.fault("stripe", kind)
    for _ in range(3):
        with pytest.raises(stripe.APIError) as failed:
            salon.v1.payment_intents.create(charge_parameters(), salon.keyed(f"op:{kind}"))
        assert failed.value.http_status == 500
    assert charges(salon) == made
    found = salon.v1.balance_transactions.list({"type": "charge"}, salon.me).data
    assert len(found) == made


def test_a_key_in_use_answers_409_and_the_first_request_goes_through(
    salon: Any, salon_of: Any
) -> None:
    salon.sandbox.control.fault("stripe", "slow", count=1)
    first: list[Any] = []

    def ask() -> None:
        first.append(salon.v1.payment_intents.create(charge_parameters(), salon.keyed("op:8")))

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.7)
    with pytest.raises(stripe.APIError) as busy:
        salon.v1.payment_intents.create(charge_parameters(), salon.keyed("op:8"))
    thread.join()
    assert (busy.value.http_status, busy.value.error.code) == (409, "idempotency_key_in_use")
    again = salon.v1.payment_intents.create(charge_parameters(), salon.keyed("op:8"))
    assert (again.id, charges(salon)) == (first[0].id, 1)


@pytest.mark.parametrize(("kind", "status"), [("409", 409), ("429", 429)])
def test_a_409_or_429_on_request_has_no_effect_and_is_not_kept(
    salon: Any, kind: str, status: int
) -> None:
    salon.sandbox.control.fault("stripe", kind)
    with pytest.raises(stripe.StripeError) as refused:
        salon.v1.payment_intents.create(charge_parameters(), salon.keyed(f"op:{kind}"))
    assert refused.value.http_status == status
    assert charges(salon) == 0
    salon.v1.payment_intents.create(charge_parameters(), salon.keyed(f"op:{kind}"))
    assert charges(salon) == 1


def test_a_time_out_hides_an_effect_that_the_same_key_finds(sandbox: Any, salon_of: Any) -> None:
    hasty = salon_of(sandbox, read_seconds=0.5)
    sandbox.control.fault("stripe", "timeout")
    with pytest.raises(stripe.APIConnectionError):
        hasty.v1.payment_intents.create(charge_parameters(), hasty.keyed("op:9"))
    hasty.v1.payment_intents.create(charge_parameters(), hasty.keyed("op:9"))
    assert charges(hasty) == 1


def test_while_stripe_is_down_nothing_answers_until_it_is_up_again(salon: Any) -> None:
    salon.sandbox.control.fault("stripe", "down")
    for _ in range(3):
        with pytest.raises(stripe.APIConnectionError):
            salon.v1.balance.retrieve(None, salon.me)
    salon.sandbox.control.fault("stripe", "down", off=True)
    assert salon.v1.balance.retrieve(None, salon.me).livemode is False


def test_the_clients_own_retries_end_in_one_charge(sandbox: Any, salon_of: Any) -> None:
    patient = salon_of(sandbox, retries=2)
    sandbox.control.fault("stripe", "drop-after", count=2)
    intent = patient.v1.payment_intents.create(charge_parameters(), patient.keyed("op:10"))
    assert (intent.status, charges(patient)) == ("succeeded", 1)


def test_a_counted_fault_is_not_used_up_by_a_reader(salon: Any) -> None:
    salon.sandbox.control.fault("stripe", "500")
    salon.v1.events.list({}, salon.me)
    with pytest.raises(stripe.APIError):
        salon.v1.payment_intents.create(charge_parameters(), salon.me)


def test_many_requests_with_one_key_at_once_make_one_charge(sandbox: Any, salon_of: Any) -> None:
    salon = salon_of(sandbox)
    results: list[int] = []

    def ask() -> None:
        try:
            salon.v1.payment_intents.create(charge_parameters(), salon.keyed("op:race"))
            results.append(200)
        except stripe.APIError as error:
            results.append(error.http_status or 0)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert charges(salon) == 1
    assert len(results) == 8
    assert set(results) <= {200, 409}


def test_under_random_faults_each_key_still_makes_one_charge(sandbox: Any, salon_of: Any) -> None:
    salon = salon_of(sandbox)
    sandbox.control.fault("stripe", "drop-after", rate=0.3)
    sandbox.control.fault("stripe", "drop-before", rate=0.3)
    for index in range(15):
        for _ in range(100):
            try:
                salon.v1.payment_intents.create(charge_parameters(), salon.keyed(f"r:{index}"))
            except stripe.APIConnectionError:
                continue
            break
    sandbox.control.fault("stripe", off=True)
    assert charges(salon) == 15
