"""The steps of a booking and what each offers. Pure: `booking` is the dialog around it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bookra import clock
from bookra.engine.bookings.day import Interval
from bookra.tui.desk import CustomerChoice, NewCustomer, ServiceChoice
from bookra.tui.desk.booking import FreeTime, Repeat
from bookra.tui.look import Look
from bookra.tui.text import clean

PROMPTS = {
    "client": "Name, phone or e-mail",
    "name": "Name of the new client",
    "contact": "Phone or e-mail, if you like",
    "service": "Which service?",
}
"""What the entry asks for at each step that has one."""

LISTED = ("client", "service", "instead", "times", "wish")
"""The steps at which something is chosen from a list."""

HOLD_MINUTES = 30
"""For how long a time is held for somebody who has not decided."""

START_WINDOW = timedelta(minutes=15)
"""A wish for one time is good for a start up to so much later."""

_PHONE_DIGITS = 5
_REPEAT = re.compile(
    r"(?:every\s+)?(?P<every>(?:\d+\s*)?(?:day|week|month)s?)\s*[x×*,]?\s*(?P<count>\d+)?"
    r"(?:\s*times)?"
)


@dataclass
class Draft:
    """What has been chosen so far, and what was typed at each step."""

    staff: str
    staff_name: str
    at: datetime
    customer: CustomerChoice | NewCustomer | None = None
    services: list[ServiceChoice] = field(default_factory=list)
    typed: dict[str, str] = field(default_factory=dict)

    @property
    def for_booking(self) -> CustomerChoice | NewCustomer | None:
        """The client, a new one with all that was typed about them."""
        if not isinstance(self.customer, NewCustomer):
            return self.customer
        if not self.customer.name:
            name = self.typed.get("name", "").strip()
            return NewCustomer(name, self.customer.phone, self.customer.email)
        return NewCustomer(self.customer.name, *contact(self.typed.get("contact", "")))

    @property
    def minutes(self) -> int:
        """How long the services take that were chosen."""
        return sum(service.minutes for service in self.services)

    def move(self, free: FreeTime) -> None:
        """Take another time, perhaps with somebody else."""
        self.staff, self.staff_name, self.at = free.staff, free.staff_name, free.starts_at


@dataclass(frozen=True, slots=True)
class Waiting:
    """Waiting instead: the way to the waitlist."""


@dataclass(frozen=True, slots=True)
class WishChoice:
    """When somebody would come; ``staff`` None is with anybody."""

    said: str
    staff: str | None
    window: Interval


def after_client(draft: Draft) -> str:
    """Return what is asked once a client was chosen: what a new one lacks."""
    if isinstance(draft.customer, NewCustomer):
        return "contact" if draft.customer.name else "name"
    return ""


def services(
    offered: Sequence[ServiceChoice], typed: str, free_minutes: int, usual: Sequence[str] = ()
) -> list[ServiceChoice]:
    """Return the services that match: the client's usual ones first, then those that fit."""
    matching = [one for one in offered if matches(typed, clean(one.name))]
    places = {slug: place for place, slug in enumerate(usual)}

    def rank(one: ServiceChoice) -> tuple[bool, int]:
        return one.minutes > free_minutes, places.get(one.slug, len(places))

    return sorted(matching, key=rank)


def matches(typed: str, name: str) -> bool:
    """Tell whether every word typed begins a word of the name, in any order."""
    words = name.casefold().split()
    return all(any(word.startswith(part) for word in words) for part in typed.casefold().split())


def clients(
    found: tuple[str, Sequence[CustomerChoice]] | None, typed: str
) -> list[CustomerChoice | NewCustomer]:
    """Return the clients found, and the one that could be added under what is typed."""
    listed: list[CustomerChoice | NewCustomer] = list(found[1]) if found else []
    text = typed.strip()
    if text:
        phone, email = contact(text)
        listed.append(
            NewCustomer("", phone, email) if is_contact(text) else NewCustomer(text, "", "")
        )
    return listed


def is_contact(text: str) -> bool:
    """Tell whether somebody types a phone or an e-mail rather than a name."""
    return "@" in text or sum(map(str.isdigit, text)) >= _PHONE_DIGITS


def contact(text: str) -> tuple[str, str]:
    """Return what is typed as (phone, e-mail): one of them is empty."""
    stripped = text.strip()
    return ("", stripped) if "@" in stripped else (stripped, "")


def wishes(look: Look, draft: Draft, now: datetime) -> list[WishChoice]:
    """Return for what somebody could wait: this time, this day, this week."""
    day = clock.local_day(draft.at, look.tz)

    def midnight(days: int) -> datetime:
        later = day + timedelta(days=days)
        return clock.from_epoch(clock.opening(later, 0, look.tz))

    name, date = draft.staff_name, look.day(day)
    whole = (max(now, midnight(0)), midnight(1))
    week = (max(now, midnight(0)), midnight(7))
    time = (max(now, draft.at), max(now, draft.at) + START_WINDOW)
    return [
        WishChoice(f"{date} {look.time(draft.at)}, with {name}", draft.staff, time),
        WishChoice(f"{date}, any time with {name}", draft.staff, whole),
        WishChoice(f"{date}, any time with anybody", None, whole),
        WishChoice(f"Within 7 days, with {name}", draft.staff, week),
        WishChoice("Within 7 days, with anybody", None, week),
    ]


def parse_repeat(text: str) -> Repeat | None:
    """Read ``every 2 weeks x 6``; None while it is not whole."""
    found = _REPEAT.fullmatch(text.strip().casefold())
    if found is None or not found["count"] or not int(found["count"]):
        return None
    return Repeat(" ".join(re.split(r"(?<=\d)\s*(?=\D)", found["every"])), int(found["count"]))
