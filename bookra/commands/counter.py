"""Selling at the counter: how an order is paid, whose it is, and waiting for its link."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import output, sale_documents
from bookra.commands.linked import POLL_SECONDS
from bookra.commands.session import current
from bookra.errors import UsageError

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from bookra.engine.runtime import Tx

Cash = Annotated[bool, typer.Option("--cash", help="Paid in cash.")]
Terminal = Annotated[bool, typer.Option("--terminal", help="Paid by a card terminal of your own.")]
Link = Annotated[bool, typer.Option("--link", help="To be paid by a payment link.")]
SavedCard = Annotated[bool, typer.Option("--saved-card", help="By the customer's saved card.")]
Customer = Annotated[str | None, typer.Option(help="Phone, e-mail, name or id.")]
Expires = Annotated[str | None, typer.Option(help="The last day on which it is good: a date.")]


def method_of(
    *, cash: bool = False, terminal: bool = False, link: bool = False, saved_card: bool = False
) -> str:
    """Return how an order is paid; ``later`` when nothing was said. Raises UsageError for two."""
    ways = {"cash": cash, "terminal": terminal, "link": link, "saved-card": saved_card}
    chosen = [way for way, given in ways.items() if given]
    if len(chosen) > 1:
        raise UsageError("usage", f"--{chosen[0]} and --{chosen[1]} exclude each other")
    return chosen[0] if chosen else "later"


def customer_id(tx: Tx, words: str | None) -> UUID | None:
    """Return whose an order is; None for nobody's."""
    from bookra.engine.people.customers import the_customer

    return None if words is None else the_customer(tx, words).id


def last_day(tx: Tx, words: str | None) -> date | None:
    """Return the day that ``--expires`` names."""
    from bookra.clock import parse_day

    return None if words is None else parse_day(words, tx.tenant.zone, tx.now)


def sold(
    command: str,
    action: Callable[[Tx], dict[str, Any]],
    parameters: dict[str, Any],
    *,
    key: str | None,
    dry_run: bool,
    wait: float,
) -> None:
    """Sell something and print it; wait for the link where one was asked for."""
    document = current().write(command, action, parameters=parameters, key=key, dry_run=dry_run)
    waits = wait and not dry_run and parameters.get("method") in ("link", "saved-card")
    output.record(awaited_order(document, wait) if waits else document)
    if dry_run:
        output.remark("A dry run: nothing was sold.")
    elif document.get("state") in ("open", "pending"):
        order = document.get("order", document["code"])
        output.remark(f"To be paid: bookra pay {order}")


def awaited_order(document: dict[str, Any], wait_seconds: float) -> dict[str, Any]:
    """Return the document with the link of its order, or with its end, once the relay has it.

    It is an order's own, or that of something that names its ``order``.
    """
    from bookra.engine.orders.store import order_by_code

    code, deadline = document.get("order", document["code"]), time.monotonic() + wait_seconds
    while True:
        found = current().ask(
            lambda tx: sale_documents.order(order_by_code(tx, code), tx.tenant.zone)
        )
        link = found.get("payment_url")
        if link is not None or found["state"] != "open" or time.monotonic() > deadline:
            break
        time.sleep(POLL_SECONDS)
    if document["code"] == found["code"]:
        return found
    if link is not None:
        return {**document, "payment_url": link}
    if found["state"] != "paid":
        return document
    worth = {"balance": document["initial"]} if "initial" in document else {}
    return {**document, "state": "active", **worth}
