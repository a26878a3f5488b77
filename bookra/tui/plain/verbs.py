"""What can be done by answering questions: book, check in, take cash, note, move, cancel, find."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta

from bookra import clock
from bookra.engine.bookings.day import DayBlock, DaySnapshot
from bookra.errors import ConflictError, InvalidInputError
from bookra.money import Money, parse_amount
from bookra.tui.desk import CustomerChoice, Desk, Done, NewCustomer, ServiceChoice
from bookra.tui.desk.checkout import Performer, Tab
from bookra.tui.desk.moving import Seat
from bookra.tui.look import Look
from bookra.tui.plain import words
from bookra.tui.plain.asking import Asker, text_of
from bookra.tui.screens.tip_shares import shared
from bookra.tui.text import clean


class Verbs:
    """The verbs over a desk. Each returns what was done, or None where nothing was."""

    def __init__(self, desk: Desk, look: Look, asker: Asker) -> None:
        self._desk = desk
        self._look = look
        self._asker = asker

    # A visit

    def check_in(self, block: DayBlock) -> Done | None:
        """Note that the client is here."""
        done = self._desk.check_in(block.code)
        self._asker.say(f"{clean(block.customer)} is checked in.")
        return done

    def take_cash(self, block: DayBlock) -> Done | None:
        """Take what is due, and a tip."""
        tab = self._desk.tab(block.code)
        if tab.due.minor <= 0:
            self._asker.say("Nothing is due.")
            return None
        due = self._look.money(tab.due)
        told = "A tip goes to who served. Type an amount such as 5.00, or nothing for no tip."
        tip = self._asker.ask(f"{due} is due. Tip? Nothing for none.", told, self._amount)
        tips = self._shares(tab, tip) if tip and len(tab.performers) > 1 else None
        sum_ = self._look.money(Money(tab.due.minor + (tip.minor if tip else 0), tab.due.currency))
        if not self._asker.confirm(f"Take {sum_} in cash from {clean(block.customer)}?"):
            return None
        done = self._desk.take(block.code, "cash", tip=tip, tips=tips)
        self._asker.say(f"Paid: {sum_} in cash.")
        return done

    def _shares(self, tab: Tab, tip: Money) -> dict[str, Money] | None:
        """Ask who gets how much of a tip; None where it is shared by the price of the work."""
        people = tab.performers
        told = "Type amounts in that order with blanks between, such as 3.00 2.00, or nothing."
        by_rule = self._named(people, shared(tip, people, ()))

        def read(answer: str) -> dict[str, Money] | None:
            if not answer:
                return None
            parts = shared(tip, people, answer.split())
            return {one.staff: part for one, part in zip(people, parts, strict=True)}

        return self._asker.ask(f"Who gets of it? Nothing for: {by_rule}.", told, read)

    def _named(self, people: Sequence[Performer], parts: Sequence[Money]) -> str:
        pairs = zip(people, parts, strict=True)
        return ", ".join(f"{clean(one.name)} {self._look.money(part)}" for one, part in pairs)

    def note(self, block: DayBlock) -> Done | None:
        """Write what to know of the visit in place of the note before."""
        told = "It holds for this visit alone. Type none to remove the note there is."
        question = "What is to be known of this visit? Nothing leaves it as it is."
        text = self._asker.ask(question, told, str)
        if not text:
            return None
        done = self._desk.set_note(block.code, "" if text.lower() == "none" else text)
        self._asker.say("The note is removed." if text.lower() == "none" else "Noted.")
        return done

    def cancel(self, block: DayBlock) -> Done | None:
        """Cancel after saying what is kept, and for a reason."""
        from bookra.tui.screens.cancel import REASONS

        kept = self._desk.detail(block.code).kept_if_cancelled
        if kept is not None:
            self._asker.say(f"If it is cancelled now, {self._look.money(kept)} is kept.")
        chosen = self._asker.choose("Why is it cancelled?", [said for _, said in REASONS])
        if not self._asker.confirm(f"Cancel the visit of {clean(block.customer)}?"):
            return None
        done = self._desk.cancel(block.code, REASONS[chosen][0])
        self._asker.say("Cancelled.")
        return done

    def move(self, block: DayBlock, day: DaySnapshot) -> Done | None:
        """Move it to another person or time of a day; what is in the way is said."""
        people = [one for one in day.columns if one.shifts or one.slug == block.staff]
        seat = Seat(block.code, block.staff, block.starts_at)
        while True:
            place = self._asker.choose("With whom?", [clean(one.name) for one in people])
            on = self._day(day.day)
            at = self._time(on)
            found = self._desk.fit(seat, people[place].slug, at)
            if found.free:
                break
            reasons = [f"{clean(one.said)}. Opens with {clean(one.opens_if)}"
                       for one in found.hindrances]  # fmt: skip
            self._asker.say("It can't go there.", *reasons, "Choose again, or type back.")
        when = f"{words.day(on)}, {words.span(self._look, at, found.ends_at)}"
        if not self._asker.confirm(f"Move it to {clean(people[place].name)}, {when}?"):
            return None
        done = self._desk.move(seat, people[place].slug, at)
        self._asker.say("Moved.")
        return done

    # New visits

    def book(self, day: DaySnapshot) -> Done | None:
        """Book a visit: with whom, what, when, for whom."""
        people = [one for one in day.columns if one.shifts]
        if not people:
            self._asker.say("Nobody works on this day. Type next for another one.")
            return None
        staff = people[self._asker.choose("With whom?", [clean(one.name) for one in people])]
        services = self._desk.services(staff.slug)
        if not services:
            self._asker.say(f"{clean(staff.name)} performs no service yet.")
            return None
        service = services[self._asker.choose("Which service?", list(map(self._priced, services)))]
        at = self._time(day.day)
        customer = self._client()
        while True:
            try:
                return self._book(service, (staff.slug, staff.name), at, customer)
            except ConflictError as error:
                self._asker.refuse(error)
                at = self._other_time(service, staff.slug, at)

    def _book(
        self,
        service: ServiceChoice,
        staff: tuple[str, str],
        at: datetime,
        customer: CustomerChoice | NewCustomer,
    ) -> Done | None:
        slug, name = staff
        quote = self._desk.quote(service=service.slug, staff=slug, at=at, customer=customer)
        deposit = self._look.money(quote.deposit)
        told = f" A deposit of {deposit} is asked for." if quote.deposit.minor > 0 else ""
        what = f"{clean(service.name)} with {clean(name)}"
        when = words.span(self._look, quote.starts_at, quote.ends_at)
        price = self._look.money(quote.price)
        question = f"{what}, {when}, {price}, for {clean(customer.name)}.{told} Book it?"
        if not self._asker.confirm(question):
            return None
        done = self._desk.book(service=service.slug, staff=slug, at=at, customer=customer)
        self._asker.say(f"Booked: {done.code}.")
        return done

    def _other_time(self, service: ServiceChoice, staff: str, at: datetime) -> datetime:
        """Ask for another time; the nearest free ones of that person on that day are named."""
        day = at.astimezone(self._look.tz).date()
        free = self._desk.instead(service=service.slug, staff=staff, at=at).free
        own = [one.starts_at for one in free if one.staff == staff]
        same = sorted({at for at in own if at.astimezone(self._look.tz).date() == day})
        if same:
            self._asker.say(f"Free then: {', '.join(map(self._look.time, same))}.")
        return self._time(day)

    def _priced(self, one: ServiceChoice) -> str:
        return f"{clean(one.name)}, {one.minutes} minutes, {self._look.money(one.price)}"

    # Clients

    def find(self) -> None:
        """Find clients, and say how to reach them."""
        found = self._found()
        self._asker.say(*(words.client(one) for one in found))

    def _client(self) -> CustomerChoice | NewCustomer:
        """Ask for whom: one on file, or a new one."""
        found = self._found(or_new=True)
        options = [*(words.client(one) for one in found), "Somebody new"]
        chosen = self._asker.choose("Which client?", options)
        return found[chosen] if chosen < len(found) else self._new_client()

    def _new_client(self) -> NewCustomer:
        name = self._asker.ask("Their name?", "First and last name, as they write it.", text_of)
        contact = self._asker.ask(
            "Their phone or e-mail? Nothing for none.",
            "So that they can be reminded. A phone with its country's prefix, or an e-mail.",
            self._contact,
        )
        return NewCustomer(name, *contact)

    def _contact(self, answer: str) -> tuple[str, str]:
        contact = ("", answer) if "@" in answer else (answer, "")
        self._desk.check_contact(*contact)
        return contact

    def _found(self, *, or_new: bool = False) -> Sequence[CustomerChoice]:
        told = "A part of a name, a phone number or an e-mail."

        def read(answer: str) -> Sequence[CustomerChoice]:
            found = self._desk.find_customers(text_of(answer))
            if not found and not or_new:
                raise InvalidInputError("nobody_found", f"Nobody matches '{answer}'")
            return found

        return self._asker.ask("Who is the client? Name, phone or e-mail.", told, read)

    # Times and amounts

    def _time(self, day: date) -> datetime:
        told = f"A time on {words.day(day)}, such as 14:30."
        return self._asker.ask(f"At what time on {words.day(day)}?", told, self._clock(day))

    def _clock(self, day: date) -> Callable[[str], datetime]:
        def read(answer: str) -> datetime:
            found = re.fullmatch(r"([01]?\d|2[0-3])[:.]([0-5]\d)", answer)
            if found is None:
                raise InvalidInputError(
                    "bad_time", f"'{answer}' is not a time", hint="Such as 9:30"
                )
            local = datetime.combine(day, time(int(found[1]), int(found[2])))
            return clock.resolve(local, self._look.tz)

        return read

    def _day(self, day: date) -> date:
        told = "A date such as 2026-12-24, tomorrow, or a weekday. Nothing for the same day."
        now = clock.resolve(datetime.combine(day, time(12)), self._look.tz)

        def read(answer: str) -> date:
            return clock.parse_day(answer, self._look.tz, now) if answer else day

        return self._asker.ask("On which day? Nothing for the same.", told, read)

    def _amount(self, answer: str) -> Money | None:
        if not answer:
            return None
        return parse_amount(answer, self._look.currency)


def in_order(found: DaySnapshot) -> list[DayBlock]:
    """Return a day's visits by time, then by person."""
    return sorted(found.blocks, key=lambda one: (one.starts_at, one.staff, one.code))


def after(day: date, days: int) -> date:
    """Return another day."""
    return day + timedelta(days=days)
