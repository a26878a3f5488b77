"""``bookra sandbox``: the stand-ins for Stripe, Google and WhatsApp, and what they saw."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Annotated

import typer

from bookra.commands import output
from bookra.commands.options import group
from bookra.commands.sandbox_stripe import add_stripe
from bookra.commands.sandbox_webhooks import webhooks
from bookra.commands.session import current
from bookra.config import sandbox_address

app = group("Stand-ins for Stripe, Google and WhatsApp.")
add_stripe(app)
app.command()(webhooks)


@app.command()
def run(
    port: Annotated[int, typer.Option(help="A port; a free one by default.")] = 0,
) -> None:
    """Run the stand-ins on loopback until Ctrl-C. Their state survives.

    Examples:

      bookra sandbox run
    """
    from bookra import sandbox

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        # In a thread: the signal may come while this one holds the event's lock, in wait().
        signal.signal(number, lambda *_: threading.Thread(target=stop.set).start())
    sandbox.serve(
        current().settings.sandbox_dir,
        port=port,
        ready=_announce,
        stop=stop,
    )


def _announce(url: str) -> None:
    """Print the address at once: whoever reads it from a pipe waits for it, not for the end."""
    output.record({"url": url})
    sys.stdout.flush()


@app.command()
def show(
    account: Annotated[str | None, typer.Option(help="Only this Stripe account.")] = None,
) -> None:
    """Show what the outside saw: charges, events, messages.

    Examples:

      bookra sandbox show --json
    """
    from bookra.sandbox import SandboxClient

    seen = SandboxClient(sandbox_address(current().settings)).show(account=account)
    if current().format == "json":
        output.record(seen)
        return
    output.record(
        {
            "stripe charges": seen["stripe"]["charges"],
            "stripe refunds": seen["stripe"]["refunds"],
            "stripe net, minor units": seen["stripe"]["net"],
            "calendar events": len(seen["calendar"]["events"]),
            "whatsapp messages": len(seen["whatsapp"]["messages"]),
            "mails": len(seen["mail"]["messages"]),
        }
    )


@app.command()
def pay(
    reference: Annotated[str, typer.Argument(help="A payment URL, or the booking's code.")],
    card: Annotated[
        str,
        typer.Option(
            help="visa, declined, insufficient, 3ds, fails-later (saved, then declined) or"
            " refund-pending."
        ),
    ] = "visa",
) -> None:
    """Pay a link as a customer would, with a test card.

    Examples:

      bookra sandbox pay LUN-7F3K
    """
    from bookra.sandbox import SandboxClient

    output.record(SandboxClient(sandbox_address(current().settings)).pay(reference, card))


@app.command()
def fault(
    provider: Annotated[str, typer.Argument(help="stripe, google, whatsapp or mail.")],
    kind: Annotated[
        str | None,
        typer.Argument(
            help="drop-before, drop-after, 500, 500-after, 409, 429, timeout, slow, down, html,"
            " revoked, rate-limit; webhook-drop, -duplicate, -delay or -reorder."
        ),
    ] = None,
    count: Annotated[int | None, typer.Option(help="For so many requests.", min=1)] = None,
    rate: Annotated[float | None, typer.Option(help="For this share of them.")] = None,
    per_second: Annotated[
        float | None, typer.Option(help="rate-limit: requests a second of a caller's.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="webhook-delay, -reorder: how long one is held back.")
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="Only for this account, calendar or sender.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Behave again.")] = False,
) -> None:
    """Make a stand-in misbehave, to watch the relay recover.

    Examples:

      bookra sandbox fault google down
      bookra sandbox fault stripe drop-after --count 1
      bookra sandbox fault stripe rate-limit --per-second 2
      bookra sandbox fault whatsapp webhook-delay --seconds 10
      bookra sandbox fault google --off
    """
    from bookra.sandbox import SandboxClient

    client = SandboxClient(sandbox_address(current().settings))
    output.record(
        client.fault(
            provider,
            kind,
            count=count,
            rate=rate,
            per_second=per_second,
            seconds=seconds,
            account=account,
            off=off,
        )
    )
