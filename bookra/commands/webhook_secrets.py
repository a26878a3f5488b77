"""The secrets that a business's webhooks are checked by: sealed with the token of its account.

Each file may hold several, one a line: while a provider goes over from one secret to the next, what
is signed with either is good. The file with the new one alone ends that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import output
from bookra.commands.files import text_of
from bookra.commands.session import current
from bookra.errors import UsageError

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

WebhookSecret = Annotated[
    typer.FileText | None,
    typer.Option(help="A file with the webhook's signing secret, whsec_…; '-' is stdin."),
]
AppSecret = Annotated[
    typer.FileText | None,
    typer.Option(help="A file with the app's secret at Meta; '-' is stdin."),
]
VerifyToken = Annotated[
    typer.FileText | None,
    typer.Option(help="A file with the word that Meta must say when it first calls."),
]

MOST = 4
"""Secrets of one kind: each costs a digest for every webhook that comes."""


def read(files: Mapping[str, IO[str] | None]) -> dict[str, str]:
    """Return what the files hold, by the name under which it is sealed; raises UsageError."""
    found = {name: text_of(file).split() for name, file in files.items() if file is not None}
    for name, words in found.items():
        if not 1 <= len(words) <= MOST:
            raise UsageError(
                "usage",
                f"The file for --{name.replace('_', '-')} holds {len(words)} secrets",
                hint=f"Write one a line, {MOST} at most",
            )
    return {name: "\n".join(words) for name, words in found.items()}


def kept(provider: str) -> dict[str, str]:
    """Return the secrets that an account has already: a new token must not take them away."""
    from bookra.engine.tenancy.providers import open_account
    from bookra.engine.tenancy.vault import Vault
    from bookra.errors import BookraError

    session = current()
    vault = Vault.of(session.settings)
    try:
        _, token = session.ask(lambda tx: open_account(tx, vault, provider))
    except BookraError:  # there is none, or its token can't be opened any more
        return {}
    return {
        name: token[name]
        for name in ("webhook_secret", "app_secret", "verify_token")
        if name in token
    }


def add(provider: str, secrets: Mapping[str, str], *, key: str | None) -> None:
    """Seal secrets with the account that there is; nothing else of it changes.

    Raises NotFoundError (``provider_not_set``).
    """
    from bookra.commands.connecting import document
    from bookra.engine.tenancy.providers import open_account, set_account
    from bookra.engine.tenancy.vault import Vault

    session = current()
    vault = Vault.of(session.settings)

    def action(tx: Tx) -> dict[str, Any]:
        account, token = open_account(tx, vault, provider)
        return document(set_account(tx, vault, account, {**token, **secrets}))

    parameters = {"provider": provider, "secrets": sorted(secrets)}
    output.record(session.write("tenant provider set", action, parameters=parameters, key=key))
    output.remark("Webhooks are checked by it from now on: bookra relay run --webhooks HOST:PORT")
