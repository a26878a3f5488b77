"""``bookra staff rent``: what a chair costs, beside commission or in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra import clock
from bookra.commands import output, payroll_documents
from bookra.commands.options import DryRun, FromDay, Key, group
from bookra.commands.session import current
from bookra.engine.commissions.rules import Every
from bookra.errors import InvalidInputError
from bookra.money import Money, parse_amount

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = group("Chair rent: set, list.")


@app.command("set")
def set_(
    staff: Annotated[str, typer.Argument(help="The staff member's slug.")],
    amount: Annotated[str, typer.Argument(help="Such as 250.00; 'none' ends it.")],
    per: Annotated[Every, typer.Option(help="week or month.")] = Every.MONTH,
    from_day: FromDay = "today",
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Say what a chair costs from a day on. Part of a month or week is charged by its days.

    Examples:

      bookra staff rent set ana 250.00 --per month --from 2026-12-01
      bookra staff rent set ana none --from 2027-01-01
    """
    from bookra.engine.payouts.chairs import set_rent

    if per is Every.YEAR:
        raise InvalidInputError("bad_period", "Chair rent is by week or by month")

    def action(tx: Tx) -> dict[str, Any]:
        day = clock.parse_day(from_day, tx.tenant.zone, tx.now)
        currency = tx.tenant.currency
        cost = Money(0, currency) if amount == "none" else parse_amount(amount, currency)
        return payroll_documents.chair(set_rent(tx, staff, cost, per, day))

    parameters = {"staff": staff, "amount": amount, "per": per.value, "from": from_day}
    output.record(
        current().write("staff rent set", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command("list")
def list_() -> None:
    """List what each chair costs, by the last terms of each person.

    Examples:

      bookra staff rent list --json
    """
    from bookra.engine.payouts.chairs import rents

    found = current().ask(lambda tx: [payroll_documents.chair(chair) for chair in rents(tx)])
    output.rows(found, ("staff", "rent", "per", "from"), empty="Nobody rents a chair.")
