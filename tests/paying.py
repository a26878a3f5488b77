"""What Stripe would say of a salon's payments: charges, balance transactions, refunds."""

from __future__ import annotations

from itertools import count
from uuid import UUID

from factories import Salon
from sqlalchemy import text

from bookra.engine.bookings.model import Booking
from bookra.engine.payments.links import request_link
from bookra.engine.payments.movements import MovementFact, record_movement
from bookra.engine.payments.operations import operation
from bookra.engine.payments.settling import Charge, settle_payment
from bookra.engine.payments.taking import book_with_link
from bookra.engine.people.customers import Customer
from bookra.money import Money

OPERATIONS = text(
    "SELECT id, kind, state, charge_id FROM operations"
    " WHERE tenant_id = :tenant_id AND booking_id = :booking_id ORDER BY id"
)
_numbers = count(1)


def operations(salon: Salon, booking: Booking) -> list[tuple[str, str]]:
    """Return kind and state of a booking's operations, the oldest first."""
    found = salon.ask(lambda tx: tx.rows(OPERATIONS, booking_id=booking.id))
    return [(row.kind, row.state) for row in found]


def operation_of(salon: Salon, booking: Booking, kind: str = "checkout") -> UUID:
    """Return the newest operation of a booking."""
    rows = salon.ask(lambda tx: tx.rows(OPERATIONS, booking_id=booking.id))
    newest: UUID = [row.id for row in rows if row.kind == kind][-1]
    return newest


def book_by_link(salon: Salon, wall: str, *, customer: Customer | None = None) -> Booking:
    """Hold a cut with Ana and ask for the link that pays it."""
    wanted = salon.request(wall, customer=customer)
    return salon.act(lambda tx: book_with_link(tx, wanted))


def ask_for_link(salon: Salon, booking: Booking) -> Booking:
    """Ask for a link to a visit that is booked already."""
    return salon.act(lambda tx: request_link(tx, booking.code))


def charge_for(salon: Salon, booking: Booking, *, minor: int | None = None) -> Charge:
    """Return a new charge of what the booking's link asks for, or of another amount."""
    wanted = salon.ask(lambda tx: operation(tx, operation_of(salon, booking)))
    number = next(_numbers)
    amount = wanted.amount if minor is None else Money(minor, wanted.amount.currency)
    return Charge(f"ch_{number}", f"pi_{number}", amount, salon.now)


def settle(salon: Salon, booking: Booking, charge: Charge) -> str:
    """Tell the engine of a captured charge."""
    operation_id = operation_of(salon, booking)
    return salon.act(lambda tx: settle_payment(tx, operation_id, charge))


def movement_of(
    charge: Charge, *, kind: str = "charge", fees: tuple[int, int] = (0, 0)
) -> MovementFact:
    """Return the balance transaction of a charge; ``fees`` are Stripe's and the platform's."""
    currency = charge.amount.currency
    return MovementFact(
        account_ref="acct_1",
        txn_ref=f"txn_{charge.charge_ref}",
        type=kind,
        source_ref=charge.charge_ref,
        amount=charge.amount,
        stripe_fee=Money(fees[0], currency),
        application_fee=Money(fees[1], currency),
        moved_at=charge.captured_at,
    )


def tell_movement(salon: Salon, fact: MovementFact) -> bool:
    """Tell the engine of a balance transaction."""
    return salon.act(lambda tx: record_movement(tx, fact))
