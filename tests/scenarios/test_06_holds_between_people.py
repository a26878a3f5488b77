"""Scenario 6: a hold of one person is honoured by all others, and does not lock its holder out."""

from __future__ import annotations

import pytest
from factories import Salon
from racing import overlaps, race

from bookra.engine.availability.actions import explain_start
from bookra.engine.bookings.actions import confirm
from bookra.engine.bookings.model import Status
from bookra.engine.bookings.store import locked_by_code
from bookra.engine.payments.taking import take_cash
from bookra.errors import ConflictError

SLOT = "2026-11-24 10:00"


def test_a_held_slot_is_shown_to_nobody_and_booked_by_nobody_else(salon: Salon) -> None:
    held = salon.book(SLOT, hold_minutes=15)
    assert "10:00" not in salon.starts("2026-11-24")
    why = salon.ask(lambda tx: explain_start(tx, "cut", "ana", salon.local(SLOT)))
    assert [(reason.rule, reason.booking_id) for reason in why.reasons] == [("hold", str(held.id))]
    with pytest.raises(ConflictError) as refused:
        salon.book(SLOT, customer=salon.customer("Mia Kern"))
    assert refused.value.code == "slot_taken"


@pytest.mark.parametrize("minutes", [0, 10, 60])
def test_the_holder_finishes_what_was_held(salon: Salon, minutes: int) -> None:
    """Also after the hold has lapsed, as long as nobody else has taken the time."""
    held = salon.book(SLOT, hold_minutes=15)
    later = salon.later(minutes=minutes)
    done = later.act(lambda tx: confirm(tx, locked_by_code(tx, held.code)))
    assert (done.status, done.code) == (Status.CONFIRMED, held.code)
    assert later.act(lambda tx: take_cash(tx, held.code)).due.minor == 0


def test_the_holder_comes_too_late_when_somebody_else_was_faster(salon: Salon) -> None:
    held = salon.book(SLOT, hold_minutes=15)
    later = salon.later(minutes=20)
    later.book(SLOT, customer=salon.customer("Mia Kern"))
    with pytest.raises(ConflictError) as refused:
        later.act(lambda tx: take_cash(tx, held.code))
    assert refused.value.code == "illegal_state"
    assert overlaps(salon) == 0


def test_many_who_want_a_lapsed_hold_share_it_as_any_slot(salon: Salon) -> None:
    held = salon.book(SLOT, hold_minutes=15)
    later = salon.later(minutes=20)
    outcomes = race(later, [later.request(SLOT)] * 12)
    assert len([outcome for outcome in outcomes if outcome.booking]) == 1
    assert {outcome.refusal for outcome in outcomes} == {None, "slot_taken"}
    assert later.booking(held.code).status is Status.EXPIRED
    assert overlaps(salon) == 0
