"""Money in words and columns: a period's figures, a drawer, a proof, an explanation. Pure."""

from __future__ import annotations

from datetime import date, datetime

from textual.content import Content

from bookra.money import Money
from bookra.tui.describe import MUTED, Part, line, lines
from bookra.tui.desk.money import Period
from bookra.tui.desk.money_values import Branch, Drawer, Proof, Takings, Told
from bookra.tui.look import Look
from bookra.tui.text import clean, fit, pad

CARD = 15
"""Cells of a figure with its title."""
BAR = 10
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
METHODS = {
    "card": "Card",
    "cash": "Cash",
    "terminal": "Card terminal",
    "gift-card": "Gift card",
    "package": "Package",
    "deposit": "Deposit",
    "on-account": "On account",
    "total": "In all",
}
EVENTS = {"open": "Opened", "in": "Put in", "out": "Taken out", "count": "Counted"}
PROOFS = {
    "never": ("?", "$text-muted", "Never compared"),
    "running": ("in_service", "$text-accent", "Being compared"),
    "done": ("completed", "$text-success", "The ledger equals what Stripe moved"),
    "found": ("displaced", "bold $text-warning", "The ledger and Stripe differ"),
    "failed": ("no_show", "bold $text-error", "It could not be compared"),
}
"""The glyph, the colour and the words of each state of the proof."""


def word(code: str) -> str:
    """Return a code of the engine's as a word: ``cash_payment`` is ``Cash payment``."""
    return METHODS.get(code) or code.replace("_", " ").replace("-", " ").capitalize()


def period_title(look: Look, period: Period, today: date) -> str:
    """Return a period as the header names it."""
    year = f" {period.last.year}" if period.last.year != today.year else ""
    if period.step == "month":
        return f"{MONTHS[period.first.month - 1]}{year}"
    if period.step == "week":
        first = look.day(period.first).rpartition(" ")[0]
        if period.first.month != period.last.month:
            first = look.day(period.first)
        return f"{first} {look.glyphs.dash} {look.day(period.last)}{year}"
    return f"{look.day(period.first)}{year}"


