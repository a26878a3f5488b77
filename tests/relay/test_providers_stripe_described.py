"""Every request that our Stripe client can send is one that Stripe describes."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from described import Sent, recording
from served_sandbox import serving

from bookra.money import Money
from bookra.relay.events.registry import HANDLERS
from bookra.relay.outcome import Delivered
from bookra.relay.providers.stripe import RefundOrder, StripeAccess, StripeGateway
from bookra.relay.providers.stripe_cards import CardOrder
from bookra.relay.providers.stripe_disputes import DisputeAnswer
from bookra.relay.providers.stripe_page_facts import CheckoutState
from bookra.relay.providers.stripe_pages import CheckoutOrder
from bookra.sandbox import SandboxClient, open_stripe_account

NOT_REQUESTS = {"close"}


def order(**more: Any) -> CheckoutOrder:
    operation = str(uuid4())
    return CheckoutOrder(
        operation_id=operation,
        idempotency_key=f"{operation}:1",
        booking_code=f"LUN-{operation[:6]}",
        description="Cut and colour",
        amount=Money(12300, "USD"),
        platform_fee=Money(100, "USD"),
        expires_at=datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1),
        success_url="https://salon.example/thanks",
        terms="Free of charge until 24 hours before.",
        **more,
    )


class Driving:
    """A gateway, and what each of its methods is called with."""

    def __init__(self, stripe: StripeGateway, sandbox: SandboxClient, account: str) -> None:
        self.stripe, self.sandbox, self.account = stripe, sandbox, account
        self.driven: set[str] = set()

    def __call__(self, name: str, *arguments: Any, **options: Any) -> Any:
        self.driven.add(name)
        answer = getattr(self.stripe, name)(*arguments, **options)
        return list(answer) if inspect.isgenerator(answer) else answer

    def pages(self) -> CheckoutState:
        """Open every kind of page, pay on one, and close the others."""
        paid, saving = order(saves_card=True), order()
        opened = self("open_checkout", paid)
        assert isinstance(opened, Delivered)
        self.sandbox.pay(paid.booking_code)
        setup = self("open_setup", saving)
        assert isinstance(setup, Delivered)
        left = self("open_checkout", order(looks_first=True))
        self("expire_checkout", left.reference, key=str(uuid4()))
        link = self("open_link", order(saves_card=True, looks_first=True))
        assert isinstance(link, Delivered), link
        self.sandbox.pay(link.facts.url, "declined")
        assert isinstance(self("close_link", link.reference, key=str(uuid4())), Delivered)
        self("find_checkout", paid.operation_id, created_since=1)
        self("find_link", "nobody", paid.expires_at)
        state: CheckoutState = self("checkout", opened.reference)
        return state

    def cards(self, state: CheckoutState) -> None:
        """Charge the card that was saved, and take it away."""
        operation = str(uuid4())
        assert state.card is not None
        wanted = CardOrder(
            operation_id=operation,
            idempotency_key=f"{operation}:1",
            booking_code=state.booking_code,
            description="No-show fee",
            customer_ref=state.card.customer_ref,
            method_ref=state.card.method_ref,
            amount=Money(2500, "USD"),
            platform_fee=Money(25, "USD"),
            created_since=1,
            looks_first=True,
        )
        assert isinstance(self("charge_card", wanted), Delivered)
        self("find_card_charge", wanted.customer_ref, operation, created_since=1)
        assert isinstance(self("detach_card", wanted.method_ref, key=str(uuid4())), Delivered)

    def money_back(self, state: CheckoutState) -> None:
        """Refund a part of a payment, and look at it in every way."""
        assert state.intent_ref is not None
        assert state.charge_ref is not None
        operation = str(uuid4())
        wanted = RefundOrder(operation, f"{operation}:1", state.intent_ref, Money(500, "USD"), True)
        made = self("refund", wanted)
        self("refund_now", made.reference)
        self("intent", state.intent_ref)

    def disputed(self, state: CheckoutState) -> None:
        """Let the bank take a payment back, and answer."""
        assert state.charge_ref is not None
        opened = self.sandbox.open_dispute(self.account, state.charge_ref)
        answer = DisputeAnswer(opened["id"], str(uuid4()), "She was here.", submit=True)
        assert isinstance(self("answer_dispute", answer), Delivered)
        assert self("dispute", opened["id"]).status == "under_review"

    def account_itself(self) -> None:
        """Ask what the account holds, moved and paid out."""
        self("events", 1, tuple(HANDLERS))
        moved = self("movements", 1)
        self("movement", moved[0].txn_ref)
        self("history")
        self("balance", "USD")
        self("balances")
        self("settlement_currency")
        assert self("standing").state == "active"
        (payout,) = self.sandbox.run_payouts(self.account, early=True)
        self("payout", payout["id"])
        self("payouts", 1)


def test_every_method_sends_what_stripe_describes(tmp_path: Path) -> None:
    account = open_stripe_account(tmp_path, country="US", currency="USD", name="Luna")
    with (
        serving(tmp_path) as url,
        StripeGateway(StripeAccess(account.secret_key, account.id, url)) as stripe,
        recording() as recorded,
    ):
        driving = Driving(stripe, SandboxClient(url), account.id)
        state = driving.pages()
        driving.cards(state)
        driving.money_back(state)
        driving.account_itself()
        driving.disputed(state)
    public = {name for name, _ in inspect.getmembers(StripeGateway, inspect.isfunction)}
    requests = {name for name in public if not name.startswith("_")} - NOT_REQUESTS
    assert requests - driving.driven == set(), "drive the new methods here"
    assert recorded.problems() == []


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (Sent("POST", "/v1/refunds", "amout=5"), "amout is unknown"),
        (Sent("POST", "/v1/refunds", "amount=five"), "amount is not a whole number"),
        (Sent("POST", "/v1/refunds", "reason=whim"), "reason can't be whim"),
        (Sent("POST", "/v1/refund", ""), "Stripe has no POST /v1/refund"),
        (Sent("GET", "/v1/events", "types=a"), "types is not a list"),
        (Sent("GET", "/v1/events", "created[since]=5"), "created[since] is unknown"),
        (
            Sent("POST", "/v1/payment_links", "line_items[0][price_data][currency]=eur"),
            "line_items[0][quantity] is missing",
        ),
    ],
)
def test_what_stripe_does_not_describe_is_found(sent: Sent, problem: str) -> None:
    assert any(problem in found for found in sent.problems()), sent.problems()
