"""``bookra message``: what customers are told, and what became of each message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from bookra import clock
from bookra.commands import message_template, output
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bookra.engine.messages.store import Message
    from bookra.engine.runtime import Tx

app = group("Messages: preview, list, show, send, templates; stop and start them for a customer.")
app.add_typer(message_template.app, name="template")

COLUMNS = ("created", "template", "channel", "status", "booking", "error", "id")


@app.command()
def preview(
    template: Annotated[str, typer.Argument(help="Such as booking_confirmed.")],
    booking: Annotated[
        str | None, typer.Option(help="With the facts of this booking; made-up ones if left out.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Such as de; the customer's if left out.")
    ] = None,
    channel: Annotated[
        str | None, typer.Option(help="whatsapp or mail; the first that there is if left out.")
    ] = None,
) -> None:
    """Show a message as its customer would read it. Nothing is sent.

    Examples:

      bookra message preview booking_confirmed --booking LUN-7F3K
      bookra message preview booking_reminder --language fr --channel mail
    """

    def question(tx: Tx) -> dict[str, Any]:
        from bookra.engine.payments.previewing import preview as previewed

        wanted = message_template.channel_named(channel) if channel else None
        shown = previewed(tx, template, booking=booking, language=language, channel=wanted)
        return {
            "template": template,
            "channel": shown.channel.value,
            "language": shown.language,
            "subject": shown.rendered.subject if shown.channel.value == "mail" else None,
            "text": shown.rendered.text,
            "parameters": list(shown.rendered.parameters),
            "own_words": shown.own,
        }

    output.record(current().ask(question))


@app.command("list")
def list_(
    booking: Annotated[str | None, typer.Option(help="Only those about this booking.")] = None,
    status: Annotated[
        str | None, typer.Option(help="planned, sent, delivered, read, failed, unknown, skipped.")
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=10_000)] = 200,
) -> None:
    """List messages, the newest first.

    Examples:

      bookra message list --booking LUN-7F3K
      bookra message list --status unknown --json
    """
    from bookra.engine.messages.model import MessageStatus
    from bookra.engine.messages.store import messages

    if status is not None and status not in set(MessageStatus):
        raise InvalidInputError(
            "unknown_status",
            f"'{status}' is not a state of a message",
            hint=f"One of: {', '.join(MessageStatus)}",
        )

    def question(tx: Tx) -> list[dict[str, Any]]:
        found = messages(tx, booking=booking, status=status, limit=limit)
        return [document(each, tx.tenant.zone) for each in found]

    output.rows(current().ask(question), COLUMNS, empty="No messages there.")


@app.command()
def show(
    message: Annotated[str, typer.Argument(help="The message's id, from bookra message list.")],
) -> None:
    """Show one message: where it is, and what came in its place.

    Its text is not kept. What it would say now: bookra message preview.

    Examples:

      bookra message show 01a1c2d3-0000-7000-8000-000000000001 --json
    """
    from bookra.engine.messages.store import message_by_id, sent_instead

    try:
        wanted = UUID(message)
    except ValueError:
        raise NotFoundError(
            "unknown_message",
            f"'{message}' is no message's id",
            hint="List them: bookra message list",
        ) from None

    def question(tx: Tx) -> dict[str, Any]:
        found = message_by_id(tx, wanted)
        shown = document(found, tx.tenant.zone)
        instead = sent_instead(tx, found)
        shown["sent_instead"] = str(instead.id) if instead else None
        return shown

    output.record(current().ask(question))


@app.command()
def send(
    template: Annotated[str, typer.Argument(help="Such as booking_reminder or payment_link.")],
    code: Annotated[str, typer.Argument(help="The booking's code.")],
    again: Annotated[
        bool, typer.Option("--again", help="Also when it was sent by hand before.")
    ] = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Send a customer a message by hand: once, unless --again says otherwise.

    Examples:

      bookra message send booking_reminder LUN-7F3K
      bookra message send payment_link LUN-7F3K --again
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.messages.store import message_by_id
        from bookra.engine.payments.previewing import send_by_hand

        sent = send_by_hand(tx, template, code, again=again)
        return document(message_by_id(tx, sent), tx.tenant.zone)

    parameters = {"template": template, "code": code, "again": again}
    output.record(
        current().write("message send", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command()
def stop(
    customer: Annotated[str, typer.Argument(help="A name, phone, e-mail or id.")],
    of: Annotated[
        str, typer.Option("--of", help="reminders, or everything: no WhatsApp message at all.")
    ] = "everything",
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Send a customer no more reminders, or no messages by WhatsApp, as they wish.

    What a visit needs (its confirmation, its payment link, its invoice) still goes by mail.

    Examples:

      bookra message stop 'Rosa Vega' --of reminders
      bookra message stop +49301234567
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.messages.replies import stop as stopped
        from bookra.engine.people.customers import the_customer

        found = the_customer(tx, customer)
        changed = stopped(tx, found.id, of)
        return {"customer": str(found.id), "opted_out_of": of, "changed": changed}

    output.record(
        current().write(
            "message stop",
            action,
            parameters={"customer": customer, "of": of},
            key=key,
            dry_run=dry_run,
        )
    )


@app.command()
def start(
    customer: Annotated[str, typer.Argument(help="A name, phone, e-mail or id.")],
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Send a customer messages again.

    Examples:

      bookra message start 'Rosa Vega'
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.messages.replies import start as started
        from bookra.engine.people.customers import the_customer

        found = the_customer(tx, customer)
        changed = started(tx, found.id)
        return {"customer": str(found.id), "opted_out_of": None, "changed": changed}

    output.record(
        current().write(
            "message start", action, parameters={"customer": customer}, key=key, dry_run=dry_run
        )
    )


@app.command()
def language(
    customer: Annotated[str, typer.Argument(help="A name, phone, e-mail or id.")],
    tag: Annotated[str, typer.Argument(help="Such as de or pt-BR; 'own' is the business's.")],
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Write to a customer in this language from now on.

    Examples:

      bookra message language 'Rosa Vega' es
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.messages.recipients import speaks
        from bookra.engine.people.customers import the_customer

        found = the_customer(tx, customer)
        changed = speaks(tx, found.id, "" if tag == "own" else tag)
        return {"customer": str(found.id), "language": tag, "changed": changed}

    parameters = {"customer": customer, "language": tag}
    output.record(
        current().write("message language", action, parameters=parameters, key=key, dry_run=dry_run)
    )


def document(message: Message, zone: ZoneInfo) -> dict[str, Any]:
    """Return a message's JSON document."""
    return {
        "id": str(message.id),
        "template": message.template,
        "channel": message.channel.value,
        "status": message.status.value,
        "booking": message.booking,
        "order": message.order,
        "customer": str(message.customer_id) if message.customer_id else None,
        "created": clock.rfc3339(message.created_at, zone),
        "since": clock.rfc3339(message.status_at, zone),
        "error": message.error_code,
        "provider_ref": message.provider_ref,
        "instead_of": str(message.instead_of) if message.instead_of else None,
    }
