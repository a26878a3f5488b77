"""``bookra tenant provider``: connect a business to its accounts at the providers.

``set`` has a command a provider, with the options of that provider alone. Each says what its
account needs and how the stand-in opens one; `connect` does the rest for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import IO, TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from bookra.commands import output, tenant_google, webhook_secrets
from bookra.commands.options import Key, group
from bookra.commands.session import current
from bookra.errors import BookraError, InvalidInputError, UnavailableError, UsageError
from bookra.money import rate_bps

if TYPE_CHECKING:
    from bookra.engine.runtime import Tenant, Tx
    from bookra.engine.tenancy.providers import ProviderAccount

app = group("A business's accounts at Stripe, Google, WhatsApp and for mail.")
set_app = group("Connect a business to a provider. Tokens are encrypted, and never shown again.")
app.add_typer(set_app, name="set")

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

Opened: TypeAlias = tuple[dict[str, str], dict[str, str]]
"""The public ids of an account, and its token."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An account to be connected: ``config`` has None for what was not given.

    ``needs`` names the option that a live account can't do without. ``opens`` opens an account at
    the stand-in, running or not; ``checks`` refuses what doesn't fit the business. ``token`` is
    one that was come by already, at the stand-in too. ``secrets`` are those of its webhooks.
    """

    provider: str
    sandbox: bool
    config: Mapping[str, str | None]
    needs: str
    token_file: IO[str] | None
    opens: Callable[[Tenant], Opened]
    checks: Callable[[ProviderAccount, dict[str, str]], None] | None = None
    token: str | None = field(default=None, repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@set_app.command("stripe")
def set_stripe(
    sandbox: Sandbox = False,
    account: Annotated[str | None, typer.Option(help="The account: acct_…")] = None,
    platform_fee_percent: Annotated[str, typer.Option(help="The platform's share.")] = "0",
    success_url: Annotated[
        str | None, typer.Option(help="The page that a customer sees after paying.")
    ] = None,
    webhook_secret: webhook_secrets.WebhookSecret = None,
    token_file: TokenFile = None,
    key: Key = None,
) -> None:
    r"""Take payments with an account at Stripe.

    --webhook-secret alone is sealed with the account that is connected already.

    Examples:

      bookra tenant provider set stripe --sandbox --platform-fee-percent 1
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
    # An account that the stand-in has just opened settles in the business's currency.
    checks = check_currency if account or not sandbox else None
    wanted = Wanted("stripe", sandbox, config, "success_url", token_file, _open_stripe, checks)
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
    output.rows([document(item) for item in found.values()], ("provider", "sandbox", "config"))


def connect(wanted: Wanted, *, key: str | None) -> None:
    """Store the account and its token, or say that the stand-in's is connected already.

    Raises UsageError when a live account lacks its token or an id, and what ``checks`` raises.
    """
    from bookra.engine.tenancy.providers import ProviderAccount, Vault, set_account
    from bookra.engine.tenancy.providers import account as known

    session = current()
    given = {name: value for name, value in wanted.config.items() if value}
    if wanted.token is not None:
        token = _given_token(wanted, given)
    elif wanted.sandbox:
        existing = session.ask(lambda tx: known(tx, wanted.provider))
        same = existing is not None and given.items() <= existing.config.items()
        if existing is not None and existing.sandbox and same and not wanted.secrets:
            output.record(document(existing))
            output.remark("It is connected to the sandbox already; nothing was changed.")
            return
        opened, token = _kept(existing) or wanted.opens(session.ask(lambda tx: tx.tenant))
        given = {**opened, **given}
    else:
        token = _live_token(wanted, given)
    chosen = ProviderAccount(wanted.provider, wanted.sandbox, given)
    if wanted.checks is not None:
        wanted.checks(chosen, token)
    token = {**webhook_secrets.kept(wanted.provider), **token, **wanted.secrets}
    vault = Vault(session.settings.key_file)

    def action(tx: Tx) -> dict[str, Any]:
        return document(set_account(tx, vault, chosen, token))

    parameters = {"provider": wanted.provider, "sandbox": wanted.sandbox, **wanted.config}
    output.record(session.write("tenant provider set", action, parameters=parameters, key=key))


def check_currency(chosen: ProviderAccount, token: dict[str, str]) -> None:
    """Refuse an account at Stripe that settles in another currency than the business's.

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


def document(found: ProviderAccount) -> dict[str, Any]:
    """Return what is shown of an account; its token is not."""
    return {"provider": found.provider, "sandbox": found.sandbox, "config": dict(found.config)}


def _given_token(wanted: Wanted, given: dict[str, str]) -> dict[str, str]:
    """Return the token that was come by; raises UsageError when the account's id is missing."""
    if wanted.needs not in given:
        raise UsageError("usage", f"{wanted.provider} needs --{wanted.needs.replace('_', '-')}")
    return {"token": wanted.token or ""}


def _live_token(wanted: Wanted, given: dict[str, str]) -> dict[str, str]:
    """Return the token of a live account; raises UsageError when it or an id is missing."""
    _given_token(wanted, given)
    token = wanted.token_file.read().strip() if wanted.token_file is not None else ""
    if not token:
        raise UsageError("usage", "A live account needs --token-file", hint="'-' reads stdin")
    return {"token": token}


def _kept(existing: ProviderAccount | None) -> Opened | None:
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


def _open_stripe(tenant: Tenant) -> Opened:
    from bookra import sandbox

    opened = sandbox.open_stripe_account(
        current().settings.sandbox_dir,
        country=tenant.country,
        currency=tenant.currency,
        name=tenant.name,
    )
    return {"account": opened.id}, {"token": opened.secret_key}


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
