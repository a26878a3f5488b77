"""One event of an iCalendar file: pure, from its properties to times that can be reckoned with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from icalendar.prop import vDDDTypes, vRecur

from bookra import clock
from bookra.engine.availability.calendars.file import Part, Property
from bookra.engine.availability.calendars.zones import Zones

DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall time
MAX_LISTED = 10_000


class When(NamedTuple):
    """A time as the file gives it: on the clock of a zone, or a whole day there."""

    wall: datetime
    zone: tzinfo
    whole_day: bool = False

    def instant(self, wall: datetime | None = None) -> datetime:
        """Return the instant of this time, or of another wall time of the same kind.

        A time that the clocks skip is read by the clock before the change, a doubled one is the
        first (RFC 5545, 3.3.5). A day whose midnight is skipped begins with its first moment.
        """
        local = self.wall if wall is None else wall
        if self.whole_day and isinstance(self.zone, ZoneInfo):
            minute = local.hour * 60 + local.minute
            return clock.from_epoch(clock.opening(local.date(), minute, self.zone))
        return local.replace(tzinfo=self.zone, fold=0).astimezone(UTC)

    def wall_in(self, other: When) -> datetime:
        """Return the wall time that the clock of ``other`` shows then."""
        if self.whole_day or self.zone is other.zone:
            return self.wall
        return self.instant().astimezone(other.zone).replace(tzinfo=None)


class Length(NamedTuple):
    """How long an event takes: whole days by the calendar, then an exact time."""

    days: int
    exact: timedelta

    def end(self, start: When, wall: datetime) -> datetime:
        """Return the instant at which it ends when it starts at ``wall``."""
        return start.instant(wall + DAY * self.days) + self.exact


class Added(NamedTuple):
    """An occurrence that no rule gives; ``length`` None is the event's own."""

    wall: datetime
    length: Length | None


@dataclass(slots=True)
class Event:
    """An event. ``replaces`` is the instant of the occurrence that it stands for, if it does;
    with ``following`` for all later ones too. ``excluded`` may hold times and whole days.
    """

    name: str
    uid: str
    sequence: int
    busy: bool
    start: When
    length: Length
    rules: list[vRecur]
    unwanted: list[vRecur]
    added: list[Added]
    excluded: list[When]
    original: When | None
    following: bool

    @property
    def replaces(self) -> datetime | None:
        """The instant of the occurrence that this one stands for."""
        return None if self.original is None else self.original.instant()


def read_event(part: Part, zones: Zones) -> Event:
    """Return the event that a part describes; raises ValueError saying what is wrong with it."""
    try:
        return _event(part, zones)
    except OverflowError:
        raise ValueError("a time of it lies outside the calendar") from None


def _event(part: Part, zones: Zones) -> Event:
    start = _the_time(part, "DTSTART", zones)
    if start is None:
        raise ValueError("it has no DTSTART")
    original = _the_time(part, "RECURRENCE-ID", zones)
    sequence = part.text("SEQUENCE")
    event = Event(
        name=part.name,
        uid=part.uid,
        sequence=int(sequence) if sequence.isdecimal() and len(sequence) < 10 else 0,
        busy=part.text("STATUS") != "CANCELLED" and part.text("TRANSP") != "TRANSPARENT",
        start=start,
        length=_length(part, start, zones),
        rules=[] if original else _rules(part, "RRULE"),
        unwanted=_rules(part, "EXRULE"),
        added=list(_periods(part, "RDATE", start, zones)),
        excluded=list(_times(part, "EXDATE", zones)),
        original=original,
        following=original is not None and part.properties["RECURRENCE-ID"][0].following,
    )
    for when in filter(None, (start, original)):
        when.instant()
    return event


