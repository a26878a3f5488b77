"""``bookra tenant messages``: when customers are told things by themselves, and when not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import output
from bookra.commands.options import DryRun, Key
from bookra.commands.session import current

if TYPE_CHECKING:
    from bookra.engine.messages.rules import MessageRules
    from bookra.engine.runtime import Tx


def messages(
    quiet: Annotated[
        str | None, typer.Option("--quiet-hours", help="No reminders then: 21:00-08:00, or off.")
    ] = None,
    reminders: Annotated[
        str | None, typer.Option(help="How long before a visit: 24h,2h or none.")
    ] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Show when reminders are sent, or change it.

    Examples:

      bookra tenant messages
      bookra tenant messages --quiet-hours 21:00-08:00 --reminders 24h,2h
      bookra tenant messages --quiet-hours off --reminders none
    """
    from bookra.engine.messages.quiet import parse_quiet
    from bookra.engine.messages.rules import message_rules, parse_leads, set_message_rules

    session = current()
    if quiet is None and reminders is None:
        output.record(session.ask(lambda tx: _document(message_rules(tx))))
        return
    hours = parse_quiet(quiet) if quiet is not None else None
    leads = parse_leads(reminders) if reminders is not None else ()

    def action(tx: Tx) -> dict[str, Any]:
        wanted = message_rules(tx)
        if quiet is not None:
            wanted = replace(wanted, quiet=hours)
        if reminders is not None:
            wanted = replace(wanted, reminder_minutes=leads)
        return _document(set_message_rules(tx, wanted))

    parameters = {"quiet_hours": quiet, "reminders": reminders}
    output.record(
        session.write("tenant messages", action, parameters=parameters, key=key, dry_run=dry_run)
    )


def _document(rules: MessageRules) -> dict[str, Any]:
    from bookra.engine.messages.rules import lead_text

    return {
        "quiet_hours": str(rules.quiet) if rules.quiet else "off",
        "reminders": ",".join(map(lead_text, rules.reminder_minutes)) or "none",
        "reminder_minutes": list(rules.reminder_minutes),
    }
