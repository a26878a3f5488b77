"""Bookings and free time in words, for the inspector, the line below the grid and dialogs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from bookra.tui.text import clean, fit, pad, spell_minutes

if TYPE_CHECKING:
    from bookra.engine.bookings.day import DayBlock, DaySnapshot
    from bookra.tui.desk import BookingDetail, ServiceChoice
    from bookra.tui.look import Look
    from bookra.tui.widgets.day_grid.cursor import Pointed

Part = str | tuple[str, str]

MUTED = "$text-muted"
_LABEL = 10


def line(*parts: Part) -> Content:
    """Return one line of styled parts; texts are taken as they are, never as markup."""
    return Content.assemble(*parts)


def lines(parts: Sequence[Content]) -> Content:
    """Stack lines."""
    return Content("\n").join(parts)


def labelled(label: str, *parts: Part) -> Content:
    """Return a line with a muted label in a column of its own."""
    return line((label.ljust(_LABEL), MUTED), *parts)


def in_one_line(look: Look, pointed: Pointed) -> Content:
    """Return what the cursor points at in a line, most needed first."""
    block = pointed.block
    if block is None:
        return line((f" {look.time(pointed.at)} ", "bold"), *_free(look, pointed))
    gap = f"hands free {spell_minutes(pointed.free_minutes)}" if pointed.free_minutes else ""
    end: Part = (look.also(_due(look, block), _hold(look, block), gap), "bold $text-accent")
    return line(
        (f" {look.state(block.status)} ", "bold"),
        f"{look.glyphs.divider} ",
        (clean(block.customer), "bold"),
        look.also(clean(block.service)),
        (look.also(pointed.staff_name, look.span(block.starts_at, block.ends_at)), MUTED),
        end,
    )


def _free(look: Look, pointed: Pointed) -> list[Part]:
    with_whom = f" {look.glyphs.divider} {pointed.staff_name}"
    if not pointed.free_minutes:
        return [
            "Not open",
            (f"{with_whom} {look.glyphs.divider} {look.key('why')} says why", MUTED),
        ]
    return [
        f"Free for {spell_minutes(pointed.free_minutes)}",
        (f"{with_whom} {look.glyphs.divider} {look.key('booking.new')} books here", MUTED),
    ]


def _due(look: Look, block: DayBlock) -> str:
    return f"{look.money(block.due)} due" if block.due.minor > 0 else ""


def _hold(look: Look, block: DayBlock) -> str:
    return f"held until {look.time(block.held_until)}" if block.held_until else ""


def totals(look: Look, day: DaySnapshot) -> Content:
    """Return the line of figures above the grid."""
    states = [block.status for block in day.blocks]
    here = states.count("checked_in") + states.count("in_service")
    facts = [
        (str(len(states)), _bookings(len(states))),
        *([(str(here), "here now")] if here else []),
        *([(str(states.count("held")), "held")] if "held" in states else []),
        (look.short_money(day.totals.booked), "booked"),
        (look.short_money(day.totals.taken), "taken"),
    ]
    parts = [part for figure, word in facts for part in ((figure, "bold"), (f" {word}   ", MUTED))]
    return line(" ", *parts)


def notes(look: Look, day: DaySnapshot) -> tuple[str, ...]:
    """Return what a header alone says of the day's figures, from long to short."""
    number = len(day.blocks)
    count, booked = f"{number} {_bookings(number)}", look.short_money(day.totals.booked)
    return (look.joined(count, f"{booked} booked"), look.joined(count, booked), count)


def _bookings(number: int) -> str:
    return "booking" if number == 1 else "bookings"


def booking(look: Look, block: DayBlock, staff: str) -> list[Content]:
    """Return what the day's picture knows of a booking."""
    minutes = int((block.ends_at - block.starts_at).total_seconds() // 60)
    return [
        line((clean(block.customer), "bold")),
        line((block.code, MUTED)),
        line(),
        line((look.state(block.status), "bold")),
        *([line((_hold(look, block), "$text-warning"))] if block.held_until else []),
        line(clean(block.service)),
        line(staff, (look.also(look.span(block.starts_at, block.ends_at)), "")),
        line((spell_minutes(minutes), MUTED)),
        line(),
        labelled("Price", look.money(block.price)),
        labelled("To pay", (look.money(block.due), "bold" if block.due.minor > 0 else "")),
        *note(block.note),
    ]


def opened(look: Look, detail: BookingDetail) -> list[Content]:
    """Return all there is to say about a booking that was opened."""
    customer = detail.customer
    contact = [clean(text) for text in (customer.phone, customer.email) if text]
    kept = detail.kept_if_cancelled
    return [
        line((clean(customer.name), "bold")),
        line((look.joined(detail.code, _visits(customer.visits)), MUTED)),
        *([line((_no_shows(detail), "$text-warning"))] if detail.no_shows else []),
        *(line(text) for text in contact),
        line(),
        line((look.state(detail.status), "bold")),
        *([_held(look, detail.held_until)] if detail.held_until else []),
        line(clean(detail.service)),
        line(look.joined(clean(detail.staff), look.span(detail.starts_at, detail.ends_at))),
        line(),
        labelled("Price", look.money(detail.price)),
        labelled("Paid", look.money(detail.paid)),
        labelled("To pay", (look.money(detail.due), "bold")),
        *([labelled("Cancel", f"keeps {look.money(kept)}")] if kept is not None else []),
        *note(detail.notes),
    ]


def note(text: str) -> list[Content]:
    """Return what to know of a visit, after an empty line; nothing where there is nothing."""
    told = [line((clean(part), "$text-accent")) for part in text.split("\n")]
    return [line(), *told] if text else []


def note_line(text: str) -> str:
    """Return a note on one line, safe to show: its lines one after the other."""
    return " / ".join(clean(part) for part in text.split("\n"))


def _held(look: Look, until: datetime) -> Content:
    return line((f"held until {look.time(until)}", "$text-warning"))


def _visits(count: int) -> str:
    return "first visit" if not count else f"{count} visit{'s' * (count > 1)}"


def _no_shows(detail: BookingDetail) -> str:
    count = detail.no_shows
    return f"{count} no-show{'s' * (count > 1)} before"


def free_time(look: Look, pointed: Pointed, services: Sequence[ServiceChoice]) -> list[Content]:
    """Return what could be done with free time: the services that fit, as many as are handy."""
    head = [
        line((pointed.staff_name, "bold")),
        line((look.time(pointed.at), "bold"), look.also(*_spelt(pointed))),
        line(),
    ]
    if not pointed.free_minutes:
        return [*head, line((look.key("why"), "bold $text-accent"), ("  why not here", MUTED))]
    fitting = [one for one in services if one.minutes <= pointed.free_minutes][:8]
    listed = [
        line(pad(fit(clean(one.name), 18), 18), (f"{spell_minutes(one.minutes):>6}", MUTED),
             f"{look.short_money(one.price):>8}")
        for one in fitting
    ]  # fmt: skip
    titled = [line(("What fits", MUTED)), *listed, line()] if listed else []
    return [
        *head,
        *titled,
        line((look.key("booking.new"), "bold $text-accent"), ("  book here", MUTED)),
    ]


def _spelt(pointed: Pointed) -> list[str]:
    return [f"free for {spell_minutes(pointed.free_minutes)}"] if pointed.free_minutes else ["shut"]
