"""A provider that sends webhooks: it signs as Stripe and Meta do, well or badly as asked."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from connected import Connected
from sqlalchemy import text
from trusting import NOBODY

from bookra.engine.runtime import Engine
from bookra.engine.tenancy.providers import open_account, set_account
from bookra.engine.tenancy.vault import Vault
from bookra.relay.access import Clients
from bookra.relay.inbound import Inbound
from bookra.relay.webhooks.receiver import Receiver

WEBHOOK_SECRET = "whsec_current"
APP_SECRET = "app-secret"
VERIFY_TOKEN = "verify-me"

INBOX = text(
    "SELECT event_ref, kind, object_ref, via, handled_at, outcome FROM inbox"
    " WHERE tenant_id = :tenant_id ORDER BY received_at, id"
)


@dataclass
class Poked:
    """Notes which businesses have events to be handled."""

    slugs: list[str] = field(default_factory=list)

    def poke(self, slug: str) -> None:
        self.slugs.append(slug)


@dataclass(frozen=True)
class Sender:
    """Sends webhooks for one business to the receiver at ``url``."""

    luna: Connected
    url: str
    poked: Poked

    def event(self, kind: str = "checkout.session.completed", **changes: Any) -> dict[str, Any]:
        """Return an event as Stripe describes it, of the business's account."""
        event = {
            "id": "evt_1Q8xTest",
            "object": "event",
            "api_version": "2026-10-28.endive",
            "account": self.luna.stripe.id,
            "created": int(time.time()),
            "type": kind,
            "livemode": False,
            "data": {"object": {"id": "cs_test_1", "object": "checkout.session"}},
        }
        return {**event, **changes}

    def stripe(
        self,
        event: Any,
        *,
        secret: str = WEBHOOK_SECRET,
        ahead_seconds: int = 0,
        header: str | None = None,
        tenant: str | None = None,
    ) -> httpx.Response:
        """Send an event; a ``header`` replaces the signature."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        at = int(time.time()) + ahead_seconds
        signed = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
        headers = {"Stripe-Signature": f"t={at},v1={signed}" if header is None else header}
        return self.post(f"/stripe/{tenant or self.luna.slug}", body, headers)

    def whatsapp(self, document: Any, *, secret: str = APP_SECRET) -> httpx.Response:
        """Send one of Meta's bodies."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        signed = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={signed}"}
        return self.post(f"/whatsapp/{self.luna.slug}", body, headers)

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """Post a body as it is."""
        sent = {"Content-Type": "application/json", **headers}
        return httpx.post(
            f"{self.url}{path}", content=body, headers=sent, trust_env=False, verify=NOBODY
        )

    def get(self, path: str, **query: str) -> httpx.Response:
        """Ask for a path."""
        return httpx.get(f"{self.url}{path}", params=query, trust_env=False, verify=NOBODY)

    def inbox(self) -> list[Any]:
        """Return what is kept of the business's events."""
        return list(self.luna.salon.ask(lambda tx: tx.rows(INBOX)))


def seal(luna: Connected, provider: str, **secrets: str) -> None:
    """Add secrets to a business's account at a provider."""
    vault = Vault(luna.settings.key_file)

    def action(tx: Any) -> None:
        account, token = open_account(tx, vault, provider)
        set_account(tx, vault, account, {**token, **secrets})

    luna.salon.act(action)


@contextmanager
def receiving(
    luna: Connected,
    engine: Engine | None = None,
    *,
    sealed: bool = True,
    inbound: Inbound | None = None,
) -> Iterator[Sender]:
    """Receive webhooks on a free port, with secrets for Stripe and for WhatsApp."""
    if sealed:
        seal(luna, "stripe", webhook_secret=WEBHOOK_SECRET)
        seal(luna, "whatsapp", app_secret=APP_SECRET, verify_token=VERIFY_TOKEN)
    poked, used = Poked(), engine or luna.salon.engine
    clients = Clients(used, luna.settings)
    receiver = Receiver(used, clients, inbound or poked, "127.0.0.1:0")
    receiver.start()
    try:
        yield Sender(luna, receiver.url, poked)
    finally:
        receiver.stop()
        clients.close()
