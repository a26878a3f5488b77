"""Saved cards through the relay: saved on a page, charged without their owner, forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from connected import ONCE_PAID, Connected, Parts
from sqlalchemy import text

from bookra.engine.bookings import store as bookings
from bookra.engine.bookings.actions import no_show
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.payments import cards, saved_cards
from bookra.engine.payments.asked import Asked
from bookra.engine.payments.cards import SavedCard
from bookra.engine.payments.links import Wish, request_link
from bookra.engine.payments.operations import Operation, operations_of
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, NotFoundError
from bookra.money import Money

SETUP = text(
    "SELECT id, state, url FROM operations WHERE tenant_id = :tenant_id AND kind = 'setup'"
)


def save_card(luna: Connected, card: str = "visa") -> SavedCard:
    """Let Rosa save a card on the page that the relay opens for her."""
    rosa = luna.request().customer_id
    luna.salon.act(lambda tx: saved_cards.request_setup(tx, rosa))
    luna.drain()
    (page,) = luna.salon.ask(lambda tx: tx.rows(SETUP))
    luna.outside.pay(page.url, card)
    luna.drain()
    (saved,) = luna.salon.ask(lambda tx: cards.cards_of(tx, rosa))
    return saved


def ask_for_card(luna: Connected, booking: Booking, asked: Asked = Asked()) -> Booking:  # noqa: B008
    return luna.salon.act(lambda tx: saved_cards.pay(tx, booking.code, asked))


def asked_of(luna: Connected, booking: Booking) -> list[Operation]:
    return list(luna.salon.ask(lambda tx: operations_of(tx, booking_id=booking.id)))


def test_a_card_is_saved_on_a_page_and_known_by_its_last_digits(luna: Connected) -> None:
    saved = save_card(luna)
    assert (saved.brand, saved.last4, saved.expires_on) == ("visa", "4242", date(2034, 12, 31))
    assert [page.state for page in luna.salon.ask(lambda tx: tx.rows(SETUP))] == ["succeeded"]
    luna.drain()
    assert luna.outside.show()["stripe"]["charges"] == 0


def test_a_card_is_saved_with_a_payment_where_that_was_asked_for(luna: Connected) -> None:
    visit = luna.book()
    luna.salon.act(lambda tx: request_link(tx, visit.code, Wish(saves_card=True)))
    luna.drain()
    luna.pay(visit)
    luna.drain()
    assert luna.booking(visit).due.minor == 0
    (saved,) = luna.salon.ask(lambda tx: cards.cards_of(tx, visit.customer_id))
    second = luna.book(3)
    ask_for_card(luna, second)
    luna.drain()
    assert luna.booking(second).due.minor == 0
    assert asked_of(luna, second)[0].saved_card_id == saved.id
    luna.prove_the_money()


def test_a_link_that_asks_for_no_card_saves_none(luna: Connected) -> None:
    visit = luna.book_with_link()
    luna.drain()
    luna.pay(visit)
    luna.drain()
    assert luna.salon.ask(lambda tx: cards.cards_of(tx, visit.customer_id)) == []


def test_a_saved_card_pays_a_part_once_however_often_one_asks(luna: Connected) -> None:
    save_card(luna)
    visit = luna.book(1)
    for _ in range(2):
        ask_for_card(luna, visit, Asked(Money(2000, "EUR"), Money(300, "EUR")))
    with pytest.raises(ConflictError) as refused:
        ask_for_card(luna, visit)
    assert refused.value.code == "payment_in_flight"
    luna.drain()
    assert luna.booking(visit).paid.minor == 2000
    assert luna.salon.balances()["liabilities:tips:ana"] == -300
    assert luna.outside.show()["stripe"]["charges"] == 1
    ask_for_card(luna, visit)
    luna.drain()
    assert luna.booking(visit).due.minor == 0
    luna.prove_the_money()


def answer(luna: Connected, parts: Parts) -> None:
    luna.hurry()
    parts.deliver()


def event(luna: Connected, parts: Parts) -> None:
    parts.inbound.poll_events(luna.slug, parts.gateway)


def movement(luna: Connected, parts: Parts) -> None:
    parts.inbound.poll_movements(luna.slug, parts.gateway)


ORDERS = [(answer, event, movement), (movement, answer, event), (event, movement, answer)]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order[0].__name__)
@pytest.mark.parametrize("fault", ["drop-after", "500-after"])
def test_the_facts_of_a_charge_come_to_the_same_in_any_order(
    luna: Connected,
    order: tuple[Callable[[Connected, Parts], None], ...],
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bookra.relay.returning.random.random", lambda: 0.99)
    save_card(luna)
    visit = luna.book(1)
    ask_for_card(luna, visit)
    luna.outside.fault("stripe", fault)
    with luna.parts() as parts:
        parts.deliver()
        for fact in order:
            fact(luna, parts)
        assert luna.booking(visit).due.minor == 0
    luna.drain_past_failures()
    assert luna.seen(visit) == {**ONCE_PAID, "sessions": 0, "links": 0}
    assert [each.state for each in asked_of(luna, visit)] == ["succeeded"]
    luna.prove_the_money()


def test_a_card_that_is_declined_leaves_the_visit_due_and_says_why(luna: Connected) -> None:
    save_card(luna, "fails-later")
    visit = luna.book(1)
    ask_for_card(luna, visit)
    luna.drain()
    after = luna.booking(visit)
    assert (after.status, after.due.minor) == (Status.CONFIRMED, 4500)
    (failed,) = asked_of(luna, visit)
    assert (failed.state, failed.failure) == ("failed", "generic_decline")
    assert luna.rows() == []
    luna.salon.act(lambda tx: request_link(tx, visit.code))
    luna.drain()
    luna.pay(visit)
    luna.drain()
    assert luna.booking(visit).due.minor == 0


def test_a_card_that_wants_its_owner_is_not_charged(luna: Connected) -> None:
    save_card(luna, "3ds")
    visit = luna.book(1)
    ask_for_card(luna, visit)
    luna.drain()
    (failed,) = asked_of(luna, visit)
    assert (failed.state, failed.failure) == ("failed", "authentication_required")
    assert luna.outside.show()["stripe"]["charges"] == 0


def test_what_is_paid_meanwhile_is_not_charged(luna: Connected) -> None:
    save_card(luna)
    visit = luna.book(1)
    ask_for_card(luna, visit)
    luna.take_cash(visit)
    luna.drain()
    assert [each.state for each in asked_of(luna, visit)] == ["cancelled"]
    assert luna.outside.show()["stripe"]["charges"] == 0


def test_a_fee_is_income_of_its_own_and_pays_nothing_of_the_visit(luna: Connected) -> None:
    save_card(luna)
    visit = luna.book(1)

    def missed(tx: Tx) -> None:
        gone = no_show(tx, visit.code)
        fee = Money(2500, "EUR")
        saved_cards.charge(tx, bookings.locked_by_id(tx, gone.id), fee, "no-show")

    luna.salon.at(visit.starts_at).act(missed)
    luna.drain()
    assert luna.booking(visit).paid.minor == 0
    assert luna.salon.balances()["income:no-show"] == -2500
    assert luna.entries() == {"fee_payment": 1, "stripe_charge": 1}
    luna.drain()
    luna.prove_the_money()


@pytest.mark.parametrize("fault", [None, "drop-after", "500-after"])
def test_a_card_that_is_removed_is_forgotten_at_stripe_too(
    luna: Connected, fault: str | None
) -> None:
    saved = save_card(luna)
    luna.salon.act(lambda tx: cards.remove(tx, saved))
    if fault is not None:
        luna.outside.fault("stripe", fault)
    luna.drain_past_failures()
    assert luna.stripe_list(f"customers/{saved.customer_ref}/payment_methods") == []
    assert luna.rows() == []
    with pytest.raises(NotFoundError):
        ask_for_card(luna, luna.book(1))
