"""Wishes in words: a row of the list, what is below it, and windows as people say them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from textual.content import Content

from bookra.engine.bookings.day import Interval
from bookra.tui.describe import MUTED, Part, labelled, line
from bookra.tui.desk.booking import FreeTime
from bookra.tui.desk.waitlist import Fitting, WishLine
from bookra.tui.look import Look
from bookra.tui.text import clean, spell_minutes
from bookra.tui.widgets.listing import Cell, Column, Row

WISH_COLUMNS = (
    Column("Waits", 5, right=True),
    Column("Client", weight=3),
    Column("Service", weight=3),
    Column("With", weight=2, least=90),
    Column("When", weight=4, least=110),
    Column("Could have", 30),
)
FITTING_COLUMNS = (
    Column("At", 5),
    Column("Client", weight=3),
    Column("Service", weight=3),
    Column("Until", 5),
    Column("Waits", 5, right=True),
)
ANYBODY = "anybody"
_DAY_MINUTES = 24 * 60
_SHOWN = 4


def wish_row(look: Look, one: WishLine, now: datetime) -> Row:
    """Return a wish in the list; one that nothing is free for is less important."""
    offered = one.offer is not None
    cells: tuple[Cell, ...] = (
        waits(one.since, now),
        one.client,
        one.service,
        one.staff_name or ANYBODY,
        windows(look, one.windows),
        (could_have(look, one, now), "bold $text-accent" if offered else ""),
    )
    return Row(one.code, cells, dim=not offered and one.free is None)


def fitting_row(look: Look, one: Fitting, now: datetime) -> Row:
    """Return who would take a gap."""
    place = one.place
    return Row(
        one.wish.code,
        (
            (look.time(place.starts_at)[:5], "bold"),
            one.wish.client,
            one.wish.service,
            look.time(place.ends_at)[:5],
            (waits(one.wish.since, now), MUTED),
        ),
    )


def waits(since: datetime, now: datetime) -> str:
    """Return for how long somebody waits: ``12m``, ``5h``, ``3d``."""
    minutes = max(0, int((now - since) / timedelta(minutes=1)))
    if minutes < 60:
        return f"{minutes}m"
    return f"{minutes // 60}h" if minutes < _DAY_MINUTES else f"{minutes // _DAY_MINUTES}d"


def could_have(look: Look, one: WishLine, now: datetime) -> str:
    """Return what somebody is offered and how long it holds, or what is free for them."""
    if one.offer is not None:
        sign = look.glyphs.state("held")
        return f"{sign} {moment(look, one.offer.starts_at)}, {left(one.offer.held_until, now)}"
    if one.free is not None:
        return f"{look.glyphs.live} {moment(look, one.free.starts_at)}"
    return "nothing free"


def left(until: datetime | None, now: datetime) -> str:
    """Return how long an offer still holds: ``42m left``; seconds at the very end."""
    if until is None:
        return "held"
    seconds = int((until - now).total_seconds())
    if seconds <= 0:
        return "lapsed"
    return f"{seconds}s left" if seconds < 60 else f"{spell_minutes(seconds // 60)} left"


def moment(look: Look, at: datetime) -> str:
    """Return ``Tue 24 Nov 14:30``."""
    return f"{look.day(at.astimezone(look.tz).date())} {look.time(at)}"


def windows(look: Look, spans: Sequence[Interval]) -> str:
    """Return the first windows: ``Thu 26 Nov 14:00–18:00, Fri 27 Nov``."""
    written = [window(look, *span) for span in spans[:_SHOWN]]
    rest = len(spans) - _SHOWN
    return ", ".join(written) + (f", {rest} more" if rest > 0 else "")


def window(look: Look, start: datetime, end: datetime) -> str:
    """Return one window; a whole day is its day alone."""
    first, last = start.astimezone(look.tz), end.astimezone(look.tz)
    day = look.day(first.date())
    if first.hour == first.minute == last.hour == last.minute == 0:
        days = (last.date() - first.date()).days
        until = f" {look.glyphs.dash} {look.day(last.date() - timedelta(days=1))}"
        return day + (until if days > 1 else "")
    if first.date() == last.date():
        return f"{day} {look.span(start, end)}"
    return f"{moment(look, start)} {look.glyphs.dash} {moment(look, end)}"


def below(look: Look, one: WishLine, now: datetime) -> list[Content]:
    """Return what the line below the list says of the chosen wish."""
    reach: Part = (look.also(clean(one.phone)), MUTED)
    head = line((clean(one.client), "bold"), reach, (look.also(one.code), MUTED))
    what = look.joined(clean(one.service), clean(one.staff_name) or ANYBODY)
    return [
        head,
        labelled("Wants", what),
        labelled("When", windows(look, one.windows)),
        labelled("Offered" if one.offer else "Free", *_given(look, one, now)),
    ]


def _given(look: Look, one: WishLine, now: datetime) -> list[Part]:
    if one.offer is not None:
        made = one.offer
        said = look.joined(moment(look, made.starts_at), clean(made.staff), made.booking)
        return [(said, "bold"), (look.also(left(made.held_until, now)), "$text-warning")]
    if one.free is not None:
        return [(place(look, one.free), "bold"), ("  o offers it", MUTED)]
    return [("nothing yet; what becomes free is offered by itself", MUTED)]


def place(look: Look, free: FreeTime) -> str:
    """Return a free time with its person."""
    return look.joined(moment(look, free.starts_at), clean(free.staff_name))
