"""Refunds that Stripe tells of by event or by their money: ours, failed ones, the dashboard's."""

from __future__ import annotations

from bookra.engine.payments import refund_settling
from bookra.engine.payments.refund_settling import RefundFact
from bookra.engine.runtime import Tx
from bookra.relay.events.handler import Handler
from bookra.relay.providers.stripe_facts import Movement, RefundMade

KINDS = ("refund.created", "refund.updated", "refund.failed")


def settled(tx: Tx, made: RefundMade) -> str:
    """Settle what a refund says now; returns what was decided."""
    return refund_settling.settle_refund(tx, fact_of(made))


def fact_of(made: RefundMade, operation_id: str = "") -> RefundFact:
    """Return what Stripe says of a refund; ``operation_id`` where it is known without its mark."""
    return RefundFact(
        made.refund_id,
        made.charge_ref,
        operation_id or made.operation_id,
        made.amount,
        made.status,
        made.moved,
        made.failure,
    )


def settle_refund(tx: Tx, movement: Movement) -> None:
    """Settle the refund behind a movement, in case its event is late or lost."""
    refund_settling.settle_refund(tx, _fact(movement, "succeeded"))


def settle_failure(tx: Tx, movement: Movement) -> None:
    """Settle the failure behind money that came back."""
    refund_settling.settle_refund(tx, _fact(movement, "failed"))


def _fact(movement: Movement, status: str) -> RefundFact:
    amount = movement.amount if movement.amount.minor > 0 else -movement.amount
    return RefundFact(
        movement.source_ref,
        movement.charge_ref,
        movement.operation_id,
        amount,
        status,
        moved=True,
        failure="" if status == "succeeded" else "the money came back",
    )


HANDLER = Handler(lambda stripe, refund: stripe.refund_now(refund), settled)
