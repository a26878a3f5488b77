"""Reverses an entry by hand: the one correction there is, for what a person posted by mistake.

Only what no other record leans on: petty cash, money brought to or from the bank, what the bank's
statement showed. Everything else has a command of its own that undoes it whole, with what follows
from it: refunds, credit notes, clawbacks.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from bookra.engine.ledger.entry import Draft, Posting
from bookra.engine.ledger.reading import entry_named
from bookra.engine.ledger.store import post
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError

ENTRY = text(
    """
    SELECT e.id, e.kind, e.booking_id, e.order_id, p.currency, a.code, p.amount_minor,
           p.booking_line_id, p.item_id
      FROM entries e
      JOIN postings p ON p.tenant_id = e.tenant_id AND p.entry_id = e.id
      JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
     WHERE e.tenant_id = :tenant_id AND e.id = :id
     ORDER BY p.line, p.amount_minor DESC
    """
)
IS_MANAGER = text("SELECT pg_has_role(session_user, 'bookra_manager', 'MEMBER') AS yes")
UNMATCH_PAYOUT = text(
    """
    UPDATE stripe_payouts SET received_entry_id = NULL, changed_by = session_user
     WHERE tenant_id = :tenant_id AND received_entry_id = :entry_id
    """
)

BY_HAND = frozenset({"drawer_bank", "petty_cash", "terminal_received", "payout_received"})
"""Kinds of entries that may be reversed by hand."""

SALES = "bookra refund CODE"
INSTEAD = {
    "card_payment": SALES,
    "cash_payment": SALES,
    "terminal_payment": SALES,
    "gift_card_payment": SALES,
    "package_redemption": SALES,
    "fee_payment": SALES,
    "sale": SALES,
    "deposit_kept": SALES,
    "revenue_kept": SALES,
    "drawer_difference": "bookra drawer count",
    "commission": "bookra refund CODE, which claws it back",
    "clawback": "bookra commission statement",
    "pay_run": "bookra payout show",
    "reversal": "do again what was reversed",
}
"""What undoes an entry that may not be reversed by hand."""


def reverse(tx: Tx, name: str, reason: str) -> UUID:
    """Post the exact reverse of an entry, named by its id or the beginning of it; returns its id.

    Raises NotFoundError (``unknown_entry``), NotAllowedError (``managers_only``), InvalidInputError
    (``no_reason``) and ConflictError (``not_by_hand``, ``already_reversed``). The reason is kept
    in the ledger for good: it names nobody.
    """
    if not reason.strip():
        raise InvalidInputError("no_reason", "A reversal needs a reason", hint="--reason 'Typed …'")
    _managers_only(tx)
    entry_id = entry_named(tx, name)
    rows = tx.rows(ENTRY, id=entry_id) if entry_id else ()
    if not rows:
        raise NotFoundError(
            "unknown_entry",
            f"There is no entry '{name}', or more than one begins so",
            hint="List them with their ids: bookra ledger entries --json",
        )
    first = rows[0]
    if first.kind not in BY_HAND:
        raise _not_by_hand(first.kind)
    draft = Draft(
        f"reverse:{first.id}",
        "reversal",
        tx.now,
        first.currency,
        tuple(
            Posting(row.code, -row.amount_minor, row.booking_line_id, row.item_id) for row in rows
        ),
        first.booking_id,
        first.id,
        reason.strip(),
        first.order_id,
    )
    reversal_id, fresh = post(tx, draft)
    if not fresh:
        raise ConflictError(
            "already_reversed",
            f"Entry {first.id} is reversed already",
            hint=f"See it: bookra explain {reversal_id}",
        )
    tx.run(UNMATCH_PAYOUT, entry_id=first.id)
    return reversal_id


def _managers_only(tx: Tx) -> None:
    row = tx.row(IS_MANAGER)
    if row is None or not row.yes:
        raise NotAllowedError(
            "managers_only",
            "Only a manager reverses entries",
            hint="Ask a manager, or use a manager's login",
        )


def _not_by_hand(kind: str) -> ConflictError:
    if kind.startswith("stripe_"):
        hint = "What Stripe moved stands: bookra reconcile stripe"
    else:
        hint = f"Undo it where it was done: {INSTEAD.get(kind, 'bookra --help')}"
    return ConflictError(
        "not_by_hand",
        f"An entry of the kind {kind} is not reversed by hand: other records lean on it",
        hint=hint,
        details={"kind": kind},
    )