def figures(look: Look, takings: Takings, width: int) -> Content:
    """Return the figures of a period as titles over amounts, as many as fit."""
    visits = f"Due {look.glyphs.divider} {takings.owing} open" if takings.owing else "Due"
    cards: list[tuple[str, Money | None, str]] = [
        ("Net", takings.net, "bold $text-accent"),
        ("Taken", takings.taken, "bold"),
        ("Tips", takings.tips, "bold"),
        (visits, takings.due, "bold $text-warning" if takings.owing else "bold"),
        ("Refunds", takings.refunds, "bold"),
        ("Tax", takings.tax, "bold"),
        ("Fees", takings.fees, "bold"),
        ("Commission", takings.commissions, "bold"),
        ("Discounts", takings.discounts, "bold"),
    ]
    shown = [card for card in cards if card[1] is not None][: max(1, (width - 1) // CARD)]
    titles = [(pad(title, CARD), MUTED) for title, _, _ in shown]
    amounts: list[Part] = [
        (pad(look.money(amount), CARD), style) for _, amount, style in shown if amount is not None
    ]
    return line(" ", *titles, "\n ", *amounts)


def bar(value: int, most: int, look: Look, cells: int = BAR) -> str:
    """Return a bar as long as a value is of the most, in eighths of a cell."""
    load = look.glyphs.load
    steps = max(0, value) * cells * len(load) // max(1, most)
    whole, rest = divmod(steps, len(load))
    return load[-1] * whole + (load[rest - 1] if rest else "")


def methods(look: Look, takings: Takings, bar_cells: int) -> Content:
    """Return what was taken by each method, under each other, with bars where they have room."""
    most = max((one.taken.minor for one in takings.methods), default=1)
    rows = [
        line(
            f"{fit(word(one.method), 13):<13} {look.money(one.taken):>11} ",
            (bar(one.taken.minor, most, look, bar_cells) if bar_cells else "", "$accent"),
        )
        for one in takings.methods
    ]
    return lines([line(("Taken by", MUTED)), *(rows or [line(("Nothing yet", MUTED))])])


def drawer(look: Look, found: Drawer | None) -> Content:
    """Return how the drawer stands, and the key that comes next."""
    if found is None:
        said = "Cash is taken without it, too. "
        return lines([line(("The drawer was never opened", "bold")), line(said, *_opens(look))])
    opened = look.joined(look.day(_day(look, found)), look.time(found.opened_at))
    facts: list[tuple[str, Money | None]]
    if found.closed_at is None:
        head = line((f"Open since {opened}", "bold"))
        facts = [("Float", found.opened_with), ("Should hold now", found.expected)]
    else:
        head = line((f"Closed at {look.time(found.closed_at)}", "bold"), (look.also(opened), MUTED))
        facts = [("Should hold", found.expected), ("Counted", found.counted)]
        facts += [("Difference", found.difference), ("Left in it", found.left)]
    shown = [(title, amount) for title, amount in facts if amount is not None]
    parts: list[Part] = [
        part
        for title, amount in shown
        for part in ((f"{title} ", MUTED), (f"{look.money(amount)}   ", "bold"))
    ]
    keys = _turns(look) if found.is_open else _opens(look)
    return lines([head, line(*parts, *keys)])


def _keys(*pairs: tuple[str, str]) -> tuple[Part, ...]:
    return tuple(
        part for key, says in pairs for part in ((key, "bold $text-accent"), (f" {says}  ", MUTED))
    )


def _day(look: Look, found: Drawer) -> date:
    return found.opened_at.astimezone(look.tz).date()


def _opens(look: Look) -> tuple[Part, ...]:
    return _keys((look.key("drawer.open"), "opens it"))


def _turns(look: Look) -> tuple[Part, ...]:
    counts = (look.key("drawer.count"), "counts")
    return _keys((look.key("drawer.open"), "counts and closes"), counts)


def difference(look: Look, counted: Money, expected: Money) -> Content:
    """Return what counting would post, before it does."""
    gap = counted - expected
    if not gap.minor:
        return line((f"{look.glyphs.state('completed')} It is exact", "$text-success"))
    how = "short" if gap.minor < 0 else "over"
    said = f"{look.glyphs.state('displaced')} {look.money(abs_money(gap))} {how}"
    return line((said, "bold $text-warning"), (" will be posted as a difference", MUTED))


def abs_money(money: Money) -> Money:
    """Return an amount without its sign."""
    return Money(abs(money.minor), money.currency)


def proof(look: Look, found: Proof, *, seconds: int | None) -> Content:
    """Return how the ledger and Stripe compared; ``seconds`` is how long it goes on already."""
    if seconds is not None:
        running = f"{look.glyphs.state('in_service')} Asking Stripe, and comparing"
        return lines([line((running, "bold $text-accent")), line((f"  {seconds} s", MUTED))])
    if not found.connected:
        said = "No Stripe account is connected, so there is nothing to compare"
        return lines([line((said, MUTED)), line()])
    glyph, colour, said = PROOFS.get(found.state, PROOFS["never"])
    when = moment(look, found.at) if found.at else ""
    due = f"again {moment(look, found.next_at)}" if found.next_at else ""
    return lines(
        [
            line((f"{look.glyphs.state(glyph)} {said}", colour), (look.also(when), MUTED)),
            line("  ", clean(found.outcome), (look.also(due, "r compares now"), MUTED)),
        ]
    )


def moment(look: Look, at: datetime) -> str:
    """Return an instant with its day."""
    return f"{look.day(at.astimezone(look.tz).date())} {look.time(at)}"


def branch(look: Look, found: Branch) -> tuple[str, str]:
    """Return a line of an explanation: its text with its facts, and its amount."""
    facts = [
        f"{label} {fact(look, value)}".strip() if label else fact(look, value)
        for label, value in found.facts
    ]
    mark = f" {look.glyphs.left}" if found.marked else ""
    head = f"{look.glyphs.rule} " * found.depth + clean(found.text)
    text = f"{head}{look.also(*facts)}{mark}"
    return text, look.money(found.amount) if found.amount is not None else ""


def fact(look: Look, value: Told) -> str:
    """Return a fact as the desk writes it."""
    if isinstance(value, Money):
        return look.money(value)
    if isinstance(value, datetime):
        return moment(look, value)
    if isinstance(value, date):
        return look.day(value)
    return clean(str(value).replace("_", " ")) if isinstance(value, str) else str(value)
