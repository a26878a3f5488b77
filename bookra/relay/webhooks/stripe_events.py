"""Stripe's webhooks: an event is checked, its ids are kept in the inbox, and only then it is 200.

Nothing of the body but ids is kept, and nothing is done here: the object is fetched again by the
same handler that a polled event has. An event that comes twice, or by both ways, is kept once. One
of a kind that is not known here is kept as well: a release that knows it opens it again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from bookra.clock import from_epoch
from bookra.engine.payments import inbox
from bookra.engine.payments.inbox import Event
from bookra.engine.runtime import Engine
from bookra.relay.events.registry import HANDLERS
from bookra.relay.webhooks.accounts import Accounts, Sealed
from bookra.relay.webhooks.answering import (
    IGNORED,
    KEPT,
    KNOWN,
    MALFORMED,
    NOT_HERE,
    NOT_SIGNED,
    Answer,
    Incoming,
    document,
)
from bookra.relay.webhooks.signatures import stripe_signed

SECRET = "webhook_secret"  # noqa: S105 - the name under which it is sealed
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,255}")
LIVE_KEYS = ("sk_live_", "rk_live_")
EPOCH_RANGE = range(1, 4_102_444_800)
"""Seconds until the year 2100: what is beyond is no time of an event."""


class StripeEvents:
    """Receives the events of every business's account. Used by several threads."""

    def __init__(self, engine: Engine, accounts: Accounts, poke: Callable[[str], None]) -> None:
        self._engine = engine
        self._accounts = accounts
        self._poke = poke

    def post(self, incoming: Incoming) -> Answer:
        """Keep one event; the answer is 200 only when it is committed, or not for us."""
        header = incoming.headers.get("stripe-signature", "")

        def fits(sealed: Sealed) -> bool:
            return stripe_signed(header, incoming.body, sealed.secrets(SECRET), time.time())

        sealed, signed = self._accounts.checked(incoming.tenant, "stripe", fits)
        if not sealed.secrets(SECRET):
            return NOT_HERE
        if not signed:
            return NOT_SIGNED
        found = document(incoming.body)
        if found is None or not isinstance(found.get("type"), str):
            return MALFORMED
        if not _ours(found, sealed):
            return IGNORED
        event = _event(found)
        if event is not None:
            return self._keep(incoming.tenant, event)
        return MALFORMED if found["type"] in HANDLERS else IGNORED

    def _keep(self, tenant: str, event: Event) -> Answer:
        fresh = self._engine.act(
            tenant, lambda tx: inbox.receive(tx, [event], via="webhook"), command=None
        )
        self._poke(tenant)
        return KEPT if fresh else KNOWN


def _ours(found: dict[str, Any], sealed: Sealed) -> bool:
    """Tell whether an event is of this very account, and of its live or its test side.

    A platform's endpoint gets the events of all its accounts, and of their tests as well.
    """
    account = found.get("account")
    mine = account is None or account == sealed.account.config.get("account")
    return mine and found.get("livemode") is _live(sealed)


def _live(sealed: Sealed) -> bool:
    token = sealed.token.get("token", "")
    return not sealed.account.sandbox and token.startswith(LIVE_KEYS)


def _event(found: dict[str, Any]) -> Event | None:
    """Return the ids of an event; None when they are not what Stripe's are."""
    data = found.get("data")
    subject = data.get("object") if isinstance(data, dict) else None
    object_ref = subject.get("id") if isinstance(subject, dict) else None
    created = found.get("created")
    if not isinstance(created, int) or created not in EPOCH_RANGE:
        return None
    if not _identifier(found.get("id")) or not _identifier(object_ref):
        return None
    return Event("stripe", found["id"], found["type"], str(object_ref), from_epoch(created))


def _identifier(value: object) -> bool:
    return isinstance(value, str) and IDENTIFIER.fullmatch(value) is not None
