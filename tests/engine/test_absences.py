"""Time off and blocks: what they take, what overlaps, and what removing one gives back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from away import add, joined, remove, taken
from factories import Salon
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bookra import clock
from bookra.engine.availability.absences import absences
from bookra.engine.availability.away import BLOCK, TIME_OFF, Absence, blocks
from bookra.engine.availability.spans import Span
from bookra.engine.bookings.displacement.displacing import remove_absence
from bookra.engine.people.staff import set_staff
from bookra.errors import BookraError, InvalidInputError, NotFoundError

EPOCH = datetime(2026, 11, 24, tzinfo=UTC)
HOURS = st.integers(0, 24 * 5)
SPANS = st.tuples(HOURS, HOURS).filter(lambda pair: pair[0] < pair[1])


def test_a_plain_day_is_the_whole_day_and_the_last_one_is_included(salon: Salon) -> None:
    add(salon, "2026-11-24", "2026-11-26")
    assert joined(salon, taken(salon)) == [("24 00:00", "27 00:00")]
    assert salon.starts("2026-11-26") == []
    assert salon.starts("2026-11-27")[0] == "09:00"


def test_nobody_is_absent_for_longer_in_a_row_than_the_search_looks_back(salon: Salon) -> None:
    add(salon, "2026-11-24", "2027-03-31")
    rows = taken(salon)
    assert len(rows) == 128
    assert {end - start for start, end in rows} == {timedelta(hours=24), timedelta(hours=23)}
    assert rows[0][0] == salon.local("2026-11-24 00:00")
    assert rows[-1][1] == salon.local("2027-04-01 00:00")


def test_a_day_of_25_hours_is_one_row(salon: Salon) -> None:
    add(salon, "2027-10-31", "2027-10-31")
    assert [end - start for start, end in taken(salon)] == [timedelta(hours=25)]


def test_a_day_longer_than_any_row_is_two(salon: Salon) -> None:
    """Antarctica's Troll station sets its clocks back by two hours."""
    troll = clock.zone("Antarctica/Troll")
    day = clock.opening(datetime(2027, 10, 31, tzinfo=UTC).date(), 0, troll)
    found = blocks([(day, day + 26 * 3600)], [], troll)
    assert found == [(day, day + 25 * 3600), (day + 25 * 3600, day + 26 * 3600)]


def test_moments_are_taken_as_they_are(salon: Salon) -> None:
    add(salon, "tomorrow 12:00", "tomorrow 12:30")
    assert joined(salon, taken(salon)) == [("24 12:00", "24 12:30")]
    assert "11:15" in salon.starts("2026-11-24")
    assert "11:30" not in salon.starts("2026-11-24")


def test_sick_during_leave_removing_either_leaves_the_other(salon: Salon) -> None:
    leave = add(salon, "2026-11-24", "2026-11-27", reason="Holidays").absence
    sick = add(salon, "2026-11-26", "2026-11-28", reason="Sick").absence
    assert joined(salon, taken(salon)) == [("24 00:00", "29 00:00")]
    remove(salon, leave)
    assert joined(salon, taken(salon)) == [("26 00:00", "29 00:00")]
    leave = add(salon, "2026-11-24", "2026-11-27", reason="Holidays").absence
    remove(salon, sick)
    assert joined(salon, taken(salon)) == [("24 00:00", "28 00:00")]
    remove(salon, leave)
    assert taken(salon) == []


def test_the_same_again_changes_nothing(salon: Salon) -> None:
    first = add(salon, "2026-11-24", "2026-11-25", reason="Sick")
    rows = taken(salon)
    again = add(salon, "2026-11-24", "2026-11-25", reason="Sick")
    assert (first.new, again.new) == (True, False)
    assert again.absence == first.absence
    assert taken(salon) == rows


def test_rows_that_are_right_stay(salon: Salon) -> None:
    """Whoever reads the calendar meanwhile sees no gap."""
    ids = text("SELECT id FROM allocations WHERE tenant_id = :tenant_id ORDER BY starts_at")
    add(salon, "2026-11-24", "2026-11-26")
    before = [row.id for row in salon.ask(lambda tx: tx.rows(ids))]
    add(salon, "2026-11-25", "2026-11-27")
    after = [row.id for row in salon.ask(lambda tx: tx.rows(ids))]
    assert after[:3] == before
    assert len(after) == 4


def test_days_are_those_of_the_persons_own_zone(salon: Salon) -> None:
    salon.act(lambda tx: set_staff(tx, "ana", {"timezone": "America/New_York"}))
    add(salon, "2026-11-25", "2026-11-25")
    add(salon, "2026-11-25", "2026-11-25", slug="ben")
    assert joined(salon, taken(salon)) == [("25 06:00", "26 06:00")]
    assert joined(salon, taken(salon, "ben")) == [("25 00:00", "26 00:00")]


