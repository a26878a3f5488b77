"""Posts what goes back, once by its key, and emits what that causes.

What it takes back is decided here and now, from what the ledger holds at this moment: a deposit
may have become revenue since the refund was asked for. The caller has locked the sale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bookra.engine.bookings.announcing import message
from bookra.engine.ledger import chart
from bookra.engine.ledger.rules import refunds, sales
from bookra.engine.ledger.rules.refunds import GivenBack
from bookra.engine.ledger.rules.sales import Sale
from bookra.engine.ledger.store import post
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import ClawBackCommission, CreditInvoice
from bookra.engine.payments.purses import FEE, FEES, Purse
from bookra.engine.payments.refund_parts import Pools, Taken, given_back, taken_from
from bookra.engine.payments.sold import Sold
from bookra.engine.runtime import Tx


@dataclass(frozen=True, slots=True)
class Giving:
    """What goes back by one way, once by ``key``.

    ``charge_kind`` is what the charge was that is given back: a fee of its own comes out of fees.
    ``value_minor`` is how much bought value was taken away for it.
    """

    way: str
    price_minor: int
    tips: Mapping[str, int]
    key: str
    memo: str = ""
    charge_kind: str = ""
    value_minor: int = 0


def post_refund(tx: Tx, sold: Sold, purse: Purse, giving: Giving) -> bool:
    """Post a refund [C1], with what it causes; False when it was posted before."""
    taken = _taken(sold, purse, giving)
    parts = given_back(sold.sales, purse.pools.returned_minor, taken.sales_minor)
    others = dict(taken.others)
    if taken.excess_minor:
        # More than was ever paid (twice refunded, or value that was used): the client owes it.
        others[chart.RECEIVABLE] = taken.excess_minor
    fact = sold.fact(tx, giving.key, giving.memo)
    given = GivenBack(giving.way, parts, taken.deposits_minor, giving.tips, others)
    _, fresh = post(tx, refunds.refund(fact, given))
    if fresh:
        _caused(tx, sold, giving.key, parts, fee=_invoiced_fee(sold, giving, taken))
        if sold.booking is not None and giving.way != "package":
            message(tx, sold.booking, "payment_refunded", key=f"payment_refunded:{giving.key}")
    return fresh


def post_kept(tx: Tx, sold: Sold, purse: Purse, income: str, amount_minor: int, key: str) -> None:
    """Keep what was paid as a fee: of the deposits first, then of revenue that is given up."""
    taken = taken_from(purse.pools, amount_minor)
    if taken.deposits_minor:
        fact = sold.fact(tx, f"{key}:deposit")
        post(tx, sales.deposit_kept(fact, income, taken.deposits_minor))
    if taken.sales_minor:
        parts = given_back(sold.sales, purse.pools.returned_minor, taken.sales_minor)
        _, fresh = post(tx, sales.revenue_kept(sold.fact(tx, key), income, parts))
        if fresh:
            _caused(tx, sold, key, parts)


def _taken(sold: Sold, purse: Purse, giving: Giving) -> Taken:
    if sold.value:
        value = min(giving.price_minor, giving.value_minor)
        return Taken(0, 0, {sold.value: value} if value else {}, giving.price_minor - value)
    if giving.charge_kind == FEE:
        return taken_from(Pools(fees=purse.pools.fees), giving.price_minor)
    return taken_from(purse.pools, giving.price_minor)


def _invoiced_fee(sold: Sold, giving: Giving, taken: Taken) -> bool:
    """Tell whether a fee goes back that stands in a credit note: one kept of what was revenue."""
    of_the_price = sold.recognised and giving.charge_kind != FEE
    return of_the_price and any(account in FEES for account in taken.others)


def _caused(tx: Tx, sold: Sold, key: str, parts: Sequence[Sale], *, fee: bool = False) -> None:
    """Emit what revenue that was taken back causes: a credit note, and less commission."""
    if parts or fee:
        emit(tx, CreditInvoice(sold.booking_id, sold.order_id, key))
    if parts:
        emit(tx, ClawBackCommission(sold.booking_id, sold.order_id, key))
