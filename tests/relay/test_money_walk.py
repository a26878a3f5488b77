"""Any sequence of sales, refunds, disputes, payouts and redemptions leaves the books right.

One salon lives through every example, so that each begins where the last one ended. What a rule
refuses changes nothing. After each example: the ledger stands, Stripe agrees to the cent, nothing
bought is overdrawn, no charge is refunded beyond what it holds, and each line's commission is
exactly what its price and its refunds make of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

from connected import Connected
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.orders.gift_cards import sell_gift_card
from bookra.engine.orders.packages import sell_package
from bookra.engine.orders.redeeming import redeem_gift_card, redeem_package
from bookra.engine.orders.selling import pay_by
from bookra.engine.payments.asked import Asked
from bookra.engine.payments.fees import cancel_visit
from bookra.engine.payments.links import Wish, request_link
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import refund
from bookra.engine.payments.taking import complete, take
from bookra.engine.people.customers import add_customer
from bookra.engine.runtime import Tx
from bookra.errors import BookraError
from bookra.money import Money, share

EXAMPLES = int(os.environ.get("BOOKRA_TEST_WALKS", "3"))
MANY = 1_000_000

OVERDRAWN = text(
    """
    SELECT code FROM gift_cards WHERE tenant_id = :tenant_id AND balance_minor < 0
    UNION ALL SELECT code FROM packages WHERE tenant_id = :tenant_id AND used > visits
    UNION ALL SELECT charge_ref FROM charges
     WHERE tenant_id = :tenant_id AND refund_reserved_minor > captured_minor
    """
)
# What each recognised line sold, what of it went back, and what its commission came to.
EARNED = text(
    """
    SELECT l.id, l.net_minor, l.commission_bps,
           COALESCE((SELECT sum(p.amount_minor) FROM postings p
                       JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
                      WHERE p.tenant_id = l.tenant_id AND p.booking_line_id = l.id
                        AND a.code = 'income:refunds'), 0)::bigint AS refunded_minor,
           COALESCE((SELECT sum(p.amount_minor) FROM postings p
                       JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
                      WHERE p.tenant_id = l.tenant_id AND p.booking_line_id = l.id
                        AND a.code = 'expenses:commission'), 0)::bigint AS commission_minor
      FROM booking_lines l
      JOIN bookings b ON b.tenant_id = l.tenant_id AND b.id = l.booking_id
     WHERE l.tenant_id = :tenant_id AND b.recognised_at IS NOT NULL
    """
)

Move = Callable[["Walk", int, int], None]


class Walk:
    """The salon, and what it has sold so far: codes that later moves go back to."""

    def __init__(self, luna: Connected) -> None:
        self.luna = luna
        self.bookings: list[str] = []
        self.gift_cards: list[str] = []
        self.packages: list[str] = []
        self.disputes: list[str] = []
        self.payouts: list[str] = []
        self.customer_id = luna.salon.act(lambda tx: add_customer(tx, "Rosa Vega")[0]).id
        self.booked = 0

    def any_booking(self, pick: int) -> str:
        """Return one of the bookings, or a new one."""
        return self.bookings[pick % len(self.bookings)] if self.bookings else self.book()

    def book(self) -> str:
        """Book a visit that nobody has paid for."""
        wanted = BookingRequest("cut", "ana", self.luna.free().start, self.customer_id)
        self.bookings.append(self.luna.salon.act(lambda tx: book(tx, wanted)).code)
        return self.bookings[-1]

    def act(self, action: Callable[[Tx], object]) -> None:
        """Do something that a rule may refuse: then nothing has happened."""
        with suppress(BookraError):
            self.luna.salon.act(action)

    def money(self, minor: int) -> Money:
        return Money(minor, self.luna.salon.tenant.currency)


def pay_in_cash(walk: Walk, pick: int, minor: int) -> None:
    code = walk.any_booking(pick)
    walk.act(lambda tx: take(tx, code, "cash", Asked(tip=walk.money(minor % 700))))


def pay_a_part(walk: Walk, pick: int, minor: int) -> None:
    code = walk.any_booking(pick)
    walk.act(lambda tx: take(tx, code, "terminal", Asked(amount=walk.money(minor))))


def pay_by_link(walk: Walk, pick: int, minor: int) -> None:
    code = walk.book()
    wish = Wish(asked=Asked(tip=walk.money(minor % 700))) if pick % 2 else Wish()
    walk.act(lambda tx: request_link(tx, code, wish))
    walk.luna.drain()
    walk.luna.outside.pay(code)


def refund_a_part(walk: Walk, pick: int, minor: int) -> None:
    code = walk.any_booking(pick)
    tips = ("kept", "too", "only")[minor % 3]
    walk.act(lambda tx: refund(tx, code, Back(amount=walk.money(minor), tips=tips)))


def refund_the_rest(walk: Walk, pick: int, minor: int) -> None:
    code = walk.any_booking(pick)
    to = (None, "cash", "card")[minor % 3]
    walk.act(lambda tx: refund(tx, code, Back(to=to)))


def refund_elsewhere(walk: Walk, pick: int, minor: int) -> None:
    """Somebody refunds in Stripe's own dashboard."""
    with suppress(BookraError):
        walk.luna.outside.refund(walk.any_booking(pick), amount=minor, account=walk.luna.stripe.id)


