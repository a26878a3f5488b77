"""``bookra dispute``: payments that the customer's bank took back, and what is said to that."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bookra.commands import output
from bookra.commands.documents import instant, money
from bookra.commands.files import text_of
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.errors import InvalidInputError

if TYPE_CHECKING:
    from bookra.engine.payments.disputes import Dispute
    from bookra.engine.runtime import Tx

app = group("Disputed payments: list, show, answer.")

Ref = Annotated[str, typer.Argument(help="Stripe's id of the dispute: du_…")]
COLUMNS = ("id", "state", "amount", "reason", "booking", "due")


@app.command("list")
def list_(
    open_only: Annotated[bool, typer.Option("--open", help="Only undecided ones.")] = False,
) -> None:
    """List disputes by when they were opened.

    Examples:

      bookra dispute list --open
      bookra dispute list --json
    """
    from bookra.engine.payments.disputes import disputes

    def question(tx: Tx) -> list[dict[str, Any]]:
        found = [each for each in disputes(tx) if each.is_open or not open_only]
        return [document(each, tx.tenant.zone) for each in found]

    output.rows(current().ask(question), COLUMNS, empty="No payment is disputed.")


@app.command()
def show(ref: Ref) -> None:
    """Show one dispute, with what was answered.

    Examples:

      bookra dispute show du_1Q2w3e
    """
    from bookra.engine.payments.disputes import dispute

    output.record(current().ask(lambda tx: document(dispute(tx, ref), tx.tenant.zone)))


@app.command()
def answer(
    ref: Ref,
    text: Annotated[Path, typer.Option(help="A file with the answer; '-' reads it from stdin.")],
    submit: Annotated[
        bool, typer.Option("--submit", help="Hand it in for good: the bank reads it then.")
    ] = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Answer a dispute: a draft that can still be changed, or the last word with --submit.

    The relay hands it in. For managers.

    Examples:

      bookra dispute answer du_1Q2w3e --text why.txt
      bookra dispute answer du_1Q2w3e --text why.txt --submit
    """
    words = _read(text)

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.payments import disputes

        return document(disputes.answer(tx, ref, words, submit=submit), tx.tenant.zone)

    parameters = {"ref": ref, "text": words, "submit": submit}
    output.record(
        current().write("dispute answer", action, parameters=parameters, key=key, dry_run=dry_run)
    )
    if dry_run:
        output.remark("A dry run: nothing is handed in.")


def document(found: Dispute, zone: ZoneInfo) -> dict[str, Any]:
    """``id state amount reason booking charge opened due closed? answer?``."""
    shown: dict[str, Any] = {
        "id": found.ref,
        "state": found.state,
        "amount": money(found.amount),
        "reason": found.reason,
        "booking": found.subject,
        "charge": found.charge_ref,
        "opened": instant(found.opened_at, zone),
        "due": instant(found.due_at, zone) if found.is_open else None,
    }
    if found.closed_at is not None:
        shown["closed"] = instant(found.closed_at, zone)
    if found.answer is not None:
        shown["answer"] = found.answer
        shown["submit"] = found.answer_submits
        shown["answered"] = instant(found.answered_at, zone)
    if found.answer_failure:
        shown["failure"] = found.answer_failure
    return shown


def _read(path: Path) -> str:
    if str(path) == "-":
        return text_of(sys.stdin)
    try:
        with path.open(encoding="utf-8") as file:
            return text_of(file)
    except OSError as error:
        raise InvalidInputError(
            "bad_file", f"{path} can't be read as text", hint="A UTF-8 text file, or '-'"
        ) from error
