"""Cash that leaves the drawer again: never more than an open one should hold.

A drawer that nobody has opened bounds nothing: what lies in it is not known here, and opening it
says. A visit can be cancelled whatever the drawer holds; its money is owed, not the drawer's.
"""

from __future__ import annotations

from sqlalchemy import text

from bookra.engine.ledger import chart
from bookra.engine.ledger.reading import balances
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, NotFoundError
from bookra.money import Money

LOCK_OPEN = text(
    "SELECT id FROM drawer_sessions WHERE tenant_id = :tenant_id AND closed_at IS NULL FOR UPDATE"
)


def check_covered(tx: Tx, taken: Money) -> None:
    """Refuse cash that was just posted as taken out, if an open drawer did not hold so much.

    Locks the open session, so that two who pay out at once see each other. Raises ConflictError
    (``over_drawer``); the caller's transaction takes the posting back.
    """
    if not taken or tx.row(LOCK_OPEN) is None:
        return
    left = expected(tx)
    if left < 0:
        held = taken + Money(left, taken.currency)
        raise ConflictError(
            "over_drawer",
            f"The drawer holds {held}, less than {taken}",
            hint="Put money in: bookra drawer move --in A --reason Change; or count it: "
            "bookra drawer count A",
            details={"held_minor": held.minor, "wanted_minor": taken.minor},
        )


def expected(tx: Tx) -> int:
    """Return what the ledger holds as cash, in the business's currency."""
    try:
        found = balances(tx, chart.DRAWER)
    except NotFoundError:  # no cash was ever taken
        return 0
    return sum(each.balance.minor for each in found if each.balance.currency == tx.tenant.currency)
