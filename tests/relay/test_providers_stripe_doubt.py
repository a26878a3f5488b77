"""Every kind of operation in doubt: sent again, or looked for, and never made twice.

What each one sends and how it is found differ; what doubt means does not, so all of them go through
the same cases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from scripted_wire import Drop, Reply
from test_providers_stripe_outcomes import (
    CHECKOUT,
    REFUND,
    REFUNDED,
    REPLAYED,
    SESSION,
    error,
    gateway,
    intent,
    listing,
)

from bookra.money import Money
from bookra.relay.outcome import CONFLICT, TRANSIENT, Dead, Delivered, Outcome, Retry, Unknown
from bookra.relay.providers.stripe import StripeGateway
from bookra.relay.providers.stripe_cards import CardOrder

CARD = CardOrder(
    operation_id="op-3",
    idempotency_key="op:op-3",
    booking_code="LUN-7F3K",
    description="Cut",
    customer_ref="cus_1",
    method_ref="pm_1",
    amount=Money(5400, "USD"),
    platform_fee=None,
    created_since=1795520000,
)
CHARGED: dict[str, Any] = {
    "id": "pi_3",
    "object": "payment_intent",
    "status": "succeeded",
    "amount": 5400,
    "currency": "usd",
    "metadata": {"op": "op-3", "booking": "LUN-7F3K"},
    "latest_charge": {
        "id": "ch_3",
        "object": "charge",
        "status": "succeeded",
        "captured": True,
        "amount_captured": 5400,
        "amount_refunded": 0,
        "currency": "usd",
        "created": 1795527000,
    },
}
LINK: dict[str, Any] = {
    "id": "plink_1",
    "object": "payment_link",
    "active": True,
    "url": "https://buy.example/plink_1",
    "metadata": {"op": "op-1"},
    "restrictions": {"completed_sessions": {"count": 0, "limit": 1}},
}


@dataclass(frozen=True)
class Kind:
    """A kind of operation: its call, what Stripe makes of it, and how nothing looks."""

    call: Callable[[StripeGateway, bool], Outcome]
    made: dict[str, Any]
    nothing: tuple[Reply, ...]
    words_may_change: bool = True

    @property
    def reference(self) -> str:
        return str(self.made["id"])


EMPTY = (listing(),)
KINDS = {
    "checkout": Kind(
        lambda s, first: s.open_checkout(replace(CHECKOUT, looks_first=first)), SESSION, EMPTY
    ),
    "setup": Kind(
        lambda s, first: s.open_setup(replace(CHECKOUT, looks_first=first)), SESSION, EMPTY
    ),
    "link": Kind(lambda s, first: s.open_link(replace(CHECKOUT, looks_first=first)), LINK, EMPTY),
    "card": Kind(lambda s, first: s.charge_card(replace(CARD, looks_first=first)), CHARGED, EMPTY),
    "refund": Kind(
        lambda s, first: s.refund(replace(REFUND, looks_first=first)),
        REFUNDED,
        (listing(), intent(refunded=0)),
        words_may_change=False,
    ),
}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())

UNREADABLE = Reply(200, b"<html>welcome to the hotel</html>")
FAILED = Reply(500, error("api_error"))
FAILED_AGAIN = Reply(500, error("api_error"), REPLAYED)
REUSED = Reply(400, error("idempotency_error"))


def came_of(kind: Kind, *replies: Reply, looks_first: bool = False) -> tuple[Outcome, list[str]]:
    """Return the outcome, and the method of each request."""
    with gateway(*replies) as (stripe, script):
        outcome = kind.call(stripe, looks_first)
        return outcome, [one.method for one in script.seen]


def is_made(outcome: Outcome, kind: Kind) -> bool:
    return isinstance(outcome, Delivered) and outcome.reference == kind.reference


@every_kind
@pytest.mark.parametrize("lost", [Drop(), UNREADABLE], ids=["silence", "not-json"])
def test_after_a_lost_answer_the_same_request_goes_out_once_more(kind: Kind, lost: Reply) -> None:
    with gateway(lost, Reply(200, kind.made, REPLAYED)) as (stripe, script):
        first, second = kind.call(stripe, False), kind.call(stripe, False)
    assert isinstance(first, Retry)
    assert (first.error_class, first.new_generation) == (TRANSIENT, False)
    assert is_made(second, kind)
    one, two = script.seen
    assert (one.target, one.body) == (two.target, two.body)
    assert one.headers["Idempotency-Key"] == two.headers["Idempotency-Key"]


@every_kind
def test_what_a_server_error_hid_is_found(kind: Kind) -> None:
    outcome, methods = came_of(kind, FAILED, listing(kind.made))
    assert is_made(outcome, kind)
    assert methods == ["POST", "GET"]


@every_kind
def test_a_replayed_error_behind_which_nothing_is_wants_a_new_key(kind: Kind) -> None:
    outcome, _ = came_of(kind, FAILED_AGAIN, *kind.nothing)
    assert isinstance(outcome, Retry)
    assert outcome.new_generation


@every_kind
def test_a_first_error_behind_which_nothing_is_keeps_its_key(kind: Kind) -> None:
    outcome, _ = came_of(kind, FAILED, *kind.nothing)
    assert isinstance(outcome, Retry)
    assert not outcome.new_generation


@every_kind
def test_an_old_key_is_looked_for_before_anything_is_sent(kind: Kind) -> None:
    found, methods = came_of(kind, listing(kind.made), looks_first=True)
    assert is_made(found, kind)
    assert methods == ["GET"]
    sent, methods = came_of(kind, *kind.nothing, Reply(200, kind.made), looks_first=True)
    assert is_made(sent, kind)
    assert methods[-1] == "POST"


@every_kind
def test_an_old_key_whose_look_up_is_not_whole_is_unknown_and_nothing_is_sent(kind: Kind) -> None:
    outcome, methods = came_of(kind, listing(more=True), looks_first=True)
    assert isinstance(outcome, Unknown)
    assert "POST" not in methods


@every_kind
def test_a_key_in_use_waits_for_the_request_that_has_it(kind: Kind) -> None:
    busy = Reply(409, error("idempotency_error", "idempotency_key_in_use"))
    outcome, methods = came_of(kind, busy)
    assert isinstance(outcome, Retry)
    assert (outcome.error_class, outcome.new_generation) == (CONFLICT, False)
    assert methods == ["POST"]


@every_kind
def test_words_that_changed_while_the_answer_was_in_doubt_make_nothing_twice(kind: Kind) -> None:
    """Amounts are fixed with the operation: where nothing may change, a change is an error."""
    found, _ = came_of(kind, REUSED, listing(kind.made))
    absent, _ = came_of(kind, REUSED, *kind.nothing)
    unclear, _ = came_of(kind, REUSED, listing(more=True))
    if not kind.words_may_change:
        assert all(isinstance(outcome, Dead) for outcome in (found, absent, unclear))
        return
    assert is_made(found, kind)
    assert isinstance(absent, Retry)
    assert absent.new_generation
    assert isinstance(unclear, Retry)
    assert not unclear.new_generation
