"""``bookra explain``: opens a figure, from an entry or a code to everything around it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import documents, ledger_documents, output
from bookra.commands.options import single
from bookra.commands.session import current
from bookra.money import Money

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bookra.engine.reports.explain import Explanation

app = single()

Branch = tuple[str, list[Any]]
"""A line of the tree, and the branches below it."""

TITLES = {"gift_cards": "gift cards", "pay_runs": "pay runs", "effects": "effects outside"}


@app.command()
def explain(
    name: Annotated[
        str,
        typer.Argument(help="An entry, a code, an invoice's number, ch_…, re_…, txn_… or po_…"),
    ],
    effects: Annotated[
        bool, typer.Option("--effects", help="Trace a booking or an order to what came of it.")
    ] = False,
) -> None:
    """Open a figure: entries, booking, Stripe's movements, payout, invoice, commission, effects.

    --effects tells in time what was planned, sent, answered and settled because of it.

    Examples:

      bookra explain LUN-7F3K
      bookra explain LUN-7F3K --effects
      bookra explain LUN-2026-00001 --json
      bookra explain 0192f4c1
      bookra explain po_1Q8x
    """
    if effects:
        from bookra.commands.explain_effects import show

        show(name)
        return
    from bookra.engine.reports.explain import explain as find

    document, found, zone = current().report(
        lambda tx: (
            _document(opened := find(tx, name), tx.tenant.zone),
            opened,
            tx.tenant.zone,
        )
    )
    if current().format != "table":
        output.record(document)
        return
    _draw(_tree(found, zone))


def _document(found: Explanation, zone: ZoneInfo) -> dict[str, Any]:
    """``name kind focus entries`` and a list for each kind of thing that there is."""
    return {
        "name": found.name,
        "kind": found.kind,
        "focus": [str(each) for each in found.focus],
        "entries": [ledger_documents.entry(entry, zone) for entry in found.entries],
        **{
            section: [{key: _plain(value, zone) for key, value in row.items()} for row in rows]
            for section, rows in found.sections.items()
        },
    }


def _plain(value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, Money):
        return documents.money(value)
    if isinstance(value, datetime):
        return documents.instant(value, zone)
    return value.isoformat() if isinstance(value, date) else value


def _tree(found: Explanation, zone: ZoneInfo) -> Branch:
    """Return entries with their postings, movements and payouts; then what else there is."""
    sections = dict(found.sections)
    movements = {row["entry"]: row for row in sections.pop("movements", [])}
    payouts = {row["ref"]: row for row in sections.pop("payouts", [])}
    branches: list[Branch] = [
        _section(title, sections.pop(title), zone)
        for title in ("bookings", "orders")
        if title in sections
    ]
    entries = []
    for entry in found.entries:
        below: list[Branch] = [
            _posting(each) for each in ledger_documents.entry(entry, zone)["postings"]
        ]
        moved = movements.pop(str(entry.id), None)
        if moved is not None:
            below.append(_movement(moved, payouts, zone))
        mark = " ◂" if entry.id in found.focus else ""
        when = output.cell(documents.instant(entry.effective_at, zone))
        memo = f" · {entry.memo}" if entry.memo else ""
        entries.append((f"{entry.kind} · {when} · {str(entry.id)[:13]}{memo}{mark}", below))
    if entries:
        branches.append(("entries", entries))
    if movements:  # those of a payout: their entries are their own bookings'
        rows = [_movement(row, {}, zone) for row in movements.values()]
        branches.append(("movements", rows))
    if payouts and found.kind == "payout":
        branches.append(_section("payouts", list(payouts.values()), zone))
    branches += [_section(title, rows, zone) for title, rows in sections.items()]
    return f"{found.kind} {found.name}", branches


def _posting(document: dict[str, Any]) -> Branch:
    part = [str(document[name]) for name in ("service", "item", "staff") if name in document]
    note = f"  ({', '.join(part)})" if part else ""
    return f"{output.cell(document['amount']):>14}  {document['account']}{note}", []


def _movement(row: dict[str, Any], payouts: dict[str, Any], zone: ZoneInfo) -> Branch:
    carried = payouts.get(row["payout"] or "")
    below = [_line(carried, zone, "payout")] if carried else []
    shown = {key: value for key, value in row.items() if key not in ("entry", "payout")}
    return _line(shown, zone, "Stripe")[0], below


def _section(title: str, rows: list[dict[str, Any]], zone: ZoneInfo) -> Branch:
    return TITLES.get(title, title), [_line(row, zone) for row in rows]


def _line(row: dict[str, Any], zone: ZoneInfo, title: str = "") -> Branch:
    shown = [
        _said(key, value, zone)
        for key, value in row.items()
        if value not in (None, "") and key != "id"
    ]
    return " · ".join([title, *shown] if title else shown), []


def _said(key: str, value: Any, zone: ZoneInfo) -> str:
    if key.endswith("_bps"):
        return f"{key.removesuffix('_bps')} {documents.percent(value)} %"
    return f"{key.replace('_', ' ')} {output.cell(_plain(value, zone))}"


def _draw(tree: Branch) -> None:
    """Print the tree: drawn on a terminal, indented in a pipe."""
    if not sys.stdout.isatty():
        sys.stdout.writelines(f"{'  ' * depth}{line}\n" for depth, line in _lines(tree))
        return
    from rich.console import Console
    from rich.tree import Tree

    def grown(branch: Branch, onto: Tree) -> None:
        for line, below in branch[1]:
            grown((line, below), onto.add(line))

    console = Console(no_color=bool(os.environ.get("NO_COLOR")), highlight=False, markup=False)
    root = Tree(tree[0], guide_style="dim")
    grown(tree, root)
    console.print(root)


def _lines(branch: Branch, depth: int = 0) -> Iterator[tuple[int, str]]:
    yield depth, branch[0]
    for below in branch[1]:
        yield from _lines(below, depth + 1)
