"""A visit's bill, read from the engine: its lines, what was paid, how the rest could be paid."""

from __future__ import annotations

from bookra.engine.bookings.model import Booking, Status
from bookra.engine.orders.packages import packages
from bookra.engine.orders.store import today
from bookra.engine.payments.cards import cards_of
from bookra.engine.payments.operations import Operation, operations_of
from bookra.engine.payments.tab import tip_weights
from bookra.engine.people.customers import customer_by_id
from bookra.engine.prices.limits import most_off_bps
from bookra.engine.prices.ticket import OPEN
from bookra.engine.runtime import Tx
from bookra.money import Money, format_minor
from bookra.tui.desk.checkout import (
    Asked,
    CardChoice,
    PackageChoice,
    Performer,
    Tab,
    TabLine,
)
from bookra.tui.engine_desk.booking import choice

BEGUN = frozenset({Status.CHECKED_IN, Status.IN_SERVICE, Status.COMPLETED})
ASKED = {"checkout": "link", "payment-link": "link", "saved-card": "card"}
PERCENT = "EUR"
"""Basis points are written as hundredths, as cents are."""


def tab(tx: Tx, booking: Booking) -> Tab:
    """Return a booking's bill."""
    return Tab(
        code=booking.code,
        customer=choice(customer_by_id(tx, booking.customer_id)),
        status=booking.status.value,
        lines=_lines(booking),
        discount=_discount(booking),
        off=booking.off,
        price=booking.price,
        paid=booking.paid,
        due=booking.due,
        cards=tuple(
            CardChoice(str(card.id), f"{card.brand.capitalize()} {card.last4}")
            for card in cards_of(tx, booking.customer_id)
        ),
        packages=_packages(tx, booking),
        asked=_asked(tx, booking),
        open=booking.recognised_at is None and booking.status in OPEN,
        begun=begun(tx, booking),
        done=booking.status is Status.COMPLETED,
        most_off_bps=most_off_bps(tx),
        performers=_performers(booking),
    )


def begun(tx: Tx, booking: Booking) -> bool:
    """Tell whether a visit is under way or over: who pays then is on the way out."""
    started = booking.status is Status.CONFIRMED and booking.starts_at <= tx.now
    return booking.status in BEGUN or started


def _lines(booking: Booking) -> tuple[TabLine, ...]:
    """Return the parts at what they cost before the discount, so that they add up."""
    currency = booking.paid.currency
    lines = [
        TabLine(
            line.service_name,
            Money(line.net.minor + line.tax.minor + line.off_minor, currency),
            line.staff_name,
        )
        for line in booking.lines
    ]
    return tuple(lines) + tuple(
        TabLine(
            item.name if item.quantity == 1 else f"{item.quantity} x {item.name}",
            Money(item.net.minor + item.tax.minor + item.off_minor, currency),
            position=item.position,
        )
        for item in booking.items
    )


def _performers(booking: Booking) -> tuple[Performer, ...]:
    names = {line.staff: line.staff_name for line in booking.lines}
    weights = tip_weights(booking)
    return tuple(Performer(staff, names[staff], weight) for staff, weight in weights.items())


def _discount(booking: Booking) -> str:
    found = booking.discount
    if found is None:
        return ""
    share = f"{format_minor(found.bps, PERCENT).removesuffix('.00')} %" if found.bps else ""
    return " ".join(part for part in (found.promo or "", share) if part)


def _packages(tx: Tx, booking: Booking) -> tuple[PackageChoice, ...]:
    services = {line.service_id for line in booking.lines}
    return tuple(
        PackageChoice(each.code, each.service or "", each.visits - each.used)
        for each in packages(tx, state="active", customer_id=booking.customer_id)
        if each.service_id in services
        and each.used < each.visits
        and (each.expires_on is None or each.expires_on >= today(tx))
    )


def _asked(tx: Tx, booking: Booking) -> Asked | None:
    """Return the newest link or card that was asked for, tips included."""
    found = [each for each in operations_of(tx, booking_id=booking.id) if each.kind in ASKED]
    return _shown(found[-1]) if found else None


def _shown(asked: Operation) -> Asked:
    return Asked(
        str(asked.id), ASKED[asked.kind], asked.state, asked.amount, asked.url or "",
        asked.failure or "",
    )  # fmt: skip
