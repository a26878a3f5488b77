"""The cash drawer: opened with a float, moved, counted, closed.

Cash needs no opened drawer. What it should hold is the balance of ``assets:cash:drawer``, so cash
payments, refunds and pay in cash count without being told here. A difference is posted when it is
found, and what is not left in the drawer at closing goes to the bank. Locks the open session.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.ledger.entry import Draft
from bookra.engine.ledger.rules import till
from bookra.engine.ledger.rules.sales import Fact
from bookra.engine.ledger.store import post
from bookra.engine.payments.drawer_cash import expected
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError, NotFoundError
from bookra.ids import new_id
from bookra.money import Money

COLUMNS = (
    "id, opened_at, float_minor, rtrim(currency) AS currency, closed_at, expected_minor,"
    " counted_minor, left_minor"
)
OPEN = text(
    f"SELECT {COLUMNS} FROM drawer_sessions"  # noqa: S608 - a constant
    " WHERE tenant_id = :tenant_id AND closed_at IS NULL FOR UPDATE"
)
LATEST = text(
    f"SELECT {COLUMNS} FROM drawer_sessions"  # noqa: S608 - a constant
    " WHERE tenant_id = :tenant_id ORDER BY opened_at DESC, id DESC LIMIT 1"
)
INSERT = text(
    """
    INSERT INTO drawer_sessions (tenant_id, id, opened_at, float_minor, currency)
    VALUES (:tenant_id, :id, :now, :float_minor, :currency)
    ON CONFLICT (tenant_id) WHERE closed_at IS NULL DO NOTHING
    """
)
CLOSE = text(
    """
    UPDATE drawer_sessions
       SET closed_at = :now, expected_minor = :expected_minor, counted_minor = :counted_minor,
           left_minor = :left_minor, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
INSERT_EVENT = text(
    """
    INSERT INTO drawer_events (tenant_id, id, session_id, kind, amount_minor, reason, entry_id)
    VALUES (:tenant_id, :id, :session_id, :kind, :amount_minor, :reason, :entry_id)
    """
)
EVENTS = text(
    """
    SELECT kind, amount_minor, reason, recorded_at, recorded_by, entry_id FROM drawer_events
     WHERE tenant_id = :tenant_id AND session_id = :session_id ORDER BY recorded_at, id
    """
)


@dataclass(frozen=True, slots=True)
class DrawerEvent:
    """Something done to the drawer; a count's amount is what was counted."""

    kind: str
    amount: Money
    reason: str
    recorded_at: datetime
    recorded_by: str
    entry_id: UUID | None


@dataclass(frozen=True, slots=True)
class Drawer:
    """A session of the drawer. ``expected`` is the ledger's, now or when it was closed."""

    opened_at: datetime
    opened_with: Money
    expected: Money
    closed_at: datetime | None
    counted: Money | None
    left: Money | None
    events: tuple[DrawerEvent, ...]

    @property
    def difference(self) -> Money | None:
        """Counted less expected at closing: negative is short."""
        return None if self.counted is None else self.counted - self.expected


def open_drawer(tx: Tx, cash: Money) -> Drawer:
    """Open the drawer with what lies in it. Raises ConflictError (``drawer_open``).

    Where the ledger expects less, the rest was brought from the bank. Where it expects more, the
    rest was taken there; but what lacks since the last closing, with nothing sold since, is short.
    """
    _checked(tx, cash, allow_zero=True)
    last = tx.row(LATEST)
    session_id = new_id()
    fresh = tx.run(
        INSERT, id=session_id, now=tx.now, float_minor=cash.minor, currency=cash.currency
    )
    if not fresh:
        raise ConflictError(
            "drawer_open",
            "The drawer is open already",
            hint="Look into it: bookra drawer show; or close it: bookra drawer close --counted A",
        )
    moved = cash.minor - expected(tx)
    fact = _fact(tx, f"drawer-open:{session_id}")
    untouched = last is not None and last.left_minor == expected(tx)
    entry_id = None
    if moved:
        short = moved < 0 and untouched
        entry_id = _post(tx, till.counted(fact, moved) if short else till.brought(fact, moved))
    _note(tx, session_id, "open", cash.minor, "", entry_id)
    return drawer(tx)


