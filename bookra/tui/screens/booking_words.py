"""A booking in the making, in words: the choices of each step, and what was chosen. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from textual.content import Content

from bookra.tui.describe import MUTED, Part, labelled, line
from bookra.tui.desk import CustomerChoice, NewCustomer, ServiceChoice
from bookra.tui.desk.booking import FreeTime, Instead, Quote
from bookra.tui.look import Look
from bookra.tui.screens.booking_steps import Draft, Waiting, WishChoice
from bookra.tui.text import clean, fit, pad, spell_minutes

Choice = ServiceChoice | CustomerChoice | NewCustomer | FreeTime | Waiting | WishChoice
"""What a list may offer."""

_NAME, _SHORT = 30, 8


def written(look: Look, one: Choice, free_minutes: int = 0, usual: Collection[str] = ()) -> Content:
    """Return a choice as a line of the list, in one colour: the highlight is another ground."""
    match one:
        case NewCustomer():
            text = fit(clean(one.name or one.phone or one.email), _NAME)
            return line("+ New client ", (text, "bold"))
        case CustomerChoice():
            visits = f"{one.visits} visit{'s' * (one.visits != 1)}" if one.visits else "new"
            reach = fit(clean(one.phone or one.email), 20)
            return line((_name(look, one.name), "bold"), f" {pad(reach, 20)} {visits}")
        case ServiceChoice():
            numbers = f"{spell_minutes(one.minutes):>{_SHORT}}{look.short_money(one.price):>10}"
            too_long = "  too long" if one.minutes > free_minutes else ""
            said = too_long or ("  usual" if one.slug in usual else "")
            return line((_name(look, one.name), "bold"), numbers, said)
        case FreeTime():
            day = look.day(one.starts_at.astimezone(look.tz).date())
            span = look.span(one.starts_at, one.ends_at)
            return line((f"{day:<11}{span}", "bold"), f"   with {clean(one.staff_name)}")
        case Waiting():
            return line("+ Wait for it: the waitlist")
        case WishChoice():
            return line((one.said, "bold"))


def _name(look: Look, name: str) -> str:
    return pad(fit(clean(name), _NAME, look.glyphs.ellipsis), _NAME)


def client(draft: Draft, *, chosen: bool = True) -> Content:
    """Return the client's row; while a client is being chosen, nothing yet."""
    customer = draft.for_booking
    if not chosen or customer is None:
        return labelled("Client", ("…", MUTED))
    reach = clean(customer.phone or customer.email)
    new = ", new" if isinstance(customer, NewCustomer) else ""
    reached = f"{new}  {reach}" if reach else new
    return labelled("Client", (clean(customer.name) or "…", "bold"), (reached, MUTED))


def chosen_services(look: Look, services: Sequence[ServiceChoice], *, more: bool) -> list[Content]:
    """Return a row for each service; ``more`` says that another is being chosen."""
    rows = [
        labelled(
            "" if number else "Service",
            (clean(one.name), "bold"),
            (look.also(spell_minutes(one.minutes), look.money(one.price)), MUTED),
        )
        for number, one in enumerate(services)
    ]
    if more:
        rows.append(labelled("" if rows else "Service", ("…", MUTED)))
    return rows


def terms(look: Look, draft: Draft, quote: Quote | None) -> list[Content]:
    """Return when a visit is and what it costs; the price only once the desk has told it."""
    end = quote.ends_at if quote else draft.at + timedelta(minutes=draft.minutes)
    day = look.day(draft.at.astimezone(look.tz).date())
    rows = [
        labelled(
            "Time",
            (look.span(draft.at, end), "bold"),
            (look.also(day, f"with {clean(draft.staff_name)}"), MUTED),
        )
    ]
    if quote is None:
        return [*rows, labelled("To pay", ("…", MUTED))]
    rows.append(labelled("To pay", look.money(quote.price), (", at the counter", MUTED)))
    if quote.deposit:
        rows.append(labelled("Deposit", look.money(quote.deposit), (", due before", MUTED)))
    return rows


def taken(look: Look, instead: Instead) -> list[Part]:
    """Return who has the time: the front desk may know."""
    if not instead.taken:
        return []
    block = instead.taken[0]
    more = f", and {len(instead.taken) - 1} more" if len(instead.taken) > 1 else ""
    who = look.joined(
        clean(block.customer), clean(block.service), look.span(block.starts_at, block.ends_at)
    )
    return [(f"\n{who}{more}", "")]
