"""``bookra bank``: what the bank's statement shows, matched with what was expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.clock import parse_day
from bookra.commands import ledger_documents, output
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.errors import UsageError
from bookra.money import parse_amount

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = group("The bank's statement: receive.")


@app.callback()
def nouns() -> None:
    """The bank's statement."""


@app.command()
def receive(
    payout: Annotated[str | None, typer.Option(help="A payout of Stripe's: po_…")] = None,
    terminal: Annotated[
        str | None, typer.Option(help="So much of the card terminal's sales was paid.")
    ] = None,
    fee: Annotated[str | None, typer.Option(help="What the terminal's acquirer kept.")] = None,
    on: Annotated[str | None, typer.Option(help="The day on the statement.")] = None,
    reference: Annotated[
        str | None, typer.Option(help="The statement's reference: the line counts once.")
    ] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Match a line of the bank's statement: a payout of Stripe's, or the card terminal's money.

    Examples:

      bookra bank receive --payout po_1Q8x --on 2026-11-27
      bookra bank receive --terminal 420.00 --fee 6.30 --reference 2026-11-26/17
    """
    if (payout is None) == (terminal is None) or (fee is not None and terminal is None):
        raise UsageError(
            "usage", "Say --payout, or --terminal with its --fee", hint="bookra bank receive --help"
        )

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.ledger.reading import Filter, entries
        from bookra.engine.till import bank

        day = None if on is None else parse_day(on, tx.tenant.zone, tx.now)
        if payout is not None:
            entry_id = bank.receive_payout(tx, payout, day)
        else:
            kept = None if fee is None else parse_amount(fee, tx.tenant.currency)
            amount = parse_amount(terminal or "", tx.tenant.currency)
            entry_id = bank.receive_terminal(tx, amount, kept, day, reference)
        (found,) = entries(tx, Filter(entry_id=entry_id))
        return ledger_documents.entry(found, tx.tenant.zone)

    parameters = {"payout": payout, "terminal": terminal, "fee": fee, "on": on}
    parameters["reference"] = reference
    output.record(
        current().write("bank receive", action, parameters=parameters, key=key, dry_run=dry_run)
    )
    if dry_run:
        output.remark("A dry run: nothing was posted.")
