"""The day's other views over the real engine."""

from __future__ import annotations

from datetime import timedelta
from threading import Event, Thread

import pytest
from factories import Salon

from bookra.engine.catalog.actions import set_service
from bookra.engine.catalog.model import Need
from bookra.engine.people.resources import add_resource
from bookra.errors import UnavailableError
from bookra.tui.engine_desk import EngineDesk


def test_rooms_are_columns_and_open_while_somebody_works(salon: Salon) -> None:
    salon.act(lambda tx: add_resource(tx, "chair-1", "chair", name="By the window"))
    desk = EngineDesk(salon.engine, salon.slug)
    day = salon.now.astimezone(salon.zone).date() + timedelta(days=1)
    picture = desk.rooms(day)
    assert [column.name for column in picture.columns] == ["By the window"]
    people = desk.day(day).columns
    assert picture.columns[0].shifts[0][0] == min(s[0] for c in people for s in c.shifts)
    assert picture.blocks == ()


def test_several_days_are_the_days_one_by_one(salon: Salon) -> None:
    desk = EngineDesk(salon.engine, salon.slug)
    day = salon.now.astimezone(salon.zone).date()
    found = desk.days(day, 7)
    assert [one.day for one in found] == [day + timedelta(days=n) for n in range(7)]
    assert found[1].columns == desk.day(day + timedelta(days=1)).columns


def test_a_visit_stands_in_the_room_that_it_takes(salon: Salon) -> None:
    salon.act(lambda tx: add_resource(tx, "chair-1", "chair"))
    salon.act(lambda tx: set_service(tx, "cut", {"needs": (Need("chair"),)}))
    day = salon.now.astimezone(salon.zone).date() + timedelta(days=1)
    visit = salon.book(f"{day}T11:00")
    (block,) = EngineDesk(salon.engine, salon.slug).rooms(day).blocks
    assert (block.code, block.staff) == (visit.code, "chair-1")
    assert block.starts_at == visit.starts_at


def test_who_waits_for_changes_goes_at_once_when_the_wire_is_cut(salon: Salon) -> None:
    desk, waiting = EngineDesk(salon.engine, salon.slug), Event()
    with desk.changes() as changes:

        def wait() -> None:
            waiting.set()
            with pytest.raises(UnavailableError):
                changes.wait(600)

        listener = Thread(target=wait, daemon=True)
        listener.start()
        waiting.wait()
        changes.end()
        listener.join(60)
        assert not listener.is_alive()
    assert desk.brand().name, "the desk itself goes on"
