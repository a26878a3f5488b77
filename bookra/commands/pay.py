"""``bookra pay``: take what a booking owes, in cash or by a link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import documents, output
from bookra.commands.linked import WaitSeconds, with_link
from bookra.commands.options import DryRun, Key, single
from bookra.commands.session import current
from bookra.errors import UsageError
from bookra.money import parse_amount

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = single()


@app.command()
def pay(
    code: Annotated[str, typer.Argument(help="The booking's code, such as LUN-7F3K.")],
    cash: Annotated[bool, typer.Option("--cash", help="Taken in cash.")] = False,
    link: Annotated[bool, typer.Option("--link", help="By a payment link.")] = False,
    tip: Annotated[str | None, typer.Option(help="A tip on top, such as 5.00.")] = None,
    wait: WaitSeconds = 0,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Take what a booking owes.

    Examples:

      bookra pay LUN-7F3K --cash --tip 5.00
      bookra pay LUN-7F3K --link --wait 5
    """
    if cash == link:
        raise UsageError("usage", "Say how it is paid: --cash or --link", hint="bookra pay --help")

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.payments.asked import Asked
        from bookra.engine.payments.links import Wish, request_link
        from bookra.engine.payments.taking import take

        asked = Asked(tip=parse_amount(tip, tx.tenant.currency) if tip is not None else None)
        paid = take(tx, code, "cash", asked) if cash else request_link(tx, code, Wish(asked))
        return documents.booking(paid, tx.tenant.zone)

    document = current().write(
        "pay",
        action,
        parameters={"code": code, "cash": cash, "link": link, "tip": tip},
        key=key,
        dry_run=dry_run,
    )
    output.record(with_link(document, wait if link and not dry_run else 0))
    if dry_run:
        output.remark("A dry run: nothing was taken.")
