"""Opens a tenant's clients: the account from the database, its token, and where it answers."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bookra.config import Settings, sandbox_address, sandbox_mail_address
from bookra.engine.runtime import Engine
from bookra.engine.tenancy.providers import ProviderAccount, accounts, open_account
from bookra.engine.tenancy.vault import Vault
from bookra.relay.providers.google_calendar import CalendarClient, GoogleAccess
from bookra.relay.providers.mail import NONE, TLS, MailAccess, MailClient
from bookra.relay.providers.stripe import StripeAccess, StripeGateway
from bookra.relay.providers.whatsapp import WhatsAppAccess, WhatsAppClient

Client: TypeAlias = StripeGateway | CalendarClient | WhatsAppClient | MailClient


@dataclass(frozen=True, slots=True)
class Opened:
    """A client ready to be used, and the public side of its account."""

    account: ProviderAccount
    client: Client


class Clients:
    """Clients by tenant and provider, kept open until the account or its address changes.

    Shared by the relay's threads. Raises BookraError: ``provider_not_set``, ``key_missing``,
    ``sandbox_down``.
    """

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._vault = Vault.of(settings)
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str], tuple[object, Opened]] = {}

    def stripe(self, tenant: str) -> tuple[ProviderAccount, StripeGateway]:
        """Return the tenant's Stripe account and its gateway."""
        opened = self._opened(tenant, "stripe")
        assert isinstance(opened.client, StripeGateway)
        return opened.account, opened.client

    def google(self, tenant: str) -> tuple[ProviderAccount, CalendarClient]:
        """Return the tenant's calendar account and its client."""
        opened = self._opened(tenant, "google")
        assert isinstance(opened.client, CalendarClient)
        return opened.account, opened.client

    def whatsapp(self, tenant: str) -> tuple[ProviderAccount, WhatsAppClient]:
        """Return the tenant's WhatsApp sender and its client."""
        opened = self._opened(tenant, "whatsapp")
        assert isinstance(opened.client, WhatsAppClient)
        return opened.account, opened.client

    def mail(self, tenant: str) -> tuple[ProviderAccount, MailClient]:
        """Return the tenant's mail account and its client."""
        opened = self._opened(tenant, "mail")
        assert isinstance(opened.client, MailClient)
        return opened.account, opened.client

    def sealed(self, tenant: str, provider: str) -> tuple[ProviderAccount, dict[str, str]]:
        """Return an account with its token in clear, to check what its provider sends us."""
        return self._engine.ask(tenant, lambda tx: open_account(tx, self._vault, provider))

    def all_sandboxed(self, tenant: str) -> bool:
        """Tell whether the tenant has providers, and all of them are stand-ins."""
        found = self._engine.ask(tenant, accounts)
        return bool(found) and all(item.sandbox for item in found.values())

    def close(self) -> None:
        """Close every client."""
        with self._lock:
            for _, opened in self._open.values():
                opened.client.close()
            self._open.clear()

    def _opened(self, tenant: str, provider: str) -> Opened:
        account, token, tenant_id = self._engine.ask(
            tenant, lambda tx: (*open_account(tx, self._vault, provider), tx.tenant.id)
        )
        url = self._stand_in(account) if account.sandbox else None
        state = (tenant_id, dict(account.config), token, url)
        with self._lock:
            known = self._open.get((tenant, provider))
            if known is not None and known[0] == state:
                return known[1]
            if known is not None:
                known[1].client.close()
            opened = Opened(account, _client(account, token, url))
            self._open[tenant, provider] = (state, opened)
            return opened

    def _stand_in(self, account: ProviderAccount) -> str:
        """Return where the account's stand-in answers: a URL, or ``host:port`` for mail."""
        if account.provider == "mail":
            host, port = sandbox_mail_address(self._settings)
            return f"{host}:{port}"
        return sandbox_address(self._settings)


def _client(account: ProviderAccount, token: dict[str, str], url: str | None) -> Client:
    if account.provider == "stripe":
        return StripeGateway(StripeAccess(token["token"], account.config.get("account"), url))
    if account.provider == "google":
        return CalendarClient(GoogleAccess(token["token"], url))
    if account.provider == "mail":
        return MailClient(_mail_access(account.config, token["token"], url))
    return WhatsAppClient(WhatsAppAccess(token["token"], account.config["phone_number_id"], url))


def _mail_access(config: Mapping[str, str], password: str, stand_in: str | None) -> MailAccess:
    host, port = config.get("host", ""), config.get("port", "465")
    if stand_in is not None:
        host, _, port = stand_in.rpartition(":")
    return MailAccess(
        host,
        int(port),
        NONE if stand_in is not None else config.get("security", TLS),
        config.get("user", config["sender"]),
        password,
        config["sender"],
        config.get("sender_name", ""),
    )
