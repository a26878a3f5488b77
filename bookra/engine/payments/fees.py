"""Visits that do not take place, and their money: what stays as a fee, what goes back.

In time everything goes back. Late, or when nobody came, the fee of the policy that the customer
accepted stays: of what was paid first, then from a saved card. Locks the booking.
"""

from __future__ import annotations

from bookra.engine.bookings import actions
from bookra.engine.bookings import store as bookings
from bookra.engine.bookings.history import note
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.ledger import chart
from bookra.engine.payments import cards, operations, package_visits, saved_cards
from bookra.engine.payments.purses import Purse, purse_of
from bookra.engine.payments.refund_posting import Giving, post_kept, post_refund
from bookra.engine.payments.refunding import give
from bookra.engine.payments.sold import Sold, sold_of
from bookra.engine.prices import policies
from bookra.engine.prices.policy import LATE_CANCEL, NO_SHOW
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError
from bookra.money import Money, chargeable

INCOME = {LATE_CANCEL: chart.LATE_CANCEL, NO_SHOW: chart.NO_SHOW}
"""Why there is a fee, and the income that it is."""


def cancel_visit(
    tx: Tx, code: str, *, fee: Money | None = None, waive: bool = False, tells: bool = True
) -> Booking:
    """Cancel a visit, paid or not, and give back what does not stay as a fee.

    Inside the policy's window it is cancelled late; ``fee`` overrules the policy, ``waive`` takes
    none. A displaced visit never costs a fee. Raises ConflictError (``illegal_state``,
    ``no_fee_due``), InvalidInputError (``bad_fee``).
    """
    booking = bookings.locked_by_code(tx, code)
    may_cost, late = booking.status is Status.CONFIRMED, _is_late(tx, booking)
    wanted = _checked(booking, fee, waive=waive)
    if wanted and not may_cost:
        raise ConflictError(
            "no_fee_due",
            f"{booking.code} is {booking.status.value.replace('_', ' ')}: no fee can be taken",
            hint=f"Cancel it without one: bookra booking cancel {booking.code}",
            details={"code": booking.code},
        )
    if wanted is None:
        wanted = _by_policy(tx, booking, LATE_CANCEL) if late else 0
    status = Status.LATE_CANCELLED if late or wanted else Status.CANCELLED
    called_off = actions.call_off(tx, booking, status, tells=tells)
    _settle(tx, called_off, wanted or 0, LATE_CANCEL)
    return bookings.booking_by_id(tx, booking.id)


def no_show(tx: Tx, code: str, *, fee: Money | None = None, waive: bool = False) -> Booking:
    """Note that nobody came, and keep the fee; the rest of what was paid goes back.

    Where no policy that the customer accepted names a fee, a deposit is forfeited whole, and a
    price that was paid in full stays paid. Raises as ``cancel_visit``, and ``not_its_day``.
    """
    booking = bookings.locked_by_code(tx, code)
    wanted = _checked(booking, fee, waive=waive)
    if wanted is None:
        wanted = _by_policy(tx, booking, NO_SHOW)
    absent = actions.no_show(tx, code)
    if wanted is None:
        item = sold_of(absent)
        purse = purse_of(tx, item)
        _keep(tx, item, purse, min(purse.pools.deposits_minor, purse.price_minor), NO_SHOW)
    else:
        _settle(tx, absent, wanted, NO_SHOW)
    return bookings.booking_by_id(tx, booking.id)


def foreseen(tx: Tx, booking: Booking, kind: str) -> Money:
    """Return what would stay with the business if the visit were called off (``kind``) now.

    That is what is kept of the payments, and what would be charged to a saved card. Nothing is
    written; by the rules of ``cancel_visit`` and ``no_show``.
    """
    wanted: int | None = 0
    if kind == NO_SHOW or _is_late(tx, booking):
        wanted = _by_policy(tx, booking, kind)
    purse = purse_of(tx, sold_of(booking))
    money = purse.price_minor
    if wanted is None:
        kept = min(purse.pools.deposits_minor, money) if kind == NO_SHOW else 0
        return Money(kept, booking.price.currency)
    kept = min(wanted, money)
    if purse.package_minor and wanted > money:
        kept = money + purse.package_minor
    accepted = booking.policy_accepted_at is not None
    if kept < wanted and accepted and saved_cards.can_charge(tx, booking.customer_id):
        kept += chargeable(Money(wanted - kept, booking.price.currency)).minor
    return Money(kept, booking.price.currency)


