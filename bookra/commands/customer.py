"""``bookra customer``: the people who come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import documents, output
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = group("Customers: add, find, show.")
COLUMNS = ("name", "phone", "email", "visits", "id")


@app.command()
def add(
    name: Annotated[str, typer.Option(help="The customer's name.")],
    phone: Annotated[str | None, typer.Option(help="In the country's own way, or +49…")] = None,
    email: Annotated[str | None, typer.Option(help="An e-mail address.")] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Add a customer. The same name, phone and e-mail again returns the first one.

    Examples:

      bookra customer add --name 'Rosa Vega' --phone '030 901820'
    """
    from bookra.engine.people.customers import add_customer

    def action(tx: Tx) -> dict[str, Any]:
        return documents.customer(add_customer(tx, name, phone=phone, email=email)[0])

    parameters = {"name": name, "phone": phone, "email": email}
    output.record(
        current().write("customer add", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command()
def find(
    words: Annotated[str, typer.Argument(help="The beginning of a name, phone or e-mail.")],
) -> None:
    """Find customers by name, phone or e-mail.

    Examples:

      bookra customer find ros
    """
    from bookra.engine.people.customers import find_customers

    found = current().ask(
        lambda tx: [documents.customer(customer) for customer in find_customers(tx, words)]
    )
    output.rows(found, COLUMNS, empty="Nobody matches.")


@app.command()
def show(
    customer: Annotated[str, typer.Argument(help="Phone, e-mail, name or id.")],
) -> None:
    """Show one customer.

    Examples:

      bookra customer show rosa@example.com
    """
    from bookra.engine.people.customers import the_customer

    output.record(current().ask(lambda tx: documents.customer(the_customer(tx, customer))))
