"""A bill in words, and what is typed at check-out read: tips, parts, discounts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rich.cells import cell_len
from textual.content import Content

from bookra.errors import BookraError
from bookra.money import Money, format_minor, parse_amount, rate_bps, share
from bookra.tui.describe import MUTED, line
from bookra.tui.desk.booking import Again
from bookra.tui.desk.checkout import Discount, Tab
from bookra.tui.look import Look
from bookra.tui.text import clean, fit, pad

NAMES = {
    "cash": "in cash",
    "terminal": "by terminal",
    "link": "by link",
    "card": "by card",
    "gift": "by gift card",
    "package": "by package",
}
"""How it was paid, after an amount."""

WAYS = (
    (("c", "cash"), ("l", "payment link"), ("g", "gift card")),
    (("t", "terminal"), ("s", "saved card"), ("k", "package")),
    (("d", "discount"), ("+", "goods"), ("", "")),
)
"""The keys of a bill, as they stand below it."""

WIDTH = 62
"""Cells of a bill where there is room for it: as many as the dialog has."""
_NOTE, _AMOUNT, _KEY = 18, 12, 3

Parts = Sequence[tuple[str, Money]]
"""Who gets how much of a tip, by name."""


def bill(
    look: Look,
    tab: Tab,
    tip: Money | None,
    part: Money | None,
    parts: Parts = (),
    width: int = WIDTH,
) -> list[Content]:
    """Return a bill: its lines, what is off and paid, and what is to be taken, as wide as said."""
    row = partial(_row, look, width)
    rows = [row(clean(one.name), clean(one.note), one.amount) for one in tab.lines]
    if tab.off:
        rows.append(row("Discount", clean(tab.discount), -tab.off))
    rows.append(line((look.glyphs.head_rule * width, "$rule")))
    several = len(rows) > 2 or tab.paid
    rows += [row("Price", "", tab.price)] if several else []
    rows += [row("Paid", "", -tab.paid)] if tab.paid else []
    rows += [row("Tip", _shared_by(look, parts), tip)] if tip else []
    taken = (part or tab.due) + tip if tip else (part or tab.due)
    rest = f"of {look.money(tab.due)}" if part else ""
    rows.append(row("To take", rest, taken, "bold"))
    return rows


def _row(look: Look, width: int, name: str, note: str, amount: Money, style: str = "") -> Content:
    """Return a name, a note that takes the room that it needs, and an amount at the end."""
    written, dots = look.money(amount), look.glyphs.ellipsis
    end = max(_AMOUNT, cell_len(written) + 2)
    noted = max(min(cell_len(note), width - end - 2 - cell_len(name)), _NOTE)
    named = width - end - noted
    return line(
        (pad(fit(name, named - 1, dots), named), style),
        (pad(fit(note, noted, dots), noted), MUTED),
        (" " * (end - cell_len(written)) + written, style),
    )


def _shared_by(look: Look, parts: Parts) -> str:
    return ", ".join(f"{clean(name)} {look.money(part)}" for name, part in parts)


def ways(look: Look, tab: Tab, width: int = WIDTH) -> list[Content]:
    """Return the keys of a bill in columns; what can't be done now is muted."""
    column = width // len(WAYS[0])
    idle = unusable(tab)
    named = {"s": _cards(tab), "k": _packages(tab)}
    rows = []
    for row in WAYS:
        parts: list[tuple[str, str]] = []
        for key, word in row:
            off = key in idle
            parts.append((pad(key, _KEY), MUTED if off else "bold $text-accent"))
            said = fit(named.get(key, "") or word, column - _KEY - 1, look.glyphs.ellipsis)
            parts.append((pad(said, column - _KEY), MUTED if off else ""))
        rows.append(line(*parts))
    return rows


def unusable(tab: Tab) -> frozenset[str]:
    """Return the keys that mean nothing for this bill now."""
    idle = {"c", "t", "l", "s", "g", "k"} if not tab.due else set()
    idle |= {"s"} if not tab.cards else set()
    idle |= {"k"} if not tab.packages else set()
    return frozenset(idle | ({"d", "+"} if not tab.open else set()))


def why_unusable(tab: Tab, key: str) -> str:
    """Return why a key means nothing now."""
    if key in ("d", "+"):
        return "The price can't change any more: it is paid, or the visit is over"
    if not tab.due:
        return "Nothing is due"
    return "No card is saved: l asks for one by a link" if key == "s" else "No package fits this"


def _cards(tab: Tab) -> str:
    return tab.cards[0].name if len(tab.cards) == 1 else ""


def _packages(tab: Tab) -> str:
    return f"package, {tab.packages[0].left} left" if len(tab.packages) == 1 else ""


def amount_of(text: str, of: Money) -> Money | None:
    """Read ``5.50``, or ``10%`` of ``of``; None for nothing. Raises InvalidInputError."""
    text = text.strip()
    if not text:
        return None
    if text.endswith("%"):
        found = Money(share(of.minor, rate_bps(text)), of.currency)
    else:
        found = parse_amount(text, of.currency)
    return found or None


def discount_of(text: str, currency: str) -> Discount | None:
    """Read ``10%``, ``5.00``, a promo code, or ``none``; None while nothing is typed.

    Raises InvalidInputError for what is neither.
    """
    text = text.strip()
    if not text:
        return None
    if text.casefold() in ("none", "0", "-"):
        return Discount()
    if text.endswith("%"):
        rate_bps(text)
        return Discount(percent=text.removesuffix("%").strip())
    if text[0].isdigit():
        return Discount(amount=parse_amount(text, currency))
    return Discount(promo=text.upper())


def above_limit(look: Look, tab: Tab, text: str) -> str:
    """Return how much may be taken off, where what is typed is more; nothing where it is not."""
    try:
        wanted = discount_of(text, tab.due.currency)
    except BookraError:
        return ""
    if wanted is None or tab.most_off_bps is None:
        return ""
    most = Money(share((tab.price + tab.off).minor, tab.most_off_bps), tab.due.currency)
    above = bool(wanted.percent) and rate_bps(wanted.percent) > tab.most_off_bps
    if not above and (wanted.amount is None or wanted.amount.minor <= most.minor):
        return ""
    percent = format_minor(tab.most_off_bps, "EUR").removesuffix(".00")
    return f"A front desk may take at most {percent} % off: {look.money(most)}"


def next_visit(look: Look, again: Again | None) -> str:
    """Return a second line that offers the next visit; nothing where none is to be offered."""
    if again is None:
        return ""
    when = f"{look.day(again.at.astimezone(look.tz).date())} {look.time(again.at)}"
    key = look.key("booking.again")
    return f"\n{key} books again: {when} with {clean(again.staff_name)}"


def said(look: Look, tab: Tab, method: str, parts: Sequence[Money | None]) -> str:
    """Return ``£52.00 in cash · Ana``; ``parts`` are summed up."""
    total = Money(sum(part.minor for part in parts if part), tab.due.currency)
    verb = "asked for" if method in ("link", "card") else "taken"
    return f"{look.money(total)} {verb} {NAMES[method]}{look.also(clean(tab.customer.name))}"
