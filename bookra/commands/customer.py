"""``bookra customer``: the people who come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import customer_card, customer_privacy, documents, output
from bookra.commands.customer_import import import_customers
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = group(
    "Customers: add, set, find, list, show, import, consent, export, erase; card: saved cards."
)
app.add_typer(customer_card.app, name="card")
COLUMNS = ("name", "phone", "email", "visits", "id")


@app.command()
def add(
    name: Annotated[str, typer.Option(help="The customer's name.")],
    phone: Annotated[str | None, typer.Option(help="In the country's own way, or +49…")] = None,
    email: Annotated[str | None, typer.Option(help="An e-mail address.")] = None,
    language: Annotated[
        str | None, typer.Option(help="What messages are written in, such as de.")
    ] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Add a customer. The same name, phone and e-mail again returns the first one.

    Examples:

      bookra customer add --name 'Rosa Vega' --phone '030 901820' --language es
    """
    from bookra.engine.messages.recipients import checked_language
    from bookra.engine.people.customers import add_customer

    spoken = checked_language(language) if language else ""

    def action(tx: Tx) -> dict[str, Any]:
        added, _ = add_customer(tx, name, phone=phone, email=email, language=spoken)
        return documents.customer(added)

    parameters = {"name": name, "phone": phone, "email": email}
    if spoken:
        parameters["language"] = spoken
    output.record(
        current().write("customer add", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command("set")
def set_(
    customer: Annotated[str, typer.Argument(help="Phone, e-mail, name or id.")],
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    phone: Annotated[str | None, typer.Option(help="Another phone; '' for none.")] = None,
    email: Annotated[str | None, typer.Option(help="Another e-mail; '' for none.")] = None,
    note: Annotated[str | None, typer.Option(help="What to know of them; '' for nothing.")] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Change what is known of a customer; what is not named stays.

    Examples:

      bookra customer set 'Rosa Vega' --note 'Sensitive scalp'
      bookra customer set +4930901820 --email rosa@example.com
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.people.customers import the_customer
        from bookra.engine.people.editing import Change, change_customer

        found = the_customer(tx, customer)
        return documents.customer(change_customer(tx, found.id, Change(name, phone, email, note)))

    parameters = {"customer": customer, "name": name, "phone": phone, "email": email, "note": note}
    output.record(
        current().write("customer set", action, parameters=parameters, key=key, dry_run=dry_run)
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
    """Show one customer, and what they agreed to.

    Examples:

      bookra customer show rosa@example.com
    """
    from bookra.engine.people.customers import the_customer

    def question(tx: Tx) -> dict[str, Any]:
        found = the_customer(tx, customer)
        said = customer_privacy.consents(tx, found.id)
        return {**documents.customer(found), "consents": said}

    output.record(current().ask(question))


@app.command("list")
def list_() -> None:
    """List all customers by name.

    Examples:

      bookra customer list --output csv
    """
    from bookra.engine.people.customers import all_customers

    found = current().ask(lambda tx: [documents.customer(each) for each in all_customers(tx)])
    output.rows(found, COLUMNS, empty="No customer yet. Add one: bookra customer add --help")


app.command("import")(import_customers)


for verb in (customer_privacy.consent, customer_privacy.export, customer_privacy.erase):
    app.command()(verb)
