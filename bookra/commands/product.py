"""``bookra product``: goods from the shelf, and extras to a service."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bookra.commands import output, sale_documents
from bookra.commands.options import DryRun, Key, group
from bookra.commands.service_options import given, own_tax, require_change
from bookra.commands.session import current
from bookra.money import parse_amount

if TYPE_CHECKING:
    from bookra.engine.catalog.products import ProductChanges
    from bookra.engine.runtime import Tx

app = group("Products and add-ons: add, set, list.")
Slug = Annotated[str, typer.Argument(help="The product's slug.")]
COLUMNS = ("slug", "name", "kind", "category", "price", "tax_percent")


class Kind(StrEnum):
    """Goods are sold from the shelf, an add-on belongs to a service."""

    PRODUCT = "product"
    ADD_ON = "add-on"


TaxPercent = Annotated[
    str | None, typer.Option(help="Its own tax rate, such as 7; 'none': the business's.")
]


@app.command()
def add(
    slug: Slug,
    name: Annotated[str, typer.Option(help="What customers call it.")],
    price: Annotated[str, typer.Option(help="Such as 12.00, as the business lists prices.")],
    kind: Annotated[Kind, typer.Option(help="product or add-on.")] = Kind.PRODUCT,
    category: Annotated[str, typer.Option(help="A family of products.")] = "",
    tax_percent: TaxPercent = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Add a product. The same again changes nothing.

    Examples:

      bookra product add oil --name 'Hair oil' --price 11.90
      bookra product add gloss --name 'Gloss' --price 15 --kind add-on --tax-percent 7
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.catalog.products import add_product, new_product

        cost = parse_amount(price, tx.tenant.currency)
        new = new_product(slug, name, kind.value, cost, category)
        new = replace(new, tax_bps=own_tax(tax_percent or ""))
        return sale_documents.product(add_product(tx, new)[0])

    parameters = {
        "slug": slug,
        "name": name,
        "price": price,
        "kind": kind,
        "category": category,
        "tax_percent": tax_percent,
    }
    output.record(
        current().write("product add", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command("set")
def set_(
    slug: Slug,
    name: Annotated[str | None, typer.Option(help="What customers call it.")] = None,
    price: Annotated[str | None, typer.Option(help="Such as 12.00.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="product or add-on.")] = None,
    category: Annotated[str | None, typer.Option(help="A family of products.")] = None,
    tax_percent: TaxPercent = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Whether it is sold at all.")
    ] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Change what is given of a product, for sales from now on.

    Examples:

      bookra product set oil --price 12.90
      bookra product set gloss --tax-percent none --inactive
    """
    values = given(
        {
            "name": name,
            "price": price,
            "kind": kind.value if kind else None,
            "category": category,
            "tax_percent": tax_percent,
            "active": active,
        }
    )
    require_change(values, "product set")

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.catalog.products import set_product

        changes = dict(values)
        if "price" in changes:
            changes["price"] = parse_amount(changes["price"], tx.tenant.currency)
        if "tax_percent" in changes:
            changes["tax_bps"] = own_tax(changes.pop("tax_percent"))
        return sale_documents.product(set_product(tx, slug, cast("ProductChanges", changes)))

    parameters = {"slug": slug, **values}
    output.record(
        current().write("product set", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command("list")
def list_(
    retired: Annotated[bool, typer.Option("--all", help="Those not sold any more too.")] = False,
) -> None:
    """List what is sold besides services.

    Examples:

      bookra product list --json
    """
    from bookra.engine.catalog.products import products

    found = current().ask(
        lambda tx: [sale_documents.product(each) for each in products(tx, retired=retired)]
    )
    columns = (*COLUMNS, "active") if retired else COLUMNS
    output.rows(found, columns, empty="No products yet. Add one: bookra product add --help")
