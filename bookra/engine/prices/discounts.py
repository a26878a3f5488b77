"""A booking's discount: one at a time, by hand, by promo code, or as a member. Locks the booking.

Setting one takes the place of the one before; taking it away gives a promo code's use back. Every
change is written into the booking's history, with who made it.
"""

from __future__ import annotations

from sqlalchemy import text

from bookra import clock
from bookra.engine.bookings.history import note
from bookra.engine.bookings.model import Booking
from bookra.engine.bookings.pricing import Discount
from bookra.engine.bookings.promo_uses import Limits, give_back_use, take_use
from bookra.engine.catalog.promos import Promo, find_promo
from bookra.engine.prices.limits import check_limit
from bookra.engine.prices.ticket import listed, locked_open, reprice
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError
from bookra.ids import MAX_NAME
from bookra.money import BPS, Money, format_minor

SET = text(
    """
    UPDATE bookings SET discount_kind = :kind, discount_bps = :bps, discount_minor = :minor,
                        promo_id = :promo_id, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)


def discount_by_hand(
    tx: Tx, code: str, *, bps: int | None = None, amount: Money | None = None, reason: str = ""
) -> Booking:
    """Take a share or an amount off a booking; ``reason`` is kept in its history.

    Raises InvalidInputError ``bad_percent``, ``bad_amount``; ConflictError
    ``already_recognised``, ``illegal_state``, ``over_discounted``; NotAllowedError
    ``discount_above_limit`` for more than a front desk may.
    """
    if (bps is None) == (amount is None):
        raise InvalidInputError("bad_discount", "A discount is a percentage or an amount")
    if bps is not None and not 1 <= bps <= BPS:
        raise InvalidInputError("bad_percent", "A discount is more than 0 and at most 100 percent")
    if amount is not None and (amount.minor <= 0 or amount.currency != tx.tenant.currency):
        raise InvalidInputError("bad_amount", f"{amount} is not an amount to take off")
    if len(reason) > MAX_NAME:
        raise InvalidInputError("bad_reason", f"A reason has at most {MAX_NAME} letters")
    booking = locked_open(tx, code)
    discount = Discount("manual", bps, amount.minor if amount else None)
    check_limit(tx, booking.id, booking.code, discount)
    return _apply(tx, booking, discount, reason=reason.strip() or "by hand")


def discount_by_promo(tx: Tx, code: str, promo_code: str) -> Booking:
    """Use a promo code for a booking: it takes a numbered use, within the code's limits.

    Raises NotFoundError ``unknown_promo``; ConflictError ``promo_not_now``, ``promo_not_for_this``,
    ``promo_used_up``, and what ``discount_by_hand`` raises.
    """
    booking, promo = locked_open(tx, code), find_promo(tx, promo_code)
    if booking.discount is not None and booking.discount.promo == promo.code:
        return booking
    _check_promo(tx, booking, promo)
    assert promo.id is not None
    give_back_use(tx, booking.id)
    limits = Limits(promo.id, promo.max_uses, promo.max_uses_per_customer)
    refused = take_use(tx, limits, booking.customer_id, booking.id)
    if refused is not None:
        raise _used_up(promo, refused)
    discount = Discount(
        "promo",
        promo.percent_bps,
        promo.amount.minor if promo.amount else None,
        promo.service_id,
        promo.code,
    )
    return _apply(tx, booking, discount, reason="promo", promo=promo)


def no_discount(tx: Tx, code: str) -> Booking:
    """Take a booking's discount away; a promo code's use goes back. Without one: no change."""
    booking = locked_open(tx, code)
    return booking if booking.discount is None else _apply(tx, booking, None, reason="none")


def _apply(
    tx: Tx, booking: Booking, discount: Discount | None, *, reason: str, promo: Promo | None = None
) -> Booking:
    if promo is None:
        give_back_use(tx, booking.id)
    tx.run(
        SET,
        id=booking.id,
        kind=discount.kind if discount else None,
        bps=discount.bps if discount else None,
        minor=discount.amount_minor if discount else None,
        promo_id=promo.id if promo else None,
    )
    priced = reprice(tx, booking)
    bps = discount.bps if discount else None
    note(
        tx,
        booking.id,
        "discount",
        reason=reason,
        promo=promo.code if promo else None,
        percent=None if bps is None else format_minor(bps, "EUR"),
        off=priced.off,
        price=priced.price,
    )
    return priced


def _check_promo(tx: Tx, booking: Booking, promo: Promo) -> None:
    today = clock.local_day(tx.now, tx.tenant.zone)
    early = promo.starts_on is not None and today < promo.starts_on
    late = promo.ends_on is not None and today > promo.ends_on
    if not promo.active or early or late:
        when = f"is valid from {promo.starts_on}" if early else "is not valid any more"
        raise ConflictError(
            "promo_not_now", f"The promo code {promo.code} {when}", details={"promo": promo.code}
        )
    if promo.service_id not in {None, *(line.service_id for line in booking.lines)}:
        raise ConflictError(
            "promo_not_for_this",
            f"The promo code {promo.code} is for '{promo.service}'",
            details={"promo": promo.code, "service": promo.service},
        )
    if promo.least_total and listed(tx, booking.id).minor < promo.least_total.minor:
        raise ConflictError(
            "promo_not_for_this",
            f"The promo code {promo.code} is for {promo.least_total} or more",
            details={"promo": promo.code},
        )


def _used_up(promo: Promo, refused: str) -> ConflictError:
    if refused == "customer":
        times = "once" if promo.max_uses_per_customer == 1 else f"{promo.max_uses_per_customer}×"
        message = f"The customer has used the promo code {promo.code} already: it works {times}"
    else:
        message = f"The promo code {promo.code} is used up: it was for {promo.max_uses}"
    return ConflictError("promo_used_up", message, details={"promo": promo.code, "limit": refused})
