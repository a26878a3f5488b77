"""An explanation as lines from the top down: entries with their postings, then what hangs on it.

Pure: it turns what `explain` found into values of the desk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from bookra.engine.ledger.reading import PostedEntry, PostedLine
from bookra.engine.reports.explain import Explanation
from bookra.money import Money
from bookra.tui.desk.money_values import Branch, Explained, Told

Rows = list[dict[str, Any]]

TITLES = {
    "bookings": "Booking",
    "orders": "Order",
    "charges": "Card charges",
    "operations": "Asked of Stripe",
    "disputes": "Disputes",
    "movements": "Stripe's movements",
    "payouts": "Payouts to the bank",
    "invoices": "Invoices",
    "commissions": "Commissions",
    "gift_cards": "Gift cards",
    "packages": "Packages",
    "pay_runs": "Pay runs",
    "effects": "Effects outside",
}
"""What each section is called."""
FIRST = ("bookings", "orders")
PAY = frozenset({"commissions", "pay_runs", "payouts", "movements"})
"""Sections of what is paid to staff and to the bank."""
NAMES = ("ref", "code", "number", "topic", "staff", "kind")
"""What a row is called by: the first of these that it has."""
AMOUNTS = ("amount", "net", "gross", "captured", "balance", "price")
"""Which of a row's amounts stands at its right: the first of these that it has."""
LEFT_OUT = frozenset({"id", "entry", "received", "intent"})


def told(found: Explanation) -> Explained:
    """Return an explanation as lines."""
    sections = dict(found.sections)
    movements = {row["entry"]: row for row in sections.pop("movements", [])}
    lines: list[Branch] = []
    for title in FIRST:
        lines += _section(title, sections.pop(title, []))
    if found.entries:
        lines.append(Branch(0, "Entries"))
    for entry in found.entries:
        lines += _entry(entry, movements.pop(str(entry.id), None), focus=entry.id in found.focus)
    lines += _section("movements", list(movements.values()))
    for title, rows in sections.items():
        lines += _section(title, rows)
    return Explained(found.name, found.kind, tuple(lines))


def without_pay(sections: Mapping[str, Rows]) -> dict[str, Rows]:
    """Return the sections that the front desk may see."""
    return {title: rows for title, rows in sections.items() if title not in PAY}


def _entry(
    entry: PostedEntry, movement: Mapping[str, Any] | None, *, focus: bool
) -> Iterator[Branch]:
    kind = entry.kind.replace("_", " ").capitalize()
    facts: list[tuple[str, Told]] = [("", entry.effective_at)]
    facts += [("", entry.memo)] if entry.memo else []
    yield Branch(1, kind, tuple(facts), marked=focus, name=str(entry.id))
    for posting in entry.postings:
        yield Branch(2, posting.account, _parts(posting), posting.amount)
    if movement is not None:
        yield _row(2, movement, called="Stripe")


def _parts(posting: PostedLine) -> tuple[tuple[str, Told], ...]:
    parts = (posting.service, posting.item, posting.staff)
    return tuple(("", part) for part in parts if part)


def _section(title: str, rows: Sequence[Mapping[str, Any]]) -> list[Branch]:
    return [Branch(0, TITLES.get(title, title)), *(_row(1, row) for row in rows)] if rows else []


def _row(depth: int, row: Mapping[str, Any], called: str = "") -> Branch:
    """Return a row by its name and its main amount; the rest of it as named facts."""
    named = next((name for name in NAMES if row.get(name)), "")
    main = next((name for name in AMOUNTS if isinstance(row.get(name), Money)), "")
    facts = tuple(
        (_label(key), _plain(key, value))
        for key, value in row.items()
        if value not in (None, "") and key not in {named, main, *LEFT_OUT}
    )
    text = " ".join(part for part in (called, str(row.get(named, ""))) if part)
    return Branch(depth, text, facts, row[main] if main else None, name=str(row.get("ref") or ""))


def _label(key: str) -> str:
    """Return how a fact is called; states, kinds and instants speak for themselves."""
    alone = key in ("state", "status", "kind", "type", "category", "destination")
    return "" if alone else key.removesuffix("_bps").removesuffix("_at").replace("_", " ")


def _plain(key: str, value: Any) -> Told:
    if key.endswith("_bps"):
        return f"{value / 100:g} %"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, (str, int, Money, datetime, date)) else str(value)
