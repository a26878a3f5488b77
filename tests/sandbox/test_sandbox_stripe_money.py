"""Money in the Stripe stand-in, through the real Stripe client, to the cent."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

DAYS_3 = 3 * 24 * 3600


@pytest.mark.parametrize(
    ("minor", "platform_fee", "fee", "net"),
    [
        (12300, 100, 487, 11813),
        (3000, 30, 147, 2853),
        (2500, 25, 128, 2372),
        (10000, None, 320, 9680),
    ],
)
def test_a_paid_link_books_the_charge_less_exact_fees(
    salon: Any, minor: int, platform_fee: int | None, fee: int, net: int
) -> None:
    intent = salon.paid("LUN-FEES", minor, fee=platform_fee)
    movement = intent.latest_charge.balance_transaction
    assert (movement.amount, movement.fee, movement.net) == (minor, fee, net)
    details = {detail.type: detail.amount for detail in movement.fee_details}
    assert details.get("application_fee") == platform_fee
    assert sum(details.values()) == fee


def test_the_platform_books_its_share_of_a_charge_and_of_its_refund(salon: Any) -> None:
    intent = salon.paid("LUN-PLAT")
    salon.v1.refunds.create(
        {"payment_intent": intent.id, "amount": 5400, "refund_application_fee": True}, salon.me
    )
    kinds = {"application_fee": [], "application_fee_refund": []}
    for movement in salon.v1.balance_transactions.list({"limit": 100}).data:
        kinds[movement.type].append(movement.amount)
    assert 100 in kinds["application_fee"]
    assert -44 in kinds["application_fee_refund"]


def test_a_refund_keeps_stripes_fee_and_returns_the_platforms_pro_rata(salon: Any) -> None:
    intent = salon.paid("LUN-BACK")
    refund = salon.v1.refunds.create(
        {
            "payment_intent": intent.id,
            "amount": 5400,
            "refund_application_fee": True,
            "expand": ["balance_transaction"],
        },
        salon.keyed("refund:1"),
    )
    movement = refund.balance_transaction
    assert (movement.amount, movement.fee, movement.net) == (-5400, -44, -5356)
    assert salon.seen()["net"] == 11813 - 5356


def test_refunds_in_parts_return_the_application_fee_exactly_once(salon: Any) -> None:
    intent = salon.paid("LUN-PART", 1000, fee=10)
    fees = []
    for part in (333, 333, 334):
        refund = salon.v1.refunds.create(
            {
                "payment_intent": intent.id,
                "amount": part,
                "refund_application_fee": True,
                "expand": ["balance_transaction"],
            },
            salon.me,
        )
        fees.append(refund.balance_transaction.fee)
    assert sum(fees) == -10


def test_more_than_was_paid_is_never_refunded(salon: Any) -> None:
    intent = salon.paid("LUN-OVER", 1000)
    salon.v1.refunds.create({"payment_intent": intent.id, "amount": 600}, salon.me)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        salon.v1.refunds.create({"payment_intent": intent.id, "amount": 401}, salon.me)
    salon.v1.refunds.create({"payment_intent": intent.id}, salon.me)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        salon.v1.refunds.create({"payment_intent": intent.id, "amount": 1}, salon.me)
    assert refused.value.code == "charge_already_refunded"
    assert salon.seen()["refunds"] == 2


def test_a_declined_card_leaves_the_link_open_and_moves_no_money(salon: Any) -> None:
    session = salon.session("LUN-POOR")
    outcome = salon.sandbox.control.pay(session.url, card="declined")
    assert (outcome["paid"], outcome["decline_code"]) == (False, "generic_decline")
    assert salon.v1.checkout.sessions.retrieve(session.id, None, salon.me).status == "open"
    assert (salon.seen()["charges"], salon.seen()["net"]) == (0, 0)
    assert salon.sandbox.control.pay("LUN-POOR")["paid"] is True
    kinds = [event.type for event in reversed(salon.v1.events.list({}, salon.me).data)]
    assert kinds == [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]


def test_three_d_secure_is_asked_for_before_the_charge(salon: Any) -> None:
    salon.session("LUN-3DS")
    assert salon.sandbox.control.pay("LUN-3DS", card="3ds")["paid"] is True
    kinds = [event.type for event in reversed(salon.v1.events.list({}, salon.me).data)]
    assert kinds[1:3] == ["payment_intent.requires_action", "charge.succeeded"]


def test_a_saved_card_is_charged_later_without_its_owner(salon: Any) -> None:
    customer = salon.v1.customers.create({"name": "Mia"}, salon.me)
    salon.v1.checkout.sessions.create(
        {
            "mode": "setup",
            "currency": "usd",
            "customer": customer.id,
            "client_reference_id": "LUN-SAVE",
            "success_url": "https://salon.example/thanks",
            "setup_intent_data": {"metadata": {"op": "s"}},
        },
        salon.me,
    )
    salon.sandbox.control.pay("LUN-SAVE")
    saved = salon.v1.payment_methods.list({"customer": customer.id}, salon.me).data[0]
    intent = salon.v1.payment_intents.create(_no_show(customer.id, saved.id), salon.keyed("fee"))
    assert intent.status == "succeeded"
    assert intent.latest_charge.balance_transaction.net == 2372


def test_a_saved_card_that_wants_its_owner_is_declined_without_a_charge(salon: Any) -> None:
    customer = salon.v1.customers.create({"name": "Mia"}, salon.me)
    salon.v1.payment_methods.attach(
        "pm_card_authenticationRequired", {"customer": customer.id}, salon.me
    )
    saved = salon.v1.payment_methods.list({"customer": customer.id}, salon.me).data[0]
    with pytest.raises(stripe.CardError) as declined:
        salon.v1.payment_intents.create(_no_show(customer.id, saved.id), salon.me)
    assert declined.value.code == "authentication_required"
    assert salon.seen()["net"] == 0


def _no_show(customer: str, method: str) -> Any:
    return {
        "amount": 2500,
        "currency": "usd",
        "customer": customer,
        "payment_method": method,
        "off_session": True,
        "confirm": True,
        "error_on_requires_action": True,
        "application_fee_amount": 25,
        "metadata": {"op": "no-show"},
        "expand": ["latest_charge.balance_transaction"],
    }


def test_an_authorised_payment_is_captured_in_part_and_its_rest_let_go(salon: Any) -> None:
    intent = salon.v1.payment_intents.create(
        {
            "amount": 5000,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "capture_method": "manual",
        },
        salon.me,
    )
    assert (intent.status, salon.seen()["net"]) == ("requires_capture", 0)
    captured = salon.v1.payment_intents.capture(
        intent.id, {"amount_to_capture": 3000, "application_fee_amount": 150}, salon.me
    )
    assert captured.amount_received == 3000
    assert salon.seen()["net"] == 3000 - 117 - 150
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        salon.v1.refunds.create({"payment_intent": intent.id, "amount": 3001}, salon.me)


def test_pending_money_becomes_available_and_is_paid_out_with_its_members(
    own_sandbox: Any, salon_of: Any
) -> None:
    salon = salon_of(own_sandbox)
    intent = salon.paid("LUN-OUT")
    balance = salon.v1.balance.retrieve(None, salon.me)
    assert (balance.available[0].amount, balance.pending[0].amount) == (0, 11813)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        salon.v1.payouts.create({"amount": 1, "currency": "usd"}, salon.me)
    assert refused.value.code == "balance_insufficient"
    own_sandbox.control.advance(DAYS_3)
    payout = own_sandbox.control.run_payouts(salon.account.id)[0]
    members = salon.v1.balance_transactions.list(
        {"payout": payout["id"], "expand": ["data.source"]}, salon.me
    ).data
    assert sum(member.net for member in members) == 0
    assert {member.source.id for member in members} == {payout["id"], intent.latest_charge.id}
    failed = own_sandbox.control.settle_payout(salon.account.id, payout["id"], "failed")
    assert failed["status"] == "failed"
    assert salon.seen()["available"] == salon.seen()["net"] == 11813


def test_the_sums_that_show_gives_are_those_of_the_balance_transactions(salon: Any) -> None:
    for code in ("LUN-A", "LUN-B", "LUN-C"):
        salon.paid(code, 4500)
    movements = salon.v1.balance_transactions.list({"limit": 100}, salon.me).data
    seen = salon.seen()
    assert seen["net"] == sum(movement.net for movement in movements)
    assert seen["net"] == seen["available"] + seen["pending"]
    assert (seen["charges"], seen["gross"]) == (3, 13500)


def test_a_dispute_takes_its_amount_and_a_fee_and_gives_back_the_amount_when_won(
    salon: Any,
) -> None:
    control, account = salon.sandbox.control, salon.account.id
    intent = salon.paid("LUN-DISP", 3000)
    before = salon.seen()["net"]
    opened = control.open_dispute(account, intent.latest_charge.id)
    assert salon.seen()["net"] - before == -4500
    with pytest.raises(stripe.InvalidRequestError) as refused:
        salon.v1.refunds.create({"payment_intent": intent.id}, salon.me)
    assert refused.value.code == "charge_disputed"
    evidence = {"evidence": {"customer_name": "Mia"}, "submit": True}
    handed_in = salon.v1.disputes.update(opened["id"], evidence, salon.me)
    assert handed_in.status == "under_review"
    assert control.close_dispute(account, opened["id"], "won")["status"] == "won"
    assert salon.seen()["net"] - before == -1500


def test_a_dispute_that_is_lost_gives_nothing_back(salon: Any) -> None:
    control, account = salon.sandbox.control, salon.account.id
    intent = salon.paid("LUN-LOST", 2500)
    before = salon.seen()["net"]
    opened = control.open_dispute(account, intent.latest_charge.id)
    control.close_dispute(account, opened["id"], "lost")
    assert salon.seen()["net"] - before == -4000


def test_a_refund_that_fails_later_brings_its_money_back(salon: Any) -> None:
    intent = salon.paid("LUN-FAIL", 2000)
    before = salon.seen()["net"]
    refund = salon.v1.refunds.create({"payment_intent": intent.id, "amount": 1000}, salon.me)
    salon.sandbox.control.fail_refund(salon.account.id, refund.id)
    failed = salon.v1.refunds.retrieve(
        refund.id, {"expand": ["failure_balance_transaction"]}, salon.me
    )
    assert (failed.status, failed.failure_balance_transaction.net) == ("failed", 1000)
    assert salon.seen()["net"] == before


def test_a_pending_refund_moves_nothing_until_it_settles_or_fails(salon: Any) -> None:
    control = salon.sandbox.control
    salon.session("LUN-WAIT", 2000, fee=None)
    charge = control.pay("LUN-WAIT", "refund-pending")["charge"]
    before = salon.seen()["net"]
    first, second = (
        salon.v1.refunds.create({"charge": charge, "amount": amount}, salon.me)
        for amount in (500, 700)
    )
    assert {first.status, second.status} == {"pending"}
    assert first.balance_transaction is None
    assert salon.seen()["net"] == before
    assert control.settle_refund(first.id)["status"] == "succeeded"
    assert salon.seen()["net"] == before - 500
    failed = control.fail_refund(None, second.id)
    assert (failed["status"], failed.get("failure_balance_transaction")) == ("failed", None)
    assert salon.seen()["net"] == before - 500
    assert salon.v1.charges.retrieve(charge, None, salon.me).amount_refunded == 500
    kinds = [event.type for event in salon.v1.events.list({"limit": 4}, salon.me).data]
    after = ["refund.updated", "charge.refund.updated", "refund.failed", "charge.refund.updated"]
    assert kinds[::-1] == after


def test_a_refund_by_hand_names_the_booking_and_no_operation(salon: Any) -> None:
    intent = salon.paid("LUN-HAND", 2000, payment_intent_data={"metadata": {"booking": "LUN-HAND"}})
    made = salon.sandbox.control.refund("lun-hand", amount=800)
    assert (made["charge"], made["metadata"]) == (intent.latest_charge.id, {})
    assert salon.v1.charges.retrieve(made["charge"], None, salon.me).amount_refunded == 800


def test_a_manual_payout_is_cancelled_until_it_has_left(salon: Any) -> None:
    salon.paid("LUN-MANUAL", fee=None)
    control, account = salon.sandbox.control, salon.account.id
    automatic = control.run_payouts(account, early=True)
    assert [payout["amount"] for payout in automatic] == [11913]
    control.settle_payout(account, automatic[0]["id"], "failed")
    wanted = {"amount": 5000, "currency": "usd"}
    first, second = (salon.v1.payouts.create(wanted, salon.me) for _ in range(2))
    assert salon.v1.payouts.cancel(first.id, None, salon.me).status == "canceled"
    assert control.settle_payout(account, second.id, "paid")["status"] == "paid"
    with pytest.raises(stripe.InvalidRequestError, match="can't be canceled"):
        salon.v1.payouts.cancel(second.id, None, salon.me)
    assert salon.seen()["available"] == salon.seen()["net"] == 6913


def test_an_application_fee_that_never_was_cannot_be_refunded(salon: Any) -> None:
    intent = salon.paid("LUN-FREE", 2000, fee=None)
    wanted = {"payment_intent": intent.id, "refund_application_fee": True}
    with pytest.raises(stripe.InvalidRequestError, match="has no application fee"):
        salon.v1.refunds.create(wanted, salon.me)
