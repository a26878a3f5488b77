"""``bookra gift-card``: sold, looked up, spent by ``bookra pay``, broken when they expire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import counter, output, sale_documents
from bookra.commands.linked import WaitSeconds
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.money import parse_amount

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = group("Gift cards: sell, show, list, expire.")
COLUMNS = ("code", "state", "balance", "initial", "expires_on", "order", "customer")


@app.command()
def sell(
    amount: Annotated[str, typer.Argument(help="What it is worth, such as 100.00.")],
    customer: counter.Customer = None,
    expires: counter.Expires = None,
    cash: counter.Cash = False,
    terminal: counter.Terminal = False,
    link: counter.Link = False,
    saved_card: counter.SavedCard = False,
    wait: WaitSeconds = 0,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Sell a gift card; it is good once it is paid. Its code is as good as money.

    Examples:

      bookra gift-card sell 100.00 --cash
      bookra gift-card sell 50 --customer 'Rosa Vega' --expires 2029-12-31 --link --wait 5
    """
    method = counter.method_of(cash=cash, terminal=terminal, link=link, saved_card=saved_card)

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.orders.gift_cards import gift_card, sell_gift_card
        from bookra.engine.orders.selling import pay_by

        card = sell_gift_card(
            tx,
            parse_amount(amount, tx.tenant.currency),
            counter.customer_id(tx, customer),
            counter.last_day(tx, expires),
        )
        pay_by(tx, card.order, method)
        return sale_documents.gift_card(gift_card(tx, card.code), tx.tenant.zone)

    parameters = {"amount": amount, "customer": customer, "expires": expires, "method": method}
    counter.sold("gift-card sell", action, parameters, key=key, dry_run=dry_run, wait=wait)


@app.command()
def show(code: Annotated[str, typer.Argument(help="GC and four groups of four.")]) -> None:
    """Show a gift card: what it holds, and what the ledger says of it.

    Examples:

      bookra gift-card show GC-7F3K-9Q2M-XW4P-6HRT --json
    """
    from bookra.engine.orders.gift_cards import gift_card, uses

    def question(tx: Tx) -> dict[str, Any]:
        card, zone = gift_card(tx, code), tx.tenant.zone
        told = [sale_documents.use(each, zone) for each in uses(tx, card)]
        return {**sale_documents.gift_card(card, zone), "uses": told}

    output.record(current().ask(question))


@app.command("list")
def list_(
    state: Annotated[
        str | None, typer.Option(help="pending, active, expired or void: only those.")
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=100_000)] = 100,
) -> None:
    """List the latest gift cards; of their codes only the end is shown.

    Examples:

      bookra gift-card list --state active
    """
    from bookra.engine.orders.gift_cards import gift_cards

    found = current().ask(
        lambda tx: [
            sale_documents.gift_card(each, tx.tenant.zone, whole=False)
            for each in gift_cards(tx, state=state, limit=limit)
        ]
    )
    output.rows(found, COLUMNS, empty="No gift cards. Sell one: bookra gift-card sell 50 --cash")


@app.command()
def expire(key: Key = None, dry_run: DryRun = False) -> None:
    """Break what is left on cards whose last day is over. For cron: again changes nothing.

    Examples:

      bookra gift-card expire --dry-run
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.orders.gift_cards import expire_gift_cards

        zone = tx.tenant.zone
        ended = expire_gift_cards(tx)
        cards = [sale_documents.gift_card(each, zone, whole=False) for each in ended]
        return {"expired": cards}

    document = current().write("gift-card expire", action, key=key, dry_run=dry_run)
    if current().format == "json":
        output.record(document)
    else:
        output.rows(document["expired"], COLUMNS, empty="No gift card has expired.")
