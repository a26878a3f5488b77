"""``bookra tenant policy``: what customers are told of late cancellations and no-shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import output, sale_documents
from bookra.commands.files import text_of
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = group("The policy that bookings are made under: set, show.")


@app.command("set")
def set_(
    text: Annotated[typer.FileText, typer.Option(help="A file with the text; '-' is stdin.")],
    cancel_window: Annotated[
        str, typer.Option(help="Cancelling is late from so long before on: 24h, 90m, 2d.")
    ] = "24h",
    late_cancel_fee: Annotated[
        str, typer.Option(help="'50%' of the price, '20.00' or 'none'.")
    ] = "none",
    no_show_fee: Annotated[
        str, typer.Option(help="'100%' of the price, '20.00' or 'none'.")
    ] = "none",
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Put a new version in force. Bookings that were made keep theirs.

    Examples:

      bookra tenant policy set --text policy.txt --cancel-window 24h --late-cancel-fee 50% \
--no-show-fee 100%
    """
    from bookra.engine.prices.policy import parse_window

    minutes = parse_window(cancel_window)
    body = text_of(text)

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.prices.policies import set_policy
        from bookra.engine.prices.policy import parse_fee

        currency = tx.tenant.currency
        late, absent = parse_fee(late_cancel_fee, currency), parse_fee(no_show_fee, currency)
        found = set_policy(tx, body, minutes, late, absent)
        return sale_documents.policy(found, tx.tenant.zone, currency)

    parameters = {
        "text": body,
        "cancel_window": cancel_window,
        "late_cancel_fee": late_cancel_fee,
        "no_show_fee": no_show_fee,
    }
    output.record(
        current().write(
            "tenant policy set", action, parameters=parameters, key=key, dry_run=dry_run
        )
    )


@app.command()
def show(
    version: Annotated[
        int | None, typer.Argument(help="Which one; the one in force if left out.", min=1)
    ] = None,
) -> None:
    """Show the policy in force, or an earlier version.

    Examples:

      bookra tenant policy show 1 --json
    """
    from bookra.engine.prices import policies

    output.record(
        current().ask(
            lambda tx: sale_documents.policy(
                policies.version(tx, version), tx.tenant.zone, tx.tenant.currency
            )
        )
    )
