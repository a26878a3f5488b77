"""``bookra tenant provider``: connect a business to its accounts at the providers.

``set`` has a command a provider, with the options of that provider alone. Each says what its
account needs and how the stand-in opens one; `connect` does the rest for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from bookra.commands import output, tenant_google, tenant_stripe, webhook_secrets
from bookra.commands.connecting import Opened, Wanted, connect, document
from bookra.commands.options import Key, group
from bookra.commands.session import current
from bookra.errors import InvalidInputError, UsageError
from bookra.money import rate_bps

if TYPE_CHECKING:
    from bookra.engine.business import Tenant

app = group("A business's accounts at Stripe, Google, WhatsApp and for mail.")
set_app = group("Connect a business to a provider. Tokens are encrypted, and never shown again.")
check_app = group("Ask a provider what the business's account may do.")
app.add_typer(set_app, name="set")
app.add_typer(check_app, name="check")

Sandbox = Annotated[bool, typer.Option("--sandbox", help="Use the stand-in.")]
TokenFile = Annotated[
    typer.FileText | None, typer.Option(help="A file with the secret key; '-' is stdin.")
]


class Security(StrEnum):
    """How the wire to a mail server is encrypted: from the first byte, or on demand."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


STANDARD_PORTS = {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25}


@set_app.command("stripe")
def set_stripe(
    sandbox: Sandbox = False,
    account: Annotated[str | None, typer.Option(help="The account: acct_…")] = None,
    platform_fee_percent: Annotated[str, typer.Option(help="The platform's share.")] = "0",
    success_url: Annotated[
        str | None, typer.Option(help="The page that a customer sees after paying.")
    ] = None,
    connect_: Annotated[
        bool, typer.Option("--connect", help="Open an account, with the platform's key.")
    ] = False,
    country: Annotated[str | None, typer.Option(help="--connect: where it is, as DE.")] = None,
    email: Annotated[str | None, typer.Option(help="--connect: the owner's address.")] = None,
    webhook_secret: webhook_secrets.WebhookSecret = None,
    token_file: TokenFile = None,
    key: Key = None,
) -> None:
    r"""Take payments with an account at Stripe.

    --connect opens one and prints the page where its owner goes on; again, it prints a fresh page.
    --webhook-secret alone is sealed with the account that is connected already.

    Examples:

      bookra tenant provider set stripe --sandbox --platform-fee-percent 1
      bookra tenant provider set stripe --sandbox --connect --email owner@luna.example
      bookra tenant provider set stripe --account acct_… --token-file key.txt \
        --success-url https://luna.example/thanks
      bookra tenant provider set stripe --webhook-secret secret.txt
    """
    rate_bps(platform_fee_percent)
    secrets = webhook_secrets.read({"webhook_secret": webhook_secret})
    if secrets and not (sandbox or account or token_file):
        webhook_secrets.add("stripe", secrets, key=key)
        return
    config = {
        "account": account,
        "platform_fee_percent": platform_fee_percent,
        "success_url": success_url,
    }
    if connect_:
        if account or secrets:
            raise UsageError("usage", "--connect opens an account: leave --account out")
        tenant_stripe.open_connected(
            config, sandbox=sandbox, country=country, email=email, token_file=token_file, key=key
        )
        return
    # An account that the stand-in has just opened settles in the business's currency.
    checks = tenant_stripe.check_currency if account or not sandbox else None
    wanted = Wanted(
        "stripe",
        sandbox,
        config,
        "success_url",
        token_file,
        tenant_stripe.opened_in_sandbox,
        checks,
    )
    connect(replace(wanted, secrets=secrets), key=key)


