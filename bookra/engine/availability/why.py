"""Why a time is not free: ordered reasons, each with the smallest change that opens the time.

Reads the same window and the same rules as the search, so the two can't contradict each other:
``reasons`` is empty exactly when ``slots.is_open`` says yes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bookra import clock
from bookra.engine.availability import slots, starts
from bookra.engine.availability.bookable import Busy, StaffTime
from bookra.engine.availability.spans import Span, gaps_between
from bookra.engine.availability.starts import Performer
from bookra.engine.availability.telling import (
    between,
    clock_time,
    day_and_time,
    duration,
    same_day,
    when,
)
from bookra.engine.availability.window import Window
from bookra.engine.catalog.model import Service


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that refuses the time. ``opens_if`` names the smallest change, for a person.

    ``booking_id`` is the booking in the way and ``booking`` its code, ``until`` the instant at
    which the rule ceases to refuse, in epoch seconds, where it does.
    """

    rule: str
    message: str
    opens_if: str
    booking_id: str | None = None
    until: int | None = None
    booking: str | None = None


def reasons(window: Window, person: StaffTime, start: int) -> list[Reason]:
    """Return every rule that refuses ``start`` for ``person``, the most general first."""
    performer = _as_performer(window, person)
    found = [*_timing(window, performer, start), *_skill(window, person)]
    found += line_reasons(window, performer, start)
    if not found and not slots.is_open(window, performer, start):
        found += _following(window, performer, start)
    return found


def line_reasons(window: Window, performer: Performer, start: int) -> list[Reason]:
    """Return what refuses one line of a visit at a start: each rule once, in their order."""
    found: dict[str, Reason] = {}
    for reason in _line(window, performer, start):
        found.setdefault(reason.rule, reason)
    return list(found.values())


def _line(window: Window, performer: Performer, start: int) -> Iterator[Reason]:
    person, service = performer.person, performer.service
    yield from _offered(window, performer, start)
    for offset, length in service.busy_blocks():
        block = (start + offset, start + offset + length)
        reason = _working(window, person, block) or _taken(window, performer, block, start)
        if reason is not None:
            yield reason
    yield from _units(window, performer, start)
    yield from _limits(window, performer, start)


def _as_performer(window: Window, person: StaffTime) -> Performer:
    """Return the person as a performer of the first line, even when it is not their skill."""
    service = window.service
    for performer in starts.performers(window, 0):
        if performer.person.id == person.id:
            return performer
    return Performer(window.staff.index(person), person, service.at_level(person.level))


def _timing(window: Window, performer: Performer, start: int) -> list[Reason]:
    found = []
    zone = performer.person.zone
    if start < window.now:
        found.append(
            Reason("past", f"{day_and_time(window, start)} is in the past", "a later time")
        )
    elif start < window.now + window.notice:
        opens = window.now + window.notice
        found.append(
            Reason(
                "notice",
                f"Bookings need {duration(window.notice)} notice",
                f"a start from {day_and_time(window, opens)}",
                until=opens,
            )
        )
    if start > window.now + window.horizon:
        last = day_and_time(window, window.now + window.horizon)
        days = window.horizon // 86_400
        found.append(Reason("horizon", f"Bookings open {days} days ahead", f"a start until {last}"))
    if not starts.on_grid(window, performer, start):
        found.append(_off_grid(window, performer, start, clock.utc_offset_seconds(start, zone)))
    return found


def _off_grid(window: Window, performer: Performer, start: int, offset: int) -> Reason:
    step = window.step_seconds
    what = f"Starts lie on every {step // 60} minutes"
    if performer.service.alignment == "shift":
        return Reason("granularity", f"{what} from the shift's beginning", "a start on that grid")
    earlier = start - (start + offset) % step
    two = f"{clock_time(window, earlier)} or {clock_time(window, earlier + step)}"
    return Reason("granularity", what, two)


def _skill(window: Window, person: StaffTime) -> list[Reason]:
    if person.performs(window.service):
        return []
    message = f"{person.name} does not perform {window.service.name}"
    return [Reason("skill", message, "another member of staff")]


def _offered(window: Window, performer: Performer, start: int) -> Iterator[Reason]:
    service = performer.service
    if not service.offered:
        return
    spans = starts.offered_starts(window, service, performer.person.zone)
    if not _within(spans, start):
        yield Reason(
            "service_hours",
            f"{service.name} is not offered {day_and_time(window, start)}",
            f"hours of {service.name} that cover it: bookra service show {service.slug}",
        )


def _working(window: Window, person: StaffTime, block: Span) -> Reason | None:
    """Explain a block of staff time that does not lie inside the working hours."""
    start, end = block
    working = window.working(person)
    if any(a <= start and end <= b for a, b in working):
        return None
    day = clock.local_day(clock.from_epoch(start), person.zone)
    name = window.closed(person, day)
    if name is not None and not any(a < end and start < b for a, b in working):
        return Reason("closed", f"Closed on {day:%a %d %b}: {name}", "an exception for that day")
    shown = f"{clock_time(window, start)}-{clock_time(window, end)}"
    message = f"{person.name} is not at work {shown} on {day:%a %d %b}"
    for a, b in gaps_between(working):
        if a < end and start < b and same_day(window, a, b):
            pause = f"{clock_time(window, a)}-{clock_time(window, b)}"
            message = f"{person.name} has a break {pause} and would be needed {shown}"
    return Reason("outside_shift", message, f"hours for {person.name} that cover {shown}")


