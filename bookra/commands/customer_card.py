"""``bookra customer card``: a customer's saved cards, kept at Stripe: add, list, remove."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from bookra.commands import output, payment_documents
from bookra.commands.linked import (
    POLL_SECONDS,
    QR_WAIT_SECONDS,
    Qr,
    QrFile,
    WaitSeconds,
    check_qr,
    show_qr,
)
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = group("Saved cards: add, list, remove.")
COLUMNS = ("brand", "last4", "expires", "id")

Who = Annotated[str, typer.Argument(metavar="CUSTOMER", help="Phone, e-mail, name or id.")]


@app.command()
def add(
    customer: Who,
    qr: Qr = False,
    qr_file: QrFile = None,
    wait: WaitSeconds = 0,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Ask for a page on which the customer saves a card, for later payments without them.

    No card number comes here: Stripe keeps the card, Bookra its last four digits.

    Examples:

      bookra customer card add 'Rosa Vega' --wait 5
      bookra customer card add +4930901820 --qr
    """
    check_qr(qr_file)

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.payments.saved_cards import request_setup
        from bookra.engine.people.customers import the_customer

        return _setup(tx, request_setup(tx, the_customer(tx, customer).id))

    document = current().write(
        "customer card add", action, parameters={"customer": customer}, key=key, dry_run=dry_run
    )
    drawn = qr or qr_file is not None
    if not dry_run:
        document = _awaited(document, wait or (QR_WAIT_SECONDS if drawn else 0))
    output.record(document)
    _show_link(document, qr_file, shown=qr, drawn=drawn and not dry_run)


@app.command("list")
def list_(customer: Who) -> None:
    """List a customer's saved cards, the newest first: that one is charged.

    Examples:

      bookra customer card list 'Rosa Vega'
    """
    from bookra.engine.payments.cards import cards_of
    from bookra.engine.people.customers import the_customer

    found = current().ask(
        lambda tx: [
            payment_documents.saved_card(card)
            for card in cards_of(tx, the_customer(tx, customer).id)
        ]
    )
    output.rows(found, COLUMNS, empty="No card is saved.")


@app.command()
def remove(
    customer: Who,
    card: Annotated[str, typer.Argument(help="The card's last four digits, or its id.")],
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Take a card out of use at once; the relay has Stripe forget it.

    Examples:

      bookra customer card remove 'Rosa Vega' 4242
    """
    from bookra.engine.payments import cards
    from bookra.engine.people.customers import the_customer

    def action(tx: Tx) -> dict[str, Any]:
        found = cards.the_card(tx, the_customer(tx, customer).id, card)
        cards.remove(tx, found)
        return {**payment_documents.saved_card(found), "state": "removed"}

    parameters = {"customer": customer, "card": card}
    output.record(
        current().write(
            "customer card remove", action, parameters=parameters, key=key, dry_run=dry_run
        )
    )


def _setup(tx: Tx, operation_id: UUID) -> dict[str, Any]:
    """``id state url? until? failure?`` of the page on which a card is saved."""
    from bookra.engine.payments.operations import operation

    document = payment_documents.payment(operation(tx, operation_id), tx.tenant.zone)
    return {name: document[name] for name in document if name not in ("amount", "purpose")}


def _awaited(document: dict[str, Any], wait_seconds: float) -> dict[str, Any]:
    """Return the page's document once the relay has opened it, or after the wait."""
    deadline = time.monotonic() + wait_seconds
    while document["state"] == "new" and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        document = current().ask(lambda tx, of=document["id"]: _setup(tx, UUID(of)))  # type: ignore[misc]
    return document


def _show_link(document: dict[str, Any], file: Path | None, *, shown: bool, drawn: bool) -> None:
    if "url" not in document and document["state"] == "new":
        output.remark("The page is not there yet. Is the relay running? bookra relay status")
    if drawn:
        show_qr(document.get("url"), file, shown=shown)
