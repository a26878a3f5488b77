"""What a search costs: one statement, and the index that was made for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from databases import Database
from factories import Salon, open_salon
from furnished import crowd, furnished
from sqlalchemy import Connection, event, text
from sqlalchemy import Engine as Pool

from bookra.engine.availability.actions import (
    explain_visit,
    find_slots,
    find_visits,
    ranked_visits,
)
from bookra.engine.availability.asked import VisitWish, Wish, visit_of
from bookra.engine.availability.store import LOAD
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.rota import day_snapshot
from bookra.engine.database import open_pool
from bookra.engine.runtime import Tx

DAY = date(2026, 11, 24)
INDEX = "allocations_tenant_id_bookable_id_starts_at_idx"
# Years of half-hours for everybody, of both businesses; written by the administrator at once.
FILL = text(
    """
    INSERT INTO bookra.allocations (tenant_id, id, bookable_id, starts_at, ends_at, kind)
    SELECT b.tenant_id, gen_random_uuid(), b.id, at, at + interval '30 minutes', 'block'
      FROM bookra.bookables b,
           generate_series(timestamptz '2024-01-01', timestamptz '2026-11-24 10:00', '4 hours') at
    """
)


@contextmanager
def counted(pool: Pool) -> Iterator[list[str]]:
    """Record every statement that goes through SQLAlchemy, the runtime's own batch left out."""
    statements: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(pool, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(pool, "before_cursor_execute", note)


@pytest.fixture
def warm(salon: Salon) -> Salon:
    """A salon whose engine has met the business before."""
    salon.book("2026-11-24 10:00")
    return salon


SEVERAL = VisitWish((Wish("cut"), Wish("color"), Wish("cut", "ben")))


@pytest.mark.parametrize(("staff", "days"), [("ana", 1), (None, 1), (None, 31)])
def test_a_search_is_one_statement_for_everybody_and_every_day(
    warm: Salon, staff: str | None, days: int
) -> None:
    with counted(warm.pool) as statements:
        found = warm.ask(lambda tx: find_slots(tx, "cut", staff, DAY, days))
    assert len(found) > 20
    assert len(statements) == 1


@pytest.mark.parametrize("days", [1, 31])
def test_so_is_the_search_for_a_visit_of_several_services(warm: Salon, days: int) -> None:
    with counted(warm.pool) as statements:
        found = warm.ask(lambda tx: find_visits(tx, SEVERAL, DAY, days))
    assert len(found) > 20
    assert len(statements) == 1


def test_more_staff_units_and_limits_cost_no_more_statements(
    database: Database, pool: Pool
) -> None:
    salon = furnished(database, pool)
    crowd(salon, DAY)
    visit = VisitWish((Wish("color"), Wish("massage"), Wish("cut")), max_wait_minutes=60)
    for name in ("eva", "fee", "gil"):
        salon.staff(name)
        salon.hours(name, "mon-sun 00:00-24:00")
    with counted(salon.pool) as statements:
        salon.ask(lambda tx: find_visits(tx, visit, DAY, 7))
    assert len(statements) == 1
    with counted(salon.pool) as statements:
        salon.ask(lambda tx: ranked_visits(tx, visit_of("color", None), DAY, 7))
    assert len(statements) == 2


@pytest.mark.parametrize(
    ("visit", "wall", "cost"),
    [(visit_of("cut", "ana"), "10:00", 4), (SEVERAL, "23:00", 3)],
    ids=str,
)
def test_an_explanation_is_four_statements_at_most(
    warm: Salon, visit: VisitWish, wall: str, cost: int
) -> None:
    """The window, its absences, the code of what is in the way, and the window of what is near."""
    at = warm.local(f"{DAY} {wall}")
    with counted(warm.pool) as statements:
        assert not warm.ask(lambda tx: explain_visit(tx, visit, at)).free
    assert len(statements) == cost


def test_a_visit_of_several_lines_costs_a_bounded_number_of_statements(warm: Salon) -> None:
    """Each line adds its row and what it claims, never a search."""
    costs = []
    for lines in (2, 3, 4):
        at = warm.local(f"2026-11-{24 + lines} 10:00")
        more = (Wish("cut"),) * (lines - 1)
        wanted = BookingRequest("cut", None, at, warm.customer().id, more=more)
        with counted(warm.pool) as statements:
            warm.act(lambda tx: book(tx, wanted))  # noqa: B023
        costs.append(len(statements))
    assert costs[0] <= 22
    assert costs[2] - costs[1] == costs[1] - costs[0] <= 3


def test_a_days_picture_does_not_grow_with_its_bookings(warm: Salon) -> None:
    with counted(warm.pool) as before:
        warm.ask(lambda tx: day_snapshot(tx, DAY))
    for hour in range(11, 17):
        warm.book(f"2026-11-24 {hour}:00")
    with counted(warm.pool) as after:
        seen = warm.ask(lambda tx: day_snapshot(tx, DAY))
    assert len(seen.blocks) == 7
    assert len(after) == len(before) <= 5


def test_a_booking_costs_a_bounded_number_of_statements(warm: Salon) -> None:
    wanted = warm.request("2026-11-24 12:00")
    with counted(warm.pool) as statements:
        warm.act(lambda tx: book(tx, wanted))
    assert len(statements) <= 16


def plan_of(salon: Salon, tx: Tx) -> list[dict[str, Any]]:
    """Return every node of the plan by which the login of the test loads a window."""
    binds = {
        "tenant_id": tx.tenant.id,
        "services": ["cut"],
        "staff": None,
        "own": None,
        "sold": False,
        "named": False,
        "day_before": date(2026, 11, 22),
        "day_after": date(2026, 11, 27),
        "begin": datetime(2026, 11, 23, 14, tzinfo=UTC),
        "until": datetime(2026, 11, 26, 8, tzinfo=UTC),
        "now": salon.now,
    }
    explained = text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {LOAD.text}")
    found = tx.connection.execute(explained, binds).scalar_one()
    plans = found if isinstance(found, list) else json.loads(found)
    return list(nodes(plans[0]["Plan"]))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def fill(connection: Connection) -> int:
    written = connection.execute(FILL).rowcount
    connection.execute(text("ANALYZE"))
    return written


def test_under_policies_the_search_still_goes_through_its_index(
    database: Database, pool: Pool
) -> None:
    """A range operator, or a policy evaluated per row, would read every allocation there is."""
    salon = open_salon(database, pool)
    open_salon(database, pool, "sol")
    administrator = open_pool(database.administrator, pooled=False)
    with administrator.begin() as connection:
        assert fill(connection) > 20_000
    touching = [
        node
        for node in salon.ask(lambda tx: plan_of(salon, tx))
        if node.get("Relation Name") == "allocations" or node.get("Index Name", "") == INDEX
    ]
    assert {node["Node Type"] for node in touching} <= {
        "Index Scan",
        "Index Only Scan",
        "Bitmap Heap Scan",
        "Bitmap Index Scan",
    }
    assert INDEX in {node.get("Index Name") for node in touching}
    read = sum(node["Actual Rows"] * node["Actual Loops"] for node in touching)
    filtered = sum(node.get("Rows Removed by Filter", 0) for node in touching)
    assert read < 100
    assert filtered < 100
