"""Taking payment: at the counter in cash or by the card terminal, and when a visit is booked.

Less than the price is a deposit; who pays in parts may pay each in another way. Locks the booking.
"""

from __future__ import annotations

import re
from dataclasses import replace

from bookra.engine.bookings import actions
from bookra.engine.bookings import store as bookings
from bookra.engine.bookings.actions import confirm
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.bookings.request import BookingRequest
from bookra.engine.ledger.rules.sales import Tender
from bookra.engine.payments import cards, saved_cards
from bookra.engine.payments.asked import ALL, Asked, checked
from bookra.engine.payments.links import (
    LINK_HOLD_MINUTES,
    PLAIN,
    Wish,
    close_surplus_links,
    request_deposit,
    request_link,
)
from bookra.engine.payments.tab import finish, receive, tips_of
from bookra.engine.prices.booking import book
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError
from bookra.ids import new_id
from bookra.money import Money

COUNTER = ("cash", "terminal")
"""How money is taken at the counter; a terminal is one that Bookra doesn't speak to."""

MOST_REFERENCE = 80
CARD_NUMBER = re.compile(r"(?:\d[ -]?){13,19}")
DAY_MINUTES = 1440


def take(tx: Tx, code: str, method: str, asked: Asked = ALL, *, reference: str = "") -> Booking:
    """Take what is due, or a part of it, by a ``COUNTER`` method, and confirm a held booking.

    ``reference`` is the terminal's own, such as a receipt's number; it goes into the entry's memo.
    Raises what ``checked`` raises, and InvalidInputError (``bad_reference``).
    """
    booking = bookings.locked_by_code(tx, code)
    part = checked(tx, booking, asked)
    memo = _memo(reference)
    if booking.status is Status.HELD:
        booking = confirm(tx, booking)
    tips = part.tips or tips_of(booking, part.tip_minor)
    receive(tx, booking, Tender(method, part.price_minor, tips), f"{method}:{new_id()}", memo)
    close_surplus_links(tx, booking.id)
    return bookings.booking_by_id(tx, booking.id)


def take_cash(tx: Tx, code: str, tip: Money | None = None) -> Booking:
    """Take all that is due in cash, and the tip."""
    return take(tx, code, "cash", Asked(tip=tip))


def book_with_link(
    tx: Tx, request: BookingRequest, wish: Wish = PLAIN, *, full: bool = False
) -> Booking:
    """Hold the slot and ask for a payment link; paying it confirms the booking.

    The link asks for the deposit where the services demand one, for the whole price otherwise or
    when ``full`` says so.
    """
    minutes = LINK_HOLD_MINUTES if wish.days is None else DAY_MINUTES
    booking = book(tx, replace(request, hold_minutes=minutes))
    if not booking.due:
        return confirm(tx, booking)
    return (request_link if full else request_deposit)(tx, booking.code, wish)


def book_with_saved_card(tx: Tx, request: BookingRequest, *, full: bool = False) -> Booking:
    """Hold the slot and charge the customer's saved card; its payment confirms the booking.

    A card that is declined frees the slot. The deposit or the whole price, as by link.
    """
    cards.the_card(tx, request.customer_id)
    booking = book(tx, replace(request, hold_minutes=LINK_HOLD_MINUTES))
    if not booking.due:
        return confirm(tx, booking)
    return saved_cards.pay(tx, booking.code, deposit=not full)


def book_paid_in_cash(tx: Tx, request: BookingRequest) -> Booking:
    """Book and take the whole price in cash, in one transaction."""
    booking = book(tx, request)
    return take_cash(tx, booking.code) if booking.due else booking


def complete(tx: Tx, code: str) -> Booking:
    """Note that a visit is over; what was paid of it before becomes revenue [B3]."""
    booking = actions.complete(tx, code)
    finish(tx, booking)
    return bookings.booking_by_id(tx, booking.id)


def _memo(reference: str) -> str:
    """Return a terminal's reference as a memo; a card's number is refused, it is kept nowhere."""
    cleaned = " ".join(reference.split())
    if len(cleaned) > MOST_REFERENCE or not cleaned.isprintable():
        raise InvalidInputError(
            "bad_reference", f"A reference has at most {MOST_REFERENCE} printable characters"
        )
    if CARD_NUMBER.search(cleaned):
        raise InvalidInputError(
            "bad_reference",
            "A reference may not hold a card's number",
            hint="Give the receipt's number, or leave --reference out",
        )
    return cleaned
