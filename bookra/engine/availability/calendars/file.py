"""An iCalendar file (RFC 5545) as other programs write it: pure, from bytes to its parts.

Each event is taken apart on its own, so that a broken one costs itself alone; and of an event only
what tells when it is. Titles, places and people are never looked at.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from icalendar.parser import Contentline, Contentlines

from bookra.errors import InvalidInputError

MAX_BYTES = 10_000_000
MAX_EVENTS = 50_000
MAX_UID = 255
"""Longer ones are kept as their digest: an index can't hold a text of any length."""

EVENT, LIST, ZONE = "VEVENT", "VFREEBUSY", "VTIMEZONE"
KINDS = frozenset({EVENT, LIST, ZONE, "VTODO", "VJOURNAL", "VAVAILABILITY", "VPOLL"})
WANTED = frozenset(
    "UID SEQUENCE STATUS TRANSP DTSTART DTEND DURATION RRULE EXRULE RDATE EXDATE RECURRENCE-ID"
    " X-BOOKRA-CODE FREEBUSY".split()
)
OWN_UID = "@bookra"


@dataclass(frozen=True, slots=True)
class Property:
    """One property: its value as it stands there, and the parameters that matter for a time."""

    value: str
    tzid: str | None = None
    following: bool = False
    free: bool = False


@dataclass(slots=True)
class Part:
    """One event or list of busy times (VFREEBUSY), the ``number``-th of its kind in the file.

    ``fault`` says why it can't be used.
    """

    kind: str
    number: int
    uid: str = ""
    properties: dict[str, list[Property]] = field(default_factory=dict)
    fault: str = ""

    @property
    def name(self) -> str:
        """``VEVENT 3``."""
        return f"{self.kind} {self.number}"

    @property
    def own(self) -> bool:
        """Whether it was written by Bookra itself."""
        return "X-BOOKRA-CODE" in self.properties or self.uid.lower().endswith(OWN_UID)

    def text(self, name: str) -> str:
        """Return the value of a property in capitals, or nothing."""
        found = self.properties.get(name)
        return found[0].value.strip().upper() if found else ""


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """What a file holds. ``whole`` is False when it breaks off before its end."""

    events: tuple[Part, ...]
    lists: tuple[Part, ...]
    zones: Mapping[str, Sequence[str]]
    cancelled: bool
    whole: bool


def read_calendar(content: bytes) -> CalendarFile:
    """Return the parts of a file; raises InvalidInputError: ``too_large`` or ``not_icalendar``."""
    if len(content) > MAX_BYTES:
        raise too_large()
    text = _decoded(content).replace("\r\n", "\n").replace("\r", "\n").lstrip()
    if text[:15].upper().rstrip() != "BEGIN:VCALENDAR":
        raise InvalidInputError(
            "not_icalendar",
            "The file is no iCalendar file: it does not begin with BEGIN:VCALENDAR",
            hint="Export the calendar as .ics",
        )
    reader = _Reader()
    lines: Contentlines = Contentlines.from_ical(text)  # type: ignore[no-untyped-call]
    for line in lines:
        if line.strip():
            reader.take(line)
    return reader.finish()


def too_large() -> InvalidInputError:
    """Return the error for a file that nobody's calendar fills."""
    return InvalidInputError(
        "too_large",
        f"The file is larger than {MAX_BYTES // 1_000_000} MB or has over {MAX_EVENTS} events",
        hint="Export a shorter time, or one calendar at a time",
    )


def _decoded(content: bytes) -> str:
    """Return the text: UTF-8 unless marked otherwise. Dates are ASCII, whatever it is."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    return content.decode("utf-8-sig", "replace")


class _Reader:
    """Sorts content lines into parts. ``BEGIN`` of a new part ends one that was never ended."""

    def __init__(self) -> None:
        self._parts: dict[str, list[Part]] = {EVENT: [], LIST: []}
        self._zones: dict[str, Sequence[str]] = {}
        self._kind = ""
        self._inner: list[str] = []
        self._lines: list[Contentline] = []
        self._calendars = 0
        self._cancelled = False

    def take(self, line: Contentline) -> None:
        """Take the next line."""
        name, _, value = line.partition(":")
        name, value = name.partition(";")[0].strip().upper(), value.strip().upper()
        if name == "BEGIN" and value in KINDS:
            self._close(complete=False)
            self._kind = value
        elif name in ("BEGIN", "END") and value == "VCALENDAR":
            self._close(complete=False)
            self._calendars += 1 if name == "BEGIN" else -1
        elif name == "END" and value == self._kind:
            self._close(complete=True)
        elif not self._kind:
            self._cancelled |= name == "METHOD" and value == "CANCEL"
        elif self._kind == ZONE:
            self._lines.append(line)
        else:
            self._take_inside(name, value, line)

    def _take_inside(self, name: str, value: str, line: Contentline) -> None:
        """Keep a line of an event itself, not of an alarm inside it."""
        if name == "BEGIN":
            self._inner.append(value)
        elif name == "END":
            if value in self._inner:
                del self._inner[self._inner.index(value) :]
        elif not self._inner and self._kind in self._parts and name in WANTED:
            self._lines.append(line)

    def _close(self, *, complete: bool) -> None:
        """End the part that is open, if any."""
        if (parts := self._parts.get(self._kind)) is not None:
            if len(parts) == MAX_EVENTS:
                raise too_large()
            part = _part(self._kind, len(parts) + 1, self._lines)
            if not complete:
                part.fault = f"it has no END:{self._kind}"
            parts.append(part)
        elif self._kind == ZONE and complete and (name := _zone_name(self._lines)):
            self._zones.setdefault(name, self._lines)
        self._kind, self._inner, self._lines = "", [], []

    def finish(self) -> CalendarFile:
        """Return what was read, once there are no more lines."""
        whole = not self._kind and self._calendars <= 0
        self._close(complete=False)
        events, lists = tuple(self._parts[EVENT]), tuple(self._parts[LIST])
        return CalendarFile(events, lists, self._zones, self._cancelled, whole)


def _zone_name(lines: Sequence[Contentline]) -> str:
    """Return the TZID of a definition, as parameters spell it; nothing when it has none."""
    for line in lines:
        if line.upper().startswith(("TZID:", "TZID;")):
            try:
                return line.parts()[2].strip()
            except ValueError:
                return ""
    return ""


def _part(kind: str, number: int, lines: Sequence[Contentline]) -> Part:
    part = Part(kind, number)
    for line in lines:
        name = line.partition(":")[0].partition(";")[0].strip().upper()
        try:
            _, parameters, value = line.parts()
        except ValueError:
            part.fault = f"{name} can't be read"
            continue
        tzid = parameters.get("TZID")
        found = Property(
            value.strip(),
            str(tzid) if tzid else None,
            following=str(parameters.get("RANGE", "")).upper() == "THISANDFUTURE",
            free=str(parameters.get("FBTYPE", "")).upper() == "FREE",
        )
        part.properties.setdefault(name, []).append(found)
    part.uid = _uid(part, lines)
    return part


def _uid(part: Part, lines: Sequence[Contentline]) -> str:
    """Return the UID, or for want of a usable one a digest that stays the same in the next file."""
    given = part.properties.get("UID")
    uid = "".join(c for c in (given[0].value if given else "") if c.isprintable()).strip()
    if uid and len(uid) <= MAX_UID:
        return uid
    seed = uid or "\n".join(line for line in lines if not line.upper().startswith("SEQUENCE"))
    return f"sha256:{hashlib.sha256(seed.encode('utf-8', 'replace')).hexdigest()}"
