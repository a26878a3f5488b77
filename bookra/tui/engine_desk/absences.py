"""Time off over the engine: what is in its way, what it displaces, and mending the day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from bookra import clock
from bookra.engine.availability.absences import absences, find_bookable
from bookra.engine.availability.away import BLOCK, TIME_OFF, Absence, new_absence
from bookra.engine.bookings import store
from bookra.engine.bookings.displacement import displacing, queue
from bookra.engine.bookings.displacement.displacing import add_absence, remove_absence
from bookra.engine.bookings.displacement.queue import Waiting
from bookra.engine.bookings.history import history
from bookra.engine.bookings.model import Status
from bookra.engine.people.staff import find_staff
from bookra.engine.runtime import Tx
from bookra.tui.desk import Done, Undo
from bookra.tui.desk.absences import Absent, Affected, Displaced, Proposal, TakenOff
from bookra.tui.engine_desk.counter import Counter, words

INSTANT = timedelta(microseconds=1)
"""How long an instant lasts: spans are half-open."""


class EngineAbsences(Counter):
    """Time off, and the visits that it displaces."""

    def in_the_way(self, staff: str, start: datetime, until: datetime) -> list[Affected]:
        """Return what time off would meet, by the rule that writing it goes by: buffers count."""

        def question(tx: Tx) -> list[Affected]:
            met = displacing.what_it_meets(tx, find_bookable(tx, staff), start, until)
            return [
                Affected(
                    one.code, one.customer or f"{one.seats} seats", one.service, one.starts_at,
                    one.status,
                )
                for one in met
            ]  # fmt: skip

        return self._ask(question)

    def take_off(self, staff: str, start: datetime, until: datetime, reason: str) -> TakenOff:
        """Write it down; taking it back puts the visits where they were."""

        def action(tx: Tx) -> TakenOff:
            bookable = find_bookable(tx, staff, staff_only=True)
            zone = bookable.zone
            first, last = (f"{at.astimezone(zone):%Y-%m-%dT%H:%M}" for at in (start, until))
            wanted = new_absence(bookable, TIME_OFF, first, last, tx.now, reason=reason)
            made = add_absence(tx, bookable, wanted, displace=True)
            why = ("--reason", reason) if reason else ()
            span = ("--from", first, "--to", last, *why, "--displace")
            command = words("time-off", "add", staff, *span)
            undo = Undo(
                "take-on", (str(made.absence.id), *made.displaced), "The time off is taken back"
            )
            return TakenOff(Done(staff, command, undo), made.displaced)

        return self._act("time-off", action)

    def absent(self, staff: str, at: datetime | None = None) -> list[Absent]:
        """Return what is on record, with the names of those who wait because of it."""

        def question(tx: Tx) -> list[Absent]:
            who = find_bookable(tx, staff).id
            start, until = at or tx.now, at and at + INSTANT
            found = [
                one
                for kind in (TIME_OFF, BLOCK)
                for one in absences(tx, kind, start, until, bookable_id=who)
            ]
            waiting = _waiting(tx) if found else {}
            return [
                _absent(one, waiting.get(str(one.id), ()))
                for one in sorted(found, key=lambda one: (one.starts_at, one.id))
            ]

        return self._ask(question)

    def take_on(self, absence: str, kind: str) -> Done:
        """Remove it; taking that back writes the same absence again, if the time is free still."""

        def action(tx: Tx) -> Done:
            gone = remove_absence(tx, absence, kind)
            span = (gone.starts_at.isoformat(), gone.ends_at.isoformat())
            undo = Undo(
                "off-again",
                (gone.bookable, kind, *span, gone.reason),
                "The time is taken off again",
            )
            return Done(gone.bookable, words(kind, "remove", absence), undo)

        return self._act(f"{kind} remove", action)

    def displaced(self, day: date | None = None) -> list[Displaced]:
        """Return who waits for another time, with proposals at the agreed price."""

        def question(tx: Tx) -> list[Displaced]:
            names: dict[str, str] = {}
            found = queue.waiting(tx)
            if day is not None:
                found = [one for one in found if _day_of(tx, one) == day]
            return [_displaced(tx, one, names) for one in found]

        return self._ask(question)

    def accept(self, code: str, number: int | None = None) -> Done:
        """Approve a proposal; an approval moves the visit and tells its client."""

        def action(tx: Tx) -> Done:
            queue.resolve(tx, code, choose=number)
            chosen = ("--choose", number) if number is not None else ()
            return Done(code, words("displaced", "resolve", code, *chosen))

        return self._act("displaced resolve", action)


def _waiting(tx: Tx) -> dict[str, tuple[str, ...]]:
    """Return whose visits wait for another time, by the absence that displaced them last."""
    found: dict[str, tuple[str, ...]] = {}
    earliest = tx.now - timedelta(days=queue.QUEUE_DAYS)
    for booking in store.bookings_between(tx, earliest, None, status=Status.DISPLACED):
        changes = [one.facts for one in history(tx, booking.id) if one.kind == "displaced"]
        absence = str(changes[-1].get("absence", "")) if changes else ""
        found[absence] = (*found.get(absence, ()), booking.customer)
    return found


def _absent(one: Absence, waiting: tuple[str, ...]) -> Absent:
    return Absent(str(one.id), one.kind, one.starts_at, one.ends_at, one.reason, waiting)


def _day_of(tx: Tx, found: Waiting) -> date:
    lines = found.lines or found.booking.lines
    return clock.local_day(lines[0].starts_at, tx.tenant.zone)


def _displaced(tx: Tx, found: Waiting, names: dict[str, str]) -> Displaced:
    lines = found.lines or found.booking.lines

    def name(slug: str) -> str:
        if slug not in names:
            names[slug] = find_staff(tx, slug).name
        return names[slug]

    return Displaced(
        code=found.booking.code,
        customer=found.booking.customer,
        service=", ".join(dict.fromkeys(line.service_name for line in lines)),
        staff=lines[0].staff,
        staff_name=", ".join(dict.fromkeys(line.staff_name for line in lines)),
        starts_at=lines[0].starts_at,
        ends_at=lines[-1].ends_at,
        reason=found.reason,
        proposals=tuple(
            Proposal(one.number, name(one.staff), clock.from_epoch(one.start), one.kind.value)
            for one in found.proposals
        ),
    )