def listed_times(part: Part, zones: Zones) -> list[tuple[datetime, datetime]]:
    """Return the busy spans of a VFREEBUSY; raises ValueError saying what is wrong with it."""
    found = []
    try:
        for added in _periods(part, "FREEBUSY", When(EPOCH, UTC), zones):
            if added.length is None:
                raise ValueError("FREEBUSY has a time without an end")
            found.append((added.wall, added.length))
        utc = When(EPOCH, UTC)
        return [(utc.instant(wall), length.end(utc, wall)) for wall, length in found]
    except OverflowError:
        raise ValueError("a time of it lies outside the calendar") from None


def _length(part: Part, start: When, zones: Zones) -> Length:
    end = _the_time(part, "DTEND", zones)
    if end is not None:
        return _between(start, end)
    if "DURATION" in part.properties:
        return _duration(part.properties["DURATION"][0].value)
    return Length(1, timedelta()) if start.whole_day else Length(0, timedelta())


def _between(start: When, end: When) -> Length:
    if start.whole_day and end.whole_day:
        days = (end.wall - start.wall).days
        length = Length(max(days, 1) if days >= 0 else days, timedelta())
    else:
        length = Length(0, end.instant() - start.instant())
    if length.days < 0 or length.exact < timedelta():
        raise ValueError("it ends before it starts")
    return length


def _duration(text: str) -> Length:
    span = _value("DURATION", text)
    if not isinstance(span, timedelta) or span < timedelta():
        raise ValueError(f"DURATION '{text[:40]}' is no duration")
    if "D" not in text.upper() and "W" not in text.upper():
        return Length(0, span)  # PT24H is not P1D on a day when the clocks change
    return Length(span.days, timedelta(seconds=span.seconds))


def _rules(part: Part, name: str) -> list[vRecur]:
    rules = []
    for found in part.properties.get(name, ()):
        try:
            rules.append(vRecur.from_ical(found.value))
        except (ValueError, TypeError):
            raise ValueError(f"{name} '{found.value[:40]}' can't be read") from None
    return rules


def _periods(part: Part, name: str, start: When, zones: Zones) -> Iterator[Added]:
    """Yield the times of a list, on the clock of ``start``; those that are free are left out."""
    for found, text in _listed(part, name):
        if not found.free:
            begin, slash, end = text.partition("/")
            when = _when(name, found, begin, zones)
            length = None
            if slash and end.lstrip("+").upper().startswith("P"):
                length = _duration(end)
            elif slash:
                length = _between(when, _when(name, found, end, zones))
            yield Added(when.wall_in(start), length)


def _times(part: Part, name: str, zones: Zones) -> Iterator[When]:
    for found, text in _listed(part, name):
        yield _when(name, found, text, zones)


def _listed(part: Part, name: str) -> Iterator[tuple[Property, str]]:
    """Yield each value of a property that may list some, with the property."""
    properties = part.properties.get(name, ())
    if sum(found.value.count(",") for found in properties) + len(properties) > MAX_LISTED:
        raise ValueError(f"{name} lists more than {MAX_LISTED} times")
    for found in properties:
        for text in filter(None, found.value.split(",")):
            yield found, text


def _the_time(part: Part, name: str, zones: Zones) -> When | None:
    found = part.properties.get(name)
    return _when(name, found[0], found[0].value, zones) if found else None


def _when(name: str, found: Property, text: str, zones: Zones) -> When:
    value = _value(name, text.strip())
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            return When(value.astimezone(UTC).replace(tzinfo=None), UTC)
        return When(value, zones.of(found.tzid))
    if isinstance(value, date):
        return When(datetime(value.year, value.month, value.day), zones.home, whole_day=True)  # noqa: DTZ001
    raise ValueError(f"{name} '{text[:40]}' is no date")


def _value(name: str, text: str) -> object:
    """Return what a text means as a date, a time or a duration."""
    try:
        value: object = vDDDTypes.from_ical(text)  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, OverflowError):
        raise ValueError(f"{name} '{text[:40]}' can't be read") from None
    return value
