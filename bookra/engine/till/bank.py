"""What the bank's statement shows: a payout of Stripe's, or what the card terminal's acquirer paid.

Each line of a statement is matched once. Locks the payout's row.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text

from bookra.clock import from_epoch, local_day, opening
from bookra.engine.ledger import chart
from bookra.engine.ledger.reading import balances
from bookra.engine.ledger.rules.sales import Fact
from bookra.engine.ledger.rules.stripe import payout_received
from bookra.engine.ledger.rules.till import terminal_received
from bookra.engine.ledger.store import post
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError, NotFoundError
from bookra.ids import new_id
from bookra.money import Money

PAYOUT = text(
    """
    SELECT id, payout_ref, amount_minor, rtrim(currency) AS currency, state, received_entry_id
      FROM stripe_payouts WHERE tenant_id = :tenant_id AND payout_ref = :ref FOR UPDATE
    """
)
RECEIVED = text(
    """
    UPDATE stripe_payouts SET received_entry_id = :entry_id, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
REVERSED = text(
    """
    SELECT count(*) AS times FROM entries e
      JOIN entries r ON r.tenant_id = e.tenant_id AND r.reverses = e.id
     WHERE e.tenant_id = :tenant_id
       AND (e.key = :key OR starts_with(e.key, CAST(:key AS text) || '#'))
    """
)

ON_ITS_WAY = frozenset({"pending", "in_transit", "paid"})


def receive_payout(tx: Tx, ref: str, on: date | None = None) -> UUID:
    """Match a payout of Stripe's with its line on the statement [I]; returns the entry.

    Raises NotFoundError (``unknown_payout``) and ConflictError (``already_received``,
    ``payout_failed``).
    """
    row = tx.row(PAYOUT, ref=ref)
    if row is None:
        raise NotFoundError(
            "unknown_payout",
            f"No payout '{ref}' of Stripe's is known",
            hint="If it is new, let the relay catch up: bookra relay drain",
        )
    if row.received_entry_id is not None:
        raise ConflictError(
            "already_received",
            f"{ref} was matched with the bank's statement already",
            hint=f"See it: bookra explain {row.received_entry_id}",
        )
    if row.state not in ON_ITS_WAY:
        raise ConflictError("payout_failed", f"{ref} has {row.state}: it never reached the bank")
    key = _key(tx, f"payout-received:{ref}")
    fact = Fact(key, _effective(tx, on), row.currency, memo=ref)
    entry_id, _ = post(tx, payout_received(fact, row.amount_minor))
    tx.run(RECEIVED, id=row.id, entry_id=entry_id)
    return entry_id


def receive_terminal(
    tx: Tx,
    amount: Money,
    fee: Money | None = None,
    on: date | None = None,
    reference: str | None = None,
) -> UUID:
    """Match what the terminal's acquirer paid: ``amount`` of sales, less its ``fee``.

    ``reference`` is the statement's own, and makes the line count once. Raises InvalidInputError
    (``bad_amount``) and ConflictError (``over_terminal``, ``already_received``).
    """
    kept = fee or Money(0, amount.currency)
    currencies = {amount.currency, kept.currency}
    if currencies != {tx.tenant.currency} or not 0 <= kept.minor < amount.minor:
        raise InvalidInputError("bad_amount", f"{amount} less a fee of {kept} is no receipt")
    owed = _owed(tx)
    if amount.minor > owed.minor:
        raise ConflictError(
            "over_terminal",
            f"The terminal owes {owed}, less than {amount}",
            hint="See what was taken: bookra ledger entries --account assets:card-terminal",
        )
    key = _key(tx, f"terminal-received:{reference or new_id()}")
    fact = Fact(key, _effective(tx, on), amount.currency, memo=reference or "")
    entry_id, fresh = post(tx, terminal_received(fact, amount.minor, kept.minor))
    if not fresh:
        raise ConflictError(
            "already_received", f"A line '{reference}' was matched already: entry {entry_id}"
        )
    return entry_id


def _key(tx: Tx, key: str) -> str:
    """Return a key that posts a line once, and once more after each time that it was reversed."""
    times = tx.rows(REVERSED, key=key)[0].times
    return f"{key}#{times + 1}" if times else key


def _owed(tx: Tx) -> Money:
    try:
        found = balances(tx, chart.TERMINAL)
    except NotFoundError:  # nothing was ever taken by terminal
        return Money(0, tx.tenant.currency)
    own = [each.balance for each in found if each.balance.currency == tx.tenant.currency]
    return own[0] if own else Money(0, tx.tenant.currency)


def _effective(tx: Tx, on: date | None) -> datetime:
    """Return when a statement's line took effect: the beginning of its day, or now."""
    if on is None:
        return tx.now
    if on > local_day(tx.now, tx.tenant.zone):
        raise InvalidInputError("bad_date", f"{on} is in the future: the bank can't have paid")
    return from_epoch(opening(on, 0, tx.tenant.zone))
