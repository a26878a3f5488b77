"""Opens a tenant's clients: the account from the database, its token, and where it answers."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TypeAlias

from bookra.config import Settings, sandbox_address
from bookra.engine.runtime import Engine
from bookra.engine.tenancy.providers import ProviderAccount, Vault, accounts, open_account
from bookra.relay.providers.google_calendar import CalendarClient, GoogleAccess
from bookra.relay.providers.stripe import StripeAccess, StripeGateway
from bookra.relay.providers.whatsapp import WhatsAppAccess, WhatsAppClient

Client: TypeAlias = StripeGateway | CalendarClient | WhatsAppClient


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
        self._vault = Vault(settings.key_file)
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
        url = sandbox_address(self._settings) if account.sandbox else None
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


def _client(account: ProviderAccount, token: dict[str, str], url: str | None) -> Client:
    if account.provider == "stripe":
        return StripeGateway(StripeAccess(token["token"], account.config.get("account"), url))
    if account.provider == "google":
        return CalendarClient(GoogleAccess(token["token"], url))
    return WhatsAppClient(WhatsAppAccess(token["token"], account.config["phone_number_id"], url))
