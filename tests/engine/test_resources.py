"""Units in pools and the places where they are: begun once, changed in part, never lost in use."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from factories import Salon
from sqlalchemy import text

from bookra.bootstrap import administration
from bookra.config import Settings
from bookra.engine.availability.closures import import_holidays
from bookra.engine.availability.hours import parse_week
from bookra.engine.availability.timetable import set_exception, set_hours
from bookra.engine.catalog.actions import find_service, set_service
from bookra.engine.catalog.model import Need
from bookra.engine.database import open_pool
from bookra.engine.people.locations import Location, add_location, locations, set_location
from bookra.engine.people.resources import (
    Resource,
    ResourceChanges,
    add_resource,
    find_resource,
    resources,
    set_resource,
)
from bookra.engine.people.staff import add_staff, set_staff
from bookra.engine.runtime import Tx, administrative_tx
from bookra.engine.tenancy.operators import add_operator
from bookra.engine.tenancy.rules import rules, set_rules
from bookra.errors import (
    BookraError,
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
)
from bookra.ids import new_id

ROLES = ("front-desk", "manager", "owner")
DAY = date(2026, 12, 1)
POOLS = text("SELECT slug FROM pools WHERE tenant_id = :tenant_id ORDER BY slug")
CLAIM = text(
    "INSERT INTO allocations (tenant_id, id, bookable_id, starts_at, ends_at, kind, booking_id,"
    " booking_line_id) VALUES (:tenant_id, :id, :unit, :start, :end, 'booking', :booking, :line)"
)
BLOCK = text(
    "INSERT INTO allocations (tenant_id, id, bookable_id, starts_at, ends_at, kind)"
    " VALUES (:tenant_id, :id, :unit, :start, :end, 'block')"
)
TIMES = {
    "start": datetime(2026, 11, 24, 9, tzinfo=UTC),
    "end": datetime(2026, 11, 24, 10, tzinfo=UTC),
}


def pools(salon: Salon) -> list[str]:
    """Return the slugs of the pools there are."""
    return [row.slug for row in salon.ask(lambda tx: tx.rows(POOLS))]


def seat(salon: Salon, slug: str = "chair-1", pool: str = "chair") -> Resource:
    """Add a unit."""
    return salon.act(lambda tx: add_resource(tx, slug, pool)[0])


def occupied(salon: Salon, unit: UUID) -> str:
    """Let a booking take a unit tomorrow; return its code."""
    booking = salon.book("2026-11-24 10:00")
    binds = {"unit": unit, "booking": booking.id, "line": booking.lines[0].id, **TIMES}
    salon.act(lambda tx: tx.run(CLAIM, id=new_id(), **binds))
    return booking.code


def test_a_pool_begins_with_its_first_unit(salon: Salon) -> None:
    assert pools(salon) == []
    seat(salon)
    seat(salon, "chair-2")
    seat(salon, "room-1", "room")
    assert pools(salon) == ["chair", "room"]
    found = [(unit.pool, unit.slug) for unit in salon.ask(resources)]
    assert found == [("chair", "chair-1"), ("chair", "chair-2"), ("room", "room-1")]


def test_the_same_unit_again_changes_nothing_and_another_is_refused(salon: Salon) -> None:
    first = seat(salon)
    assert salon.act(lambda tx: add_resource(tx, "chair-1", "chair")) == (first, False)
    with pytest.raises(ConflictError) as refused:
        salon.act(lambda tx: add_resource(tx, "chair-1", "room"))
    assert refused.value.code == "exists"
    assert pools(salon) == ["chair"]


def test_staff_and_units_share_their_slugs(salon: Salon) -> None:
    seat(salon)
    with pytest.raises(ConflictError, match="'ana' is a member of staff"):
        salon.act(lambda tx: add_resource(tx, "ana", "chair"))
    with pytest.raises(ConflictError, match="'chair-1' is a resource"):
        salon.act(lambda tx: add_staff(tx, "chair-1", "Chair"))
    with pytest.raises(NotFoundError):
        salon.ask(lambda tx: find_resource(tx, "ana"))


def test_a_service_needs_a_pool_that_exists(salon: Salon) -> None:
    with pytest.raises(NotFoundError) as refused:
        salon.act(lambda tx: set_service(tx, "cut", {"needs": (Need("chair"),)}))
    assert refused.value.code == "unknown_pool"
    assert "bookra resource add" in refused.value.hint
    seat(salon)
    salon.act(lambda tx: set_service(tx, "cut", {"needs": (Need("chair"),)}))
    assert salon.ask(lambda tx: find_service(tx, "cut")).needs == (Need("chair", "visit"),)


def test_a_unit_changes_in_part(salon: Salon) -> None:
    salon.act(lambda tx: add_location(tx, "mitte", "Mitte", "Europe/Berlin"))
    seat(salon)
    salon.act(lambda tx: set_resource(tx, "chair-1", {"name": "By the window"}))
    salon.act(lambda tx: set_resource(tx, "chair-1", {"location": "mitte"}))
    found = salon.act(lambda tx: set_resource(tx, "chair-1", {"pool": "armchair"}))
    assert (found.name, found.location, found.pool) == ("By the window", "mitte", "armchair")
    assert salon.ask(lambda tx: find_resource(tx, "chair-1")) == found
    assert salon.act(lambda tx: set_resource(tx, "chair-1", {"location": None})).location is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": ""}, "bad_name"),
        ({"pool": "Big Chairs"}, "bad_slug"),
        ({"location": "nowhere"}, "unknown_location"),
    ],
)
def test_what_a_unit_can_not_be_is_refused(
    salon: Salon, changes: ResourceChanges, code: str
) -> None:
    before = seat(salon)
    with pytest.raises(BookraError) as refused:
        salon.act(lambda tx: set_resource(tx, "chair-1", changes))
    assert refused.value.code == code
    assert salon.ask(lambda tx: find_resource(tx, "chair-1")) == before


def test_a_unit_that_is_needed_stays_in_use(salon: Salon) -> None:
    code = occupied(salon, seat(salon).id)
    with pytest.raises(ConflictError) as refused:
        salon.act(lambda tx: set_resource(tx, "chair-1", {"active": False}))
    assert refused.value.code == "has_bookings"
    assert [item["code"] for item in refused.value.details["bookings"]] == [code]
    later = salon.later(days=2)
    assert not later.act(lambda tx: set_resource(tx, "chair-1", {"active": False})).active
    assert later.ask(resources) == []
    assert [unit.slug for unit in later.ask(lambda tx: resources(tx, retired=True))] == ["chair-1"]
    assert later.act(lambda tx: set_resource(tx, "chair-1", {"active": True})).active


def test_a_block_keeps_no_unit_in_use(salon: Salon) -> None:
    unit = seat(salon)
    salon.act(lambda tx: tx.run(BLOCK, id=new_id(), unit=unit.id, **TIMES))
    assert not salon.act(lambda tx: set_resource(tx, "chair-1", {"active": False})).active


def test_locations_are_added_once_and_changed(salon: Salon) -> None:
    def again(tx: Tx) -> tuple[Location, bool]:
        return add_location(tx, "mitte", "Mitte", "Europe/Berlin")

    added, fresh = salon.act(again)
    assert fresh
    assert salon.act(again) == (added, False)
    with pytest.raises(ConflictError):
        salon.act(lambda tx: add_location(tx, "mitte", "Mitte", "Europe/Paris"))
    changed = salon.act(lambda tx: set_location(tx, "mitte", {"name": "Mitte Nord"}))
    assert (changed.name, changed.timezone) == ("Mitte Nord", "Europe/Berlin")
    with pytest.raises(NotFoundError):
        salon.act(lambda tx: set_location(tx, "west", {"name": "West"}))
    with pytest.raises(InvalidInputError):
        salon.act(lambda tx: set_location(tx, "mitte", {"timezone": "Mars"}))
    assert [place.slug for place in salon.ask(locations)] == ["mitte"]


@pytest.fixture
def operators(salon: Salon, tmp_path: Path) -> Iterator[dict[str, Salon]]:
    """The salon as each role's own login sees it."""
    suffix, password = secrets.token_hex(4), secrets.token_urlsafe(12)
    logins = {role: f"{role.replace('-', '_')}_{suffix}" for role in ROLES}
    settings = Settings(home=tmp_path, database_url=salon.database.admin_url)
    with administration(settings) as connection:
        tx = administrative_tx(connection, salon.tenant)
        for role, login in logins.items():
            add_operator(connection, tx, login, role, password)
    pools = {
        role: open_pool(salon.database.seen_by(login, password).conninfo)
        for role, login in logins.items()
    }
    yield {role: replace(salon, pool=pool).at(salon.now) for role, pool in pools.items()}
    for pool in pools.values():
        pool.dispose()


