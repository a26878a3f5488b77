"""How much a front desk may take off a price by hand, as the owner has set it.

It holds for whoever is no manager: promo codes and memberships were decided by others and are
free of it. A share is compared with the limit, an amount with the limit's share of the listed
price, also once an item has been taken off it again.
"""

from __future__ import annotations

from uuid import UUID

from bookra.engine.bookings.pricing import Discount
from bookra.engine.prices.ticket import listed
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.role import role_of
from bookra.engine.tenancy.rules import rules
from bookra.errors import NotAllowedError
from bookra.money import BPS, Money, format_minor, share


def most_off_bps(tx: Tx) -> int | None:
    """Return the most that this login may take off by hand, in basis points; None is no limit."""
    limit = rules(tx).front_desk_discount_bps
    return limit if limit < BPS and role_of(tx) == "front-desk" else None


def check_limit(tx: Tx, booking_id: UUID, code: str, discount: Discount | None) -> None:
    """Raise NotAllowedError (``discount_above_limit``) for more by hand than this login may."""
    if discount is None or discount.kind != "manual":
        return
    limit = most_off_bps(tx)
    if limit is None:
        return
    most = share(listed(tx, booking_id).minor, limit)
    above = (discount.bps or 0) > limit or (discount.amount_minor or 0) > most
    if above:
        percent = format_minor(limit, "EUR").rstrip("0").rstrip(".") or "0"
        amount = Money(most, tx.tenant.currency)
        raise NotAllowedError(
            "discount_above_limit",
            f"A front desk may take at most {percent}% off: {amount} of {code}",
            hint="Ask a manager for more; promo codes and memberships are free of this limit",
            details={"code": code, "limit_bps": limit, "limit_minor": most},
        )
