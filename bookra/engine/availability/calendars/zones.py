"""The time zones that an iCalendar file names: pure, from a TZID to the rules of a clock.

Programs name zones in their own ways: by the IANA name, by Windows's, with a maker's prefix, or by
any words at all and a VTIMEZONE that says when the clocks change. A name that is known wins over
the file's own definition, which is often that of one year alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo
from itertools import takewhile
from zoneinfo import ZoneInfo

from icalendar.parser import Contentline
from icalendar.prop import vDDDTypes, vRecur, vUTCOffset
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from bookra import clock
from bookra.engine.availability.calendars.rules import OutOfStepsError, Steps, occurrences
from bookra.errors import InvalidInputError

MAX_OBSERVANCES = 300
MAX_STEPS = 50_000


@dataclass(slots=True)
class Zones:
    """The zones of one file. ``home`` is where times without a zone are read.

    ``definitions`` holds the content lines of each VTIMEZONE by its TZID; they are followed until
    the naive time ``until``, and their steps are taken from ``steps``.
    """

    home: ZoneInfo
    definitions: Mapping[str, Sequence[str]]
    until: datetime
    steps: Steps
    _known: dict[str, tzinfo] = field(default_factory=dict)

    def of(self, tzid: str | None) -> tzinfo:
        """Return the zone of a TZID; raises ValueError for one that nobody knows."""
        if tzid is None:
            return self.home
        if tzid not in self._known:
            self._known[tzid] = self._find(tzid)
        return self._known[tzid]

    def _find(self, tzid: str) -> tzinfo:
        for name in _names(tzid):
            try:
                return clock.zone(name)
            except InvalidInputError:
                continue
        if tzid not in self.definitions:
            raise ValueError(f"the time zone '{tzid}' is not known")
        try:
            changes = list(self._changes(self.definitions[tzid]))
        except OutOfStepsError:
            raise ValueError(f"the rules of the time zone '{tzid}' have no end") from None
        except (ValueError, TypeError, OverflowError, KeyError, AttributeError):
            raise ValueError(f"the time zone '{tzid}' can't be understood") from None
        if not changes:
            raise ValueError(f"the time zone '{tzid}' has no rules")
        return DefinedZone(changes)

    def _changes(self, lines: Sequence[str]) -> Iterator[Change]:
        """Yield every change of a VTIMEZONE's clock."""
        steps = self.steps.portion(MAX_STEPS)
        for number, observance in enumerate(_observances(lines)):
            if number >= MAX_OBSERVANCES:
                raise ValueError("too many observances")
            start = _wall(observance["DTSTART"][0])
            before = _offset(observance["TZOFFSETFROM"][0])
            after = _offset(observance["TZOFFSETTO"][0])
            onsets = {start}
            for text in observance.get("RDATE", ()):
                onsets.update(_wall(onset) for onset in text.split(","))
            for text in observance.get("RRULE", ()):
                rule = vRecur.from_ical(text)
                # An UNTIL is in UTC, which the clock before the change translates.
                found = occurrences(rule, start, timezone(before), start, steps)
                onsets.update(takewhile(lambda onset: onset <= self.until, found))
            yield from (Change(onset, before, after) for onset in onsets)


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """A change of a clock at ``onset``, as the clock before it shows the time."""

    onset: datetime
    before: timedelta
    after: timedelta


class DefinedZone(tzinfo):
    """A zone by the list of its changes. Reads skipped and doubled times as ``zoneinfo`` does."""

    def __init__(self, changes: Sequence[Change]) -> None:
        ordered = sorted(set(changes))
        none = timedelta()
        self._offsets = [ordered[0].before, *(change.after for change in ordered)]
        # A skipped time (fold=0) and the first of two readings still belong to the clock before.
        self._first = [c.onset + max(none, c.after - c.before) for c in ordered]
        self._second = [c.onset + min(none, c.after - c.before) for c in ordered]
        self._instants = [c.onset - c.before for c in ordered]

    def utcoffset(self, when: datetime | None) -> timedelta | None:
        """Return local minus UTC at a wall time."""
        if when is None:
            return None
        edges = self._second if when.fold else self._first
        return self._offsets[bisect_right(edges, when.replace(tzinfo=None, fold=0))]

    def fromutc(self, when: datetime) -> datetime:
        """Return the wall time of an instant, which is given in UTC but bears this zone."""
        return when + self._offsets[bisect_right(self._instants, when.replace(tzinfo=None))]

    def dst(self, _when: datetime | None) -> timedelta | None:
        """Return None: the file's own words for summer time are not kept."""
        return None

    def tzname(self, _when: datetime | None) -> str | None:
        """Return None: the file's own names are not kept."""
        return None


def _names(tzid: str) -> Iterator[str]:
    """Yield the IANA names that a TZID may mean."""
    cleaned = tzid.strip(' "/')
    yield cleaned
    if cleaned in WINDOWS_TO_OLSON:
        yield WINDOWS_TO_OLSON[cleaned]
    _, _, rest = cleaned.partition("/")
    while "/" in rest:  # /citadel.org/20250101_1/America/Argentina/Buenos_Aires
        yield rest
        _, _, rest = rest.partition("/")


def _observances(lines: Sequence[str]) -> Iterator[dict[str, list[str]]]:
    """Yield the STANDARD and DAYLIGHT parts of a VTIMEZONE: values by property."""
    found: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = Contentline(line).parts()  # type: ignore[no-untyped-call]
        name, value = name.upper(), value.strip()
        if name == "BEGIN":
            found = {}
        elif name == "END" and value.upper() in ("STANDARD", "DAYLIGHT"):
            yield found
        else:
            found.setdefault(name, []).append(value)


def _offset(text: str) -> timedelta:
    offset: timedelta = vUTCOffset.from_ical(text)  # type: ignore[no-untyped-call]
    return offset


def _wall(text: str) -> datetime:
    found = vDDDTypes.from_ical(text)  # type: ignore[no-untyped-call]
    if isinstance(found, datetime):
        return found.replace(tzinfo=None)
    raise ValueError("an onset is no date with a time")
