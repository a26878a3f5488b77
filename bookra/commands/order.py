"""``bookra order``: goods sold without a visit, and every other order."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import counter, output, sale_documents
from bookra.commands.linked import WaitSeconds
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.money import parse_amount

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = group("Orders: sell goods, list, show, cancel.")
Code = Annotated[str, typer.Argument(help="The order's code, such as LUN-O7F3K.")]
COLUMNS = ("code", "kind", "state", "amount", "customer", "bought", "created_at")


class State(StrEnum):
    """How far an order is."""

    OPEN = "open"
    PAID = "paid"
    CANCELLED = "cancelled"


@app.command()
def sell(
    products: Annotated[list[str], typer.Argument(help="PRODUCT or PRODUCT:QUANTITY, several.")],
    customer: counter.Customer = None,
    staff: Annotated[str | None, typer.Option(help="Who sells it, and gets the tip.")] = None,
    cash: counter.Cash = False,
    terminal: counter.Terminal = False,
    link: counter.Link = False,
    saved_card: counter.SavedCard = False,
    tip: Annotated[str | None, typer.Option(help="A tip on top, such as 2.00.")] = None,
    wait: WaitSeconds = 0,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Sell goods. Without a way to pay the order stays open, to be paid by bookra pay.

    Examples:

      bookra order sell oil:2 --cash --staff ana
      bookra order sell oil brush --customer 'Rosa Vega' --link --wait 5
    """
    method = counter.method_of(cash=cash, terminal=terminal, link=link, saved_card=saved_card)

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.orders.selling import sell_goods
        from bookra.engine.prices.items import parse_wanted

        wanted = [replace(parse_wanted(each), staff=staff) for each in products]
        on_top = parse_amount(tip, tx.tenant.currency) if tip is not None else None
        whose = counter.customer_id(tx, customer)
        return sale_documents.order(sell_goods(tx, wanted, whose, method, on_top), tx.tenant.zone)

    parameters = {
        "products": products,
        "customer": customer,
        "staff": staff,
        "method": method,
        "tip": tip,
    }
    counter.sold("order sell", action, parameters, key=key, dry_run=dry_run, wait=wait)


@app.command("list")
def list_(
    state: Annotated[State | None, typer.Option(help="Only in this state.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=100_000)] = 100,
) -> None:
    """List the latest orders, the newest first.

    Examples:

      bookra order list --state open --json
    """
    from bookra.engine.orders.store import orders

    wanted = state.value if state else None
    found = current().ask(
        lambda tx: [
            sale_documents.order(each, tx.tenant.zone)
            for each in orders(tx, state=wanted, limit=limit)
        ]
    )
    output.rows(found, COLUMNS, empty="No orders. Sell something: bookra order sell --help")


@app.command()
def show(code: Code) -> None:
    """Show one order.

    Examples:

      bookra order show LUN-O7F3K --json
    """
    from bookra.engine.orders.store import order_by_code

    output.record(
        current().ask(lambda tx: sale_documents.order(order_by_code(tx, code), tx.tenant.zone))
    )


@app.command()
def cancel(code: Code, key: Key = None, dry_run: DryRun = False) -> None:
    """Cancel an order that is not paid; what it would have bought is void.

    Examples:

      bookra order cancel LUN-O7F3K
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.orders.selling import cancel_order

        return sale_documents.order(cancel_order(tx, code), tx.tenant.zone)

    output.record(
        current().write("order cancel", action, parameters={"code": code}, key=key, dry_run=dry_run)
    )