def test_the_list_has_what_is_not_over_by_time(salon: Salon) -> None:
    add(salon, "2026-11-25", "2026-11-25", slug="ben")
    add(salon, "2026-11-24", "2026-11-24")
    add(salon, "2026-11-20", "2026-11-20")
    add(salon, "2026-11-24", "2026-11-24", kind=BLOCK, reason="Course")
    found = salon.ask(lambda tx: absences(tx, TIME_OFF, salon.local("2026-11-21 00:00")))
    assert [one.bookable for one in found] == ["ana", "ben"]


def test_an_absence_is_named_by_the_end_of_its_id(salon: Salon) -> None:
    one = add(salon, "2026-11-24", "2026-11-24").absence
    with pytest.raises(NotFoundError) as other_kind:
        salon.act(lambda tx: remove_absence(tx, one.id.hex[-6:], BLOCK))
    assert other_kind.value.code == "unknown_absence"
    salon.act(lambda tx: remove_absence(tx, one.id.hex[-6:], TIME_OFF))
    assert taken(salon) == []


@pytest.mark.parametrize("words", ["", "-", "%", "xyz", "abc", "01", "%%%%%%"])
def test_what_is_no_end_of_an_id_removes_nothing(salon: Salon, words: str) -> None:
    add(salon, "2026-11-24", "2026-11-24")
    with pytest.raises(NotFoundError):
        salon.act(lambda tx: remove_absence(tx, words, TIME_OFF))


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-11-25", "2026-11-24"),
        ("tomorrow 12:00", "tomorrow 12:00"),
        ("2026-11-24", "2030-11-24"),
        ("someday", "2026-11-24"),
        ("2026-11-24", "24:61"),
    ],
)
def test_a_span_that_can_not_be_is_refused(salon: Salon, first: str, last: str) -> None:
    with pytest.raises(InvalidInputError):
        add(salon, first, last)
    assert taken(salon) == []


def test_a_person_who_is_away_can_not_be_booked(salon: Salon) -> None:
    add(salon, "2026-11-24", "2026-11-24")
    with pytest.raises(BookraError) as refused:
        salon.book("2026-11-24 10:00")
    assert refused.value.exit_code == 4
    assert salon.book("2026-11-24 10:00", staff=None).lines[0].staff == "ben"


@given(st.lists(SPANS, max_size=8), st.lists(SPANS, max_size=4))
def test_blocks_are_the_union_less_what_is_over(away: list[Span], over: list[Span]) -> None:
    """Hour by hour, whatever overlaps whatever; and no row is too long."""
    zone = clock.zone("Europe/Berlin")
    base = clock.to_epoch(datetime(2026, 10, 23, tzinfo=UTC))  # the clocks go back on the third day

    def shifted(spans: list[Span]) -> list[Span]:
        return [(base + a * 3600, base + b * 3600) for a, b in spans]

    found = blocks(shifted(away), shifted(over), zone)
    assert all(0 < b - a <= 25 * 3600 for a, b in found)
    hours = [hour for a, b in found for hour in range(a, b, 3600)]
    wanted = {h for a, b in away for h in range(a, b)} - {h for a, b in over for h in range(a, b)}
    assert sorted(hours) == sorted(base + hour * 3600 for hour in wanted)


class _Calendar:
    """What the salon's absences should take together: the hours that some of them covers."""

    def __init__(self, salon: Salon) -> None:
        self.salon = salon
        self.live: list[tuple[Absence, Span]] = []

    def add(self, span: Span) -> None:
        start, end = (EPOCH + timedelta(hours=hour) for hour in span)
        done = add(self.salon, start.isoformat(), end.isoformat())
        if done.new:
            self.live.append((done.absence, span))

    def remove(self, index: int) -> None:
        if self.live:
            absence, _ = self.live.pop(index % len(self.live))
            remove(self.salon, absence)

    def check(self) -> None:
        rows = taken(self.salon)
        hours = [
            EPOCH + timedelta(hours=hour)
            for hour in range(24 * 5)
            for start, end in rows
            if start <= EPOCH + timedelta(hours=hour) < end
        ]
        wanted = {hour for _, (a, b) in self.live for hour in range(a, b)}
        assert hours == [EPOCH + timedelta(hours=hour) for hour in sorted(wanted)]
        assert sum((b - a for a, b in rows), timedelta()) == timedelta(hours=len(wanted))


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(SPANS, st.integers(0, 9)), max_size=10))
def test_in_any_order_what_is_taken_is_the_union_of_what_is_left(
    salon: Salon, steps: list[Span | int]
) -> None:
    """A pair adds an absence, a number removes one of those there are."""
    calendar = _Calendar(salon)
    for step in steps:
        if isinstance(step, int):
            calendar.remove(step)
        else:
            calendar.add(step)
        calendar.check()
    for _ in tuple(calendar.live):
        calendar.remove(0)
    assert taken(salon) == []
