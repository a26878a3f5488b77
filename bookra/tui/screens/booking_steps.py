"""The steps of a booking and what each offers. Pure: `booking` is the dialog around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from textual.content import Content

from bookra.tui.describe import MUTED, Part, line
from bookra.tui.desk import CustomerChoice, NewCustomer, ServiceChoice
from bookra.tui.look import Look
from bookra.tui.text import clean, fit, pad, spell_minutes

STEPS = ("service", "client", "name", "contact", "confirm")
"""In order; ``name`` and ``contact`` are for a new client, one or the other."""
PROMPTS = {
    "service": "Which service?",
    "client": "Name, phone or e-mail",
    "name": "Name of the new client",
    "contact": "Phone or e-mail, if you like",
    "confirm": "",
}

_NAME, _SHORT = 30, 8
_PHONE_DIGITS = 5


@dataclass
class Draft:
    """What has been chosen so far, and what was typed at each step."""

    service: ServiceChoice | None = None
    customer: CustomerChoice | NewCustomer | None = None
    typed: dict[str, str] = field(default_factory=dict)

    def take(self, choice: ServiceChoice | CustomerChoice | NewCustomer) -> None:
        """Keep a choice from the list."""
        if isinstance(choice, ServiceChoice):
            self.service = choice
        else:
            self.customer = choice

    def complete(self, step: str) -> bool:
        """Tell whether what was typed is enough for a new client."""
        return step != "name" or bool(self.typed.get("name", "").strip())

    @property
    def for_booking(self) -> CustomerChoice | NewCustomer | None:
        """The client, a new one with all that was typed about them."""
        if not isinstance(self.customer, NewCustomer):
            return self.customer
        if not self.customer.name:
            name = self.typed.get("name", "").strip()
            return NewCustomer(name, self.customer.phone, self.customer.email)
        return NewCustomer(self.customer.name, *contact(self.typed.get("contact", "")))


def after(step: str, draft: Draft) -> str:
    """Return the step that follows."""
    if step == "service":
        return "client"
    if step == "client" and isinstance(draft.customer, NewCustomer):
        return "contact" if draft.customer.name else "name"
    return "confirm"


def before(step: str, draft: Draft) -> str:
    """Return the step before, nothing from the first one."""
    if step == "confirm":
        return after("client", draft) if isinstance(draft.customer, NewCustomer) else "client"
    return {"client": "service", "name": "client", "contact": "client"}.get(step, "")


def services(
    offered: Sequence[ServiceChoice], typed: str, free_minutes: int
) -> list[ServiceChoice]:
    """Return the services that match, those that fit into the free time first."""
    matching = [one for one in offered if matches(typed, clean(one.name))]
    return sorted(matching, key=lambda one: one.minutes > free_minutes)


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
        is_name = "@" not in text and sum(map(str.isdigit, text)) < _PHONE_DIGITS
        listed.append(NewCustomer(text, "", "") if is_name else NewCustomer("", phone, email))
    return listed


def contact(text: str) -> tuple[str, str]:
    """Return what is typed as (phone, e-mail): one of them is empty."""
    stripped = text.strip()
    return ("", stripped) if "@" in stripped else (stripped, "")


def written(
    look: Look, one: ServiceChoice | CustomerChoice | NewCustomer, free_minutes: int
) -> Content:
    """Return a choice as a line of the list, in one colour: the highlight is another ground."""
    if isinstance(one, NewCustomer):
        return line(
            "+ New client ", (fit(clean(one.name or one.phone or one.email), _NAME), "bold")
        )
    name = pad(fit(clean(one.name), _NAME, look.glyphs.ellipsis), _NAME)
    if isinstance(one, ServiceChoice):
        numbers = f"{spell_minutes(one.minutes):>{_SHORT}}{look.short_money(one.price):>10}"
        return line((name, "bold"), numbers, "  too long" if one.minutes > free_minutes else "")
    visits = f"{one.visits} visit{'s' * (one.visits != 1)}" if one.visits else "new"
    return line((name, "bold"), f" {fit(clean(one.phone or one.email), 20):<20} {visits}")


def service_words(look: Look, service: ServiceChoice | None) -> list[Part]:
    """Return the service as chosen."""
    if service is None:
        return [("…", MUTED)]
    return [
        (clean(service.name), "bold"),
        (look.also(spell_minutes(service.minutes), look.money(service.price)), MUTED),
    ]


def customer_words(draft: Draft, step: str) -> list[Part]:
    """Return the client as chosen; while a client is being chosen, nothing yet."""
    customer = draft.for_booking
    if step == "client" or customer is None:
        return [("…", MUTED)]
    name = clean(customer.name) or "…"
    reach = clean(customer.phone or customer.email)
    new = ", new" if isinstance(customer, NewCustomer) else ""
    return [(name, "bold"), (f"{new}  {reach}" if reach else new, MUTED)]
