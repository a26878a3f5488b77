"""``bookra outbox``: the effects on their way, and the two things a person may do to one."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer

from bookra.commands import documents, output
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.errors import InvalidInputError

app = group("Effects: list, show, retry, discard, resume, reconcile, stats.")
RowId = Annotated[str, typer.Argument(help="The row's id.")]
VERDICTS = ("tenant", "id", "topic", "verdict", "meaning")
HELD_BACK = ("destination", "state", "until", "why")
COLUMNS = ("id", "topic", "booking", "state", "attempts", "due_at", "last_error")


class State(StrEnum):
    """The states of an outbox row; the last two are history."""

    READY = "ready"
    WAITING = "waiting"
    LEASED = "leased"
    SENDING = "sending"
    UNKNOWN = "unknown"
    DEAD = "dead"
    DELIVERED = "delivered"
    DISCARDED = "discarded"


class Destination(StrEnum):
    """Where effects go that somebody else has a say in."""

    STRIPE = "stripe"
    GOOGLE = "google"
    WHATSAPP = "whatsapp"
    MAIL = "mail"


@app.command("list")
def list_(
    state: Annotated[State | None, typer.Option(help="Only in this state.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 200,
) -> None:
    """List what is still to be delivered; --state delivered lists what was.

    Examples:

      bookra outbox list --state dead
    """
    from bookra.engine.outbox.inspect import outbox_rows

    found = current().ask(
        lambda tx: [
            documents.outbox_row(row, tx.tenant.zone)
            for row in outbox_rows(tx, state=state.value if state else None, limit=limit)
        ]
    )
    output.rows(found, COLUMNS, empty="Nothing there.")


@app.command()
def show(row: RowId) -> None:
    """Show one row, in the queue or delivered.

    Examples:

      bookra outbox show 0192…
    """
    from bookra.engine.outbox.inspect import outbox_row

    wanted = _id(row)
    output.record(
        current().ask(lambda tx: documents.outbox_row(outbox_row(tx, wanted), tx.tenant.zone))
    )


@app.command()
def retry(
    row: RowId,
    new_generation: Annotated[
        bool, typer.Option("--new-generation", help="Use a new key at the other side.")
    ] = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Make a dead, unknown or postponed row due now. The other side's key stays the same.

    Examples:

      bookra outbox retry 0192…
    """
    from bookra.engine.outbox import inspect

    wanted = _id(row)

    def action(tx: Any) -> dict[str, Any]:
        found = inspect.retry(tx, wanted, new_generation=new_generation)
        return documents.outbox_row(found, tx.tenant.zone)

    parameters = {"row": row, "new_generation": new_generation}
    output.record(
        current().write("outbox retry", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command()
def discard(row: RowId, key: Key = None, dry_run: DryRun = False) -> None:
    """Settle a dead or unknown row without delivering it; the ones behind it go on.

    Examples:

      bookra outbox discard 0192…
    """
    from bookra.engine.outbox import inspect

    wanted = _id(row)
    output.record(
        current().write(
            "outbox discard",
            lambda tx: documents.outbox_row(inspect.discard(tx, wanted), tx.tenant.zone),
            parameters={"row": row},
            key=key,
            dry_run=dry_run,
        )
    )


@app.command()
def resume(
    destination: Annotated[
        Destination | None,
        typer.Argument(help="Where to; without it, what is held back is listed."),
    ] = None,
    after_restore: Annotated[
        bool,
        typer.Option("--after-restore", help="Also what a restore holds: it may go out twice."),
    ] = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Deliver to a provider again that was held back; list what is held back, and why.

    What is held after a restore is let go by `bookra outbox reconcile`.

    Examples:

      bookra outbox resume
      bookra outbox resume google
    """
    from bookra.engine.outbox import breakers, holding

    if destination is None:
        found = [_held_back(one) for one in current().ask(breakers.breakers) if one.held_back]
        output.rows(found, HELD_BACK, empty="Nothing is held back.")
        return
    wanted = destination.value

    def action(tx: Any) -> dict[str, Any]:
        resumed = holding.resume(tx, wanted, after_restore=after_restore)
        return {"destination": wanted, "resumed": resumed}

    output.record(
        current().write(
            "outbox resume",
            action,
            parameters={"destination": wanted},
            key=key,
            dry_run=dry_run,
        )
    )


@app.command()
def reconcile(
    destination: Annotated[Destination | None, typer.Option(help="Only what goes there.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the verdicts; call nobody, change nothing.")
    ] = False,
) -> None:
    """After a restore: settle the queue with the providers, then let it go.

    Stripe is read again from the backup on. What was sent under a key goes under the same one, or
    is looked for first; calendars converge; a message that may have been sent is `unknown` and
    waits for a person. All businesses that are held, or the one that is named.

    Examples:

      bookra outbox reconcile --dry-run
      bookra outbox reconcile --tenant luna --destination stripe
    """
    from bookra.engine.outbox.holding import holding
    from bookra.relay.recovering import reconcile

    session = current()
    named = session.settings.tenant
    slugs = [named] if named else session.engine.across_tenants(holding)
    wanted = destination.value if destination else None
    found = [
        reconcile(session.engine, session.settings, slug, destination=wanted, dry_run=dry_run)
        for slug in slugs
    ]
    shown = [_reconciled(each) for each in found]
    if session.format == "json":
        output.record({"dry_run": dry_run, "tenants": shown})
        return
    verdicts = [{"tenant": each["tenant"], **row} for each in shown for row in each["rows"]]
    output.rows(verdicts, VERDICTS, empty="No row waits for it.")
    goes = "would be let go" if dry_run else "let go"
    for each in shown:
        destinations = ", ".join(each["let_go"])
        held = f"{goes}: {destinations}" if destinations else "nothing is held"
        output.remark(f"{each['tenant']}: {held}")
        if "stripe" in each["let_go"] and not dry_run:
            prove = f"bookra reconcile stripe --tenant {each['tenant']}"
            output.remark(f"Payments of visits that the backup does not know: {prove}")


@app.command()
def stats() -> None:
    """Count the rows by state.

    Examples:

      bookra outbox stats --json
    """
    from bookra.engine.outbox import inspect

    found = current().ask(inspect.stats)
    output.record({name: getattr(found, name) for name in type(found).__dataclass_fields__})


def _held_back(breaker: Any) -> dict[str, Any]:
    until = breaker.until
    return {
        "destination": breaker.destination,
        "state": breaker.state,
        "until": until.isoformat(timespec="seconds") if until else None,
        "why": breaker.why,
    }


def _reconciled(found: Any) -> dict[str, Any]:
    return {
        "tenant": found.tenant,
        "facts": found.facts,
        "let_go": list(found.let_go),
        "rows": [
            {
                "id": str(row.id),
                "topic": row.topic,
                "destination": row.destination,
                "verdict": row.verdict.name.lower().replace("_", "-"),
                "meaning": row.verdict.value,
            }
            for row in found.rows
        ],
    }


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInputError(
            "bad_id", f"'{text}' is not a row's id", hint="List them: bookra outbox list"
        ) from None
