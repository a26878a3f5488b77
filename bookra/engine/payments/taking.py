"""Taking payment: in cash at the counter, or by a link whose session the relay opens.

Revenue is recognised when a booking is paid in full, so both take the whole sum that is due.
Locks the booking.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bookra.engine.bookings import store as bookings
from bookra.engine.bookings.actions import confirm, set_status
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.holds import cancel_checkouts
from bookra.engine.bookings.model import OCCUPYING, Booking, Status
from bookra.engine.ledger.rules.sales import Tender
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import RequestPayment
from bookra.engine.payments import store
from bookra.engine.payments.tab import receive, tips_of
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.providers import account
from bookra.errors import ConflictError, InvalidInputError
from bookra.ids import new_id
from bookra.money import Money, rate_bps, share

LINK_HOLD_MINUTES = 35
"""A Checkout Session lives 30 minutes at least; the hold outlives it, so that a payment in its
last second still finds its slot."""

SESSION_MINUTES = 31
"""How long a session lives for a held slot: Stripe's least, and a minute for the way there."""

OPEN_SESSION_HOURS = 23
"""How long a link to a visit that is already confirmed lives; Stripe's most is 24."""


def book_with_link(tx: Tx, request: BookingRequest) -> Booking:
    """Hold the slot and ask for a payment link; paying it confirms the booking."""
    booking = book(tx, replace(request, hold_minutes=LINK_HOLD_MINUTES))
    if not booking.due:
        return confirm(tx, booking)
    return request_link(tx, booking.code)


def book_paid_in_cash(tx: Tx, request: BookingRequest) -> Booking:
    """Book and take the whole price in cash, in one transaction."""
    booking = book(tx, request)
    return take_cash(tx, booking.code) if booking.due else booking


def take_cash(tx: Tx, code: str, tip: Money | None = None) -> Booking:
    """Take what is due in cash, and confirm a held booking.

    Raises ConflictError: ``already_paid``, ``illegal_state``.
    """
    booking = _payable(bookings.locked_by_code(tx, code))
    tip_minor = _tip(tx, tip)
    if booking.status is Status.HELD:
        booking = confirm(tx, booking)
    tender = Tender("cash", booking.due.minor, tips_of(booking, tip_minor))
    receive(tx, booking, tender, f"cash:{new_id()}")
    cancel_checkouts(tx, booking.id)
    return bookings.booking_by_id(tx, booking.id)


def request_link(tx: Tx, code: str, tip: Money | None = None) -> Booking:
    """Write the durable operation whose session the relay opens, and the outbox row for it.

    Asking again while the same link is live changes nothing. Raises ConflictError
    (``stripe_not_set``) when the business has no Stripe account.
    """
    booking = _payable(bookings.locked_by_code(tx, code))
    tip_minor = _tip(tx, tip)
    stripe = account(tx, "stripe")
    if stripe is None:
        raise ConflictError(
            "stripe_not_set",
            f"{tx.tenant.slug} has no Stripe account, so there can be no payment link",
            hint="Set one: bookra tenant provider set stripe, or take cash: bookra pay … --cash",
        )
    amount = booking.due.minor + tip_minor
    live = tx.row(
        store.LIVE_CHECKOUT, booking_id=booking.id, amount_minor=amount, tip_minor=tip_minor
    )
    if live is None:
        operation_id = new_id()
        fee_bps = rate_bps(stripe.config.get("platform_fee_percent", "0"))
        tx.run(
            store.INSERT_OPERATION,
            id=operation_id,
            kind="checkout",
            booking_id=booking.id,
            amount_minor=amount,
            tip_minor=tip_minor,
            platform_fee_minor=share(booking.net.minor, fee_bps),
            currency=booking.due.currency,
            charge_id=None,
            expires_at=session_expiry(tx, booking),
            now=tx.now,
        )
        emit(tx, RequestPayment(booking.id, operation_id))
    return bookings.booking_by_id(tx, booking.id)


def session_expiry(tx: Tx, booking: Booking) -> datetime:
    """Return when a session shall expire; a held booking is made to outlive it."""
    if booking.status is not Status.HELD:
        return tx.now + timedelta(hours=OPEN_SESSION_HOURS)
    until = max(tx.now + timedelta(minutes=LINK_HOLD_MINUTES), booking.hold_expires_at or tx.now)
    tx.run(bookings.HOLD_UNTIL, booking_id=booking.id, held_until=until)
    set_status(tx, booking, Status.HELD, hold_expires_at=until)
    return tx.now + timedelta(minutes=SESSION_MINUTES)


def _payable(booking: Booking) -> Booking:
    if booking.status not in OCCUPYING | {Status.COMPLETED}:
        raise ConflictError(
            "illegal_state",
            f"{booking.code} is {booking.status.value.replace('_', ' ')}: there is nothing to pay",
            hint=f"Look at it: bookra booking show {booking.code}",
        )
    if not booking.due:
        raise ConflictError(
            "already_paid",
            f"{booking.code} is paid: {booking.paid}",
            hint=f"See: bookra ledger entries --booking {booking.code}",
            details={"code": booking.code},
        )
    return booking


def _tip(tx: Tx, tip: Money | None) -> int:
    if tip is None:
        return 0
    if tip.minor < 0 or tip.currency != tx.tenant.currency:
        raise InvalidInputError("bad_tip", f"{tip} is not a tip in {tx.tenant.currency}")
    return tip.minor
