"""The team in words: rows of the list, somebody's card, and a statement. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from textual.content import Content

from bookra.clock import WEEKDAYS
from bookra.money import Money
from bookra.tui.describe import line
from bookra.tui.desk.money import Period
from bookra.tui.desk.team import Away, Member, Pay, PayLine, Person
from bookra.tui.look import Look
from bookra.tui.text import clean, fit, pad, spell_minutes
from bookra.tui.widgets.listing import Cell, Column, Row

MUTED = "$text-muted"
BAR_CELLS = 10
SHUT = "closed"
STATES = {
    "open": "goes on",
    "draft": "draft",
    "approved": "approved",
    "paid": "paid",
    "carried": "carried over",
}


def columns(*, pay: bool) -> list[Column]:
    """Return the list's columns; the pay of who may not see it has none."""
    found = [
        Column("Who", weight=2),
        Column("Today", weight=4),
        Column("Booked", 7, right=True),
        Column("Free", 7, right=True, least=70),
        Column("Use", 4, right=True),
        Column("", BAR_CELLS, least=90),
        Column("Next time off", 25, least=116),
    ]
    return [*found, Column("This month", 11, right=True)] if pay else found


def row(look: Look, one: Member, today: date, *, pay: bool) -> Row:
    """Return somebody's line."""
    cells: list[Cell] = [
        one.name,
        (shifts(look, one.today) or "off", "" if one.today else MUTED),
        spell_minutes(one.booked_minutes),
        (spell_minutes(one.free_minutes), MUTED),
        look.glyphs.dash if one.percent is None else f"{one.percent}%",
        (bar(look, one.percent or 0), "$accent"),
        (away(look, one.away, today) if one.away else "", MUTED),
    ]
    if pay:
        cells.append(look.money(one.earned) if one.earned is not None else "")
    return Row(one.slug, tuple(cells), dim=not one.today and not one.scheduled_minutes)


def shifts(look: Look, spans: Sequence[tuple[datetime, datetime]]) -> str:
    """Return spans of time one after the other."""
    return " ".join(look.span(start, end) for start, end in spans)


def bar(look: Look, percent: int) -> str:
    """Return a bar that is full at a hundred."""
    steps = look.glyphs.load
    parts = min(percent, 100) * BAR_CELLS * len(steps) // 100
    whole, rest = divmod(parts, len(steps))
    return steps[-1] * whole + (steps[rest - 1] if rest else "")


def away(look: Look, one: Away, today: date) -> str:
    """Return when somebody is away, in few letters: whole days without their times."""
    start, end = one.starts_at.astimezone(look.tz), one.ends_at.astimezone(look.tz)
    whole = not (start.hour or start.minute or end.hour or end.minute)
    first = start.date()
    last = end.date() - timedelta(days=1) if whole else end.date()
    if not whole and first == last:
        return f"{_day(look, first, today)} {look.span(one.starts_at, one.ends_at)}"
    if whole:
        until = "" if first == last else f" {look.glyphs.dash} {_day(look, last, today)}"
        return f"{_day(look, first, today)}{until}"
    return (
        f"{_day(look, first, today)} {look.time(one.starts_at)} {look.glyphs.dash}"
        f" {_day(look, last, today)} {look.time(one.ends_at)}"
    )


def period(look: Look, wanted: Period, today: date) -> str:
    """Return the period that is looked at."""
    if wanted.step == "month":
        return f"{wanted.first:%Y-%m}" + (look.also("this month") if _holds(wanted, today) else "")
    if wanted.step == "week":
        span = f"{look.day(wanted.first)} {look.glyphs.dash} {look.day(wanted.last)}"
        return span + (look.also("this week") if _holds(wanted, today) else "")
    return look.day(wanted.first) + (look.also("today") if wanted.first == today else "")


def _holds(wanted: Period, day: date) -> bool:
    return wanted.first <= day <= wanted.last


def totals(look: Look, members: Sequence[Member], *, pay: bool) -> Content:
    """Return the line of figures above the list."""
    here = sum(bool(one.today) for one in members)
    booked = sum(one.booked_minutes for one in members)
    there = sum(one.scheduled_minutes for one in members)
    share = f"{booked * 100 // there}%" if there else look.glyphs.dash
    facts = [
        (str(here), f"of {len(members)} work today"),
        (spell_minutes(booked), f"of {spell_minutes(there)} booked"),
        (share, "in use"),
    ]
    earned = [one.earned for one in members if one.earned is not None]
    if pay and earned:
        total = Money(sum(one.minor for one in earned), look.currency)
        facts.append((look.money(total), "commission this month"))
    parts = [part for figure, word in facts for part in ((figure, "bold"), (f" {word}   ", MUTED))]
    return line(" ", *parts)


