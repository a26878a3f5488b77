"""What tests of refunds begin with: visits paid in every way, and what Stripe says of refunds."""

from __future__ import annotations

from itertools import count
from uuid import UUID

from factories import Salon
from paying import charge_for, movement_of, settle, tell_movement
from sqlalchemy import text

from bookra.engine.bookings.model import Booking
from bookra.engine.payments import links, refund_settling, taking
from bookra.engine.payments.asked import Asked
from bookra.engine.payments.links import Wish
from bookra.engine.payments.movements import MovementFact
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refund_settling import RefundFact
from bookra.engine.payments.refunding import Refunded, refund
from bookra.engine.payments.settling import Charge
from bookra.money import Money

REFUNDS = text(
    """
    SELECT o.id, o.state, o.amount_minor, o.tip_minor, o.failure, o.external, o.provider_ref,
           c.charge_ref
      FROM operations o
      JOIN charges c ON c.tenant_id = o.tenant_id AND c.id = o.charge_id
     WHERE o.tenant_id = :tenant_id AND o.booking_id = :booking_id AND o.kind = 'refund'
     ORDER BY o.id
    """
)
RESERVED = text(
    "SELECT captured_minor, refund_reserved_minor FROM charges"
    " WHERE tenant_id = :tenant_id AND booking_id = :booking_id ORDER BY captured_at, id"
)
EFFECTS = text(
    "SELECT topic, payload->>'template' AS template FROM outbox"
    " WHERE tenant_id = :tenant_id AND booking_id = :booking_id ORDER BY id"
)
_numbers = count(1)


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def pay_by_card(
    salon: Salon, booking: Booking, minor: int | None = None, *, tip: int = 0, moves: bool = True
) -> Charge:
    """Let a booking's link be paid: all that is due, or a part; its money moves too."""
    amount = None if minor is None else euros(minor)
    wish = Wish(Asked(amount, euros(tip) if tip else None))
    salon.act(lambda tx: links.request_link(tx, booking.code, wish))
    charge = charge_for(salon, booking)
    assert settle(salon, booking, charge) in ("paid", "confirmed")
    if moves:
        tell_movement(salon, movement_of(charge))
    return charge


def pay_at_counter(
    salon: Salon, booking: Booking, method: str, minor: int | None = None, *, tip: int = 0
) -> None:
    """Take all that is due, or a part, in cash or at the terminal."""
    asked = Asked(None if minor is None else euros(minor), euros(tip) if tip else None)
    salon.act(lambda tx: taking.take(tx, booking.code, method, asked))


def give_back(
    salon: Salon, booking: Booking, minor: int | None = None, *, tips: str = "kept", to: str = ""
) -> Refunded:
    """Give money back as the command does."""
    back = Back(None if minor is None else euros(minor), tips, to or None, "asked for")
    return salon.act(lambda tx: refund(tx, booking.code, back))


def fact(
    operation_id: UUID | str,
    charge_ref: str,
    minor: int,
    *,
    status: str = "succeeded",
    moved: bool = True,
    ref: str = "",
) -> RefundFact:
    """Return what Stripe says of a refund; each has an id of its own unless ``ref`` is given."""
    refund_ref = ref or f"re_{next(_numbers)}"
    return RefundFact(refund_ref, charge_ref, str(operation_id), euros(minor), status, moved)


def tell(salon: Salon, told: RefundFact) -> str:
    """Tell the engine what Stripe says of a refund."""
    return salon.act(lambda tx: refund_settling.settle_refund(tx, told))


def refund_movement(salon: Salon, told: RefundFact, *, back: bool = False) -> MovementFact:
    """Return the balance transaction of a refund, or of its failure."""
    minor = told.amount.minor if back else -told.amount.minor
    kind = "refund_failure" if back else "refund"
    return MovementFact(
        "acct_1",
        f"txn_{kind}_{told.refund_ref}",
        kind,
        told.refund_ref,
        euros(minor),
        euros(0),
        euros(0),
        salon.now,
    )


def settle_all(salon: Salon, booking: Booking) -> list[RefundFact]:
    """Let Stripe accept every refund that was asked for, and its money move."""
    done = []
    for row in salon.ask(lambda tx: tx.rows(REFUNDS, booking_id=booking.id)):
        if row.state == "new":
            told = fact(row.id, row.charge_ref, row.amount_minor)
            tell(salon, told)
            tell_movement(salon, refund_movement(salon, told))
            done.append(told)
    return done


def refunds_of(salon: Salon, booking: Booking) -> list[tuple[int, str]]:
    """Return amount and state of each refund that Stripe was asked for."""
    rows = salon.ask(lambda tx: tx.rows(REFUNDS, booking_id=booking.id))
    return [(row.amount_minor, row.state) for row in rows]


def reserved(salon: Salon, booking: Booking) -> list[tuple[int, int]]:
    """Return what each charge captured, and what of it is reserved."""
    rows = salon.ask(lambda tx: tx.rows(RESERVED, booking_id=booking.id))
    return [(row.captured_minor, row.refund_reserved_minor) for row in rows]


def effects(salon: Salon, booking: Booking) -> list[str]:
    """Return what waits in the outbox for a booking: topics, and messages by their template."""
    rows = salon.ask(lambda tx: tx.rows(EFFECTS, booking_id=booking.id))
    return [row.template or row.topic for row in rows]
