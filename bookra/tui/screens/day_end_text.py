"""The close of a day as lines of text: the screen shows them, and the same are saved. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from bookra.tui.describe import MUTED, line
from bookra.tui.desk.money_values import DayEnd, Drawer, Owing, Sold, Stored, Tender
from bookra.tui.look import Look
from bookra.tui.screens.money_text import word
from bookra.tui.text import clean, fit, fit_name, pad

LABEL = 18
AMOUNT = 13


def day_end(look: Look, found: DayEnd) -> list[Content]:
    """Return the close of a day, part by part; parts in which nothing happened are left out."""
    title = f"Close of day {look.glyphs.dash} {look.day(found.day)} {found.day.year}"
    parts = (
        ("Sold", _sales(look, found.sales)),
        ("Money in and back", _tenders(look, found.tenders)),
        ("Refunds", [_row("Refunds", look.money(found.refunds))] if found.refunds else []),
        ("Kept for later", _stored(look, found.stored)),
        ("Drawer", [part for one in found.drawers for part in _drawer(look, one)]),
        ("Not paid yet", [_owed(look, one) for one in found.owing]),
    )
    written = [line((title, "bold"))]
    for name, rows in parts:
        if rows:
            written += [line(), line((name, "bold $text-accent")), *rows]
    if len(written) == 1:
        written += [line(), line(("Nothing happened that day; [ goes to the day before", MUTED))]
    return written


def _row(label: str, *cells: str, style: str = "") -> Content:
    numbers = "".join(f"{cell:>{AMOUNT}}" for cell in cells)
    return line((f"  {pad(fit(label, LABEL), LABEL)}{numbers}", style))


def _sales(look: Look, sales: Sequence[Sold]) -> list[Content]:
    if not any(one.bookings or one.net or one.tips for one in sales):
        return []
    rows = [
        _row(
            word(one.method),
            str(one.bookings),
            *map(look.money, (one.net, one.tax, one.tips)),
            style="bold" if one.method == "total" else "",
        )
        for one in sales
    ]
    return [_row("", "Visits", "Net", "Tax", "Tips", style=MUTED), *rows]


def _tenders(look: Look, tenders: Sequence[Tender]) -> list[Content]:
    rows = [
        _row(word(one.method), *map(look.money, (one.taken, one.given_back, one.left)))
        for one in tenders
    ]
    return [_row("", "In", "Back", "Left", style=MUTED), *rows] if rows else []


def _stored(look: Look, stored: Sequence[Stored]) -> list[Content]:
    rows = [
        _row(one.name, *map(look.money, (one.taken, one.used, one.kept, one.given_back)))
        for one in stored
    ]
    return [_row("", "Taken", "Used", "Kept", "Given back", style=MUTED), *rows] if rows else []


def _drawer(look: Look, found: Drawer) -> list[Content]:
    shut = look.time(found.closed_at) if found.closed_at else "open still"
    amounts = (
        ("Float", found.opened_with),
        ("Should hold", found.expected),
        ("Counted", found.counted),
        ("Difference", found.difference),
        ("Left in it", found.left),
    )
    rows = [_row(name, look.money(amount)) for name, amount in amounts if amount is not None]
    return [line((f"  {look.time(found.opened_at)} {look.glyphs.dash} {shut}", MUTED)), *rows]


def _owed(look: Look, one: Owing) -> Content:
    here = "here now" if one.here else "left"
    who = pad(fit_name(clean(one.customer), LABEL), LABEL)
    what = pad(fit(clean(one.service), 20), 20)
    return line(f"  {one.code:<10}{who}{what}{here:<10}", (f"{look.money(one.due):>11}", "bold"))
