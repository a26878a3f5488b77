"""Lists, events, search and expansion of the Stripe stand-in."""

from __future__ import annotations

import time
from typing import Any

import pytest
import stripe

EVENTS_OF_A_PAYMENT = [
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "checkout.session.completed",
]


def test_events_tell_what_happened_in_order_and_for_whom(salon: Any) -> None:
    intent = salon.paid("LUN-EVT")
    events = list(reversed(salon.v1.events.list({}, salon.me).data))
    assert [event.type for event in events] == EVENTS_OF_A_PAYMENT
    assert {event.account for event in events} == {salon.account.id}
    completed = events[-1].data.object
    assert (completed.client_reference_id, completed.payment_intent) == ("LUN-EVT", intent.id)
    assert salon.v1.events.retrieve(events[0].id, None, salon.me).type == EVENTS_OF_A_PAYMENT[0]


def test_an_event_keeps_the_object_as_it_was_then(salon: Any) -> None:
    intent = salon.paid("LUN-SNAP", 1000)
    salon.v1.refunds.create({"payment_intent": intent.id}, salon.me)
    charged = salon.v1.events.list({"type": "charge.succeeded"}, salon.me).data[0]
    refunded = salon.v1.events.list({"type": "charge.refunded"}, salon.me).data[0]
    assert (charged.data.object.refunded, refunded.data.object.refunded) == (False, True)
    assert refunded.request.id.startswith("req_")


def test_events_are_filtered_by_types_and_pattern(salon: Any) -> None:
    salon.paid("LUN-TYP")
    two = salon.v1.events.list(
        {"types": ["charge.succeeded", "checkout.session.completed"]}, salon.me
    ).data
    assert [event.type for event in two] == ["checkout.session.completed", "charge.succeeded"]
    some = salon.v1.events.list({"type": "payment_intent.*"}, salon.me).data
    assert len(some) == 2


def test_pages_join_to_the_whole_in_both_directions(salon: Any) -> None:
    for index in range(5):
        salon.v1.customers.create({"name": f"Customer {index}"}, salon.me)
    whole = [customer.id for customer in salon.v1.customers.list({"limit": 100}, salon.me).data]
    pages = salon.v1.customers.list({"limit": 2}, salon.me)
    assert (len(pages.data), pages.has_more) == (2, True)
    assert [customer.id for customer in pages.auto_paging_iter()] == whole
    before = salon.v1.customers.list({"limit": 2, "ending_before": whole[3]}, salon.me)
    assert [customer.id for customer in before.data] == whole[1:3]
    assert before.has_more is True
    last = salon.v1.customers.list({"limit": 2, "starting_after": whole[2]}, salon.me)
    assert ([customer.id for customer in last.data], last.has_more) == (whole[3:], False)


def test_created_limits_a_list(own_sandbox: Any, salon_of: Any) -> None:
    salon = salon_of(own_sandbox)
    early = salon.paid("LUN-OLD")
    own_sandbox.control.advance(3600)
    late = salon.paid("LUN-NEW")
    middle = int(time.time()) + 1800

    def sources(**created: int) -> list[str]:
        listed = salon.v1.balance_transactions.list({"created": created}, salon.me)
        return [movement.source for movement in listed.data]

    assert sources(gte=middle) == [late.latest_charge.id]
    assert sources(lt=middle) == [early.latest_charge.id]
    assert sources(gt=middle, lt=middle) == []


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 101}, {"starting_after": "cus_none"}])
def test_a_list_with_a_wrong_bound_is_refused(salon: Any, wrong: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        salon.v1.customers.list(wrong, salon.me)


def test_an_operation_is_found_by_its_metadata(salon: Any) -> None:
    intent = salon.paid("LUN-OP1")
    salon.paid("LUN-OP2")
    query = "metadata['op']:'op-LUN-OP1' AND status:'succeeded'"
    found = salon.v1.payment_intents.search({"query": query}, salon.me).data
    assert [one.id for one in found] == [intent.id]
    nothing = salon.v1.payment_intents.search({"query": "metadata['op']:'none'"}, salon.me)
    assert nothing.data == []
    with pytest.raises(stripe.InvalidRequestError, match="parse your search"):
        salon.v1.payment_intents.search({"query": "op = 1"}, salon.me)


def test_lists_expand_what_their_rows_name(salon: Any) -> None:
    intent = salon.paid("LUN-SRC", 1000)
    salon.v1.refunds.create({"payment_intent": intent.id, "amount": 400}, salon.me)
    movements = salon.v1.balance_transactions.list({"expand": ["data.source"]}, salon.me).data
    assert [movement.source.object for movement in movements] == ["refund", "charge"]
    by_source = salon.v1.balance_transactions.list({"source": intent.latest_charge.id}, salon.me)
    assert [movement.type for movement in by_source.data] == ["charge"]
    refunds = salon.v1.refunds.list({"payment_intent": intent.id}, salon.me).data
    assert [refund.amount for refund in refunds] == [400]


def test_a_session_expands_down_to_its_balance_transaction(salon: Any) -> None:
    session = salon.session("LUN-DEEP")
    salon.sandbox.control.pay(session.id)
    path = "payment_intent.latest_charge.balance_transaction"
    found = salon.v1.checkout.sessions.retrieve(session.id, {"expand": [path]}, salon.me)
    assert found.payment_intent.latest_charge.balance_transaction.net == 11813


def test_the_platform_reads_the_currency_of_its_accounts(salon: Any) -> None:
    account = salon.v1.accounts.retrieve(salon.account.id)
    assert (account.default_currency, account.country) == ("usd", "US")
    assert salon.v1.accounts.retrieve_current(None, salon.me).id == salon.account.id


def test_an_account_made_through_the_second_api_can_be_charged_once_it_is_onboarded(
    salon: Any,
) -> None:
    made = salon.client.v2.core.accounts.create(
        {
            "contact_email": "owner@salon.example",
            "display_name": "Sol",
            "dashboard": "full",
            "identity": {"country": "de"},
            "defaults": {
                "responsibilities": {"fees_collector": "stripe", "losses_collector": "stripe"}
            },
            "configuration": {"merchant": {"capabilities": {"card_payments": {"requested": True}}}},
        },
        {"idempotency_key": "acct:sol"},
    )
    me = {"stripe_account": made.id}
    assert salon.v1.accounts.retrieve_current(None, me).default_currency == "eur"
    wanted = {"amount": 900, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
    with pytest.raises(stripe.InvalidRequestError, match="cannot currently make charges"):
        salon.v1.payment_intents.create(wanted, me)
    salon.sandbox.control.onboard(made.id)
    assert salon.v1.payment_intents.create(wanted, me).status == "succeeded"