@set_app.command("google")
def set_google(
    sandbox: Sandbox = False,
    calendar: Annotated[str | None, typer.Option(help="The business's calendar: its id.")] = None,
    service_account: Annotated[
        typer.FileText | None, typer.Option(help="The JSON key of a service account.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option(help="Whom the service account acts for, within a domain.")
    ] = None,
    oauth_client: Annotated[
        typer.FileText | None, typer.Option(help="The JSON of a client for desktop programs.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser")] = True,
    token_file: TokenFile = None,
    key: Key = None,
) -> None:
    """Show bookings in calendars at Google, and know when staff are busy there.

    Examples:

      bookra tenant provider set google --sandbox
      bookra tenant provider set google --calendar luna@… --service-account key.json
      bookra tenant provider set google --oauth-client client.json --no-browser
    """
    token = tenant_google.credential(
        sandbox=sandbox,
        service_account=service_account,
        subject=subject,
        oauth_client=oauth_client,
        browser=browser,
    )
    if calendar is None and (subject or oauth_client is not None):
        calendar = tenant_google.PRIMARY
    if token is not None and calendar is not None:
        tenant_google.check(calendar, token, sandbox=sandbox)
    wanted = Wanted(
        "google", sandbox, {"calendar": calendar}, "calendar", token_file, _open_google, token=token
    )
    connect(wanted, key=key)


@set_app.command("whatsapp")
def set_whatsapp(
    sandbox: Sandbox = False,
    phone_number_id: Annotated[str | None, typer.Option(help="The sender's id.")] = None,
    app_secret: webhook_secrets.AppSecret = None,
    verify_token: webhook_secrets.VerifyToken = None,
    token_file: TokenFile = None,
    key: Key = None,
) -> None:
    """Write to customers from a number at WhatsApp.

    --app-secret and --verify-token alone are sealed with the account that is connected already.

    Examples:

      bookra tenant provider set whatsapp --sandbox
      bookra tenant provider set whatsapp --phone-number-id 1065… --token-file key.txt
      bookra tenant provider set whatsapp --app-secret app.txt --verify-token word.txt
    """
    secrets = webhook_secrets.read({"app_secret": app_secret, "verify_token": verify_token})
    if secrets and not (sandbox or phone_number_id or token_file):
        webhook_secrets.add("whatsapp", secrets, key=key)
        return
    config = {"phone_number_id": phone_number_id}
    wanted = Wanted("whatsapp", sandbox, config, "phone_number_id", token_file, _open_whatsapp)
    connect(replace(wanted, secrets=secrets), key=key)


@set_app.command("mail")
def set_mail(
    sandbox: Sandbox = False,
    host: Annotated[str | None, typer.Option(help="The server: smtp.example.com")] = None,
    port: Annotated[int | None, typer.Option(help="Its port; 465 or 587.", min=1)] = None,
    security: Annotated[Security, typer.Option(help="How the wire is encrypted.")] = Security.TLS,
    user: Annotated[str | None, typer.Option(help="The login there.")] = None,
    sender: Annotated[str | None, typer.Option(help="The address that mails come from.")] = None,
    sender_name: Annotated[str | None, typer.Option(help="Its name; the business's own.")] = None,
    token_file: TokenFile = None,
    key: Key = None,
) -> None:
    r"""Write to customers by e-mail, from a server that the business may send through.

    Examples:

      bookra tenant provider set mail --sandbox
      bookra tenant provider set mail --host smtp.example.com --user luna \
        --sender hello@luna.example --token-file password.txt
    """
    config = {
        "host": host,
        "port": None if host is None else str(port or STANDARD_PORTS[security]),
        "security": None if host is None else security.value,
        "user": user or (sender if host else None),
        "sender": sender,
        "sender_name": sender_name,
    }
    if not sandbox:
        check_mail(config)
    connect(Wanted("mail", sandbox, config, "host", token_file, _open_mail), key=key)


@app.command("list")
def list_() -> None:
    """List the providers that the business is connected to; tokens are never shown.

    Examples:

      bookra tenant provider list --json
    """
    from bookra.engine.tenancy.providers import accounts

    found = current().ask(accounts)
    columns = ("provider", "sandbox", "state", "config")
    output.rows([document(item) for item in found.values()], columns)


@check_app.command("stripe")
def check_stripe(
    link: Annotated[bool, typer.Option("--link", help="With a fresh page to go on.")] = False,
) -> None:
    """Ask Stripe what the account may do now, and what is missing.

    Examples:

      bookra tenant provider check stripe --link
    """
    tenant_stripe.check(link=link)


def check_mail(config: Mapping[str, str | None]) -> None:
    """Refuse a mail account that no mail could go out by, or only in the clear."""
    sender, host = config["sender"], config["host"]
    if sender is None or not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", sender):
        raise InvalidInputError(
            "bad_email",
            f"'{sender or ''}' is no address to send mails from",
            hint="Such as: --sender hello@luna.example",
        )
    if config["security"] == Security.NONE and host not in ("localhost", "127.0.0.1", "::1"):
        raise InvalidInputError(
            "not_encrypted",
            f"Mails to {host} would travel in the clear, and the password with them",
            hint="Use --security tls or starttls; none is for a server on this machine",
        )


def _open_google(tenant: Tenant) -> Opened:
    from bookra import sandbox

    opened = sandbox.open_google_calendar(current().settings.sandbox_dir, name=tenant.name)
    return {"calendar": opened.id}, {"token": opened.token}


def _open_whatsapp(tenant: Tenant) -> Opened:
    from bookra import sandbox

    opened = sandbox.open_whatsapp_sender(current().settings.sandbox_dir, display_name=tenant.name)
    return {"phone_number_id": opened.phone_number_id}, {"token": opened.token}


def _open_mail(tenant: Tenant) -> Opened:
    from bookra import sandbox

    sender = tenant.brand.email or f"bookings@{tenant.slug}.example"
    opened = sandbox.open_mail_account(current().settings.sandbox_dir, sender=sender)
    return {"sender": sender, "user": sender}, {"token": opened.password}
