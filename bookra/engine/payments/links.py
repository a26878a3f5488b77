"""Payment pages: a Checkout Session for a day at most, a payment link for longer.

The relay opens and closes them. Open pages of a booking never ask for more than it owes: whoever
adds one, or pays in another way, closes those that would. Locks the booking.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from bookra.engine.bookings import statements
from bookra.engine.bookings import store as bookings
from bookra.engine.bookings.actions import set_status
from bookra.engine.bookings.holds import LINK_SLACK
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import CancelPayment, EndPayment, RequestPayment
from bookra.engine.payments import operations, store
from bookra.engine.payments.asked import ALL, Asked, Part, checked
from bookra.engine.payments.operations import NewOperation
from bookra.engine.payments.tab import still_due
from bookra.engine.payments.terms import place_under_terms
from bookra.engine.prices import deposits
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError
from bookra.money import Money

LINK_HOLD_MINUTES = 35
"""A Checkout Session lives 30 minutes at least; the hold outlives it, so that a payment in its
last second still finds its slot."""

SESSION_MINUTES = 31
"""How long a session lives for a held slot: Stripe's least, and a minute for the way there."""

OPEN_SESSION = timedelta(hours=23)
"""How long a link to a visit that is already confirmed lives; Stripe's most is 24."""

MOST_DAYS = 365


@dataclass(frozen=True, slots=True)
class Wish:
    """What a link shall be like. Without ``days`` it lives for a day at most.

    ``deposit`` asks for what the services demand beforehand, and no more. ``saves_card`` keeps
    the card for later.
    """

    asked: Asked = ALL
    deposit: bool = False
    days: int | None = None
    saves_card: bool = False


PLAIN = Wish()


def request_link(tx: Tx, code: str, wish: Wish = PLAIN) -> Booking:
    """Write the durable operation whose page the relay opens, and the outbox row for it.

    Asking again while the same link is live changes nothing. Raises ConflictError
    (``stripe_not_set`` when the business has no Stripe account, ``no_deposit``) and what
    ``checked`` raises.
    """
    booking = bookings.locked_by_code(tx, code)
    _check_days(wish.days)
    part = checked(tx, booking, _asked(tx, booking, wish))
    operations.stripe_account(tx)
    purpose = "deposit" if wish.deposit else "balance"
    live = tx.row(
        store.LIVE_PAGE,
        booking_id=booking.id,
        kind=_kind(wish),
        purpose=purpose,
        amount_minor=part.price_minor + part.tip_minor,
        tip_minor=part.tip_minor,
        saves_card=wish.saves_card,
        now=tx.now,
    )
    if live is None:
        close_surplus_links(tx, booking.id, beside_minor=part.price_minor)
        _ask_for_page(tx, booking, part, wish, purpose)
    return bookings.booking_by_id(tx, booking.id)


def request_deposit(tx: Tx, code: str, wish: Wish) -> Booking:
    """Ask for the deposit where the services demand one, else for all that is due."""
    booking = bookings.locked_by_code(tx, code)
    return request_link(tx, code, replace(wish, deposit=bool(deposit_due(tx, booking))))


def deposit_due(tx: Tx, booking: Booking) -> Money:
    """Return what the services demand beforehand and was not paid yet."""
    required = deposits.required(tx, booking)
    missing = min(required.minor - booking.paid.minor, still_due(booking))
    return Money(max(0, missing), required.currency)


def close_surplus_links(tx: Tx, booking_id: UUID, *, beside_minor: int = 0) -> None:
    """Close the pages that ask for more than is due, the oldest first.

    ``beside_minor`` is asked for besides, by a page that is about to be added.
    """
    room = still_due(bookings.booking_by_id(tx, booking_id)) - beside_minor
    for page in tx.rows(store.OPEN_PAGES, booking_id=booking_id):
        if page.price_minor <= room:
            room -= page.price_minor
        else:
            emit(tx, CancelPayment(booking_id, page.id))


def part_fee(tx: Tx, booking: Booking, price_minor: int) -> Money:
    """Return the platform's fee for a part of the price: its share of the price without tax, once.

    No tax is in a deposit until it is revenue, and never if it is forfeited: each part counts
    whole, until the price without tax is reached. What is asked for counts as paid, so that no
    order of payments costs more than the fee of the whole.
    """
    row = tx.row(store.ASKED, booking_id=booking.id)
    asked_minor = row.minor if row else 0
    before_minor = min(booking.paid.minor + asked_minor, booking.price.minor - price_minor)
    stripe = operations.stripe_account(tx)
    upto, before = (
        operations.platform_fee(stripe, Money(min(minor, booking.net.minor), booking.net.currency))
        for minor in (before_minor + price_minor, before_minor)
    )
    return upto - before


def renew_expiry(tx: Tx, operation_id: UUID) -> None:
    """Give an operation whose session was never opened a later end; its hold outlives it."""
    wanted = operations.operation(tx, operation_id)
    until = tx.now + OPEN_SESSION
    if wanted.booking_id is not None:
        until = page_expiry(tx, bookings.locked_by_id(tx, wanted.booking_id))
    tx.run(store.RENEWED, id=operation_id, expires_at=until)
    tx.concerns("operation", operation_id)


def page_expiry(tx: Tx, booking: Booking, days: int | None = None) -> datetime:
    """Return when a page shall end; a held booking is made to outlive it."""
    if days is not None:
        until = tx.now + timedelta(days=days)
        hold = until + LINK_SLACK
    else:
        held = booking.status is Status.HELD
        until = tx.now + (timedelta(minutes=SESSION_MINUTES) if held else OPEN_SESSION)
        hold = tx.now + timedelta(minutes=LINK_HOLD_MINUTES)
    if booking.status is Status.HELD:
        hold = max(hold, booking.hold_expires_at or hold)
        tx.run(statements.HOLD_UNTIL, booking_id=booking.id, held_until=hold)
        set_status(tx, booking, Status.HELD, hold_expires_at=hold)
    return until


def _ask_for_page(tx: Tx, booking: Booking, part: Part, wish: Wish, purpose: str) -> None:
    place_under_terms(tx, booking)
    until = page_expiry(tx, booking, wish.days)
    new = NewOperation(
        _kind(wish),
        Money(part.price_minor + part.tip_minor, booking.paid.currency),
        booking_id=booking.id,
        customer_id=booking.customer_id,
        purpose=purpose,
        tip_minor=part.tip_minor,
        tips=part.tips,
        platform_fee=part_fee(tx, booking, part.price_minor),
        expires_at=until,
        saves_card=wish.saves_card,
    )
    operation_id = operations.begin(tx, new)
    emit(tx, RequestPayment(booking.id, operation_id))
    if wish.days is not None:
        emit(tx, EndPayment(booking.id, operation_id), due_at=until)


def _asked(tx: Tx, booking: Booking, wish: Wish) -> Asked:
    """Return what the link asks for; the deposit when it is to be that alone."""
    if not wish.deposit:
        return wish.asked
    deposit = deposit_due(tx, booking)
    if not deposit:
        raise ConflictError(
            "no_deposit",
            f"{booking.code} needs no deposit, or it is paid: {booking.paid}",
            hint="Leave --deposit out to ask for all that is due",
            details={"code": booking.code},
        )
    return replace(wish.asked, amount=deposit)


def _kind(wish: Wish) -> str:
    return "checkout" if wish.days is None else "payment-link"


def _check_days(days: int | None) -> None:
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise InvalidInputError("bad_days", f"A link lives 1 to {MOST_DAYS} days, not {days}")
