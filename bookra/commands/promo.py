"""``bookra promo``: codes that take something off, within their limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import output, sale_documents
from bookra.commands.counter import last_day
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.money import parse_amount, rate_bps

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = group("Promo codes: add, list, end.")
Code = Annotated[str, typer.Argument(help="What customers say, such as AUTUMN10.")]
COLUMNS = ("code", "percent", "amount", "service", "from", "until", "uses", "max_uses", "active")


@app.command()
def add(
    code: Code,
    percent: Annotated[str | None, typer.Option(help="Such as 10: a share of the price.")] = None,
    amount: Annotated[str | None, typer.Option(help="Such as 20.00.")] = None,
    service: Annotated[str | None, typer.Option(help="Only for this service.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="The first day.")] = None,
    until: Annotated[str | None, typer.Option(help="The last day.")] = None,
    max_uses: Annotated[int | None, typer.Option(help="So often in all.", min=1)] = None,
    max_per_customer: Annotated[
        int | None, typer.Option(help="So often for one customer.", min=1)
    ] = None,
    least: Annotated[str | None, typer.Option(help="Only from this price on.")] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Give a code out. It never changes: it is ended, and another is given out.

    Examples:

      bookra promo add AUTUMN --percent 10 --until 2026-11-30 --max-uses 100
      bookra promo add HELLO --amount 20.00 --least 50.00 --max-per-customer 1
      bookra promo add COLOR --percent 15 --service color --from monday
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.catalog.promos import Promo, add_promo

        currency = tx.tenant.currency
        new = Promo(
            code,
            rate_bps(percent) if percent is not None else None,
            parse_amount(amount, currency) if amount is not None else None,
            service,
            last_day(tx, from_),
            last_day(tx, until),
            max_uses,
            max_per_customer,
            parse_amount(least, currency) if least is not None else None,
        )
        return sale_documents.promo(add_promo(tx, new)[0])

    parameters = {
        "code": code,
        "percent": percent,
        "amount": amount,
        "service": service,
        "from": from_,
        "until": until,
        "max_uses": max_uses,
        "max_per_customer": max_per_customer,
        "least": least,
    }
    output.record(
        current().write("promo add", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command("list")
def list_(
    ended: Annotated[bool, typer.Option("--all", help="Those that were ended too.")] = False,
) -> None:
    """List the codes, with how often each is in use.

    Examples:

      bookra promo list --json
    """
    from bookra.engine.catalog.promos import promos

    found = current().ask(
        lambda tx: [sale_documents.promo(each) for each in promos(tx, ended=ended)]
    )
    output.rows(found, COLUMNS, empty="No promo codes. Add one: bookra promo add --help")


@app.command()
def end(code: Code, key: Key = None, dry_run: DryRun = False) -> None:
    """End a code: nobody can use it from now on; bookings that have it keep it.

    Examples:

      bookra promo end AUTUMN
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.catalog.promos import end_promo

        return sale_documents.promo(end_promo(tx, code))

    output.record(
        current().write("promo end", action, parameters={"code": code}, key=key, dry_run=dry_run)
    )
