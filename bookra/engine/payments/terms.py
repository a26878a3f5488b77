"""The policy on a payment page: which one a booking falls under, and that paying accepts it.

A page shows what was in force when it was asked for. Stripe asks for a box to be ticked only where
the account names a page of terms of its own, so the text stands above the button instead.
"""

from __future__ import annotations

from sqlalchemy import text

from bookra.engine.bookings.model import Booking
from bookra.engine.prices import policies
from bookra.engine.runtime import Tx

SHOWN_MOST = 1100
"""Stripe shows 1,200 characters; a longer text is cut off, and paying does not accept it."""

PLACE_UNDER = text(
    """
    UPDATE bookings SET policy_id = :policy_id, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND policy_id IS NULL
    """
)
ACCEPT = text(
    """
    UPDATE bookings SET policy_accepted_at = :now, policy_accepted_via = 'checkout',
                        changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND policy_accepted_at IS NULL
    """
)


def place_under_terms(tx: Tx, booking: Booking) -> None:
    """Let a booking that falls under no policy yet fall under the one in force now."""
    if booking.policy_id is None and (policy := policies.current(tx)) is not None:
        tx.run(PLACE_UNDER, id=booking.id, policy_id=policy.id)


def accept_terms(tx: Tx, booking: Booking) -> None:
    """Note that whoever paid on a page accepted the policy that it showed, all of it."""
    policy = policies.of(tx, booking)
    if policy is not None and len(policy.body.strip()) <= SHOWN_MOST:
        tx.run(ACCEPT, id=booking.id, now=tx.now)


def shown_terms(tx: Tx, booking: Booking) -> str:
    """Return what a page says of the policy; empty when there is none."""
    policy = policies.of(tx, booking)
    if policy is None:
        return ""
    body = policy.body.strip()
    cut = body if len(body) <= SHOWN_MOST else body[: SHOWN_MOST - 1] + "…"
    return f"By paying you accept our policy: {cut}"
