"""Three decimal places, of which Stripe moves two: what goes by card is refused or rounded here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from databases import Database
from factories import Salon, open_salon
from paying import charge_for, operations, settle
from sqlalchemy import Engine as Pool

from bookra.engine.bookings.booking import book
from bookra.engine.bookings.history import history
from bookra.engine.bookings.model import Booking
from bookra.engine.ledger.verify import verify
from bookra.engine.orders.gift_cards import sell_gift_card
from bookra.engine.orders.selling import pay_by
from bookra.engine.payments import cards
from bookra.engine.payments.asked import Asked
from bookra.engine.payments.fees import no_show
from bookra.engine.payments.links import Wish, request_link
from bookra.engine.payments.operations import operations_of
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import refund
from bookra.engine.prices.policies import set_policy
from bookra.engine.prices.policy import Fee
from bookra.errors import ConflictError
from bookra.money import Money


def dinars(fils: int) -> Money:
    return Money(fils, "KWD")


@pytest.fixture
def kuwait(database: Database, pool: Pool, tmp_path: Path) -> Salon:
    """A salon that sells its cut for 45.000 dinars, with Stripe and a no-show fee of 12.345."""
    salon = open_salon(database, pool, currency="KWD", country="KW")
    salon.connect_provider("stripe", tmp_path / "key", platform_fee_percent="1")
    salon.act(lambda tx: set_policy(tx, "Come.", 1440, None, Fee(minor=12_345)))
    return salon


def ask(salon: Salon, booking: Booking, fils: int) -> Booking:
    wish = Wish(Asked(dinars(fils)))
    return salon.act(lambda tx: request_link(tx, booking.code, wish))


def test_what_stripe_would_refuse_is_refused_in_words_and_leaves_nothing(kuwait: Salon) -> None:
    booking = kuwait.book("2026-11-26 10:00")
    with pytest.raises(ConflictError, match=r"12\.345 KWD can't go.* 0\.010 KWD") as refused:
        ask(kuwait, booking, 12_345)
    assert (refused.value.code, "12.340 KWD" in refused.value.hint) == ("not_by_card", True)
    with pytest.raises(ConflictError, match=r"0\.040 KWD can't go .* 0\.050 KWD at least"):
        ask(kuwait, booking, 40)
    card = kuwait.act(lambda tx: sell_gift_card(tx, dinars(1_005)))
    with pytest.raises(ConflictError, match="can't go by card"):
        kuwait.act(lambda tx: pay_by(tx, card.order, "link"))
    assert operations(kuwait, booking) == []
    ask(kuwait, booking, 12_340)
    settle(kuwait, booking, charge_for(kuwait, booking))
    with pytest.raises(ConflictError, match="can't go by card"):
        kuwait.act(lambda tx: refund(tx, booking.code, Back(dinars(333))))
    kuwait.act(lambda tx: refund(tx, booking.code, Back(dinars(333), to="cash")))
    assert operations(kuwait, booking) == [("checkout", "succeeded")]
    kuwait.act(lambda tx: refund(tx, booking.code, Back(dinars(10))))  # may be ever so small
    assert operations(kuwait, booking)[1:] == [("refund", "new")]
    assert kuwait.ask(verify).ok


def test_a_fee_takes_what_a_card_can_pay(kuwait: Salon) -> None:
    wanted = replace(kuwait.request("2026-11-26 10:00"), policy_accepted="counter")
    booking = kuwait.act(lambda tx: book(tx, wanted))
    kept = cards.KeptCard("cus_1", "pm_1", "visa", "4242", None)
    kuwait.act(lambda tx: cards.keep(tx, booking.customer_id, kept))
    kuwait.at(booking.starts_at).act(lambda tx: no_show(tx, booking.code))
    (charged,) = kuwait.ask(lambda tx: operations_of(tx, booking_id=booking.id))
    assert charged.amount == dinars(12_340)
    assert noted_of(kuwait, booking) == {"charged": "12.340 KWD"}


def test_a_fee_that_is_too_little_for_a_card_is_noted_and_asked_of_nobody(kuwait: Salon) -> None:
    wanted = replace(kuwait.request("2026-11-26 10:00"), policy_accepted="counter")
    booking = kuwait.act(lambda tx: book(tx, wanted))
    kept = cards.KeptCard("cus_1", "pm_1", "visa", "4242", None)
    kuwait.act(lambda tx: cards.keep(tx, booking.customer_id, kept))
    on_the_day = kuwait.at(booking.starts_at)
    on_the_day.act(lambda tx: no_show(tx, booking.code, fee=dinars(49)))
    assert operations(kuwait, booking) == []
    assert noted_of(kuwait, booking) == {
        "not_taken": "0.049 KWD",
        "why": "too little for a card",
    }


def noted_of(salon: Salon, booking: Booking) -> dict[str, object]:
    """What the visit's history says of its no-show fee."""
    changes = salon.ask(lambda tx: history(tx, booking.id))
    (facts,) = [dict(c.facts) for c in changes if c.kind == "no-show"]
    return facts