def _taken(window: Window, performer: Performer, block: Span, start: int) -> Reason | None:
    """Explain a block of staff time that meets an allocation or another calendar."""
    person = performer.person
    busy = person.busy.overlapping(*block)
    if busy is not None:
        return _allocated(window, performer, busy, start)
    for a, b in person.external:
        if a < block[1] and block[0] < b:
            return Reason(
                "external_busy",
                f"{person.name}'s other calendar is busy {between(window, a, b)}",
                f"a start from {when(window, b, start)}, or a change there",
                until=b,
            )
    return None


def _allocated(window: Window, performer: Performer, busy: Busy, start: int) -> Reason:
    person = performer.person
    span = between(window, busy.start, busy.end)
    if busy.held_until:
        until = clock_time(window, busy.held_until)
        return Reason(
            "hold",
            f"{person.name} is held {span} until {until}",
            f"the hold ending at {until} unpaid",
            busy.booking_id,
            busy.held_until,
        )
    if busy.booking_id is None:
        return _absent(window, person, busy, span)
    rule = "buffer" if _in_buffer_alone(performer.service, busy, start) else "busy"
    what = "needed for the buffer, is busy" if rule == "buffer" else "is busy"
    return Reason(
        rule,
        f"{person.name} {what} {span}",
        f"a start from {when(window, busy.end, start)}, or moving what is there",
        busy.booking_id,
        busy.end,
    )


def _absent(window: Window, person: StaffTime, busy: Busy, span: str) -> Reason:
    """Explain an allocation that is no booking: time off, a block, or a class."""
    for absence in window.absences.get(person.id, ()):
        if absence.start < busy.end and busy.start < absence.end:
            from_to = (
                f"{day_and_time(window, absence.start)} to {day_and_time(window, absence.end)}"
            )
            why = f" ({absence.reason})" if absence.reason else ""
            rule = "time_off" if absence.kind == "time-off" else "block"
            what = "has time off" if rule == "time_off" else "is blocked"
            return Reason(
                rule, f"{person.name} {what} {from_to}{why}", "taking that back", until=absence.end
            )
    opens = f"a start from {clock_time(window, busy.end)}"
    return Reason("busy", f"{person.name} is busy {span}", opens, until=busy.end)


def _in_buffer_alone(service: Service, busy: Busy, start: int) -> bool:
    """Tell whether the allocation meets only the buffers, not the visit itself."""
    return busy.end <= start or busy.start >= start + service.minutes * 60


def _units(window: Window, performer: Performer, start: int) -> Iterator[Reason]:
    person, service = performer.person, performer.service
    for need in service.needs:
        blocks = service.blocks_of(need.span)
        if not blocks or _within(starts.unit_starts(window, service, need, person), start):
            continue
        units = starts.units_for(window, need, person)
        begin, end = start + blocks[0][0], start + blocks[-1][0] + blocks[-1][1]
        shown = f"{clock_time(window, begin)}-{clock_time(window, end)}"
        if not units:
            message, opens = f"There is no unit of '{need.pool}'", "a unit: bookra resource add"
        else:
            message = f"Every unit of '{need.pool}' is taken within {shown} ({len(units)} in all)"
            opens = f"one more unit of '{need.pool}', or moving what is there"
        yield Reason("resource", message, opens)


def _limits(window: Window, performer: Performer, start: int) -> Iterator[Reason]:
    for limit in starts.limits_at(window, performer, start):
        if limit.left < 1:
            person = limit.subject_id == performer.person.id
            who = performer.person.name if person else performer.service.name
            yield Reason(
                "limit",
                f"{who} has {limit.places} visits on {limit.day:%a %d %b}: the daily limit",
                "another day, or a higher limit",
            )


def _following(window: Window, performer: Performer, start: int) -> list[Reason]:
    """Explain a visit of several services whose first line alone would be free."""
    low = start if window.parallel else start + performer.service.minutes * 60
    for line in range(1, len(window.lines)):
        service, wished = window.lines[line]
        able = starts.performers(window, line)
        if not able:
            message = f"{wished or 'Nobody'} does not perform {service.name}"
            return [Reason("skill", message, "another member of staff")]
        refused = [line_reasons(window, following, low) for following in able]
        if all(refused):
            message = f"{service.name} can't follow at {clock_time(window, low)}: "
            return [
                Reason(r.rule, message + r.message, r.opens_if, r.booking_id, r.until)
                for r in min(refused, key=len)
            ]
        low = low if window.parallel else low + service.minutes * 60
    waits = duration(window.max_wait_seconds)
    message = f"The services do not fit one after the other with at most {waits} between them"
    if window.parallel:
        message = "The services can't all begin together: they need different people and units"
    return [Reason("sequence", message, "a longer wait, other staff, or another start")]


def _within(spans: list[Span], start: int) -> bool:
    return any(low <= start <= high for low, high in spans)
