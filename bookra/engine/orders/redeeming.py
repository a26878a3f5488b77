"""Paying with what was bought before: a gift card, or a visit of a package.

Locks the booking (or the order), then the card or the package. The balance and the number of the
visit are the database's to grant: neither is spent twice, whoever races.
"""

from __future__ import annotations

from sqlalchemy import text

from bookra.engine.bookings import store as bookings
from bookra.engine.bookings.actions import confirm
from bookra.engine.bookings.model import Booking, Line, Status
from bookra.engine.bookings.pricing import line_price
from bookra.engine.ledger.rules.sales import Tender
from bookra.engine.orders import paying, store
from bookra.engine.orders.gift_cards import locked_gift_card
from bookra.engine.orders.model import RETAIL, GiftCard, Order, Package
from bookra.engine.orders.packages import locked_package
from bookra.engine.payments import gift_balance
from bookra.engine.payments.asked import Asked, checked
from bookra.engine.payments.links import close_surplus_links
from bookra.engine.payments.tab import receive, still_due
from bookra.engine.prices.ticket import SET_LINE, locked_open, reprice
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError
from bookra.ids import new_id
from bookra.money import Money

FREE_VISIT = text(
    """
    SELECT n FROM generate_series(1, :visits) n
     WHERE NOT EXISTS (SELECT FROM package_uses u
                        WHERE u.tenant_id = :tenant_id AND u.package_id = :package_id
                          AND u.use_no = n)
     ORDER BY n LIMIT 1
    """
)
USED_LINES = text(
    """
    SELECT u.booking_line_id FROM package_uses u
      JOIN booking_lines l ON l.tenant_id = u.tenant_id AND l.id = u.booking_line_id
     WHERE u.tenant_id = :tenant_id AND l.booking_id = :booking_id
    """
)
USE = text(
    """
    INSERT INTO package_uses (tenant_id, id, package_id, use_no, booking_line_id, amount_minor)
    VALUES (:tenant_id, :id, :package_id, :use_no, :line_id, :amount_minor)
    """
)
COUNT = text(
    """
    UPDATE packages SET used = used + 1, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)


def redeem_gift_card(tx: Tx, code: str, gift_code: str, amount: Money | None = None) -> Booking:
    """Pay a booking with a gift card: as much as it holds and is due, or ``amount`` exactly.

    Raises NotFoundError ``unknown_gift_card``; ConflictError ``not_active``, ``card_expired``,
    ``card_short``, and what ``checked`` raises.
    """
    booking = bookings.locked_by_code(tx, code)
    card = _usable_card(tx, gift_code)
    due = checked(tx, booking, Asked(amount)).price_minor
    wanted = min(due, card.balance.minor) if amount is None else due
    gift_balance.take(tx, card.id, Money(wanted, card.balance.currency))
    if booking.status is Status.HELD:
        booking = confirm(tx, booking)
    receive(tx, booking, Tender("gift-card", wanted, {}), gift_balance.use_key(card.id))
    close_surplus_links(tx, booking.id)
    return bookings.booking_by_id(tx, booking.id)


def pay_order_with_gift_card(tx: Tx, code: str, gift_code: str) -> Order:
    """Pay an order of goods with a gift card that holds all of it.

    Value is not bought with value: a gift card pays for no other, and for no package. Raises
    ConflictError ``wrong_way`` for that, and what ``redeem_gift_card`` raises.
    """
    order = paying.locked_payable(tx, code)
    if order.kind != RETAIL:
        raise ConflictError(
            "wrong_way",
            f"A gift card pays for visits and goods, not for a {order.kind}",
            details={"code": order.code},
        )
    card = _usable_card(tx, gift_code)
    gift_balance.take(tx, card.id, order.amount)
    tender = Tender("gift-card", order.amount.minor, {})
    return paying.receive(tx, order, tender, gift_balance.use_key(card.id))


def redeem_package(tx: Tx, code: str, package_code: str) -> Booking:
    """Use one visit of a package for a booking: its line costs that visit's share, and is paid.

    The share holds the tax; a discount of the booking is taken off its other lines alone. Raises
    NotFoundError ``unknown_package``; ConflictError ``not_active``, ``package_expired``,
    ``package_used_up``, ``package_not_for_this``, ``over_payment``, and what ``locked_open``
    raises.
    """
    booking = locked_open(tx, code)
    bought = _usable_package(tx, booking, package_code)
    line = _line_for(tx, booking, bought)
    row = tx.row(FREE_VISIT, package_id=bought.id, visits=bought.visits)
    share = bought.share(row.n) if row is not None else None
    if row is None or share is None or share.minor > bought.value.minor:
        raise ConflictError(
            "package_used_up",
            f"The {bought.visits} visits of {bought.code} are used, or given back",
            details={"package": bought.code},
        )
    tx.run(
        USE,
        id=new_id(),
        package_id=bought.id,
        use_no=row.n,
        line_id=line.id,
        amount_minor=share.minor,
    )
    tx.run(COUNT, id=bought.id)
    tx.concerns("package", bought.id)
    return _pay_line(tx, booking, line, share, f"package:{bought.id}:{new_id()}")


def _pay_line(tx: Tx, booking: Booking, line: Line, share: Money, key: str) -> Booking:
    price = line_price(share, line.tax_bps, inclusive=True)
    tx.run(
        SET_LINE,
        id=line.id,
        net=price.net.minor,
        tax=price.tax.minor,
        discount=0,
        listed=share.minor,
    )
    priced = reprice(tx, booking)
    if still_due(priced) < share.minor:
        raise ConflictError(
            "over_payment",
            f"{booking.paid} of {booking.code} is paid already: the visit would be paid twice",
            hint=f"Give that back first: bookra refund {booking.code}",
            details={"code": booking.code},
        )
    if priced.status is Status.HELD:
        priced = confirm(tx, priced)
    receive(tx, priced, Tender("package", share.minor, {}), key)
    close_surplus_links(tx, booking.id)
    return bookings.booking_by_id(tx, booking.id)


def _usable_card(tx: Tx, gift_code: str) -> GiftCard:
    card = locked_gift_card(tx, gift_code)
    if card.state != "active":
        raise ConflictError(
            "card_expired" if card.state == "expired" else "not_active",
            f"The gift card is {card.state}"
            + (f": {card.order} is to be paid first" if card.state == "pending" else ""),
        )
    if card.expires_on is not None and card.expires_on < store.today(tx):
        raise ConflictError("card_expired", f"The gift card was good until {card.expires_on}")
    if not card.balance:
        raise ConflictError("card_short", "The gift card is used up")
    return card


def _usable_package(tx: Tx, booking: Booking, package_code: str) -> Package:
    bought = locked_package(tx, package_code)
    today = store.today(tx)
    if bought.expires_on is not None and bought.expires_on < today:
        raise ConflictError("package_expired", f"{bought.code} was good until {bought.expires_on}")
    if bought.state != "active":
        raise ConflictError("not_active", f"{bought.code} is {bought.state}")
    if bought.starts_on is not None and today < bought.starts_on:
        raise ConflictError("not_active", f"{bought.code} is good from {bought.starts_on}")
    if bought.customer_id != booking.customer_id:
        raise ConflictError(
            "package_not_for_this",
            f"{bought.code} belongs to another customer than {booking.code}",
            details={"package": bought.code},
        )
    return bought


def _line_for(tx: Tx, booking: Booking, bought: Package) -> Line:
    """Return the first line of the package's service that no package has paid yet."""
    used = {row.booking_line_id for row in tx.rows(USED_LINES, booking_id=booking.id)}
    for line in booking.lines:
        if line.service_id == bought.service_id and line.id not in used:
            return line
    if bought.service_id is None:
        raise InvalidInputError("no_visits", f"{bought.code} is a membership without visits")
    raise ConflictError(
        "package_not_for_this",
        f"{booking.code} has no '{bought.service}' left that {bought.code} could pay",
        details={"package": bought.code, "service": bought.service},
    )
