"""Scenario 15: two short blocks do not close a whole day."""

from __future__ import annotations

from away import add
from factories import Salon

from bookra.engine.availability.actions import explain_start
from bookra.engine.availability.away import BLOCK

DAY = "2026-11-24"
ALL = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(9 * 60, 17 * 60 + 16, 15)]
"""The starts of a cut of 45 minutes from nine to six."""


def blocked(salon: Salon, *spans: tuple[str, str]) -> None:
    for first, last in spans:
        add(salon, f"{DAY}T{first}", f"{DAY}T{last}", kind=BLOCK, reason="Meeting")


def around(*spans: tuple[str, str]) -> list[str]:
    """Return the starts whose 45 minutes meet none of the spans; as text, times compare."""

    def end(start: str) -> str:
        minute = int(start[:2]) * 60 + int(start[3:]) + 45
        return f"{minute // 60:02}:{minute % 60:02}"

    return [at for at in ALL if all(end(at) <= first or at >= last for first, last in spans)]


def test_everything_around_two_short_blocks_is_free(salon: Salon) -> None:
    assert salon.starts(DAY) == ALL
    spans = (("10:00", "10:15"), ("15:00", "15:15"))
    blocked(salon, *spans)
    assert salon.starts(DAY) == around(*spans)
    assert len(salon.starts(DAY)) == len(ALL) - 6


def test_what_is_listed_between_the_blocks_can_be_booked(salon: Salon) -> None:
    blocked(salon, ("10:00", "10:15"), ("15:00", "15:15"))
    for at in ("09:15", "10:15", "14:15", "15:15"):
        assert salon.book(f"{DAY} {at}").lines[0].staff == "ana"


def test_blocks_at_both_ends_and_one_that_overlaps(salon: Salon) -> None:
    spans = (("08:00", "09:30"), ("09:15", "09:45"), ("17:30", "19:00"))
    blocked(salon, *spans)
    assert salon.starts(DAY) == around(*spans)


def test_why_names_the_block_and_only_where_it_is(salon: Salon) -> None:
    blocked(salon, ("10:00", "10:15"), ("15:00", "15:15"))

    def why(at: str) -> list[str]:
        answer = salon.ask(lambda tx: explain_start(tx, "cut", "ana", salon.local(f"{DAY} {at}")))
        return [reason.rule for reason in answer.reasons]

    assert why("12:00") == []
    assert why("10:00") == ["block"]
    assert why("14:30") == ["block"]


def test_other_days_and_other_people_are_as_before(salon: Salon) -> None:
    blocked(salon, ("10:00", "10:15"), ("15:00", "15:15"))
    assert salon.starts("2026-11-25") == ALL
    assert salon.starts(DAY, staff="ben") == ALL
