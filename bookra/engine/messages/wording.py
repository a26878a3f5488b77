"""What a message says: templates and facts become text, in the reader's language. Pure.

WhatsApp gets the parameters of a template that Meta has approved; ``text`` is what is read there.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bookra.engine.messages.model import PLACEHOLDERS, TEMPLATES, Channel, Template
from bookra.engine.messages.words import de, en, es, fr, it, nl
from bookra.errors import InvalidInputError, NotFoundError
from bookra.money import Money, exponent

if TYPE_CHECKING:
    from babel import Locale

_WORDS = {
    "en": en.WORDS,
    "de": de.WORDS,
    "fr": fr.WORDS,
    "es": es.WORDS,
    "it": it.WORDS,
    "nl": nl.WORDS,
}
_LABELS = {
    "en": en.LABELS,
    "de": de.LABELS,
    "fr": fr.LABELS,
    "es": es.LABELS,
    "it": it.LABELS,
    "nl": nl.LABELS,
}
LANGUAGES = tuple(_WORDS)
"""The languages that the program itself speaks, English first: it stands in for all others."""

NOTHING = "–"
"""What WhatsApp gets where there is nothing to say: it refuses an empty parameter."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a message may tell. Times are told in ``zone``; what is unknown is empty.

    ``account`` and ``why`` are for messages to the business itself.
    """

    customer: str
    business: str
    zone: ZoneInfo
    country: str = ""
    services: str = ""
    starts_at: datetime | None = None
    code: str = ""
    amount: Money | None = None
    link: str = ""
    staff: str = ""
    address: str = ""
    account: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class OwnWords:
    """A business's own words for a template. An empty ``body`` leaves the program's.

    ``provider_name`` and ``provider_language`` are what WhatsApp knows the template by.
    """

    subject: str = ""
    body: str = ""
    provider_name: str | None = None
    provider_language: str | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as it goes out. ``name`` and ``language`` are the template's at WhatsApp."""

    subject: str
    text: str
    parameters: tuple[str, ...]
    name: str
    language: str


def render(
    template: str, language: str, channel: Channel, facts: Facts, own: OwnWords | None = None
) -> Rendered:
    """Return a message in ``language`` (as ``speech`` gives it), in the business's words or ours.

    Raises NotFoundError (``unknown_template``).
    """
    known, words = the_template(template), own or OwnWords()
    subject, written = raw_words(template, language, own)
    values = told(facts, language)
    names = placeholders(words.body) if words.body else known.parameters
    text = written.format_map(values)
    if channel is Channel.MAIL and not words.body:
        text = _letter(text, known, facts, language)
    return Rendered(
        _one_line(subject.format_map(values)),
        text,
        tuple(_one_line(values[name]) or NOTHING for name in names),
        words.provider_name or template,
        words.provider_language or language,
    )


def provider_text(template: str, language: str, own: OwnWords | None = None) -> str:
    """Return the text that Meta is asked to approve: ``{{1}}`` and so on for the parameters."""
    known, words = the_template(template), own or OwnWords()
    body = raw_words(template, language, own)[1]
    names = placeholders(words.body) if words.body else known.parameters
    return body.format_map({name: f"{{{{{at}}}}}" for at, name in enumerate(names, 1)})


def raw_words(template: str, language: str, own: OwnWords | None = None) -> tuple[str, str]:
    """Return the subject and the body that hold, placeholders and all."""
    words, built_in = own or OwnWords(), _built_in(the_template(template), language)
    return words.subject or built_in[0], words.body or built_in[1]


def the_template(name: str) -> Template:
    """Return a template; raises NotFoundError (``unknown_template``) with those there are."""
    found = TEMPLATES.get(name)
    if found is None:
        raise NotFoundError(
            "unknown_template",
            f"There is no message template '{name}'",
            hint=f"One of: {', '.join(TEMPLATES)}",
        )
    return found


def speech(customer: str, business: str, own: frozenset[str] = frozenset()) -> str:
    """Return the language to speak: the customer's, else the business's, else English.

    A language counts when the program speaks it, or the business has words of its ``own`` in it.
    """
    for tag in (customer, business):
        code = base_language(tag)
        if code in _WORDS or code in own:
            return code
    return LANGUAGES[0]


def base_language(tag: str) -> str:
    """Return the language of a BCP 47 tag: ``de`` of ``de-AT``."""
    return tag.replace("_", "-").partition("-")[0].strip().lower()


def placeholders(text: str) -> tuple[str, ...]:
    """Return the placeholders of a text, each once, in the order in which they come first.

    Raises InvalidInputError (``bad_placeholder``) with those there are.
    """
    try:
        fields = [field for field in string.Formatter().parse(text) if field[1] is not None]
    except ValueError:
        raise _bad_placeholder("a lone brace") from None
    for _, name, form, conversion in fields:
        if name not in PLACEHOLDERS or form or conversion:
            raise _bad_placeholder(f"{{{name}}}")
    return tuple(dict.fromkeys(str(field[1]) for field in fields))


def told(facts: Facts, language: str) -> dict[str, str]:
    """Return each placeholder's value, as a reader of ``language`` writes dates and money."""
    locale = _locale(language, facts.country)
    return {
        "customer": facts.customer,
        "business": facts.business,
        "services": facts.services,
        "when": _when(facts.starts_at, facts.zone, locale) if facts.starts_at else "",
        "code": facts.code,
        "amount": _amount(facts.amount, locale) if facts.amount else "",
        "link": facts.link,
        "staff": facts.staff,
        "address": facts.address,
        "account": facts.account,
        "why": facts.why,
    }


def _built_in(template: Template, language: str) -> tuple[str, str]:
    return _WORDS.get(language, en.WORDS)[template.name]


def _letter(text: str, template: Template, facts: Facts, language: str) -> str:
    """Return a body as an e-mail: what else is good to know of a visit, and a closing."""
    labels = _LABELS.get(language, en.LABELS)
    parts = [text]
    if template.stands:
        details = (("staff", facts.staff), ("address", " ".join(facts.address.split())))
        shown = [f"{labels[name]}: {value}" for name, value in details if value]
        parts += ["\n".join(shown)] if shown else []
    if not template.to_business:
        parts.append(f"{labels['closing']}\n{facts.business}")
    return "\n\n".join(parts)


def _when(instant: datetime, zone: ZoneInfo, locale: Locale) -> str:
    from babel.dates import format_date, format_time

    local = instant.astimezone(zone)
    return f"{format_date(local, 'full', locale)}, {format_time(local, 'short', locale=locale)}"


def _amount(amount: Money, locale: Locale) -> str:
    from babel.numbers import format_currency

    value = Decimal(amount.minor).scaleb(-exponent(amount.currency))
    return format_currency(value, amount.currency, locale=locale)


def _locale(language: str, country: str) -> Locale:
    """Return how people write in ``country`` who speak ``language``, as far as that is known."""
    from babel import Locale, UnknownLocaleError

    for tag in (f"{language}_{country.upper()}", language):
        try:
            return Locale.parse(tag)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _bad_placeholder(found: str) -> InvalidInputError:
    return InvalidInputError(
        "bad_placeholder",
        f"A message can't be made of {found}",
        hint="Write " + ", ".join(f"{{{name}}}" for name in PLACEHOLDERS),
        details={"placeholders": list(PLACEHOLDERS)},
    )
