"""How much of a visit is to be paid, and the tip on top: asked for, and checked against the tab."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bookra.engine.bookings.model import OCCUPYING, Booking, Status
from bookra.engine.payments.tab import still_due
from bookra.engine.people.staff import find_staff
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError
from bookra.money import Money


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to pay. ``amount`` None is all that is due.

    ``tips`` says by staff slug who gets how much of the tip; without it those who perform the
    visit share ``tip``.
    """

    amount: Money | None = None
    tip: Money | None = None
    tips: Mapping[str, Money] | None = None


ALL = Asked()
"""All that is due, no tip."""


@dataclass(frozen=True, slots=True)
class Part:
    """A payment that can be: ``price_minor`` of what is due, and a tip on top.

    ``tips`` in minor units by staff slug; empty leaves the tip to those who perform the visit.
    """

    price_minor: int
    tip_minor: int
    tips: Mapping[str, int]


def checked(tx: Tx, booking: Booking, asked: Asked) -> Part:
    """Return the part of a booking that is to be paid; the caller has locked it.

    Raises ConflictError ``illegal_state``, ``already_paid``, ``over_payment``; InvalidInputError
    ``bad_amount``, ``bad_tip``; NotFoundError for a tip to nobody.
    """
    _check_state(booking)
    tips = _tips(tx, asked)
    tip_minor = sum(tips.values()) or _minor(tx, asked.tip, "tip")
    due = still_due(booking)
    if asked.amount is None:
        price_minor = due
    else:
        price_minor = _minor(tx, asked.amount, "amount")
        if not price_minor:
            raise InvalidInputError("bad_amount", "An amount to pay is more than zero")
    if not due and not (tip_minor and asked.amount is None):
        raise already_paid(booking)
    if price_minor > due:
        raise _over_payment(booking, price_minor, due)
    return Part(price_minor, tip_minor, tips)


def already_paid(booking: Booking) -> ConflictError:
    """Return the refusal for a visit of which nothing is due."""
    return ConflictError(
        "already_paid",
        f"{booking.code} is paid: {booking.paid}",
        hint=f"See: bookra ledger entries --booking {booking.code}",
        details={"code": booking.code},
    )


def _check_state(booking: Booking) -> None:
    if booking.status not in OCCUPYING | {Status.COMPLETED}:
        raise ConflictError(
            "illegal_state",
            f"{booking.code} is {booking.status.value.replace('_', ' ')}: there is nothing to pay",
            hint=f"Look at it: bookra booking show {booking.code}",
        )


def _over_payment(booking: Booking, price_minor: int, due: int) -> ConflictError:
    owed = Money(due, booking.paid.currency)
    return ConflictError(
        "over_payment",
        f"{Money(price_minor, owed.currency)} is more than {booking.code} owes: {owed} is due",
        hint=f"Take at most {owed}; a tip comes on top with --tip",
        details={"code": booking.code, "due": {"amount_minor": due, "currency": owed.currency}},
    )


def _tips(tx: Tx, asked: Asked) -> Mapping[str, int]:
    """Return who gets how much of the tip, where somebody said so."""
    if not asked.tips:
        return {}
    shares = {slug: _minor(tx, part, "tip") for slug, part in asked.tips.items()}
    for slug in shares:
        find_staff(tx, slug)
    total = sum(shares.values())
    if asked.tip is not None and asked.tip.minor != total:
        raise InvalidInputError(
            "bad_tip",
            f"The shares come to {Money(total, asked.tip.currency)}, the tip is {asked.tip}",
            hint="Leave --tip out, or let the shares add up to it",
        )
    return {slug: part for slug, part in shares.items() if part}


def _minor(tx: Tx, given: Money | None, what: str) -> int:
    if given is None:
        return 0
    if given.minor < 0 or given.currency != tx.tenant.currency:
        raise InvalidInputError(
            f"bad_{what}", f"{given} is not an amount to pay in {tx.tenant.currency}"
        )
    return given.minor
