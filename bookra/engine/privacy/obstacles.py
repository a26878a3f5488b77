"""What stands against erasing a customer: visits to come, money that is open, bought value.

Some of it nobody may wave away: a visit that is to take place, a payment or an effect on its way, a
membership that goes on being billed. What is owed or still to be used is given up by who insists.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from bookra.engine.ledger import chart
from bookra.engine.ledger.store import PAID
from bookra.engine.privacy.inventory import BOOKINGS, CHARGES, OF_SALES, ORDERS
from bookra.engine.runtime import Tx


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One kind of thing in the way: ``codes`` name some of it; ``yields`` to who insists."""

    what: str
    count: int
    codes: tuple[str, ...]
    yields: bool
    hint: str


MOST_CODES = 10

# A hold for a waitlist's offer goes with the wish, which is withdrawn.
TO_COME = text(
    """
    SELECT b.code FROM bookings b
     WHERE b.tenant_id = :tenant_id AND b.customer_id = :customer_id
       AND (b.status IN ('confirmed', 'checked_in', 'in_service', 'displaced')
            OR b.status = 'held' AND b.hold_expires_at > :now
               AND NOT EXISTS (SELECT FROM wish_offers o
                                WHERE o.tenant_id = b.tenant_id AND o.booking_id = b.id))
     ORDER BY b.starts_at
    """
)
ON_THEIR_WAY = text(
    f"""
    SELECT DISTINCT t.topic AS code FROM outbox t
     WHERE t.tenant_id = :tenant_id AND t.destination IN ('stripe', 'local')
       AND (t.booking_id IN {BOOKINGS}
            OR t.payload ->> 'order_id' IN (SELECT CAST(id AS text) FROM orders
                WHERE tenant_id = :tenant_id AND customer_id = :customer_id))
     ORDER BY 1
    """  # noqa: S608 - constants
)
ASKED = text(
    f"""
    SELECT DISTINCT t.kind AS code FROM operations t
     WHERE t.tenant_id = :tenant_id AND t.state IN ('new', 'open')
       AND (t.customer_id = :customer_id OR {OF_SALES})
     ORDER BY 1
    """  # noqa: S608 - constants
)
DISPUTED = text(
    f"""
    SELECT t.dispute_ref AS code FROM disputes t
     WHERE t.tenant_id = :tenant_id AND t.closed_at IS NULL AND t.charge_id IN {CHARGES}
     ORDER BY t.opened_at
    """  # noqa: S608 - constants
)
MEMBER = text(
    """
    SELECT code FROM memberships
     WHERE tenant_id = :tenant_id AND customer_id = :customer_id
       AND state IN ('pending', 'active', 'past-due')
     ORDER BY created_at
    """
)
OWING = text(
    f"""
    SELECT b.code FROM bookings b
     WHERE b.tenant_id = :tenant_id AND b.customer_id = :customer_id AND b.status = 'completed'
       AND (SELECT COALESCE(sum(l.net_minor + l.tax_minor), 0) FROM booking_lines l
             WHERE l.tenant_id = b.tenant_id AND l.booking_id = b.id)
         + (SELECT COALESCE(sum(i.net_minor + i.tax_minor), 0) FROM booking_items i
             WHERE i.tenant_id = b.tenant_id AND i.booking_id = b.id)
         > {PAID}
     UNION ALL
    SELECT o.code FROM orders o
     WHERE o.tenant_id = :tenant_id AND o.customer_id = :customer_id AND o.state = 'open'
    """  # noqa: S608 - constants
)
OWED = text(
    f"""
    SELECT COALESCE(b.code, o.code) AS code
      FROM entries e
      JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
      JOIN accounts d ON d.tenant_id = t.tenant_id AND d.id = t.debit_account_id
      JOIN accounts c ON c.tenant_id = t.tenant_id AND c.id = t.credit_account_id
      LEFT JOIN bookings b ON b.tenant_id = e.tenant_id AND b.id = e.booking_id
      LEFT JOIN orders o ON o.tenant_id = e.tenant_id AND o.id = e.order_id
     WHERE e.tenant_id = :tenant_id AND (e.booking_id IN {BOOKINGS} OR e.order_id IN {ORDERS})
     GROUP BY 1
    HAVING sum(CASE WHEN c.code = ANY(:owed) THEN t.amount_minor ELSE 0 END
             - CASE WHEN d.code = ANY(:owed) THEN t.amount_minor ELSE 0 END) <> 0
     ORDER BY 1
    """  # noqa: S608 - constants
)
VALUE = text(
    """
    SELECT code FROM gift_cards
     WHERE tenant_id = :tenant_id AND customer_id = :customer_id
       AND state IN ('pending', 'active') AND balance_minor > 0
     UNION ALL
    SELECT code FROM packages
     WHERE tenant_id = :tenant_id AND customer_id = :customer_id
       AND state IN ('pending', 'active') AND used < visits
    """
)
OWED_BY_US = (chart.DEPOSITS, chart.REFUNDS_OWED)

KINDS = (
    ("visits to come", TO_COME, False, "Cancel or finish them: bookra booking cancel CODE"),
    ("effects on their way", ON_THEIR_WAY, False, "Let the relay do them: bookra relay drain"),
    ("payments asked for", ASKED, False, "Wait, or cancel what they are for"),
    ("open disputes", DISPUTED, False, "Wait until Stripe has decided: bookra dispute list"),
    ("memberships", MEMBER, False, "Cancel them: bookra membership cancel CODE"),
    ("unpaid", OWING, True, "Take the payment: bookra pay CODE"),
    ("money of theirs", OWED, True, "Give it back: bookra refund CODE"),
    ("value not used", VALUE, True, "Let it be used, or give it back: bookra refund CODE"),
)


def obstacles(tx: Tx, customer_id: UUID) -> list[Obstacle]:
    """Return what stands against erasing a customer, the firm things first; one read each."""
    found = []
    for what, statement, yields, hint in KINDS:
        binds = {"customer_id": customer_id, "now": tx.now, "owed": list(OWED_BY_US)}
        used = {name: binds[name] for name in binds if f":{name}" in statement.text}
        codes = [row.code for row in tx.rows(statement, **used)]
        if codes:
            found.append(Obstacle(what, len(codes), tuple(codes[:MOST_CODES]), yields, hint))
    return found
