"""Disputes: what the customer's bank says, what it takes, and what the business answers.

The bank's money moves by balance transactions [G]; a dispute that is lost makes an entry of its
own, since nothing moves then. States only go forward, whichever event comes late. Locks the
booking or the order before anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.bookings.history import note
from bookra.engine.ledger.rules import stripe
from bookra.engine.ledger.store import post
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import AnswerDispute
from bookra.engine.payments.operations import stripe_account
from bookra.engine.payments.refund_settling import CHARGE
from bookra.engine.payments.sold import Sold, locked_by_id
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError, NotFoundError
from bookra.ids import new_id
from bookra.money import Money

RANKS = {
    "warning_needs_response": 0,
    "warning_under_review": 1,
    "needs_response": 2,
    "under_review": 3,
    "warning_closed": 4,
    "prevented": 4,
    "lost": 4,
    "appeal_needs_response": 5,
    "appeal_under_review": 6,
    "won": 7,
}
"""Stripe's states in the order in which a dispute can take them; an appeal follows a loss."""

ANSWERABLE = frozenset({"warning_needs_response", "needs_response", "appeal_needs_response"})
CLOSED = frozenset({"warning_closed", "prevented", "lost", "won"})
LONGEST_ANSWER = 20_000

INSERT = text(
    """
    INSERT INTO disputes (tenant_id, id, dispute_ref, charge_id, amount_minor, currency, reason,
                          state, opened_at, evidence_due_at)
    VALUES (:tenant_id, :id, :ref, :charge_id, :amount_minor, :currency, :reason, :state,
            :opened_at, :due_at)
    ON CONFLICT (tenant_id, dispute_ref) DO NOTHING
    """
)
STATE = text(
    """
    UPDATE disputes SET state = :state, reason = COALESCE(NULLIF(:reason, ''), reason),
                        evidence_due_at = COALESCE(:due_at, evidence_due_at),
                        closed_at = :closed_at, changed_by = session_user
     WHERE tenant_id = :tenant_id AND dispute_ref = :ref
    """
)
_SELECT = """
    SELECT d.id, d.dispute_ref, d.charge_id, d.amount_minor, d.currency, d.reason, d.state,
           d.opened_at, d.evidence_due_at, d.closed_at, d.answer, d.answer_submits, d.answered_at,
           d.answer_failure, c.charge_ref, c.booking_id, COALESCE(b.code, r.code) AS subject
      FROM disputes d
      JOIN charges c ON c.tenant_id = d.tenant_id AND c.id = d.charge_id
      LEFT JOIN bookings b ON b.tenant_id = c.tenant_id AND b.id = c.booking_id
      LEFT JOIN orders r ON r.tenant_id = c.tenant_id AND r.id = c.order_id
     WHERE d.tenant_id = :tenant_id
"""
ALL = text(_SELECT + " ORDER BY d.opened_at, d.id")
BY_REF = text(_SELECT + " AND d.dispute_ref = :ref")
BY_ID = text(_SELECT + " AND d.id = :id")
OF_BOOKING = text(_SELECT + " AND c.booking_id = :booking_id ORDER BY d.opened_at, d.id")
LOSS = text(
    "SELECT t.amount_minor AS minor FROM entries e"
    "  JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id"
    " WHERE e.tenant_id = :tenant_id AND e.key = :key"
)
ANSWER = text(
    """
    UPDATE disputes SET answer = :answer, answer_submits = :submits, answered_at = NULL,
                        answer_failure = '', changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
ANSWERED = text(
    """
    UPDATE disputes SET answered_at = :now, answer_failure = :failure, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)


@dataclass(frozen=True, slots=True)
class DisputeFact:
    """A dispute as Stripe tells it now.

    ``withdrawn`` is what the bank has taken and not given back; ``due_at`` until when an answer
    is taken. A movement alone tells neither.
    """

    dispute_ref: str
    charge_ref: str
    amount: Money
    state: str
    opened_at: datetime
    reason: str = ""
    due_at: datetime | None = None
    withdrawn: Money | None = None


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute with the answer to it. ``subject`` is the code of the booking or the order."""

    id: UUID
    ref: str
    charge_ref: str
    subject: str
    booking_id: UUID | None
    amount: Money
    reason: str
    state: str
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    answer: str | None
    answer_submits: bool
    answered_at: datetime | None
    answer_failure: str

    @property
    def is_open(self) -> bool:
        """Tell whether the bank has not decided yet."""
        return self.state not in CLOSED


def settle_dispute(tx: Tx, fact: DisputeFact) -> str:
    """Settle what Stripe says of a dispute; returns its state, or why nothing was done."""
    charge = tx.row(CHARGE, charge_ref=fact.charge_ref)
    if charge is None:
        return "charge unknown"
    item = locked_by_id(tx, charge.booking_id, charge.order_id)
    known = tx.row(BY_REF, ref=fact.dispute_ref)
    if known is None:
        _open(tx, item, charge.id, fact)
    elif _follows(known.state, fact.state):
        closed_at = tx.now if fact.state in CLOSED else None
        tx.run(
            STATE,
            ref=fact.dispute_ref,
            state=fact.state,
            reason=fact.reason,
            due_at=fact.due_at,
            closed_at=closed_at,
        )
        _noted(tx, item, fact)
    elif known.state == fact.state and fact.due_at is not None and known.evidence_due_at is None:
        # A movement told of it first, and knew neither why nor until when.
        tx.run(
            STATE,
            ref=fact.dispute_ref,
            state=fact.state,
            reason=fact.reason,
            due_at=fact.due_at,
            closed_at=known.closed_at,
        )
        return "known"
    else:
        return "known"
    _post(tx, item, fact)
    return fact.state


def disputes(tx: Tx) -> list[Dispute]:
    """Return every dispute of the business, by when it was opened."""
    return [_dispute(row) for row in tx.rows(ALL)]


def disputes_of(tx: Tx, booking_id: UUID) -> list[Dispute]:
    """Return the disputes of a booking's payments."""
    return [_dispute(row) for row in tx.rows(OF_BOOKING, booking_id=booking_id)]