# Somebody opened


def card(look: Look, one: Person, today: date) -> list[Content]:
    """Return a person's week, the days that differ, and when they are away."""
    return [
        line((clean(one.name), "bold")),
        line((look.joined(one.slug, clean(one.level)), MUTED)),
        line(),
        *week(look, one.week, frozenset(), today),
        *_later(look, one, today),
        *_days(look, one, today),
        *_aways(look, one, today),
    ]


def week(
    look: Look, given: Sequence[str], changed: frozenset[int], today: date | None = None
) -> list[Content]:
    """Return a week's shifts, a line a day; what is changed and what is today stands out."""
    found = []
    for number, written in enumerate(given):
        name = WEEKDAYS[number].capitalize()
        now = today is not None and today.weekday() == number
        mark = look.glyphs.arrow if number in changed else look.glyphs.right if now else " "
        style = "bold $text-accent" if number in changed else "bold" if now else ""
        quiet = MUTED if written == SHUT and not style else style
        found.append(
            line((f"{mark} ", "$text-accent"), (f"{name}  ", style or MUTED),
                 (hours(look, written), quiet))
        )  # fmt: skip
    return found


def hours(look: Look, written: str) -> str:
    """Return shifts as people read them: ``09:00–13:00  14:00–18:00``."""
    return written.replace("-", look.glyphs.dash).replace(",", "  ")


def _titled(title: str, rows: Sequence[Content]) -> list[Content]:
    return [line(), line((title, MUTED)), *rows] if rows else []


def _later(look: Look, one: Person, today: date) -> list[Content]:
    rows = [
        line(
            f"{_day(look, since, today)}  ",
            (f"{WEEKDAYS[weekday].capitalize()}  {hours(look, written)}", ""),
        )
        for since, weekday, written in one.later
    ]
    return _titled("Hours from a later day on", rows)


def _days(look: Look, one: Person, today: date) -> list[Content]:
    rows = [
        line(f"{pad(_day(look, day, today), 15)} ", hours(look, written))
        for day, written in one.days
    ]
    return _titled("Days that differ", rows)


def _aways(look: Look, one: Person, today: date) -> list[Content]:
    rows = [
        line(away(look, each, today), (look.also(clean(each.reason)), MUTED)) for each in one.away
    ]
    return _titled("Time off", rows or [line(("None ahead", MUTED))])


def statement(look: Look, pay: Pay, width: int) -> list[Content]:
    """Return a month of pay: what it comes to, then its lines, the latest first."""
    figures = [
        ("Commission", pay.commission),
        ("Tips", pay.tips),
        ("Taken back", pay.taken_back),
        ("Chair rent", pay.rent),
        ("From before", pay.carried),
    ]
    shown = [(name, money) for name, money in figures if money.minor or name == "Commission"]
    head = f"Statement {pay.first:%Y-%m}"
    return [
        line((head, "bold"), (look.also(STATES.get(pay.state, pay.state)), MUTED)),
        line(),
        *(_sum(look, name, money, width, "") for name, money in shown),
        _sum(look, "To be paid", pay.net, width, "bold"),
        line(),
        *([_paid(look, one, width) for one in pay.lines] or [line(("Nothing yet", MUTED))]),
    ]


def _sum(look: Look, name: str, money: Money, width: int, style: str) -> Content:
    amount = look.money(money)
    gap = " " * max(1, width - len(name) - len(amount))
    return line((name, style or MUTED), gap, (amount, style))


def _paid(look: Look, one: PayLine, width: int) -> Content:
    amount = look.money(one.amount)
    room = max(8, width - 8 - 11 - 13 - 12)
    ellipsis = look.glyphs.ellipsis
    return line(
        (f"{one.day:%d.%m.}  ", MUTED),
        pad(fit(clean(one.what), room, ellipsis), room),
        (f" {one.code:<10}", MUTED),
        (f"{one.share:>13}", MUTED),
        f"{amount:>12}",
    )


def _day(look: Look, day: date, today: date) -> str:
    """Return a day, with its year where it is not this one."""
    return look.day(day) + (f" {day.year}" if day.year != today.year else "")
