"""``bookra sandbox webhooks``: where the stand-ins send theirs, and with which secret."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated

import typer

from bookra.commands import output
from bookra.commands.session import current
from bookra.config import sandbox_address
from bookra.errors import InvalidInputError, UsageError

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

SECRET_OF = {"stripe": "webhook_secret", "whatsapp": "app_secret"}
"""The name under which the relay's receiver finds the secret of each provider."""


def webhooks(
    provider: Annotated[str | None, typer.Argument(help="stripe or whatsapp.")] = None,
    url: Annotated[str | None, typer.Argument(help="http://127.0.0.1:PORT/path.")] = None,
    secret: Annotated[
        str | None, typer.Option(help="What it signs with, as the receiver knows it.")
    ] = None,
    relay: Annotated[
        str | None, typer.Option(help="The business's door at a relay: 127.0.0.1:8787.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Send there no more.")] = False,
) -> None:
    """Send a stand-in's webhooks to an address on this machine, or list where they go.

    --relay makes both sides agree on a secret. Deliveries are tried for three days until they are
    answered with 2xx, as Stripe does.

    Examples:

      bookra sandbox webhooks
      bookra sandbox webhooks stripe --relay 127.0.0.1:8787
      bookra sandbox webhooks stripe http://127.0.0.1:9000/hook --secret whsec_1
      bookra sandbox webhooks stripe --off
    """
    from bookra.sandbox import SandboxClient

    client = SandboxClient(sandbox_address(current().settings))
    if provider is not None and off:
        client.forget_webhooks(provider, url)
    elif provider is not None:
        if relay is not None:
            url, secret = _door(provider, relay), _agreed(provider)
        if url is None or secret is None:
            raise UsageError("usage", "A webhook needs --relay, or an address and --secret")
        client.register_webhook(url, secret, provider=provider)
    columns = ("provider", "url", "waiting")
    output.rows(client.webhooks(), columns, empty="Webhooks go nowhere.")


def _door(provider: str, relay: str) -> str:
    if provider not in SECRET_OF:
        raise InvalidInputError(
            "provider_unknown", f"'{provider}' sends no webhooks here", hint="stripe or whatsapp"
        )
    return f"http://{relay}/{provider}/{current().tenant}"


def _agreed(provider: str) -> str:
    """Return the secret that the business's account has; one is made and sealed without it.

    Raises NotFoundError (``provider_not_set``);
    InvalidInputError (``not_in_sandbox``) for an account that is no stand-in's.
    """
    from bookra.engine.tenancy.providers import open_account, set_account
    from bookra.engine.tenancy.vault import Vault

    session = current()
    vault, name = Vault.of(session.settings), SECRET_OF[provider]

    def action(tx: Tx) -> str:
        account, token = open_account(tx, vault, provider)
        if not account.sandbox:
            raise InvalidInputError(
                "not_in_sandbox",
                f"{session.tenant}'s {provider} account is no stand-in's",
                hint=f"Connect one: bookra tenant provider set {provider} --sandbox",
            )
        if name not in token:
            made = {name: f"whsec_{secrets.token_hex(24)}", "verify_token": secrets.token_hex(12)}
            token = {**made, **token}
            set_account(tx, vault, account, token)
        return token[name].split()[0]

    return session.engine.act(session.tenant, action, command="sandbox webhooks")