def dispute(tx: Tx, ref: str) -> Dispute:
    """Return one by Stripe's id; raises NotFoundError (``unknown_dispute``)."""
    row = tx.row(BY_REF, ref=ref)
    if row is None:
        raise NotFoundError(
            "unknown_dispute", f"There is no dispute '{ref}'", hint="bookra dispute list"
        )
    return _dispute(row)


def dispute_by_id(tx: Tx, dispute_id: UUID) -> Dispute:
    """Return one by our own id; raises NotFoundError (``unknown_dispute``)."""
    row = tx.row(BY_ID, id=dispute_id)
    if row is None:
        raise NotFoundError("unknown_dispute", f"There is no dispute {dispute_id}")
    return _dispute(row)


def answer(tx: Tx, ref: str, words: str, *, submit: bool) -> Dispute:
    """Keep an answer and have the relay hand it in; ``submit`` makes it the last word.

    Raises ConflictError (``illegal_state``) once nothing can be handed in, InvalidInputError
    (``bad_answer``), and what ``stripe_account`` raises. For a manager, by privilege.
    """
    found = dispute(tx, ref)
    said = words.strip()
    if not said or len(said) > LONGEST_ANSWER:
        raise InvalidInputError("bad_answer", f"An answer has 1 to {LONGEST_ANSWER} letters")
    if found.state not in ANSWERABLE:
        raise ConflictError(
            "illegal_state",
            f"{ref} is {found.state.replace('_', ' ')}: nothing can be handed in",
            hint=f"Look at it: bookra dispute show {ref}",
            details={"dispute": ref, "state": found.state},
        )
    stripe_account(tx)
    tx.run(ANSWER, id=found.id, answer=said, submits=submit)
    emit(tx, AnswerDispute(found.booking_id, found.id))
    tx.concerns("dispute", found.id)
    return dispute(tx, ref)


def answered(tx: Tx, dispute_id: UUID, failure: str = "") -> None:
    """Note that an answer was handed in, or why Stripe did not take it."""
    tx.run(ANSWERED, id=dispute_id, now=None if failure else tx.now, failure=failure)
    tx.concerns("dispute", dispute_id)


def _follows(state: str, wanted: str) -> bool:
    if state.startswith("appeal") and wanted == "lost":
        return True
    return RANKS.get(wanted, 2) > RANKS.get(state, 2)


def _open(tx: Tx, item: Sold, charge_id: UUID, fact: DisputeFact) -> None:
    dispute_id = new_id()
    tx.run(
        INSERT,
        id=dispute_id,
        ref=fact.dispute_ref,
        charge_id=charge_id,
        amount_minor=fact.amount.minor,
        currency=fact.amount.currency,
        reason=fact.reason,
        state=fact.state,
        opened_at=fact.opened_at,
        due_at=fact.due_at,
    )
    tx.concerns("dispute", dispute_id)
    _noted(tx, item, fact)


def _noted(tx: Tx, item: Sold, fact: DisputeFact) -> None:
    if item.booking is not None:
        note(tx, item.id, "dispute", dispute=fact.dispute_ref, state=fact.state)


def _post(tx: Tx, item: Sold, fact: DisputeFact) -> None:
    """Post a loss [G], once; one that an appeal wins back is taken back."""
    key = f"dispute-lost:{fact.dispute_ref}"
    taken = fact.amount if fact.withdrawn is None else fact.withdrawn
    if fact.state == "lost" and taken.minor > 0:
        post(tx, stripe.dispute_lost(item.fact(tx, key), taken.minor))
    if fact.state == "won" and (lost := tx.row(LOSS, key=key)) is not None:
        regained = item.fact(tx, f"dispute-regained:{fact.dispute_ref}")
        post(tx, stripe.dispute_lost(regained, -lost.minor))


def _dispute(row: Row[Any]) -> Dispute:
    return Dispute(
        row.id,
        row.dispute_ref,
        row.charge_ref,
        row.subject,
        row.booking_id,
        Money(row.amount_minor, row.currency),
        row.reason,
        row.state,
        row.opened_at,
        row.evidence_due_at,
        row.closed_at,
        row.answer,
        row.answer_submits,
        row.answered_at,
        row.answer_failure,
    )
