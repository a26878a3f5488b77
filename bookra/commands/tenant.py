"""``bookra tenant``: open businesses, give them a brand, connect their providers."""

from __future__ import annotations

from enum import StrEnum
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import documents, output, tenant_policy
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.commands.tenant_rules import rules
from bookra.errors import BookraError, InvalidInputError, UnavailableError, UsageError
from bookra.money import rate_bps

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx
    from bookra.engine.tenancy.providers import ProviderAccount

app = group("Businesses: create, list, show, brand, rules, providers.")
provider_app = group("A business's accounts at Stripe, Google and WhatsApp.")
app.add_typer(provider_app, name="provider")
app.add_typer(tenant_policy.app, name="policy")
app.command()(rules)

Slug = Annotated[str, typer.Argument(help="The business's slug.")]
COLUMNS = ("slug", "name", "timezone", "currency", "country", "tax_percent")


class Provider(StrEnum):
    """The providers that a business can be connected to."""

    STRIPE = "stripe"
    GOOGLE = "google"
    WHATSAPP = "whatsapp"


NEEDED = {
    Provider.STRIPE: "success_url",
    Provider.GOOGLE: "calendar",
    Provider.WHATSAPP: "phone_number_id",
}
"""What a live account can't do without."""


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
    dry_run: DryRun = False,
) -> None:
    """Change how a business presents itself: in the TUI, on invoices, in messages.

    Examples:

      bookra tenant brand luna --primary '#C56BA8' --logo-text 'Luna' --vat-id DE123456789
    """
    from bookra.engine.tenancy import actions

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
            lambda tx: documents.brand(actions.set_brand(tx, changes)),
            command="tenant brand",
            dry_run=dry_run,
        )
    )


@provider_app.command("set")
def provider_set(
    provider: Annotated[Provider, typer.Argument(help="stripe, google or whatsapp.")],
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Use the stand-in.")] = False,
    account: Annotated[str | None, typer.Option(help="Stripe: acct_…")] = None,
    calendar: Annotated[str | None, typer.Option(help="Google: the calendar's id.")] = None,
    phone_number_id: Annotated[str | None, typer.Option(help="WhatsApp: the sender.")] = None,
    platform_fee_percent: Annotated[str, typer.Option(help="Stripe: the platform's share.")] = "0",
    success_url: Annotated[
        str | None, typer.Option(help="Stripe: the page that a customer sees after paying.")
    ] = None,
    token_file: Annotated[
        typer.FileText | None, typer.Option(help="A file with the secret key; '-' is stdin.")
    ] = None,
    key: Key = None,
) -> None:
    r"""Connect a business to a provider. The token is encrypted, and never shown again.

    Examples:

      bookra tenant provider set stripe --sandbox --platform-fee-percent 1
      bookra tenant provider set stripe --account acct_… --token-file key.txt \
        --success-url https://luna.example/thanks
    """
    from bookra.engine.tenancy.providers import ProviderAccount, Vault, set_account
    from bookra.engine.tenancy.providers import account as known

    rate_bps(platform_fee_percent)
    session = current()
    config = {
        "account": account,
        "calendar": calendar,
        "phone_number_id": phone_number_id,
        "platform_fee_percent": platform_fee_percent if provider is Provider.STRIPE else None,
        "success_url": success_url,
    }
    given = {name: value for name, value in config.items() if value}
    if sandbox:
        existing = session.ask(lambda tx: known(tx, provider.value))
        if existing is not None and existing.sandbox and given.items() <= existing.config.items():
            output.record(_document(existing))
            output.remark("It is connected to the sandbox already; nothing was changed.")
            return
        opened, token = _kept(existing) or _open_in_sandbox(provider)
        given = {**opened, **given}
    else:
        token = _live_token(provider, given, token_file)
    parameters = {"provider": provider, "sandbox": sandbox, **config}
    chosen = ProviderAccount(provider.value, sandbox, given)
    # An account that the stand-in has just opened settles in the business's currency.
    if provider is Provider.STRIPE and (account or not sandbox):
        _check_currency(chosen, token)
    vault = Vault(session.settings.key_file)

    def action(tx: Tx) -> dict[str, Any]:
        return _document(set_account(tx, vault, chosen, token))

    output.record(session.write("tenant provider set", action, parameters=parameters, key=key))


@provider_app.command("list")
def provider_list() -> None:
    """List the providers that the business is connected to; tokens are never shown.

    Examples:

      bookra tenant provider list --json
    """
    from bookra.engine.tenancy.providers import accounts

    found = current().ask(accounts)
    output.rows([_document(item) for item in found.values()], ("provider", "sandbox", "config"))


def _check_currency(chosen: ProviderAccount, token: dict[str, str]) -> None:
    """Refuse an account that settles in another currency than the business's.

    Stripe may be out of reach now: then nothing is refused, and the reconciliation tells later.
    """
    from bookra.relay.facts import settlement_currency

    session = current()
    try:
        settles_in = settlement_currency(session.settings, chosen, token)
    except BookraError as error:
        output.remark(f"Its currency could not be checked: {error.message}")
        return
    own = session.ask(lambda tx: tx.tenant.currency)
    if settles_in != own:
        raise InvalidInputError(
            "currency_differs",
            f"This account settles in {settles_in}, and the business in {own}: every amount would"
            " be converted, and nothing would add up",
            hint=f"Open an account at Stripe that settles in {own}, or add a bank account in it",
        )


def _document(found: ProviderAccount) -> dict[str, Any]:
    return {"provider": found.provider, "sandbox": found.sandbox, "config": dict(found.config)}


def _live_token(
    provider: Provider, given: dict[str, str], token_file: IO[str] | None
) -> dict[str, str]:
    """Return the token of a live account; raises UsageError when it or an id is missing."""
    option = NEEDED[provider]
    if option not in given:
        raise UsageError("usage", f"{provider} needs --{option.replace('_', '-')}")
    token = token_file.read().strip() if token_file is not None else ""
    if not token:
        raise UsageError("usage", "A live account needs --token-file", hint="'-' reads stdin")
    return {"token": token}


def _kept(existing: ProviderAccount | None) -> tuple[dict[str, str], dict[str, str]] | None:
    """Return what a stand-in's account keeps when its settings change: its ids and its token.

    None when there is none yet, or when its token can't be opened any more.
    """
    from bookra.engine.tenancy.providers import Vault, open_account

    if existing is None or not existing.sandbox:
        return None
    session = current()
    vault = Vault(session.settings.key_file)
    try:
        _, token = session.ask(lambda tx: open_account(tx, vault, existing.provider))
    except UnavailableError:
        return None
    return dict(existing.config), token


def _open_in_sandbox(provider: Provider) -> tuple[dict[str, str], dict[str, str]]:
    """Open an account at the stand-in, running or not; returns its public ids and its token."""
    from bookra import sandbox

    session = current()
    folder = session.settings.sandbox_dir
    tenant = session.ask(lambda tx: tx.tenant)
    if provider is Provider.STRIPE:
        stripe = sandbox.open_stripe_account(
            folder, country=tenant.country, currency=tenant.currency, name=tenant.name
        )
        return {"account": stripe.id}, {"token": stripe.secret_key}
    if provider is Provider.GOOGLE:
        google = sandbox.open_google_calendar(folder, name=tenant.name)
        return {"calendar": google.id}, {"token": google.token}
    sender = sandbox.open_whatsapp_sender(folder, display_name=tenant.name)
    return {"phone_number_id": sender.phone_number_id}, {"token": sender.token}
