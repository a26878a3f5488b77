"""Clients: found however one types their name, changed without loss, and summed up truly."""

from __future__ import annotations

from datetime import date

import pytest
from factories import Salon
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookra.engine.bookings.actions import cancel, no_show
from bookra.engine.bookings.clientele import matching_visits, standing_of, visits_of
from bookra.engine.orders.gift_cards import gift_cards_of, sell_gift_card
from bookra.engine.orders.memberships import memberships_of
from bookra.engine.orders.selling import pay_by
from bookra.engine.payments.taking import take_cash
from bookra.engine.people.customers import find_customers
from bookra.engine.people.editing import MAX_NOTES, Change, change_customer
from bookra.errors import ConflictError, InvalidInputError
from bookra.money import Money

THURSDAY = date(2026, 11, 26)


def names(salon: Salon, words: str) -> list[str]:
    return [found.name for found in salon.ask(lambda tx: find_customers(tx, words))]


@pytest.mark.parametrize(
    "words", ["zoe", "ZOË", "garcia", "garcía zo", "lopez zoe", "lop gar", "zoe garcía-lópez"]
)
def test_accents_case_and_order_of_words_do_not_matter(salon: Salon, words: str) -> None:
    salon.customer("Zoë García-López")
    salon.customer("Zora Garnier")
    assert names(salon, words) == ["Zoë García-López"]


def test_every_word_must_match_and_only_where_a_word_begins(salon: Salon) -> None:
    salon.customer("Zoë García")
    assert names(salon, "zoe vega") == []
    assert names(salon, "arcia") == []


def test_who_begins_with_what_is_typed_comes_first(salon: Salon) -> None:
    salon.customer("Ana Rosario")
    salon.customer("Rosa Vega")
    assert names(salon, "ros") == ["Rosa Vega", "Ana Rosario"]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=20))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_typed_is_only_searched_for(salon: Salon, words: str) -> None:
    salon.customer("Rosa Vega")
    assert set(names(salon, words)) <= {"Rosa Vega"}
    assert names(salon, f"rosa {'(' * 2}") == []


def test_a_change_leaves_what_it_does_not_name(salon: Salon) -> None:
    rosa = salon.customer("Rosa Vega", phone="030 901820")
    changed = salon.act(
        lambda tx: change_customer(tx, rosa.id, Change(notes="Sensitive scalp\r\n\x1b[31mred"))
    )
    assert (changed.name, changed.phone) == ("Rosa Vega", "+4930901820")
    assert changed.notes == "Sensitive scalp\n[31mred"
    changed = salon.act(lambda tx: change_customer(tx, rosa.id, Change(phone="", name="Rosa V")))
    assert (changed.name, changed.phone) == ("Rosa V", None)
    assert changed.notes.startswith("Sensitive scalp")


def test_nobody_gets_another_clients_phone(salon: Salon) -> None:
    rosa = salon.customer("Rosa Vega", phone="030 901820")
    tess = salon.customer("Tess Moran")
    with pytest.raises(ConflictError, match="Another customer has this phone"):
        salon.act(lambda tx: change_customer(tx, tess.id, Change(phone="+49 30 901820")))
    salon.act(lambda tx: change_customer(tx, rosa.id, Change(phone="+49 30 901820")))


def test_a_note_that_nobody_would_read_is_refused(salon: Salon) -> None:
    rosa = salon.customer()
    with pytest.raises(InvalidInputError, match="at most"):
        salon.act(lambda tx: change_customer(tx, rosa.id, Change(notes="x" * (MAX_NOTES + 1))))


def test_a_clients_standing_counts_what_was_paid_and_who_did_not_come(salon: Salon) -> None:
    rosa = salon.customer()
    paid, missed, gone = (
        salon.book(f"{THURSDAY} {wall}", customer=rosa) for wall in ("10:00", "12:00", "14:00")
    )
    salon.act(lambda tx: take_cash(tx, paid.code))
    salon.act(lambda tx: cancel(tx, gone.code))
    after = salon.later(days=4)
    after.act(lambda tx: no_show(tx, missed.code))
    standing = after.ask(lambda tx: standing_of(tx, paid.customer_id))
    assert (standing.visits, standing.no_shows, standing.cancelled) == (1, 1, 1)
    assert standing.spent == paid.price
    found = after.ask(lambda tx: visits_of(tx, paid.customer_id))
    assert [(one.code, one.services, one.staff) for one in found] == [
        (code, "Cut", "Ana") for code in (gone.code, missed.code, paid.code)
    ]


def test_a_visit_is_found_by_its_code_or_by_who_comes(salon: Salon) -> None:
    booking = salon.book(f"{THURSDAY} 10:00")
    other = salon.book(f"{THURSDAY} 12:00", customer=salon.customer("Tess Moran"))
    short = booking.code.partition("-")[2].lower()

    def codes(words: str, *customers: object) -> list[str]:
        ids = [one.customer_id for one in (booking, other) if one.customer_id in customers]
        found = salon.ask(lambda tx: matching_visits(tx, words, ids, tx.now, 9))
        return [one.code for one in found]

    assert codes(booking.code) == codes(short) == codes(short[:3]) == [booking.code]
    assert codes("tess", other.customer_id) == [other.code]
    assert codes("%") == codes("") == codes("_____") == []


def test_a_gift_card_is_told_while_it_is_worth_something(salon: Salon) -> None:
    rosa = salon.customer()
    card = salon.act(lambda tx: sell_gift_card(tx, Money(3000, "EUR"), rosa.id))
    assert salon.ask(lambda tx: gift_cards_of(tx, rosa.id)) == []
    salon.act(lambda tx: pay_by(tx, card.order, "cash"))
    (found,) = salon.ask(lambda tx: gift_cards_of(tx, rosa.id))
    assert found.balance == Money(3000, "EUR")
    assert salon.ask(lambda tx: memberships_of(tx, rosa.id)) == []
