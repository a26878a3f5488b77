"""The Stripe gateway end to end, against the stand-in: money to the cent, and once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from served_sandbox import serving

from bookra.errors import NotAllowedError
from bookra.money import Money
from bookra.relay.outcome import CONFLICT, THROTTLE, TRANSIENT, Dead, Delivered, Retry
from bookra.relay.providers.stripe import RefundOrder, StripeAccess, StripeGateway
from bookra.relay.providers.stripe_facts import Balance, RefundMade
from bookra.relay.providers.stripe_page_facts import CheckoutClosed, CheckoutOpened, CheckoutState
from bookra.relay.providers.stripe_pages import CheckoutOrder
from bookra.sandbox import SandboxClient, open_stripe_account


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    directory = tmp_path_factory.mktemp("sandbox")
    with serving(directory) as url:
        yield directory, url


@pytest.fixture
def sandbox(served: tuple[Path, str]) -> Iterator[SandboxClient]:
    client = SandboxClient(served[1])
    yield client
    client.fault("stripe", off=True)


@pytest.fixture
def access(served: tuple[Path, str]) -> StripeAccess:
    account = open_stripe_account(served[0], country="US", currency="USD", name="Luna")
    return StripeAccess(account.secret_key, account.id, served[1])


@pytest.fixture
def stripe(access: StripeAccess) -> Iterator[StripeGateway]:
    with StripeGateway(access, timeout_seconds=(2, 5)) as gateway:
        yield gateway


def checkout(code: str = "") -> CheckoutOrder:
    operation = str(uuid4())
    return CheckoutOrder(
        operation_id=operation,
        idempotency_key=f"{operation}:1",
        booking_code=code or f"LUN-{operation[:6]}",
        description="Cut and colour",
        amount=Money(12300, "USD"),
        platform_fee=Money(100, "USD"),
        expires_at=datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1),
        success_url="https://salon.example/thanks",
    )


def refund(state: CheckoutState, minor: int) -> RefundOrder:
    assert state.intent_ref is not None
    operation = str(uuid4())
    return RefundOrder(operation, f"{operation}:1", state.intent_ref, Money(minor, "USD"), True)


def paid(stripe: StripeGateway, sandbox: SandboxClient) -> CheckoutState:
    order = checkout()
    opened = stripe.open_checkout(order)
    assert isinstance(opened, Delivered)
    sandbox.pay(order.booking_code)
    return stripe.checkout(opened.reference)


def charges(sandbox: SandboxClient, access: StripeAccess) -> tuple[int, int]:
    account = sandbox.show(account=access.account)["stripe"]["accounts"][0]
    return account["charges"], account["refunds"]


def test_a_link_is_opened_paid_and_read_back(stripe: StripeGateway, sandbox: SandboxClient) -> None:
    order = checkout()
    opened = stripe.open_checkout(order)
    assert isinstance(opened, Delivered)
    assert isinstance(opened.facts, CheckoutOpened)
    assert opened.facts.expires_at == order.expires_at
    assert opened.facts.url.startswith("http://127.0.0.1")

    before = stripe.checkout(opened.reference)
    assert (before.status, before.payment_status) == ("open", "unpaid")
    assert (before.charge_ref, before.captured_at) == (None, None)

    sandbox.pay(order.booking_code)
    after = stripe.checkout(opened.reference)
    assert (after.status, after.payment_status) == ("complete", "paid")
    assert after.amount == Money(12300, "USD")
    assert (after.operation_id, after.booking_code) == (order.operation_id, order.booking_code)
    assert after.captured_at is not None
    assert after.intent_ref is not None
    intent = stripe.intent(after.intent_ref)
    assert (intent.status, intent.charge_ref) == ("succeeded", after.charge_ref)
    assert (intent.operation_id, intent.amount) == (order.operation_id, Money(12300, "USD"))


def test_a_declined_card_is_read_with_its_reason(
    stripe: StripeGateway, sandbox: SandboxClient
) -> None:
    order = checkout()
    opened = stripe.open_checkout(order)
    assert isinstance(opened, Delivered)
    sandbox.pay(order.booking_code, "declined")
    state = stripe.checkout(opened.reference)
    assert (state.status, state.charge_ref) == ("open", None)
    assert state.intent_ref is not None
    intent = stripe.intent(state.intent_ref)
    assert intent.failure is not None
    assert "decline" in intent.failure
    assert intent.refunded == Money(0, "USD")


def test_movements_and_balance_show_each_fee_to_the_cent(
    stripe: StripeGateway, sandbox: SandboxClient
) -> None:
    state = paid(stripe, sandbox)
    made = stripe.refund(refund(state, 5400))
    assert isinstance(made, Delivered)
    charge, back = stripe.movements(0)
    assert (charge.type, charge.source_ref) == ("charge", state.charge_ref)
    assert [money.minor for money in (charge.amount, charge.fee, charge.net)] == [12300, 487, 11813]
    assert [charge.stripe_fee.minor, charge.application_fee.minor] == [387, 100]
    assert charge.operation_id == state.operation_id
    assert (back.source_ref, back.charge_ref) == (made.reference, state.charge_ref)
    assert [money.minor for money in (back.amount, back.fee, back.net)] == [-5400, -44, -5356]
    assert [back.stripe_fee.minor, back.application_fee.minor] == [0, -44]
    assert back.intent_ref == charge.intent_ref == state.intent_ref
    balance = stripe.balance("USD")
    assert balance.available + balance.pending == charge.net + back.net
    assert stripe.balance("EUR") == Balance(Money(0, "EUR"), Money(0, "EUR"))


def test_movements_since_a_moment_include_its_second(
    stripe: StripeGateway, sandbox: SandboxClient
) -> None:
    paid(stripe, sandbox)
    (charge,) = stripe.movements(0)
    at = int(charge.created_at.timestamp())
    assert [one.txn_ref for one in stripe.movements(at)] == [charge.txn_ref]
    assert list(stripe.movements(at + 1)) == []


def test_events_tell_what_happened_in_order(stripe: StripeGateway, sandbox: SandboxClient) -> None:
    state = paid(stripe, sandbox)
    kinds = ["charge.succeeded", "checkout.session.completed"]
    seen = list(stripe.events(0, kinds))
    assert [(one.kind, one.object_id) for one in seen] == [
        ("charge.succeeded", state.charge_ref),
        ("checkout.session.completed", state.session_id),
    ]
    assert seen[-1].object_kind == "checkout.session"
    assert seen[-1].happened_at.tzinfo is UTC


def test_a_refund_sent_again_is_the_same_refund(
    stripe: StripeGateway, sandbox: SandboxClient, access: StripeAccess
) -> None:
    order = refund(paid(stripe, sandbox), 5400)
    first, second = stripe.refund(order), stripe.refund(order)
    assert first == second
    assert isinstance(first, Delivered)
    assert isinstance(first.facts, RefundMade)
    assert first.facts.amount == Money(5400, "USD")
    assert charges(sandbox, access) == (1, 1)


def test_too_large_a_refund_is_dead(stripe: StripeGateway, sandbox: SandboxClient) -> None:
    outcome = stripe.refund(refund(paid(stripe, sandbox), 12301))
    assert isinstance(outcome, Dead)


def test_a_closed_session_can_not_be_paid_and_closing_it_again_says_so(
    stripe: StripeGateway,
) -> None:
    opened = stripe.open_checkout(checkout())
    assert isinstance(opened, Delivered)
    first = stripe.expire_checkout(opened.reference, key=f"{uuid4()}:1")
    second = stripe.expire_checkout(opened.reference, key=f"{uuid4()}:1")
    assert first == second
    assert first == Delivered(opened.reference, CheckoutClosed(opened.reference, "expired"))


def test_closing_a_paid_session_is_delivered_as_complete(
    stripe: StripeGateway, sandbox: SandboxClient
) -> None:
    state = paid(stripe, sandbox)
    outcome = stripe.expire_checkout(state.session_id, key=f"{uuid4()}:1")
    assert outcome == Delivered(state.session_id, CheckoutClosed(state.session_id, "complete"))


@pytest.mark.parametrize(
    ("kind", "error_class"),
    [
        ("drop-before", TRANSIENT),
        ("drop-after", TRANSIENT),
        ("409", CONFLICT),
        ("429", THROTTLE),
        ("500", TRANSIENT),
    ],
)
def test_a_fault_is_retried_with_the_same_key_into_one_refund(
    stripe: StripeGateway,
    sandbox: SandboxClient,
    access: StripeAccess,
    kind: str,
    error_class: str,
) -> None:
    order = refund(paid(stripe, sandbox), 5400)
    sandbox.fault("stripe", kind)
    first = stripe.refund(order)
    assert isinstance(first, Retry)
    assert first.error_class == error_class
    assert not first.new_generation
    again = stripe.refund(order)
    if isinstance(again, Retry):  # the stored 500 is replayed for ever: only a new key helps
        assert kind == "500"
        assert again.new_generation
        again = stripe.refund(replace(order, idempotency_key=f"{order.operation_id}:2"))
    assert isinstance(again, Delivered)
    assert charges(sandbox, access) == (1, 1)


def test_a_500_that_hides_an_effect_is_found_out_at_once(
    stripe: StripeGateway, sandbox: SandboxClient, access: StripeAccess
) -> None:
    state = paid(stripe, sandbox)
    order = checkout()
    sandbox.fault("stripe", "500-after", count=2)
    opened, made = stripe.open_checkout(order), stripe.refund(refund(state, 5400))
    assert isinstance(opened, Delivered)
    assert isinstance(made, Delivered)
    assert charges(sandbox, access) == (1, 1)
    assert stripe.find_checkout(order.operation_id) == opened.facts


def test_look_ups_find_by_operation_and_prove_absence(
    stripe: StripeGateway, sandbox: SandboxClient
) -> None:
    state = paid(stripe, sandbox)
    found = stripe.find_checkout(state.operation_id)
    assert found == CheckoutClosed(state.session_id, "complete")
    assert stripe.find_checkout("nobody") is None


def test_a_strangers_key_is_refused(access: StripeAccess) -> None:
    stranger = replace(access, secret_key="sk_test_" + "x" * 24)
    with StripeGateway(stranger) as stripe:
        with pytest.raises(NotAllowedError):
            stripe.balance("USD")
        outcome = stripe.open_checkout(checkout())
    assert isinstance(outcome, Retry)
    assert outcome.error_class == "account"