def _is_late(tx: Tx, booking: Booking) -> bool:
    policy = policies.of(tx, booking)
    may_cost = booking.status is Status.CONFIRMED
    return may_cost and policy is not None and policy.is_late(booking.starts_at, tx.now)


def _checked(booking: Booking, fee: Money | None, *, waive: bool) -> int | None:
    """Return the fee that somebody has named, None where the policy decides."""
    if waive:
        return 0
    if fee is not None and not 0 <= fee.minor <= booking.price.minor:
        raise InvalidInputError(
            "bad_fee", f"{fee} is more than the visit costs: {booking.price}", hint="Take less"
        )
    return None if fee is None else fee.minor


def _by_policy(tx: Tx, booking: Booking, kind: str) -> int | None:
    """Return the fee of the policy that the customer accepted; None where there is none."""
    policy = policies.of(tx, booking)
    if policy is None or booking.policy_accepted_at is None:
        return None
    rule = policy.late_cancel if kind == LATE_CANCEL else policy.no_show
    return None if rule is None else policies.fee(policy, kind, booking).minor


def _settle(tx: Tx, booking: Booking, fee_minor: int, kind: str) -> None:
    """Keep the fee of what was paid, give the rest back, and charge what is missing of it."""
    item = sold_of(booking)
    purse = purse_of(tx, item)
    money = purse.price_minor
    kept = min(fee_minor, money)
    if purse.package_minor and fee_minor > money:
        kept = money + purse.package_minor  # the package's visit is used up
    elif purse.package_minor:
        _return_visits(tx, item, purse)
        purse = purse_of(tx, item)
    if kept:
        _keep(tx, item, purse, kept, kind)
    if back := max(0, money - kept):
        give(tx, item, back, 0, reason=kind)
    if tips := purse_of(tx, item).tip_minor:
        give(tx, item, 0, tips, reason=kind)
    if kept < fee_minor:
        _charge(tx, booking, fee_minor - kept, kind)


def _keep(tx: Tx, item: Sold, purse: Purse, kept_minor: int, kind: str) -> None:
    if kept_minor:
        post_kept(tx, item, purse, INCOME[kind], kept_minor, f"{kind}:{item.id}")
        note(tx, item.id, kind, kept=Money(kept_minor, item.currency))


def _return_visits(tx: Tx, item: Sold, purse: Purse) -> None:
    """Give the visits back to the packages that paid for them."""
    value = sum(visit.amount.minor for visit in package_visits.give_back(tx, item.id))
    if value:
        giving = Giving("package", value, {}, f"package-back:{item.id}")
        post_refund(tx, item, purse, giving)


def _charge(tx: Tx, booking: Booking, fee_minor: int, kind: str) -> None:
    """Charge a fee to the customer's saved card, where they accepted the policy; else note it."""
    wanted = Money(fee_minor, booking.price.currency)
    fee = chargeable(wanted)
    accepted = booking.policy_accepted_at is not None
    if not accepted:
        why = "the policy was not accepted"
    elif not cards.cards_of(tx, booking.customer_id):
        why = "no saved card"
    elif not operations.takes_payments(tx):
        why = "Stripe takes no payments"  # no reason to keep the visit's time taken
    elif not fee:
        why = "too little for a card"
    else:
        saved_cards.charge(tx, booking, fee, kind)
        note(tx, booking.id, kind, charged=fee)
        return
    note(tx, booking.id, kind, not_taken=wanted, why=why)