FURNISHING: dict[str, Callable[[Tx], object]] = {
    "a unit": lambda tx: add_resource(tx, "room-1", "room"),
    "another pool": lambda tx: set_resource(tx, "chair-1", {"pool": "room"}),
    "a place": lambda tx: add_location(tx, "mitte", "Mitte", "Europe/Berlin"),
    "a need": lambda tx: set_service(tx, "cut", {"needs": (Need("chair"),), "notice_minutes": 5}),
    "a level": lambda tx: set_staff(tx, "ana", {"level": "senior", "services": ("cut",)}),
    "a farewell": lambda tx: set_staff(tx, "ben", {"active": False}),
    "hours": lambda tx: set_hours(
        tx, "ana", [parse_week("mon 10:00-12:00")], DAY, date(2026, 12, 20)
    ),
    "a day off": lambda tx: set_exception(tx, "ana", DAY, ()),
    "holidays": lambda tx: import_holidays(tx, "DE", None, [2026]),
}


@pytest.mark.parametrize("what", FURNISHING)
def test_the_manager_furnishes_the_salon_and_the_front_desk_may_not(
    salon: Salon, operators: dict[str, Salon], what: str
) -> None:
    seat(salon)
    with pytest.raises(NotAllowedError):
        operators["front-desk"].act(FURNISHING[what])
    operators["manager"].act(FURNISHING[what])


def test_the_rules_are_the_owners_to_change_and_everybodys_to_see(
    operators: dict[str, Salon],
) -> None:
    for role in ("front-desk", "manager"):
        assert operators[role].ask(rules).hold_minutes == 15
        with pytest.raises(NotAllowedError):
            operators[role].act(lambda tx: set_rules(tx, {"hold_minutes": 20}))
    operators["owner"].act(lambda tx: set_rules(tx, {"hold_minutes": 20}))
    assert operators["front-desk"].ask(rules).hold_minutes == 20
