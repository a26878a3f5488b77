"""Disputes at Stripe: read as they are now, and answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import stripe

from bookra.clock import from_epoch
from bookra.money import Money, from_stripe
from bookra.relay.outcome import Delivered, Outcome
from bookra.relay.providers.stripe_effects import carried_out
from bookra.relay.providers.stripe_errors import explained
from bookra.relay.providers.stripe_facts import Document, reference


@dataclass(frozen=True, slots=True)
class DisputeState:
    """A dispute as it is now. ``withdrawn`` is what its balance transactions have taken so far."""

    dispute_ref: str
    charge_ref: str
    amount: Money
    status: str
    reason: str
    opened_at: datetime
    due_at: datetime | None
    withdrawn: Money
    evidence: str = field(repr=False, default="")
    submissions: int = 0


@dataclass(frozen=True, slots=True)
class DisputeAnswer:
    """What is handed in; ``submit`` makes it the last word."""

    dispute_ref: str
    idempotency_key: str
    text: str = field(repr=False)
    submit: bool


class StripeDisputes:
    """The disputes of one account."""

    _client: stripe.StripeClient

    def dispute(self, dispute_ref: str) -> DisputeState:
        """Return a dispute as it is now."""
        with explained():
            return _state(self._client.v1.disputes.retrieve(dispute_ref).to_dict())

    def answer_dispute(self, answer: DisputeAnswer) -> Outcome:
        """Hand an answer in: Delivered(dispute id, DisputeState)."""

        def send() -> Delivered:
            updated = self._client.v1.disputes.update(
                answer.dispute_ref,
                {"evidence": {"uncategorized_text": answer.text}, "submit": answer.submit},
                {"idempotency_key": answer.idempotency_key},
            )
            return _delivered(_state(updated.to_dict()))

        def look() -> Delivered | None:
            found = _state(self._client.v1.disputes.retrieve(answer.dispute_ref).to_dict())
            there = found.evidence == answer.text and (found.submissions > 0 or not answer.submit)
            return _delivered(found) if there else None

        return carried_out(send, look, looks_when_refused=True)


def _delivered(state: DisputeState) -> Delivered:
    return Delivered(state.dispute_ref, state)


def _state(document: Document) -> DisputeState:
    currency = str(document["currency"])
    details = document.get("evidence_details") or {}
    due = details.get("due_by")
    moved = sum(int(part["amount"]) for part in document["balance_transactions"])
    return DisputeState(
        str(document["id"]),
        reference(document["charge"]),
        from_stripe(int(document["amount"]), currency),
        str(document["status"]),
        str(document.get("reason") or ""),
        from_epoch(document["created"]),
        None if due is None else from_epoch(due),
        from_stripe(-moved, currency),
        str((document.get("evidence") or {}).get("uncategorized_text") or ""),
        int(details.get("submission_count") or 0),
    )
