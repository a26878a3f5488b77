"""A salon's book in plain Python: minutes of two days, and who has which.

It shares no code with the engine: it tries every person, unit and minute, and knows no spans. It
says what must be granted and what must be refused; of several grantable ways it takes the one that
the engine took, after checking that it is one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

DAY = 1440
STEP = 15
WAIT = 15
HOURS = {"ana": ((540, 780), (840, 1080)), "ben": ((540, 1080),), "cleo": ((600, 1200),)}
SKILLS = {"ana": {"cut", "color", "wash"}, "ben": {"cut", "color", "wash"}, "cleo": {"cut"}}
PLACES_A_DAY = {"ben": 3}
CHAIRS = ("chair-1", "chair-2")
# Minutes of each service: what keeps its person, from when to when, and how long the visit is.
BUSY = {"cut": ((0, 45),), "color": ((0, 30), (50, 65)), "wash": ((0, 20),)}
LENGTH = {"cut": 45, "color": 65, "wash": 15}
IN_CHAIR = {"color": (0, 65)}
MOVABLE = {"held", "confirmed", "checked_in", "displaced"}
OCCUPYING = {"held", "confirmed", "checked_in", "completed", "displaced"}


@dataclass
class Line:
    """A service with somebody from a minute on; ``there`` False when its time was taken away.

    ``number`` counts the lines in the order in which they were booked, wherever they moved since.
    """

    service: str
    staff: str
    start: int
    chair: str | None = None
    there: bool = True
    number: int = 0

    @property
    def end(self) -> int:
        return self.start + LENGTH[self.service]

    def meets(self, other: Line) -> bool:
        """Tell whether their customer would have to be at both at once."""
        return self.start < other.end and other.start < self.end

    def minutes(self) -> set[tuple[str, int]]:
        """Return every minute of a person or a chair that the line takes."""
        if not self.there:
            return set()
        return _minutes(self.service, self.staff, self.start, self.chair)


@dataclass
class Visit:
    """A booking: its state, its lines, and until which minute of the clock it is held.

    ``rearranged`` when one of several lines was moved by itself.
    """

    code: str
    status: str
    lines: list[Line]
    held_until: int | None = None
    rearranged: bool = False

    def minutes(self) -> set[tuple[str, int]]:
        """Return every minute of a person or a chair that the visit takes."""
        if self.status not in OCCUPYING:
            return set()
        return set().union(*(line.minutes() for line in self.lines))


@dataclass
class Book:
    """All bookings by code, what is blocked, and the minute that it is."""

    now: int
    visits: dict[str, Visit] = field(default_factory=dict)
    blocked: set[tuple[str, int]] = field(default_factory=set)

    def lapsed(self, visit: Visit) -> bool:
        """Tell whether a hold has run out, swept or not."""
        return visit.status == "held" and (visit.held_until or 0) <= self.now

    def has_come(self, visit: Visit) -> bool:
        """Tell whether it is the day of a visit, or a later one."""
        return min(line.start for line in visit.lines) // DAY <= self.now // DAY

    def standing(self, *without: str) -> list[Visit]:
        """Return the visits that occupy something, but for some."""
        return [
            visit
            for code, visit in self.visits.items()
            if code not in without and not self.lapsed(visit)
        ]

    def taken(self, *without: str) -> set[tuple[str, int]]:
        """Return every minute that is taken."""
        found = set(self.blocked)
        for visit in self.standing(*without):
            found |= visit.minutes()
        return found

    def booked_minutes(self, staff: str) -> int:
        """Return how much of a person is booked this week."""
        return sum(who == staff for visit in self.standing() for who, _ in visit.minutes())

    def last_booked(self, staff: str) -> int:
        """Return the number of a person's newest line, whatever became of it."""
        lines = (line for visit in self.visits.values() for line in visit.lines)
        return max((line.number for line in lines if line.staff == staff), default=0)

    def grants(
        self,
        service: str,
        staff: str | None,
        start: int,
        *,
        without: Sequence[str] = (),
        more: Sequence[Line] = (),
    ) -> list[Line]:
        """Return the ways in which one service can begin at a minute."""
        taken = self.taken(*without).union(*(line.minutes() for line in more))
        return [
            line
            for line in _ways(service, staff, start)
            if not line.minutes() & taken and self._works(line) and self._place(line, without, more)
        ]

    def visit_ways(
        self, wishes: Sequence[tuple[str, str | None]], start: int, *, without: Sequence[str] = ()
    ) -> Iterator[list[Line]]:
        """Yield the ways to have services one after the other, with at most a wait between."""
        yield from self._extend([], wishes, range(start, start + 1), without)

    def _extend(
        self,
        chosen: list[Line],
        wishes: Sequence[tuple[str, str | None]],
        starts: range,
        without: Sequence[str],
    ) -> Iterator[list[Line]]:
        if len(chosen) == len(wishes):
            yield chosen
            return
        service, staff = wishes[len(chosen)]
        for start in starts:
            for line in self.grants(service, staff, start, without=without, more=chosen):
                after = range(line.end, line.end + WAIT + 1, 5)
                yield from self._extend([*chosen, line], wishes, after, without)

    def _works(self, line: Line) -> bool:
        if line.service not in SKILLS[line.staff]:
            return False
        mine = {minute for who, minute in line.minutes() if who == line.staff}
        return all(
            any(opens <= minute % 1440 < closes for opens, closes in HOURS[line.staff])
            for minute in mine
        )

    def _place(self, line: Line, without: Sequence[str], more: Sequence[Line]) -> bool:
        if line.staff not in PLACES_A_DAY:
            return True
        others = [one for visit in self.standing(*without) for one in self._counted(visit)]
        day = line.start // 1440
        same = [
            one for one in (*others, *more) if (one.staff, one.start // 1440) == (line.staff, day)
        ]
        return len(same) < PLACES_A_DAY[line.staff]

    def _counted(self, visit: Visit) -> list[Line]:
        return [one for one in visit.lines if one.there] if visit.status in OCCUPYING else []


def on_grid(start: int) -> bool:
    """Tell whether a start is offered at all."""
    return start % STEP == 0


def _ways(service: str, staff: str | None, start: int) -> list[Line]:
    people = [staff] if staff else sorted(HOURS)
    chairs = CHAIRS if service in IN_CHAIR else (None,)
    return [Line(service, who, start, chair) for who in people for chair in chairs]


def _minutes(service: str, staff: str, start: int, chair: str | None) -> set[tuple[str, int]]:
    found = {
        (staff, minute)
        for first, last in BUSY[service]
        for minute in range(start + first, start + last)
    }
    if chair is not None:
        first, last = IN_CHAIR[service]
        found |= {(chair, minute) for minute in range(start + first, start + last)}
    return found
