"""``bookra bank-account``: whom a bank file pays, and from where. Never printed whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import output, payroll_documents
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.errors import NotFoundError

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = group("Bank accounts: set, list, remove. Managers alone may see them.")
Staff = Annotated[str | None, typer.Option(help="Whose, by slug; left out: the business's own.")]


@app.command("set")
def set_(
    holder: Annotated[str, typer.Option(help="As the bank knows them.")],
    iban: Annotated[str, typer.Option(help="Checked by its check digits.")],
    bic: Annotated[str, typer.Option(help="Only where the bank asks for it.")] = "",
    staff: Staff = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Keep the account that somebody is paid to, or that the business pays from.

    Examples:

      bookra bank-account set --holder 'Luna Hair GmbH' --iban DE89370400440532013000
      bookra bank-account set --staff ana --holder Ana --iban FR1420041010050500013M02606
    """
    from bookra.engine.payouts.bank import set_account

    def action(tx: Tx) -> dict[str, Any]:
        return payroll_documents.account(set_account(tx, staff, holder, iban, bic))

    parameters = {"staff": staff, "holder": holder, "iban": iban, "bic": bic}
    output.record(
        current().write("bank-account set", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command("list")
def list_() -> None:
    """List the accounts, masked.

    Examples:

      bookra bank-account list
    """
    from bookra.engine.payouts.bank import kept_accounts

    found = current().ask(
        lambda tx: [payroll_documents.account(kept) for kept in kept_accounts(tx)]
    )
    output.rows(found, ("staff", "holder", "iban", "bic"), empty="No bank accounts are kept.")


@app.command()
def remove(staff: Staff = None, key: Key = None, dry_run: DryRun = False) -> None:
    """Forget an account.

    Examples:

      bookra bank-account remove --staff ana
    """
    from bookra.engine.payouts.bank import remove_account

    def action(tx: Tx) -> dict[str, Any]:
        if not remove_account(tx, staff):
            raise NotFoundError(
                "unknown_bank_account",
                f"No bank account is kept of {staff or 'the business'}",
                hint="List them: bookra bank-account list",
            )
        return {"staff": staff, "removed": True}

    output.record(
        current().write(
            "bank-account remove", action, parameters={"staff": staff}, key=key, dry_run=dry_run
        )
    )
