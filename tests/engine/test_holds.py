"""Holds: they keep a slot for a while, and never a moment longer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from factories import Salon
from paying import book_by_link, operations

from bookra.engine.bookings.actions import cancel, confirm
from bookra.engine.bookings.holds import expire_lapsed, lapse
from bookra.engine.bookings.model import Status
from bookra.engine.bookings.store import locked_by_code
from bookra.engine.outbox.inspect import outbox_rows
from bookra.errors import ConflictError, InvalidInputError

SLOT = "2026-11-24 10:00"


def test_a_hold_keeps_its_slot_until_it_lapses(salon: Salon) -> None:
    held = salon.book(SLOT, hold_minutes=15)
    assert (held.status, held.hold_expires_at) == (Status.HELD, salon.now + timedelta(minutes=15))
    assert "10:00" not in salon.later(minutes=14).starts("2026-11-24")
    assert "10:00" in salon.later(minutes=15).starts("2026-11-24")


def test_somebody_else_may_not_book_a_held_slot(salon: Salon) -> None:
    salon.book(SLOT, hold_minutes=15)
    with pytest.raises(ConflictError) as refused:
        salon.book(SLOT, customer=salon.customer("Mia Kern"))
    assert refused.value.code == "slot_taken"
    assert "held 10:00-10:45 until 09:15" in refused.value.message


def test_who_wants_a_lapsed_slot_takes_it(salon: Salon) -> None:
    held = salon.book(SLOT, hold_minutes=15)
    later = salon.later(minutes=15)
    assert later.book(SLOT, customer=salon.customer("Mia Kern")).status is Status.CONFIRMED
    assert later.booking(held.code).status is Status.EXPIRED


def test_only_the_lapsed_holds_in_the_way_are_released(salon: Salon) -> None:
    first = salon.book(SLOT, hold_minutes=15)
    beside = salon.book("2026-11-24 10:45", hold_minutes=15)
    salon.later(minutes=20).book(SLOT)
    assert salon.booking(first.code).status is Status.EXPIRED
    assert salon.booking(beside.code).status is Status.HELD


def test_the_sweep_expires_every_lapsed_hold_and_no_other(salon: Salon) -> None:
    short = salon.book(SLOT, hold_minutes=5)
    long = salon.book("2026-11-24 11:00", hold_minutes=60)
    later = salon.later(minutes=5)
    assert later.act(expire_lapsed) == 1
    assert later.act(expire_lapsed) == 0
    assert later.booking(short.code).status is Status.EXPIRED
    assert later.booking(long.code).status is Status.HELD


def test_a_hold_that_is_confirmed_never_lapses(salon: Salon) -> None:
    held = salon.book(SLOT, hold_minutes=15)
    salon.act(lambda tx: confirm(tx, locked_by_code(tx, held.code)))
    much_later = salon.later(hours=3)
    assert much_later.act(expire_lapsed) == 0
    assert "10:00" not in much_later.starts("2026-11-24")
    with pytest.raises(ConflictError):
        much_later.book(SLOT)


def test_a_hold_may_be_cancelled_without_telling_anybody(salon: Salon, tmp_path: Path) -> None:
    salon.connect_provider("google", tmp_path / "key")
    held = salon.book(SLOT, hold_minutes=15)
    assert salon.act(lambda tx: cancel(tx, held.code)).status is Status.CANCELLED
    assert salon.ask(outbox_rows) == []
    assert "10:00" in salon.starts("2026-11-24")


@pytest.mark.parametrize("minutes", [0, -5, 1441])
def test_a_hold_has_a_sensible_length(salon: Salon, minutes: int) -> None:
    with pytest.raises(InvalidInputError) as refused:
        salon.book(SLOT, hold_minutes=minutes)
    assert refused.value.code == "bad_hold"


def test_a_lapsed_hold_asks_for_its_payment_link_to_be_closed(salon: Salon, tmp_path: Path) -> None:
    salon.connect_provider("stripe", tmp_path / "key")
    held = book_by_link(salon, SLOT)
    assert held.hold_expires_at == salon.now + timedelta(minutes=35)
    salon.later(minutes=35).act(expire_lapsed)
    assert [(row.topic, row.state) for row in salon.ask(outbox_rows)] == [
        ("payment.request", "ready"),
        ("payment.cancel", "waiting"),
    ]


def test_a_hold_whose_link_is_open_is_not_lapsed_early(salon: Salon, tmp_path: Path) -> None:
    salon.connect_provider("stripe", tmp_path / "key")
    held = book_by_link(salon, SLOT)
    assert operations(salon, held) == [("checkout", "new")]
    far = salon.local("2026-12-24 12:00")
    assert not salon.act(lambda tx: lapse(tx, held.id, far))
    unpayable = salon.book("2026-11-24 12:00", hold_minutes=15)
    assert unpayable.hold_expires_at is not None
    session_ended = unpayable.hold_expires_at - timedelta(minutes=4)
    assert salon.act(lambda tx: lapse(tx, unpayable.id, session_ended))
    assert not salon.act(lambda tx: lapse(tx, unpayable.id, session_ended))
    assert "12:00" in salon.starts("2026-11-24")


def test_a_hold_that_was_asked_for_longer_outlives_its_link(salon: Salon) -> None:
    held = salon.book("2026-11-24 12:00", hold_minutes=1440)
    assert held.hold_expires_at is not None
    session_ended = held.hold_expires_at - timedelta(hours=20)
    assert not salon.act(lambda tx: lapse(tx, held.id, session_ended))
    assert "12:00" not in salon.starts("2026-11-24")
