"""The waitlist over the engine: who waits, what is free for them, and giving it to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bookra.engine.availability.actions import Slot
from bookra.engine.bookings.actions import cancel
from bookra.engine.bookings.day import Interval
from bookra.engine.bookings.waitlist import actions as waitlist
from bookra.engine.bookings.waitlist import openings, windows
from bookra.engine.bookings.waitlist.rules import OPEN, WishStatus, became
from bookra.engine.bookings.waitlist.store import Wish, open_wishes, wish_by_code
from bookra.engine.catalog.actions import services
from bookra.engine.people.staff import staff_list
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError
from bookra.tui.desk import Done, Undo
from bookra.tui.desk.waitlist import Fitting, OfferMade, WishLine
from bookra.tui.engine_desk.booking import free_time
from bookra.tui.engine_desk.counter import Counter, local, words


class EngineWaitlist(Counter):
    """Questions and verbs of the waitlist, one transaction each."""

    def wishes(self) -> list[WishLine]:
        """Return the open wishes, each that waits with the first opening for it."""

        def question(tx: Tx) -> list[WishLine]:
            names = _Names(tx)
            current = [
                replace(wish, status=became(wish.status, wish.states, wish.last_end, tx.now))
                for wish in open_wishes(tx)
            ]
            found = [wish for wish in current if wish.status in OPEN]
            waiting = [wish for wish in found if wish.status is WishStatus.WAITING]
            free = openings.openings_of(tx, waiting)
            return [names.line(wish, free.get(wish.id)) for wish in found]

        return self._ask(question)

    def who_fits(self, staff: str, start: datetime, until: datetime) -> list[Fitting]:
        """Return who would take a gap."""

        def question(tx: Tx) -> list[Fitting]:
            names = _Names(tx)
            return [
                Fitting(names.line(wish, None), free_time(slot, names.people))
                for wish, slot in openings.fitting(tx, staff, max(start, tx.now), until)
            ]

        return self._ask(question)

    def read_windows(self, text: str) -> list[Interval]:
        """Read windows as people write them, with commas between them."""

        def question(tx: Tx) -> list[Interval]:
            parts = [part for part in _parts(text) if part]
            zone = tx.tenant.zone
            found = [one for part in parts for one in windows.parse_window(part, zone, tx.now)]
            return list(windows.checked_windows(found, tx.now))

        return self._ask(question)

    def offer_opening(self, code: str) -> Done:
        """Offer one wish the best opening."""

        def action(tx: Tx) -> Done:
            (made,) = waitlist.offer_to(tx, code)
            undo = Undo("unbook", (made.booking.code,), "The offer is taken back")
            return Done(made.booking.code, words("waitlist", "offer", code), undo)

        return self._act("waitlist offer", action)

    def offer_time(self, code: str, staff: str, at: datetime, *, sure: bool = False) -> Done:
        """Offer one place; a sure one is accepted in the same transaction."""

        def action(tx: Tx) -> Done:
            booked = waitlist.offer_at(tx, code, staff, at).booking.code
            command = words("waitlist", "offer", code, "--staff", staff, "--at", local(tx, at))
            if not sure:
                return Done(booked, command, Undo("unbook", (booked,), "The offer is taken back"))
            waitlist.accept(tx, code)
            undo = Undo("unfill", (booked, code), "The booking is taken back, and they wait again")
            return Done(booked, f"{command} && {words('waitlist', 'accept', code)}", undo)

        return self._act("waitlist fill", action)

    def accept_offer(self, code: str) -> Done:
        """Book what was offered."""
        return self._act(
            "waitlist accept",
            lambda tx: Done(waitlist.accept(tx, code).code, words("waitlist", "accept", code)),
        )

    def drop_wish(self, code: str) -> Done:
        """Take a wish off the list; taking that back wishes the same again."""

        def action(tx: Tx) -> Done:
            gone = waitlist.withdraw(tx, code)
            undo = Undo("rewish", (code,), f"{gone.customer} waits again")
            return Done(code, words("waitlist", "withdraw", code), undo)

        return self._act("waitlist drop", action)


def rewished(tx: Tx, code: str) -> Done:
    """Wish again for what is left of a wish that is over."""
    old = wish_by_code(tx, code)
    between = [(max(start, tx.now), end) for start, end in old.windows if end > tx.now]
    if not between:
        raise ConflictError("not_undoable", "What was wished for is over by now")
    request = waitlist.WishRequest(old.service, old.staff, old.customer_id, between)
    again = waitlist.add_wish(tx, request).wish.code
    person = ("--staff", old.staff) if old.staff else ()
    ends = [part for a, b in between for part in ("--from", local(tx, a), "--to", local(tx, b))]
    who = ("--customer", old.customer_id)
    return Done(again, words("waitlist", "add", old.service, *person, *who, *ends))


def unfilled(tx: Tx, booked: str, code: str) -> Done:
    """Take back a booking that a wish became, and let the wish be one again."""
    cancel(tx, booked)
    rewished(tx, code)
    return Done(booked, words("booking", "cancel", booked))


class _Names:
    """The names of people and services, read once for all wishes."""

    def __init__(self, tx: Tx) -> None:
        self.people = {person.slug: person.name for person in staff_list(tx)}
        self.services = {service.slug: service.name for service in services(tx)}

    def line(self, wish: Wish, free: Slot | None) -> WishLine:
        """Return a wish as the list shows it."""
        made = None
        if wish.status is WishStatus.OFFERED and wish.offers:
            last = wish.offers[-1]
            who = self.people.get(last.staff, last.staff)
            made = OfferMade(last.booking, who, last.start, last.held_until)
        return WishLine(
            code=wish.code,
            client_id=str(wish.customer_id),
            client=wish.customer,
            phone=wish.phone or "",
            service=self.services.get(wish.service, wish.service),
            staff_name=self.people.get(wish.staff, wish.staff) if wish.staff else "",
            windows=wish.windows,
            since=wish.created_at,
            offer=made,
            free=free_time(free, self.people) if free else None,
        )


def _parts(text: str) -> list[str]:
    """Split at ``;`` and ``, ``: a comma without a blank joins days (``mon,wed 09:00-12:00``)."""
    return [part.strip() for part in text.replace(", ", ";").split(";")]
