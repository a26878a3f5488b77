"""``bookra package``: visits that are paid for before, used by ``bookra pay --package``."""

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

app = group("Packages: sell, show, list, expire.")
COLUMNS = ("code", "state", "customer", "service", "visits", "used", "value", "expires_on")


@app.command()
def sell(
    service: Annotated[str, typer.Option(help="The service's slug.")],
    visits: Annotated[int, typer.Option(help="How many visits.", min=1, max=1000)],
    price: Annotated[str, typer.Option(help="For all of them, tax included: 100.00.")],
    customer: Annotated[str, typer.Option(help="Phone, e-mail, name or id.")],
    expires: counter.Expires = None,
    cash: counter.Cash = False,
    terminal: counter.Terminal = False,
    link: counter.Link = False,
    saved_card: counter.SavedCard = False,
    wait: WaitSeconds = 0,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Sell a package; it is good once it is paid. Each visit is worth an equal share of it.

    Examples:

      bookra package sell --service cut --visits 3 --price 100.00 --customer 'Rosa Vega' --cash
    """
    method = counter.method_of(cash=cash, terminal=terminal, link=link, saved_card=saved_card)

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.orders.packages import package, sell_package
        from bookra.engine.orders.selling import pay_by
        from bookra.engine.people.customers import the_customer

        bought = sell_package(
            tx,
            service,
            visits,
            parse_amount(price, tx.tenant.currency),
            the_customer(tx, customer).id,
            counter.last_day(tx, expires),
        )
        pay_by(tx, bought.order, method)
        return sale_documents.package(package(tx, bought.code), tx.tenant.zone)

    parameters = {
        "service": service,
        "visits": visits,
        "price": price,
        "customer": customer,
        "expires": expires,
        "method": method,
    }
    counter.sold("package sell", action, parameters, key=key, dry_run=dry_run, wait=wait)


@app.command()
def show(code: Annotated[str, typer.Argument(help="The package's code: PK-7F3K9Q2.")]) -> None:
    """Show a package, with what nobody has used of it.

    Examples:

      bookra package show PK-7F3K9Q2 --json
    """
    from bookra.engine.orders.packages import package

    output.record(
        current().ask(lambda tx: sale_documents.package(package(tx, code), tx.tenant.zone))
    )


@app.command("list")
def list_(
    state: Annotated[
        str | None, typer.Option(help="pending, active, expired or void: only those.")
    ] = None,
    customer: counter.Customer = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=100_000)] = 100,
) -> None:
    """List the latest packages, members' periods among them.

    Examples:

      bookra package list --customer 'Rosa Vega' --state active
    """
    from bookra.engine.orders.packages import packages

    def question(tx: Tx) -> list[dict[str, Any]]:
        whose = counter.customer_id(tx, customer)
        found = packages(tx, state=state, customer_id=whose, limit=limit)
        return [sale_documents.package(each, tx.tenant.zone) for each in found]

    output.rows(
        current().ask(question), COLUMNS, empty="No packages. Sell one: bookra package sell --help"
    )


@app.command()
def expire(key: Key = None, dry_run: DryRun = False) -> None:
    """End packages whose last day is over; what is left is income. For cron: again is nothing.

    Examples:

      bookra package expire --dry-run
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.orders.packages import expire_packages

        zone = tx.tenant.zone
        return {"expired": [sale_documents.package(each, zone) for each in expire_packages(tx)]}

    document = current().write("package expire", action, key=key, dry_run=dry_run)
    if current().format == "json":
        output.record(document)
    else:
        output.rows(document["expired"], COLUMNS, empty="No package has expired.")