def dispute(walk: Walk, pick: int, _minor: int) -> None:
    with suppress(BookraError):
        opened = walk.luna.outside.open_dispute(walk.luna.stripe.id, walk.any_booking(pick))
        walk.disputes.append(opened["id"])


def decide_dispute(walk: Walk, pick: int, _minor: int) -> None:
    if walk.disputes:
        becomes = "won" if pick % 2 else "lost"
        walk.luna.outside.close_dispute(walk.luna.stripe.id, walk.disputes.pop(), becomes)


def pay_out(walk: Walk, _pick: int, _minor: int) -> None:
    made = walk.luna.outside.run_payouts(walk.luna.stripe.id, early=True)
    walk.payouts += [payout["id"] for payout in made]


def decide_payout(walk: Walk, pick: int, _minor: int) -> None:
    if walk.payouts:
        becomes = "paid" if pick % 3 else "failed"
        walk.luna.outside.settle_payout(walk.luna.stripe.id, walk.payouts.pop(), becomes)


def sell_card(walk: Walk, _pick: int, minor: int) -> None:
    def action(tx: Tx) -> None:
        card = sell_gift_card(tx, walk.money(minor))
        pay_by(tx, card.order, "cash")
        walk.gift_cards.append(card.code)

    walk.act(action)


def redeem_card(walk: Walk, pick: int, _minor: int) -> None:
    if walk.gift_cards:
        code, card = walk.any_booking(pick), walk.gift_cards[pick % len(walk.gift_cards)]
        walk.act(lambda tx: redeem_gift_card(tx, code, card))


def sell_visits(walk: Walk, pick: int, minor: int) -> None:
    def action(tx: Tx) -> None:
        bought = sell_package(tx, "cut", 1 + pick % 3, walk.money(minor), walk.customer_id)
        pay_by(tx, bought.order, "cash")
        walk.packages.append(bought.code)

    walk.act(action)


def redeem_visit(walk: Walk, pick: int, _minor: int) -> None:
    if walk.packages:
        code, bought = walk.book(), walk.packages[pick % len(walk.packages)]
        walk.act(lambda tx: redeem_package(tx, code, bought))


def finish(walk: Walk, pick: int, _minor: int) -> None:
    code = walk.any_booking(pick)
    walk.act(lambda tx: complete(tx, code))


def call_off(walk: Walk, pick: int, minor: int) -> None:
    code = walk.any_booking(pick)
    fee = walk.money(minor) if minor % 2 else None
    walk.act(lambda tx: cancel_visit(tx, code, fee=fee))


MOVES: tuple[Move, ...] = (
    pay_in_cash,
    pay_a_part,
    pay_by_link,
    pay_by_link,
    refund_a_part,
    refund_a_part,
    refund_the_rest,
    refund_elsewhere,
    dispute,
    decide_dispute,
    pay_out,
    decide_payout,
    sell_card,
    redeem_card,
    sell_visits,
    redeem_visit,
    finish,
    call_off,
)


def test_any_sequence_of_money_moves_leaves_the_books_right(luna: Connected) -> None:
    walk = Walk(luna)
    pay_by_link(walk, 0, 1)  # an account on which nothing ever moved proves nothing

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(MOVES),
                st.integers(0, MANY),
                st.integers(1, 6000),
            ),
            min_size=6,
            max_size=16,
        )
    )
    def any_sequence(moves: list[tuple[Move, int, int]]) -> None:
        for move, pick, minor in moves:
            move(walk, pick, minor)
        luna.drain_past_failures()
        check(luna)

    any_sequence()


def check(luna: Connected) -> None:
    luna.prove_the_money()
    assert luna.salon.ask(lambda tx: tx.rows(OVERDRAWN)) == []
    for line in luna.salon.ask(lambda tx: tx.rows(EARNED)):
        whole = share(line.net_minor, line.commission_bps)
        back = 0
        if line.net_minor:
            back = (2 * line.refunded_minor * whole + line.net_minor) // (2 * line.net_minor)
        assert line.commission_minor == whole - back, line
