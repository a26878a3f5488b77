"""``bookra inbox``: what Stripe has told by event, what came of it, and what to read again."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import output
from bookra.commands.documents import instant
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current

if TYPE_CHECKING:
    from bookra.engine.payments.inbox import InboxEvent
    from bookra.engine.runtime import Tx

app = group("Events that Stripe has told: list, show, retry.")
EventRef = Annotated[str, typer.Argument(help="The event's id: evt_…")]
COLUMNS = ("event", "kind", "state", "attempts", "received_at", "outcome", "last_error")


class State(StrEnum):
    """The states of an event: waiting, tried in vain and waiting, done with."""

    OPEN = "open"
    FAILED = "failed"
    HANDLED = "handled"


@app.command("list")
def list_(
    state: Annotated[State | None, typer.Option(help="Only in this state.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 200,
) -> None:
    """List the events, the newest first.

    Examples:

      bookra inbox list --state failed
    """
    from bookra.engine.payments.inbox import events

    found = current().ask(
        lambda tx: [
            _document(event, tx)
            for event in events(tx, state=state.value if state else None, limit=limit)
        ]
    )
    output.rows(found, COLUMNS, empty="Nothing there.")


@app.command()
def show(event: EventRef) -> None:
    """Show one event: how it came, and what came of it.

    Examples:

      bookra inbox show evt_1…
    """
    from bookra.engine.payments import inbox

    output.record(current().ask(lambda tx: _document(inbox.event(tx, event), tx)))


@app.command()
def retry(event: EventRef, key: Key = None, dry_run: DryRun = False) -> None:
    """Have an event handled anew at the relay's next turn, also one that was handled.

    Its object is fetched from Stripe again. What is known already changes nothing.

    Examples:

      bookra inbox retry evt_1…
    """
    from bookra.engine.payments import inbox

    output.record(
        current().write(
            "inbox retry",
            lambda tx: _document(inbox.retry(tx, event), tx),
            parameters={"event": event},
            key=key,
            dry_run=dry_run,
        )
    )


def _document(found: InboxEvent, tx: Tx) -> dict[str, Any]:
    zone = tx.tenant.zone
    return {
        "event": found.event_ref,
        "provider": found.provider,
        "kind": found.kind,
        "object": found.object_ref,
        "state": found.state,
        "outcome": found.outcome,
        "via": found.via,
        "attempts": found.attempts,
        "last_error": found.last_error,
        "happened_at": instant(found.happened_at, zone),
        "received_at": instant(found.received_at, zone),
        "handled_at": instant(found.handled_at, zone) if found.handled_at else None,
    }
