"""Payments that go through Stripe as JSON documents, and in words for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bookra.commands import documents, output
from bookra.commands.session import current

if TYPE_CHECKING:
    from bookra.engine.payments.cards import SavedCard
    from bookra.engine.payments.operations import Operation


def payment(found: Operation, zone: ZoneInfo) -> dict[str, Any]:
    """``id kind purpose state amount url? failure?``: what was asked of Stripe, how far it came."""
    document: dict[str, Any] = {
        "id": str(found.id),
        "kind": found.kind,
        "purpose": found.purpose,
        "state": found.state,
        "amount": documents.money(found.amount),
    }
    if found.tip:
        document["tip"] = documents.money(found.tip)
    if found.url is not None and found.state == "open":
        document["url"] = found.url
        document["until"] = documents.instant(found.expires_at, zone)
    if found.failure is not None:
        document["failure"] = found.failure
    if found.reason:
        document["reason"] = found.reason
    return document


def saved_card(found: SavedCard) -> dict[str, Any]:
    """``id brand last4 expires``: a card as a receipt shows it."""
    expires = found.expires_on.isoformat() if found.expires_on else None
    return {"id": str(found.id), "brand": found.brand, "last4": found.last4, "expires": expires}


def in_words(document: dict[str, Any]) -> str:
    """Return a payment's document as a person reads it: ``saved-card 23.00 EUR: succeeded``."""
    became = document.get("failure") or document["state"]
    tip = f" (tip {output.cell(document['tip'])})" if "tip" in document else ""
    purpose = "" if document["purpose"] == "balance" else f" {document['purpose']}"
    return f"{document['kind']}{purpose} {output.cell(document['amount'])}{tip}: {became}"


def shown(document: dict[str, Any]) -> dict[str, Any]:
    """Return a booking's document for ``output.record``: payments in words on a terminal."""
    if current().format != "table":
        return document
    words = dict(document)
    if "payment" in words:
        words["payment"] = in_words(words["payment"])
    if "payments" in words:
        words["payments"] = [in_words(each) for each in words["payments"]]
    return words
