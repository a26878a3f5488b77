"""A WhatsApp Cloud API on loopback: template messages, and the statuses that follow them.

As with the real one there is no idempotency at all: the same request twice is two messages.
Refusals have Graph's shape, with the codes of
https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import sqlite3
from typing import Any

from bookra.sandbox import webhooks
from bookra.sandbox.state import Json, State, now, random_id, setting, token_owner
from bookra.sandbox.wire import Reply, Request

_PATH = re.compile(r"/v\d{1,2}\.\d/(\d{1,20})/messages")
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_NUMBER = re.compile(r"\+?\d{7,15}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")
UNREACHABLE = "00000"
"""Numbers that end so are not on WhatsApp: their message is accepted, and fails later."""


class GraphRefusedError(Exception):
    """A request that the Graph API would refuse."""

    def __init__(
        self, status: int, code: int, message: str, *, kind: str = "OAuthException"
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.kind = kind

    def body(self) -> Json:
        """Return the JSON document that Graph answers with."""
        error: Json = {
            "message": f"(#{self.code}) {self.message}",
            "type": self.kind,
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.message},
            "fbtrace_id": random_id("A", 22),
        }
        if self.code in (1, 2):
            error["is_transient"] = True
        return {"error": error}


_FAULTS = {
    "500": (500, 2, "Service temporarily unavailable"),
    "409": (409, 2, "Service temporarily unavailable"),
    "429": (429, 130429, "Rate limit hit"),
}


class WhatsAppApi:
    """The Cloud API over one state file."""

    def __init__(self, state: State) -> None:
        self._state = state

    def answer(self, request: Request, fault: str | None = None) -> Reply:
        """Return Graph's reply; ``fault`` is one of 500, 500-after, 409 or 429."""
        try:
            if fault in _FAULTS:
                raise GraphRefusedError(*_FAULTS[fault])
            with self._state.writing() as tx:
                accepted = _send(tx, request)
            if fault == "500-after":
                raise GraphRefusedError(*_FAULTS["500"])
        except GraphRefusedError as refusal:
            return Reply.of_json(refusal.status, refusal.body())
        return Reply.of_json(200, accepted)


def _send(tx: sqlite3.Connection, request: Request) -> Json:
    path = _PATH.fullmatch(request.path)
    owner = token_owner(tx, request.bearer or "", provider="whatsapp")
    if owner is None:
        raise GraphRefusedError(401, 190, "Invalid OAuth access token")
    if path is None or request.method != "POST" or path[1] != owner:
        raise GraphRefusedError(
            400,
            100,
            f"Unsupported {request.method.lower()} request. Object with ID does not exist, cannot "
            "be loaded due to missing permissions, or does not support this operation",
            kind="GraphMethodException",
        )
    message = _checked(request)
    recipient = str(message["to"]).lstrip("+")
    identifier = _accept(tx, owner, recipient, message)
    return {
        "messaging_product": "whatsapp",
        "contacts": [{"input": message["to"], "wa_id": recipient}],
        "messages": [{"id": identifier, "message_status": "accepted"}],
    }


def _accept(tx: sqlite3.Connection, sender: str, recipient: str, message: Json) -> str:
    """Store the message with the statuses that follow it, and return its id."""
    identifier = "wamid." + base64.b64encode(secrets.token_bytes(27)).decode()
    tx.execute(
        "INSERT INTO messages (id, sender, recipient, template, booking, created, body) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            identifier,
            sender,
            recipient,
            message.get("template", {}).get("name"),
            _booking_of(message),
            now(tx),
            json.dumps(message),
        ),
    )
    steps = ("failed",) if recipient.endswith(UNREACHABLE) else ("sent", "delivered")
    for status in steps:
        _record_status(tx, sender, identifier, recipient, message, status)
    return identifier


def _booking_of(message: Json) -> str | None:
    """Return the booking's code: what stands before the first slash of what travels along."""
    opaque = message.get("biz_opaque_callback_data")
    return opaque.partition("/")[0] or None if isinstance(opaque, str) else None


