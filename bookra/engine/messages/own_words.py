"""A business's own words for its messages, by template, channel and language."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import text

from bookra.engine.messages.model import ANSWER, TEMPLATES, Channel
from bookra.engine.messages.wording import (
    LANGUAGES,
    OwnWords,
    base_language,
    placeholders,
    provider_text,
    raw_words,
    the_template,
)
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError, NotFoundError
from bookra.ids import new_id

MOST_BODY = {Channel.WHATSAPP: 1024, Channel.MAIL: 20_000}
MOST_SUBJECT = 200

_LANGUAGE = re.compile(r"[a-z]{2,3}")
_PROVIDER_NAME = re.compile(r"[a-z0-9_]{1,512}")
_PROVIDER_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2,3})?")

ALL = text(
    """
    SELECT name, channel, language, subject, body, provider_name, provider_language
      FROM message_templates WHERE tenant_id = :tenant_id
     ORDER BY name, channel, language
    """
)
UPSERT = text(
    """
    INSERT INTO message_templates (tenant_id, id, name, channel, language, subject, body,
                                   provider_name, provider_language, created_at)
    VALUES (:tenant_id, :id, :name, :channel, :language, :subject, :body, :provider_name,
            :provider_language, :now)
    ON CONFLICT (tenant_id, name, channel, language) DO UPDATE
       SET subject = EXCLUDED.subject, body = EXCLUDED.body,
           provider_name = EXCLUDED.provider_name,
           provider_language = EXCLUDED.provider_language, changed_by = EXCLUDED.changed_by
    """
)
REMOVE = text(
    "DELETE FROM message_templates"
    " WHERE tenant_id = :tenant_id AND name = :name AND channel = :channel"
    " AND language = :language"
)
READ = "own words"


@dataclass(frozen=True, slots=True)
class OwnTemplate:
    """Where some own words hold, and the words."""

    name: str
    channel: Channel
    language: str
    words: OwnWords


def own_templates(tx: Tx) -> list[OwnTemplate]:
    """Return all of the business's own words, read once a transaction."""
    known: list[OwnTemplate] | None = tx.memory.get(READ)
    if known is None:
        known = tx.memory[READ] = [
            OwnTemplate(
                row.name,
                Channel(row.channel),
                row.language,
                OwnWords(row.subject, row.body, row.provider_name, row.provider_language),
            )
            for row in tx.rows(ALL)
        ]
    return known


def own_words(tx: Tx, name: str, channel: Channel, language: str) -> OwnWords | None:
    """Return the business's own words for a template, or None."""
    for own in own_templates(tx):
        if (own.name, own.channel, own.language) == (name, channel, language):
            return own.words
    return None


def own_languages(tx: Tx, name: str, channel: Channel) -> frozenset[str]:
    """Return the languages in which the business has a text of its own for a template."""
    return frozenset(
        own.language
        for own in own_templates(tx)
        if (own.name, own.channel) == (name, channel) and own.words.body
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """The words that hold for a template, a channel and a language; ``own`` tells whose they are.

    ``provider_text`` is the text to have approved; empty for mail and for what needs no approval.
    """

    name: str
    channel: Channel
    language: str
    own: bool
    subject: str
    text: str
    provider_text: str
    provider_name: str | None
    provider_language: str | None


def listing(tx: Tx) -> list[Listed]:
    """Return the words of every template, in every language that there are words in."""
    own = {(each.name, each.channel, each.language): each.words for each in own_templates(tx)}
    built_in = [
        (template.name, channel, language)
        for template in TEMPLATES.values()
        for channel in template.channels
        for language in LANGUAGES
    ]
    return [_listed(*where, own.get(where)) for where in dict.fromkeys([*built_in, *own])]


def _listed(name: str, channel: Channel, language: str, words: OwnWords | None) -> Listed:
    subject, text = raw_words(name, language, words)
    approved = channel is Channel.WHATSAPP and name != ANSWER
    return Listed(
        name,
        channel,
        language,
        words is not None,
        subject if channel is Channel.MAIL else "",
        text,
        provider_text(name, language, words) if approved else "",
        ((words.provider_name if words else None) or name) if approved else None,
        ((words.provider_language if words else None) or language) if approved else None,
    )


def set_words(tx: Tx, own: OwnTemplate) -> OwnTemplate:
    """Put own words in place of earlier ones.

    Raises NotFoundError (``unknown_template``) and InvalidInputError (``bad_placeholder``,
    ``bad_template``).
    """
    checked = _checked(own)
    tx.run(
        UPSERT,
        id=new_id(),
        name=checked.name,
        channel=checked.channel.value,
        language=checked.language,
        subject=checked.words.subject,
        body=checked.words.body,
        provider_name=checked.words.provider_name,
        provider_language=checked.words.provider_language,
        now=tx.now,
    )
    tx.memory.pop(READ, None)
    tx.concerns("message_template", f"{checked.name}/{checked.channel}/{checked.language}")
    return checked


def remove_words(tx: Tx, name: str, channel: Channel, language: str) -> None:
    """Let the program's words hold again; raises NotFoundError (``no_own_words``)."""
    code = base_language(language)
    if not tx.run(REMOVE, name=name, channel=channel.value, language=code):
        raise NotFoundError(
            "no_own_words",
            f"There are no own words for {name} by {channel} in '{code}'",
            hint="List them: bookra message template list",
        )
    tx.memory.pop(READ, None)
    tx.concerns("message_template", f"{name}/{channel}/{code}")


def _checked(own: OwnTemplate) -> OwnTemplate:
    template, words = the_template(own.name), own.words
    language = base_language(own.language)
    if own.channel not in template.channels:
        raise _bad(f"{own.name} does not go by {own.channel}")
    if _LANGUAGE.fullmatch(language) is None:
        raise _bad(f"'{own.language}' is not a language", "Such as de or pt")
    if len(words.body) > MOST_BODY[own.channel] or len(words.subject) > MOST_SUBJECT:
        raise _bad(
            f"A text by {own.channel} has {MOST_BODY[own.channel]} characters at most, a subject"
            f" {MOST_SUBJECT}"
        )
    placeholders(words.subject)
    placeholders(words.body)
    if own.channel is Channel.WHATSAPP:
        _check_provider(words, answer=own.name == ANSWER)
    return OwnTemplate(own.name, own.channel, language, words)


def _check_provider(words: OwnWords, *, answer: bool) -> None:
    if (
        words.body
        and not answer
        and (words.body.strip()[0] == "{" or words.body.strip()[-1] == "}")
    ):
        raise _bad(
            "A text for WhatsApp may neither begin nor end with a placeholder",
            "Meta refuses such templates: put a word there",
        )
    if words.provider_name and _PROVIDER_NAME.fullmatch(words.provider_name) is None:
        raise _bad(f"'{words.provider_name}' is no template's name", "Lower case: luna_confirmed")
    if words.provider_language and not _PROVIDER_LANGUAGE.fullmatch(words.provider_language):
        raise _bad(f"'{words.provider_language}' is no language of Meta's", "Such as de or pt_BR")


def _bad(message: str, hint: str = "") -> InvalidInputError:
    return InvalidInputError("bad_template", message, hint=hint)
