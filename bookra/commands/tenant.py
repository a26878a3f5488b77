"""``bookra tenant``: open businesses, give them a brand, connect their providers."""

from __future__ import annotations

from typing import Annotated

import typer

from bookra.commands import documents, output, tenant_policy, tenant_provider, tenant_transport
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.commands.tenant_messages import messages
from bookra.commands.tenant_rules import rules
from bookra.money import rate_bps

app = group("Businesses: create, list, show, brand, rules, providers, export, import.")
app.add_typer(tenant_provider.app, name="provider")
app.add_typer(tenant_policy.app, name="policy")
app.command()(rules)
app.command()(messages)
app.command()(tenant_transport.export)
app.command("import")(tenant_transport.import_)

Slug = Annotated[str, typer.Argument(help="The business's slug.")]
COLUMNS = ("slug", "name", "timezone", "currency", "country", "tax_percent")


@app.command()
def create(
    slug: Slug,
    name: Annotated[str, typer.Option(help="What customers call it.")],
    timezone: Annotated[str, typer.Option(help="An IANA zone, such as Europe/Berlin.")],
    currency: Annotated[str, typer.Option(help="ISO 4217, such as EUR.")],
    country: Annotated[str, typer.Option(help="ISO 3166, such as DE.")],
    tax_percent: Annotated[str, typer.Option(help="The tax rate, such as 19 or 7.5.")] = "0",
    tax_inclusive: Annotated[
        bool, typer.Option("--tax-inclusive/--tax-exclusive", help="Whether prices include it.")
    ] = True,
) -> None:
    r"""Open a business. The same again changes nothing.

    Examples:

      bookra tenant create luna --name 'Luna Hair' --timezone Europe/Berlin --currency EUR \
        --country DE --tax-percent 19 --tax-inclusive
    """
    from bookra.bootstrap import administration
    from bookra.engine.tenancy import actions

    new = actions.checked(
        actions.NewTenant(
            slug, name, timezone, currency, country, rate_bps(tax_percent), tax_inclusive
        )
    )
    session = current()
    _ = session.engine  # makes sure that the database is there
    with administration(session.settings) as connection:
        tenant, fresh = actions.create(connection, new)
    output.record(documents.tenant(tenant))
    output.remark(
        f"Opened. Next: bookra use {slug}" if fresh else "It exists; nothing was changed."
    )


@app.command("list")
def list_() -> None:
    """List the businesses that this login may see.

    Examples:

      bookra tenant list --json
    """
    from bookra.engine.tenancy import actions

    found = current().engine.across_tenants(actions.visible)
    output.rows(
        [documents.tenant(tenant) for tenant in found],
        COLUMNS,
        empty="No business yet. Open one: bookra tenant create --help",
    )


@app.command()
def show(slug: Annotated[str | None, typer.Argument(help="The slug.")] = None) -> None:
    """Show a business: the one named, or the one in use.

    Examples:

      bookra tenant show luna --json
    """
    wanted = slug or current().tenant
    output.record(current().engine.ask(wanted, lambda tx: documents.tenant(tx.tenant)))


@app.command()
def brand(
    slug: Annotated[str | None, typer.Argument(help="The business's slug.")] = None,
    logo_text: Annotated[str | None, typer.Option(help="The name as a mark.")] = None,
    primary: Annotated[str | None, typer.Option(help="A colour, such as #C56BA8.")] = None,
    accent: Annotated[str | None, typer.Option(help="A second colour.")] = None,
    legal_name: Annotated[str | None, typer.Option(help="As on invoices.")] = None,
    address: Annotated[str | None, typer.Option(help="Lines separated by commas.")] = None,
    vat_id: Annotated[str | None, typer.Option(help="The VAT or tax number.")] = None,
    email: Annotated[str | None, typer.Option(help="For customers.")] = None,
    phone: Annotated[str | None, typer.Option(help="For customers.")] = None,
    language: Annotated[str | None, typer.Option(help="en, de, fr or es.")] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Change how a business presents itself: in the TUI, on invoices, in messages.

    Examples:

      bookra tenant brand luna --primary '#C56BA8' --logo-text 'Luna' --vat-id DE123456789
    """
    from bookra.engine.tenancy import actions
    from bookra.engine.tenancy.once import once

    given = {
        "logo_text": logo_text,
        "primary_color": primary,
        "accent_color": accent,
        "legal_name": legal_name,
        "address": "\n".join(part.strip() for part in address.split(",")) if address else None,
        "vat_id": vat_id,
        "email": email,
        "phone": phone,
        "language": language,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    output.record(
        current().engine.act(
            slug or current().tenant,
            lambda tx: once(
                tx,
                key,
                "tenant brand",
                changes,
                lambda: documents.brand(actions.set_brand(tx, changes)),
            ),
            command="tenant brand",
            dry_run=dry_run,
        )
    )