def move(tx: Tx, amount: Money, reason: str, *, into: bool, expense: bool = False) -> Drawer:
    """Put money in or take it out: from or to the bank, or spent (``expense``).

    Raises ConflictError (``drawer_closed``, ``over_drawer``) and InvalidInputError.
    """
    _checked(tx, amount)
    if not reason.strip():
        raise InvalidInputError("no_reason", "Say why money moves", hint="--reason 'Change'")
    if into and expense:
        raise InvalidInputError("bad_move", "An expense takes money out, not in")
    session = _opened(tx)
    if not into and amount.minor > expected(tx):
        raise ConflictError(
            "over_drawer",
            f"The drawer holds {Money(expected(tx), amount.currency)}, less than {amount}",
            hint="Count it: bookra drawer count A",
        )
    event_id = new_id()
    fact = _fact(tx, f"drawer-move:{event_id}", reason.strip())
    if expense:
        draft = till.spent(fact, amount.minor)
    else:
        draft = till.brought(fact, amount.minor if into else -amount.minor)
    entry_id = _post(tx, draft)
    _note(tx, session.id, "in" if into else "out", amount.minor, reason.strip(), entry_id)
    return drawer(tx)


def count(tx: Tx, cash: Money) -> Drawer:
    """Note what was counted, and post the difference to what the ledger expects [K]."""
    _checked(tx, cash, allow_zero=True)
    session = _opened(tx)
    entry_id = _settle(tx, cash.minor, f"drawer-count:{new_id()}")
    _note(tx, session.id, "count", cash.minor, "", entry_id)
    return drawer(tx)


def close(tx: Tx, cash: Money, left: Money | None = None) -> Drawer:
    """Close the drawer with what was counted; what is not ``left`` in it goes to the bank.

    Everything stays in it when ``left`` is None. Raises ConflictError (``drawer_closed``) and
    InvalidInputError for more left than counted.
    """
    _checked(tx, cash, allow_zero=True)
    kept = cash if left is None else _checked(tx, left, allow_zero=True)
    if kept.minor > cash.minor:
        raise InvalidInputError("bad_amount", f"{kept} can't be left of {cash}")
    session = _opened(tx)
    due = expected(tx)
    entry_id = _settle(tx, cash.minor, f"drawer-close:{session.id}")
    if kept.minor < cash.minor:
        fact = _fact(tx, f"drawer-bank:{session.id}")
        _post(tx, till.brought(fact, kept.minor - cash.minor))
    tx.run(
        CLOSE,
        id=session.id,
        now=tx.now,
        expected_minor=due,
        counted_minor=cash.minor,
        left_minor=kept.minor,
    )
    _note(tx, session.id, "close", cash.minor, "", entry_id)
    return drawer(tx)


def drawer(tx: Tx) -> Drawer:
    """Return the open session, or the last one; raises NotFoundError (``no_drawer``)."""
    session = tx.row(LATEST)
    if session is None:
        raise NotFoundError(
            "no_drawer",
            "The drawer was never opened",
            hint="Cash is taken without it too. Open it: bookra drawer open --float 100.00",
        )

    def money(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, session.currency)

    due = session.expected_minor if session.closed_at else expected(tx)
    return Drawer(
        session.opened_at,
        Money(session.float_minor, session.currency),
        Money(due, session.currency),
        session.closed_at,
        money(session.counted_minor),
        money(session.left_minor),
        tuple(
            DrawerEvent(
                row.kind,
                Money(row.amount_minor, session.currency),
                row.reason,
                row.recorded_at,
                row.recorded_by,
                row.entry_id,
            )
            for row in tx.rows(EVENTS, session_id=session.id)
        ),
    )


def _opened(tx: Tx) -> Row[Any]:
    session = tx.row(OPEN)
    if session is None:
        raise ConflictError(
            "drawer_closed",
            "The drawer is closed",
            hint="Open it: bookra drawer open --float 100.00",
        )
    return session


def _settle(tx: Tx, counted_minor: int, key: str) -> UUID | None:
    difference = counted_minor - expected(tx)
    return _post(tx, till.counted(_fact(tx, key), difference)) if difference else None


def _fact(tx: Tx, key: str, memo: str = "") -> Fact:
    return Fact(key, tx.now, tx.tenant.currency, memo=memo)


def _post(tx: Tx, draft: Draft) -> UUID:
    entry_id, _ = post(tx, draft)
    return entry_id


def _note(
    tx: Tx, session_id: UUID, kind: str, minor: int, reason: str, entry_id: UUID | None
) -> None:
    tx.run(
        INSERT_EVENT,
        id=new_id(),
        session_id=session_id,
        kind=kind,
        amount_minor=minor,
        reason=reason,
        entry_id=entry_id,
    )
    tx.concerns("drawer", session_id)


def _checked(tx: Tx, amount: Money, *, allow_zero: bool = False) -> Money:
    if amount.currency != tx.tenant.currency or amount.minor < (0 if allow_zero else 1):
        raise InvalidInputError(
            "bad_amount", f"{amount} is not an amount of cash in {tx.tenant.currency}"
        )
    return amount
