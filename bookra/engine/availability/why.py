"""Why a time is not free: ordered reasons, each with the smallest change that opens the time.

Reads the same window as the search, so the two can't contradict each other: ``reasons`` is empty
exactly when ``slots.is_open`` says yes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from bookra import clock
from bookra.engine.availability import slots
from bookra.engine.availability.window import Busy, Span, StaffTime, Window, gaps_between


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that refuses the time. ``opens_if`` names the smallest change, for a person."""

    rule: str
    message: str
    opens_if: str
    booking_id: object = None


def reasons(window: Window, person: StaffTime, start: int) -> list[Reason]:
    """Return every rule that refuses ``start`` for ``person``, the most general first."""
    found = [*_timing(window, start), *_skill(window, person)]
    for offset, length in window.service.busy_blocks():
        block = (start + offset, start + offset + length)
        reason = _working(window, person, block) or _taken(window, person, block, start)
        if reason is not None and reason.rule not in {known.rule for known in found}:
            found.append(reason)
    return found


def _timing(window: Window, start: int) -> list[Reason]:
    found = []
    if start < window.now:
        found.append(Reason("past", f"{_at(window, start)} is in the past", "a later time"))
    elif start < window.now + window.notice_seconds:
        minutes = window.notice_seconds // 60
        opens = _at(window, window.now + window.notice_seconds)
        found.append(
            Reason("notice", f"Bookings need {minutes} minutes' notice", f"a start from {opens}")
        )
    if start > window.now + window.horizon_seconds:
        days = window.horizon_seconds // 86_400
        last = _at(window, window.now + window.horizon_seconds)
        found.append(Reason("horizon", f"Bookings open {days} days ahead", f"a start until {last}"))
    if not slots.on_grid(window, start):
        step = window.granularity_minutes
        earlier = start - (start + clock.utc_offset_seconds(start, window.zone)) % (step * 60)
        found.append(
            Reason(
                "granularity",
                f"Starts lie on every {step} minutes",
                f"{_clock(window, earlier)} or {_clock(window, earlier + step * 60)}",
            )
        )
    return found


def _skill(window: Window, person: StaffTime) -> list[Reason]:
    if person.performs:
        return []
    message = f"{person.name} does not perform {window.service.name}"
    return [Reason("skill", message, "another member of staff")]


def _working(window: Window, person: StaffTime, block: Span) -> Reason | None:
    """Explain a block of staff time that does not lie inside the working hours."""
    start, end = block
    working = window.working(person)
    if any(a <= start and end <= b for a, b in working):
        return None
    day = clock.local_day(clock.from_epoch(start), window.zone)
    if day in window.closures and day not in person.exceptions:
        name = window.closures[day]
        return Reason("closed", f"Closed on {day:%a %d %b}: {name}", "an exception for that day")
    shown = f"{_clock(window, start)}-{_clock(window, end)}"
    message = f"{person.name} is not at work {shown} on {day:%a %d %b}"
    for a, b in gaps_between(working):
        if a < end and start < b and _same_day(window, a, b):
            pause = f"{_clock(window, a)}-{_clock(window, b)}"
            message = f"{person.name} has a break {pause} and would be needed {shown}"
    return Reason("outside_shift", message, f"hours for {person.name} that cover {shown}")


def _same_day(window: Window, a: int, b: int) -> bool:
    days = {clock.local_day(clock.from_epoch(at), window.zone) for at in (a, b)}
    return len(days) == 1


def _taken(window: Window, person: StaffTime, block: Span, start: int) -> Reason | None:
    """Explain a block of staff time that meets an allocation."""
    busy = person.overlapping(*block)
    if busy is None:
        return None
    span = f"{_clock(window, busy.start)}-{_clock(window, busy.end)}"
    if busy.held_until:
        until = _clock(window, busy.held_until)
        return Reason(
            "hold",
            f"{person.name} is held {span} until {until}",
            f"the hold ending at {until} unpaid",
            busy.booking_id,
        )
    rule = "buffer" if _in_buffer_alone(window, busy, start) else "busy"
    what = "needed for the buffer, is busy" if rule == "buffer" else "is busy"
    return Reason(
        rule,
        f"{person.name} {what} {span}",
        f"a start from {_clock(window, busy.end)}, or moving what is there",
        busy.booking_id,
    )


def _in_buffer_alone(window: Window, busy: Busy, start: int) -> bool:
    """Tell whether the allocation meets only the buffers, not the visit itself."""
    end = start + window.service.minutes * 60
    return busy.end <= start or busy.start >= end


def _clock(window: Window, epoch: int) -> str:
    return f"{clock.from_epoch(epoch).astimezone(window.zone):%H:%M}"


def _at(window: Window, epoch: int) -> str:
    local = datetime.fromtimestamp(epoch, UTC).astimezone(window.zone)
    return f"{local:%a %d %b %H:%M}"
