"""Verbs of the waitlist: wish for a visit, accept what was offered, withdraw.

Offering is in ``openings``. Locks: the wish, then its booking; nobody takes them the other way
round and waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bookra.engine.availability.actions import Slot
from bookra.engine.bookings import actions, store
from bookra.engine.bookings.model import Booking, Status, require_next
from bookra.engine.bookings.waitlist.openings import (
    Offered,
    first_opening,
    offer_openings,
    offer_place,
)
from bookra.engine.bookings.waitlist.rules import OPEN, STANDS, Rule, WishStatus, became
from bookra.engine.bookings.waitlist.store import (
    Wish,
    insert_wish,
    locked_wish,
    open_wishes,
    set_status,
    wish_by_code,
)
from bookra.engine.bookings.waitlist.windows import Window, checked_windows
from bookra.engine.catalog.actions import find_service
from bookra.engine.people.customers import require_bookable
from bookra.engine.people.staff import find_staff
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError


@dataclass(frozen=True, slots=True)
class WishRequest:
    """What is wished for; ``staff`` None is anybody."""

    service: str
    staff: str | None
    customer_id: UUID
    windows: Sequence[Window]


@dataclass(frozen=True, slots=True)
class Added:
    """A wish, and what could be booked for it at once, if anything."""

    wish: Wish
    opening: Slot | None


def add_wish(tx: Tx, request: WishRequest) -> Added:
    """Put a wish on the list; the same one again, while it is open, returns the first.

    Offers nothing. Raises InvalidInputError for windows that can't be waited for, and
    ConflictError (``not_offered``) for a person who does not perform the service.
    """
    windows = checked_windows(request.windows, tx.now)
    require_bookable(tx, request.customer_id)
    service = find_service(tx, request.service)
    wish = _same(tx, request, windows)
    if wish is None:
        code = insert_wish(
            tx,
            customer_id=request.customer_id,
            service_id=service.id,
            staff_id=_performer(tx, request.staff, request.service),
            windows=windows,
        )
        wish = wish_by_code(tx, code)
    waits = wish.status is WishStatus.WAITING
    return Added(wish, first_opening(tx, wish) if waits else None)


def accept(tx: Tx, code: str) -> Booking:
    """Confirm what a wish was offered. Accepting again returns the booking as it is.

    A hold that has lapsed is still good while nobody else has taken it. Raises ConflictError:
    ``no_offer`` or ``offer_over``.
    """
    wish = locked_wish(tx, code)
    if not wish.offers:
        raise ConflictError(
            "no_offer",
            f"{wish.code} has not been offered anything",
            hint=f"Look for an opening: bookra waitlist offer {wish.code}",
            details={"code": wish.code, "status": wish.status.value},
        )
    booking = store.locked_by_id(tx, wish.offers[-1].booking_id)
    if booking.status is Status.HELD:
        booking = actions.confirm(tx, booking)
    elif booking.status not in STANDS:
        raise ConflictError(
            "offer_over",
            f"The offer of {booking.code} to {wish.code} is over: it is {booking.status.value}",
            hint=f"Look for another opening: bookra waitlist offer {wish.code}",
            details={"code": wish.code, "booking": booking.code, "status": booking.status.value},
        )
    if wish.status in OPEN:
        set_status(tx, wish, WishStatus.FULFILLED)
    return booking


def offer_to(tx: Tx, code: str, rule: Rule | None = None) -> list[Offered]:
    """Offer an opening to one wish, ahead of the line; returns the one offer.

    Raises ConflictError: ``illegal_state`` for a wish that does not wait, ``no_opening``.
    """
    wish = locked_wish(tx, code)
    made = offer_openings(tx, rule=rule, only=wish.code)
    if made:
        return made
    wish = wish_by_code(tx, wish.code)
    if wish.status is not WishStatus.WAITING:
        out = f" ({wish.offers[-1].booking})" if wish.status is WishStatus.OFFERED else ""
        raise ConflictError(
            "illegal_state",
            f"{wish.code} is {wish.status.value}{out}, not waiting",
            hint=f"Look at it: bookra waitlist show {wish.code}",
            details={"code": wish.code, "status": wish.status.value},
        )
    raise ConflictError(
        "no_opening",
        f"Nothing is free that {wish.code} has not been offered",
        hint=f"See what is free: bookra slots {wish.service}",
        details={"code": wish.code},
    )


def offer_at(tx: Tx, code: str, staff: str, start: datetime) -> Offered:
    """Offer a wish one certain place, ahead of the line: a gap that somebody points at.

    Raises ConflictError: ``illegal_state`` for a wish that does not wait, ``no_opening`` for a
    place that it does not want or that is taken.
    """
    return offer_place(tx, locked_wish(tx, code), staff, start)


def withdraw(tx: Tx, code: str) -> Wish:
    """Take a wish off the list; what it was offered is free again at once.

    Raises ConflictError (``illegal_state``) for a wish that is over.
    """
    wish = locked_wish(tx, code)
    status = wish.status
    if status in OPEN:
        status = became(status, wish.states, wish.last_end, tx.now)
    if wish.status not in OPEN or status is WishStatus.FULFILLED:
        booked = f" by {wish.offers[-1].booking}" if status is WishStatus.FULFILLED else ""
        raise ConflictError(
            "illegal_state",
            f"{wish.code} is {status.value}{booked} and can't be withdrawn",
            hint=f"Look at it: bookra waitlist show {wish.code}",
            details={"code": wish.code, "status": status.value},
        )
    for offer in wish.offers:
        if offer.status is Status.HELD:
            actions.cancel(tx, offer.booking)
    set_status(tx, wish, WishStatus.WITHDRAWN)
    return wish_by_code(tx, wish.code)


def confirm_held(tx: Tx, code: str) -> Booking:
    """Confirm a held booking by its code, paid or not: who held it will come.

    Raises ConflictError (``illegal_state``) for any other: an expired one has lost its time.
    """
    booking = store.locked_by_code(tx, code)
    if booking.status is Status.EXPIRED:
        raise ConflictError(
            "illegal_state",
            f"The hold of {booking.code} has ended, and its time is no longer kept",
            hint=f"Book again: bookra book {booking.lines[0].service}",
            details={"code": booking.code, "status": booking.status.value},
        )
    require_next(booking.code, booking.status, Status.CONFIRMED)
    return actions.confirm(tx, booking)


def _same(tx: Tx, request: WishRequest, windows: Sequence[Window]) -> Wish | None:
    """Return the open wish that asks for exactly this, if there is one."""
    wanted = (request.customer_id, request.service, request.staff, tuple(windows))
    for wish in open_wishes(tx):
        if (wish.customer_id, wish.service, wish.staff, wish.windows) == wanted:
            return wish
    return None


def _performer(tx: Tx, staff: str | None, service: str) -> UUID | None:
    if staff is None:
        return None
    person = find_staff(tx, staff)
    if person.services and service not in person.services:
        raise ConflictError(
            "not_offered",
            f"{person.name} does not perform '{service}'",
            hint="Name somebody else, or leave --staff out",
        )
    return person.id
