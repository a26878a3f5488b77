"""Whom a message reaches, and how: their addresses, their language and what they don't want."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from bookra.engine.business import Tenant
from bookra.engine.messages.model import ANSWER, Channel, Template
from bookra.engine.messages.own_words import own_languages
from bookra.engine.messages.wording import speech
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.providers import account
from bookra.errors import InvalidInputError, NotFoundError

REMINDERS, EVERYTHING = "reminders", "everything"
"""What a customer may opt out of."""

BY_ID = text(
    """
    SELECT id, name, phone, email, language, opted_out_of, wrote_at
      FROM customers WHERE tenant_id = :tenant_id AND id = :id
    """
)

SPEAKS = text(
    "UPDATE customers SET language = :language, changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND id = :id AND language <> :language"
)
TAG = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?", re.IGNORECASE)
"""A language of BCP 47, perhaps with a script and a region: de, pt-BR, sr-Latn-RS."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who may get a message. ``wrote_at`` is when they last wrote by WhatsApp."""

    id: UUID | None
    name: str
    phone: str | None = field(repr=False)
    email: str | None = field(repr=False)
    language: str = ""
    opted_out_of: str | None = None
    wrote_at: datetime | None = None

    def takes(self, template: Template, channel: Channel) -> bool:
        """Tell whether they can be reached so, and want such a message.

        Who wants nothing here gets what a visit needs by mail, and nothing unasked at all.
        """
        if (self.phone if channel is Channel.WHATSAPP else self.email) is None:
            return False
        if template.name == ANSWER or self.opted_out_of is None:
            return True
        if template.unasked:
            return False
        return self.opted_out_of == REMINDERS or channel is Channel.MAIL


def recipient(tx: Tx, customer_id: UUID) -> Recipient:
    """Return a customer as a recipient; raises NotFoundError (``unknown_customer``)."""
    row = tx.row(BY_ID, id=customer_id)
    if row is None:
        raise NotFoundError("unknown_customer", f"There is no customer {customer_id}")
    return Recipient(**row._mapping)


def the_business(tenant: Tenant) -> Recipient:
    """Return the business itself, which gets messages of its own by mail."""
    brand = tenant.brand
    return Recipient(None, tenant.name, None, brand.email or None, brand.language)


def channel_for(tx: Tx, template: Template, reader: Recipient) -> Channel | None:
    """Return how to reach them: by WhatsApp where that is set and wanted, else by mail; or None."""
    for channel in (Channel.WHATSAPP, Channel.MAIL):
        possible = channel in template.channels and account(tx, channel.value) is not None
        if possible and reader.takes(template, channel):
            return channel
    return None


def speaks(tx: Tx, customer_id: UUID, tag: str) -> bool:
    """Write to a customer in another language from now on; False when that was so already.

    An empty ``tag`` is the business's language. Raises InvalidInputError (``bad_language``).
    """
    language = checked_language(tag) if tag else ""
    changed = bool(tx.run(SPEAKS, id=customer_id, language=language))
    if changed:
        tx.concerns("customer", customer_id)
    return changed


def checked_language(tag: str) -> str:
    """Return a language tag as it is kept; raises InvalidInputError (``bad_language``)."""
    cleaned = tag.strip().replace("_", "-")
    if TAG.fullmatch(cleaned) is None:
        raise InvalidInputError(
            "bad_language", f"'{tag}' is not a language", hint="Such as de, nl or pt-BR"
        )
    return cleaned


def language_of(tx: Tx, template: str, channel: Channel, reader: Recipient) -> str:
    """Return the language to write to them in."""
    return speech(reader.language, tx.tenant.brand.language, own_languages(tx, template, channel))
