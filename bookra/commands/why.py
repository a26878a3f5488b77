"""``bookra why``: the reasons for a time, and the smallest change that opens it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.clock import parse_moment
from bookra.commands import documents, output
from bookra.commands.options import single
from bookra.commands.session import current
from bookra.commands.visit import (
    WAIT_MINUTES,
    HoldCode,
    MaxWait,
    More,
    Parallel,
    Staff,
    visit,
)
from bookra.errors import InvalidInputError

if TYPE_CHECKING:
    from bookra.engine.availability.asked import VisitWish
    from bookra.engine.runtime import Tx

app = single()


@app.command()
def why(
    service: Annotated[str, typer.Argument(help="The service's slug.")],
    at: Annotated[str, typer.Option(help="'2026-11-24T14:30', 'tomorrow 14:30'.")],
    staff: Staff = "any",
    more: More = None,
    parallel: Parallel = False,
    max_wait: MaxWait = WAIT_MINUTES,
    hold_code: HoldCode = None,
) -> None:
    """Say why a time is free or not; the exit code is 0 either way.

    Examples:

      bookra why cut --staff ana --at 'tomorrow 14:30'
      bookra why color --staff ben --with cut:ana --at 'fri 10:00' --json
    """
    from bookra.engine.availability.actions import explain_visit

    def question(tx: Tx) -> dict[str, Any]:
        wanted = visit(
            tx, service, staff, more, parallel=parallel, max_wait=max_wait, hold_code=hold_code
        )
        try:
            moment = parse_moment(at, tx.tenant.zone, tx.now)
        except InvalidInputError as error:
            if error.code != "time_skipped":
                raise
            return _skipped(tx, wanted, error)
        answer = explain_visit(tx, wanted, moment)
        return {
            "free": answer.free,
            "reasons": [documents.reason(reason) for reason in answer.reasons],
            "nearest": [documents.slot(slot, tx.tenant.zone) for slot in answer.nearest],
        }

    _show(current().ask(question))


def _skipped(tx: Tx, wanted: VisitWish, error: InvalidInputError) -> dict[str, Any]:
    """Return the answer for a time that the clocks jump over."""
    from bookra.engine.availability.actions import nearest_visits

    near = nearest_visits(tx, wanted, datetime.fromisoformat(error.details["next"]))
    return {
        "free": False,
        "reasons": [{"rule": "dst_gap", "message": error.message, "opens_if": error.hint}],
        "nearest": [documents.slot(slot, tx.tenant.zone) for slot in near],
    }


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
