"""The business's policy, by version: set, shown, and the one that a booking was made under.

A version never changes: a booking names the one that was in force when it was made.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, text

from bookra.engine.bookings.model import Booking
from bookra.engine.prices.policy import LONGEST_BODY, Fee, Policy, fee
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError, NotFoundError
from bookra.ids import new_id

__all__ = ["accepted_ways", "current", "fee", "of", "set_policy", "version"]

accepted_ways = ("counter", "phone")
"""How a customer may have accepted a policy that somebody else writes down."""

SELECT = """
    SELECT id, version, body, cancel_window_minutes, late_cancel_bps, late_cancel_minor,
           no_show_bps, no_show_minor, effective_at
      FROM policies WHERE tenant_id = :tenant_id
"""
CURRENT = text(SELECT + " AND effective_at <= :now ORDER BY version DESC LIMIT 1")
BY_ID = text(SELECT + " AND id = :id")
BY_VERSION = text(SELECT + " AND version = :version")
# The business's row orders those who set a policy at one moment: each gets a version of its own.
TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(:turn, 0))")
INSERT = text(
    """
    INSERT INTO policies (tenant_id, id, version, body, cancel_window_minutes, late_cancel_bps,
                          late_cancel_minor, no_show_bps, no_show_minor, effective_at)
    VALUES (:tenant_id, :id, :version, :body, :window, :late_bps, :late_minor, :no_show_bps,
            :no_show_minor, :now)
    """
)


def current(tx: Tx) -> Policy | None:
    """Return the policy in force now; None when the business has none."""
    row = tx.row(CURRENT, now=tx.now)
    return None if row is None else _policy(row)


def of(tx: Tx, booking: Booking) -> Policy | None:
    """Return the policy that a booking was made under; None for none."""
    row = None if booking.policy_id is None else tx.row(BY_ID, id=booking.policy_id)
    return None if row is None else _policy(row)


def version(tx: Tx, number: int | None = None) -> Policy:
    """Return a version, or the one in force; raises NotFoundError (``unknown_policy``)."""
    if number is None:
        found = current(tx)
    else:
        row = tx.row(BY_VERSION, version=number)
        found = None if row is None else _policy(row)
    if found is None:
        raise NotFoundError(
            "unknown_policy",
            "There is no policy yet" if number is None else f"There is no version {number}",
            hint="Set one: bookra tenant policy set --help",
        )
    return found


def set_policy(
    tx: Tx, body: str, window_minutes: int, late_cancel: Fee | None, no_show: Fee | None
) -> Policy:
    """Put a new version in force, for bookings from now on. The same again changes nothing."""
    text_ = body.strip()
    if not text_ or len(text_) > LONGEST_BODY:
        raise InvalidInputError("bad_text", f"A policy has 1 to {LONGEST_BODY} letters")
    tx.row(TURN, turn=f"policy:{tx.tenant.id}")
    before = current(tx)
    wanted = (text_, window_minutes, late_cancel, no_show)
    if before is not None and wanted == _said(before):
        return before
    number = before.version + 1 if before else 1
    late, absent = late_cancel or Fee(), no_show or Fee()
    policy_id = new_id()
    tx.run(
        INSERT,
        id=policy_id,
        version=number,
        body=text_,
        window=window_minutes,
        late_bps=late.bps,
        late_minor=late.minor,
        no_show_bps=absent.bps,
        no_show_minor=absent.minor,
        now=tx.now,
    )
    tx.concerns("policy", policy_id)
    return version(tx, number)


def _said(policy: Policy) -> tuple[str, int, Fee | None, Fee | None]:
    return policy.body, policy.cancel_window_minutes, policy.late_cancel, policy.no_show


def _policy(row: Row[Any]) -> Policy:
    return Policy(
        row.id,
        row.version,
        row.body,
        row.cancel_window_minutes,
        _fee(row.late_cancel_bps, row.late_cancel_minor),
        _fee(row.no_show_bps, row.no_show_minor),
        row.effective_at,
    )


def _fee(bps: int | None, minor: int | None) -> Fee | None:
    return None if bps is None and minor is None else Fee(bps, minor)
