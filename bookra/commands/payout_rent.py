"""``bookra payout rent`` and ``rent-paid``: what staff owe for their chairs, accrued and taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.clock import local_day
from bookra.commands import documents, output
from bookra.commands.options import DryRun, Key
from bookra.commands.session import current
from bookra.errors import UsageError

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

OneStaff = Annotated[str | None, typer.Option(help="One member of staff alone, by slug.")]


def rent(staff: OneStaff = None, key: Key = None, dry_run: DryRun = False) -> None:
    """Post the chair rent that has fallen due; a pay run does the same.

    Examples:

      bookra payout rent
      bookra payout rent --staff ana --dry-run
    """
    from bookra.engine.payouts.chairs import accrue_until

    def action(tx: Tx) -> dict[str, Any]:
        today = local_day(tx.now, tx.tenant.zone)
        accrued = [
            {
                "staff": found.staff,
                "starts_on": str(found.due.starts_on),
                "ends_on": str(found.due.ends_on),
                "rent": {"amount_minor": found.due.amount_minor, "currency": found.currency},
            }
            for found in accrue_until(tx, today, staff)
        ]
        return {"accrued": accrued}

    done = current().write(
        "payout rent", action, parameters={"staff": staff}, key=key, dry_run=dry_run
    )
    if current().format == "table":
        output.rows(
            done["accrued"], ("staff", "starts_on", "ends_on", "rent"), empty="No rent is due."
        )
    else:
        output.record(done)


def rent_paid(
    staff: Annotated[str, typer.Argument(help="The staff member's slug.")],
    cash: Annotated[bool, typer.Option("--cash", help="Into the drawer.")] = False,
    bank: Annotated[bool, typer.Option("--bank", help="To the bank account.")] = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Take all chair rent that somebody owes, in money: no pay run nets it then.

    Examples:

      bookra payout rent-paid ana --cash
      bookra payout rent-paid ana --bank
    """
    from bookra.engine.payouts.chairs import paid_in_money

    if cash == bank:
        raise UsageError("no_method", "Say how it was paid", hint="--cash or --bank")
    method = "cash" if cash else "bank"

    def action(tx: Tx) -> dict[str, Any]:
        amount = paid_in_money(tx, staff, method)
        return {"staff": staff, "paid": documents.money(amount), "method": method}

    parameters = {"staff": staff, "method": method}
    output.record(
        current().write("payout rent-paid", action, parameters=parameters, key=key, dry_run=dry_run)
    )