def _checked(request: Request) -> Json:
    try:
        message: Any = request.json()
    except ValueError:
        message = None
    if not isinstance(message, dict):
        raise GraphRefusedError(400, 100, "Invalid parameter: the body is not a JSON object")
    if message.get("messaging_product") != "whatsapp":
        raise _missing("messaging_product")
    if not isinstance(message.get("to"), str):
        raise _missing("to")
    if not _NUMBER.fullmatch(message["to"]):
        raise GraphRefusedError(400, 131009, "Parameter value is not valid: to")
    opaque = message.get("biz_opaque_callback_data", "")
    if not isinstance(opaque, str) or len(opaque) > 512:
        raise GraphRefusedError(
            400, 131009, "Parameter value is not valid: biz_opaque_callback_data"
        )
    kind = message.get("type", "text")
    if kind == "template":
        _check_template(message.get("template"))
    elif kind == "text":
        raise GraphRefusedError(
            400,
            131047,
            "Re-engagement message: more than 24 hours have passed since the customer wrote",
        )
    else:
        raise GraphRefusedError(400, 131051, "Unsupported message type")
    return message


def _check_template(template: Any) -> None:
    if not isinstance(template, dict):
        raise _missing("template")
    if not isinstance(template.get("name"), str):
        raise _missing("template['name']")
    language = template.get("language")
    if not isinstance(language, dict) or not isinstance(language.get("code"), str):
        raise _missing("template['language']['code']")
    if not _NAME.fullmatch(template["name"]) or not _LANGUAGE.fullmatch(language["code"]):
        raise GraphRefusedError(404, 132001, "Template name does not exist in the translation")
    components = template.get("components", [])
    if not isinstance(components, list):
        raise GraphRefusedError(400, 100, "Param template['components'] must be an array.")
    for component in components:
        _check_component(component)


def _check_component(component: Any) -> None:
    kinds = ("header", "body", "button")
    if not isinstance(component, dict) or str(component.get("type")).lower() not in kinds:
        raise GraphRefusedError(400, 100, f"Param type must be one of {{{', '.join(kinds)}}}")
    for parameter in component.get("parameters", []):
        if not isinstance(parameter, dict) or "type" not in parameter:
            raise _missing("template['components']['parameters']['type']")
        text = parameter.get("text")
        if parameter["type"] == "text" and (not isinstance(text, str) or not text):
            raise GraphRefusedError(400, 131008, "Required parameter is missing: text")
        if parameter["type"] == "text" and re.search(r"[\n\t]| {5,}", text or ""):
            raise GraphRefusedError(
                400, 132018, "Param text cannot have new-line/tab characters or more than 4 spaces"
            )


def _missing(name: str) -> GraphRefusedError:
    return GraphRefusedError(400, 100, f"The parameter {name} is required.")


def _record_status(
    tx: sqlite3.Connection, sender: str, identifier: str, recipient: str, message: Json, status: str
) -> None:
    """Store a status as the webhook document that Meta would post, and queue it."""
    at = now(tx)
    entry: Json = {
        "id": identifier,
        "status": status,
        "timestamp": str(at),
        "recipient_id": recipient,
    }
    if "biz_opaque_callback_data" in message:
        entry["biz_opaque_callback_data"] = message["biz_opaque_callback_data"]
    if status == "failed":
        entry["errors"] = [{"code": 131026, "title": "Message undeliverable"}]
    name = setting(tx, f"whatsapp_sender_{sender}") or "Sandbox"
    metadata = {"display_phone_number": name, "phone_number_id": sender}
    value = {"messaging_product": "whatsapp", "metadata": metadata, "statuses": [entry]}
    document: Json = {
        "object": "whatsapp_business_account",
        "entry": [{"id": f"9{sender}", "changes": [{"field": "messages", "value": value}]}],
    }
    tx.execute(
        "INSERT INTO message_statuses (message, body) VALUES (?, ?)",
        (identifier, json.dumps(document)),
    )
    webhooks.queue(tx, "whatsapp", document)
