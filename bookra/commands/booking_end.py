"""``bookra booking cancel`` and ``no-show``: a visit that does not take place, and its money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import documents, output
from bookra.commands.options import DryRun, Key
from bookra.commands.series import cancel_from
from bookra.commands.session import current
from bookra.errors import UsageError
from bookra.money import Money, parse_amount

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

Code = Annotated[str, typer.Argument(help="The booking's code, such as LUN-7F3K.")]
Fee = Annotated[
    str | None, typer.Option(help="Take this fee, whatever the policy says, such as 20.00.")
]
Waive = Annotated[bool, typer.Option("--waive", help="Take no fee: everything goes back.")]


def cancel(
    code: Code,
    series: Annotated[
        bool, typer.Option("--series", help="And the later visits of its series: all or none.")
    ] = False,
    fee: Fee = None,
    waive: Waive = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Cancel a booking: its time is free again, the customer is told, what was paid goes back.

    Inside the policy's window it is cancelled late, and the fee that the customer accepted stays:
    of what was paid first, then from a saved card.

    Examples:

      bookra booking cancel LUN-7F3K
      bookra booking cancel LUN-7F3K --waive
      bookra booking cancel LUN-7F3K --fee 20.00 --dry-run
      bookra booking cancel LUN-7F3K --series
    """
    _check(fee, waive=waive)
    if series:
        if fee is not None:
            raise UsageError("usage", "A fee is named for one visit: leave --series out")
        cancel_from(code, waive=waive, key=key, dry_run=dry_run)
        return

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.payments import fees

        booking = fees.cancel_visit(tx, code, fee=_amount(tx, fee), waive=waive)
        return documents.booking(booking, tx.tenant.zone)

    _write("booking cancel", action, code, fee, waive=waive, key=key, dry_run=dry_run)


def no_show(
    code: Code, fee: Fee = None, waive: Waive = False, key: Key = None, dry_run: DryRun = False
) -> None:
    """Note that the customer did not come; the fee stays, the rest of what was paid goes back.

    The fee is the one of the policy that the customer accepted; it is charged to a saved card
    where nothing was paid. Without such a policy a deposit is forfeited. Before the day of the
    visit it is refused, with a fee or without: who calls it off before cancels.

    Examples:

      bookra booking no-show LUN-7F3K
      bookra booking no-show LUN-7F3K --fee 25.00
      bookra booking no-show LUN-7F3K --waive
    """
    _check(fee, waive=waive)

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.payments import fees

        booking = fees.no_show(tx, code, fee=_amount(tx, fee), waive=waive)
        return documents.booking(booking, tx.tenant.zone)

    _write("booking no-show", action, code, fee, waive=waive, key=key, dry_run=dry_run)


def _check(fee: str | None, *, waive: bool) -> None:
    if fee is not None and waive:
        raise UsageError("usage", "Either --fee or --waive", hint="bookra booking cancel --help")


def _amount(tx: Tx, text: str | None) -> Money | None:
    return None if text is None else parse_amount(text, tx.tenant.currency)


def _write(
    command: str,
    action: Any,
    code: str,
    fee: str | None,
    *,
    waive: bool,
    key: str | None,
    dry_run: bool,
) -> None:
    parameters: dict[str, Any] = {"code": code}
    if fee is not None or waive:
        parameters |= {"fee": fee, "waive": waive}
    output.record(current().write(command, action, parameters=parameters, key=key, dry_run=dry_run))
    if dry_run:
        output.remark("A dry run: nothing was changed, nothing was given back.")
