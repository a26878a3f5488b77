"""``bookra ledger``: accounts, entries, balances, and the proof that they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import documents, output
from bookra.commands.options import group
from bookra.commands.session import current
from bookra.errors import CheckFailedError

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = group("The ledger: accounts, entries, balance, verify.")


@app.command()
def accounts() -> None:
    """List the accounts with their balances: debit plus, credit minus.

    Examples:

      bookra ledger accounts
    """
    from bookra.engine.ledger.store import balances

    found = current().ask(lambda tx: [documents.account(item) for item in balances(tx)])
    output.rows(found, ("account", "kind", "balance"), empty="Nothing was posted yet.")


@app.command()
def balance(
    account: Annotated[str, typer.Argument(help="A code, such as assets:cash:drawer.")],
) -> None:
    """Show the balance of one account.

    Examples:

      bookra ledger balance assets:stripe:available --json
    """
    from bookra.engine.ledger.store import balances

    found = current().ask(lambda tx: [documents.account(item) for item in balances(tx, account)])
    if len(found) == 1:
        output.record(found[0])
    else:
        output.rows(found, ("account", "kind", "balance"))


@app.command()
def entries(
    booking: Annotated[str | None, typer.Option(help="Only of this booking.")] = None,
    limit: Annotated[int, typer.Option(help="The latest so many.", min=1)] = 200,
) -> None:
    """List entries, oldest first, with their postings.

    Examples:

      bookra ledger entries --booking LUN-7F3K --json
    """
    from bookra.engine.bookings.store import booking_by_code
    from bookra.engine.ledger import store

    def question(tx: Tx) -> list[dict[str, Any]]:
        booking_id = booking_by_code(tx, booking).id if booking else None
        found = store.entries(tx, booking_id=booking_id, limit=limit)
        return [documents.entry(item, tx.tenant.zone) for item in found]

    found = current().ask(question)
    if current().format == "json":
        output.rows(found, ())
        return
    flat = [
        {**item, "account": posting["account"], "amount": posting["amount"]}
        for item in found
        for posting in item["postings"]
    ]
    columns = ("effective_at", "kind", "booking", "account", "amount")
    output.rows(flat, columns, empty="Nothing was posted yet.")


@app.command()
def verify() -> None:
    """Check the whole ledger; exits 8 when a problem is found.

    Examples:

      bookra ledger verify --json
    """
    from bookra.engine.ledger.verify import verify as check

    found = current().ask(check)
    output.record(
        {
            "ok": found.ok,
            "entries": found.entries,
            "transfers": found.transfers,
            "accounts": found.accounts,
            "problems": list(found.problems),
        }
    )
    if not found.ok:
        raise CheckFailedError(
            "ledger_broken",
            f"The ledger has {len(found.problems)} problems: {found.problems[0]}",
            hint="See them all: bookra ledger verify --json",
        )
