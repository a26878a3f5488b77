"""WhatsApp's webhooks: what became of our messages, and what customers write back.

A body may hold several entries, and those of other senders of the same app: what is ours of it is
settled in one transaction, before it is answered. Neither a number nor a text is kept or logged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bookra.clock import from_epoch
from bookra.engine.messages.replies import heard
from bookra.engine.messages.statuses import note_status
from bookra.engine.runtime import Engine, Tx
from bookra.relay.webhooks.accounts import Accounts, Sealed
from bookra.relay.webhooks.answering import (
    IGNORED,
    KEPT,
    MALFORMED,
    NOT_HERE,
    NOT_SIGNED,
    Answer,
    Incoming,
    document,
)
from bookra.relay.webhooks.signatures import meta_signed, same

APP_SECRET, VERIFY_TOKEN = "app_secret", "verify_token"
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,255}")
MESSAGE_ID = re.compile(r"[A-Za-z0-9._=+/-]{1,255}")
NUMBER = re.compile(r"[1-9][0-9]{6,14}")
SECONDS = re.compile(r"[0-9]{1,10}")
STATUSES = frozenset({"sent", "delivered", "read", "failed"})
LONGEST_TEXT = 1_000
"""Characters of a reply that are looked at: a word that opts out is short."""


@dataclass(frozen=True, slots=True)
class Status:
    """What became of a message of ours, by its id at WhatsApp, and by what we gave along."""

    message_ref: str
    status: str
    at: datetime
    error_code: str | None
    opaque: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a customer wrote. It lives no longer than the request."""

    from_e164: str
    text: str
    at: datetime


class WhatsAppChanges:
    """Receives the changes of every business's sender. Used by several threads."""

    def __init__(self, engine: Engine, accounts: Accounts) -> None:
        self._engine = engine
        self._accounts = accounts

    def get(self, incoming: Incoming) -> Answer:
        """Prove to Meta that this address is ours: answer its challenge to the right token."""
        given = incoming.query.get("hub.verify_token", "")

        def fits(sealed: Sealed) -> bool:
            return same(given, sealed.secrets(VERIFY_TOKEN))

        _, known = self._accounts.checked(incoming.tenant, "whatsapp", fits)
        challenge = incoming.query.get("hub.challenge", "")
        asked = incoming.query.get("hub.mode") == "subscribe" and CHALLENGE.fullmatch(challenge)
        return Answer(200, challenge) if known and asked else Answer(403)

    def post(self, incoming: Incoming) -> Answer:
        """Settle what a body says of our messages and customers; 200 only when it is committed."""
        header = incoming.headers.get("x-hub-signature-256", "")

        def fits(sealed: Sealed) -> bool:
            return meta_signed(header, incoming.body, sealed.secrets(APP_SECRET))

        sealed, signed = self._accounts.checked(incoming.tenant, "whatsapp", fits)
        if not sealed.secrets(APP_SECRET):
            return NOT_HERE
        if not signed:
            return NOT_SIGNED
        found = document(incoming.body)
        if found is None or not isinstance(found.get("entry"), list):
            return MALFORMED
        values = list(_values(found, sealed.account.config.get("phone_number_id")))
        statuses = [each for value in values for each in _statuses(value)]
        replies = [each for value in values for each in _replies(value)]
        if not statuses and not replies:
            return IGNORED
        self._settle(incoming.tenant, statuses, replies)
        return KEPT

    def _settle(self, tenant: str, statuses: list[Status], replies: list[Reply]) -> None:
        def action(tx: Tx) -> None:
            # In one order for everybody, so that two bodies at once don't wait for each other.
            for each in sorted(statuses, key=lambda each: (each.message_ref, each.at)):
                note_status(
                    tx,
                    each.message_ref,
                    each.status,
                    each.at,
                    each.error_code,
                    opaque=each.opaque,
                )
            for reply in sorted(replies, key=lambda reply: (reply.from_e164, reply.at)):
                heard(tx, reply.from_e164, reply.text, reply.at)

        # Who opts out has changed something of the business's; a status is the relay's own note.
        self._engine.act(tenant, action, command="relay.whatsapp-reply" if replies else None)


def _values(found: dict[str, Any], phone_number_id: str | None) -> Iterator[dict[str, Any]]:
    """Yield the changes of messages that are about this very sender."""
    for entry in _dicts(found["entry"]):
        for change in _dicts(entry.get("changes")):
            value = change.get("value")
            if change.get("field") != "messages" or not isinstance(value, dict):
                continue
            sender = value.get("metadata")
            if isinstance(sender, dict) and sender.get("phone_number_id") == phone_number_id:
                yield value


def _statuses(value: dict[str, Any]) -> Iterator[Status]:
    for each in _dicts(value.get("statuses")):
        at, identifier, became = _moment(each), str(each.get("id")), str(each.get("status"))
        if MESSAGE_ID.fullmatch(identifier) and at is not None and became in STATUSES:
            error = next(iter(_dicts(each.get("errors"))), {}).get("code")
            code = str(error) if isinstance(error, int) else None
            opaque = each.get("biz_opaque_callback_data")
            given = opaque[:512] if isinstance(opaque, str) else ""
            yield Status(identifier, became, at, code, given)


def _replies(value: dict[str, Any]) -> Iterator[Reply]:
    for each in _dicts(value.get("messages")):
        at, number = _moment(each), each.get("from")
        if at is not None and isinstance(number, str) and NUMBER.fullmatch(number):
            yield Reply(f"+{number}", _text(each), at)


def _text(message: dict[str, Any]) -> str:
    """Return what was written, or the words of the button that was pressed; "" for a picture."""
    kind = message.get("type")
    part = message.get(kind) if isinstance(kind, str) else None
    if not isinstance(part, dict):
        return ""
    if kind == "interactive":
        chosen = part.get(str(part.get("type")))
        part = chosen if isinstance(chosen, dict) else {}
    found = next((part[name] for name in ("body", "text", "title") if name in part), "")
    return found[:LONGEST_TEXT].replace("\x00", "") if isinstance(found, str) else ""


def _moment(each: dict[str, Any]) -> datetime | None:
    """Return the moment of a status or a message: a string of epoch seconds."""
    given = str(each.get("timestamp", ""))
    return from_epoch(int(given)) if SECONDS.fullmatch(given) else None


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))
