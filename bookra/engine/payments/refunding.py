"""Giving money back: how much, by which way, and what is reserved on the charge for it.

Cash, the terminal and gift cards are given back at once. A card's refund is a durable operation
that the relay carries out; it is reserved on the charge until then, and posted once Stripe has
accepted it (``refund_settling``). Locks the booking or the order before anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from bookra.engine.bookings.announcing import message
from bookra.engine.bookings.model import Booking
from bookra.engine.bookings.store import booking_by_id
from bookra.engine.ledger.rules import refunds, sales
from bookra.engine.ledger.rules.sales import Fact
from bookra.engine.ledger.store import post
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import RefundPayment
from bookra.engine.payments import gift_balance, sold, store
from bookra.engine.payments.drawer_cash import check_covered
from bookra.engine.payments.operations import NewOperation, Operation, begin, stripe_account
from bookra.engine.payments.purses import purse_of
from bookra.engine.payments.refund_asked import Back, checked
from bookra.engine.payments.refund_parts import Part, plan, tips_back
from bookra.engine.payments.refund_posting import Giving, post_refund
from bookra.engine.payments.sold import Sold
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError
from bookra.ids import new_id
from bookra.money import Money

FEE_TAKEN = text(
    "SELECT platform_fee_minor FROM operations"
    " WHERE tenant_id = :tenant_id AND charge_id = :charge_id AND kind <> 'refund'"
)


@dataclass(frozen=True, slots=True)
class Refunded:
    """What became of a request: by which ways how much goes back, and how much is left."""

    sold: Sold
    parts: tuple[Part, ...]
    amount: Money
    rest: Money


def refund(tx: Tx, code: str, back: Back) -> Refunded:
    """Give a booking's or an order's money back: all of it, or a part.

    Raises ConflictError ``over_refund``, ``wrong_way``, ``disputed``, ``nothing_to_refund``,
    ``whole_only``, ``stripe_not_set``, ``over_drawer``; InvalidInputError ``bad_amount``;
    NotFoundError.
    """
    return refund_locked(tx, sold.locked(tx, code), back)


def refund_locked(tx: Tx, item: Sold, back: Back) -> Refunded:
    """Give money back of a sale whose row the caller has locked; raises as ``refund``."""
    price_minor, tip_minor = checked(item, purse_of(tx, item), back)
    parts = give(tx, item, price_minor, tip_minor, to=back.to, reason=back.reason)
    cash = sum(part.amount_minor for part in parts if part.way == "cash")
    check_covered(tx, Money(cash, item.currency))
    left = purse_of(tx, item)
    return Refunded(
        item,
        tuple(parts),
        Money(price_minor + tip_minor, item.currency),
        Money(left.price_minor + left.tip_minor, item.currency),
    )


def give(
    tx: Tx,
    item: Sold,
    price_minor: int,
    tip_minor: int,
    *,
    to: str | None = None,
    reason: str = "",
) -> list[Part]:
    """Give back what the caller has found to be left of a sale that it has locked."""
    parts = plan(purse_of(tx, item).sources, price_minor, tip_minor, to)
    for part in parts:
        _give(tx, item, part, reason)
    return parts


def pay_owed(tx: Tx, code: str, to: str) -> Refunded:
    """Pay out in another way what a failed refund still owes: in cash or at the terminal.

    Raises ConflictError (``nothing_owed``, ``wrong_way``, ``over_drawer``).
    """
    item = sold.locked(tx, code)
    if to not in ("cash", "terminal"):
        raise ConflictError(
            "wrong_way",
            "What a failed refund owes is paid out in cash or at the terminal",
            hint=f"bookra refund {item.code} --owed --to cash",
        )
    minor = purse_of(tx, item).owed_minor
    if not minor:
        raise ConflictError(
            "nothing_owed",
            f"Nothing is owed back for {item.code}",
            hint=f"Look at its refunds: bookra booking show {item.code}",
        )
    post(tx, refunds.owed_paid_out(item.fact(tx, f"owed:{new_id()}"), to, minor))
    check_covered(tx, Money(minor if to == "cash" else 0, item.currency))
    nothing = Money(0, item.currency)
    return Refunded(item, (Part(to, minor, 0),), Money(minor, item.currency), nothing)


def owed(tx: Tx, booking: Booking) -> Money:
    """Return what a failed refund of a booking owes, and nobody is paying back."""
    return Money(purse_of(tx, sold.sold_of(booking)).owed_minor, booking.paid.currency)


def give_back(tx: Tx, wanted: Operation, charge_id: UUID, charge_ref: str, amount: Money) -> str:
    """Owe a whole charge back, reserve it, ask for the refund and tell the customer.

    For money that pays nothing of a booking or an order: it came too late, or twice.
    """
    key = f"charge:{charge_ref}"
    fact = Fact(key, tx.now, amount.currency, wanted.booking_id, wanted.order_id)
    post(tx, sales.late_payment(fact, amount.minor))
    tx.run(store.RESERVE_REFUND, id=charge_id, amount_minor=amount.minor)
    new = NewOperation(
        "refund",
        amount,
        booking_id=wanted.booking_id,
        order_id=wanted.order_id,
        charge_id=charge_id,
        platform_fee=wanted.platform_fee,
        reason="late payment",
    )
    emit(tx, RefundPayment(wanted.booking_id, begin(tx, new)))
    if wanted.booking_id is not None:
        told = booking_by_id(tx, wanted.booking_id)
        message(tx, told, "payment_refunded", key=f"payment_refunded:{key}")
    return "refunding"


def _give(tx: Tx, item: Sold, part: Part, reason: str) -> None:
    purse = purse_of(tx, item)
    tips = tips_back(purse.pools.tips, part.tip_minor)
    sold.take_value(tx, item, part.price_minor)
    if part.way == "card":
        assert part.ref_id is not None
        _ask_stripe(tx, item, part.ref_id, part, tips, reason)
        return
    if part.way == "gift-card":
        assert part.ref_id is not None
        gift_balance.refill(tx, part.ref_id, Money(part.price_minor, item.currency))
    giving = Giving(
        part.way,
        part.price_minor,
        tips,
        f"refund:{new_id()}",
        reason,
        value_minor=part.price_minor,
    )
    post_refund(tx, item, purse, giving)


def _ask_stripe(
    tx: Tx, item: Sold, charge_id: UUID, part: Part, tips: dict[str, int], reason: str
) -> None:
    """Reserve on the charge and write the operation; the check on the charge has the last word."""
    stripe_account(tx)
    tx.run(store.RESERVE_REFUND, id=charge_id, amount_minor=part.amount_minor)
    fee = tx.row(FEE_TAKEN, charge_id=charge_id)
    new = NewOperation(
        "refund",
        Money(part.amount_minor, item.currency),
        booking_id=item.booking_id,
        order_id=item.order_id,
        charge_id=charge_id,
        tip_minor=part.tip_minor,
        tips=tips,
        platform_fee=Money(fee.platform_fee_minor if fee else 0, item.currency),
        reason=reason,
    )
    emit(tx, RefundPayment(item.booking_id, begin(tx, new)))
