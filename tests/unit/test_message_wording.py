"""What messages say: whole, in each language, and nothing that WhatsApp would refuse."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.engine.messages.model import (
    ANSWER,
    PLACEHOLDERS,
    TEMPLATES,
    VISIT,
    Channel,
    MessageStatus,
    goes_forward,
)
from bookra.engine.messages.wording import (
    LANGUAGES,
    NOTHING,
    Facts,
    OwnWords,
    placeholders,
    provider_text,
    raw_words,
    render,
    speech,
)
from bookra.errors import InvalidInputError, NotFoundError
from bookra.money import Money

BERLIN = ZoneInfo("Europe/Berlin")
FACTS = Facts(
    "Rosa Vega",
    "Luna Hair",
    BERLIN,
    country="DE",
    services="Cut & finish",
    starts_at=datetime(2026, 11, 24, 13, 30, tzinfo=UTC),
    code="LUN-7F3K",
    amount=Money(4_500, "EUR"),
    link="https://pay.example/1",
    staff="Ana",
    address="Mittelweg 1\n10115 Berlin",
    account="WhatsApp",
    why="190",
)
BY_WHATSAPP = [name for name, each in TEMPLATES.items() if Channel.WHATSAPP in each.channels]
BY_MAIL = [name for name, each in TEMPLATES.items() if Channel.MAIL in each.channels]
APPROVED = [name for name in BY_WHATSAPP if name != ANSWER]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_each_language_has_words_for_each_template(template: str, language: str) -> None:
    subject, body = raw_words(template, language)
    assert body
    assert subject or template == ANSWER
    if language != "en":
        assert (subject, body) != raw_words(template, "en")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", APPROVED)
def test_meta_would_take_each_text_for_approval(template: str, language: str) -> None:
    written = provider_text(template, language)
    numbers = [int(number) for number in re.findall(r"\{\{(\d+)\}\}", written)]
    assert sorted(numbers) == list(range(1, len(TEMPLATES[template].parameters) + 1))
    assert not written.startswith("{{")
    assert not written.endswith("}}")
    assert len(written) <= 1024
    assert "\n" not in written
    assert re.search(r"\}\}\s*\{\{", written) is None, "two parameters may not touch"


def test_the_five_parameters_of_earlier_releases_keep_their_places() -> None:
    """Templates that businesses had approved then must go on to fit."""
    for name in ("booking_confirmed", "booking_cancelled", "payment_refunded", "booking_moved"):
        assert TEMPLATES[name].parameters == VISIT
    assert render("booking_confirmed", "en", Channel.WHATSAPP, FACTS).parameters == (
        "Rosa Vega",
        "Luna Hair",
        "Cut & finish",
        "Tuesday, 24 November 2026, 14:30",
        "LUN-7F3K",
    )


@pytest.mark.parametrize(
    ("language", "when", "amount"),
    [
        ("de", "Dienstag, 24. November 2026, 14:30", "45,00\xa0€"),
        ("fr", "mardi 24 novembre 2026, 14:30", "45,00\xa0€"),
        ("es", "martes, 24 de noviembre de 2026, 14:30", "45,00\xa0€"),
        ("it", "martedì 24 novembre 2026, 14:30", "45,00\xa0€"),
        ("nl", "dinsdag 24 november 2026, 14:30", "€\xa045,00"),
    ],
)
def test_dates_and_money_are_written_as_the_reader_writes_them(
    language: str, when: str, amount: str
) -> None:
    text = render("payment_link", language, Channel.WHATSAPP, FACTS).text
    assert when in text
    assert " ".join(amount.split()) in " ".join(text.split())


def test_an_american_reads_an_american_time() -> None:
    there = replace(FACTS, zone=ZoneInfo("America/New_York"), country="US")
    told = render("booking_confirmed", "en", Channel.WHATSAPP, there).text
    assert "Tuesday, November 24, 2026, 8:30" in told
    assert "AM" in told


def test_yen_have_no_cents_and_dinars_have_three_places() -> None:
    for amount, shown in ((Money(4_500, "JPY"), "¥4,500 "), (Money(4_500, "TND"), "4.500 ")):
        facts = replace(FACTS, amount=amount, country="US")
        assert shown in render("payment_link", "en", Channel.WHATSAPP, facts).text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", BY_MAIL)
def test_a_mail_is_complete_and_names_nothing_unfilled(template: str, language: str) -> None:
    mail = render(template, language, Channel.MAIL, FACTS)
    assert "{" not in mail.subject + mail.text
    assert "Luna Hair" in mail.text
    assert "\n" not in mail.subject
    if TEMPLATES[template].stands:
        assert "Ana" in mail.text
        assert "Mittelweg 1 10115 Berlin" in mail.text


def test_a_customers_name_is_never_read_as_a_placeholder() -> None:
    odd = replace(FACTS, customer="{code} {0.__class__} {{x}}")
    for channel in Channel:
        assert odd.customer in render("booking_confirmed", "de", channel, odd).text


def test_what_is_not_known_is_a_dash_that_whatsapp_takes() -> None:
    bare = replace(FACTS, amount=None, link="")
    assert render("payment_link", "en", Channel.WHATSAPP, bare).parameters[-2:] == (NOTHING,) * 2


def test_own_words_hold_and_number_their_own_placeholders() -> None:
    own = OwnWords(
        "Bis bald, {customer}", "Hi! {code} am {when}, {customer} – {code}!", "x_1", "de"
    )
    message = render("booking_confirmed", "de", Channel.WHATSAPP, FACTS, own)
    assert message.parameters == ("LUN-7F3K", "Dienstag, 24. November 2026, 14:30", "Rosa Vega")
    assert (message.name, message.language) == ("x_1", "de")
    assert provider_text("booking_confirmed", "de", own) == "Hi! {{1}} am {{2}}, {{3}} – {{1}}!"
    mail = render("booking_confirmed", "de", Channel.MAIL, FACTS, own)
    assert (mail.subject, mail.text[-16:]) == ("Bis bald, Rosa Vega", "Vega – LUN-7F3K!")


def test_another_name_at_the_provider_leaves_the_programs_words() -> None:
    named = OwnWords(provider_name="luna_confirmed", provider_language="pt_BR")
    message = render("booking_confirmed", "en", Channel.WHATSAPP, FACTS, named)
    plain = render("booking_confirmed", "en", Channel.WHATSAPP, FACTS)
    assert (message.name, message.language) == ("luna_confirmed", "pt_BR")
    assert (message.text, message.parameters) == (plain.text, plain.parameters)


@pytest.mark.parametrize("text", ["{name}", "{}", "{0}", "{customer!r}", "{when:%d}", "{", "}"])
def test_a_placeholder_that_is_none_is_refused_with_the_list(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        placeholders(text)
    assert refused.value.code == "bad_placeholder"
    assert "{customer}" in refused.value.hint
    assert refused.value.details == {"placeholders": list(PLACEHOLDERS)}


def test_an_attribute_of_a_placeholder_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        placeholders("{customer.__class__}")


@given(st.text())
def test_any_text_is_either_read_or_refused_in_words(text: str) -> None:
    try:
        found = placeholders(text)
    except InvalidInputError:
        return
    assert set(found) <= set(PLACEHOLDERS)
    assert render("booking_moved", "en", Channel.MAIL, FACTS, OwnWords("", text)).name


def test_a_template_that_is_none_is_refused_with_the_list() -> None:
    with pytest.raises(NotFoundError) as refused:
        render("booking_lost", "en", Channel.MAIL, FACTS)
    assert "booking_confirmed" in refused.value.hint


@pytest.mark.parametrize(
    ("customer", "business", "own", "spoken"),
    [
        ("de-AT", "en", (), "de"),
        ("", "fr", (), "fr"),
        ("pt", "it", (), "it"),
        ("pt-BR", "it", ("pt",), "pt"),
        ("tlh", "xx", (), "en"),
        ("NL_be", "en", (), "nl"),
    ],
)
def test_the_customers_language_comes_before_the_businesss(
    customer: str, business: str, own: tuple[str, ...], spoken: str
) -> None:
    assert speech(customer, business, frozenset(own)) == spoken


def test_a_status_only_goes_forward() -> None:
    order = ["planned", "sending", "unknown", "sent", "delivered", "read", "failed"]
    states = [MessageStatus(each) for each in order]
    for before in range(len(states)):
        for after in range(len(states)):
            assert goes_forward(states[before], states[after]) is (after > before)
    assert not goes_forward(MessageStatus.SKIPPED, MessageStatus.FAILED)
