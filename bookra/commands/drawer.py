"""``bookra drawer``: the cash drawer, opened, moved, counted and closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import documents, output
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.errors import UsageError
from bookra.money import parse_amount

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bookra.engine.runtime import Tx
    from bookra.engine.till.drawer import Drawer

app = group("The cash drawer: open, move, count, close, show.")


@app.command("open")
def open_(
    cash: Annotated[str, typer.Option("--float", help="What lies in it, such as 100.00.")],
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Open the drawer for a day. Cash is taken without that too.

    What lies in it beyond what the ledger knows of was brought from the bank.

    Examples:

      bookra drawer open --float 100.00
    """

    def action(tx: Tx) -> Drawer:
        from bookra.engine.till import drawer

        return drawer.open_drawer(tx, parse_amount(cash, tx.tenant.currency))

    _write("drawer open", action, {"float": cash}, key, dry_run=dry_run)


@app.command()
def move(
    in_: Annotated[str | None, typer.Option("--in", help="Put so much in.")] = None,
    out: Annotated[str | None, typer.Option("--out", help="Take so much out.")] = None,
    reason: Annotated[str, typer.Option(help="Why; it names nobody.")] = "",
    expense: Annotated[
        bool, typer.Option("--expense", help="It was spent, not taken to the bank.")
    ] = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Put money in or take it out: from or to the bank, or for a small expense.

    Examples:

      bookra drawer move --in 50.00 --reason Change
      bookra drawer move --out 12.30 --reason Milk --expense
    """
    if (in_ is None) == (out is None):
        raise UsageError("usage", "Say --in or --out", hint="bookra drawer move --help")

    def action(tx: Tx) -> Drawer:
        from bookra.engine.till import drawer

        amount = parse_amount(in_ or out or "", tx.tenant.currency)
        return drawer.move(tx, amount, reason, into=in_ is not None, expense=expense)

    parameters = {"in": in_, "out": out, "reason": reason, "expense": expense}
    _write("drawer move", action, parameters, key, dry_run=dry_run)


@app.command()
def count(
    cash: Annotated[str, typer.Argument(help="What was counted, such as 312.50.")],
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Count the drawer; a difference to the ledger is posted as over or short.

    Examples:

      bookra drawer count 312.50
    """

    def action(tx: Tx) -> Drawer:
        from bookra.engine.till import drawer

        return drawer.count(tx, parse_amount(cash, tx.tenant.currency))

    _write("drawer count", action, {"counted": cash}, key, dry_run=dry_run)


@app.command()
def close(
    counted: Annotated[str, typer.Option("--counted", help="What was counted.")],
    leave: Annotated[
        str | None, typer.Option("--leave", help="What stays in it; the rest goes to the bank.")
    ] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Close the drawer: count it, and bring the rest to the bank.

    Examples:

      bookra drawer close --counted 312.50 --leave 100.00
    """

    def action(tx: Tx) -> Drawer:
        from bookra.engine.till import drawer

        currency = tx.tenant.currency
        left = None if leave is None else parse_amount(leave, currency)
        return drawer.close(tx, parse_amount(counted, currency), left)

    parameters = {"counted": counted, "leave": leave}
    _write("drawer close", action, parameters, key, dry_run=dry_run)


@app.command()
def show() -> None:
    """Show the open drawer, or the one that was closed last.

    Examples:

      bookra drawer show --json
    """
    from bookra.engine.till.drawer import drawer

    _print(current().ask(lambda tx: _document(drawer(tx), tx.tenant.zone)))


def _write(
    command: str,
    action: Callable[[Tx], Drawer],
    parameters: dict[str, Any],
    key: str | None,
    *,
    dry_run: bool,
) -> None:
    document = current().write(
        command,
        lambda tx: _document(action(tx), tx.tenant.zone),
        parameters=parameters,
        key=key,
        dry_run=dry_run,
    )
    _print(document)
    if dry_run:
        output.remark("A dry run: nothing was kept.")


def _print(document: dict[str, Any]) -> None:
    if current().format != "table":
        output.record(document)
        return
    output.record({name: value for name, value in document.items() if name != "events"})
    output.rows(document["events"], ("at", "kind", "amount", "reason", "by"))


def _document(found: Drawer, zone: ZoneInfo) -> dict[str, Any]:
    """``open opened_at float expected counted difference left`` and what was done to it."""
    optional = {"counted": found.counted, "difference": found.difference, "left": found.left}
    return {
        "open": found.closed_at is None,
        "opened_at": documents.instant(found.opened_at, zone),
        "closed_at": documents.instant(found.closed_at, zone),
        "float": documents.money(found.opened_with),
        "expected": documents.money(found.expected),
        **{
            name: None if amount is None else documents.money(amount)
            for name, amount in optional.items()
        },
        "events": [
            {
                "kind": event.kind,
                "amount": documents.money(event.amount),
                "reason": event.reason,
                "at": documents.instant(event.recorded_at, zone),
                "by": event.recorded_by,
                "entry": None if event.entry_id is None else str(event.entry_id),
            }
            for event in found.events
        ],
    }
