"""``bookra message template``: the words of messages, the program's and the business's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import output
from bookra.commands.files import text_of
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.errors import InvalidInputError

if TYPE_CHECKING:
    from bookra.engine.messages.model import Channel
    from bookra.engine.messages.own_words import OwnTemplate
    from bookra.engine.runtime import Tx

app = group("The words of messages: list, set, remove.")

Name = Annotated[str, typer.Argument(help="The template, such as booking_confirmed.")]
ChannelOption = Annotated[str, typer.Option("--channel", help="whatsapp or mail.")]
Language = Annotated[str, typer.Option("--language", help="Such as de, or pt.")]

COLUMNS = ("template", "channel", "language", "own_words", "text")


@app.command("list")
def list_(
    language: Annotated[
        str | None, typer.Option(help="Only in this language; all of them if left out.")
    ] = None,
    provider_text: Annotated[
        bool, typer.Option("--provider-text", help="As Meta is asked to approve it, {{1}} and all.")
    ] = False,
) -> None:
    """List every template with its words.

    Examples:

      bookra message template list --language de
      bookra message template list --language de --provider-text --json
    """
    from bookra.engine.messages.wording import base_language

    only = base_language(language) if language else None

    def question(tx: Tx) -> list[dict[str, Any]]:
        from bookra.engine.messages.own_words import listing

        found = [each for each in listing(tx) if only in (None, each.language)]
        if provider_text:
            found = [each for each in found if each.channel.value == "whatsapp"]
        return [
            {
                "template": each.name,
                "channel": each.channel.value,
                "language": each.language,
                "own_words": each.own,
                "subject": each.subject or None,
                "text": each.provider_text if provider_text else each.text,
                "provider_name": each.provider_name,
                "provider_language": each.provider_language,
            }
            for each in found
        ]

    output.rows(current().ask(question), COLUMNS)


@app.command("set")
def set_(
    name: Name,
    channel: ChannelOption,
    language: Language,
    text: Annotated[
        typer.FileText | None, typer.Option(help="A file with the text; '-' is stdin.")
    ] = None,
    subject: Annotated[str, typer.Option(help="The mail's subject.")] = "",
    provider_name: Annotated[
        str | None, typer.Option(help="The template's name at WhatsApp, if it is another.")
    ] = None,
    provider_language: Annotated[
        str | None, typer.Option(help="Its language there, such as pt_BR.")
    ] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Put words of your own in place of the program's: {customer}, {when}, {code} and so on.

    A text for WhatsApp must be approved by Meta as it stands (list --provider-text shows it).

    Examples:

      bookra message template set booking_confirmed --channel mail --language de \
--subject 'Bis bald, {customer}' --text words.txt
      bookra message template set booking_confirmed --channel whatsapp --language de \
--provider-name luna_confirmed
    """
    body = text_of(text).strip() if text else ""
    given = {
        "subject": subject,
        "body": body,
        "provider_name": provider_name,
        "provider_language": provider_language,
    }

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.messages.own_words import OwnTemplate, set_words
        from bookra.engine.messages.wording import OwnWords

        words = OwnWords(subject, body, provider_name, provider_language)
        return _document(set_words(tx, OwnTemplate(name, channel_named(channel), language, words)))

    parameters = {"name": name, "channel": channel, "language": language, **given}
    output.record(
        current().write(
            "message template set", action, parameters=parameters, key=key, dry_run=dry_run
        )
    )


@app.command()
def remove(
    name: Name,
    channel: ChannelOption,
    language: Language,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Let the program's own words hold again.

    Examples:

      bookra message template remove booking_confirmed --channel mail --language de
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.messages.own_words import remove_words

        remove_words(tx, name, channel_named(channel), language)
        return {"template": name, "channel": channel, "language": language, "removed": True}

    parameters = {"name": name, "channel": channel, "language": language}
    output.record(
        current().write(
            "message template remove", action, parameters=parameters, key=key, dry_run=dry_run
        )
    )


def channel_named(word: str) -> Channel:
    """Return the channel that a word names; raises InvalidInputError (``unknown_channel``)."""
    from bookra.engine.messages.model import Channel

    try:
        return Channel(word.strip().lower())
    except ValueError:
        raise InvalidInputError(
            "unknown_channel",
            f"'{word}' is no way to send a message",
            hint=f"One of: {', '.join(Channel)}",
        ) from None


def _document(own: OwnTemplate) -> dict[str, Any]:
    return {
        "template": own.name,
        "channel": own.channel.value,
        "language": own.language,
        "subject": own.words.subject or None,
        "text": own.words.body or None,
        "provider_name": own.words.provider_name,
        "provider_language": own.words.provider_language,
    }
