"""The delivery of an answer to a dispute: read from its row, handed in once."""

from __future__ import annotations

from bookra.engine.outbox import topics
from bookra.engine.payments import disputes
from bookra.engine.runtime import Tx
from bookra.relay.delivery import SKIPPED, Delivery, Route
from bookra.relay.events.disputes import fact_of
from bookra.relay.outcome import Delivered, Outcome
from bookra.relay.providers.stripe_disputes import DisputeAnswer, DisputeState


def answer_dispute(delivery: Delivery) -> Outcome:
    """Hand in what the business says, as it stands in the row by now."""
    payload = delivery.payload
    assert isinstance(payload, topics.AnswerDispute)
    found = delivery.ask(lambda tx: disputes.dispute_by_id(tx, payload.dispute_id))
    if found.state not in disputes.ANSWERABLE or found.answer is None or found.answered_at:
        return SKIPPED
    account, stripe = delivery.clients.stripe(delivery.item.tenant)
    # Each answer is an effect of its own: the row of the outbox names it, not the dispute.
    key = f"answer:{delivery.item.id}:{delivery.item.generation}"
    order = DisputeAnswer(found.ref, key, found.answer, found.answer_submits)
    return delivery.called(account, lambda: stripe.answer_dispute(order))


def answered(tx: Tx, payload: topics.Payload, delivered: Delivered) -> None:
    """Note that the answer is there, and what became of the dispute."""
    assert isinstance(payload, topics.AnswerDispute)
    known = delivered.facts
    if isinstance(known, DisputeState):
        disputes.settle_dispute(tx, fact_of(known))
        disputes.answered(tx, payload.dispute_id)


def refused(tx: Tx, payload: topics.Payload, why: str) -> None:
    """Note why Stripe did not take the answer, so that another can be given."""
    assert isinstance(payload, topics.AnswerDispute)
    disputes.answered(tx, payload.dispute_id, why)


ROUTES = {"dispute.answer": Route(answer_dispute, answered, refused)}
