"""``bookra why``: the reasons for a time, and the smallest change that opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.clock import parse_moment
from bookra.commands import documents, output
from bookra.commands.options import single
from bookra.commands.session import current

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = single()


@app.command()
def why(
    service: Annotated[str, typer.Argument(help="The service's slug.")],
    staff: Annotated[str, typer.Option(help="The staff member's slug.")],
    at: Annotated[str, typer.Option(help="'2026-11-24T14:30', 'tomorrow 14:30'.")],
) -> None:
    """Say why a time is free or not; the exit code is 0 either way.

    Examples:

      bookra why cut --staff ana --at 'tomorrow 14:30'
    """
    from bookra.engine.availability.actions import explain_start

    def question(tx: Tx) -> dict[str, Any]:
        moment = parse_moment(at, tx.tenant.zone, tx.now)
        answer = explain_start(tx, service, staff, moment)
        return {
            "free": answer.free,
            "reasons": [
                {"rule": r.rule, "message": r.message, "opens_if": r.opens_if}
                for r in answer.reasons
            ],
            "nearest": [documents.slot(slot, tx.tenant.zone) for slot in answer.nearest],
        }

    _show(current().ask(question))


def _show(answer: dict[str, Any]) -> None:
    if current().format != "table":
        output.record(answer)
        return
    if answer["free"]:
        output.record({"free": True})
        return
    output.rows(answer["reasons"], ("rule", "message", "opens_if"))
    if answer["nearest"]:
        output.remark("Nearest free:")
        output.rows(answer["nearest"], ("start", "end", "staff"))
