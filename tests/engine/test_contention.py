"""The constraint alone: allocations written past every check in Python, by many at once."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import pytest
from factories import Salon
from racing import overlaps
from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError

from bookra.engine.bookings.booking import book
from bookra.engine.people.staff import find_staff
from bookra.engine.runtime import Tx
from bookra.errors import BookraError, ConflictError
from bookra.ids import new_id

Result = TypeVar("Result")
THREADS = 10
CARELESS = text(
    """
    INSERT INTO allocations (tenant_id, id, bookable_id, starts_at, ends_at, kind)
    VALUES (:tenant_id, :id, :staff_id, :start, :until, 'block')
    """
)
CAREFUL = text(f"{CARELESS.text} ON CONFLICT ON CONSTRAINT allocations_no_overlap DO NOTHING")


def together(work: Sequence[Callable[[], Result]]) -> list[Result]:
    """Run all of ``work`` at once, each in a thread; whatever is raised is raised here."""
    start, results, failures = threading.Barrier(len(work), timeout=30), [], []

    def run(one: Callable[[], Result]) -> None:
        try:
            start.wait()
            results.append(one())
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failures:
        raise failures[0]
    return results


def insert_directly(
    salon: Salon,
    staff_id: UUID,
    spans: Sequence[tuple[datetime, int]],
    statement: TextClause = CARELESS,
) -> str:
    """Write spans of minutes in one transaction, no question asked; return what came of it."""

    def insert(tx: Tx) -> None:
        for start, minutes in spans:
            until = start + timedelta(minutes=minutes)
            if not tx.run(statement, id=new_id(), staff_id=staff_id, start=start, until=until):
                raise ConflictError("slot_taken", "somebody else has it")

    try:
        salon.act(insert)
    except BookraError as refused:
        return refused.code
    return "won"


def plans(salon: Salon, count: int) -> list[list[tuple[datetime, int]]]:
    """Return three disjoint spans each, in the order of time; the same in every run."""
    dice, day = random.Random(20261124), salon.local("2026-11-24 09:00")
    return [
        [
            (day + timedelta(minutes=start), dice.randrange(5, 60, 5))
            for start in sorted(dice.sample(range(0, 540, 60), 3))
        ]
        for _ in range(count)
    ]


def ana(salon: Salon) -> UUID:
    return salon.ask(lambda tx: find_staff(tx, "ana")).id


def test_of_those_who_write_one_span_directly_one_wins(salon: Salon) -> None:
    who, noon = ana(salon), salon.local("2026-11-24 12:00")
    outcomes = together([lambda: insert_directly(salon, who, [(noon, 30)])] * 6)
    assert outcomes.count("won") == 1
    assert set(outcomes) <= {"won", "slot_taken", "contended"}
    assert overlaps(salon) == 0


def test_writing_as_booking_does_ends_in_no_deadlock(salon: Salon) -> None:
    """Naming the constraint waits before it writes; in the order of time nobody waits crosswise."""
    who, outcomes = ana(salon), Counter[str]()
    todo = plans(salon, 4 * THREADS)
    for first in range(0, len(todo), THREADS):
        heat = todo[first : first + THREADS]
        work = [lambda spans=spans: insert_directly(salon, who, spans, CAREFUL) for spans in heat]
        outcomes.update(together(work))
    assert set(outcomes) == {"won", "slot_taken"}
    assert overlaps(salon) == 0


def test_writing_carelessly_and_crosswise_never_overlaps_either(salon: Salon) -> None:
    """Deadlocks are tried again, and said plainly when that does not help."""
    who = ana(salon)
    crosswise = [spans[::-1] if n % 2 else spans for n, spans in enumerate(plans(salon, 6))]
    outcomes = together(
        [lambda spans=spans: insert_directly(salon, who, spans) for spans in crosswise]
    )
    assert set(outcomes) <= {"won", "slot_taken", "contended"}
    assert "won" in outcomes
    assert overlaps(salon) == 0


def test_touching_spans_are_no_overlap(salon: Salon) -> None:
    who, noon = ana(salon), salon.local("2026-11-24 12:00")
    spans = [(noon + timedelta(minutes=15 * n), 15) for n in range(THREADS)]
    outcomes = together([lambda span=span: insert_directly(salon, who, [span]) for span in spans])
    assert outcomes == ["won"] * THREADS


@pytest.mark.parametrize("minutes", [0, -30])
def test_a_span_that_would_evade_the_constraint_is_refused(salon: Salon, minutes: int) -> None:
    """An empty range overlaps nothing."""
    who, noon = ana(salon), salon.local("2026-11-24 12:00")
    with pytest.raises(DBAPIError, match="allocations_"):
        insert_directly(salon, who, [(noon, minutes)])


def test_a_span_that_would_escape_the_search_is_refused(salon: Salon) -> None:
    """The search looks back as far as the longest allocation may reach."""
    who, noon = ana(salon), salon.local("2026-11-24 12:00")
    assert insert_directly(salon, who, [(noon, 25 * 60 + 1)]) == "too_long"


def test_an_allocation_belongs_to_somebody(salon: Salon) -> None:
    noon = salon.local("2026-11-24 12:00")
    for who in (None, new_id()):
        with pytest.raises(DBAPIError, match="bookable_id"):
            insert_directly(salon, who, [(noon, 30)])  # type: ignore[arg-type]


def test_anybody_under_load_is_never_booked_twice_and_all_who_fit_get_in(salon: Salon) -> None:
    """Eight hours, two people, twenty requests: sixteen fit, and both work as much."""
    times = [f"2026-11-24 {10 + number % 8}:00" for number in range(20)]
    requests = [salon.request(at, staff=None) for at in times]

    def attempt(number: int) -> str:
        try:
            return salon.act(lambda tx: book(tx, requests[number])).lines[0].staff
        except BookraError as refused:
            return refused.code

    outcomes: Counter[str] = Counter()
    for first in range(0, len(requests), THREADS):
        numbers = range(first, first + THREADS)
        outcomes.update(together([lambda number=number: attempt(number) for number in numbers]))
    assert outcomes == {"ana": 8, "ben": 8, "slot_taken": 4}
    assert overlaps(salon) == 0
